#pragma once

#include "protocol/address.hpp"

#include <sys/socket.h>

namespace troupe::transport {

/// A socket address as the kernel wants it.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  /// The same bytes as the pointer that bind and connect take.
  const sockaddr* data() const;
  sockaddr* data();
};

/// The kernel's form of an endpoint, with the scope of link-local addresses.
socket_address to_socket_address(const protocol::endpoint& e);

/// The endpoint in a kernel's address; 0.0.0.0:0 for other families.
protocol::endpoint to_endpoint(const socket_address& address);

/// The local address of a socket; 0.0.0.0:0 if it has none any more.
protocol::endpoint local_endpoint(int fd);
/// The remote address of a socket; 0.0.0.0:0 if it is not connected.
protocol::endpoint remote_endpoint(int fd);

} // namespace troupe::transport
