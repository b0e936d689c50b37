#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "rib/policy.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace troupe::rib {

/// How one family is told to the members of a group.
struct export_family {
  /// The next hop that is set, if one is (configured, or our own address).
  std::optional<protocol::ip_address> next_hop;
  /// Whether a path keeps the next hop it came with, where it has one of a
  /// usable family (iBGP without next_hop_self).
  bool keep_next_hop = false;
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
