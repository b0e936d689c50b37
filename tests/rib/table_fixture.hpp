#pragma once

#include "rib/shard_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::rib {

/// Canonical-looking bytes that differ whenever the summaries do; enough for
/// tables, which never read them.
inline std::vector<std::uint8_t> bytes_for(const attribute_summary& summary) {
  std::vector<std::uint8_t> bytes;
  const auto add = [&](std::uint64_t value) {
    for (int i = 0; i != 4; ++i)
      bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  };
  add(summary.local_pref);
  add(summary.med);
  add(summary.neighbor_as);
  add(summary.originator_id);
  add(summary.as_path_length);
  add(summary.origin);
  add(summary.cluster_list_length);
  add(summary.flags);
  return bytes;
}

inline ipv4_key test_key(std::uint32_t n) {
  return {(n + 1) << 8, 24};
}

inline neighbor_facts test_neighbor(std::uint16_t n) {
  neighbor_facts facts;
  facts.index = neighbor_index{n};
  facts.name = "n" + std::to_string(n);
  facts.address = protocol::ip_address::v4(0x0a000000U + n);
  facts.identifier = {n};
  facts.as = n;
  return facts;
}

/// A table with short words for what its tests do.
class table_fixture : public testing::Test {
protected:
  static ipv4_key key(std::uint32_t n) { return test_key(n); }

  void up(std::uint16_t n) { table.neighbor_up(test_neighbor(n)); }

  void announce(std::uint16_t n, const std::vector<ipv4_key>& keys,
                const attribute_summary& summary, std::uint8_t flags = 0) {
    route_batch batch(pool);
    batch.neighbor = neighbor_index{n};
    batch.ipv4.keys = keys;
    batch.ipv4.runs.push_back({pool.intern(bytes_for(summary), summary),
                               static_cast<std::uint32_t>(keys.size()), flags});
    table.apply(batch, now);
  }

  void withdraw(std::uint16_t n, const std::vector<ipv4_key>& keys) {
    route_batch batch(pool);
    batch.neighbor = neighbor_index{n};
    batch.ipv4.keys = keys;
    batch.ipv4.runs.push_back(
        {attribute_ref::none, static_cast<std::uint32_t>(keys.size()), 0});
    table.apply(batch, now);
  }

  /// Works until nothing is left to do.
  void finish_work() {
    while (table.work(100)) {
    }
  }

  attribute_pool pool;
  shard_table table{pool};
  std::uint32_t now = 0;
};

} // namespace troupe::rib
