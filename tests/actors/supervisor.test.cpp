#include "tests/actors/supervisor_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using test::end_it;
using test::perform;
using test::probe_actor;
using test::which;
using testing::ElementsAre;
using kind = child_event::kind_type;

class Supervisor : public test::supervisor_fixture {};

TEST_F(Supervisor, StartsChildrenInTheOrderOfAddition) {
  start_owner();
  add(spec("a"));
  add(spec("b"));
  EXPECT_THAT(take_journal(), ElementsAre("+a", "+b"));
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[0].kind, kind::started);
  EXPECT_EQ(events_[0].id, "a");
  EXPECT_EQ(events_[0].incarnation, 1U);
  EXPECT_EQ(caf::actor_cast<probe_actor>(events_[0].handle), find("a"));
}

TEST_F(Supervisor, RefusesAnIdThatIsTaken) {
  start_owner();
  add(spec("a"));
  with([&](supervisor& s) { EXPECT_FALSE(s.add(spec("a"))); });
  EXPECT_THAT(take_journal(), ElementsAre("+a"));
}

TEST_F(Supervisor, RestartsAFailedChildAfterTheBackOffAndNotBefore) {
  start_owner();
  add(spec("a"));
  add(spec("b"));
  take_journal();
  crash("a");
  EXPECT_EQ(find("a"), nullptr);
  EXPECT_EQ(info("a").phase, child_phase::waiting);
  advance(99ms);
  EXPECT_THAT(take_journal(), ElementsAre("-a"));
  advance(1ms);
  EXPECT_THAT(take_journal(), ElementsAre("+a"));
  EXPECT_EQ(ask<int>(find("a"), which{}), 2);
  EXPECT_EQ(info("b").incarnation, 1U);
}

TEST_F(Supervisor, LetsHandlesToTheOldIncarnationFail) {
  start_owner();
  add(spec("a"));
  auto old = find("a");
  crash("a");
  advance(1s);
  EXPECT_THROW(ask<int>(old, which{}), std::runtime_error);
  EXPECT_NE(find("a"), old);
}

TEST_F(Supervisor, KeepsReasonsAndCountsRestarts) {
  start_owner();
  add(spec("a"));
  crash("a", "first");
  advance(1s);
  crash("a", "second");
  advance(1s);
  auto a = info("a");
  ASSERT_EQ(a.ends.size(), 2U);
  EXPECT_EQ(a.ends[0].reason, "first");
  EXPECT_EQ(a.ends[1].reason, "second");
  EXPECT_EQ(a.ends[1].at - a.ends[0].at, 1s);
  EXPECT_EQ(a.restarts, 2U);
  EXPECT_EQ(a.incarnation, 3U);
  auto shown = registry_.find("router.owner/session.a")->snapshot({});
  EXPECT_EQ(shown.restarts, 2U);
  EXPECT_EQ(shown.last_restart_reason, "second");
}

TEST_F(Supervisor, KeepsNoMoreThanTheLastEightReasons) {
  options_.intensity.restarts = intensity::unlimited;
  start_owner();
  add(spec("a"));
  for (int i = 0; i < 10; ++i) {
    crash("a", std::to_string(i));
    advance(1min);
  }
  auto a = info("a");
  ASSERT_EQ(a.ends.size(), 8U);
  EXPECT_EQ(a.ends.front().reason, "2");
  EXPECT_EQ(a.ends.back().reason, "9");
}

TEST_F(Supervisor, DoublesTheBackOffUpToTheLongest) {
  options_.backoff = {100ms, 1s, 0, 60s};
  options_.intensity.restarts = intensity::unlimited;
  start_owner();
  add(spec("a"));
  for (int i = 0; i < 6; ++i) {
    crash("a");
    advance(1s);
  }
  EXPECT_THAT(delays(), ElementsAre(100, 200, 400, 800, 1000, 1000));
}

TEST_F(Supervisor, BeginsAgainWithTheFirstBackOffAfterAQuietTime) {
  options_.backoff = {100ms, 10s, 0, 5s};
  start_owner();
  add(spec("a"));
  crash("a");
  advance(1s);
  crash("a");
  advance(6s);
  crash("a");
  EXPECT_THAT(delays(), ElementsAre(100, 200, 100));
}

TEST_F(Supervisor, JittersTheBackOffWithinItsBounds) {
  options_.backoff = {1000ms, 1000ms, 0.25, 60s};
  options_.intensity.restarts = intensity::unlimited;
  start_owner();
  add(spec("a"));
  for (int i = 0; i < 50; ++i) {
    crash("a");
    advance(1s);
  }
  auto all = delays();
  ASSERT_EQ(all.size(), 50U);
  auto [least, most] = std::minmax_element(all.begin(), all.end());
  EXPECT_GE(*least, 750);
  EXPECT_LE(*most, 1000);
  EXPECT_LT(*least, 800);
  EXPECT_GT(*most, 950);
}

TEST_F(Supervisor, RestartsOnlyFailuresWhereThePolicySaysSo) {
  start_owner();
  auto a = spec("a");
  a.restart = restart_policy::on_failure;
  add(a);
  crash("a");
  advance(1s);
  EXPECT_EQ(info("a").incarnation, 2U);
  crash("a", ""); // ends orderly
  advance(1s);
  EXPECT_EQ(info("a").phase, child_phase::ended);
  EXPECT_EQ(info("a").incarnation, 2U);
}

TEST_F(Supervisor, RestartsEveryEndWhereThePolicySaysSo) {
  start_owner();
  add(spec("a"));
  crash("a", "");
  advance(1s);
  EXPECT_EQ(info("a").incarnation, 2U);
}

