#pragma once

#include <array>
#include <cstddef>

namespace troupe::cmd {

/// Gives memory back to the system that the allocator has kept for a while:
/// what a lost table or a burst leaves is not needed soon. Giving it back stops
/// all who allocate for some milliseconds, so it is done seldom, and not while
/// the memory comes and goes.
class heap_keeper {
public:
  /// Free octets of the heap, at regular times; whether to give them back now.
  /// What was given back still counts as free, until it has been used: so it is
  /// done once behind each time that much changed.
  bool is_due(std::size_t free);

private:
  static constexpr std::size_t worth_it = std::size_t{4} << 20;
  static constexpr std::size_t looks = 4;

  std::array<std::size_t, looks> seen_{};
  std::size_t count_ = 0;
  bool changed_ = true; ///< much, since it was given back
};

} // namespace troupe::cmd
