#include "tests/protocol/fsm_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// Scenes from the life of a session, each told from its first event.
namespace troupe::protocol::fsm::test {

namespace {

settings passive_settings() {
  auto s = plain_settings();
  s.passive = true;
  return s;
}

settings delaying_settings() {
  auto s = plain_settings();
  s.delay_open = 7s;
  return s;
}

// -- the run of the seed log --------------------------------------------------

/// Connect retry 1 s, hold 6 s, keepalive 3 s, no idle hold.
settings seed_settings() {
  auto s = plain_settings();
  s.open = an_open(4200000002, router_id{2}, 6s);
  s.open_hold_time = 6s;
  s.keepalive = 3s;
  s.connect_retry = 1s;
  s.idle_hold = 0s;
  s.idle_hold_jitter = {0.75, 1.0};
  return s;
}

TEST(FsmScenario, LeavesIdleAtOnceWithoutIdleHoldAsTheSeedDoes) {
  auto machine = fresh(seed_settings());
  const auto actions = machine.handle(automatic_start{});
  EXPECT_EQ(summary(actions), "+connect_retry connect");
  EXPECT_EQ(transitions(actions), "idle -> connect");
  EXPECT_EQ(armed(actions, timer::connect_retry), 1s);
  EXPECT_EQ(all_of<start_connect_attempt>(actions).front().timeout, 333ms);
  // The attempt is reported before the transition.
  EXPECT_TRUE(std::holds_alternative<transition>(actions.back()));
}

TEST(FsmScenario, IgnoresAManualStartThatComesInConnectAsTheSeedDoes) {
  auto machine = fresh(seed_settings());
  machine.handle(automatic_start{});
  const auto actions = machine.handle(manual_start{});
  const action expected =
      unexpected_event{"manual start", std::nullopt, ignored_because::state};
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions.front(), expected);
}

TEST(FsmScenario, EstablishesStepByStepAsTheSeedDoes) {
  auto machine = fresh(seed_settings());
  machine.handle(automatic_start{});
  auto actions = machine.handle(tcp_connection_confirmed{first});
  EXPECT_EQ(summary(actions), "adopt -connect_retry open +hold read");
  EXPECT_EQ(transitions(actions), "connect -> open sent");
  EXPECT_EQ(armed(actions, timer::hold), 6s);

  actions = machine.handle(
      open_received{first, an_open(4200000001, router_id{1}, 6s)});
  EXPECT_EQ(summary(actions), "+hold +keepalive keepalive");
  EXPECT_EQ(transitions(actions), "open sent -> open confirm");
  EXPECT_EQ(armed(actions, timer::keepalive), 3s);
  EXPECT_EQ(armed(actions, timer::hold), 6s);

  actions = machine.handle(keepalive_received{first});
  EXPECT_EQ(summary(actions), "+hold set-up");
  EXPECT_EQ(transitions(actions), "open confirm -> session setup");

  actions = machine.handle(session_set_up{first});
  EXPECT_EQ(summary(actions), "+keepalive keepalive +stable accept up");
  EXPECT_EQ(transitions(actions), "session setup -> established");
  EXPECT_EQ(machine.connections().front().agreed->peer_as, 4200000001U);
}

TEST(FsmScenario, GoesToIdleAtOnceAndTriesAgainWhenThePeerCloses) {
  auto machine = fresh(seed_settings());
  run(machine, {automatic_start{}, tcp_connection_confirmed{first},
                open_received{first, an_open(4200000001, router_id{1}, 6s)},
                keepalive_received{first}, session_set_up{first}});
  const auto actions = machine.handle(tcp_connection_failed{first});
  EXPECT_EQ(summary(actions), "down -stable -keepalive -hold close "
                              "+connect_retry connect");
  EXPECT_EQ(transitions(actions), "established -> idle, idle -> connect");
  const auto& ends = std::get<connection_ends>(actions.front());
  EXPECT_EQ(ends.cause, "tcp connection fails");
  EXPECT_EQ(ends.next, state::idle);
  EXPECT_EQ(ends.why, (ending{end_reason::tcp_failure, std::nullopt}));
}

TEST(FsmScenario, StaysInConnectWhenAnAttemptIsRefusedUntilTheRetryTimer) {
  auto machine = fresh(seed_settings());
  machine.handle(automatic_start{});
  EXPECT_EQ(summary(machine.handle(connect_attempt_failed{})), "");
  EXPECT_EQ(machine.current(), state::connect);
  EXPECT_EQ(summary(machine.handle(connect_retry_expired{})),
            "+connect_retry connect");
  EXPECT_EQ(machine.statistics().connect_attempts, 2U);
}

TEST(FsmScenario, ShutsDownFromConnectThroughIdle) {
  auto machine = fresh(seed_settings());
  machine.handle(automatic_start{});
  const auto actions = machine.handle(manual_stop{});
  EXPECT_EQ(transitions(actions), "connect -> idle");
  EXPECT_EQ(summary(actions), "-connect_retry cancel");
  EXPECT_TRUE(machine.stopped());
}

// -- passive ------------------------------------------------------------------

TEST(FsmScenario, WaitsInActiveAndNeverConnectsWhenPassive) {
  auto machine = fresh(passive_settings());
  auto actions = machine.handle(manual_start{});
  EXPECT_EQ(transitions(actions), "idle -> active");
  EXPECT_EQ(summary(actions), "");
  actions = machine.handle(tcp_connection_acked{first});
  EXPECT_EQ(transitions(actions), "active -> open sent");
  actions = machine.handle(tcp_connection_failed{first});
  EXPECT_EQ(transitions(actions), "open sent -> active");
  EXPECT_EQ(summary(actions), "-hold close");
  EXPECT_EQ(machine.statistics().connect_attempts, 0U);
}

TEST(FsmScenario, AcceptsThePeersConnectionWhileItsOwnAttemptGoesOn) {
  auto machine = in_connect();
  auto actions = machine.handle(tcp_connection_acked{second});
  EXPECT_EQ(transitions(actions), "connect -> open sent");
  EXPECT_TRUE(all_of<cancel_connect_attempt>(actions).empty());
  actions = machine.handle(tcp_connection_confirmed{first});
  EXPECT_EQ(transitions(actions), "open sent -> connection collision");
}

TEST(FsmScenario, GivesUpItsAttemptWhenTheSessionComesUp) {
  auto machine = in_connect();
  const auto actions = run(machine, {tcp_connection_acked{second},
                                     open_received{second, peer_open()},
                                     keepalive_received{second}});
  EXPECT_EQ(all_of<cancel_connect_attempt>(actions).size(), 1U);
}

// -- delay open (RFC 4271 §8.2.2, events 12 and 20) ---------------------------

TEST(FsmDelayOpen, SendsItsOpenWhenTheTimerExpires) {
  auto machine = in_connect(delaying_settings());
  auto actions = machine.handle(tcp_connection_confirmed{first});
  EXPECT_EQ(summary(actions), "adopt -connect_retry +delay_open read");
  EXPECT_EQ(armed(actions, timer::delay_open), 7s);
  EXPECT_EQ(machine.current(), state::connect);
  actions = machine.handle(delay_open_expired{first});
  EXPECT_EQ(summary(actions), "open +hold");
  EXPECT_EQ(armed(actions, timer::hold), 4min);
  EXPECT_EQ(transitions(actions), "connect -> open sent");
}

TEST(FsmDelayOpen, AnswersAnEarlyOpenWithOpenAndKeepalive) {
  for (const bool passive : {false, true}) {
    auto s = delaying_settings();
    auto machine = passive ? in_active(s) : in_connect(s);
    machine.handle(tcp_connection_acked{first});
    const auto actions = machine.handle(open_received{first, peer_open(30s)});
    EXPECT_EQ(summary(actions), "-delay_open open +hold +keepalive keepalive");
    EXPECT_EQ(armed(actions, timer::hold), 30s);
    EXPECT_EQ(armed(actions, timer::keepalive), 10s);
    EXPECT_EQ(machine.current(), state::open_confirm);
  }
}

TEST(FsmDelayOpen, RefusesABadEarlyOpenWithoutSendingItsOwn) {
  auto s = delaying_settings();
  s.remote_as = 65099;
  auto machine = in_connect(s);
  machine.handle(tcp_connection_confirmed{first});
  const auto actions = machine.handle(open_received{first, peer_open()});
  EXPECT_EQ(summary(actions), "-delay_open 2/2 close +idle_hold");
  EXPECT_EQ(machine.connect_retry_counter(), 1U);
}

TEST(FsmDelayOpen, KeepsSilentBeforeItsOpenIfToldSo) {
  auto s = delaying_settings();
  s.send_notification_without_open = false;
  for (const event& e :
       {event{manual_stop{}}, event{message_malformed{first, {}, 1}}}) {
    auto machine = in_connect(s);
    machine.handle(tcp_connection_confirmed{first});
    const auto actions = machine.handle(e);
    EXPECT_TRUE(all_of<send_notification>(actions).empty());
    EXPECT_EQ(all_of<close_connection>(actions).size(), 1U);
    EXPECT_FALSE(machine.last_ending()->notification);
  }
}

TEST(FsmDelayOpen, ResolvesACollisionOfTwoDelayedConnections) {
  auto machine = in_connect(delaying_settings());
  auto actions = run(
      machine, {tcp_connection_confirmed{first}, tcp_connection_acked{second}});
  EXPECT_EQ(transitions(actions), "connect -> connection collision");
  actions =
      machine.handle(open_received{second, an_open(65002, higher_identifier)});
  EXPECT_EQ(transitions(actions), "connection collision -> open confirm");
  EXPECT_EQ(summary(actions), "-delay_open 6/7 close -delay_open#2 open#2 "
                              "+hold#2 +keepalive#2 keepalive#2");
}

// -- negotiation --------------------------------------------------------------

TEST(FsmScenario, RunsNeitherTimerForAHoldTimeOfZero) { // RFC 4271 §4.2
  auto machine = in_open_sent();
  auto actions = machine.handle(open_received{first, peer_open(0s)});
  EXPECT_EQ(summary(actions), "-hold keepalive");
  run(machine, {keepalive_received{first}, session_set_up{first}});
  EXPECT_EQ(machine.current(), state::established);
  EXPECT_EQ(summary(machine.handle(update_received{first})), "");
  for (const auto& t : machine.timers())
    EXPECT_EQ(t.armed, t.which == timer::stable) << to_string(t.which);
}

TEST(FsmScenario, RefusesAPeerWithNoFamilyInCommon) {
  auto machine = in_open_sent();
  auto open = peer_open();
  open.capabilities = {wire::multiprotocol_capability{ipv6_unicast},
                       wire::four_octet_as_capability{65002}};
  const auto actions = machine.handle(open_received{first, open});
  const auto sent = all_of<send_notification>(actions);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent.front().notification.code,
            notification_code::open_message_error);
  EXPECT_EQ(sent.front().notification.subcode, 7);
  // RFC 5492 §5: the capability that we miss, as in an OPEN.
  EXPECT_EQ(sent.front().notification.data,
            (std::vector<std::uint8_t>{1, 4, 0, 1, 0, 1}));
  EXPECT_EQ(machine.current(), state::idle);
}

