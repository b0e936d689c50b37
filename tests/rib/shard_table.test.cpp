#include "rib/shard_table.hpp"

#include "tests/rib/table_fixture.hpp"

#include <gtest/gtest.h>

namespace troupe::rib {
namespace {

using ShardTable = table_fixture;

TEST_F(ShardTable, TellsTheBestPathOfANewPrefixOnce) {
  const auto exporter = table.add_exporter(false);
  up(1);
  announce(1, {key(1)}, {.local_pref = 100});
  ASSERT_TRUE(table.has_changes());
  const auto deliveries = table.collect();
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].to, exporter);
  ASSERT_EQ(deliveries[0].batch->ipv4.changes.size(), 1U);
  const auto& told = deliveries[0].batch->ipv4.changes[0];
  EXPECT_EQ(told.key, key(1));
  EXPECT_EQ(told.source, neighbor_index{1});
  EXPECT_EQ(told.origin, source_kind::bgp);
  EXPECT_FALSE(table.has_changes());
  EXPECT_TRUE(table.collect().empty());
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTable, TellsNothingWhenAPathIsAnnouncedAgainAsItWas) {
  table.add_exporter(false);
  up(1);
  announce(1, {key(1)}, {});
  table.collect();
  now = 5;
  announce(1, {key(1)}, {});
  EXPECT_FALSE(table.has_changes());
  const auto rows = table.query({.prefix = to_prefix(key(1))}).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].what.changed_at, 0U);
  EXPECT_EQ(table.statistics().unchanged, 1U);
}

TEST_F(ShardTable, PrefersTheHigherLocalPrefOfTwoNeighbors) {
  table.add_exporter(false);
  up(1);
  up(2);
  announce(1, {key(1)}, {.local_pref = 100});
  announce(2, {key(1)}, {.local_pref = 200});
  const auto deliveries = table.collect();
  ASSERT_EQ(deliveries.size(), 1U);
  ASSERT_EQ(deliveries[0].batch->ipv4.changes.size(), 1U);
  EXPECT_EQ(deliveries[0].batch->ipv4.changes[0].source, neighbor_index{2});
  EXPECT_EQ(table.totals(protocol::ipv4_unicast).prefixes, 1U);
  EXPECT_EQ(table.totals(protocol::ipv4_unicast).paths, 2U);
  EXPECT_EQ(table.check(), "");
}

} // namespace
} // namespace troupe::rib
