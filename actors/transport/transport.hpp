#pragma once

#include "protocol/address.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::transport {

/// Names a listener for its whole life; never reused within a process.
enum class listener_id : std::uint64_t {};
/// Names a TCP connection or attempt for its whole life; never reused.
enum class socket_id : std::uint64_t {};
/// Names a link that advertisements are heard on, for its whole life; never
/// reused.
enum class link_id : std::uint64_t {};

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

/// How the segments of a connection are signed: TCP-MD5 (RFC 2385), or TCP-AO
/// (RFC 5925) with an algorithm of RFC 5926.
enum class key_scheme : std::uint8_t {
  md5,
  ao_hmac_sha_1_96,
  ao_aes_128_cmac_96
};

/// The key that a peer, or each of a range of peers, signs with.
struct peer_key {
  protocol::prefix peers;
  std::string key; ///< 1 to 80 bytes
  key_scheme scheme = key_scheme::md5;
  std::uint8_t id = 0; ///< of TCP-AO: SendID and RecvID
  friend bool operator==(const peer_key&, const peer_key&) = default;
};

/// Until when sockets may connect, accept and write (DESIGN §6): nanoseconds of
/// the transport's clock (`std::chrono::steady_clock` for the reactor). Whoever
/// holds the lease moves the time forward; the transport looks before each
/// connect, accept and write, and answers with ECANCELED after the end.
using lease_end = std::shared_ptr<const std::atomic<std::int64_t>>;

/// Options that must hold before the first SYN (DESIGN §3).
struct socket_options {
  /// GTSM (RFC 5082 §3): the least TTL or hop limit accepted; 0 is off.
  std::uint8_t min_ttl = 0;
  /// TTL or hop limit sent; 0 is 255 with GTSM, else the system's default. A
  /// listener with any GTSM peer behind it needs 255: its SYN-ACK goes out
  /// before `configure` can know the peer.
  std::uint8_t ttl = 0;
  /// For a listener: the keys of all its peers, the longest prefix wins. For an
  /// attempt: the longest one that contains the remote address is used.
  std::vector<peer_key> keys;
  /// Binds to this interface when not empty (SO_BINDTODEVICE).
  std::string interface;
  /// Null: for ever. What a listener accepts inherits the listener's lease.
  lease_end lease;
};

/// Why socket options could not be set.
struct option_error {
  int error = 0; ///< an errno
  std::string message;
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
/// be lost; close or abort it when nobody wants it. What nobody adopts within
/// 10 s is aborted without an event.
struct accepted {
  listener_id listener{};
  socket_id socket{};
  protocol::endpoint local;
  protocol::endpoint remote;
  /// Where it came in, for a link-local address; else empty.
  std::string interface = {};
};
/// An attempt succeeded. Reading starts with `adopt`, which is due within 10 s
/// as for `accepted`.
struct connected {
  socket_id socket{};
  protocol::endpoint local;
  protocol::endpoint remote;
};
/// An attempt failed with this errno; the socket is gone.
struct connect_failed {
  socket_id socket{};
  int error = 0;
  /// What could not be done, for the log; empty if it was the connecting
  /// itself.
  std::string message = {};
};
/// Bytes arrived, never none; the receiver shares them and owes `consumed` for
/// their number.
struct received {
  socket_id socket{};
  shared_bytes bytes;
};
/// So many bytes of bulk slices were given to the kernel since the last event.
/// Told when at least 64 KiB were written or no bulk bytes are left.
struct written {
  socket_id socket{};
  std::size_t bytes = 0;
};
/// The socket is gone: the peer's FIN (error 0), or an errno. It comes once,
/// behind all bytes that were received; while a pause or a full window holds
/// bytes back it waits for them, otherwise a pause does not delay it.
struct closed {
  socket_id socket{};
  int error = 0;
};
using event = std::variant<accepted, connected, connect_failed, received,
                           written, closed>;

/// Called from the transport's thread, with no lock held; must not block and
/// must not throw (that ends the process). Owners post a message to their
/// actor. It may call any function of the transport but its destructor.
using event_sink = std::function<void(event)>;

/// An interface of the system as it is at this moment.
struct interface_status {
  std::uint32_t index = 0; ///< the scope of its link-local addresses
  bool up = false;         ///< switched on, and with a carrier
};

/// What an address of ours is attached to.
struct attachment {
  protocol::prefix subnet;
  /// Our link-local IPv6 address on the same interface.
  std::optional<protocol::ip_address> link_local;
};

/// An ICMPv6 router advertisement that came in over a link. Its checksum was
/// verified, nothing else.
struct link_message {
  link_id link{};
  protocol::ip_address source;
  std::uint8_t hop_limit = 0;
  std::vector<std::uint8_t> bytes; ///< from the type on
};
/// As `event_sink`.
using link_sink = std::function<void(link_message)>;

/// An open link, or the errno and text of why not.
struct link_result {
  std::optional<link_id> link;
  int error = 0;
  std::string message;
};

/// A bound listener, or the errno and text of why not.
struct listen_result {
  std::optional<listener_id> listener;
  protocol::endpoint bound; ///< with the port the system chose for port 0
  int error = 0;
  std::string message;
};

/// The sockets of the daemon. Implementations: `reactor` (epoll) and, for tests
/// under a virtual clock, `fake_transport`. Every function may be called from
/// any thread and none blocks; operations on an unknown or ended id do nothing,
/// if not said otherwise.
///
/// The events of one socket come one at a time and in order. None begins after
/// `close` or `abort` has returned, or after the destructor has been entered;
/// one that is under way on the transport's thread at that moment may still
/// arrive, so owners ignore ids that they do not know (any more). What one
/// thread asks of one socket happens in the order of the calls.
class transport {
public:
  virtual ~transport() = default;

