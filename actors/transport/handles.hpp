#pragma once

#include "actors/transport/file_descriptor.hpp"
#include "actors/transport/transport.hpp"

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace troupe::transport {

/// What callers and the owning thread share of one socket.
struct socket_handle {
  explicit socket_handle(socket_id name) : id(name) {}

  const socket_id id;
  /// Set by `close` and `abort`: no event may begin any more.
  std::atomic<bool> ended{false};
  std::atomic<bool> paused{false};
  /// True from before a read until its bytes were given to the sink.
  std::atomic<bool> delivering{false};
  std::atomic<std::size_t> unconsumed{0};
  /// Bytes between `send` and the kernel.
  std::atomic<std::size_t> queued{0};
  std::atomic<std::uint64_t> written{0};

  /// Guards the lifetime of `fd` against callers of other threads. The owning
  /// thread, which alone sets and closes it, uses it without the lock.
  mutable std::mutex mutex;
  file_descriptor fd;
  bool v6 = false;
  /// The TTL of the peer's SYN, for an accepted socket.
  std::optional<std::uint8_t> syn_ttl;
  bool was_accepted = false;
};

/// What callers and the owning thread share of one listener.
struct listener_handle {
  explicit listener_handle(listener_id name) : id(name) {}

  const listener_id id;
  std::atomic<bool> ended{false};

  /// Guards everything below; the owning thread takes it to accept.
  mutable std::mutex mutex;
  file_descriptor fd;
  bool v6 = false;
  socket_options options;
  /// Peers whose key could not be set: they are not let in without.
  std::vector<protocol::prefix> unprotected;
};

/// What callers and the owning thread share of one link.
struct link_handle {
  explicit link_handle(link_id name) : id(name) {}

  const link_id id;
  std::atomic<bool> ended{false};

  /// Guards the descriptor.
  mutable std::mutex mutex;
  file_descriptor fd;
  std::uint32_t interface = 0; ///< its index
};

/// Finds handles by their ids, from any thread.
template <class Id, class Handle>
class registry {
public:
  using pointer = std::shared_ptr<Handle>;

  void add(pointer handle) {
    std::unique_lock lock(mutex_);
    handles_.emplace(handle->id, std::move(handle));
  }
  /// The handle, or null.
  pointer find(Id id) const {
    std::shared_lock lock(mutex_);
    auto found = handles_.find(id);
    return found == handles_.end() ? nullptr : found->second;
  }
  /// Removes and returns the handle, or null.
  pointer remove(Id id) {
    std::unique_lock lock(mutex_);
    auto node = handles_.extract(id);
    return node.empty() ? nullptr : std::move(node.mapped());
  }

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<Id, pointer> handles_;
};

using socket_registry = registry<socket_id, socket_handle>;
using listener_registry = registry<listener_id, listener_handle>;
using link_registry = registry<link_id, link_handle>;

} // namespace troupe::transport
