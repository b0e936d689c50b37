#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace troupe::rib::pool {

/// Blocks are measured in units of 8 bytes, the grain of an `attribute_ref`.
inline constexpr std::uint32_t unit_size = 8;
inline constexpr std::uint32_t units_per_page = 4096 / unit_size;

/// A class of block sizes; blocks of one class share pages.
struct size_class {
  std::uint32_t index = 0;
  std::uint32_t units = 0; ///< of every block of the class
};

/// Up to this many units every size is a class of its own; above, a doubling
/// has 8 classes, so that at most an eighth is lost. What is larger than a page
/// takes a power of two of them.
inline constexpr std::uint32_t exact_units = 64;
inline constexpr std::uint32_t class_count = exact_units + 1 + 8 * 3;

/// The class whose blocks hold `units` (1 to `units_per_page`).
constexpr size_class class_of(std::uint32_t units) {
  if (units <= exact_units)
    return {units, units};
  const auto last = units - 1;
  const auto log = static_cast<std::uint32_t>(std::bit_width(last)) - 1;
  const auto step = last >> (log - 3); // 8 to 15
  return {exact_units + 1 + (log - 6) * 8 + step - 8, (step + 1) << (log - 3)};
}
static_assert(class_of(65).units == 72);
static_assert(class_of(units_per_page).index == class_count - 1);
static_assert(class_of(units_per_page).units == units_per_page);

/// The power of two of pages that holds more units than a page does.
constexpr std::uint32_t page_order(std::uint32_t units) {
  return static_cast<std::uint32_t>(
      std::bit_width((units - 1) / units_per_page));
}
static_assert(page_order(units_per_page + 1) == 1);
static_assert(page_order(2 * units_per_page + 1) == 2);

} // namespace troupe::rib::pool
