// A source that tells its routes again: after a restart (RFC 4724 §4.2), and
// between BoRR and EoRR (RFC 7313 §4).
#include "tests/rib/table_fixture.hpp"

namespace troupe::rib {
namespace {

constexpr auto ipv4 = protocol::ipv4_unicast;

class ShardTableRounds : public table_fixture {
protected:
  void up_again(std::uint16_t n, std::uint32_t incarnation) {
    table.neighbor_up(test_neighbor(n), incarnation);
    incarnations[n] = incarnation;
  }
  void round(std::uint16_t n, bool begins, bool ends) {
    route_batch batch(pool);
    batch.neighbor = neighbor_index{n};
    batch.incarnation = incarnations[n];
    batch.ipv4.begins_round = begins;
    batch.ipv4.ends_round = ends;
    table.apply(batch, now);
  }
  std::uint64_t held(std::uint16_t n) const {
    return table.counts(neighbor_index{n}, ipv4).received;
  }
  bool is_stale(const ipv4_key& key) const {
    const auto rows = table.query({.prefix = to_prefix(key)}).rows;
    return !rows.empty() && (rows[0].what.flags & path_flag::stale) != 0;
  }
  std::vector<unsigned> changes() {
    const auto all = table.collect();
    return all.empty() ? std::vector<unsigned>{} : sources(all);
  }
  void TearDown() override {
    finish_work();
    EXPECT_EQ(table.check(), "");
  }
};

TEST_F(ShardTableRounds, PathsOfALostSessionStayBestAndAreShownAsStale) {
  up(1);
  announce(1, {key(1)}, {});
  table.neighbor_stale(neighbor_index{1});
  EXPECT_EQ(best_of(key(1)), 1U);
  EXPECT_TRUE(is_stale(key(1)));
  EXPECT_FALSE(table.work(100));
}

TEST_F(ShardTableRounds, WhatIsNotToldAgainGoesWithTheEnd) {
  up(1);
  announce(1, {key(1), key(2), key(3)}, {});
  table.neighbor_stale(neighbor_index{1});
  up_again(1, 7);
  announce(1, {key(1)}, {});
  announce(1, {key(2)}, {.local_pref = 200});
  EXPECT_FALSE(is_stale(key(1)));
  EXPECT_FALSE(is_stale(key(2)));
  EXPECT_TRUE(is_stale(key(3)));
  EXPECT_EQ(held(1), 3U);
  round(1, false, true);
  finish_work();
  EXPECT_EQ(held(1), 2U);
  EXPECT_EQ(best_of(key(3)), 0U);
}

TEST_F(ShardTableRounds, ARouteThatIsToldAgainAsItWasIsNoChange) {
  up(1);
  const auto exporter = table.add_exporter(false);
  announce(1, {key(1), key(2)}, {});
  EXPECT_EQ(changes().size(), 2U);
  table.acknowledge(exporter, 1, 1);
  table.neighbor_stale(neighbor_index{1});
  up_again(1, 2);
  announce(1, {key(1)}, {});
  EXPECT_TRUE(changes().empty());
  round(1, false, true);
  finish_work();
  EXPECT_EQ(changes(), (std::vector<unsigned>{0})); // the second is withdrawn
}

TEST_F(ShardTableRounds, AStaleRouteGivesWayToTheNewOneHoweverGoodItIs) {
  up(1);
  announce(1, {key(1)}, {.local_pref = 500});
  table.neighbor_stale(neighbor_index{1});
  up_again(1, 2);
  announce(1, {key(1)}, {.local_pref = 50});
  const auto rows = table.query({.prefix = to_prefix(key(1))}).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(held(1), 1U);
}

TEST_F(ShardTableRounds, ASecondLossTakesWhatTheFirstLeft) {
  // RFC 4724 §4.2: consecutive restarts.
  up(1);
  announce(1, {key(1), key(2)}, {});
  table.neighbor_stale(neighbor_index{1});
  up_again(1, 2);
  announce(1, {key(1)}, {});
  table.neighbor_stale(neighbor_index{1});
  finish_work();
  EXPECT_EQ(best_of(key(1)), 1U);
  EXPECT_EQ(best_of(key(2)), 0U);
}

TEST_F(ShardTableRounds, LongLivedRoutesOutliveASecondLoss) {
  // RFC 9494 §4.2: not deleted before their own time is over.
  up(1);
  announce(1, {key(1), key(2)}, {});
  table.neighbor_stale(neighbor_index{1}, true);
  up_again(1, 2);
  announce(1, {key(1)}, {});
  table.neighbor_stale(neighbor_index{1}, true);
  finish_work();
  EXPECT_EQ(best_of(key(2)), 1U);
  up_again(1, 3);
  round(1, false, true);
  finish_work();
  EXPECT_EQ(held(1), 0U);
}

TEST_F(ShardTableRounds, ManyRestartsInARowLoseNothingThatIsFresh) {
  up(1);
  for (std::uint32_t i = 2; i < 40; ++i) {
    announce(1, {key(i), key(i + 1)}, {});
    table.neighbor_stale(neighbor_index{1});
    up_again(1, i); // nothing is swept in between
  }
  announce(1, {key(100)}, {});
  EXPECT_EQ(best_of(key(100)), 1U);
  // Rounds ran out, so that old paths passed for fresh ones; the next restart
  // finds them.
  finish_work();
  table.neighbor_stale(neighbor_index{1});
  up_again(1, 50);
  announce(1, {key(100)}, {});
  round(1, false, true);
  finish_work();
  EXPECT_EQ(held(1), 1U);
  EXPECT_EQ(best_of(key(100)), 1U);
}

TEST_F(ShardTableRounds, TheSameIncarnationToldTwiceBeginsNoRound) {
  up(1);
  announce(1, {key(1)}, {});
  table.neighbor_stale(neighbor_index{1});
  up_again(1, 2);
  announce(1, {key(1)}, {});
  up_again(1, 2);
  round(1, false, true);
  finish_work();
  EXPECT_EQ(best_of(key(1)), 1U);
}

TEST_F(ShardTableRounds, BatchesOfANewIncarnationAreNumberedAnew) {
  up(1);
  route_batch first(pool);
  first.neighbor = neighbor_index{1};
  first.sequence = 9;
  table.apply(first, now);
  table.neighbor_stale(neighbor_index{1});
  up_again(1, 2);
  route_batch again(pool);
  again.neighbor = neighbor_index{1};
  again.incarnation = 2;
  again.sequence = 1;
  again.ipv4.keys = {key(5)};
  again.ipv4.runs.push_back({pool.intern(bytes_for({}), {}), 1, 0});
  table.apply(again, now);
  EXPECT_EQ(best_of(key(5)), 1U);
}

TEST_F(ShardTableRounds, EnhancedRefreshSweepsWhatTheReplyLacks) {
  // RFC 7313 §4.
  up(1);
  announce(1, {key(1), key(2)}, {});
  round(1, true, false);
  EXPECT_TRUE(is_stale(key(1)));
  announce(1, {key(2)}, {});
  withdraw(1, {key(7)});
  round(1, false, true);
  finish_work();
  EXPECT_EQ(best_of(key(1)), 0U);
  EXPECT_EQ(best_of(key(2)), 1U);
}

TEST_F(ShardTableRounds, ASecondBeginBeforeTheEndMakesAllStaleAgain) {
  up(1);
  announce(1, {key(1), key(2)}, {});
  round(1, true, false);
  announce(1, {key(1)}, {});
  round(1, true, false);
  EXPECT_TRUE(is_stale(key(1)));
  announce(1, {key(2)}, {});
  round(1, false, true);
  finish_work();
  EXPECT_EQ(best_of(key(1)), 0U);
  EXPECT_EQ(best_of(key(2)), 1U);
}

TEST_F(ShardTableRounds, AnEndWithoutABeginChangesNothing) {
  up(1);
  announce(1, {key(1)}, {});
  round(1, false, true);
  finish_work();
  EXPECT_EQ(best_of(key(1)), 1U);
}

// Found by scripts/chaos: the old connection of a session that came back had
// batches under way.
TEST_F(ShardTableRounds, WhatAnEarlierIncarnationToldLateCountsNoMore) {
  up_again(1, 1);
  announce(1, {key(1), key(2)}, {});
  table.neighbor_stale(neighbor_index{1});
  up_again(1, 2);
  route_batch late(pool);
  late.neighbor = neighbor_index{1};
  late.incarnation = 1;
  late.sequence = 9;
  late.ipv4.keys = {key(1), key(3)};
  late.ipv4.runs = {{pool.intern(bytes_for({}), {}), 2, 0}};
  table.apply(late, now);
  EXPECT_EQ(table.statistics().skipped, 1U);
  EXPECT_TRUE(is_stale(key(1)));
  EXPECT_EQ(best_of(key(3)), 0U);
  // The numbers of its batches are of no concern to the new one either.
  route_batch fresh(pool);
  fresh.neighbor = neighbor_index{1};
  fresh.incarnation = 2;
  fresh.sequence = 1;
  fresh.ipv4.keys = {key(2)};
  fresh.ipv4.runs = {{pool.intern(bytes_for({}), {}), 1, 0}};
  table.apply(fresh, now);
  EXPECT_FALSE(is_stale(key(2)));
  table.end_restart(neighbor_index{1}, ipv4);
  finish_work();
  EXPECT_EQ(best_of(key(1)), 0U);
  EXPECT_EQ(held(1), 1U);
}

TEST_F(ShardTableRounds, AFamilyThatIsNotKeptGoesAlone) {
  up(1);
  announce(1, {key(1)}, {});
  route_batch batch(pool);
  batch.neighbor = neighbor_index{1};
  batch.ipv6.keys = {
      to_key<ipv6_key>(*protocol::prefix::parse("2001:db8::/32"))};
  batch.ipv6.runs.push_back({pool.intern(bytes_for({}), {}), 1, 0});
  table.apply(batch, now);
  table.neighbor_stale(neighbor_index{1});
  table.drop_family(neighbor_index{1}, protocol::ipv6_unicast);
  finish_work();
  EXPECT_EQ(best_of(key(1)), 1U);
  EXPECT_EQ(table.totals(protocol::ipv6_unicast).paths, 0U);
}

TEST_F(ShardTableRounds, AnAnnouncementTakesTheLeftPathOfItsPrefixAlong) {
  up(1);
  up(2);
  announce(1, {key(1), key(2)}, {.local_pref = 300});
  announce(2, {key(1)}, {});
  round(1, true, true); // both are doomed, nothing is swept yet
  announce(1, {key(1)}, {.local_pref = 50});
  EXPECT_EQ(best_of(key(1)), 2U);
  finish_work();
  EXPECT_EQ(held(1), 1U);
}

TEST_F(ShardTableRounds, ADownOfAStaleSourceRemovesItWhole) {
  up(1);
  announce(1, {key(1)}, {});
  table.neighbor_stale(neighbor_index{1});
  table.neighbor_down(neighbor_index{1});
  finish_work();
  EXPECT_EQ(table.purged(), std::vector{neighbor_index{1}});
  EXPECT_EQ(table.totals(ipv4).paths, 0U);
}

} // namespace
} // namespace troupe::rib
