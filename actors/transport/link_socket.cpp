#include "actors/transport/link_socket.hpp"

#include "actors/transport/interfaces.hpp"
#include "actors/transport/socket_address.hpp"
#include "actors/transport/socket_options.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

namespace troupe::transport {

namespace {

/// RFC 4861 §4.2: no router forwards a packet with this one.
constexpr int hop_limit = 255;

bool set(int fd, int name, int value) {
  return ::setsockopt(fd, IPPROTO_IPV6, name, &value, sizeof(value)) == 0;
}

bool let_in(int fd, const icmp6_filter& filter) {
  return ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter))
         == 0;
}

option_error failure(const std::string& what, int error) {
  return {error, what + ": " + std::strerror(error)};
}

/// The hop limit that a packet came with; 0 if the kernel does not say.
std::uint8_t hop_limit_of(msghdr& header) {
  for (auto* c = CMSG_FIRSTHDR(&header); c != nullptr;
       c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_HOPLIMIT)
      continue;
    int value = 0;
    std::memcpy(&value, CMSG_DATA(c), sizeof(value));
    return static_cast<std::uint8_t>(value);
  }
  return 0;
}

} // namespace

std::optional<option_error> open_link_socket(const std::string& interface,
                                             link_handle& link) {
  file_descriptor fd(::socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                              IPPROTO_ICMPV6));
  if (!fd)
    return failure(
        "cannot listen for router advertisements on "
            + interface + (errno == EPERM ? " (CAP_NET_RAW is needed)" : ""),
        errno);
  // Nothing comes in before the socket knows its interface.
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  auto ok = let_in(fd.get(), filter);
  if (auto error = bind_to_interface(fd.get(), interface))
    return error;
  const auto index = ::if_nametoindex(interface.c_str());
  ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
  ok = ok && index != 0 && set(fd.get(), IPV6_RECVHOPLIMIT, 1)
       && set(fd.get(), IPV6_MULTICAST_HOPS, hop_limit)
       && set(fd.get(), IPV6_UNICAST_HOPS, hop_limit)
       && set(fd.get(), IPV6_MULTICAST_LOOP, 0)
       && set(fd.get(), IPV6_MULTICAST_IF, static_cast<int>(index))
       && let_in(fd.get(), filter);
  if (!ok)
    return failure("cannot listen for router advertisements on " + interface,
                   errno);
  link.fd = std::move(fd);
  link.interface = index;
  return std::nullopt;
}

std::optional<option_error>
send_on_link_socket(const link_handle& link, const protocol::ip_address& to,
                    const std::vector<std::uint8_t>& message) {
  constexpr auto what = "cannot send a router advertisement";
  // RFC 4861 §4.2: from no other address, though the kernel would take one.
  const auto source = interface_link_local_address(link.interface);
  if (!source)
    return failure(what, EADDRNOTAVAIL);
  in6_pktinfo from{};
  std::memcpy(&from.ipi6_addr, source->bytes().data(), sizeof(in6_addr));
  from.ipi6_ifindex = link.interface;
  auto address = to_socket_address({to, 0, link.interface});
  auto content = message;
  iovec piece{content.data(), content.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(from))> control{};
  msghdr header{};
  header.msg_name = address.data();
  header.msg_namelen = address.size;
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  auto* const first = CMSG_FIRSTHDR(&header);
  first->cmsg_level = IPPROTO_IPV6;
  first->cmsg_type = IPV6_PKTINFO;
  first->cmsg_len = CMSG_LEN(sizeof(from));
  std::memcpy(CMSG_DATA(first), &from, sizeof(from));
  if (::sendmsg(link.fd.get(), &header, 0) >= 0)
    return std::nullopt;
  // So the kernel says that the address is still being probed.
  return failure(what, errno == EINVAL ? EADDRNOTAVAIL : errno);
}

std::optional<link_message> receive_from_link(const link_handle& link,
                                              std::span<std::uint8_t> buffer) {
  socket_address from;
  iovec piece{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_name = from.data();
  header.msg_namelen = sizeof(from.storage);
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const auto size = ::recvmsg(link.fd.get(), &header, 0);
  if (size < 0)
    return std::nullopt;
  const auto bytes = buffer.first(static_cast<std::size_t>(size));
  return link_message{link.id,
                      to_endpoint(from).address,
                      hop_limit_of(header),
                      {bytes.begin(), bytes.end()}};
}

} // namespace troupe::transport
