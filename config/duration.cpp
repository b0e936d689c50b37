#include "config/duration.hpp"

#include <charconv>
#include <cstdint>

namespace troupe::config {

namespace {

using std::chrono::milliseconds;

struct unit {
  std::string_view name;
  std::int64_t size;
};

/// From the largest to the smallest.
constexpr unit units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

constexpr std::int64_t longest = 365LL * 86400000;

} // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (text.empty() || text.front() == '-' || result.ec != std::errc{})
    return std::nullopt;
  const std::string_view rest{result.ptr,
                              static_cast<std::size_t>(end - result.ptr)};
  for (const auto& [name, size] : units)
    if (rest == name && number <= longest / size)
      return milliseconds{number * size};
  return std::nullopt;
}

std::string duration_text(milliseconds duration) {
  if (duration.count() == 0)
    return "0s";
  for (const auto& [name, size] : units)
    if (duration.count() % size == 0)
      return std::to_string(duration.count() / size) + std::string{name};
  return {}; // the last unit divides everything
}

} // namespace troupe::config
