#pragma once

#include <algorithm>
#include <chrono>

namespace troupe::config {

/// The keepalive time where none is given: a third of the hold time (RFC 4271
/// §10).
inline std::chrono::milliseconds
default_keepalive(std::chrono::milliseconds hold) {
  return hold / 3;
}

/// The send hold time where none is given: 8 minutes, or twice the hold time if
/// that is more (RFC 9687 §6).
inline std::chrono::milliseconds
default_send_hold(std::chrono::milliseconds hold) {
  return std::max(std::chrono::milliseconds{480000}, 2 * hold);
}

} // namespace troupe::config