TEST(FsmScenario, InsistsOnCapabilities) { // RFC 5492 §3, §5
  auto s = plain_settings();
  s.required = {wire::route_refresh_capability{},
                wire::multiprotocol_capability{ipv6_unicast},
                wire::multiprotocol_capability{ipv4_unicast}};
  auto machine = in_open_sent(s);
  auto open = peer_open();
  const auto sent =
      all_of<send_notification>(machine.handle(open_received{first, open}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent.front().notification.code,
            notification_code::open_message_error);
  EXPECT_EQ(sent.front().notification.subcode, 7);
  EXPECT_EQ(sent.front().notification.data,
            (std::vector<std::uint8_t>{2, 0, 1, 4, 0, 2, 0, 1}));
  EXPECT_EQ(machine.current(), state::idle);
  machine = in_open_sent(s);
  open.capabilities.push_back(wire::route_refresh_capability{});
  open.capabilities.push_back(wire::multiprotocol_capability{ipv6_unicast});
  machine.handle(open_received{first, open});
  EXPECT_EQ(machine.current(), state::open_confirm);
}

// RFC 4724 §5: its old connection is no error, and nothing is said on it.
TEST(FsmScenario, TakesThePeerThatHasRestarted) {
  for (const bool helps : {true, false})
    for (const bool restarts : {true, false}) {
      auto s = plain_settings();
      s.helps_restart = helps;
      auto machine = in_open_sent(s);
      auto open = peer_open();
      if (restarts)
        open.capabilities.push_back(wire::graceful_restart_capability{
            false, false, 120s, {{ipv4_unicast, true}}});
      run(machine, {open_received{first, open}, keepalive_received{first},
                    session_set_up{first}});
      ASSERT_EQ(machine.current(), state::established);
      const auto actions = machine.handle(tcp_connection_acked{second});
      EXPECT_TRUE(all_of<send_notification>(actions).empty());
      const auto down = all_of<session_down>(actions);
      if (!helps || !restarts) {
        EXPECT_TRUE(down.empty());
        continue;
      }
      ASSERT_EQ(down.size(), 1U);
      EXPECT_EQ(down.front().connection, first);
      EXPECT_EQ(down.front().why.reason, end_reason::superseded);
      EXPECT_EQ(machine.current(), state::open_sent);
      run(machine, {open_received{second, open}, keepalive_received{second},
                    session_set_up{second}});
      EXPECT_EQ(machine.current(), state::established);
    }
}

TEST(FsmScenario, HoldsTheOpenAgainstTheSettings) {
  struct {
    const char* name;
    void (*change)(settings&);
    int subcode;
  } const cases[]{
      {"as", [](settings& s) { s.remote_as = 65003; }, 2},
      {"kind", [](settings& s) { s.remote_kind = peer_kind::internal; }, 2},
      {"member", [](settings& s) { s.remote_kind = peer_kind::confederation; },
       2},
      {"no member",
       [](settings& s) {
         s.remote_kind = peer_kind::external;
         s.confederation_members = {65002};
       },
       2},
      {"identifier", [](settings& s) { s.remote_id = router_id{5}; }, 3},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto s = plain_settings();
    c.change(s);
    auto machine = in_open_sent(s);
    machine.handle(open_received{first, peer_open()});
    const auto& why = machine.last_ending();
    ASSERT_TRUE(why && why->notification);
    EXPECT_EQ(why->reason, end_reason::unacceptable_open);
    EXPECT_EQ(why->notification->code, notification_code::open_message_error);
    EXPECT_EQ(why->notification->subcode, c.subcode);
  }
}

// RFC 5065 §1.2, §4
TEST(FsmScenario, SpeaksToAnotherMemberOfItsConfederation) {
  auto s = plain_settings();
  s.remote_kind = peer_kind::confederation;
  s.confederation_members = {s.open.my_as, 65002};
  auto machine = in_open_sent(s);
  machine.handle(open_received{first, peer_open()});
  ASSERT_EQ(machine.connections().size(), 1U);
  ASSERT_TRUE(machine.connections().front().agreed);
  EXPECT_EQ(machine.connections().front().agreed->kind,
            peer_kind::confederation);
}

TEST(FsmScenario, NegotiatesWithTheOpenThatItSentNotWithNewerSettings) {
  auto machine = in_open_sent();
  auto s = plain_settings();
  s.open.hold_time = 9s;
  machine.reconfigure(s);
  const auto actions = machine.handle(open_received{first, peer_open()});
  EXPECT_EQ(armed(actions, timer::hold), 90s);
}

// -- stopping -----------------------------------------------------------------

TEST(FsmScenario, TellsThePeerWhyTheOperatorStops) { // RFC 9003 §2
  auto machine = in_established();
  const auto actions = machine.handle(manual_stop{2, "bye", true});
  const auto sent = all_of<send_notification>(actions);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent.front().notification.data,
            (std::vector<std::uint8_t>{3, 'b', 'y', 'e'}));
}

