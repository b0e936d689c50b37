#include "rib/shard_table.hpp"

#include "tests/rib/table_fixture.hpp"

#include <gtest/gtest.h>

namespace troupe::rib {
namespace {

using protocol::ipv4_unicast;
using protocol::ipv6_unicast;

using ShardTable = table_fixture;

TEST_F(ShardTable, TellsTheBestPathOfANewPrefixOnce) {
  const auto exporter = table.add_exporter(false);
  up(1);
  announce(1, {key(1)}, {});
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

TEST_F(ShardTable, NotesWhenAPathChanged) {
  up(1);
  announce(1, {key(1)}, {.med = 1});
  now = 5;
  announce(1, {key(1)}, {.med = 2});
  const auto rows = table.query({.prefix = to_prefix(key(1))}).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].what.changed_at, 5U);
}

TEST_F(ShardTable, PrefersTheHigherLocalPrefOfTwoNeighbors) {
  table.add_exporter(false);
  up(1);
  up(2);
  announce(1, {key(1)}, {.local_pref = 100});
  announce(2, {key(1)}, {.local_pref = 200});
  EXPECT_EQ(sources(table.collect()), (std::vector<unsigned>{2}));
  EXPECT_EQ(table.totals(ipv4_unicast).prefixes, 1U);
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 2U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTable, TellsTheNewSourceWhenOnlyTheSourceChanges) {
  // A neighbour is owed a withdrawal when its own path becomes the best.
  table.add_exporter(false);
  up(1);
  up(2);
  announce(2, {key(1)}, {});
  table.collect();
  announce(1, {key(1)}, {});
  EXPECT_EQ(sources(table.collect()), (std::vector<unsigned>{1}));
}

TEST_F(ShardTable, KeepsRejectedPathsButDoesNotChooseThem) {
  table.add_exporter(false);
  up(1);
  up(2);
  announce(1, {key(1)}, {.local_pref = 200}, path_flag::rejected);
  EXPECT_TRUE(table.collect().empty());
  announce(2, {key(1)}, {.local_pref = 100});
  EXPECT_EQ(sources(table.collect()), (std::vector<unsigned>{2}));
  const auto set = bytes_for({}).size();
  EXPECT_EQ(table.counts(neighbor_index{1}, ipv4_unicast),
            (neighbor_counts{1, 0, set}));
  EXPECT_EQ(table.counts(neighbor_index{2}, ipv4_unicast),
            (neighbor_counts{1, 1, set}));
  announce(1, {key(1)}, {.local_pref = 200}); // the policy changed its mind
  EXPECT_EQ(sources(table.collect()), (std::vector<unsigned>{1}));
  EXPECT_EQ(table.counts(neighbor_index{1}, ipv4_unicast),
            (neighbor_counts{1, 1, set}));
  announce(1, {key(1)}, {.local_pref = 200}, path_flag::rejected);
  EXPECT_EQ(sources(table.collect()), (std::vector<unsigned>{2}));
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTable, DecidesByTheOptionsOfItsRouter) { // RFC 4271 §9.1.2.2 c
  shard_table other{pool, {}, {.always_compare_med = true}};
  for (auto* t : {&table, &other})
    for (const auto n : {std::uint16_t{1}, std::uint16_t{2}}) {
      t->neighbor_up(test_neighbor(n));
      announce_to(*t, n, {key(1)},
                  {.med = n == 1 ? 10U : 5U,
                   .neighbor_as = n,
                   .flags = attribute_flag::has_med});
    }
  const auto best = [&](const shard_table& t) {
    return static_cast<unsigned>(
        t.query({.prefix = to_prefix(key(1))}).rows.at(0).what.neighbor);
  };
  EXPECT_EQ(best(table), 1U);
  EXPECT_EQ(best(other), 2U);
  EXPECT_EQ(table.check() + other.check(), "");
}

TEST_F(ShardTable, DecidesAgainInSlicesByOtherOptions) {
  constexpr std::uint32_t prefixes = 20;
  up(1);
  up(2);
  std::vector<ipv4_key> keys;
  for (std::uint32_t n = 0; n != prefixes; ++n)
    keys.push_back(key(n));
  announce(1, keys, {.med = 0, .neighbor_as = 7});
  announce(2, keys,
           {.med = 5, .neighbor_as = 7, .flags = attribute_flag::has_med});
  announce(1, {key(99)}, {.med = 0, .neighbor_as = 7}); // without a rival
  const auto exporter = table.add_exporter(false);
  while (!table.is_current(exporter))
    for (const auto& each : table.collect())
      table.acknowledge(exporter, each.batch->sequence, 0);
  table.decide_by({.med_missing_worst = true});
  EXPECT_EQ(best_of(key(0)), 1U); // nothing has been looked at
  EXPECT_TRUE(table.work(prefixes / 2));
  EXPECT_EQ(table.pending_changes(), prefixes / 2);
  EXPECT_EQ(table.check(), "");
  finish_work();
  EXPECT_EQ(table.pending_changes(), prefixes);
  for (const auto& k : keys)
    EXPECT_EQ(best_of(k), 2U);
  EXPECT_EQ(best_of(key(99)), 1U);
  table.decide_by({.med_missing_worst = true}); // as it does already
  EXPECT_FALSE(table.work(1));
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTable, RevivesAPathThatMedHadHeldOff) { // RFC 4271 §9.1.2.2 c
  up(1);
  up(2);
  up(3);
  announce(1, {key(1)}, {.med = 10, .neighbor_as = 1});
  announce(2, {key(1)}, {.med = 0, .neighbor_as = 2});
  EXPECT_EQ(best_of(key(1)), 1U);
  announce(3, {key(1)}, {.med = 5, .neighbor_as = 1});
  EXPECT_EQ(best_of(key(1)), 2U);
  withdraw(3, {key(1)});
  EXPECT_EQ(best_of(key(1)), 1U);
  EXPECT_GT(table.statistics().eliminations, 0U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTable, HoldsSeveralPathsOfOneNeighborByPathId) { // RFC 7911
  up(1);
  announce(1, {key(1), key(1), key(1)}, {}, 0, {7, 8, 7});
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 2U);
  withdraw(1, {key(1)}, {8});
  const auto rows =
      table.query({.view = route_view::received, .neighbor = neighbor_index{1}})
          .rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].what.path_id, 7U);
}

