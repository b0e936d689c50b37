#include "rib/export_group.hpp"

#include "tests/rib/export_world.hpp"

#include <gtest/gtest.h>

namespace troupe::rib::testing {
namespace {

using namespace protocol;
using events = std::vector<std::string>;

constexpr auto internal = peer_kind::internal;

std::string nth(unsigned i) {
  return "10." + std::to_string(i / 256) + "." + std::to_string(i % 256)
         + ".0/24";
}

TEST(ExportGroup, TellsEveryMemberButTheSource) { // RFC 4271 §9.1.3
  export_world w{{}};
  for (const unsigned n : {1U, 2U, 3U})
    w.join(n);
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 1);
  w.announce("2001:db8::/32", w.set(simple_path(65001)), 2);
  w.settle();
  EXPECT_EQ(w.compare(), "");
  EXPECT_EQ(w.peer(1).events, events{"+2001:db8::/32"});
  EXPECT_EQ(w.peer(2).events, events{"+10.0.0.0/8"});
  EXPECT_EQ(w.peer(3).table.size(), 2U);
}

TEST(ExportGroup, EncodesAChangeOnceHoweverManyMembersThereAre) {
  for (const unsigned count : {1U, 50U}) {
    export_world w{{}};
    for (unsigned n = 1; n <= count; ++n)
      w.join(n);
    for (unsigned i = 0; i < 500; ++i)
      w.announce(nth(i), w.set(simple_path(65001 + i % 7)), 200);
    w.settle();
    EXPECT_EQ(w.compare(), "");
    EXPECT_EQ(w.group->statistics().changes, 500U);
    EXPECT_EQ(w.group->statistics().encodings, 500U);
  }
}

TEST(ExportGroup, PacksAcrossBatchesUntilItIsFlushed) {
  export_world::options o;
  o.batch = 100;
  export_world w{o};
  w.join(1);
  w.settle();
  const auto before = w.group->statistics().updates;
  for (unsigned i = 0; i < 300; ++i)
    w.announce(nth(i), w.set(simple_path(65001 + i % 2)), 9);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(w.collect(0));
    w.deliver(false);
  }
  w.group->flush();
  EXPECT_EQ(w.group->statistics().updates - before, 2U);
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, PacksEveryMessageFull) {
  export_world::options o;
  o.batch = 10000;
  export_world w{o};
  w.join(1);
  w.settle();
  w.peer(1).sizes.clear();
  for (unsigned i = 0; i < 5000; ++i)
    w.announce(nth(i), w.set(simple_path(65001)), 9);
  w.settle();
  auto sizes = w.peer(1).sizes;
  ASSERT_GE(sizes.size(), 5U);
  sizes.pop_back();
  for (const auto size : sizes) {
    EXPECT_LE(size, 4096U);
    EXPECT_GT(size, 4096U - 4U) << "a /24 would have fitted";
  }
}

