#pragma once

#include "protocol/address.hpp"
#include "protocol/wire/nlri.hpp"
#include "protocol/wire/path_attributes.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::replay {

/// Prefixes that share their attributes.
struct route_group {
  protocol::wire::path_attributes attributes;
  std::vector<protocol::wire::nlri> prefixes;
};

/// What is played into a daemon: routes of one family.
struct route_set {
  protocol::family family = protocol::ipv4_unicast;
  std::vector<route_group> groups;
  std::size_t prefixes = 0;
  /// Routes of the source that were left out because their attributes cannot
  /// be read, and because their prefix was there already.
  std::size_t unreadable = 0;
  std::size_t repeated = 0;
};

/// What becomes of attributes before they are played.
struct rewriting {
  /// Put in front of each AS path.
  protocol::as_number own_as = 0;
  protocol::ip_address next_hop;
};

/// The first IPv4 path of each prefix in a TABLE_DUMP or TABLE_DUMP_V2 file,
/// compressed or not, without what does not cross to an external neighbour.
/// Throws std::runtime_error if the file cannot be read.
route_set load_mrt(const std::filesystem::path& file, const rewriting& how);

/// `count` made-up routes, always the same ones: with sets, aggregators,
/// communities of three kinds, MEDs and every origin. IPv4 from 16.0.0.0/8 on,
/// IPv6 from 3fff::/20 (RFC 9637).
route_set generate(protocol::family family, std::size_t count,
                   const rewriting& how);

/// UPDATEs that announce all routes and then End-of-RIB.
std::vector<std::uint8_t> announcements(const route_set& routes);
/// UPDATEs that withdraw all routes.
std::vector<std::uint8_t> withdrawals(const route_set& routes);

} // namespace troupe::replay
