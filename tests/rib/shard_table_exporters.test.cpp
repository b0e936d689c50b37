#include "rib/shard_table.hpp"
#include "tests/rib/table_fixture.hpp"

#include <gtest/gtest.h>

#include <map>

namespace troupe::rib {
namespace {

using protocol::ipv4_unicast;
using protocol::ipv6_unicast;

class ShardTableExporters : public table_fixture {
protected:
  std::vector<ipv4_key> keys(std::uint32_t count) {
    std::vector<ipv4_key> all;
    for (std::uint32_t i = 0; i != count; ++i)
      all.push_back(key(i));
    return all;
  }
  void acknowledge(exporter_index exporter, const delivery& d) {
    table.acknowledge(exporter, d.batch->sequence, d.batch->sequence);
  }
  /// Collects and acknowledges until nothing is left; all changes told.
  std::vector<change<ipv4_key>> drain(exporter_index exporter) {
    std::vector<change<ipv4_key>> all;
    for (auto some = table.collect(); !some.empty(); some = table.collect())
      for (const auto& d : some)
        if (d.to == exporter) {
          const auto& told = d.batch->ipv4.changes;
          all.insert(all.end(), told.begin(), told.end());
          acknowledge(exporter, d);
        }
    return all;
  }
};

TEST_F(ShardTableExporters, ShareOneBatch) {
  table.add_exporter(false);
  table.add_exporter(false);
  up(1);
  announce(1, {key(1)}, {});
  const auto deliveries = table.collect();
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_EQ(deliveries[0].batch, deliveries[1].batch);
  EXPECT_NE(deliveries[0].to, deliveries[1].to);
}

TEST_F(ShardTableExporters, AreOwedEverythingAtFirst) {
  up(1);
  announce(1, keys(5), {});
  EXPECT_FALSE(table.has_changes());
  const auto exporter = table.add_exporter(false);
  EXPECT_TRUE(table.has_changes());
  EXPECT_EQ(drain(exporter).size(), 5U);
  EXPECT_FALSE(table.has_changes());
}

TEST_F(ShardTableExporters, GetNoMoreThanTheirCredit) {
  shard_table small(pool, {.changes_per_batch = 10, .batches_in_flight = 2});
  const auto exporter = small.add_exporter(false);
  small.neighbor_up(test_neighbor(1));
  announce_to(small, 1, keys(35), {});
  const auto first = small.collect();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].batch->ipv4.changes.size(), 10U);
  EXPECT_EQ(small.collect().size(), 1U);
  EXPECT_FALSE(small.has_changes());
  EXPECT_TRUE(small.collect().empty());
  EXPECT_EQ(small.pending_changes(), 15U);
  small.acknowledge(exporter, first[0].batch->sequence, 0);
  EXPECT_TRUE(small.has_changes());
  EXPECT_EQ(small.collect().size(), 1U);
}

TEST_F(ShardTableExporters, WithoutCreditAreOwedASetAndHoldUpNobody) {
  shard_table small(pool, {.changes_per_batch = 100, .batches_in_flight = 1});
  const auto quick = small.add_exporter(false);
  const auto slow = small.add_exporter(false);
  small.neighbor_up(test_neighbor(1));
  announce_to(small, 1, {key(1)}, {});
  const auto first = small.collect();
  ASSERT_EQ(first.size(), 2U);
  for (std::uint32_t round = 0; round != 50; ++round) {
    if (round == 0)
      small.acknowledge(quick, first[0].batch->sequence, 0);
    announce_to(small, 1, keys(5), {.med = round});
    const auto next = small.collect();
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].to, quick);
    small.acknowledge(quick, next[0].batch->sequence, 0);
  }
  small.acknowledge(slow, first[1].batch->sequence, 0);
  ASSERT_TRUE(small.has_changes());
  const auto caught_up = small.collect();
  ASSERT_EQ(caught_up.size(), 1U);
  EXPECT_EQ(caught_up[0].to, slow);
  EXPECT_EQ(caught_up[0].batch->ipv4.changes.size(), 5U); // 250 were told
  EXPECT_FALSE(small.has_changes());
  EXPECT_EQ(small.check(), "");
}

