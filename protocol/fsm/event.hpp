#pragma once

#include "protocol/error.hpp"
#include "protocol/fsm/state.hpp"
#include "protocol/wire/notification.hpp"
#include "protocol/wire/open.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What can happen to a session. The numbers are those of RFC 4271 §8.1; where
/// one event of ours covers several, session settings tell them apart.
namespace troupe::protocol::fsm {

// -- administrative events (RFC 4271 §8.1.2) ----------------------------------

/// The first event of a neighbour that is enabled (events 3, 5, 6, 7). Ignored
/// unless `settings::start_automatically`, and after a manual stop.
struct automatic_start {
  friend bool operator==(const automatic_start&,
                         const automatic_start&) = default;
};
/// The operator enables the neighbour (events 1, 4). Ends damping.
struct manual_start {
  friend bool operator==(const manual_start&, const manual_start&) = default;
};
/// The operator or the daemon's end stops the session; it stays Idle until
/// `manual_start` (event 2).
struct manual_stop {
  /// Cease subcode (RFC 4486 §4): 2 administrative shutdown, 3 peer
  /// de-configured, 9 hard reset, ...
  std::uint8_t subcode = 2;
  /// Shutdown communication (RFC 9003), UTF-8; sent with subcodes 2 and 4 only
  /// and cut at 128 octets.
  std::string text;
  /// False closes without NOTIFICATION, so that a peer with graceful restart
  /// keeps our routes (RFC 4724 §4).
  bool notify = true;
  friend bool operator==(const manual_stop&, const manual_stop&) = default;
};
/// The operator ends the session and wants it back: Cease, Idle, and a start
/// after the undamped idle hold time (events 2 and 3). Ends damping. Leaves
/// Idle at once, unless the session was stopped.
struct reset {
  std::uint8_t subcode = 4; ///< Cease subcode: 4 administrative reset, ...
  std::string text;         ///< as in `manual_stop`
  friend bool operator==(const reset&, const reset&) = default;
};
/// The daemon ends the session because of a rule of its own, as too many
/// prefixes (event 8). Damped as any failure.
struct automatic_stop {
  std::uint8_t subcode = 1;       ///< Cease subcode: 1 maximum prefixes, ...
  std::vector<std::uint8_t> data; ///< data field of the NOTIFICATION
  /// How long Idle lasts then; nothing: as after any failure.
  std::optional<std::chrono::milliseconds> pause = std::nullopt;
  /// Whether only the operator ends it.
  bool stays_idle = false;
  friend bool operator==(const automatic_stop&,
                         const automatic_stop&) = default;
};

// -- timer events (RFC 4271 §8.1.3) -------------------------------------------
// The outside drops expiries of an older generation; one that comes for a timer
// that is not armed is reported and ignored all the same.

/// Event 9.
struct connect_retry_expired {
  friend bool operator==(const connect_retry_expired&,
                         const connect_retry_expired&) = default;
};
/// Event 13.
struct idle_hold_expired {
  friend bool operator==(const idle_hold_expired&,
                         const idle_hold_expired&) = default;
};
/// The session has been Established for `settings::stable_time` (ours).
struct stable_expired {
  friend bool operator==(const stable_expired&,
                         const stable_expired&) = default;
};
/// Event 10.
struct hold_expired {
  connection_id connection{};
  friend bool operator==(const hold_expired&, const hold_expired&) = default;
};
/// Event 11.
struct keepalive_expired {
  connection_id connection{};
  friend bool operator==(const keepalive_expired&,
                         const keepalive_expired&) = default;
};
/// Event 12.
struct delay_open_expired {
  connection_id connection{};
  friend bool operator==(const delay_open_expired&,
                         const delay_open_expired&) = default;
};
/// The peer has read nothing for the send hold time (event 29, RFC 9687 §4.2).
/// The outside owns this timer.
struct send_hold_expired {
  connection_id connection{};
  friend bool operator==(const send_hold_expired&,
                         const send_hold_expired&) = default;
};

// -- TCP events (RFC 4271 §8.1.4) ---------------------------------------------
// Events 14 and 15 are answered before a connection reaches the session.

/// A connection that the peer opened is up (event 17). Nothing may be read from
/// it before `begin_reading`.
struct tcp_connection_acked {
  connection_id connection{};
  friend bool operator==(const tcp_connection_acked&,
                         const tcp_connection_acked&) = default;
};
/// The connection that we opened is up (event 16). Nothing may be read from it
/// before `begin_reading`.
struct tcp_connection_confirmed {
  connection_id connection{};
  friend bool operator==(const tcp_connection_confirmed&,
                         const tcp_connection_confirmed&) = default;
};
/// An attempt ended without a connection (event 18 before there is one).
struct connect_attempt_failed {
  friend bool operator==(const connect_attempt_failed&,
                         const connect_attempt_failed&) = default;
};
/// A connection is gone: FIN, RST, or a failure of its actor (event 18).
struct tcp_connection_failed {
  connection_id connection{};
  friend bool operator==(const tcp_connection_failed&,
                         const tcp_connection_failed&) = default;
};

// -- message events (RFC 4271 §8.1.5) -----------------------------------------

/// An OPEN that could be decoded; whether it is legal is checked here (events
/// 19, 20; 22 if it is not).
struct open_received {
  connection_id connection{};
  wire::open_message message;
  friend bool operator==(const open_received&, const open_received&) = default;
};
/// Event 26.
struct keepalive_received {
  connection_id connection{};
  friend bool operator==(const keepalive_received&,
                         const keepalive_received&) = default;
};
/// One or more UPDATEs (event 27). The machine only takes them as a sign of
/// life; the outside holds them back until `accept_updates`.
struct update_received {
  connection_id connection{};
  friend bool operator==(const update_received&,
                         const update_received&) = default;
};
/// A ROUTE-REFRESH (RFC 2918); a sign of life, answered by the outside.
struct route_refresh_received {
  connection_id connection{};
  friend bool operator==(const route_refresh_received&,
                         const route_refresh_received&) = default;
};
/// A NOTIFICATION (events 24 and 25). It is never answered by another one.
struct notification_received {
  connection_id connection{};
  wire::notification_message message;
  friend bool operator==(const notification_received&,
                         const notification_received&) = default;
};
/// A message that demands a session reset (events 21, 22, 28).
struct message_malformed {
  connection_id connection{};
  decode_error error; ///< what goes out as NOTIFICATION
  /// Type octet of the message, where it could be read. A malformed
  /// NOTIFICATION (3) is not answered (RFC 4271 §6.4).
  std::optional<std::uint8_t> message_type;
  friend bool operator==(const message_malformed&,
                         const message_malformed&) = default;
};

// -- answers to actions -------------------------------------------------------

/// The RIB knows the neighbour, as `set_up_session` demanded.
struct session_set_up {
  connection_id connection{};
  friend bool operator==(const session_set_up&,
                         const session_set_up&) = default;
};
/// It cannot be done: Cease 6/8 and Idle.
struct session_set_up_failed {
  connection_id connection{};
  friend bool operator==(const session_set_up_failed&,
                         const session_set_up_failed&) = default;
};

/// Events of the session as a whole.
using session_event =
    std::variant<automatic_start, manual_start, manual_stop, reset,
                 automatic_stop, connect_retry_expired, idle_hold_expired,
                 stable_expired, tcp_connection_acked, tcp_connection_confirmed,
                 connect_attempt_failed>;

/// Events of a connection that was registered before.
using connection_event =
    std::variant<hold_expired, keepalive_expired, delay_open_expired,
                 send_hold_expired, tcp_connection_failed, open_received,
                 keepalive_received, update_received, route_refresh_received,
                 notification_received, message_malformed, session_set_up,
                 session_set_up_failed>;

/// Any event; converts from each struct above.
using event = std::variant<session_event, connection_event>;

/// The event as log records name it: "keepalive timer expires".
std::string_view title(const event& e);

/// The connection that an event belongs to, new ones included.
std::optional<connection_id> connection_of(const event& e);
/// \copydoc connection_of
connection_id connection_of(const connection_event& e);

} // namespace troupe::protocol::fsm
