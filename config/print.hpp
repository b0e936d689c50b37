#pragma once

#include "config/schema.hpp"

#include <string>

namespace troupe::config {

struct print_options {
  /// Prints "***" for TCP-MD5 and TCP-AO keys; such a text is for reading, not
  /// for loading.
  bool mask_secrets = false;
  /// Prints also what has its default value.
  bool all_values = false;
};

/// The configuration as JSON text in a canonical order, every field resolved:
/// equal configurations give equal texts, and loading the text gives the
/// configuration back.
std::string print(const configuration& c, const print_options& options = {});

/// One neighbour as a line of JSON, for the log.
std::string print(const neighbor& n, const print_options& options = {});

} // namespace troupe::config
