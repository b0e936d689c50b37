#include "tests/protocol/fsm_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// What the system before us got wrong in its state machine, one test for each
// defect by its number in that system's list.
namespace troupe::protocol::fsm::test {

namespace {

TEST(FsmDefect05, AThirdConnectionIsRejectedAndClosesNoOther) {
  for (const auto reached : {phase::open_sent, phase::open_confirm}) {
    auto machine = in_collision(reached);
    const auto before = machine.connections();
    for (const event& e : {event{tcp_connection_acked{third}},
                           event{tcp_connection_confirmed{third}}}) {
      const auto actions = machine.handle(e);
      EXPECT_EQ(summary(actions), "reject#3 6/5");
      EXPECT_EQ(machine.connections(), before);
      EXPECT_EQ(machine.current(), state::connection_collision);
    }
  }
}

TEST(FsmDefect05, IdentifiersAreNotSwappedAgainstAnEstablishedSession) {
  struct {
    direction established;
    router_id peer;
    bool stays; ///< the established connection is that of the higher id
  } const cases[]{
      {direction::outbound, lower_identifier, true},
      {direction::outbound, higher_identifier, false},
      {direction::inbound, lower_identifier, false},
      {direction::inbound, higher_identifier, true},
  };
  auto s = plain_settings();
  s.deterministic_collision_resolution = true;
  for (const auto& c : cases) {
    const auto open = an_open(65002, c.peer);
    const bool out = c.established == direction::outbound;
    const event up = out ? event{tcp_connection_confirmed{first}}
                         : event{tcp_connection_acked{first}};
    const event rival = out ? event{tcp_connection_acked{second}}
                            : event{tcp_connection_confirmed{second}};
    auto machine = in_connect(s);
    run(machine, {up, open_received{first, open}, keepalive_received{first},
                  session_set_up{first}, rival, open_received{second, open}});
    const auto left = machine.connections();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left.front().who.connection, c.stays ? first : second);
    EXPECT_EQ(machine.current(),
              c.stays ? state::established : state::open_confirm);
  }
}

TEST(FsmDefect06, AnOpenThatIsRefusedNeverReachesOpenConfirm) {
  auto s = plain_settings();
  s.remote_as = 65003;
  for (const milliseconds delay : {0s, 7s}) {
    s.delay_open = delay;
    auto machine = in_connect(s);
    const auto actions = run(machine, {tcp_connection_confirmed{first},
                                       open_received{first, peer_open()}});
    EXPECT_EQ(machine.current(), state::idle);
    EXPECT_EQ(
        machine.statistics()
            .transitions_to[static_cast<std::size_t>(state::open_confirm)],
        0U);
    EXPECT_TRUE(machine.connections().empty());
    EXPECT_TRUE(all_of<send_keepalive>(actions).empty());
  }
}

TEST(FsmDefect07, ABadHeaderIsAnsweredNotJustClosed) {
  const auto errors = {
      make_error(header_subcode::connection_not_synchronized, "marker"),
      make_error(header_subcode::bad_message_length, "length", {0, 18}),
      make_error(header_subcode::bad_message_type, "type", {9})};
  for (const auto& machine_before : {in_open_sent(), in_open_confirm(),
                                     in_session_setup(), in_established()})
    for (const auto& error : errors) {
      auto machine = machine_before;
      const auto actions =
          machine.handle(message_malformed{first, error, std::nullopt});
      const auto sent = all_of<send_notification>(actions);
      ASSERT_EQ(sent.size(), 1U);
      EXPECT_EQ(sent.front().notification, error); // data and all
    }
}

TEST(FsmDefect08, AnOpenErrorIsAnsweredOnce) {
  auto machine = in_open_sent();
  const auto error =
      make_error(open_subcode::unsupported_version_number, "version", {0, 4});
  auto actions = machine.handle(message_malformed{first, error, 1});
  EXPECT_EQ(all_of<send_notification>(actions).size(), 1U);
  // Whatever the dead connection still brings is not answered.
  for (const auto title : connection_titles()) {
    actions = machine.handle(event_named(title));
    EXPECT_TRUE(all_of<send_notification>(actions).empty());
  }
}

TEST(FsmDefect08, ANotificationIsNeverAnsweredEvenIfMalformed) {
  const auto error =
      make_error(header_subcode::bad_message_length, "length", {0, 20});
  auto delayed = plain_settings();
  delayed.delay_open = 7s;
  auto delaying = in_connect(delayed);
  delaying.handle(tcp_connection_confirmed{first});
  for (const auto& before :
       {delaying, in_open_sent(), in_open_confirm(), in_session_setup(),
        in_established(), in_collision(phase::open_confirm)})
    for (const event& e : {event{notification_received{first, {}}},
                           event{message_malformed{first, error, 3}}}) {
      auto machine = before;
      const auto actions = machine.handle(e);
      EXPECT_TRUE(all_of<send_notification>(actions).empty());
      EXPECT_EQ(all_of<close_connection>(actions).size(), 1U);
    }
}

TEST(FsmDefect08, NotificationsCarryTheirData) { // RFC 6608 §4
  struct {
    session_fsm machine;
    const char* title;
    int subcode;
    std::uint8_t type;
  } cases[]{
      {in_open_sent(), "keepalive message", 1, 4},
      {in_open_sent(), "update message", 1, 2},
      {in_open_sent(), "route refresh message", 1, 5},
      {in_open_confirm(), "open message", 2, 1},
      {in_open_confirm(), "update message", 2, 2},
      {in_open_confirm(), "route refresh message", 2, 5},
      {in_session_setup(), "open message", 3, 1},
      {in_established(), "open message", 3, 1},
  };
  for (auto& c : cases) {
    SCOPED_TRACE(c.title);
    const auto actions = c.machine.handle(event_named(c.title));
    const auto sent = all_of<send_notification>(actions);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent.front().notification.code,
              notification_code::finite_state_machine_error);
    EXPECT_EQ(sent.front().notification.subcode, c.subcode);
    EXPECT_EQ(sent.front().notification.data,
              std::vector<std::uint8_t>{c.type});
  }
}

