#pragma once

#include "tests/config/config_support.hpp"

#include <string>
#include <vector>

namespace troupe::config::testing {

// Where things are in the sound configuration: as JSON pointers, and as paths.
inline const std::string r0 = "/routers/0";
inline const std::string r1 = "/routers/1";
inline const std::string a = "/routers/0/neighbors/0";
inline const std::string b = "/routers/0/neighbors/1";
inline const std::string c = "/routers/1/neighbors/0";
inline const std::string a_path = "routers[0].neighbors[0]";
inline const std::string b_path = "routers[0].neighbors[1]";
inline const std::string c_path = "routers[1].neighbors[0]";
inline const std::string v4 = "/families/ipv4_unicast";

/// One rule: what is changed in the sound configuration, and the one message
/// that follows ("SEVERITY PATH: beginning of the text").
struct rule {
  std::string name;
  std::vector<patch> patches;
  std::string message;
};

/// Expects that the rule is told once, with its place, and keeps the
/// configuration from being used only if it is an error.
void expect_rule(const rule& r);

inline std::string name_of(const ::testing::TestParamInfo<rule>& info) {
  return info.param.name;
}

/// A string in quotes.
inline std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

} // namespace troupe::config::testing
