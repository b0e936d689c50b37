#pragma once

#include "actors/transport/file_descriptor.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <sys/epoll.h>

namespace troupe::transport {

/// An epoll instance whose descriptors are known by ids.
class poller {
public:
  /// Throws std::system_error if there is no epoll instance to be had.
  poller();

  /// Changes what is waited for, from `current` to `wanted` (EPOLL* masks); 0
  /// is not registered. Returns an errno, 0 if it worked.
  int watch(int fd, std::uint64_t id, std::uint32_t current,
            std::uint32_t wanted) const;

  /// Waits at most this long (nothing: for ever) and returns what happened;
  /// valid until the next call. Ends the process where epoll itself fails.
  std::span<const epoll_event>
  wait(std::optional<std::chrono::nanoseconds> timeout);

private:
  file_descriptor epoll_;
  std::array<epoll_event, 256> events_{};
};

/// One timer per id.
class timer_queue {
public:
  using clock = std::chrono::steady_clock;

  /// Sets or replaces the timer of this id.
  void arm(std::uint64_t id, clock::time_point at);
  void cancel(std::uint64_t id);
  /// When the next timer is due.
  std::optional<clock::time_point> next() const;
  /// Takes one timer that is due; nothing if none is.
  std::optional<std::uint64_t> take_due(clock::time_point now);

private:
  std::set<std::pair<clock::time_point, std::uint64_t>> order_;
  std::map<std::uint64_t, clock::time_point> times_;
};

} // namespace troupe::transport
