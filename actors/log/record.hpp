#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::log {

/// How grave a record is; the numbers are those of the Bunyan log format.
enum class level : std::uint8_t {
  trace = 10,
  debug = 20,
  info = 30,
  warn = 40,
  error = 50,
  off = 60 ///< a threshold only: nothing is logged
};

/// "trace", "debug", "info", "warn", "error", "off".
std::string_view to_string(level l);

/// The inverse of `to_string`; nothing for any other text.
std::optional<level> parse_level(std::string_view text);

/// A text of any bytes, an integer, or a truth value.
using value = std::variant<std::string, std::int64_t, std::uint64_t, bool>;

struct field {
  std::string_view key; ///< a literal: it is not copied
  log::value value;
};

/// One thing to be logged. Fields keep their order; keys should differ. The
/// views are literals. Build it only where `logger::enabled` says so.
struct record {
  level severity = level::info;
  std::string message;
  /// The part of the program: "session_runner", "connection_tcp", ...
  std::string_view unit;
  std::string_view module;
  std::vector<field> fields;
  std::string_view component = "bgp";

  /// Appends a field.
  template <class T>
  record& with(std::string_view key, T&& content) {
    using type = std::remove_cvref_t<T>;
    if constexpr (std::same_as<type, bool>)
      fields.push_back({key, value{std::in_place_type<bool>, content}});
    else if constexpr (std::signed_integral<type>)
      fields.push_back({key, value{std::in_place_type<std::int64_t>, content}});
    else if constexpr (std::unsigned_integral<type>)
      fields.push_back(
          {key, value{std::in_place_type<std::uint64_t>, content}});
    else
      fields.push_back({key, value{std::in_place_type<std::string>,
                                   std::forward<T>(content)}});
    return *this;
  }
};

} // namespace troupe::log
