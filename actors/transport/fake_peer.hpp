#pragma once

#include "actors/transport/fake_transport.hpp"

namespace troupe::transport {

/// A scripted BGP speaker at the other end of a `fake_transport`: a test makes
/// it connect or listen, send raw bytes and look at what came. It has at most
/// one connection at a time, the last one; earlier ones are aborted.
///
/// `step` or `deliver` of the transport makes things happen; the peer only
/// notes them.
class fake_peer {
public:
  using bytes = std::vector<std::uint8_t>;

  /// `address` is the peer's own, with the index of its interface if it is a
  /// link-local one; the transport outlives the peer.
  fake_peer(fake_transport& net, const protocol::ip_address& address,
            std::uint32_t scope_id = 0);
  ~fake_peer();
  fake_peer(const fake_peer&) = delete;
  fake_peer& operator=(const fake_peer&) = delete;

  /// Listens on its address; false if the port is taken.
  bool listen(std::uint16_t port = 179, const socket_options& options = {});
  void stop_listening();
  /// Dials from its address.
  void connect(const protocol::endpoint& remote,
               const socket_options& options = {});

  /// Whether the last connection is up.
  bool connected() const;
  /// The errno of the last failed attempt, if the last attempt failed.
  std::optional<int> connect_error() const;
  /// How the last connection ended at the other side's will: 0 is a FIN.
  std::optional<int> closed() const;
  /// Connections accepted since the beginning.
  std::size_t accepted() const;
  /// The connection, for the faults of `fake_transport`.
  std::optional<socket_id> socket() const;

  /// Queues raw bytes.
  void send(bytes raw);
  /// Takes all bytes that arrived.
  bytes take();
  /// Takes the next whole BGP message by its header (RFC 4271 §4.1); nothing
  /// if none is complete.
  std::optional<bytes> take_message();
  /// Bytes that arrived and were not taken.
  std::size_t pending() const;

  /// Stops reading, as a peer that hangs; its buffers fill.
  void stall();
  /// Reads again.
  void unstall();
  /// FIN behind what is queued.
  void close();
  /// RST.
  void abort();

private:
  struct notes;

  fake_transport& net_;
  protocol::ip_address address_;
  std::uint32_t scope_id_;
  std::shared_ptr<notes> notes_;
  std::optional<listener_id> listener_;
};

} // namespace troupe::transport
