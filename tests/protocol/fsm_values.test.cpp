#include "tests/protocol/fsm_support.hpp"

#include <gtest/gtest.h>

#include <set>

// Names, texts and snapshots.
namespace troupe::protocol::fsm::test {

namespace {

TEST(FsmValues, NamesStatesForLogsAndForTheAdminInterface) {
  struct {
    state s;
    std::string_view log;
    std::string_view api;
  } const names[]{
      {state::idle, "idle", "Idle"},
      {state::connect, "connect", "Connect"},
      {state::active, "active", "Active"},
      {state::open_sent, "open sent", "OpenSent"},
      {state::open_confirm, "open confirm", "OpenConfirm"},
      {state::connection_collision, "connection collision",
       "ConnectionCollision"},
      {state::session_setup, "session setup", "SessionSetup"},
      {state::established, "established", "Established"},
  };
  EXPECT_EQ(std::size(names), state_count);
  for (const auto& n : names) {
    EXPECT_EQ(log_name(n.s), n.log);
    EXPECT_EQ(api_name(n.s), n.api);
  }
}

TEST(FsmValues, TitlesEveryEventAsLogsDo) {
  std::set<std::string_view> seen;
  for (const auto* titles : {&session_titles(), &connection_titles()})
    for (const auto t : *titles) {
      EXPECT_EQ(title(event_named(t)), t);
      seen.insert(t);
    }
  EXPECT_EQ(seen.size(), 24U);
}

TEST(FsmValues, KnowsTheConnectionOfAnEvent) {
  for (const auto t : connection_titles())
    EXPECT_EQ(connection_of(event_named(t, second)), second) << t;
  for (const auto t : session_titles()) {
    const bool comes_up =
        t == "tcp connection acked" || t == "tcp connection confirmed";
    EXPECT_EQ(connection_of(event_named(t, second)).has_value(), comes_up) << t;
  }
}

TEST(FsmValues, NamesTimersPhasesDirectionsAndReasonsDifferently) {
  std::set<std::string_view> names;
  for (const auto t : {timer::connect_retry, timer::idle_hold, timer::stable,
                       timer::hold, timer::keepalive, timer::delay_open})
    names.insert(to_string(t));
  EXPECT_EQ(names.size(), 6U);
  names.clear();
  for (int r = 0; r <= static_cast<int>(end_reason::setup_failed); ++r)
    names.insert(to_string(static_cast<end_reason>(r)));
  EXPECT_EQ(names.size(), 13U);
  EXPECT_FALSE(names.contains("unknown"));
  names.clear();
  for (int p = 0; p <= static_cast<int>(phase::established); ++p)
    names.insert(to_string(static_cast<phase>(p)));
  EXPECT_EQ(names.size(), 5U);
  EXPECT_EQ(to_string(direction::inbound), "inbound");
  EXPECT_EQ(to_string(direction::outbound), "outbound");
}

TEST(FsmValues, WritesActionsAsOneLine) {
  auto machine = in_open_sent();
  std::vector<std::string> lines;
  for (const auto& a : machine.handle(hold_expired{first}))
    lines.push_back(to_string(a));
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "end #1: hold timer expires, hold timer expired 4/0, "
                       "to idle",
                       "send notification #1 4/0", "close #1",
                       "open sent -> idle", "arm idle_hold 10000 ms"}));
  EXPECT_EQ(to_string(arm_timer{timer::hold, second, 90s}),
            "arm hold #2 90000 ms");
  EXPECT_EQ(to_string(reject_connection{second, direction::inbound, {}}),
            "reject inbound #2");
  EXPECT_EQ(to_string(unexpected_event{"manual start", {}, {}}),
            "ignore manual start: it has no meaning in this state");
}

TEST(FsmValues, ShowsItsTimersAndConnections) {
  auto machine = in_open_confirm();
  const std::vector<timer_status> expected{
      {timer::connect_retry, {}, 6s, false},
      {timer::idle_hold, {}, 10s, false},
      {timer::stable, {}, 60s, false},
      {timer::keepalive, first, 30s, true},
      {timer::hold, first, 90s, true},
      {timer::delay_open, first, 0s, false},
  };
  EXPECT_EQ(machine.timers(), expected);
  const auto known = machine.connections();
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known.front().who,
            (contender{first, direction::outbound, phase::open_confirm}));
  EXPECT_TRUE(known.front().agreed);
}

TEST(FsmValues, CountsWhatHappens) {
  auto machine = in_established();
  run(machine, {tcp_connection_acked{second}, notification_received{first, {}},
                tcp_connection_confirmed{third}, idle_hold_expired{},
                connect_attempt_failed{}, manual_start{}});
  const auto& n = machine.statistics();
  EXPECT_EQ(n.outbound_accepted, 1U);
  EXPECT_EQ(n.inbound_declined, 1U);
  EXPECT_EQ(n.outbound_declined, 1U);
  EXPECT_EQ(n.notifications_received, 1U);
  EXPECT_EQ(n.notifications_sent, 1U); // to the one that was declined
  EXPECT_EQ(n.idle_hold_expirations, 1U);
  EXPECT_EQ(n.connect_attempts, 2U);
  EXPECT_EQ(n.connect_attempts_failed, 1U);
  EXPECT_EQ(n.unexpected_events, 1U);
  EXPECT_EQ(n.transitions_to[static_cast<std::size_t>(state::connect)], 2U);
}

TEST(FsmValues, RefusesInIdleInSilenceAndCountsIt) {
  auto machine = fresh();
  const auto actions = machine.handle(tcp_connection_acked{first});
  const action expected =
      reject_connection{first, direction::inbound, std::nullopt};
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions.front(), expected);
  EXPECT_EQ(machine.statistics().inbound_declined, 1U);
}

TEST(FsmValues, ReportsAConnectionThatIsGivenTwice) {
  auto machine = in_open_sent();
  const auto before = machine.connections();
  const auto actions = machine.handle(tcp_connection_acked{first});
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(std::get<unexpected_event>(actions.front()).why,
            ignored_because::known_connection);
  EXPECT_EQ(machine.connections(), before);
}

TEST(FsmValues, IsAValueThatCanBeCopiedAndCompared) {
  auto a = in_established();
  auto b = a;
  EXPECT_EQ(a, b);
  a.handle(keepalive_expired{first});
  EXPECT_EQ(a, b); // armed again: the same
  a.handle(stable_expired{});
  EXPECT_NE(a, b);
}

} // namespace

} // namespace troupe::protocol::fsm::test
