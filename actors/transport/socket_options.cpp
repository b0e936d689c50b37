#include "actors/transport/socket_options.hpp"

#include "actors/transport/socket_address.hpp"
#include "actors/transport/tcp_keys.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace troupe::transport {

namespace {

/// Bytes that the kernel holds of a socket's output without sending them, in
/// about: what it has not taken is still ours to pack better, a NOTIFICATION
/// or a keepalive comes soon, and a peer that does not read costs little.
constexpr int most_unsent = 16 * 1024;

option_error failure(int error, const std::string& what) {
  return {error, what + ": " + std::strerror(error)};
}

/// One option of a socket, by its names in the system.
struct option_name {
  int level;
  int name;
  const char* text;
};

std::optional<option_error> set(int fd, const option_name& o, int value) {
  if (::setsockopt(fd, o.level, o.name, &value, sizeof(value)) == 0)
    return std::nullopt;
  return failure(errno, std::string("cannot set ") + o.text);
}

/// Runs the steps until one fails.
template <class... Steps>
std::optional<option_error> all(const Steps&... steps) {
  std::optional<option_error> error;
  static_cast<void>(((error = steps()).has_value() || ...));
  return error;
}

std::optional<option_error> bind_source(int fd, const protocol::endpoint& e) {
  // With port 0 the kernel chooses at connect, so that one source port may
  // serve several peers; a fixed port must survive its last TIME_WAIT.
  auto error =
      e.port == 0 ? set(
          fd, {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, "IP_BIND_ADDRESS_NO_PORT"},
          1)
                  : set(fd, {SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR"}, 1);
  if (error)
    return error;
  auto address = to_socket_address(e);
  if (::bind(fd, address.data(), address.size) == 0)
    return std::nullopt;
  return failure(errno, "cannot use the source " + to_string(e));
}

} // namespace

std::optional<option_error> bind_to_interface(int fd, const std::string& name) {
  if (name.empty())
    return std::nullopt;
  auto size = static_cast<socklen_t>(name.size());
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.data(), size) == 0)
    return std::nullopt;
  auto error = errno;
  if (error == ENODEV)
    return option_error{error, "there is no interface '" + name + "'"};
  return failure(error, "cannot bind to interface '" + name + "'");
}

bool lease_allows(const lease_end& l, std::int64_t now) {
  return l == nullptr || now < l->load(std::memory_order_acquire);
}

std::uint8_t ttl_to_send(const socket_options& options) {
  if (options.ttl == 0 && options.min_ttl != 0)
    return 255;
  return options.ttl;
}

std::optional<option_error> set_ttl(int fd, bool v6,
                                    const socket_options& options) {
  // -1 is the system's default.
  auto asked = ttl_to_send(options);
  auto ttl = asked == 0 ? -1 : int{asked};
  auto least = int{options.min_ttl};
  if (v6)
    return all(
        [&] {
          return set(fd, {IPPROTO_IPV6, IPV6_UNICAST_HOPS, "IPV6_UNICAST_HOPS"},
                     ttl);
        },
        [&] {
          return set(fd, {IPPROTO_IPV6, IPV6_MINHOPCOUNT, "IPV6_MINHOPCOUNT"},
                     least);
        });
  return all(
      [&] {
        return set(fd, {IPPROTO_IP, IP_TTL, "IP_TTL"}, ttl);
      },
      [&] {
        return set(fd, {IPPROTO_IP, IP_MINTTL, "IP_MINTTL"}, least);
      });
}

std::optional<option_error> set_common(int fd, int buffer_size) {
  auto error = all(
      [&] {
        return set(fd, {IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY"}, 1);
      },
      [&] {
        return set(fd, {SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE"}, 0);
      },
      [&] {
        return set(fd, {IPPROTO_TCP, TCP_NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT"},
                   most_unsent);
      });
  if (error || buffer_size == 0)
    return error;
  return all(
      [&] {
        return set(fd, {SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF"}, buffer_size);
      },
      [&] {
        return set(fd, {SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF"}, buffer_size);
      });
}

std::optional<option_error> prepare_listener(int fd, bool v6,
                                             const socket_options& options) {
  auto error = all(
      [&] {
        return set(fd, {SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR"}, 1);
      },
      [&] {
        return set(fd, {IPPROTO_TCP, TCP_SAVE_SYN, "TCP_SAVE_SYN"}, 1);
      },
      [&] { return bind_to_interface(fd, options.interface); },
      [&] { return set_ttl(fd, v6, options); });
  if (!error && v6)
    error = set(fd, {IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY"}, 1);
  return error;
}

std::optional<option_error> prepare_attempt(int fd,
                                            const connect_options& options) {
  const auto& peer = options.remote.address;
  auto error =
      all([&] { return bind_to_interface(fd, options.options.interface); },
          [&] { return set_ttl(fd, peer.is_v6(), options.options); });
  const auto* key = find_peer_key(options.options.keys, peer);
  if (!error && key != nullptr)
    error = set_peer_key(fd, narrowed(*key, peer));
  if (!error && options.local)
    error = bind_source(fd, *options.local);
  return error;
}

std::string listen_error_text(const protocol::endpoint& local, int error) {
  auto text = "cannot listen on " + to_string(local) + ": ";
  switch (error) {
  case EADDRINUSE:
    return text + "the port is in use";
  case EACCES:
    return text + "no permission; a port below 1024 needs CAP_NET_BIND_SERVICE";
  case EADDRNOTAVAIL:
    return text + "no interface has this address";
  default:
    return text + std::strerror(error);
  }
}

std::optional<std::uint8_t> take_syn_ttl(int fd) {
  // The network header and the TCP header behind it, 60 + 60 bytes for IPv4.
  std::array<std::uint8_t, 256> headers{};
  auto size = static_cast<socklen_t>(headers.size());
  if (::getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, headers.data(), &size) != 0
      || size < 20)
    return std::nullopt;
  auto v6 = headers[0] >> 4U == 6;
  return v6 ? headers[7] : headers[8];
}

} // namespace troupe::transport
