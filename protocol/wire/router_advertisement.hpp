#pragma once

#include "protocol/address.hpp"
#include "protocol/wire/reader.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace troupe::protocol::wire {

/// What of a router advertisement matters between two routers (RFC 4861 §4.2).
struct router_advertisement {
  /// For how long the sender is a default router; 0: it is none, and says
  /// nothing about how long it will be there.
  std::chrono::seconds router_lifetime{0};

  friend bool operator==(const router_advertisement&,
                         const router_advertisement&) = default;
};

/// An ICMPv6 message as it came in. Its checksum was found right.
struct icmp_packet {
  ip_address source;
  std::uint8_t hop_limit = 0;
  byte_span message; ///< from the type on
};

/// Reads an advertisement; nothing where the packet is no valid one (RFC 4861
/// §6.1.2), which is to be discarded without a word.
std::optional<router_advertisement>
decode_router_advertisement(const icmp_packet& packet);

/// An advertisement without options, for hosts to learn nothing of: hop limit
/// and timers are left unspecified (RFC 4861 §6.2.3). The checksum is 0 for the
/// sender to fill in; the lifetime is cut to 65535 s.
std::vector<std::uint8_t>
encode_router_advertisement(const router_advertisement& advertisement);

} // namespace troupe::protocol::wire
