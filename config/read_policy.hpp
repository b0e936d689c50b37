#pragma once

#include "config/reader.hpp"
#include "rib/policy_definition.hpp"

namespace troupe::config {

/// "accept", "reject", a policy's name, {"allow": [prefixes]}, or a list of
/// these.
bool to_chain(const value& v, rib::chain_definition& out);

/// A list of rules.
bool to_policy(const value& v, rib::policy_definition& out);

/// Whether the word has a meaning of its own where a policy can be named.
bool is_reserved_policy_name(std::string_view name);

} // namespace troupe::config
