#pragma once

#include "rib/attribute_pool.hpp"
#include "rib/key.hpp"
#include "rib/path.hpp"

#include <cstdint>

namespace troupe::rib::table {

/// The 128-bit hash of a best path: of its prefix, its neighbour's name, its
/// path id and its canonical attributes. Sums of it do not depend on order.
struct route_digest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend bool operator==(const route_digest&, const route_digest&) = default;
};

template <class Key>
route_digest digest_of(const Key& key, const path& best,
                       std::uint64_t neighbor_name_hash,
                       const attribute_set& attributes) {
  const auto who = mix(neighbor_name_hash ^ std::uint64_t{best.path_id} << 20);
  const auto route = hash_of(key) + who;
  const auto low = mix(route ^ attributes.hash());
  // Each half depends on every input by itself.
  const auto high =
      mix(low + route * 0xd6e8feb86659fd93U + attributes.hash() * 3);
  return {low, high};
}

} // namespace troupe::rib::table
