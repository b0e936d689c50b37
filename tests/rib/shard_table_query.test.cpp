#include "rib/shard_table.hpp"
#include "tests/rib/table_fixture.hpp"

#include <gtest/gtest.h>

namespace troupe::rib {
namespace {

class ShardTableQuery : public table_fixture {
protected:
  void SetUp() override {
    for (const auto n : std::initializer_list<std::uint16_t>{1, 2, 3})
      up(n);
    announce(1, {key(0), key(1), key(2)}, {.local_pref = 100});
    announce(2, {key(1)}, {.local_pref = 200});
    announce(3, {key(1), key(3)}, {.local_pref = 300}, path_flag::rejected);
  }

  std::vector<std::string> show(const route_query& query) const {
    std::vector<std::string> lines;
    for (const auto& row : table.query(query).rows)
      lines.push_back(to_string(row.prefix) + " " + row.neighbor.name
                      + (row.best ? " best" : "") + " "
                      + to_string(row.ranked_by));
    return lines;
  }
  using text = std::vector<std::string>;
};

TEST_F(ShardTableQuery, ShowsTheBestPathsOfTheLocRib) {
  EXPECT_EQ(show({}),
            (text{"0.0.1.0/24 n1 best best", "0.0.2.0/24 n2 best best",
                  "0.0.3.0/24 n1 best best"}));
}

TEST_F(ShardTableQuery, ShowsWhatWasReceivedWithTheReasonOfEveryLoser) {
  EXPECT_EQ(show({.view = route_view::received, .prefix = to_prefix(key(1))}),
            (text{"0.0.2.0/24 n2 best best", "0.0.2.0/24 n1 local-pref",
                  "0.0.2.0/24 n3 rejected"}));
}

TEST_F(ShardTableQuery, TellsAcceptedFromRejected) {
  EXPECT_EQ(show({.view = route_view::accepted}).size(), 4U);
  EXPECT_EQ(show({.view = route_view::rejected}),
            (text{"0.0.2.0/24 n3 rejected", "0.0.4.0/24 n3 rejected"}));
  EXPECT_EQ(show({.view = route_view::received}).size(), 6U);
}

TEST_F(ShardTableQuery, ShowsOneNeighbor) {
  EXPECT_EQ(show({.view = route_view::received, .neighbor = neighbor_index{1}}),
            (text{"0.0.1.0/24 n1 best best", "0.0.2.0/24 n1 local-pref",
                  "0.0.3.0/24 n1 best best"}));
  EXPECT_EQ(show({.neighbor = neighbor_index{2}}),
            (text{"0.0.2.0/24 n2 best best"}));
}

TEST_F(ShardTableQuery, KnowsOnlyTheExactPrefix) {
  EXPECT_EQ(show({.prefix = protocol::prefix::parse("0.0.1.0/24")}).size(), 1U);
  EXPECT_EQ(show({.prefix = protocol::prefix::parse("0.0.0.0/22")}), text{});
  EXPECT_EQ(show({.prefix = protocol::prefix::parse("2001:db8::/32")}), text{});
  EXPECT_EQ(show({.family = protocol::ipv6_unicast}), text{});
  EXPECT_EQ(show({.family = {1, 2}}), text{});
}

TEST_F(ShardTableQuery, GoesOnFromPageToPage) {
  route_query query{.view = route_view::received, .limit = 2};
  std::vector<std::size_t> sizes;
  std::size_t rows = 0;
  for (;;) {
    const auto page = table.query(query);
    sizes.push_back(page.rows.size());
    rows += page.rows.size();
    if (!page.next_cursor)
      break;
    query.cursor = *page.next_cursor;
  }
  // A page ends behind the prefix that fills it, here with three paths.
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 2}));
  EXPECT_EQ(rows, 6U);
}

TEST_F(ShardTableQuery, LooksAtNoMoreNumbersThanItsBudget) {
  const auto page = table.query({.view = route_view::rejected, .budget = 1});
  EXPECT_TRUE(page.rows.empty());
  ASSERT_TRUE(page.next_cursor);
  EXPECT_EQ(*page.next_cursor, 1U);
}

TEST_F(ShardTableQuery, CopiesTheAttributes) {
  const auto rows = table.query({.prefix = to_prefix(key(1))}).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].attributes, bytes_for({.local_pref = 200}));
}

} // namespace
} // namespace troupe::rib
