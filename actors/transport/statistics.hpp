#pragma once

#include <atomic>
#include <cstdint>

namespace troupe::transport {

/// What a transport has done since it began. The counters only grow; they may
/// be read from any thread, each for itself.
struct statistics {
  using counter = std::atomic<std::uint64_t>;
  counter bytes_in{0};
  counter bytes_out{0};
  counter reads{0};
  counter writes{0};
  counter accepted{0};
  /// Connections that a listener took and dropped: no descriptor, no lease.
  counter refused{0};
  /// How often a listener stood still for want of descriptors or memory.
  counter accept_pauses{0};
  counter connected{0};
  counter connect_failed{0};
  /// Sockets ended with a RST by us: on demand, unread, or nobody's.
  counter aborted{0};
  /// Rounds of the threads: each one is a system call that may have slept.
  counter rounds{0};
  /// Wake-ups of the threads by another thread.
  counter wakeups{0};
};

} // namespace troupe::transport