TEST_F(ShardTableExporters, AreOwedAgainWhatWasUnderWayWhenTheyRestart) {
  const auto exporter = table.add_exporter(false);
  up(1);
  announce(1, keys(2), {});
  acknowledge(exporter, table.collect().at(0));
  announce(1, {key(0)}, {.med = 1});
  withdraw(1, {key(1)});
  EXPECT_EQ(table.collect().size(), 1U);
  table.restart_exporter(exporter);
  const auto told = drain(exporter);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0].attributes, attribute_ref::none);
  EXPECT_EQ(told[1].attributes, attribute_ref::none);
  EXPECT_EQ(told[1].key, key(1));
}

TEST_F(ShardTableExporters, LetNeitherFamilyWaitForTheOther) {
  shard_table small(pool, {.changes_per_batch = 4});
  small.add_exporter(false);
  small.neighbor_up(test_neighbor(1));
  announce_to(small, 1, keys(20), {});
  route_batch batch(pool);
  batch.neighbor = neighbor_index{1};
  batch.ipv6.keys = {{{0x20, 1}, 16}};
  batch.ipv6.runs = {{pool.intern(bytes_for({}), {}), 1, 0}};
  small.apply(batch, 0);
  const auto told = small.collect();
  EXPECT_EQ(told.at(0).batch->ipv6.changes.size(), 1U);
  EXPECT_EQ(told.at(0).batch->ipv4.changes.size(), 3U);
}

TEST_F(ShardTableExporters, GetRankedCandidatesWhenTheyAskForThem) {
  const auto exporter = table.add_exporter(true);
  up(1);
  up(2);
  up(3);
  announce(1, keys(2), {.local_pref = 100});
  announce(2, {key(0)}, {.local_pref = 200});
  announce(3, {key(0)}, {.local_pref = 300}, path_flag::rejected);
  const auto told = table.collect();
  const auto& family = told.at(0).batch->ipv4;
  ASSERT_EQ(family.ranked.ends, (std::vector<std::uint32_t>{2, 3}));
  EXPECT_EQ(family.ranked.all[0].source, neighbor_index{2});
  EXPECT_EQ(family.ranked.all[0].ranked_by, decision_step::best);
  EXPECT_EQ(family.ranked.all[1].source, neighbor_index{1});
  EXPECT_EQ(family.ranked.all[1].ranked_by, decision_step::local_pref);
  acknowledge(exporter, told[0]);
  // The best path stays, the candidates do not.
  withdraw(1, {key(0)});
  EXPECT_EQ(drain(exporter).size(), 1U);
}

TEST_F(ShardTableExporters, TellNothingMoreWhenNobodyAsksForCandidates) {
  const auto exporter = table.add_exporter(false);
  up(1);
  up(2);
  announce(1, keys(10), {.local_pref = 200});
  drain(exporter);
  const auto before = table.statistics().changes;
  announce(2, keys(10), {.local_pref = 100});
  announce(2, keys(10), {.local_pref = 150});
  withdraw(2, keys(10));
  EXPECT_EQ(table.pending_changes(), 0U);
  EXPECT_FALSE(table.has_changes());
  EXPECT_EQ(table.statistics().changes, before);
  // One who asks gets them, and nobody does once it has left.
  const auto asking = table.add_exporter(true);
  drain(asking);
  announce(2, keys(10), {.local_pref = 100});
  EXPECT_EQ(table.pending_changes(), 10U);
  drain(exporter);
  drain(asking);
  table.remove_exporter(asking);
  withdraw(2, keys(10));
  EXPECT_EQ(table.pending_changes(), 0U);
}

