#include "protocol/fsm/action.hpp"

#include "protocol/overloaded.hpp"

namespace troupe::protocol::fsm {

namespace {

std::string text(connection_id id) {
  return '#' + std::to_string(static_cast<std::uint64_t>(id));
}

std::string text(milliseconds duration) {
  return std::to_string(duration.count()) + " ms";
}

std::string text(std::string_view s) {
  return std::string{s};
}

std::string text(timer which, const std::optional<connection_id>& connection) {
  return text(to_string(which)) + (connection ? ' ' + text(*connection) : "");
}

/// "6/2", in front of it a word if there is a NOTIFICATION at all.
std::string text(std::string_view word, const std::optional<decode_error>& e) {
  if (!e)
    return {};
  return text(word) + std::to_string(static_cast<unsigned>(e->code)) + '/'
         + std::to_string(e->subcode);
}

std::string text(const ending& why) {
  return text(to_string(why.reason)) + text(" ", why.notification);
}

std::string line(const start_connect_attempt& x) {
  return "connect within " + text(x.timeout);
}

std::string line(const cancel_connect_attempt&) {
  return text("cancel attempt");
}

std::string line(const adopt_connection& x) {
  return "adopt " + text(to_string(x.way)) + ' ' + text(x.connection);
}

std::string line(const begin_reading& x) {
  return "read " + text(x.connection);
}

std::string line(const reject_connection& x) {
  return "reject " + text(to_string(x.way)) + ' ' + text(x.connection)
         + text(" ", x.notification);
}

std::string line(const close_connection& x) {
  return "close " + text(x.connection);
}

std::string line(const send_open& x) {
  return "send open " + text(x.connection);
}

std::string line(const send_keepalive& x) {
  return "send keepalive " + text(x.connection);
}

std::string line(const send_notification& x) {
  return "send notification " + text(x.connection) + text(" ", x.notification);
}

std::string line(const arm_timer& x) {
  return "arm " + text(x.which, x.connection) + ' ' + text(x.duration);
}

std::string line(const disarm_timer& x) {
  return "disarm " + text(x.which, x.connection);
}

std::string line(const set_up_session& x) {
  return "set up session " + text(x.connection);
}

std::string line(const accept_updates& x) {
  return "accept updates " + text(x.connection);
}

std::string line(const established& x) {
  return "established " + text(x.connection);
}

std::string line(const session_down& x) {
  return "session down " + text(x.connection) + ' ' + text(x.why);
}

std::string line(const connection_ends& x) {
  return "end " + text(x.connection) + ": " + text(x.cause) + ", " + text(x.why)
         + ", to " + text(log_name(x.next));
}

std::string line(const transition& x) {
  return text(log_name(x.from)) + " -> " + text(log_name(x.to));
}

std::string line(const unexpected_event& x) {
  return "ignore " + text(x.title) + ": " + text(to_string(x.why));
}

} // namespace

std::string_view to_string(end_reason r) {
  switch (r) {
  case end_reason::manual_stop:
    return "manual stop";
  case end_reason::manual_reset:
    return "manual reset";
  case end_reason::automatic_stop:
    return "automatic stop";
  case end_reason::tcp_failure:
    return "tcp failure";
  case end_reason::notification_received:
    return "notification received";
  case end_reason::hold_timer:
    return "hold timer expired";
  case end_reason::send_hold_timer:
    return "send hold timer expired";
  case end_reason::malformed_message:
    return "malformed message";
  case end_reason::unacceptable_open:
    return "unacceptable open";
  case end_reason::unexpected_message:
    return "unexpected message";
  case end_reason::superseded:
    return "superseded by a new connection";
  case end_reason::collision:
    return "collision";
  case end_reason::setup_failed:
    return "setup failed";
  }
  return "unknown";
}

std::string_view to_string(ignored_because why) {
  switch (why) {
  case ignored_because::state:
    return "it has no meaning in this state";
  case ignored_because::unknown_connection:
    return "its connection has ended";
  case ignored_because::timer_not_armed:
    return "its timer is not armed";
  case ignored_because::no_attempt:
    return "its attempt was given up";
  case ignored_because::known_connection:
    return "the connection is registered already";
  }
  return "unknown";
}

std::string to_string(const action& a) {
  // Each action has a `line`, or this does not compile.
  return std::visit([](const auto& x) { return line(x); }, a);
}

} // namespace troupe::protocol::fsm