  /// Binds and listens at once (backlog 1024). The listener belongs to the
  /// transport and outlives its owner until `close_listener`.
  virtual listen_result listen(const protocol::endpoint& local,
                               const socket_options& options,
                               event_sink sink) = 0;
  /// Gives a listener another owner and tells it, again, of every accepted
  /// socket that nobody has adopted yet; those whose peer has left since are
  /// aborted. False if the listener is gone.
  virtual bool take_over(listener_id listener, event_sink sink) = 0;
  /// Replaces the keys and TTL rules of a listener, for connections still
  /// to come; its interface and lease stay. On an error the rules that could be
  /// set are in force, and no peer lost protection that it shall keep.
  virtual std::optional<option_error> change(listener_id listener,
                                             const socket_options& options) = 0;
  /// Ends a listener; its port is free when this returns. What it accepted and
  /// nobody has adopted is reset: there is nobody any more who would.
  virtual void close_listener(listener_id listener) = 0;

  /// Starts an attempt; `connected` or `connect_failed` follows.
  virtual socket_id connect(const connect_options& options,
                            event_sink sink) = 0;
  /// Makes the caller the owner of a connected socket and starts reading; a
  /// socket that has an owner gets a new one. If the socket is gone already,
  /// the sink is told `closed` with ENOTCONN.
  virtual void adopt(socket_id socket, event_sink sink) = 0;
  /// Sets TTL, GTSM and lease of an accepted socket, before `adopt`. If that
  /// fails, or the peer's SYN had come with too small a TTL, the socket is
  /// aborted: nobody gets an unprotected connection.
  virtual std::optional<option_error>
  configure(socket_id socket, const socket_options& options) = 0;

  /// Queues whole BGP messages for writing, however they are cut into slices.
  /// The queue has no bound of its own: the sender holds back by `written` and
  /// `output_pending`.
  virtual void send(socket_id socket, std::vector<slice> slices,
                    priority p) = 0;
  /// Gives back read credit: the socket is read while less than the window
  /// (1 MiB) is unconsumed, in pieces of up to 64 KiB.
  virtual void consumed(socket_id socket, std::size_t bytes) = 0;
  /// Stops reading. One `received` may be under way.
  virtual void pause(socket_id socket) = 0;
  /// Reads again.
  virtual void resume(socket_id socket) = 0;
  /// What one of our own addresses is attached to; nothing where it is not
  /// ours, or no other address lies in its subnet.
  virtual std::optional<attachment>
  attachment_of(const protocol::ip_address& local) const = 0;

  /// The interface of this name; nothing if there is none.
  virtual std::optional<interface_status>
  find_interface(const std::string& name) const = 0;
  /// An IPv6 address of the interface with this index that is good beyond its
  /// link; nothing if it has none.
  virtual std::optional<protocol::ip_address>
  global_address(std::uint32_t interface_index) const = 0;

  /// Begins to listen for router advertisements on an interface. The link stays
  /// with this interface, even if another one gets its name.
  virtual link_result open_link(const std::string& interface,
                                link_sink sink) = 0;
  /// Sends an ICMPv6 message with hop limit 255, its checksum filled in. To a
  /// multicast group it does not come back to us.
  virtual std::optional<option_error>
  send_on_link(link_id link, const protocol::ip_address& to,
               const std::vector<std::uint8_t>& message) = 0;
  /// No message follows, but for one that is under way (see above).
  virtual void close_link(link_id link) = 0;

  /// Whether bytes of the peer wait unread, in the kernel or behind a pause;
  /// false only if all that had arrived was given to the sink.
  virtual bool input_pending(socket_id socket) const = 0;
  /// Bytes queued and not yet given to the kernel.
  virtual std::size_t output_pending(socket_id socket) const = 0;
  /// Bytes given to the kernel so far: while it does not grow though something
  /// is pending, the peer reads nothing.
  virtual std::uint64_t output_written(socket_id socket) const = 0;

  /// Writes urgent bytes and what of the current message is left, drops other
  /// bulk bytes, sends a FIN; aborts after 1 s if the peer does not read. No
  /// event follows.
  virtual void close(socket_id socket) = 0;
  /// Ends the connection at once with a RST. No event follows.
  virtual void abort(socket_id socket) = 0;
};

} // namespace troupe::transport
