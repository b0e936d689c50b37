#pragma once

#include "rib/shard_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::rib::table {

/// What a table knows of a source of paths.
struct neighbor_state {
  neighbor_facts facts;
  std::uint64_t name_hash = 0; ///< for the digest
  bool lost = false;           ///< down; its paths wait to be removed
  std::uint64_t applied = 0;   ///< the last batch
  std::array<neighbor_counts, 2> counts{}; ///< by `family_slot`

  bool holds_paths() const {
    return counts[0].received + counts[1].received != 0;
  }
};

/// Where the figures of a family are kept.
constexpr std::size_t family_slot(protocol::family family) {
  return family == protocol::ipv6_unicast ? 1 : 0;
}

/// The sources of a shard, by index.
class neighbor_book {
public:
  /// See `shard_table::neighbor_up`.
  void up(const neighbor_facts& facts);
  /// See `shard_table::neighbor_down`.
  void down(neighbor_index neighbor);
  /// Forgets the lost ones that hold no path any more.
  void forget_purged();
  /// See `shard_table::purged`.
  std::vector<neighbor_index> take_purged();

  /// Null for one that is not known.
  neighbor_state* find(neighbor_index neighbor) {
    const auto slot = static_cast<std::size_t>(neighbor);
    return slot < states_.size() ? states_[slot].get() : nullptr;
  }
  const neighbor_state* find(neighbor_index neighbor) const {
    const auto slot = static_cast<std::size_t>(neighbor);
    return slot < states_.size() ? states_[slot].get() : nullptr;
  }
  /// One that holds paths.
  neighbor_state& operator[](neighbor_index neighbor) {
    return *states_[static_cast<std::size_t>(neighbor)];
  }
  const neighbor_state& operator[](neighbor_index neighbor) const {
    return *states_[static_cast<std::size_t>(neighbor)];
  }
  /// All indexes are below this one.
  std::size_t index_limit() const { return states_.size(); }
  /// How many are down and still hold paths.
  std::size_t lost() const { return lost_; }
  std::size_t memory() const;

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& state : states_)
      if (state != nullptr)
        visit(*state);
  }

private:
  std::vector<std::unique_ptr<neighbor_state>> states_;
  std::vector<neighbor_index> purged_;
  std::size_t lost_ = 0;
};

} // namespace troupe::rib::table