TEST_F(ShardTableExporters, AreNotToldOfPathsThatCannotBeCandidates) {
  const auto exporter = table.add_exporter(true);
  up(1);
  up(2);
  announce(1, keys(2), {.local_pref = 200});
  drain(exporter);
  announce(2, keys(2), {.local_pref = 300}, path_flag::rejected);
  announce(2, keys(2), {.local_pref = 400}, path_flag::rejected);
  withdraw(2, keys(1));
  EXPECT_EQ(table.pending_changes(), 0U);
  // It becomes one, and is none again.
  announce(2, {key(1)}, {.local_pref = 100});
  EXPECT_EQ(table.pending_changes(), 1U);
  drain(exporter);
  announce(2, {key(1)}, {.local_pref = 100}, path_flag::rejected);
  EXPECT_EQ(table.pending_changes(), 1U);
}

// -- numbers

TEST_F(ShardTableExporters, AreNotToldOfPrefixesThatCameAndWentUnseen) {
  const auto exporter = table.add_exporter(false);
  up(1);
  for (std::uint32_t i = 0; i != 100; ++i) {
    announce(1, {key(i)}, {});
    withdraw(1, {key(i)});
  }
  EXPECT_TRUE(drain(exporter).empty());
  EXPECT_EQ(table.number_limit(ipv4_unicast), 1U);
  EXPECT_LE(table.pending_changes(), 1U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTableExporters, SeeANumberUsedAgainOnlyWhenAllAreSafe) {
  const auto one = table.add_exporter(false);
  const auto two = table.add_exporter(false);
  up(1);
  announce(1, {key(1)}, {});
  const auto first = table.collect();
  acknowledge(one, first[0]);
  acknowledge(two, first[1]);
  withdraw(1, {key(1)});
  const auto gone = table.collect();
  ASSERT_EQ(gone.size(), 2U);
  acknowledge(one, gone[0]);
  EXPECT_EQ(table.statistics().tombstones, 1U);
  // Somebody behind the second one is still owed the withdrawal.
  table.acknowledge(two, gone[1].batch->sequence, gone[1].batch->sequence - 1);
  announce(1, {key(2)}, {});
  EXPECT_EQ(table.number_limit(ipv4_unicast), 2U);
  acknowledge(two, gone[1]);
  EXPECT_EQ(table.statistics().tombstones, 0U);
  announce(1, {key(3)}, {});
  EXPECT_EQ(table.number_limit(ipv4_unicast), 2U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTableExporters, SeeARevivedPrefixUnderItsOldNumber) {
  const auto exporter = table.add_exporter(false);
  up(1);
  announce(1, keys(3), {});
  drain(exporter);
  withdraw(1, {key(1)});
  const auto gone = table.collect();
  announce(1, {key(1)}, {.med = 1});
  acknowledge(exporter, gone.at(0));
  const auto told = drain(exporter);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].number, gone[0].batch->ipv4.changes[0].number);
  EXPECT_EQ(table.number_limit(ipv4_unicast), 3U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTableExporters, FreeNumbersWhenTheLastOneLeaves) {
  const auto exporter = table.add_exporter(false);
  up(1);
  announce(1, keys(3), {});
  drain(exporter);
  withdraw(1, {key(0)});
  EXPECT_EQ(table.collect().size(), 1U);
  withdraw(1, {key(1)});
  table.remove_exporter(exporter);
  EXPECT_EQ(table.statistics().tombstones, 0U);
  withdraw(1, {key(2)}); // with no exporter, at once
  announce(1, {key(7), key(8), key(9)}, {});
  EXPECT_EQ(table.number_limit(ipv4_unicast), 3U);
  EXPECT_EQ(table.check(), "");
}

// -- resync

TEST_F(ShardTableExporters, AreAnsweredWithTheStateOfARange) {
  table.add_exporter(false);
  up(1);
  announce(1, keys(6), {});
  table.collect();
  withdraw(1, {key(2)});
  table.collect(); // a tombstone now
  announce(1, {key(3)}, {.med = 9});
  const auto answer = table.answer({.tag = {.member = 4, .generation = 5},
                                    .family = ipv4_unicast,
                                    .first = 2,
                                    .count = 3,
                                    .numbers = {}});
  EXPECT_TRUE(answer->is_resync);
  EXPECT_EQ(answer->resync, (resync_tag{4, 5}));
  const auto& told = answer->ipv4.changes;
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].attributes, attribute_ref::none);
  EXPECT_EQ(pool[told[1].attributes].summary().med, 9U); // not collected yet
  EXPECT_EQ(told[2].key, key(4));
}

