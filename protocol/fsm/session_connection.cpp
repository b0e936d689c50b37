#include "protocol/fsm/session_fsm.hpp"
#include "protocol/overloaded.hpp"
#include "protocol/wire/capability.hpp"

#include <algorithm>
#include <utility>

// What happens to one connection, by its phase.
namespace troupe::protocol::fsm {

using wire::message_type;

void session_fsm::on_connection(const connection_event& e, step& s) {
  connection* c = find(connection_of(e));
  if (c == nullptr)
    return ignore(ignored_because::unknown_connection, s);
  switch (c->who.reached) {
  case phase::delaying:
    return while_delaying(*c, e, s);
  case phase::open_sent:
    return in_open_sent(*c, e, s);
  case phase::open_confirm:
    return in_open_confirm(*c, e, s);
  case phase::session_setup:
    return in_session_setup(*c, e, s);
  case phase::established:
    return in_established(*c, e, s);
  }
}

// RFC 4271 §8.2.2, "Connect State" and "Active State", as far as a connection
// exists in them: DelayOpenTimer runs.
void session_fsm::while_delaying(connection& c, const connection_event& e,
                                 step& s) {
  const auto unexpected = [&] { // no NOTIFICATION: no OPEN was exchanged
    fail(c, {end_reason::unexpected_message, std::nullopt}, s);
  };
  std::visit(
      overloaded{
          [&](const hold_expired&) { fires(c.hold_armed, s); },
          [&](const keepalive_expired&) { fires(c.keepalive_armed, s); },
          [&](const delay_open_expired&) { // 12
            if (!fires(c.delay_open_armed, s))
              return;
            open(c, s);
            settle(s);
          },
          [&](const send_hold_expired&) { fail_send_hold(c, s); },
          [&](const tcp_connection_failed&) { lose_delayed(c, s); },     // 18
          [&](const open_received& x) { accept_open(c, x.message, s); }, // 20
          [&](const keepalive_received&) { unexpected(); },              // 26
          [&](const update_received&) { unexpected(); },                 // 27
          [&](const route_refresh_received&) { unexpected(); },
          [&](const notification_received& x) { // 24, 25
            fail_notified(c, x.message, s);
          },
          [&](const message_malformed& x) { fail_malformed(c, x, s); },
          [&](const session_set_up&) { ignore(ignored_because::state, s); },
          [&](const session_set_up_failed&) {
            ignore(ignored_because::state, s);
          },
      },
      e);
}

// RFC 4271 §8.2.2, "OpenSent".
void session_fsm::in_open_sent(connection& c, const connection_event& e,
                               step& s) {
  const auto unexpected = [&](message_type type) {
    fail_unexpected(c, type, s);
  };
  std::visit(
      overloaded{
          [&](const hold_expired&) { // 10
            if (fires(c.hold_armed, s))
              fail_hold(c, s);
          },
          [&](const keepalive_expired&) { fires(c.keepalive_armed, s); },
          [&](const delay_open_expired&) { fires(c.delay_open_armed, s); },
          [&](const send_hold_expired&) { fail_send_hold(c, s); },
          [&](const tcp_connection_failed&) { lose(c, s); },             // 18
          [&](const open_received& x) { accept_open(c, x.message, s); }, // 19
          [&](const keepalive_received&) {
            unexpected(message_type::keepalive);
          },
          [&](const update_received&) { unexpected(message_type::update); },
          [&](const route_refresh_received&) {
            unexpected(message_type::route_refresh);
          },
          [&](const notification_received& x) { // 24, 25
            fail_notified(c, x.message, s);
          },
          [&](const message_malformed& x) { fail_malformed(c, x, s); }, // 21-22
          [&](const session_set_up&) { ignore(ignored_because::state, s); },
          [&](const session_set_up_failed&) {
            ignore(ignored_because::state, s);
          },
      },
      e);
}

// RFC 4271 §8.2.2, "OpenConfirm State".
void session_fsm::in_open_confirm(connection& c, const connection_event& e,
                                  step& s) {
  const auto unexpected = [&](message_type type) {
    fail_unexpected(c, type, s);
  };
  std::visit(
      overloaded{
          [&](const hold_expired&) { // 10
            if (fires(c.hold_armed, s))
              fail_hold(c, s);
          },
          [&](const keepalive_expired&) { // 11
            if (fires(c.keepalive_armed, s))
              beat(c, s);
          },
          [&](const delay_open_expired&) { fires(c.delay_open_armed, s); },
          [&](const send_hold_expired&) { fail_send_hold(c, s); },
          [&](const tcp_connection_failed&) { fail_tcp(c, s); }, // 18
          [&](const open_received&) { unexpected(message_type::open); },
          [&](const keepalive_received&) { set_up(c, s); }, // 26
          [&](const update_received&) { unexpected(message_type::update); },
          [&](const route_refresh_received&) {
            unexpected(message_type::route_refresh);
          },
          [&](const notification_received& x) { // 24, 25
            fail_notified(c, x.message, s);
          },
          [&](const message_malformed& x) { fail_malformed(c, x, s); }, // 21-22
          [&](const session_set_up&) { ignore(ignored_because::state, s); },
          [&](const session_set_up_failed&) {
            ignore(ignored_because::state, s);
          },
      },
      e);
}

// Ours: RFC 4271's "Established State" until the RIB knows the neighbour. The
// peer is Established already, so its UPDATEs are legal; they wait outside.
void session_fsm::in_session_setup(connection& c, const connection_event& e,
                                   step& s) {
  std::visit(
      overloaded{
          [&](const hold_expired&) { // 10
            if (fires(c.hold_armed, s))
              fail_hold(c, s);
          },
          [&](const keepalive_expired&) { // 11
            if (fires(c.keepalive_armed, s))
              beat(c, s);
          },
          [&](const delay_open_expired&) { fires(c.delay_open_armed, s); },
          [&](const send_hold_expired&) { fail_send_hold(c, s); },
          [&](const tcp_connection_failed&) { fail_tcp(c, s); }, // 18
          [&](const open_received&) {
            fail_unexpected(c, message_type::open, s);
          },
          [&](const keepalive_received&) { arm_hold(c, s); }, // 26
          [&](const update_received&) { arm_hold(c, s); },    // 27
          [&](const route_refresh_received&) { arm_hold(c, s); },
          [&](const notification_received& x) { // 24, 25
            fail_notified(c, x.message, s);
          },
          [&](const message_malformed& x) { fail_malformed(c, x, s); }, // 28
          [&](const session_set_up&) { establish(c, s); },
          [&](const session_set_up_failed&) {
            fail(c,
                 {end_reason::setup_failed,
                  make_error(cease_subcode::out_of_resources,
                             "the neighbour could not be registered")},
                 s);
          },
      },
      e);
}

// RFC 4271 §8.2.2, "Established State".
void session_fsm::in_established(connection& c, const connection_event& e,
                                 step& s) {
  std::visit(
      overloaded{
          [&](const hold_expired&) { // 10
            if (fires(c.hold_armed, s))
              fail_hold(c, s);
          },
          [&](const keepalive_expired&) { // 11
            if (fires(c.keepalive_armed, s))
              beat(c, s);
          },
          [&](const delay_open_expired&) { fires(c.delay_open_armed, s); },
          [&](const send_hold_expired&) { fail_send_hold(c, s); }, // 29
          [&](const tcp_connection_failed&) { fail_tcp(c, s); },   // 18
          [&](const open_received&) {
            fail_unexpected(c, message_type::open, s);
          },
          [&](const keepalive_received&) { arm_hold(c, s); }, // 26
          [&](const update_received&) { arm_hold(c, s); },    // 27
          [&](const route_refresh_received&) { arm_hold(c, s); },
          [&](const notification_received& x) { // 24, 25
            fail_notified(c, x.message, s);
          },
          [&](const message_malformed& x) { fail_malformed(c, x, s); }, // 28
          [&](const session_set_up&) { ignore(ignored_because::state, s); },
          [&](const session_set_up_failed&) {
            ignore(ignored_because::state, s);
          },
      },
      e);
}

} // namespace troupe::protocol::fsm
