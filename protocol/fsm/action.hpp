#pragma once

#include "protocol/error.hpp"
#include "protocol/fsm/settings.hpp"
#include "protocol/fsm/state.hpp"
#include "protocol/wire/negotiation.hpp"
#include "protocol/wire/open.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What the outside has to do about an event, in the order of the vector.
namespace troupe::protocol::fsm {

// -- attempts and connections -------------------------------------------------

/// Connect to the peer. One attempt at most is under way: another one comes
/// only after `cancel_connect_attempt` or the result of the last.
struct start_connect_attempt {
  milliseconds timeout{0}; ///< a third of the connect retry time
  friend bool operator==(const start_connect_attempt&,
                         const start_connect_attempt&) = default;
};
/// Forget the attempt: its result must not become an event any more.
struct cancel_connect_attempt {
  friend bool operator==(const cancel_connect_attempt&,
                         const cancel_connect_attempt&) = default;
};
/// The connection belongs to the session from now on.
struct adopt_connection {
  connection_id connection{};
  direction way = direction::inbound;
  friend bool operator==(const adopt_connection&,
                         const adopt_connection&) = default;
};
/// Its messages may become events from now on.
struct begin_reading {
  connection_id connection{};
  friend bool operator==(const begin_reading&, const begin_reading&) = default;
};
/// Close a new connection that the session does not take; first send the
/// NOTIFICATION, if there is one.
struct reject_connection {
  connection_id connection{};
  direction way = direction::inbound;
  std::optional<decode_error> notification;
  friend bool operator==(const reject_connection&,
                         const reject_connection&) = default;
};
/// Close an adopted connection after what was queued urgently has gone out; no
/// event of it may follow. All its timers are disarmed already.
struct close_connection {
  connection_id connection{};
  friend bool operator==(const close_connection&,
                         const close_connection&) = default;
};

// -- messages -----------------------------------------------------------------

struct send_open {
  connection_id connection{};
  wire::open_message message;
  friend bool operator==(const send_open&, const send_open&) = default;
};
struct send_keepalive {
  connection_id connection{};
  friend bool operator==(const send_keepalive&,
                         const send_keepalive&) = default;
};
/// The last message of a connection: `close_connection` follows.
struct send_notification {
  connection_id connection{};
  decode_error notification;
  /// The largest message that the peer takes.
  std::size_t max_size = wire::standard_message_size;
  friend bool operator==(const send_notification&,
                         const send_notification&) = default;
};

// -- timers -------------------------------------------------------------------

/// Start the timer, or start it anew: its expiry is an event after `duration`.
struct arm_timer {
  timer which = timer::connect_retry;
  std::optional<connection_id> connection; ///< for a connection's timers
  milliseconds duration{0};                ///< jitter is applied already
  friend bool operator==(const arm_timer&, const arm_timer&) = default;
};
struct disarm_timer {
  timer which = timer::connect_retry;
  std::optional<connection_id> connection;
  friend bool operator==(const disarm_timer&, const disarm_timer&) = default;
};

// -- the session --------------------------------------------------------------

/// Why a connection has ended.
enum class end_reason : std::uint8_t {
  manual_stop,
  manual_reset,
  automatic_stop,
  tcp_failure,
  notification_received,
  hold_timer,
  send_hold_timer,
  malformed_message,  ///< header, OPEN or UPDATE error
  unacceptable_open,  ///< the OPEN is readable but not what we expect
  unexpected_message, ///< finite state machine error
  collision,          ///< another connection of the neighbour remains
  superseded,         ///< the peer has restarted and connects anew
  setup_failed        ///< the outside could not register the neighbour
};

/// "manual stop", "notification received", ...
std::string_view to_string(end_reason r);

/// How a connection has ended, for logs and the admin interface's last error.
struct ending {
  end_reason reason = end_reason::tcp_failure;
  /// The NOTIFICATION that the peer sent if `reason` is
  /// `notification_received`, else the one that we send, if any.
  std::optional<decode_error> notification;
  friend bool operator==(const ending&, const ending&) = default;
};

/// Register the neighbour with the RIB, then answer with `session_set_up` or
/// `session_set_up_failed`. Exactly one `session_down` will follow.
struct set_up_session {
  connection_id connection{};
  wire::negotiated agreed;
  friend bool operator==(const set_up_session&,
                         const set_up_session&) = default;
};
/// UPDATEs and ROUTE-REFRESHes of this connection may be applied, those that
/// were held back since its `set_up_session` first.
struct accept_updates {
  connection_id connection{};
  friend bool operator==(const accept_updates&,
                         const accept_updates&) = default;
};
/// The session is up: advertise.
struct established {
  connection_id connection{};
  wire::negotiated agreed;
  friend bool operator==(const established&, const established&) = default;
};
/// The session that `set_up_session` began is over: its routes must go or turn
/// stale. `from` is `session_setup` or `established`.
struct session_down {
  connection_id connection{};
  state from = state::established;
  ending why;
  friend bool operator==(const session_down&, const session_down&) = default;
};

// -- for the record -----------------------------------------------------------

/// An adopted connection ends because of the event `cause` (its title). `next`
/// is the state that this leads to ("rx CAUSE, fsm transition to NEXT").
struct connection_ends {
  connection_id connection{};
  std::string_view cause; ///< static text
  ending why;
  state next = state::idle;
  friend bool operator==(const connection_ends&,
                         const connection_ends&) = default;
};
struct transition {
  state from = state::idle;
  state to = state::idle;
  friend bool operator==(const transition&, const transition&) = default;
};
/// Why an event changes nothing.
enum class ignored_because : std::uint8_t {
  state,              ///< it has no meaning in this state
  unknown_connection, ///< its connection has ended, as may well happen
  timer_not_armed,    ///< an expiry that came late
  no_attempt,         ///< the result of an attempt that was given up
  known_connection    ///< a new connection bears a registered one's id
};

/// "it has no meaning in this state", ...
std::string_view to_string(ignored_because why);

/// The event is ignored and to be logged: as a warning if `why` is `state` or
/// `known_connection`, else as a detail.
struct unexpected_event {
  std::string_view title; ///< static text
  std::optional<connection_id> connection;
  ignored_because why = ignored_because::state;
  friend bool operator==(const unexpected_event&,
                         const unexpected_event&) = default;
};

using action =
    std::variant<start_connect_attempt, cancel_connect_attempt,
                 adopt_connection, begin_reading, reject_connection,
                 close_connection, send_open, send_keepalive, send_notification,
                 arm_timer, disarm_timer, set_up_session, accept_updates,
                 established, session_down, connection_ends, transition,
                 unexpected_event>;

using actions = std::vector<action>;

/// The action as one line of text, for tests, traces and explanations:
/// "arm hold #2 90000 ms".
std::string to_string(const action& a);

} // namespace troupe::protocol::fsm
