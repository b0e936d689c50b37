#pragma once

#include "actors/transport/statistics.hpp"
#include "actors/transport/transport.hpp"

#include <memory>

namespace troupe::transport {

/// Limits of a reactor; the defaults are those of DESIGN §3.
struct reactor_options {
  /// Threads, at least 1; each socket belongs to one of them for life.
  unsigned threads = 1;
  /// Bytes that may be unconsumed before a socket is not read any more.
  std::size_t read_window = 1024UL * 1024;
  /// How long an accepted or connected socket may wait for an owner.
  std::chrono::milliseconds adopt_timeout{10'000};
  /// How long a closed socket may take to get rid of its last bytes.
  std::chrono::milliseconds close_timeout{1'000};
  /// SO_SNDBUF and SO_RCVBUF of all sockets; 0 leaves it to the kernel.
  int buffer_size = 0;
};

/// The transport on real sockets: epoll threads that own all descriptors.
///
/// Callers put commands into the queue of the thread concerned, which is woken
/// only if it sleeps. The threads block all signals. Their failure (a sink that
/// throws, epoll that fails) ends the process: they are outside supervision.
class reactor final : public transport {
public:
  /// Starts the threads. Throws std::system_error where the system has no
  /// descriptors or threads left.
  explicit reactor(const reactor_options& options = {});
  /// Ends all listeners and sockets; gives those in `close` the rest of their
  /// time to flush, and joins the threads. Not to be called from a sink.
  ~reactor() override;
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  listen_result listen(const protocol::endpoint& local,
                       const socket_options& options, event_sink sink) override;
  bool take_over(listener_id listener, event_sink sink) override;
  std::optional<option_error> change(listener_id listener,
                                     const socket_options& options) override;
  void close_listener(listener_id listener) override;
  socket_id connect(const connect_options& options, event_sink sink) override;
  void adopt(socket_id socket, event_sink sink) override;
  std::optional<option_error> configure(socket_id socket,
                                        const socket_options& options) override;
  void send(socket_id socket, std::vector<slice> slices, priority p) override;
  void consumed(socket_id socket, std::size_t bytes) override;
  void pause(socket_id socket) override;
  void resume(socket_id socket) override;
  std::optional<attachment>
  attachment_of(const protocol::ip_address& local) const override;
  std::optional<interface_status>
  find_interface(const std::string& name) const override;
  std::optional<protocol::ip_address>
  global_address(std::uint32_t interface_index) const override;
  link_result open_link(const std::string& interface, link_sink sink) override;
  std::optional<option_error>
  send_on_link(link_id link, const protocol::ip_address& to,
               const std::vector<std::uint8_t>& message) override;
  void close_link(link_id link) override;
  bool input_pending(socket_id socket) const override;
  std::size_t output_pending(socket_id socket) const override;
  std::uint64_t output_written(socket_id socket) const override;
  void close(socket_id socket) override;
  void abort(socket_id socket) override;

  /// Counters, alive as long as the reactor.
  const statistics& stats() const;

private:
  class shared_state;
  std::unique_ptr<shared_state> state_;
};

} // namespace troupe::transport
