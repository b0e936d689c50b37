#pragma once

#include "rib/route_batch.hpp"
#include "rib/table/prefix_table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace troupe::rib::table {

/// The keys of a batch in their order, while what the next ones will read is
/// being loaded: the slot of the index, the entry, the paths in a block, and
/// the attributes of the best path, each some keys ahead.
template <class Key>
class run_pipeline {
public:
  struct item {
    const Key& key;
    std::uint64_t hash;
    std::uint32_t path_id;
  };

  run_pipeline(const prefix_table<Key>& table, const attribute_pool& pool,
               const family_routes<Key>& routes)
      : table_(table), pool_(pool), routes_(routes) {
    load_slots(0, slots_ahead);
    load_entries(0, entries_ahead);
    load_paths(0, paths_ahead);
    load_best(0, best_ahead);
  }

  /// The next key; there must be one.
  item next() {
    const auto i = next_++;
    load_slots(i + slots_ahead, 1);
    load_entries(i + entries_ahead, 1);
    load_paths(i + paths_ahead, 1);
    load_best(i + best_ahead, 1);
    return {routes_.keys[i], hashes_[i % window],
            routes_.path_ids.empty() ? 0 : routes_.path_ids[i]};
  }

private:
  static constexpr std::size_t window = 32; // a power of two
  static constexpr std::size_t slots_ahead = 24;
  static constexpr std::size_t entries_ahead = 14;
  static constexpr std::size_t paths_ahead = 8;
  static constexpr std::size_t best_ahead = 4;

  std::size_t end(std::size_t first, std::size_t count) const {
    return std::min(first + count, routes_.keys.size());
  }
  void load_slots(std::size_t first, std::size_t count) {
    for (auto i = first; i < end(first, count); ++i) {
      hashes_[i % window] = table_.hash(routes_.keys[i]);
      table_.prefetch_index(hashes_[i % window]);
    }
  }
  void load_entries(std::size_t first, std::size_t count) {
    for (auto i = first; i < end(first, count); ++i)
      numbers_[i % window] = table_.prefetch_entry(hashes_[i % window]);
  }
  void load_paths(std::size_t first, std::size_t count) {
    for (auto i = first; i < end(first, count); ++i)
      if (const auto number = numbers_[i % window]; number != no_number)
        table_.prefetch_paths(table_[number]);
  }
  void load_best(std::size_t first, std::size_t count) {
    for (auto i = first; i < end(first, count); ++i)
      if (const auto number = numbers_[i % window]; number != no_number)
        if (const auto paths = table_.paths(table_[number]); !paths.empty())
          pool_.prefetch(paths.front().attributes);
  }

  const prefix_table<Key>& table_;
  const attribute_pool& pool_;
  const family_routes<Key>& routes_;
  std::array<std::uint64_t, window> hashes_{};
  std::array<prefix_number, window> numbers_{};
  std::size_t next_ = 0;
};

} // namespace troupe::rib::table
