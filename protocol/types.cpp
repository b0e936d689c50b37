#include "protocol/types.hpp"

namespace troupe::protocol {

std::string to_string(router_id id) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string((id.value >> shift) & 0xffU);
    if (shift > 0)
      text += '.';
  }
  return text;
}

std::string to_string(family f) {
  if (f == ipv4_unicast)
    return "ipv4_unicast";
  if (f == ipv6_unicast)
    return "ipv6_unicast";
  return std::to_string(f.afi) + '/' + std::to_string(f.safi);
}

const char* to_string(peer_kind kind) {
  switch (kind) {
  case peer_kind::external:
    return "external";
  case peer_kind::internal:
    return "internal";
  case peer_kind::confederation:
    return "confederation";
  }
  return "unknown";
}

} // namespace troupe::protocol
