#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::log {

/// A timer as lines show it.
struct timer_view {
  std::chrono::nanoseconds interval{0};
  bool enabled = false;
  std::chrono::nanoseconds remaining{0};
};

/// The timers of a session.
struct session_clock {
  /// To what our timers are exact.
  std::chrono::nanoseconds resolution = std::chrono::milliseconds(1);
  timer_view connect_retry;
  timer_view idle_hold;
};

/// The timers of a connection.
struct connection_clock {
  std::chrono::nanoseconds resolution = std::chrono::milliseconds(1);
  timer_view keepalive;
  timer_view hold;
  timer_view delay_open;
};

/// What each line of a session carries. The views must live as long as the call
/// that takes it.
struct session_context {
  std::string_view fsm_state; ///< as the FSM prints it: "open sent"
  log::session_clock clock;
  std::string_view neighbor; ///< its address, or interface
  std::string_view neighbor_name;
};

/// What each line of a connection carries.
struct connection_context {
  std::uint32_t id = 0;       ///< printed as 8 hex digits
  std::string_view local;     ///< "ADDR:PORT"
  std::string_view peer;      ///< "ADDR:PORT"
  std::string_view direction; ///< "inbound" or "outbound"
  connection_clock clock;
  /// A number that tells sockets apart in dumps; need not be a descriptor.
  std::uint64_t socket = 0;
};

/// "SessionClock { resolution: 0.001s, connect_retry: Timer { interval: 1.000s,
/// enabled: true, remaining: 0.200s }, idle_hold: Timer { ... } }".
std::string to_string(const session_clock& c);

/// "ConnectionClock { conn_id: 214cf3d0, resolution: ..., keepalive: Timer {
/// ... }, hold: Timer { ... }, delay_open: Timer { ... } }".
std::string to_string(const connection_clock& c, std::uint32_t connection_id);

/// 8 hex digits.
std::string connection_id_text(std::uint32_t id);

} // namespace troupe::log
