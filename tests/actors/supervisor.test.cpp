#include "actors/supervisor/supervisor.hpp"

#include "actors/actor_registry.hpp"
#include "tests/actors/supervisor_probe.hpp"
#include "tests/support/caf_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using test::end_it;
using test::owner_actor;
using test::perform;
using test::probe;
using test::probe_actor;
using test::which;
using testing::ElementsAre;
using kind = child_event::kind_type;

class Supervisor : public test::caf_fixture {
protected:
  void SetUp() override { options_.backoff.jitter = 0; }

  void start_owner() {
    options_.on_event = [this](const child_event& event) {
      events_.push_back(event);
      if (then_)
        then_(event);
    };
    owner_ = own(system().spawn<test::owner>(
        registry_.add("", actor_kind::router, "owner"), options_));
    settle();
  }

  /// A probe as a child; its incarnation counts the starts.
  child_spec spec(const std::string& id, bool ignores_exit = false) {
    auto cell = registry_.add("router.owner", actor_kind::session, id);
    auto starts = std::make_shared<int>(0);
    child_spec result;
    result.id = id;
    result.cell = cell;
    result.start = starter([this, id, cell, starts, ignores_exit] {
      return system().spawn<probe>(
          cell, test::probe_options{id, ++*starts, journal_, ignores_exit});
    });
    return result;
  }

  /// Runs something on the supervisor, in its owner's context.
  void with(std::function<void(supervisor&)> what) {
    caf::anon_send(owner_, perform{std::move(what)});
    settle();
  }
  void add(child_spec s) {
    with([s](supervisor& sup) { EXPECT_TRUE(sup.add(s)); });
  }
  probe_actor find(const std::string& id) {
    probe_actor found;
    with([&](supervisor& s) { found = s.find_as<probe_actor>(id); });
    return found;
  }
  void crash(const std::string& id, const std::string& why = "boom") {
    caf::anon_send(find(id), end_it{why});
    settle();
  }
  child_info info(const std::string& id) {
    std::optional<child_info> found;
    with([&](supervisor& s) {
      for (auto& child : s.children())
        if (child.id == id)
          found = child;
    });
    EXPECT_TRUE(found) << id;
    return found.value_or(child_info{});
  }
  std::vector<std::string> take_journal() {
    return std::exchange(*journal_, {});
  }
  /// The delays of all restarts so far, in milliseconds.
  std::vector<std::int64_t> delays() const {
    std::vector<std::int64_t> result;
    for (auto& event : events_)
      if (event.kind == kind::restart_scheduled)
        result.push_back(event.delay / 1ms);
    return result;
  }
  actor_snapshot owner_now() {
    return registry_.find("router.owner")->snapshot({});
  }
  bool owner_lives() { return owner_now().alive; }

  actor_registry registry_;
  supervisor_options options_;
  std::vector<child_event> events_;
  std::function<void(const child_event&)> then_;
  test::journal journal_ = std::make_shared<std::vector<std::string>>();
  owner_actor owner_;
};

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

// -- stopping -----------------------------------------------------------------