TEST_F(ShardTableExporters, AreAnsweredWithTheStateOfListedNumbers) {
  table.add_exporter(false);
  up(1);
  announce(1, keys(6), {});
  const auto answer =
      table.answer({.tag = {}, .family = ipv4_unicast, .numbers = {5, 77, 0}});
  ASSERT_EQ(answer->ipv4.changes.size(), 2U);
  EXPECT_EQ(answer->ipv4.changes[0].key, key(5));
  EXPECT_EQ(answer->ipv4.changes[1].key, key(0));
  EXPECT_TRUE(table
                  .answer({.tag = {},
                           .family = {1, 2},
                           .first = 0,
                           .count = 9,
                           .numbers = {}})
                  ->ipv4.changes.empty());
}

TEST_F(ShardTableExporters, AreOwedAWithdrawalOfWhatOnlyAnAnswerTold) {
  const auto exporter = table.add_exporter(false);
  up(1);
  announce(1, {key(1)}, {});
  table.answer({.tag = {}, .family = ipv4_unicast, .numbers = {0}});
  withdraw(1, {key(1)}); // before it was collected
  const auto told = drain(exporter);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].attributes, attribute_ref::none);
}

// -- references

TEST_F(ShardTableExporters, KeepSetsAliveWhileTheyHoldABatch) {
  table.add_exporter(false);
  up(1);
  announce(1, {key(1)}, {.med = 1});
  auto held = table.collect();
  announce(1, {key(1)}, {.med = 2});
  announce(1, {key(1)}, {.med = 3});
  const auto set = held.at(0).batch->ipv4.changes.at(0).attributes;
  EXPECT_EQ(pool[set].summary().med, 1U);
  EXPECT_EQ(pool.stats().sets, 3U);
  held.clear();
  table.work(1);
  EXPECT_EQ(pool.stats().sets, 1U);
}

TEST_F(ShardTableExporters, KeepSetsAliveBehindTheTable) {
  auto other = std::make_unique<shard_table>(pool);
  other->add_exporter(false);
  other->neighbor_up(test_neighbor(1));
  announce_to(*other, 1, {key(1)}, {.med = 1});
  auto held = other->collect();
  other.reset();
  EXPECT_EQ(pool.stats().sets, 1U);
  held.clear();
  EXPECT_EQ(pool.stats().sets, 0U);
}

TEST_F(ShardTableExporters, MayHoldABatchBehindManyLaterOnes) {
  const auto exporter = table.add_exporter(false);
  up(1);
  announce(1, {key(1)}, {});
  auto oldest = table.collect();
  acknowledge(exporter, oldest.at(0));
  for (std::uint32_t i = 0; i != 100000; ++i) {
    announce(1, {key(1)}, {.med = i % 3});
    const auto next = table.collect();
    if (!next.empty())
      acknowledge(exporter, next[0]);
  }
  // A chain of as many epochs ends here, one after another.
  oldest.clear();
  table.work(1);
  EXPECT_EQ(pool.stats().sets, 1U);
}