// RFC 9003 §3: what a peer of RFC 8203 takes.
TEST(FsmScenario, CutsAShutdownTextAtACharacter) {
  auto machine = in_established();
  const auto text = std::string(127, 'a') + "\xc3\xa9";
  const auto actions = machine.handle(reset{4, text});
  const auto data =
      all_of<send_notification>(actions).front().notification.data;
  ASSERT_EQ(data.size(), 128U);
  EXPECT_EQ(data.front(), 127);
}

TEST(FsmScenario, SendsNoTextWithAnotherSubcode) {
  auto machine = in_established();
  const auto actions = machine.handle(manual_stop{3, "bye", true});
  EXPECT_TRUE(
      all_of<send_notification>(actions).front().notification.data.empty());
}

TEST(FsmScenario, ClosesInSilenceForGracefulRestart) { // RFC 4724 §4
  auto machine = in_established();
  const auto actions = machine.handle(manual_stop{2, "", false});
  EXPECT_EQ(summary(actions), "down -stable -keepalive -hold close");
}

TEST(FsmScenario, ReportsTooManyPrefixesWithTheirData) { // RFC 4486 §4
  auto machine = in_established();
  const auto actions =
      machine.handle(automatic_stop{1, {0, 1, 1, 0, 0, 0, 10}});
  const auto sent = all_of<send_notification>(actions).front().notification;
  EXPECT_EQ(sent.subcode, 1);
  EXPECT_EQ(sent.data.size(), 7U);
  EXPECT_EQ(machine.current(), state::idle);
  EXPECT_FALSE(machine.stopped());
}

TEST(FsmScenario, KeepsAnUnstartedSessionIdleIfToldSo) {
  auto s = plain_settings();
  s.start_automatically = false;
  auto machine = fresh(s);
  EXPECT_EQ(summary(machine.handle(automatic_start{})), "ignore");
  run(machine,
      {manual_start{}, tcp_connection_confirmed{first}, hold_expired{first}});
  EXPECT_EQ(machine.current(), state::idle);
  EXPECT_TRUE(machine.stopped());
}

} // namespace

} // namespace troupe::protocol::fsm::test
