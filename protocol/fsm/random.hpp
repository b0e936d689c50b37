#pragma once

#include "protocol/fsm/settings.hpp"

#include <cstdint>

namespace troupe::protocol::fsm {

/// A small pseudo-random generator (splitmix64): a value, so that a session
/// machine that is copied or replayed draws the same numbers.
class random_source {
public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}

  /// Uniform over all 64-bit numbers.
  std::uint64_t next();
  /// Uniform in [0, 1).
  double next_fraction();
  /// `interval` times a factor drawn from the range, to the nearest
  /// millisecond. Draws nothing if the range is one value.
  milliseconds jittered(milliseconds interval, const jitter_range& range);

  friend bool operator==(const random_source&, const random_source&) = default;

private:
  std::uint64_t state_;
};

} // namespace troupe::protocol::fsm
