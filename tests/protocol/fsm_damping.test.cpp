#include "tests/protocol/fsm_support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

// How long Idle lasts, and what jitter does to timers.
namespace troupe::protocol::fsm::test {

namespace {

/// Brings an idle machine to OpenSent and lets it fail; how long Idle lasts.
milliseconds pause_after_failure(session_fsm& machine) {
  if (machine.current() == state::idle)
    machine.handle(machine.stopped() ? event{manual_start{}}
                                     : event{idle_hold_expired{}});
  const auto actions = run(
      machine, {tcp_connection_confirmed{first}, keepalive_received{first}});
  return armed(actions, timer::idle_hold).value_or(0ms);
}

std::vector<milliseconds> pauses(const settings& s, int failures) {
  auto machine = fresh(s);
  std::vector<milliseconds> all;
  for (int i = 0; i < failures; ++i)
    all.push_back(pause_after_failure(machine));
  return all;
}

using durations = std::vector<milliseconds>;

// RFC 4271 §8.1.1: DampPeerOscillations
TEST(FsmDamping, DoublesTheIdleHoldTimeFromTheSecondFailureOn) {
  auto s = plain_settings();
  s.idle_hold = 5s;
  s.idle_hold_limit = 60s;
  EXPECT_EQ(pauses(s, 6), (durations{5s, 10s, 20s, 40s, 60s, 60s}));
}

TEST(FsmDamping, StartsFromASecondWhereNothingIsConfigured) {
  auto s = plain_settings();
  s.idle_hold = 0s;
  s.idle_hold_limit = 5s;
  EXPECT_EQ(pauses(s, 6), (durations{0s, 1s, 2s, 4s, 5s, 5s}));
}

TEST(FsmDamping, NeverWaitsLessThanConfigured) {
  auto s = plain_settings();
  s.idle_hold = 30s;
  s.idle_hold_limit = 10s;
  EXPECT_EQ(pauses(s, 3), (durations{30s, 30s, 30s}));
}

TEST(FsmDamping, CanBeSwitchedOff) {
  auto s = plain_settings();
  s.damp_peer_oscillations = false;
  EXPECT_EQ(pauses(s, 3), (durations{10s, 10s, 10s}));
}

TEST(FsmDamping, SurvivesAThousandFailuresAndTheLongestTimes) {
  auto s = plain_settings();
  s.idle_hold = milliseconds::max();
  s.idle_hold_limit = milliseconds::max();
  s.connect_retry = milliseconds::max();
  s.open_hold_time = milliseconds::max();
  auto machine = fresh(s);
  for (int i = 0; i < 2000; ++i)
    EXPECT_GT(pause_after_failure(machine), 0s);
  EXPECT_EQ(machine.connect_retry_counter(), 2000U);
}

TEST(FsmDamping, JittersTheDampedTime) {
  auto s = plain_settings();
  s.idle_hold_jitter = {0.5, 1.0};
  const auto all = pauses(s, 3);
  const durations full{10s, 20s, 40s};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GE(all[i], full[i] / 2);
    EXPECT_LE(all[i], full[i]);
  }
}

/// A session with three failures behind it that is Established again.
session_fsm shaky() {
  auto machine = fresh();
  for (int i = 0; i < 3; ++i)
    pause_after_failure(machine);
  run(machine, {idle_hold_expired{}, tcp_connection_confirmed{first},
                open_received{first, peer_open()}, keepalive_received{first},
                session_set_up{first}});
  return machine;
}

TEST(FsmDamping, GoesOnWhenASessionFailsBeforeItIsStable) {
  auto machine = shaky();
  const auto actions = machine.handle(tcp_connection_failed{first});
  EXPECT_EQ(armed(actions, timer::idle_hold), 80s);
}

TEST(FsmDamping, EndsWhenTheSessionIsStable) {
  auto machine = shaky();
  machine.handle(stable_expired{});
  const auto actions = machine.handle(tcp_connection_failed{first});
  EXPECT_EQ(armed(actions, timer::idle_hold), 10s);
}

TEST(FsmDamping, TakesASessionForStableAtOnceIfToldSo) {
  auto s = plain_settings();
  s.stable_time = 0s;
  auto machine = in_established(s);
  EXPECT_EQ(machine.failures_in_a_row(), 0U);
  for (const auto& t : machine.timers())
    EXPECT_FALSE(t.which == timer::stable && t.armed);
}

TEST(FsmDamping, EndsWithAReset) {
  auto machine = shaky();
  const auto actions = machine.handle(reset{});
  EXPECT_EQ(armed(actions, timer::idle_hold), 10s);
  EXPECT_EQ(machine.failures_in_a_row(), 0U);
}

TEST(FsmDamping, EndsWithAManualStart) {
  auto machine = shaky();
  machine.handle(tcp_connection_failed{first});
  machine.handle(manual_start{});
  EXPECT_EQ(machine.current(), state::connect);
  EXPECT_EQ(machine.connect_retry_counter(), 0U);
  EXPECT_EQ(pause_after_failure(machine), 10s);
}

TEST(FsmDamping, DampsAPeerThatRefusesOurVersionWithoutCountingIt) {
  auto machine = in_open_sent();
  const wire::notification_message version{
      notification_code::open_message_error, 1, {0, 4}};
  machine.handle(notification_received{first, version});
  EXPECT_EQ(machine.current(), state::idle);
  EXPECT_EQ(machine.connect_retry_counter(), 0U); // RFC 4271 §8.2.2, event 24
  EXPECT_EQ(machine.failures_in_a_row(), 1U);
}

// -- jitter (RFC 4271 §10) ----------------------------------------------------

TEST(FsmJitter, StaysWithinItsBoundsAndFillsThem) {
  auto s = plain_settings();
  s.connect_retry = 1000ms;
  s.connect_retry_jitter = {0.75, 1.0};
  std::set<milliseconds> seen;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    session_fsm machine{s, seed};
    const auto actions = machine.handle(manual_start{});
    seen.insert(*armed(actions, timer::connect_retry));
  }
  EXPECT_GE(*seen.begin(), 750ms);
  EXPECT_LE(*seen.rbegin(), 1000ms);
  EXPECT_LT(*seen.begin(), 760ms);
  EXPECT_GT(*seen.rbegin(), 990ms);
  EXPECT_GT(seen.size(), 200U);
}

