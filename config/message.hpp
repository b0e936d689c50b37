#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::config {

/// An error keeps the configuration from being used, a warning does not.
enum class severity { error, warning };

/// What is wrong with a configuration, and where.
struct message {
  severity level = severity::error;
  std::string file;
  std::size_t line = 0;   ///< from 1; 0: not known
  std::size_t column = 0; ///< from 1, in bytes; 0: not known
  std::string path;       ///< "routers[0].neighbors[3].timers.hold"; or empty
  std::string text;
  friend bool operator==(const message&, const message&) = default;
};

/// "FILE:LINE:COLUMN: error: PATH: TEXT".
std::string to_string(const message& m);

/// Whether one of the messages is an error.
bool has_errors(const std::vector<message>& messages);

} // namespace troupe::config
