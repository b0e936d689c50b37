#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace troupe::protocol {

/// An autonomous system number, four octets (RFC 6793).
using as_number = std::uint32_t;

/// Stands for a four-octet AS number towards an old speaker (RFC 6793 §9).
inline constexpr as_number as_trans = 23456;

/// Whether the number is one for private use (RFC 6996).
constexpr bool is_private_as(as_number as) {
  return (as >= 64512 && as <= 65534)
         || (as >= 4200000000U && as <= 4294967294U);
}

/// The BGP identifier (RFC 6286), in host byte order; printed as dotted quad.
struct router_id {
  std::uint32_t value = 0;
  friend auto operator<=>(const router_id&, const router_id&) = default;
};

/// Prints a BGP identifier as a dotted quad.
std::string to_string(router_id id);

/// An address family: AFI and SAFI (RFC 4760 §3).
struct family {
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;
  friend auto operator<=>(const family&, const family&) = default;
};

inline constexpr family ipv4_unicast{1, 1};
inline constexpr family ipv6_unicast{2, 1};

/// "ipv4_unicast", "ipv6_unicast", else "AFI/SAFI" in decimal.
std::string to_string(family f);

/// How a session relates to its peer (RFC 4271 §1.1, RFC 5065 §1.2).
enum class peer_kind : std::uint8_t {
  external,
  internal,
  confederation, ///< in another member AS of our confederation
};

/// "external", "internal", "confederation".
const char* to_string(peer_kind kind);

} // namespace troupe::protocol
