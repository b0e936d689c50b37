#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace troupe::rib::pool {

/// Blocks are measured in units of 8 bytes, the grain of an `attribute_ref`.
inline constexpr std::uint32_t unit_size = 8;

/// A class of block sizes; blocks of one class replace each other.
struct size_class {
  std::uint32_t index = 0;
  std::uint32_t units = 0; ///< of every block of the class
};

/// Up to this many units every size is a class of its own; above, a doubling
/// has 8 classes, so that at most an eighth is lost.
inline constexpr std::uint32_t exact_units = 64;
inline constexpr std::uint32_t largest_units = 1U << 14;
inline constexpr std::uint32_t class_count = exact_units + 1 + 8 * 8;

/// The class whose blocks hold `units` (1 to `largest_units`).
constexpr size_class class_of(std::uint32_t units) {
  if (units <= exact_units)
    return {units, units};
  const auto last = units - 1;
  const auto log = static_cast<std::uint32_t>(std::bit_width(last)) - 1;
  const auto step = last >> (log - 3); // 8 to 15
  return {exact_units + 1 + (log - 6) * 8 + step - 8, (step + 1) << (log - 3)};
}
static_assert(class_of(65).units == 72);
static_assert(class_of(largest_units).index == class_count - 1);
static_assert(class_of(largest_units).units == largest_units);

} // namespace troupe::rib::pool