TEST_F(ShardTable, AppliesABatchOnceAndOnlyOfNeighborsThatAreUp) {
  up(1);
  route_batch batch(pool);
  batch.neighbor = neighbor_index{1};
  batch.sequence = 7;
  batch.ipv4.keys = {key(1)};
  batch.ipv4.runs = {{pool.intern(bytes_for({}), {}), 1, 0}};
  table.apply(batch, 0);
  withdraw(1, {key(1)});
  table.apply(batch, 0);
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 0U);
  batch.neighbor = neighbor_index{2};
  table.apply(batch, 0);
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 0U);
  EXPECT_EQ(table.statistics().skipped, 2U);
}

TEST_F(ShardTable, RefusesABatchWhoseRunsDoNotCoverItsKeys) {
  up(1);
  route_batch batch(pool);
  batch.neighbor = neighbor_index{1};
  batch.ipv4.keys = {key(1), key(2)};
  batch.ipv4.runs = {{attribute_ref::none, 1, 0}};
  EXPECT_THROW(table.apply(batch, 0), check_failure);
}

TEST_F(ShardTable, RefusesPrefixesAndPathsBeyondItsLimits) {
  shard_table small(pool, {.paths_per_prefix = 2, .prefixes = 3});
  small.neighbor_up(test_neighbor(1));
  announce_to(small, 1, {key(1), key(1), key(1)}, {}, 0, {1, 2, 3});
  EXPECT_EQ(small.totals(ipv4_unicast).paths, 2U);
  announce_to(small, 1, {key(2), key(3), key(4), key(5)}, {});
  EXPECT_EQ(small.totals(ipv4_unicast).prefixes, 3U);
  EXPECT_EQ(small.statistics().refused, 3U);
  EXPECT_EQ(small.check(), "");
}

// -- lost neighbours

