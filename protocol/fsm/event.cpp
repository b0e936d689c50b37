#include "protocol/fsm/event.hpp"

#include "protocol/overloaded.hpp"

namespace troupe::protocol::fsm {

namespace {

std::string_view session_title(const session_event& e) {
  using namespace std::string_view_literals;
  return std::visit(
      overloaded{
          [](const automatic_start&) { return "automatic start"sv; },
          [](const manual_start&) { return "manual start"sv; },
          [](const manual_stop&) { return "manual stop"sv; },
          [](const reset&) { return "reset"sv; },
          [](const automatic_stop&) { return "automatic stop"sv; },
          [](const connect_retry_expired&) {
            return "connect retry timer expires"sv;
          },
          [](const idle_hold_expired&) { return "idle hold timer expires"sv; },
          [](const stable_expired&) { return "stable timer expires"sv; },
          [](const tcp_connection_acked&) { return "tcp connection acked"sv; },
          [](const tcp_connection_confirmed&) {
            return "tcp connection confirmed"sv;
          },
          [](const connect_attempt_failed&) {
            return "connect attempt failed"sv;
          },
      },
      e);
}

std::string_view connection_title(const connection_event& e) {
  using namespace std::string_view_literals;
  return std::visit(
      overloaded{
          [](const hold_expired&) { return "hold timer expires"sv; },
          [](const keepalive_expired&) { return "keepalive timer expires"sv; },
          [](const delay_open_expired&) {
            return "delay open timer expires"sv;
          },
          [](const send_hold_expired&) { return "send hold timer expires"sv; },
          [](const tcp_connection_failed&) { return "tcp connection fails"sv; },
          [](const open_received&) { return "open message"sv; },
          [](const keepalive_received&) { return "keepalive message"sv; },
          [](const update_received&) { return "update message"sv; },
          [](const route_refresh_received&) {
            return "route refresh message"sv;
          },
          [](const notification_received&) { return "notification message"sv; },
          [](const message_malformed&) { return "parse error"sv; },
          [](const session_set_up&) { return "session set up"sv; },
          [](const session_set_up_failed&) {
            return "session set up failed"sv;
          },
      },
      e);
}

std::optional<connection_id> new_connection(const session_event& e) {
  using none = std::optional<connection_id>;
  return std::visit(
      overloaded{
          [](const automatic_start&) { return none{}; },
          [](const manual_start&) { return none{}; },
          [](const manual_stop&) { return none{}; },
          [](const reset&) { return none{}; },
          [](const automatic_stop&) { return none{}; },
          [](const connect_retry_expired&) { return none{}; },
          [](const idle_hold_expired&) { return none{}; },
          [](const stable_expired&) { return none{}; },
          [](const tcp_connection_acked& x) { return none{x.connection}; },
          [](const tcp_connection_confirmed& x) { return none{x.connection}; },
          [](const connect_attempt_failed&) { return none{}; },
      },
      e);
}

} // namespace

std::string_view title(const event& e) {
  return std::visit(
      overloaded{
          [](const session_event& x) { return session_title(x); },
          [](const connection_event& x) { return connection_title(x); },
      },
      e);
}

std::optional<connection_id> connection_of(const event& e) {
  using answer = std::optional<connection_id>;
  return std::visit(
      overloaded{
          [](const session_event& x) { return new_connection(x); },
          [](const connection_event& x) { return answer{connection_of(x)}; },
      },
      e);
}

connection_id connection_of(const connection_event& e) {
  // Every struct of the variant has this member, or this does not compile.
  return std::visit([](const auto& x) { return x.connection; }, e);
}

} // namespace troupe::protocol::fsm
