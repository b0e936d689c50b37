#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::protocol::fsm {

/// The states of RFC 4271 §8.2.2 and two of our own: two connections that
/// compete, and a session that waits for the RIB to know its neighbour.
enum class state : std::uint8_t {
  idle,
  connect,
  active,
  open_sent,
  open_confirm,
  connection_collision,
  session_setup,
  established
};

inline constexpr std::size_t state_count = 8;

/// The name in log records: "open sent".
std::string_view log_name(state s);
/// The name in the admin interface: "OpenSent".
std::string_view api_name(state s);

/// Names one TCP connection for its whole life. Chosen by the outside, which
/// never uses it twice within a session.
enum class connection_id : std::uint64_t {};

/// Who opened a connection: the peer (inbound) or we (outbound).
enum class direction : std::uint8_t { inbound, outbound };

/// "inbound" or "outbound".
std::string_view to_string(direction d);

/// How far one connection has come; RFC 4271 gives each connection a state
/// machine of its own, and this is its state.
enum class phase : std::uint8_t {
  delaying,      ///< TCP is up, DelayOpenTimer runs, no OPEN was sent
  open_sent,     ///< our OPEN is out, the peer's is awaited
  open_confirm,  ///< both OPENs are through, a KEEPALIVE is awaited
  session_setup, ///< the outside registers the neighbour with the RIB
  established
};

/// "delaying", "open sent", ...
std::string_view to_string(phase p);

/// The timers that the machine arms. The first three belong to the session,
/// the others to a connection.
enum class timer : std::uint8_t {
  connect_retry,
  idle_hold,
  stable, ///< runs in Established; its expiry ends the damping
  hold,
  keepalive,
  delay_open
};

/// "connect_retry", "idle_hold", "stable", "hold", "keepalive", "delay_open".
std::string_view to_string(timer t);

} // namespace troupe::protocol::fsm