TEST_F(ShardTable, IgnoresALostNeighborInNewDecisionsAtOnce) {
  table.add_exporter(false);
  for (const auto n : std::initializer_list<std::uint16_t>{1, 2, 3})
    up(n);
  announce(1, {key(1)}, {.local_pref = 300});
  announce(2, {key(1)}, {.local_pref = 200});
  table.collect();
  table.neighbor_down(neighbor_index{1});
  EXPECT_FALSE(table.has_changes());
  announce(3, {key(1)}, {.local_pref = 100});
  EXPECT_EQ(sources(table.collect()), (std::vector<unsigned>{2}));
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTable, RemovesLostNeighborsInSlicesAndTellsWhenTheyAreGone) {
  for (const auto n : std::initializer_list<std::uint16_t>{1, 2, 3})
    up(n);
  std::vector<ipv4_key> keys;
  for (std::uint32_t i = 0; i != 100; ++i)
    keys.push_back(key(i));
  announce(1, keys, {});
  announce(2, keys, {});
  announce(3, {key(5)}, {});
  table.neighbor_down(neighbor_index{1});
  EXPECT_TRUE(table.work(50));
  table.neighbor_down(neighbor_index{2}); // while the walk is half way
  EXPECT_TRUE(table.purged().empty());
  EXPECT_EQ(table.check(), "");
  finish_work();
  EXPECT_EQ(table.purged(),
            (std::vector{neighbor_index{1}, neighbor_index{2}}));
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 1U);
  EXPECT_EQ(best_of(key(5)), 3U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTable, TellsAtOnceThatANeighborWithoutPathsIsGone) {
  up(1);
  table.neighbor_down(neighbor_index{1});
  EXPECT_EQ(table.purged(), (std::vector{neighbor_index{1}}));
  EXPECT_TRUE(table.purged().empty());
  // Asked again, after a restart say, it answers again.
  table.neighbor_down(neighbor_index{1});
  EXPECT_EQ(table.purged(), (std::vector{neighbor_index{1}}));
}

TEST_F(ShardTable, TakesAnIndexAgainOnlyAfterItsPathsAreGone) {
  up(1);
  announce(1, {key(1)}, {});
  table.neighbor_down(neighbor_index{1});
  up(1); // late news of the session that is gone
  announce(1, {key(2)}, {});
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 1U);
  finish_work();
  table.purged();
  up(1);
  announce(1, {key(2)}, {});
  EXPECT_EQ(best_of(key(2)), 1U);
}

TEST_F(ShardTable, ReplacesAnOlderSessionOfTheSameNeighbor) {
  up(1);
  announce(1, {key(1)}, {});
  auto again = test_neighbor(1);
  again.index = neighbor_index{9};
  table.neighbor_up(again);
  announce(1, {key(2)}, {});
  announce(9, {key(1)}, {});
  finish_work();
  EXPECT_EQ(table.purged(), (std::vector{neighbor_index{1}}));
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 1U);
  EXPECT_EQ(best_of(key(1)), 9U);
}

// -- digest

TEST_F(ShardTable, HasADigestWithoutOrderTimeAndIndex) {
  up(1);
  up(2);
  announce(1, {key(1), key(2)}, {.med = 1});
  announce(2, {key(2), key(3)}, {.med = 2});
  now = 99;
  shard_table other(pool, {.hash_seed = 5});
  for (const auto n : std::initializer_list<std::uint16_t>{2, 1}) {
    auto facts = test_neighbor(n);
    facts.index = neighbor_index{static_cast<std::uint16_t>(n + 40)};
    other.neighbor_up(facts);
  }
  announce_to(other, 42, {key(3), key(2)}, {.med = 2});
  announce_to(other, 41, {key(2), key(4), key(1)}, {.med = 1});
  EXPECT_NE(other.totals(ipv4_unicast), table.totals(ipv4_unicast));
  withdraw_from(other, 41, {key(4)});
  EXPECT_EQ(other.totals(ipv4_unicast), table.totals(ipv4_unicast));
  EXPECT_NE(table.totals(ipv4_unicast).digest_low, 0U);
  EXPECT_NE(table.totals(ipv4_unicast).digest_high, 0U);
}

TEST_F(ShardTable, HasAnotherDigestForOtherAttributes) {
  up(1);
  announce(1, {key(1)}, {.med = 1});
  const auto before = table.totals(ipv4_unicast);
  announce(1, {key(1)}, {.med = 2});
  const auto after = table.totals(ipv4_unicast);
  EXPECT_NE(before.digest_low, after.digest_low);
  EXPECT_NE(before.digest_high, after.digest_high);
  withdraw(1, {key(1)});
  EXPECT_EQ(table.totals(ipv4_unicast), family_totals{});
}

} // namespace
} // namespace troupe::rib
