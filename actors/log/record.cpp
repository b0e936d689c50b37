#include "actors/log/record.hpp"

namespace troupe::log {

std::string_view to_string(level l) {
  switch (l) {
  case level::trace:
    return "trace";
  case level::debug:
    return "debug";
  case level::info:
    return "info";
  case level::warn:
    return "warn";
  case level::error:
    return "error";
  case level::off:
    return "off";
  }
  return "unknown";
}

std::optional<level> parse_level(std::string_view text) {
  for (auto l : {level::trace, level::debug, level::info, level::warn,
                 level::error, level::off})
    if (text == to_string(l))
      return l;
  return std::nullopt;
}

} // namespace troupe::log