TEST_F(Supervisor, StopsChildrenInReverseOrderOneAfterTheOther) {
  start_owner();
  for (auto id : {"a", "b", "c"})
    add(spec(id));
  take_journal();
  caf::anon_send_exit(owner_, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_THAT(take_journal(), ElementsAre("-c", "-b", "-a"));
  EXPECT_FALSE(owner_lives());
  EXPECT_EQ(owner_now().last_end_reason, "user_shutdown");
}

TEST_F(Supervisor, WaitsForAChildAndKillsItAfterItsTime) {
  start_owner();
  add(spec("a"));
  auto stubborn = spec("b", true);
  stubborn.stop_timeout = 2s;
  add(stubborn);
  add(spec("c"));
  take_journal();
  caf::anon_send_exit(owner_, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_THAT(take_journal(), ElementsAre("-c"));
  advance(1999ms);
  EXPECT_THAT(take_journal(), ElementsAre());
  advance(1ms);
  EXPECT_THAT(take_journal(), ElementsAre("-b", "-a"));
  EXPECT_FALSE(owner_lives());
  EXPECT_EQ(elapsed(), 2s);
}

TEST_F(Supervisor, StopsAGroupAtOnce) {
  start_owner();
  add(spec("a"));
  for (auto id : {"b", "c", "d"}) {
    auto member = spec(id, true);
    member.stop_group = 1;
    member.stop_timeout = 1s;
    add(member);
  }
  take_journal();
  caf::anon_send_exit(owner_, caf::exit_reason::user_shutdown);
  advance(1s);
  EXPECT_THAT(take_journal(), ElementsAre("-b", "-c", "-d", "-a"));
  EXPECT_EQ(elapsed(), 1s) << "not 3 s";
}

TEST_F(Supervisor, GivesUpOnAChildThatNothingEnds) {
  start_owner();
  caf::scoped_actor deaf{system()}; // reads no message, so it never ends
  child_spec s;
  s.id = "deaf";
  s.stop_timeout = 1s;
  s.start = [&deaf] { return caf::actor_cast<caf::strong_actor_ptr>(deaf); };
  add(s);
  caf::anon_send_exit(owner_, caf::exit_reason::user_shutdown);
  advance(5999ms);
  EXPECT_TRUE(owner_lives());
  advance(1ms);
  EXPECT_FALSE(owner_lives());
}

TEST_F(Supervisor, StartsNothingWhileItStops) {
  start_owner();
  add(spec("a", true));
  add(spec("b"));
  crash("b");
  with([](supervisor& s) { s.stop([] {}); });
  take_journal();
  with([&](supervisor& s) {
    EXPECT_FALSE(s.add(spec("c")));
    EXPECT_FALSE(s.restart("a"));
    EXPECT_FALSE(s.replace(spec("a")));
  });
  advance(4s);
  EXPECT_THAT(take_journal(), ElementsAre());
}

TEST_F(Supervisor, SaysAtOnceThatItStoppedWhenNothingRuns) {
  start_owner();
  int told = 0;
  with([&](supervisor& s) { s.stop([&] { ++told; }); });
  EXPECT_EQ(told, 1);
  with([&](supervisor& s) { s.stop([&] { ++told; }); });
  EXPECT_EQ(told, 2);
}

TEST_F(Supervisor, KillsItsChildrenWhenItsOwnerIsKilled) {
  start_owner();
  add(spec("a", true));
  add(spec("b"));
  take_journal();
  caf::anon_send_exit(owner_, caf::exit_reason::kill);
  settle();
  EXPECT_THAT(take_journal(), testing::UnorderedElementsAre("-a", "-b"));
}

TEST_F(Supervisor, KillsItsChildrenWhenItsOwnerThrows) {
  start_owner();
  add(spec("a", true));
  take_journal();
  caf::anon_send(owner_, perform{[](supervisor&) {
                   throw std::runtime_error("owner's mistake");
                 }});
  settle();
  EXPECT_THAT(take_journal(), ElementsAre("-a"));
  EXPECT_EQ(owner_now().last_end_reason, "owner's mistake");
}

// -- changes at run time ------------------------------------------------------

TEST_F(Supervisor, RemovesAChildAndForgetsIt) {
  start_owner();
  add(spec("a"));
  add(spec("b"));
  with([](supervisor& s) {
    EXPECT_TRUE(s.remove("a"));
    EXPECT_FALSE(s.remove("x"));
  });
  with([](supervisor& s) { EXPECT_FALSE(s.contains("a")); });
  EXPECT_EQ(events_.back().kind, kind::removed);
  EXPECT_THAT(take_journal(), ElementsAre("+a", "+b", "-a"));
  advance(1h);
  EXPECT_THAT(take_journal(), ElementsAre());
}

TEST_F(Supervisor, DoesNotLetOneRemovalWaitForAnother) {
  start_owner();
  add(spec("a"));
  add(spec("b", true));
  take_journal();
  with([](supervisor& s) {
    s.remove("b");
    s.remove("a");
  });
  EXPECT_THAT(take_journal(), ElementsAre("-a"));
}

TEST_F(Supervisor, RemovesAChildThatWaitsForItsRestart) {
  start_owner();
  add(spec("a"));
  crash("a");
  with([](supervisor& s) { s.remove("a"); });
  advance(1min);
  EXPECT_THAT(take_journal(), ElementsAre("+a", "-a"));
}

TEST_F(Supervisor, ReplacesAChildAtItsPlace) {
  start_owner();
  add(spec("a"));
  add(spec("b"));
  take_journal();
  with([&](supervisor& s) {
    EXPECT_TRUE(s.replace(spec("a")));
    EXPECT_FALSE(s.replace(spec("x")));
  });
  EXPECT_THAT(take_journal(), ElementsAre("-a", "+a"));
  EXPECT_EQ(ask<int>(find("a"), which{}), 1) << "of the new specification";
  EXPECT_EQ(info("a").incarnation, 2U);
  with([](supervisor& s) { EXPECT_EQ(s.children()[0].id, "a"); });
  EXPECT_THAT(delays(), ElementsAre());
}

TEST_F(Supervisor, AddsAChildAgainWhoseRemovalIsUnderWay) {
  start_owner();
  add(spec("a", true));
  with([&](supervisor& s) {
    s.remove("a");
    EXPECT_EQ(s.find("a"), nullptr);
    EXPECT_TRUE(s.add(spec("a")));
    EXPECT_FALSE(s.add(spec("a")));
  });
  advance(10s);
  EXPECT_THAT(take_journal(), ElementsAre("+a", "-a", "+a"));
  EXPECT_EQ(info("a").phase, child_phase::running);
}

TEST_F(Supervisor, RestartsAChildOnRequestWithoutBackOff) {
  start_owner();
  add(spec("a"));
  take_journal();
  with([](supervisor& s) {
    EXPECT_TRUE(s.restart("a", "operator"));
    EXPECT_FALSE(s.restart("x"));
  });
  EXPECT_THAT(take_journal(), ElementsAre("-a", "+a"));
  EXPECT_EQ(info("a").restarts, 1U);
  EXPECT_EQ(registry_.find("router.owner/session.a")
                ->snapshot({})
                .last_restart_reason,
            "operator");
}

TEST_F(Supervisor, RestartsOnRequestThoseThatDependOnTheChild) {
  options_.strategy = restart_strategy::rest_for_one;
  start_owner();
  for (auto id : {"a", "b", "c"})
    add(spec(id));
  take_journal();
  with([](supervisor& s) { s.restart("b"); });
  EXPECT_THAT(take_journal(), ElementsAre("-c", "-b", "+b", "+c"));
}

TEST_F(Supervisor, LetsARequestCutABackOffShort) {
  start_owner();
  add(spec("a"));
  crash("a");
  with([](supervisor& s) { EXPECT_TRUE(s.restart("a")); });
  EXPECT_EQ(info("a").phase, child_phase::running);
  advance(1s);
  EXPECT_EQ(info("a").incarnation, 2U) << "the old timer starts nothing";
}

TEST_F(Supervisor, MayBeCalledFromItsCallback) {
  start_owner();
  add(spec("a"));
  std::vector<std::string> seen;
  supervisor* sup = nullptr;
  with([&](supervisor& s) { sup = &s; });
  then_ = [&](const child_event& event) {
    if (event.kind == kind::ended && event.id == "a") {
      sup->remove("a");
      sup->add(spec("b"));
    }
    if (event.kind == kind::started && event.id == "b")
      sup->add(spec("c"));
  };
  crash("a");
  advance(1s);
  EXPECT_THAT(take_journal(), ElementsAre("+a", "-a", "+b", "+c"));
  with([](supervisor& s) { EXPECT_EQ(s.children().size(), 2U); });
}

TEST_F(Supervisor, IgnoresWhatIsNotMeantForIt) {
  start_owner();
  add(spec("a"));
  with([](supervisor& s) {
    EXPECT_FALSE(s.handle_timer({1, 1}));
    EXPECT_FALSE(s.handle_down(caf::down_msg{}));
  });
}

TEST_F(Supervisor, ShowsNoHandleOfAChildThatIsToEnd) {
  start_owner();
  add(spec("a", true));
  EXPECT_NE(find("a"), nullptr);
  with([](supervisor& s) { s.restart("a"); });
  EXPECT_EQ(find("a"), nullptr);
  EXPECT_EQ(info("a").phase, child_phase::stopping);
}

} // namespace
} // namespace troupe::actors
