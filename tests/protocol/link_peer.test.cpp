#include "protocol/fsm/link_peer.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace troupe::protocol::fsm {
namespace {

using namespace std::chrono_literals;
using hearing = link_peer::hearing;

const ip_address one = *ip_address::parse("fe80::1");
const ip_address two = *ip_address::parse("fe80::2");
const ip_address three = *ip_address::parse("fe80::3");

} // namespace

TEST(LinkPeer,
     AdvertisesAtOnceAndThenWithinTheIntervals) { // RFC 4861 §6.2.1, §6.2.4
  link_peer link{7};
  EXPECT_FALSE(link.advance(0ms).advertise); // there is no link yet
  link.begin(100ms);
  EXPECT_TRUE(link.advance(100ms).advertise);
  milliseconds last = 100ms;
  std::set<milliseconds> intervals;
  for (auto now = 101ms; now < 300s; now += 1ms) {
    if (!link.advance(now).advertise)
      continue;
    EXPECT_GE(now - last, 3333ms);
    EXPECT_LE(now - last, 10s);
    intervals.insert(now - last);
    last = now;
  }
  EXPECT_LE(300s - last, 10s);
  EXPECT_GT(intervals.size(), 10U); // no two links keep in step
}

TEST(LinkPeer, WhatCouldNotBeSentIsDueAgain) {
  link_peer link{7};
  link.begin(0ms);
  ASSERT_TRUE(link.advance(0ms).advertise);
  link.not_sent();
  EXPECT_TRUE(link.advance(1s).advertise);
  EXPECT_FALSE(link.advance(2s).advertise);
}

TEST(LinkPeer, IsTheFirstRouterThatIsHeard) {
  link_peer link{7};
  link.begin(0ms);
  EXPECT_FALSE(link.address());
  EXPECT_EQ(link.hear(one, {}, 1s), hearing::found);
  EXPECT_EQ(link.hear(one, {}, 2s), hearing::known);
  EXPECT_EQ(link.address(), one);
  // A second one is told of once, and does not take its place.
  EXPECT_EQ(link.hear(two, {}, 3s), hearing::stranger);
  EXPECT_EQ(link.hear(two, {}, 4s), hearing::ignored);
  EXPECT_EQ(link.hear(three, {}, 5s), hearing::ignored);
  EXPECT_EQ(link.address(), one);
}

TEST(LinkPeer, IsLostWhenItIsSilent) {
  link_peer link{7};
  link.begin(0ms);
  link.hear(one, {}, 0ms);
  link.hear(one, {}, 10s);
  EXPECT_FALSE(link.advance(39'999ms).lost);
  EXPECT_TRUE(link.advance(40s).lost);
  EXPECT_FALSE(link.address());
  EXPECT_FALSE(link.advance(41s).lost); // once
  EXPECT_EQ(link.hear(two, {}, 42s), hearing::found);
  EXPECT_EQ(link.address(), two);
}

TEST(LinkPeer, IsHeldForAsLongAsItSays) {
  link_peer link{7};
  link.begin(0ms);
  link.hear(one, {1800s}, 0ms);
  EXPECT_FALSE(link.advance(1799s).lost);
  EXPECT_TRUE(link.advance(1800s).lost);
}

TEST(LinkPeer, GivesItsPlaceToAnotherWhenItIsSilent) {
  link_peer link{7};
  link.begin(0ms);
  link.hear(one, {}, 0ms);
  EXPECT_EQ(link.hear(two, {}, 29s), hearing::stranger);
  // Nobody had asked in between.
  EXPECT_EQ(link.hear(two, {}, 31s), hearing::found);
  EXPECT_EQ(link.address(), two);
}

TEST(LinkPeer, GoesWithItsLink) {
  link_peer link{7};
  link.begin(0ms);
  link.hear(one, {}, 0ms);
  link.end();
  EXPECT_FALSE(link.address());
  EXPECT_FALSE(link.advance(60s).advertise);
  link.begin(61s);
  EXPECT_TRUE(link.advance(61s).advertise);
  EXPECT_EQ(link.hear(two, {}, 61s), hearing::found);
}

RC_GTEST_PROP(LinkPeer, HasAtMostOnePeerWhateverIsHeard,
              (std::uint64_t seed,
               const std::vector<std::pair<std::uint8_t, std::uint16_t>>& in)) {
  link_peer link{seed};
  link.begin(0ms);
  milliseconds now{0};
  for (const auto& [who, after] : in) {
    now += milliseconds{after};
    const auto before = link.address();
    const auto from = who % 2 == 0 ? one : two;
    const auto heard = link.hear(from, {}, now);
    RC_ASSERT(link.address().has_value());
    if (heard == hearing::found)
      RC_ASSERT(link.address() == from);
    else
      RC_ASSERT(link.address() == before);
    if (after % 3 == 0)
      RC_ASSERT(!link.advance(now).lost);
  }
}

} // namespace troupe::protocol::fsm
