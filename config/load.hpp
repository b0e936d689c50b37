#pragma once

#include "config/message.hpp"
#include "config/schema.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// How a configuration is written.
enum class format { json, yaml };

/// YAML for a file name that ends in .yaml or .yml, else JSON with comments.
format format_of(std::string_view file);

/// The outcome of a load: a configuration if no message is an error. Every
/// error and warning that can be told is there, in the order of the lines.
struct load_result {
  std::optional<configuration> value;
  std::vector<message> messages;
};

/// Reads, resolves and validates a configuration. `file` is named in messages
/// and says how the text is written. Bounded: 64 MiB of JSON or 16 MiB of YAML,
/// 64 levels, 2 million values; what exceeds it is an error.
load_result load(std::string_view text, const std::string& file);

/// Reads the file and loads it; a file that cannot be read is an error.
load_result load_file(const std::string& path);

} // namespace troupe::config
