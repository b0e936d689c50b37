#pragma once

#include "config/schema.hpp"

#include <rapidcheck.h>

namespace troupe::config::testing {

/// A random configuration without an error, small: few routers and neighbours,
/// few values for each field, so that ties happen.
configuration arbitrary_configuration();

/// A random valid neighbour of such a configuration; its name and address are
/// made from `number`.
neighbor arbitrary_neighbor(unsigned number);

} // namespace troupe::config::testing