TEST(FsmDefect10, APeersHoldTimeOfZeroIsObeyed) {
  auto machine = in_open_sent();
  run(machine, {open_received{first, peer_open(0s)}});
  EXPECT_EQ(machine.current(), state::open_confirm);
  const auto agreed = machine.connections().front().agreed;
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->hold_time, 0s);
  for (const auto& t : machine.timers())
    EXPECT_FALSE(t.armed) << to_string(t.which);
}

TEST(FsmDefect18, AHoldTimerThatExpiresIsCountedOnce) {
  for (const auto& before : {in_open_sent(), in_established()}) {
    auto machine = before;
    machine.handle(hold_expired{first});
    machine.handle(hold_expired{first});
    EXPECT_EQ(machine.statistics().hold_expirations, 1U);
  }
}

TEST(FsmDefect23, ThePeersIdentifierIsChecked) {
  auto s = plain_settings();
  s.remote_id = higher_identifier;
  auto machine = in_open_sent(s);
  auto actions = machine.handle(open_received{first, peer_open()});
  EXPECT_EQ(summary(actions), "-hold 2/3 close +idle_hold");

  machine = in_open_sent(s);
  machine.handle(open_received{first, an_open(65002, higher_identifier)});
  EXPECT_EQ(machine.current(), state::open_confirm);
}

TEST(FsmDefect23, AnInternalPeerWithOurIdentifierIsRefused) { // RFC 6286 §2.2
  auto machine = in_open_sent();
  auto actions =
      machine.handle(open_received{first, an_open(65001, local_identifier)});
  EXPECT_EQ(summary(actions), "-hold 2/3 close +idle_hold");

  machine = in_open_sent();
  machine.handle(open_received{first, an_open(65002, local_identifier)});
  EXPECT_EQ(machine.current(), state::open_confirm);
}

TEST(FsmDefect24, DelayOpenDelaysTheOpen) {
  auto s = plain_settings();
  s.delay_open = 7s;
  for (const bool passive : {false, true}) {
    auto machine = passive ? in_active(s) : in_connect(s);
    const auto waiting = machine.current();
    auto actions = machine.handle(tcp_connection_acked{first});
    EXPECT_TRUE(all_of<send_open>(actions).empty());
    EXPECT_EQ(machine.current(), waiting);
    actions = machine.handle(delay_open_expired{first});
    EXPECT_EQ(all_of<send_open>(actions).size(), 1U);
    EXPECT_EQ(machine.current(), state::open_sent);
  }
}

TEST(FsmDefect30, ActiveStartsAnAttemptOnItsWayToConnect) {
  auto machine = in_open_sent();
  auto actions = machine.handle(tcp_connection_failed{first});
  EXPECT_EQ(transitions(actions), "open sent -> active");
  actions = machine.handle(connect_retry_expired{});
  EXPECT_EQ(transitions(actions), "active -> connect");
  EXPECT_EQ(summary(actions), "+connect_retry connect");
}

TEST(FsmDefect30, TimersAreExactDurationsNotTicks) {
  auto s = plain_settings();
  s.connect_retry = 1234ms;
  auto machine = fresh(s);
  EXPECT_EQ(armed(machine.handle(manual_start{}), timer::connect_retry),
            1234ms);
}

} // namespace

} // namespace troupe::protocol::fsm::test
