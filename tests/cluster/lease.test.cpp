#include "cluster/lease.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const unit one{"main", *protocol::ip_address::parse("10.0.0.1")};
const unit two{"main", *protocol::ip_address::parse("10.0.0.2")};
constexpr lease_times six{6000ms};
constexpr auto awake = 6600ms; // of voters that start at 0

lease_request ask(const std::string& node, token t, std::set<unit> units) {
  return {node, t, std::move(units), 0ms};
}

// -- voter --------------------------------------------------------------------

TEST(Voter, GivesNothingUntilWhatItGaveBeforeHasEnded) {
  voter v{"a", six, {}, 100ms};
  EXPECT_EQ(v.silent_until(), 6700ms);
  EXPECT_THAT(v.handle(ask("n", 1, {one}), 6699ms).granted, IsEmpty());
  EXPECT_THAT(v.handle(ask("n", 1, {one}), 6700ms).granted,
              UnorderedElementsAre(one));
}

TEST(Voter, GivesAUnitToOneAtATime) {
  voter v{"a", six, {}, 0ms};
  EXPECT_FALSE(v.holder_of(one, awake));
  EXPECT_EQ(v.handle(ask("n", 1, {one}), awake).granted.size(), 1U);
  EXPECT_TRUE(v.take_changed());
  EXPECT_EQ(v.holder_of(one, awake), (grant_record{"n", 1}));
  const auto no = v.handle(ask("m", 2, {one, two}), awake + 6599ms);
  EXPECT_THAT(no.granted, UnorderedElementsAre(two));
  EXPECT_THAT(no.outdated, IsEmpty()); // a higher token would not help
  EXPECT_EQ(no.highest, 2U);
  EXPECT_EQ(v.handle(ask("m", 2, {one}), awake + 6600ms).granted.size(), 1U);
  EXPECT_EQ(v.holder_of(one, awake + 6600ms), (grant_record{"m", 2}));
}

TEST(Voter, MoreTimeChangesNothingOnDisk) {
  voter v{"a", six, {}, 0ms};
  v.handle(ask("n", 1, {one}), awake);
  EXPECT_TRUE(v.take_changed());
  EXPECT_EQ(v.handle(ask("n", 1, {one}), awake + 2s).granted.size(), 1U);
  EXPECT_FALSE(v.take_changed());
  EXPECT_THAT(v.handle(ask("m", 2, {one}), awake + 8s).granted, IsEmpty());
}

TEST(Voter, ATokenMustGrowWithEachChangeOfHands) {
  voter v{"a", six, {{one, {"m", 7}}}, 0ms};
  EXPECT_THAT(v.handle(ask("n", 7, {one}), awake).granted, IsEmpty());
  const auto no = v.handle(ask("n", 7, {one}), awake);
  EXPECT_THAT(no.outdated, UnorderedElementsAre(one));
  EXPECT_EQ(no.highest, 7U);
  EXPECT_FALSE(v.take_changed());
  EXPECT_EQ(v.handle(ask("n", 8, {one}), awake).granted.size(), 1U);
  // What was sent before that, and comes only now.
  EXPECT_THAT(v.handle(ask("n", 7, {one}), awake).granted, IsEmpty());
  EXPECT_THAT(v.handle(ask("m", 7, {one}), awake + 1h).granted, IsEmpty());
}

TEST(Voter, WhatIsGivenBackIsFreeAtOnce) {
  voter v{"a", six, {}, 0ms};
  v.handle(ask("n", 3, {one, two}), awake);
  v.handle(lease_release{"m", 3, {one}}); // not m's to give
  EXPECT_TRUE(v.holder_of(one, awake));
  v.handle(lease_release{"n", 2, {one}}); // of an earlier time
  EXPECT_TRUE(v.holder_of(one, awake));
  v.handle(lease_release{"n", 3, {one}});
  EXPECT_FALSE(v.holder_of(one, awake));
  EXPECT_TRUE(v.holder_of(two, awake));
  // A request from before the release does not bring it back.
  EXPECT_THAT(v.handle(ask("n", 3, {one}), awake).granted, IsEmpty());
  EXPECT_EQ(v.handle(ask("m", 4, {one}), awake).granted.size(), 1U);
}

// -- holder -------------------------------------------------------------------

class Holder : public testing::Test {
protected:
  lease_answer yes(const std::string& who, milliseconds asked,
                   std::set<unit> units = {one}) {
    return {who, asked, h.token(), std::move(units), {}, h.token()};
  }
  holder h{"n", six, {"a", "b", "c"}, 4};
};

