#pragma once

#include "config/report.hpp"
#include "config/schema.hpp"
#include "config/tree.hpp"

namespace troupe::config {

/// Turns a tree into a configuration. Reports unknown keys, missing ones and
/// values of the wrong kind; what is wrong keeps its default. Rules that
/// concern several fields are `validate`'s.
configuration read_configuration(const node& root, report& errors);

} // namespace troupe::config