TEST_F(Supervisor, NeverRestartsWhereThePolicySaysSo) {
  start_owner();
  auto a = spec("a");
  a.restart = restart_policy::never;
  add(a);
  crash("a");
  advance(1min);
  EXPECT_EQ(info("a").phase, child_phase::ended);
  EXPECT_EQ(info("a").incarnation, 1U);
  with([](supervisor& s) { EXPECT_TRUE(s.restart("a")); });
  EXPECT_EQ(info("a").incarnation, 2U);
}

TEST_F(Supervisor, RestartsAllWithOneForAll) {
  options_.strategy = restart_strategy::one_for_all;
  start_owner();
  for (auto id : {"a", "b", "c"})
    add(spec(id));
  take_journal();
  crash("b");
  EXPECT_THAT(take_journal(), ElementsAre("-b", "-c", "-a"));
  advance(99ms);
  EXPECT_THAT(take_journal(), ElementsAre());
  advance(1ms);
  EXPECT_THAT(take_journal(), ElementsAre("+a", "+b", "+c"));
  EXPECT_EQ(registry_.find("router.owner/session.c")
                ->snapshot({})
                .last_restart_reason,
            "restart of b");
}

TEST_F(Supervisor, RestartsThoseBehindWithRestForOne) {
  options_.strategy = restart_strategy::rest_for_one;
  start_owner();
  for (auto id : {"a", "b", "c", "d"})
    add(spec(id));
  take_journal();
  crash("b");
  advance(1s);
  EXPECT_THAT(take_journal(), ElementsAre("-b", "-d", "-c", "+b", "+c", "+d"));
  EXPECT_EQ(info("a").incarnation, 1U);
}

TEST_F(Supervisor, StartsNothingBehindAChildThatCannotBeStarted) {
  options_.strategy = restart_strategy::rest_for_one;
  start_owner();
  auto refuses = std::make_shared<bool>(true);
  auto a = spec("a");
  a.start = [real = a.start, refuses] {
    if (*refuses)
      throw std::runtime_error("no port");
    return real();
  };
  add(a);
  add(spec("b"));
  advance(200ms);
  EXPECT_THAT(take_journal(), ElementsAre());
  EXPECT_EQ(info("a").ends.back().reason, "no port");
  EXPECT_EQ(info("b").phase, child_phase::waiting);
  *refuses = false;
  advance(1s);
  EXPECT_THAT(take_journal(), ElementsAre("+a", "+b"));
}

TEST_F(Supervisor, LeavesAChildDownThatMayNotTakePartInASiblingsRestart) {
  options_.strategy = restart_strategy::one_for_all;
  start_owner();
  add(spec("a"));
  auto b = spec("b");
  b.restart = restart_policy::never;
  add(b);
  crash("a");
  advance(1s);
  EXPECT_EQ(info("a").incarnation, 2U);
  EXPECT_EQ(info("b").phase, child_phase::ended);
}

TEST_F(Supervisor, EscalatesAfterTooManyFailures) {
  options_.intensity = {3, 60s};
  start_owner();
  add(spec("a"));
  add(spec("b"));
  add(spec("c"));
  for (int i = 0; i < 3; ++i) {
    crash("b", "no luck");
    advance(1s);
  }
  EXPECT_TRUE(owner_lives());
  take_journal();
  crash("b", "no luck");
  EXPECT_FALSE(owner_lives());
  EXPECT_THAT(take_journal(), ElementsAre("-b", "-c", "-a"));
  EXPECT_EQ(owner_now().last_end_reason, "b failed too often: no luck");
  EXPECT_EQ(std::count_if(events_.begin(), events_.end(),
                          [](auto& e) { return e.kind == kind::escalated; }),
            1);
}

TEST_F(Supervisor, ForgetsFailuresThatAreLongAgo) {
  options_.intensity = {2, 10s};
  start_owner();
  add(spec("a"));
  for (int i = 0; i < 20; ++i) {
    crash("a");
    advance(6s);
  }
  EXPECT_TRUE(owner_lives());
}

TEST_F(Supervisor, CountsFailuresOfEachChildByItself) {
  options_.intensity = {2, 60s};
  start_owner();
  for (auto id : {"a", "b", "c"})
    add(spec(id));
  for (auto id : {"a", "b", "c", "a", "b", "c"}) {
    crash(id);
    advance(1s);
  }
  EXPECT_TRUE(owner_lives());
}

TEST_F(Supervisor, GivesAChildUpWhereItMayNotEscalate) {
  options_.intensity = {1, 60s};
  start_owner();
  auto a = spec("a");
  a.limit = at_limit::give_up;
  add(a);
  add(spec("b"));
  crash("a");
  advance(1s);
  crash("a");
  advance(1h);
  EXPECT_TRUE(owner_lives());
  EXPECT_EQ(info("a").phase, child_phase::given_up);
  EXPECT_EQ(events_.back().kind, kind::gave_up);
  with([](supervisor& s) { EXPECT_TRUE(s.restart("a")); });
  EXPECT_EQ(info("a").phase, child_phase::running);
  crash("a");
  advance(1s);
  EXPECT_EQ(info("a").phase, child_phase::running) << "it begins anew";
}

TEST_F(Supervisor, TakesAnExceptionOfAStartFunctionAsAFailure) {
  options_.intensity = {2, 60s};
  start_owner();
  auto a = spec("a");
  a.start = []() -> caf::strong_actor_ptr {
    throw std::runtime_error("no memory");
  };
  add(a);
  advance(10s);
  EXPECT_FALSE(owner_lives());
  EXPECT_EQ(owner_now().last_end_reason, "a failed too often: no memory");
  EXPECT_THAT(delays(), ElementsAre(100, 200));
}

} // namespace
} // namespace troupe::actors
