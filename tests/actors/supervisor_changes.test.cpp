#include "tests/actors/supervisor_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using test::end_it;
using test::perform;
using test::probe_actor;
using test::which;
using testing::ElementsAre;
using kind = child_event::kind_type;

class SupervisorChanges : public test::supervisor_fixture {};

// -- stopping -----------------------------------------------------------------

TEST_F(SupervisorChanges, StopsChildrenInReverseOrderOneAfterTheOther) {
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

TEST_F(SupervisorChanges, WaitsForAChildAndKillsItAfterItsTime) {
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

TEST_F(SupervisorChanges, StopsAGroupAtOnce) {
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

TEST_F(SupervisorChanges, GivesUpOnAChildThatNothingEnds) {
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

TEST_F(SupervisorChanges, StartsNothingWhileItStops) {
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

TEST_F(SupervisorChanges, SaysAtOnceThatItStoppedWhenNothingRuns) {
  start_owner();
  int told = 0;
  with([&](supervisor& s) { s.stop([&] { ++told; }); });
  EXPECT_EQ(told, 1);
  with([&](supervisor& s) { s.stop([&] { ++told; }); });
  EXPECT_EQ(told, 2);
}

TEST_F(SupervisorChanges, KillsItsChildrenWhenItsOwnerIsKilled) {
  start_owner();
  add(spec("a", true));
  add(spec("b"));
  take_journal();
  caf::anon_send_exit(owner_, caf::exit_reason::kill);
  settle();
  EXPECT_THAT(take_journal(), testing::UnorderedElementsAre("-a", "-b"));
}

TEST_F(SupervisorChanges, KillsItsChildrenWhenItsOwnerThrows) {
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

TEST_F(SupervisorChanges, RemovesAChildAndForgetsIt) {
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

TEST_F(SupervisorChanges, DoesNotLetOneRemovalWaitForAnother) {
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

TEST_F(SupervisorChanges, RemovesAChildThatWaitsForItsRestart) {
  start_owner();
  add(spec("a"));
  crash("a");
  with([](supervisor& s) { s.remove("a"); });
  advance(1min);
  EXPECT_THAT(take_journal(), ElementsAre("+a", "-a"));
}

TEST_F(SupervisorChanges, ReplacesAChildAtItsPlace) {
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

TEST_F(SupervisorChanges, AddsAChildAgainWhoseRemovalIsUnderWay) {
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

TEST_F(SupervisorChanges, RestartsAChildOnRequestWithoutBackOff) {
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

TEST_F(SupervisorChanges, RestartsOnRequestThoseThatDependOnTheChild) {
  options_.strategy = restart_strategy::rest_for_one;
  start_owner();
  for (auto id : {"a", "b", "c"})
    add(spec(id));
  take_journal();
  with([](supervisor& s) { s.restart("b"); });
  EXPECT_THAT(take_journal(), ElementsAre("-c", "-b", "+b", "+c"));
}

TEST_F(SupervisorChanges, LetsARequestCutABackOffShort) {
  start_owner();
  add(spec("a"));
  crash("a");
  with([](supervisor& s) { EXPECT_TRUE(s.restart("a")); });
  EXPECT_EQ(info("a").phase, child_phase::running);
  advance(1s);
  EXPECT_EQ(info("a").incarnation, 2U) << "the old timer starts nothing";
}

TEST_F(SupervisorChanges, MayBeCalledFromItsCallback) {
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

TEST_F(SupervisorChanges, IgnoresWhatIsNotMeantForIt) {
  start_owner();
  add(spec("a"));
  with([](supervisor& s) {
    EXPECT_FALSE(s.handle_timer({1, 1}));
    EXPECT_FALSE(s.handle_down(caf::down_msg{}));
  });
}

TEST_F(SupervisorChanges, ShowsNoHandleOfAChildThatIsToEnd) {
  start_owner();
  add(spec("a", true));
  EXPECT_NE(find("a"), nullptr);
  with([](supervisor& s) { s.restart("a"); });
  EXPECT_EQ(find("a"), nullptr);
  EXPECT_EQ(info("a").phase, child_phase::stopping);
}

} // namespace
} // namespace troupe::actors
