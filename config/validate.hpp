#pragma once

#include "config/message.hpp"
#include "config/schema.hpp"

#include <vector>

namespace troupe::config {

/// Everything that is wrong with a configuration as a whole: rules that one
/// field alone cannot break, and bounds. Messages have a path but neither file
/// nor line. No error means that the daemon can run it.
std::vector<message> validate(const configuration& c);

} // namespace troupe::config
