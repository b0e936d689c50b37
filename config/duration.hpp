#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::config {

/// Reads a whole number with one of the units ms, s, m, h, d: "90s", "100ms".
/// At most 365 days; nothing if it is malformed.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The duration in the largest unit that needs no fraction; "0s" for none.
std::string duration_text(std::chrono::milliseconds duration);

} // namespace troupe::config
