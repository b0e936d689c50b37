#include "tests/protocol/fsm_driver.hpp"
#include "tests/protocol/fsm_watcher.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

namespace troupe::protocol::fsm::test {

namespace {

using bytes = std::vector<std::uint8_t>;

/// What one run has seen.
struct outcome_of_run {
  std::vector<action> all;
  session_fsm machine;
  watcher seen;
};

/// Drives a machine by the bytes, under the eyes of a watcher.
outcome_of_run drive(const bytes& input, std::uint64_t seed) {
  byte_source in{input};
  outcome_of_run r{{}, session_fsm{drawn_settings(in), seed}, {}};
  while (!in.empty() && !r.seen.complaint()) {
    const auto e = drawn_event(r.machine, in);
    const auto actions = r.machine.handle(e);
    r.seen.observe(e, actions, r.machine);
    r.all.insert(r.all.end(), actions.begin(), actions.end());
  }
  return r;
}

/// Long enough for several sessions; RapidCheck shrinks it.
bytes drawn_bytes() {
  const auto size = *rc::gen::inRange<std::size_t>(16, 600);
  return *rc::gen::container<bytes>(size, rc::gen::arbitrary<std::uint8_t>());
}

TEST(FsmProperties, KeepsItsInvariantsWhateverHappens) {
  EXPECT_TRUE(rc::check([] {
    const auto r = drive(drawn_bytes(), 7);
    if (r.seen.complaint())
      RC_FAIL(*r.seen.complaint());
    RC_CLASSIFY(r.seen.times_established() > 0, "established");
    RC_CLASSIFY(r.machine.statistics().collisions > 0, "collided");
  }));
}

TEST(FsmProperties, RandomRunsReachEveryState) {
  std::array<std::uint64_t, state_count> entries{};
  random_source random{1};
  for (int run = 0; run < 200; ++run) {
    bytes input(600);
    for (auto& b : input)
      b = static_cast<std::uint8_t>(random.next());
    const auto r = drive(input, 1);
    ASSERT_FALSE(r.seen.complaint()) << *r.seen.complaint();
    for (std::size_t i = 0; i < state_count; ++i)
      entries.at(i) += r.machine.statistics().transitions_to.at(i);
  }
  for (std::size_t i = 0; i < state_count; ++i)
    EXPECT_GE(entries.at(i), 20U) << log_name(static_cast<state>(i));
}

TEST(FsmProperties, GivesTheSameActionsForTheSameSeed) {
  EXPECT_TRUE(rc::check([] {
    const auto input = drawn_bytes();
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto a = drive(input, seed);
    const auto b = drive(input, seed);
    RC_ASSERT(a.all == b.all);
    RC_ASSERT(a.machine == b.machine);
  }));
}

TEST(FsmProperties, GoesOnFromACopyAsTheOriginalDoes) {
  EXPECT_TRUE(rc::check([] {
    const auto input = drawn_bytes();
    byte_source in{input};
    session_fsm machine{drawn_settings(in), 3};
    while (!in.empty()) {
      auto copy = machine;
      RC_ASSERT(copy == machine);
      const auto e = drawn_event(machine, in);
      RC_ASSERT(copy.handle(e) == machine.handle(e));
    }
  }));
}

TEST(FsmProperties, StaysIdleOnceItIsStoppedUntilItIsStarted) {
  EXPECT_TRUE(rc::check([] {
    const auto input = drawn_bytes();
    auto machine = drive(input, 5).machine;
    machine.handle(manual_stop{});
    byte_source in{input};
    while (!in.empty()) {
      const auto e = drawn_event(machine, in);
      if (e == event{manual_start{}})
        continue;
      machine.handle(e);
      RC_ASSERT(machine.current() == state::idle);
      RC_ASSERT(machine.stopped());
    }
  }));
}

} // namespace

} // namespace troupe::protocol::fsm::test
