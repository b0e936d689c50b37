#pragma once

#include "config/report.hpp"
#include "config/tree.hpp"

#include <optional>
#include <string_view>

namespace troupe::config {

/// Reads JSON with `//` and `/* */` comments. Goes on after a syntax error
/// where it can, so the tree may be there although the report has errors; what
/// was not understood is missing in it.
std::optional<node> parse_json(std::string_view text, report& errors);

/// Reads YAML 1.2 (core schema, one document). Nothing after a syntax error.
std::optional<node> parse_yaml(std::string_view text, report& errors);

/// Reports the first byte that is no UTF-8 or a control character other than
/// tab and line ends; whether there is none.
bool check_characters(std::string_view text, report& errors);

/// Whether the text is a number as JSON writes it.
bool is_json_number(std::string_view text);

} // namespace troupe::config
