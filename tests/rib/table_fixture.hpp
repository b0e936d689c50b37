#pragma once

#include "protocol/check.hpp"
#include "rib/shard_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
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
                const attribute_summary& summary, std::uint8_t flags = 0,
                const std::vector<std::uint32_t>& path_ids = {}) {
    announce_to(table, n, keys, summary, flags, path_ids);
  }
  void announce_to(shard_table& to, std::uint16_t n,
                   const std::vector<ipv4_key>& keys,
                   const attribute_summary& summary, std::uint8_t flags = 0,
                   const std::vector<std::uint32_t>& path_ids = {}) {
    route_batch batch(pool);
    batch.neighbor = neighbor_index{n};
    batch.incarnation = incarnations[n];
    batch.ipv4.keys = keys;
    batch.ipv4.path_ids = path_ids;
    batch.ipv4.runs.push_back({pool.intern(bytes_for(summary), summary),
                               static_cast<std::uint32_t>(keys.size()), flags});
    to.apply(batch, now);
  }

  void withdraw(std::uint16_t n, const std::vector<ipv4_key>& keys,
                const std::vector<std::uint32_t>& path_ids = {}) {
    withdraw_from(table, n, keys, path_ids);
  }
  void withdraw_from(shard_table& from, std::uint16_t n,
                     const std::vector<ipv4_key>& keys,
                     const std::vector<std::uint32_t>& path_ids = {}) {
    route_batch batch(pool);
    batch.neighbor = neighbor_index{n};
    batch.incarnation = incarnations[n];
    batch.ipv4.keys = keys;
    batch.ipv4.path_ids = path_ids;
    batch.ipv4.runs.push_back(
        {attribute_ref::none, static_cast<std::uint32_t>(keys.size()), 0});
    from.apply(batch, now);
  }

  /// The neighbour of the best path of a prefix; 0 when there is none.
  unsigned best_of(const ipv4_key& key) const {
    const auto rows = table.query({.prefix = to_prefix(key)}).rows;
    return rows.empty() ? 0 : static_cast<unsigned>(rows[0].what.neighbor);
  }
  /// The sources of all changes of the first delivery.
  static std::vector<unsigned> sources(const std::vector<delivery>& all) {
    std::vector<unsigned> found;
    for (const auto& state : all.at(0).batch->ipv4.changes)
      found.push_back(static_cast<unsigned>(state.source));
    return found;
  }

  /// Works until nothing is left to do.
  void finish_work() {
    while (table.work(100)) {
    }
  }

  attribute_pool pool;
  /// Of the neighbours' sessions: what `announce` and `withdraw` tell.
  std::map<std::uint16_t, std::uint32_t> incarnations;
  shard_table table{pool};
  std::uint32_t now = 0;
};

} // namespace troupe::rib