TEST(FsmJitter, PicksANewValueEachTimeATimerIsSet) {
  auto s = plain_settings();
  s.connect_retry_jitter = {0.75, 1.0};
  auto machine = in_connect(s);
  std::set<milliseconds> seen;
  for (int i = 0; i < 50; ++i)
    seen.insert(
        *armed(machine.handle(connect_retry_expired{}), timer::connect_retry));
  EXPECT_GT(seen.size(), 40U);
}

TEST(FsmJitter, AppliesToKeepalivesIfConfigured) {
  auto s = plain_settings();
  auto machine = in_established(s);
  EXPECT_EQ(armed(machine.handle(keepalive_expired{first}), timer::keepalive),
            30s);
  s.keepalive_jitter = {0.5, 0.5};
  machine.reconfigure(s);
  EXPECT_EQ(armed(machine.handle(keepalive_expired{first}), timer::keepalive),
            15s);
}

TEST(FsmJitter, TakesAnyRangeWithoutHarm) {
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  constexpr auto infinite = std::numeric_limits<double>::infinity();
  random_source random{1};
  EXPECT_EQ(random.jittered(100ms, {2.0, 2.0}), 200ms);
  EXPECT_EQ(random.jittered(100ms, {-1.0, -2.0}), 0ms);
  EXPECT_EQ(random.jittered(100ms, {nan, nan}), 0ms);
  EXPECT_EQ(random.jittered(0ms, {0.5, infinite}), 0ms);
  for (int i = 0; i < 100; ++i) {
    const auto swapped = random.jittered(100ms, {1.0, 0.5});
    EXPECT_GE(swapped, 50ms);
    EXPECT_LE(swapped, 100ms);
    EXPECT_GE(random.jittered(milliseconds::max(), {0.0, infinite}), 0ms);
  }
}

TEST(FsmJitter, DrawsNothingForASingleValue) {
  random_source random{5};
  const auto before = random;
  EXPECT_EQ(random.jittered(1s, {1.0, 1.0}), 1s);
  EXPECT_EQ(random, before);
}

TEST(FsmRandom, GivesTheKnownNumbersOfItsAlgorithm) {
  // The first outputs of splitmix64 from state 1234567.
  random_source random{1234567};
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(FsmRandom, FillsTheUnitIntervalEvenly) {
  random_source random{9};
  double sum = 0.0;
  for (int i = 0; i < 10000; ++i) {
    const double x = random.next_fraction();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
    sum += x;
  }
  EXPECT_NEAR(sum / 10000.0, 0.5, 0.02);
}

} // namespace

} // namespace troupe::protocol::fsm::test
