#include "actors/transport/socket_address.hpp"

#include <cstring>
#include <netinet/in.h>

namespace troupe::transport {

const sockaddr* socket_address::data() const {
  return reinterpret_cast<const sockaddr*>(&storage);
}

sockaddr* socket_address::data() {
  return reinterpret_cast<sockaddr*>(&storage);
}

socket_address to_socket_address(const protocol::endpoint& e) {
  socket_address result;
  auto bytes = e.address.bytes();
  if (e.address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(e.port);
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&result.storage, &in, sizeof(in));
    result.size = sizeof(in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(e.port);
    in.sin6_scope_id = e.scope_id;
    std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&result.storage, &in, sizeof(in));
    result.size = sizeof(in);
  }
  return result;
}

protocol::endpoint to_endpoint(const socket_address& address) {
  protocol::endpoint result;
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof(in));
    result.address = protocol::ip_address::v4(ntohl(in.sin_addr.s_addr));
    result.port = ntohs(in.sin_port);
  } else if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof(in));
    result.address = protocol::ip_address::v6(
        std::span<const std::uint8_t, 16>(in.sin6_addr.s6_addr, 16));
    result.port = ntohs(in.sin6_port);
    result.scope_id = in.sin6_scope_id;
  }
  return result;
}

namespace {

using name_function = int (*)(int, sockaddr*, socklen_t*);

protocol::endpoint endpoint_of(int fd, name_function name) {
  socket_address address;
  address.size = sizeof(address.storage);
  if (name(fd, address.data(), &address.size) != 0)
    return {};
  return to_endpoint(address);
}

} // namespace

protocol::endpoint local_endpoint(int fd) {
  return endpoint_of(fd, &::getsockname);
}

protocol::endpoint remote_endpoint(int fd) {
  return endpoint_of(fd, &::getpeername);
}

} // namespace troupe::transport
