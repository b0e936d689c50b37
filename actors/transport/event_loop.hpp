#pragma once

#include "actors/transport/acceptor.hpp"
#include "actors/transport/commands.hpp"
#include "actors/transport/loop_context.hpp"
#include "actors/transport/stream_socket.hpp"

#include <thread>
#include <unordered_map>

namespace troupe::transport {

/// One thread of a reactor, with the sockets and listeners that it owns.
class event_loop {
public:
  /// Gives accepted sockets to the loop that their id belongs to.
  using hand_over = acceptor::hand_over;

  /// Starts the thread, with all signals blocked. Throws std::system_error.
  event_loop(reactor_shared& shared, hand_over give);
  /// Stops the thread if nobody has, and waits for it.
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Asks for something, from any thread.
  void push(command::any c);
  /// Waits until the thread has ended after `command::stop`.
  void join();

private:
  struct watched_listener {
    std::shared_ptr<listener_handle> handle;
    event_sink sink;
    /// Only in the loop that accepts.
    std::unique_ptr<acceptor> accepting;
  };

  struct watched_link {
    std::shared_ptr<link_handle> handle;
    link_sink sink;
  };

  void run();
  bool finished() const { return stopped_ && sockets_.empty(); }
  std::optional<std::chrono::nanoseconds> time_to_sleep();
  void on_ready(std::uint64_t id, std::uint32_t events);
  void run_timers();
  void run_commands();
  void flush_dirty();

  void run(command::watch_listener&& c);
  void run(command::forget_listener&& c);
  void run(command::take_over&& c);
  void run(command::add_accepted&& c);
  void run(command::start_connect&& c);
  void run(command::adopt&& c);
  void run(command::set_lease&& c);
  void run(command::send&& c);
  void run(command::watch_link&& c);
  void run(command::forget_link&& c);
  void run(command::read_again&& c);
  void run(command::end&& c);
  void run(command::stop&& c);

  stream_socket* find(socket_id id);
  void note(socket_id id, bool alive);
  void tell(const event_sink& sink, event e) noexcept;
  void read_link(const watched_link& link) noexcept;

  loop_context context_;
  hand_over give_;
  command_queue queue_;
  std::vector<command::any> commands_;
  std::unordered_map<socket_id, std::unique_ptr<stream_socket>> sockets_;
  std::unordered_map<listener_id, watched_listener> listeners_;
  std::unordered_map<link_id, watched_link> links_;
  /// Sockets with new output.
  std::vector<socket_id> dirty_;
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace troupe::transport