TEST(ExportGroup, SaysOnlyTheLastStateOfAPrefixThatChangesTwice) {
  export_world w{{}};
  w.join(1);
  w.settle();
  const auto a = w.set(simple_path(65001));
  const auto b = w.set(simple_path(65002));
  w.announce("10.0.0.0/8", a, 9);
  w.collect(0);
  w.deliver(false);
  w.announce("10.0.0.0/8", b, 9);
  w.collect(0);
  w.deliver(false);
  EXPECT_EQ(w.group->pending(), 1U);
  w.group->flush();
  w.settle();
  EXPECT_EQ(w.peer(1).events, events{"+10.0.0.0/8"});
  // Away and back: there is nothing to say.
  w.announce("10.0.0.0/8", a, 9);
  w.collect(0);
  w.deliver(false);
  w.announce("10.0.0.0/8", b, 9);
  w.collect(0);
  w.deliver();
  w.settle();
  EXPECT_EQ(w.peer(1).events.size(), 1U);
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, WithdrawsFromTheMemberWhosePathBecomesBest) {
  export_world w{{}};
  w.join(1);
  w.join(2);
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 1);
  w.settle();
  w.announce("10.0.0.0/8", w.set(simple_path(65002)), 2);
  w.settle();
  EXPECT_EQ(w.peer(1).events, events{"+10.0.0.0/8"});
  EXPECT_EQ(w.peer(2).events, (events{"+10.0.0.0/8", "-10.0.0.0/8"}));
  EXPECT_EQ(w.compare(), "");
  w.withdraw("10.0.0.0/8");
  w.settle();
  EXPECT_EQ(w.peer(2).events.size(), 2U) << "it was not told, nor is it now";
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, TellsOnlyTheTwoSourcesWhenEqualPathsChangePlaces) {
  export_world w{{}};
  for (const unsigned n : {1U, 2U, 3U})
    w.join(n);
  const auto set = w.set(simple_path(65001));
  w.announce("10.0.0.0/8", set, 1);
  w.settle();
  w.announce("10.0.0.0/8", set, 2);
  w.settle();
  EXPECT_EQ(w.peer(1).events, events{"+10.0.0.0/8"});
  EXPECT_EQ(w.peer(2).events, (events{"+10.0.0.0/8", "-10.0.0.0/8"}));
  EXPECT_EQ(w.peer(3).events, events{"+10.0.0.0/8"});
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, WithdrawsBeforeItAnnounces) {
  export_world w{{}};
  w.join(1);
  w.announce("10.1.0.0/16", w.set(simple_path(65001)), 9);
  w.settle();
  w.announce("10.0.0.0/16", w.set(simple_path(65001)), 9);
  w.withdraw("10.1.0.0/16");
  w.settle();
  EXPECT_EQ(w.peer(1).events,
            (events{"+10.1.0.0/16", "-10.1.0.0/16", "+10.0.0.0/16"}));
}

TEST(ExportGroup, TellsNothingInternalToInternalMembers) {
  export_world::options o;
  o.settings.kind = internal;
  export_world w{o};
  w.join(1);
  const auto set = w.set(simple_path(65001));
  w.announce("10.0.0.0/8", set, 9, internal);
  w.announce("11.0.0.0/8", set, 9);
  best_route ours{set, local_routes, internal, source_kind::local};
  w.announce(*prefix::parse("12.0.0.0/8"), ours);
  w.settle();
  EXPECT_EQ(w.peer(1).events, (events{"+11.0.0.0/8", "+12.0.0.0/8"}));
  EXPECT_EQ(w.compare(), "");
  EXPECT_EQ(w.group->statistics().filtered, 1U);
  // It becomes internal: the member must forget it.
  w.announce("11.0.0.0/8", set, 9, internal);
  w.settle();
  EXPECT_EQ(w.peer(1).events.back(), "-11.0.0.0/8");
}

TEST(ExportGroup, ObeysTheWellKnownCommunities) {
  for (const bool external : {true, false}) {
    export_world::options o;
    o.settings.kind = external ? peer_kind::external : internal;
    export_world w{o};
    w.join(1);
    auto a = simple_path(65001);
    a.communities = {wire::no_advertise};
    w.announce("10.0.0.0/8", w.set(a), 9);
    a.communities = {wire::no_export};
    w.announce("11.0.0.0/8", w.set(a), 9);
    w.settle();
    EXPECT_EQ(w.peer(1).table.size(), external ? 0U : 1U);
    EXPECT_EQ(w.compare(), "");
  }
}

TEST(ExportGroup, KeepsBackWhatHasNoUsableNextHop) {
  export_world::options o;
  o.settings.families[ipv6_unicast].next_hop.reset();
  export_world w{o};
  w.join(1);
  w.announce("2001:db8::/32", w.set(simple_path(65001)), 9);
  w.settle();
  EXPECT_TRUE(w.peer(1).table.empty());
  EXPECT_EQ(w.group->statistics().no_next_hop, 1U);
}

TEST(ExportGroup, TellsEndOfRibOnceEverythingWasTold) {
  export_world w{{}};
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.settle();
  w.join(1);
  EXPECT_TRUE(w.group->ready().size() == 1) << "IPv6: there is nothing";
  w.pump(1);
  EXPECT_EQ(w.peer(1).ends_of_rib.count(ipv4_unicast), 0U);
  w.settle();
  EXPECT_EQ(w.compare(), "");
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.settle();
  EXPECT_EQ(w.peer(1).announced, 2U);
  EXPECT_EQ(w.peer(1).ends_of_rib[ipv4_unicast], 1U);
}

