#pragma once

#include "actors/transport/handles.hpp"
#include "actors/transport/poller.hpp"
#include "actors/transport/reactor.hpp"

namespace troupe::transport {

/// What the threads of one reactor share.
struct reactor_shared {
  explicit reactor_shared(const reactor_options& o) : options(o) {}

  const reactor_options options;
  statistics stats;
  socket_registry sockets;
  listener_registry listeners;
  link_registry links;
  /// Set by the destructor: no event may begin any more.
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> last_id{0};

  /// Names for sockets, listeners and links come from one sequence.
  std::uint64_t next_id() { return ++last_id; }
};

/// What the sockets of one event loop share; for its thread alone.
struct loop_context {
  /// Throws std::system_error if there is no epoll instance to be had.
  explicit loop_context(reactor_shared& s) : shared(s), buffer(read_size) {}

  /// The most that one read takes. More brings no speed, but makes the handlers
  /// behind it long.
  static constexpr std::size_t read_size = 64UL * 1024;

  reactor_shared& shared;
  poller poll;
  timer_queue timers;
  /// Where reads go first.
  std::vector<std::uint8_t> buffer;
};

/// Nanoseconds of the clock that leases are measured by.
inline std::int64_t steady_now() {
  auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::nanoseconds(since).count();
}

/// Makes the closing of this descriptor send a RST and drop what is unsent.
void linger_not(int fd);

} // namespace troupe::transport
