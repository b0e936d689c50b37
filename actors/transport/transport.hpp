#pragma once

#include "protocol/address.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace troupe::transport {

/// Names a listener for its whole life; never reused within a process.
enum class listener_id : std::uint64_t {};
/// Names a TCP connection or attempt for its whole life; never reused.
enum class socket_id : std::uint64_t {};

/// Bytes that several owners may hold; never changed after they were shared.
using shared_bytes = std::shared_ptr<const std::vector<std::uint8_t>>;

/// A part of a shared buffer, to be written without copying.
struct slice {
  shared_bytes buffer;
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// How a write stands in line. An urgent one (KEEPALIVE, NOTIFICATION) goes out
/// at the next BGP message boundary, before everything that is queued.
enum class priority : std::uint8_t { bulk, urgent };

/// A TCP-MD5 key (RFC 2385) for a peer or a range of peers.
struct md5_key {
  protocol::prefix peers;
  std::string key; ///< 1 to 80 bytes
};

/// Options that must hold before the first SYN (DESIGN §3).
struct socket_options {
  /// GTSM (RFC 5082): the least TTL or hop limit accepted; 0 is off.
  std::uint8_t min_ttl = 0;
  /// TTL or hop limit sent; 0 leaves the system's default.
  std::uint8_t ttl = 0;
  std::vector<md5_key> md5_keys;
  /// Binds to this interface when not empty (SO_BINDTODEVICE).
  std::string interface;
};

struct connect_options {
  protocol::endpoint remote;
  /// The source address, and port if not 0.
  std::optional<protocol::endpoint> local;
  socket_options options;
  /// The attempt fails with ETIMEDOUT after this time.
  std::chrono::milliseconds timeout{5000};
};

// -- what the transport tells the owner of a listener or socket ---------------

/// A listener took a connection. Nothing is read until `adopt`, so no byte can
/// be lost; close or abort it when nobody wants it.
struct accepted {
  listener_id listener{};
  socket_id socket{};
  protocol::endpoint local;
  protocol::endpoint remote;
};
/// An attempt succeeded. Reading starts with `adopt`.
struct connected {
  socket_id socket{};
  protocol::endpoint local;
  protocol::endpoint remote;
};
/// An attempt failed with this errno; the socket is gone.
struct connect_failed {
  socket_id socket{};
  int error = 0;
};
/// Bytes arrived; the receiver owns them and owes `consumed` for their number.
struct received {
  socket_id socket{};
  shared_bytes bytes;
};
/// So many bytes of bulk slices were given to the kernel since the last event.
struct written {
  socket_id socket{};
  std::size_t bytes = 0;
};
/// The socket is gone: the peer's FIN (error 0), or an errno.
struct closed {
  socket_id socket{};
  int error = 0;
};
using event = std::variant<accepted, connected, connect_failed, received,
                           written, closed>;

/// Called from the transport's thread; must not block and must not throw.
/// Owners post a message to their actor.
using event_sink = std::function<void(event)>;

/// A bound listener, or the errno and text of why not.
struct listen_result {
  std::optional<listener_id> listener;
  protocol::endpoint bound; ///< with the port the system chose for port 0
  int error = 0;
  std::string message;
};

/// The sockets of the daemon. Implementations: `reactor` (epoll) and, for tests
/// under a virtual clock, `fake_transport`. Every function may be called from
/// any thread; operations on an unknown or ended id do nothing.
class transport {
public:
  virtual ~transport() = default;

  /// Binds and listens at once (backlog 1024). The listener belongs to the
  /// transport and outlives its owner until `close_listener`.
  virtual listen_result listen(const protocol::endpoint& local,
                               const socket_options& options,
                               event_sink sink) = 0;
  /// Gives a listener another owner and tells it what was accepted meanwhile.
  virtual void take_over(listener_id listener, event_sink sink) = 0;
  /// Replaces the MD5 keys and TTL rules of a listener.
  virtual void change(listener_id listener, const socket_options& options) = 0;
  virtual void close_listener(listener_id listener) = 0;

  /// Starts an attempt; `connected` or `connect_failed` follows.
  virtual socket_id connect(const connect_options& options,
                            event_sink sink) = 0;
  /// Makes the caller the owner of a connected socket and starts reading.
  virtual void adopt(socket_id socket, event_sink sink) = 0;
  /// Per-socket TTL and GTSM options, for accepted sockets.
  virtual void configure(socket_id socket, const socket_options& options) = 0;

  /// Queues whole BGP messages for writing.
  virtual void send(socket_id socket, std::vector<slice> slices,
                    priority p) = 0;
  /// Gives back read credit: the socket is read while less than the window
  /// (1 MiB) is unconsumed.
  virtual void consumed(socket_id socket, std::size_t bytes) = 0;
  virtual void pause(socket_id socket) = 0;
  virtual void resume(socket_id socket) = 0;
  /// Whether bytes of the peer wait unread, in the kernel or behind a pause.
  virtual bool input_pending(socket_id socket) const = 0;
  /// Bytes queued and not yet given to the kernel.
  virtual std::size_t output_pending(socket_id socket) const = 0;

  /// Writes urgent bytes and what of the current message is left, drops other
  /// bulk bytes, sends a FIN; aborts after 1 s if the peer does not read. No
  /// event follows.
  virtual void close(socket_id socket) = 0;
  /// Ends the connection at once with a RST. No event follows.
  virtual void abort(socket_id socket) = 0;
};

} // namespace troupe::transport
