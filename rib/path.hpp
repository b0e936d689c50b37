#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "rib/attribute_pool.hpp"

#include <cstdint>
#include <string>

namespace troupe::rib {

/// Names one incarnation of a neighbour's session (a session that comes back
/// has another index), so that routes of the old one need no marking.
enum class neighbor_index : std::uint16_t {};

/// The router itself as a source of routes.
inline constexpr neighbor_index local_routes{0};

/// Where a path came from.
enum class source_kind : std::uint8_t { bgp, local, fixed, api, kernel };

namespace path_flag {
inline constexpr std::uint8_t rejected = 1;    ///< by import policy
inline constexpr std::uint8_t stale = 2;       ///< RFC 4724
inline constexpr std::uint8_t unreachable = 8; ///< next hop, from outside
/// Two bits for the round of telling that a path came in; see `path_round`.
inline constexpr std::uint8_t round = 16 | 32;
} // namespace path_flag

/// A source that tells a family again (after a restart, RFC 4724 §4.2, or
/// between BoRR and EoRR, RFC 7313 §4) begins a new round; what is left of an
/// earlier one is stale. Rounds are counted modulo `path_rounds`.
inline constexpr unsigned path_rounds = 4;
constexpr unsigned round_of(std::uint8_t flags) {
  return flags >> 4 & (path_rounds - 1);
}
constexpr std::uint8_t flags_of_round(unsigned round) {
  return static_cast<std::uint8_t>(round << 4 & path_flag::round);
}

/// One path of one prefix, small and flat (DESIGN §4.3).
struct path {
  attribute_ref attributes = attribute_ref::none;
  std::uint32_t path_id = 0;    ///< as received (RFC 7911); 0 without ADD-PATH
  std::uint32_t changed_at = 0; ///< seconds since the start of the daemon
  neighbor_index neighbor{};
  std::uint8_t flags = 0; ///< bits of `path_flag`
  source_kind source = source_kind::bgp;
};
static_assert(sizeof(path) == 16);

/// What the decision and the export need to know of a source of paths. All but
/// the index is the same on every node and in every run.
struct neighbor_facts {
  neighbor_index index{};
  std::string name;               ///< unique in the daemon
  protocol::ip_address address;   ///< of the peer
  protocol::router_id identifier; ///< of the peer
  protocol::as_number as = 0;
  protocol::peer_kind kind = protocol::peer_kind::external;
  source_kind source = source_kind::bgp;
  /// Its routes are reflected to every internal peer (RFC 4456).
  bool reflector_client = false;

  friend bool operator==(const neighbor_facts&,
                         const neighbor_facts&) = default;
};

} // namespace troupe::rib
