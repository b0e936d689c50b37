#include "actors/transport/interfaces.hpp"

#include "actors/transport/file_descriptor.hpp"
#include "actors/transport/socket_address.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

namespace troupe::transport {

namespace {

/// The addresses of all interfaces; null where the system does not say.
using address_list = std::unique_ptr<ifaddrs, void (*)(ifaddrs*)>;

address_list all_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0)
    first = nullptr;
  return {first, ::freeifaddrs};
}

protocol::ip_address address_of(const sockaddr& from) {
  socket_address address;
  const auto size = from.sa_family == AF_INET    ? sizeof(sockaddr_in)
                    : from.sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                 : sizeof(from.sa_family);
  std::memcpy(&address.storage, &from, size);
  return to_endpoint(address).address;
}

bool is_global(const protocol::ip_address& a) {
  return a.is_v6() && !a.is_unspecified() && !a.is_loopback()
         && !a.is_multicast() && !a.is_link_local();
}

template <class Predicate>
std::optional<protocol::ip_address> first_address(std::uint32_t index,
                                                  Predicate is_wanted) {
  const auto name = interface_name(index);
  const auto all = all_addresses();
  for (const auto* each = all.get(); each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || name != each->ifa_name)
      continue;
    if (const auto address = address_of(*each->ifa_addr); is_wanted(address))
      return address;
  }
  return std::nullopt;
}

} // namespace

std::string interface_name(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(index, name.data()) == nullptr ? "" : name.data();
}

std::optional<interface_status> interface_named(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof(request.ifr_name))
    return std::nullopt;
  const file_descriptor fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
  if (!fd || ::ioctl(fd.get(), SIOCGIFINDEX, &request) != 0)
    return std::nullopt;
  interface_status status;
  status.index = static_cast<std::uint32_t>(request.ifr_ifindex);
  if (::ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0)
    return std::nullopt;
  constexpr auto wanted = IFF_UP | IFF_RUNNING;
  status.up = (request.ifr_flags & wanted) == wanted;
  return status;
}

std::optional<protocol::ip_address>
interface_global_address(std::uint32_t index) {
  return first_address(index, is_global);
}

std::optional<protocol::ip_address>
interface_link_local_address(std::uint32_t index) {
  return first_address(index, [](const protocol::ip_address& a) {
    return a.is_v6() && a.is_link_local();
  });
}

std::optional<attachment>
interface_attachment(const protocol::ip_address& local) {
  if (local.is_unspecified())
    return std::nullopt;
  const auto all = all_addresses();
  for (const auto* each = all.get(); each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_netmask == nullptr
        || address_of(*each->ifa_addr) != local)
      continue;
    unsigned length = 0;
    const auto mask = address_of(*each->ifa_netmask);
    for (const auto byte : mask.bytes())
      length += static_cast<unsigned>(std::popcount(byte));
    if (length == local.bytes().size() * 8)
      return std::nullopt;
    return attachment{
        {local, length},
        interface_link_local_address(::if_nametoindex(each->ifa_name))};
  }
  return std::nullopt;
}

} // namespace troupe::transport
