#pragma once

#include "config/load.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace troupe::config::testing {

using json = nlohmann::ordered_json;

/// A configuration without a flaw or warning: two routers, three neighbours.
json sound();

/// A change to the sound configuration: a JSON pointer, and JSON text to put
/// there; no text takes away what the pointer names.
struct patch {
  std::string pointer;
  std::string value;
};
json patched(const std::vector<patch>& patches);

/// Loads a text as "test.json" or "test.yaml".
load_result load_json(const std::string& text);
load_result load_yaml(const std::string& text);

/// Loads what must be right; an empty configuration and a failure otherwise.
configuration loaded(const json& value);

/// "SEVERITY PATH: TEXT" of each message.
std::vector<std::string> texts(const std::vector<message>& messages);

} // namespace troupe::config::testing