TEST(ExportGroup, HoldsEndOfRibBackWhileAShardIsNotDone) {
  export_world w{{}};
  w.group->hold_end_of_rib(0);
  w.join(1);
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.settle();
  EXPECT_TRUE(w.peer(1).ends_of_rib.empty());
  w.group->release_end_of_rib(0);
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

// Who comes from another group to a new one is owed the numbers that the shards
// use, which the group does not know yet; and what the shards have not told the
// group yet must not be withdrawn for that.
TEST(ExportGroup, WithdrawsWhatAnotherGroupToldWhenItKnowsAllItself) {
  export_world::options o;
  o.batch = 1;
  export_world w{o};
  const auto set = w.set(simple_path(65001));
  auto kept = simple_path(65001);
  kept.communities = {wire::no_export}; // this group does not tell it
  w.announce("10.0.0.0/24", w.set(kept), 9);
  w.announce("10.1.0.0/16", set, 9);
  w.announce("10.2.0.0/16", set, 9);
  w.group->hold_end_of_rib(0);
  w.join(1, true);
  for (const auto* each : {"10.0.0.0/24", "10.1.0.0/16", "10.2.0.0/16"})
    w.peer(1).know(*prefix::parse(each), 0);
  w.collect(0);
  w.deliver();
  EXPECT_FALSE(w.ask());
  w.settle();
  EXPECT_EQ(w.peer(1).withdrawn, 0U);
  w.group->release_end_of_rib(0);
  w.settle();
  EXPECT_EQ(w.peer(1).withdrawn, 1U);
  EXPECT_EQ(w.peer(1).table.count(*prefix::parse("10.0.0.0/24")), 0U);
  EXPECT_EQ(w.peer(1).table.size(), 2U);
}

TEST(ExportGroup, ForgetsNoChangeThatAnAnswerToldBeforeItWasUndone) {
  export_world w{{}};
  w.join(1);
  const auto a = w.set(simple_path(65001));
  w.announce("10.0.0.0/8", a, 9);
  w.settle();
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.announce("10.0.0.0/8", w.set(simple_path(65002)), 9);
  w.collect(0);
  w.ask(); // behind the change, before its undoing
  w.announce("10.0.0.0/8", a, 9);
  w.collect(0);
  while (w.deliver(false)) {
  }
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, EncodesATableOnceForAllWhoJoinTogether) {
  export_world w{{}};
  for (unsigned i = 0; i < 5000; ++i)
    w.announce(nth(i), w.set(simple_path(65001 + i % 9)), 200);
  w.settle();
  EXPECT_EQ(w.group->statistics().encodings, 0U) << "nobody is there";
  for (unsigned n = 1; n <= 40; ++n)
    w.join(n);
  w.settle();
  EXPECT_EQ(w.compare(), "");
  EXPECT_EQ(w.group->statistics().encodings, 5000U);
}

TEST(ExportGroup, WithdrawsWhatAMovedMemberWasToldElsewhere) {
  export_world w{{}};
  const auto set = w.set(simple_path(65001));
  w.announce("10.0.0.0/8", set, 9);
  w.announce("11.0.0.0/8", set, 9);
  w.settle();
  auto& m = w.join(1, true);
  m.peer->table[*prefix::parse("11.0.0.0/8")] = {};
  w.withdraw("11.0.0.0/8");
  w.settle();
  EXPECT_EQ(w.compare(), "");
  EXPECT_EQ(m.peer->withdrawn, 1U);
}

TEST(ExportGroup, KeepsOnlyABitmapForAMemberThatDoesNotRead) {
  export_world::options o;
  o.limits.log_bound = 100000;
  export_world w{o};
  w.join(1);
  w.join(2);
  w.settle();
  w.announce(nth(0), w.set(simple_path(65001)), 9);
  w.settle({1});
  w.pump(1); // taken, and stuck
  std::uint64_t largest = 0;
  for (unsigned round = 1; round <= 20; ++round) {
    for (unsigned i = 0; i < 4000; ++i)
      w.announce(nth(i), w.set(simple_path(65000 + round)), 9);
    w.settle({1});
    largest = std::max(largest, w.group->statistics().log_bytes);
  }
  EXPECT_LE(largest, 100000U + 25000U);
  EXPECT_EQ(w.group->statistics().log_bytes, 0U);
  EXPECT_EQ(w.group->statistics().resyncs, 1U);
  EXPECT_EQ(w.peer(2).announced, 80000U);
  // It reads again: what it is owed, once.
  w.withdraw(nth(7));
  w.settle();
  EXPECT_EQ(w.compare(), "");
  EXPECT_LE(w.peer(1).announced, 4001U);
}

TEST(ExportGroup, EncodesNothingForMembersThatDoNotRead) {
  export_world::options o;
  o.limits.log_bound = 1000;
  export_world w{o};
  w.join(1);
  w.settle();
  for (unsigned i = 0; i < 2000; ++i)
    w.announce(nth(i), w.set(simple_path(65001)), 9);
  w.settle({1});
  w.pump(1, 100);
  for (unsigned i = 0; i < 2000; ++i)
    w.announce(nth(i), w.set(simple_path(65002)), 9);
  w.settle({1});
  const auto before = w.group->statistics().encodings;
  for (unsigned i = 0; i < 2000; ++i)
    w.announce(nth(i), w.set(simple_path(65003)), 9);
  w.settle({1});
  EXPECT_EQ(w.group->statistics().encodings, before);
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, ReportsNothingSafeThatAMemberIsOwed) {
  export_world w{{}};
  w.join(1);
  w.settle();
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.collect(0);
  w.deliver();
  EXPECT_EQ(w.group->safe_through(0), 0U) << "encoded, but not taken";
  w.pump(1);
  EXPECT_EQ(w.group->safe_through(0), 1U);
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.withdraw("10.0.0.0/8");
  w.collect(0);
  w.deliver();
  w.pump(1);
  EXPECT_EQ(w.group->safe_through(0), 1U) << "the number is still owed";
  w.settle();
  EXPECT_EQ(w.group->safe_through(0), 2U);
  w.leave(1);
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.collect(0);
  w.deliver();
  EXPECT_EQ(w.group->safe_through(0), 3U) << "nobody is there";
}

TEST(ExportGroup, AsksAgainAfterItsActorIsReplaced) {
  export_world w{{}};
  for (unsigned i = 0; i < 100; ++i)
    w.announce(nth(i), w.set(simple_path(65001)), 9);
  w.settle();
  w.join(1);
  ASSERT_TRUE(w.ask());
  EXPECT_TRUE(w.group->take_requests().empty()) << "each is returned once";
  w.restart();
  EXPECT_TRUE(w.ask());
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, DropsAnswersForMembersThatLeft) {
  export_world w{{}};
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.settle();
  w.join(1);
  ASSERT_TRUE(w.ask());
  w.leave(1);
  w.settle();
  EXPECT_EQ(w.group->statistics().encodings, 0U);
  w.join(2);
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, WithdrawsARouteThatGrowsBeyondAMessage) {
  export_world w{{}};
  w.join(1);
  auto a = simple_path(65001);
  w.announce("10.0.0.0/8", w.set(a), 9);
  w.settle();
  for (unsigned i = 0; i < 1100; ++i)
    a.communities.push_back({i});
  w.announce("10.0.0.0/8", w.set(a), 9);
  w.settle();
  EXPECT_EQ(w.peer(1).events, (events{"+10.0.0.0/8", "-10.0.0.0/8"}));
  EXPECT_EQ(w.group->statistics().too_big, 1U);
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportGroup, GivesNoMoreThanTheWindow) {
  export_world::options o;
  o.limits.window = 50000;
  export_world w{o};
  w.join(1);
  for (unsigned i = 0; i < 40000; ++i)
    w.announce(nth(i), w.set(simple_path(65001)), 9);
  w.settle({1});
  std::size_t taken = 0;
  while (!w.group->ready().empty()) {
    for (const auto& s : w.group->take_output(w.members[1].index, 16384))
      taken += s.size;
  }
  EXPECT_GE(taken, 50000U);
  EXPECT_LE(taken, 50000U + 2 * 65536U);
  w.group->written(w.members[1].index, taken);
  EXPECT_EQ(w.group->ready().size(), 1U);
}

} // namespace
} // namespace troupe::rib::testing
