#pragma once

#include "actors/transport/file_descriptor.hpp"
#include "actors/transport/handles.hpp"

#include <mutex>
#include <vector>

namespace troupe::transport::command {

// What other threads ask of an event loop, in the order of their asking.

/// Who is told of what this listener accepts; goes to every loop.
struct watch_listener {
  std::shared_ptr<listener_handle> listener;
  event_sink sink;
  /// Whether this loop is the one that accepts.
  bool accept = false;
};
/// The listener is closed; goes to every loop.
struct forget_listener {
  listener_id listener{};
};
/// The sink of a listener changes; goes to every loop.
struct take_over {
  listener_id listener{};
  event_sink sink;
};
/// An accepted socket gets its loop.
struct add_accepted {
  std::shared_ptr<socket_handle> socket;
  accepted what;
  lease_end lease;
};
struct start_connect {
  std::shared_ptr<socket_handle> socket;
  connect_options options;
  event_sink sink;
};
struct adopt {
  socket_id socket{};
  event_sink sink;
};
struct set_lease {
  socket_id socket{};
  lease_end lease;
};
struct send {
  socket_id socket{};
  std::vector<slice> slices;
  priority p{};
};
/// Who is told of what comes in over a link.
struct watch_link {
  std::shared_ptr<link_handle> link;
  link_sink sink;
};
/// The link is closed.
struct forget_link {
  link_id link{};
};
/// A pause ended or the window opened.
struct read_again {
  socket_id socket{};
};
struct end {
  socket_id socket{};
  bool flush = false;
};
struct stop {};

using any = std::variant<watch_listener, forget_listener, take_over,
                         add_accepted, start_connect, adopt, set_lease, send,
                         watch_link, forget_link, read_again, end, stop>;

} // namespace troupe::transport::command

namespace troupe::transport {

/// Commands of any thread to one event loop. The loop is woken by its eventfd,
/// and only if it sleeps.
class command_queue {
public:
  /// Throws std::system_error if there is no eventfd to be had.
  command_queue();

  /// The eventfd, readable when the loop shall wake up.
  int fd() const { return wake_.get(); }

  /// Appends a command; returns whether the loop had to be woken.
  bool push(command::any c);
  /// For the loop: true if it may sleep, false if commands are waiting.
  bool prepare_sleep();
  /// For the loop, when it has woken.
  void awake();
  /// For the loop: moves all commands to `into`.
  void take(std::vector<command::any>& into);
  /// Makes the eventfd unreadable again.
  void clear_wake() const;

private:
  file_descriptor wake_;
  std::mutex mutex_;
  std::vector<command::any> commands_;
  bool sleeping_ = false;
};

} // namespace troupe::transport
