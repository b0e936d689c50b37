#pragma once

#include "actors/transport/transport.hpp"

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <vector>

namespace troupe::transport {

/// A transport without sockets, threads and time, for tests that own the clock.
///
/// Sockets connect to listeners of the same object. Nothing happens inside the
/// calls of the interface: sinks are called by `step`, `deliver` and nothing
/// else, in an order that depends only on the calls and the seed. It is meant
/// for one thread.
class fake_transport final : public transport {
public:
  using duration = std::chrono::nanoseconds;

  /// The seed decides how streams are cut into pieces, see `fragment`.
  explicit fake_transport(std::uint64_t seed = 0);
  ~fake_transport() override;

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
  bool input_pending(socket_id socket) const override;
  std::size_t output_pending(socket_id socket) const override;
  void close(socket_id socket) override;
  void abort(socket_id socket) override;

  // -- what the test drives ---------------------------------------------------

  /// Does one thing that is due: delivers an event, moves some bytes. False if
  /// nothing was due.
  bool step();
  /// Steps until nothing is due. Whether anything was.
  bool deliver();
  /// Moves the transport's clock, which starts at 0: attempts, unadopted and
  /// closing sockets run into their timeouts. The events follow by `step`.
  void advance(duration by);
  duration now() const;

  // -- faults -----------------------------------------------------------------

  /// Attempts to this endpoint fail with `error`; 0 lets them through again.
  void refuse(const protocol::endpoint& remote, int error);
  /// Attempts to this endpoint get no answer and time out.
  void ignore(const protocol::endpoint& remote, bool on = true);
  /// Ends the connection of this socket as a RST of the network would: both
  /// ends get `closed` with `error`; what is on the way is lost.
  void reset(socket_id socket, int error);
  /// Cuts the line of this socket: what is sent vanishes in both directions,
  /// and nobody is told.
  void cut(socket_id socket);
  /// What a line may hold per direction, in place of the kernel's send and
  /// receive buffers: 256 KiB at first. 0 stops all lines.
  void set_line_capacity(std::size_t bytes);
  /// From now on streams arrive in pieces of 1 to `largest` bytes, drawn with
  /// the seed; 0 stops that.
  void fragment(std::size_t largest);

  // -- inspection -------------------------------------------------------------

  /// All bytes that this socket has put on its line; kept after its end.
  std::span<const std::uint8_t> sent(socket_id socket) const;
  /// Whether the socket lives (connecting, connected or closing).
  bool alive(socket_id socket) const;
  /// The other end of a connected socket.
  std::optional<socket_id> peer_of(socket_id socket) const;
  /// Living sockets, in the order of their birth.
  std::vector<socket_id> sockets() const;

private:
  struct socket_state;
  struct listener_state;
  class engine;
  std::unique_ptr<engine> engine_;
};

} // namespace troupe::transport
