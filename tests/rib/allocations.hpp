#pragma once

#include <cstddef>

namespace troupe::rib {

/// How often this thread has called `operator new`; always 0 under a
/// sanitizer, which has its own.
std::size_t allocations();

} // namespace troupe::rib
