#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/capability.hpp"
#include "rib/policy.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace troupe::rib {

/// A subnet that we share with the members of a group.
struct shared_subnet {
  protocol::prefix subnet;
  /// If set, next hops in the subnet are kept (RFC 4271 §5.1.3), but for this
  /// one, the peer's.
  std::optional<protocol::ip_address> third_party_for;

  friend bool operator==(const shared_subnet&, const shared_subnet&) = default;
};

/// How one family is told to the members of a group.
struct export_family {
  /// The next hop that is set, if one is (configured, or our own address).
  std::optional<protocol::ip_address> next_hop;
  /// Stands behind an IPv6 `next_hop` (RFC 2545 §3).
  std::optional<protocol::ip_address> link_local_next_hop = {};
  /// Whether a path keeps the next hop it came with, where it has one of a
  /// usable family (iBGP without next_hop_self).
  bool keep_next_hop = false;
  /// Where a next hop that is kept has its link-local address behind it (RFC
  /// 2545 §3).
  std::optional<shared_subnet> shared;
  /// The members are told a default route of ours, whatever the policy says,
  /// and no other one.
  bool default_originate = false;
  bool add_path = false; ///< path ids are on the wire (RFC 7911)
  /// How many of the best paths are told; more than one only with `add_path`.
  std::uint16_t paths = 1;
  /// Those are the best that this neighbour may be told (RFC 7947 §2.3).
  bool per_client = false;
  bool extended_next_hop = false; ///< RFC 8950
  policy_chain policy;            ///< reject by default (RFC 8212)

  /// Stands in `paths` for all of them.
  static constexpr std::uint16_t all_paths = 0xffff;
  /// Whether the best path alone does not do.
  bool needs_candidates() const { return add_path || per_client; }

  friend bool operator==(const export_family&, const export_family&) = default;
};

/// Everything that makes two neighbours be told the same bytes: the key of an
/// update group (DESIGN §4.6).
struct export_settings {
  protocol::peer_kind kind = protocol::peer_kind::external;
  /// Towards a member of our confederation the member AS, towards anybody else
  /// its identifier.
  protocol::as_number local_as = 0;
  /// Stands behind `local_as` in front of the paths; 0: nothing.
  protocol::as_number further_as = 0;
  /// Gives way to `local_as` in the paths: the peer's own; 0: none.
  protocol::as_number overridden_as = 0;
  /// AS numbers for private use are dropped from paths (RFC 6996).
  bool remove_private_as = false;
  /// But for this one, the peer's own, by which it sees loops; 0: none.
  protocol::as_number kept_private_as = 0;
  /// Path, next hop and MED pass unchanged (RFC 7947).
  bool route_server_client = false;
  /// Internal peers: it is told the routes of other internal peers, too (RFC
  /// 4456).
  bool reflector_client = false;
  /// Internal peers: our cluster (RFC 4456 §8).
  protocol::router_id cluster_id;
  /// Ours, on an external session that has one (RFC 9234 §4).
  std::optional<protocol::wire::bgp_role> role;
  /// The session is about to be shut down (RFC 8326 §4).
  bool graceful_shutdown = false;
  bool aigp = false; ///< AIGP_SESSION (RFC 7311 §3.3)
  /// The peer knows long-lived stale routes (RFC 9494 §4.3).
  bool long_lived = false;
  bool as4 = true;
  std::size_t max_message_size = 4096;
  std::map<protocol::family, export_family> families;

  friend bool operator==(const export_settings&,
                         const export_settings&) = default;
};

struct export_limits {
  /// Bytes of one shared output block; grows to the largest message.
  std::size_t block_size = 64UL * 1024;
  /// A member that is writing and further behind the end of the log than this
  /// leaves it and keeps only the set of prefixes that it is owed.
  std::size_t log_bound = 64UL * 1024 * 1024;
  std::uint32_t resync_numbers = 2048; ///< per request
  /// Requests in flight, per shard.
  std::uint32_t resync_requests = 2;
  /// A member with this many bytes before it asks for nothing.
  std::size_t resync_backlog = 512UL * 1024;
  /// A member with this many bytes taken and not yet written is not ready.
  std::size_t window = 1024UL * 1024;
};

} // namespace troupe::rib