// A table that begins again keeps what exporters know: the numbers.
TEST_F(ShardTableExporters, KnowPrefixesByTheirNumbersWhenATableBeginsAgain) {
  const auto exporter = table.add_exporter(false);
  const auto other = table.add_exporter(true);
  up(1);
  up(2);
  announce(1, keys(40), {});
  withdraw(1, {key(7)}); // its number is a tombstone
  std::map<ipv4_key, prefix_number> numbers;
  for (const auto& each : drain(exporter))
    numbers[each.key] = each.number;
  announce(2, {key(50)}, {}); // nobody has been told yet
  table.begin_again();
  EXPECT_EQ(table.check(), "");
  EXPECT_EQ(table.totals(ipv4_unicast).prefixes, 0U);
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 0U);
  // Its sources are strangers, until they are up again.
  announce(1, {key(1)}, {});
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 0U);
  up(1);
  up(2);
  announce(1, {key(1), key(2), key(60)}, {});
  announce(2, {key(3)}, {.med = 5});
  EXPECT_EQ(table.check(), "");
  std::map<ipv4_key, bool> told; // whether there is a route
  for (const auto& each : drain(exporter)) {
    if (numbers.contains(each.key)) {
      EXPECT_EQ(each.number, numbers[each.key]);
    }
    told[each.key] = each.attributes != attribute_ref::none;
  }
  for (std::uint32_t i = 0; i != 40; ++i)
    if (i != 7) {
      EXPECT_EQ(told.at(key(i)), i >= 1 && i <= 3) << i;
    }
  EXPECT_TRUE(told.at(key(60)));
  for (const auto& d : table.collect())
    acknowledge(d.to, d);
  drain(other);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTableExporters, BeginAgainWithoutAnyoneWhoKnows) {
  up(1);
  announce(1, keys(3000), {});
  table.begin_again();
  EXPECT_EQ(table.check(), "");
  EXPECT_FALSE(table.has_changes());
  up(1);
  announce(1, keys(10), {});
  EXPECT_EQ(table.totals(ipv4_unicast).prefixes, 10U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTableExporters, ABatchCanBeAppliedRouteByRoute) {
  up(1);
  route_batch whole{pool};
  whole.neighbor = neighbor_index{1};
  whole.sequence = 4;
  const auto set = pool.intern(bytes_for({.med = 9}), {.med = 9});
  pool.retain(set);
  whole.ipv4.keys = {key(1), key(2), key(3)};
  whole.ipv4.runs = {{set, 2, 0}, {attribute_ref::none, 1, 0}};
  whole.ipv4.ends_round = true;
  const auto parts = split(pool, whole);
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ(parts[2]->ipv4.runs[0].attributes, attribute_ref::none);
  EXPECT_TRUE(parts[3]->ipv4.ends_round);
  EXPECT_EQ(parts[4]->sequence, 4U);
  for (const auto& each : parts)
    table.apply(*each, 0);
  EXPECT_EQ(table.totals(ipv4_unicast).paths, 2U);
  table.apply(whole, 0); // it has been applied
  EXPECT_EQ(table.statistics().skipped, 1U);
  EXPECT_EQ(table.check(), "");
  pool.release(set);
}

TEST_F(ShardTableExporters, ARouteIsKeptAsAnUpdate) {
  const std::vector<std::uint8_t> one{0x40, 1, 1, 0,  0x40, 2, 0,
                                      0x40, 3, 4, 10, 0,    0, 1};
  route_batch route{pool};
  route.ipv4.keys = {key(1)};
  route.ipv4.path_ids = {7};
  route.ipv4.runs = {{pool.intern(one, {}), 1, 0}};
  auto octets = to_updates(pool, route);
  ASSERT_GT(octets.size(), 19U);
  EXPECT_EQ(octets.size(), octets[16] * 256U + octets[17]);
  EXPECT_EQ(octets[18], 2); // UPDATE
  const std::vector<std::uint8_t> body{octets.begin() + 23,
                                       octets.begin() + 23 + 14};
  EXPECT_EQ(body, one);
  // Behind them the path id (RFC 7911 §3) and the prefix.
  EXPECT_EQ(octets[23 + 14 + 3], 7);
  EXPECT_EQ(octets[23 + 14 + 4], to_prefix(key(1)).length());
  route_batch gone{pool};
  gone.ipv6.keys = {
      to_key<ipv6_key>(*protocol::prefix::parse("2001:db8::/32"))};
  gone.ipv6.runs = {{attribute_ref::none, 1, 0}};
  octets = to_updates(pool, gone);
  // MP_UNREACH_NLRI (RFC 4760 §4) of IPv6 unicast, and nothing else.
  ASSERT_GT(octets.size(), 30U);
  EXPECT_EQ(octets[24], 15);
  EXPECT_TRUE(to_updates(pool, route_batch{pool}).empty());
}

} // namespace
} // namespace troupe::rib
