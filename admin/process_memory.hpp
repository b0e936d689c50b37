#pragma once

#include <cstdint>

namespace troupe::admin {

/// Octets of this process as the kernel and the allocator tell; 0 where they
/// do not.
struct process_memory {
  std::uint64_t resident = 0;
  std::uint64_t program = 0;   ///< resident pages of the program and libraries
  std::uint64_t heap_free = 0; ///< kept by the allocator for later
};

/// Asks them. Any thread may call it.
process_memory read_process_memory();

} // namespace troupe::admin
