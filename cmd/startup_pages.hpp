#pragma once

#include <cstddef>

namespace troupe::cmd {

/// Unmaps the pages of the program and its libraries that are never written:
/// code and constants. Those that are needed come back at their next use from
/// the page cache, which keeps them; those that only the start needed, the
/// larger part, do not. Returns the bytes of the segments that this was done
/// for. Any thread may call it.
std::size_t give_back_startup_pages();

} // namespace troupe::cmd