TEST_F(Holder, HoldsByTheWordOfAMajorityFromWhenItAsked) {
  h.acquire({one}, 0ms);
  EXPECT_TRUE(h.take_token_changed());
  EXPECT_EQ(h.request(100ms), (lease_request{"n", 5, {one}, 100ms}));
  h.handle(yes("a", 100ms));
  h.handle(yes("a", 150ms));
  EXPECT_FALSE(h.held_until(one));
  h.handle(yes("stranger", 150ms));
  EXPECT_FALSE(h.held_until(one));
  h.handle(yes("b", 120ms));
  EXPECT_EQ(h.held_until(one), 6120ms); // a would be good for longer
  EXPECT_TRUE(h.holds(one, 6119ms));
  EXPECT_FALSE(h.holds(one, 6120ms));
  h.handle(yes("c", 300ms));
  EXPECT_EQ(h.held_until(one), 6150ms);
  EXPECT_FALSE(h.holds(two, 200ms));
}

TEST_F(Holder, TellsOnceOfWhatHasLapsedAndWantsItNoMore) {
  h.acquire({one, two}, 0ms);
  h.handle(yes("a", 0ms, {one, two}));
  EXPECT_THAT(h.lapsed(1s), IsEmpty()); // it was never held
  h.handle(yes("b", 0ms, {one}));
  EXPECT_THAT(h.lapsed(5999ms), IsEmpty());
  EXPECT_THAT(h.lapsed(6s), UnorderedElementsAre(one));
  EXPECT_THAT(h.lapsed(6s), IsEmpty());
  EXPECT_THAT(h.wanted(), UnorderedElementsAre(two));
  h.handle(yes("c", 0ms, {one})); // too late
  EXPECT_FALSE(h.held_until(one));
}

TEST_F(Holder, GivesUpAtOnce) {
  h.acquire({one, two}, 0ms);
  h.handle(yes("a", 0ms, {one, two}));
  h.handle(yes("b", 0ms, {one, two}));
  const auto before = h.token();
  EXPECT_EQ(h.give_up({one}), (lease_release{"n", before, {one}}));
  EXPECT_FALSE(h.holds(one, 1ms));
  EXPECT_TRUE(h.holds(two, 1ms));
  const auto late = yes("c", 0ms);
  h.acquire({one}, 0ms);
  EXPECT_GT(h.token(), before);
  h.handle(late); // of the time before
  EXPECT_FALSE(h.held_until(one));
}

TEST_F(Holder, RaisesItsTokenAboveWhatVotersKnow) {
  h.acquire({one}, 0ms);
  h.take_token_changed();
  h.handle({"a", 0ms, 5, {}, {one}, 40});
  EXPECT_EQ(h.token(), 41U);
  EXPECT_TRUE(h.take_token_changed());
  // Somebody has it: a higher token would be of no use.
  h.handle({"a", 0ms, 41, {}, {}, 90});
  EXPECT_EQ(h.token(), 41U);
  h.handle({"b", 0ms, 41, {}, {two}, 90}); // not wanted
  EXPECT_EQ(h.token(), 41U);
  EXPECT_FALSE(h.take_token_changed());
}

TEST_F(Holder, WhoTriesInVainForALeaseGivesUp) {
  h.acquire({one, two}, 500ms);
  h.handle(yes("a", 500ms, {one}));
  h.handle(yes("a", 600ms, {two}));
  h.handle(yes("b", 600ms, {two}));
  EXPECT_THAT(h.in_vain(6499ms), IsEmpty());
  EXPECT_THAT(h.in_vain(6500ms), UnorderedElementsAre(one));
  h.give_up({one});
  EXPECT_THAT(h.in_vain(6500ms), IsEmpty());
}

TEST_F(Holder, AVoterThatDoesNotRunSpeaksForWhatIsHeld) {
  h.acquire({one, two}, 0ms);
  h.handle(yes("a", 0ms, {one, two}));
  h.note_absent("b", 10ms); // nothing is held yet
  EXPECT_FALSE(h.held_until(one));
  h.handle(yes("b", 0ms, {one}));
  h.handle(yes("a", 5000ms));
  h.note_absent("c", 5000ms);
  h.note_absent("stranger", 5000ms);
  EXPECT_EQ(h.held_until(one), 11000ms);
  EXPECT_FALSE(h.held_until(two));
  h.handle(yes("a", 12s));
  h.note_absent("c", 11s); // too late: it had ended
  EXPECT_EQ(h.held_until(one), 11s);
}

} // namespace
} // namespace troupe::cluster
