#pragma once

#include "rib/key.hpp"
#include "rib/path.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::rib {

/// Prefixes that share one fate, in the order of arrival.
struct route_run {
  /// The set of all of them, or `none`: they are withdrawn.
  attribute_ref attributes = attribute_ref::none;
  std::uint32_t count = 0; ///< how many keys of the batch belong to the run
  std::uint8_t flags = 0;  ///< bits of `path_flag` for the new paths
};

/// The routes of one family in a batch.
template <class Key>
struct family_routes {
  std::vector<route_run> runs;
  std::vector<Key> keys;
  /// Empty, or one path id per key (RFC 7911).
  std::vector<std::uint32_t> path_ids;
  /// Before the runs: the family is told again from here on (RFC 7313 §4).
  bool begins_round = false;
  /// Behind the runs: End-of-RIB (RFC 4724 §2) or EoRR. What the source has not
  /// told again since the round began goes.
  bool ends_round = false;
};

/// What one read buffer of one session tells one shard: one message, however
/// many routes it holds (DESIGN §4.4). Holds one reference for each run.
class route_batch {
public:
  explicit route_batch(attribute_pool& pool) : pool_(&pool) {}
  route_batch(const route_batch&) = delete;
  route_batch& operator=(const route_batch&) = delete;
  ~route_batch() {
    release(ipv4.runs);
    release(ipv6.runs);
  }

  neighbor_index neighbor{};
  /// Of its session, as `shard_table::neighbor_up` knows it: what an earlier
  /// one told late must not count as told anew.
  std::uint32_t incarnation = 0;
  /// Counts the batches of this neighbour index to this shard from 1, so that
  /// one that is delivered again is recognised.
  std::uint64_t sequence = 0;
  std::size_t bytes = 0; ///< read credit that comes back with the answer
  family_routes<ipv4_key> ipv4;
  family_routes<ipv6_key> ipv6;

private:
  void release(const std::vector<route_run>& runs) {
    for (const auto& run : runs)
      if (run.attributes != attribute_ref::none)
        pool_->release(run.attributes);
  }

  attribute_pool* pool_;
};

/// The same as batches of one route, without sequences, and behind them an
/// empty one with the sequence of the whole: so that a route that cannot be
/// applied does not keep the others from it.
std::vector<std::shared_ptr<route_batch>> split(attribute_pool& pool,
                                                const route_batch& whole);

/// The UPDATEs (RFC 4271 §4.3) that tell these routes, with path ids (RFC 7911)
/// if they have any, and without End-of-RIB.
std::vector<std::uint8_t> to_updates(const attribute_pool& pool,
                                     const route_batch& batch);

} // namespace troupe::rib
