#pragma once

#include "rib/key.hpp"
#include "rib/path.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::rib {

/// A stable small number of a prefix within its shard and family; Adj-RIB-Outs
/// are arrays over it. It names another prefix only after every exporter has
/// said that nobody is owed the old one any more.
using prefix_number = std::uint32_t;

/// The step of RFC 4271 §9.1 (and its companions) that ranked a path behind the
/// one before it, or made it ineligible.
enum class decision_step : std::uint8_t {
  best,           ///< nothing is before it
  rejected,       ///< by import policy
  unreachable,    ///< RFC 4271 §9.1.2.1
  local_origin,   ///< ours: what this router originates comes first
  stale,          ///< RFC 9494: long-lived stale is the last choice
  local_pref,     ///< RFC 4271 §9.1.1
  aigp,           ///< RFC 7311 §4.1
  as_path_length, ///< RFC 4271 §9.1.2.2 a
  origin,         ///< b
  med,            ///< c
  external,       ///< d
  interior_cost,  ///< e
  router_id,      ///< f, with ORIGINATOR_ID (RFC 4456 §9)
  cluster_list,   ///< RFC 4456 §9
  peer_address,   ///< g
  neighbor_name,  ///< ours: makes the order total
  path_id,        ///< ours: makes the order total
};

/// The word for a step that operators see, e.g. "local-pref".
const char* to_string(decision_step step);

/// A candidate in its rank, for groups that ask for them.
struct candidate {
  attribute_ref attributes = attribute_ref::none;
  std::uint32_t path_id = 0; ///< as received
  neighbor_index source{};
  protocol::peer_kind kind = protocol::peer_kind::external;
  source_kind origin = source_kind::bgp;
  decision_step ranked_by = decision_step::best;
};
static_assert(sizeof(candidate) == 16);

/// The new state of one prefix.
template <class Key>
struct change {
  Key key;
  prefix_number number = 0;
  /// The best path's set; `none` when no path is left.
  attribute_ref attributes = attribute_ref::none;
  neighbor_index source{};
  protocol::peer_kind kind = protocol::peer_kind::external;
  source_kind origin = source_kind::bgp;
};

/// Ranked candidates of every change in a batch, when somebody asked for them.
struct ranked_candidates {
  std::vector<candidate> all;
  std::vector<std::uint32_t> ends; ///< one per change: where its own end
};

template <class Key>
struct family_changes {
  std::vector<change<Key>> changes;
  /// Empty unless a receiver asked for it, and in answers.
  ranked_candidates ranked;
};

/// Attribute references that a table has dropped; they are given back when no
/// older change batch that may name them is alive.
struct release_epoch {
  explicit release_epoch(attribute_pool& p) : pool(&p) {}
  ~release_epoch();
  release_epoch(const release_epoch&) = delete;
  release_epoch& operator=(const release_epoch&) = delete;

  attribute_pool* pool;
  std::vector<attribute_ref> dropped;
  std::shared_ptr<release_epoch> next; ///< keeps what came later alive
};

/// Names a request of an exporter, so that the answer finds its way.
struct resync_tag {
  std::uint32_t member = 0;     ///< index within the group
  std::uint32_t generation = 0; ///< of the member's slot
  friend bool operator==(const resync_tag&, const resync_tag&) = default;
};

/// What a shard tells its exporters at a time. Immutable and shared.
struct change_batch {
  std::uint64_t sequence = 0; ///< of the shard, grows by one each
  family_changes<ipv4_key> ipv4;
  family_changes<ipv6_key> ipv6;
  /// Keeps the named sets alive.
  std::shared_ptr<release_epoch> epoch;
  /// Set in the answer to a `resync_request`; the answer is for that member.
  bool is_resync = false;
  resync_tag resync;
};

/// An exporter asks a shard for the present state of prefixes that one member
/// is owed: a range of numbers, or those listed.
struct resync_request {
  resync_tag tag;
  protocol::family family;
  prefix_number first = 0;
  prefix_number count = 0; ///< used when `numbers` is empty
  std::vector<prefix_number> numbers;
};

} // namespace troupe::rib
