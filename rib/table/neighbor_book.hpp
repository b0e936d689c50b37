#pragma once

#include "rib/shard_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::rib::table {

/// The rounds in which a source told one family.
struct family_rounds {
  unsigned current = 0;
  /// Bit r: the paths of round r wait to be removed.
  unsigned doomed = 0;
  /// Bit r: those of round r wait to become long-lived stale, in `current`.
  unsigned ageing = 0;
  /// The round began with a new session and End-of-RIB has not come yet.
  bool restarted = false;
  std::array<std::uint64_t, path_rounds> held{}; ///< paths, by round

  bool is_doomed(std::uint8_t flags) const {
    return (doomed >> round_of(flags) & 1) != 0;
  }
  bool is_ageing(std::uint8_t flags) const {
    return (ageing >> round_of(flags) & 1) != 0;
  }
  bool is_old(std::uint8_t flags) const { return round_of(flags) != current; }
};

/// What a table knows of a source of paths.
struct neighbor_state {
  neighbor_facts facts;
  std::uint64_t name_hash = 0;   ///< for the digest
  bool lost = false;             ///< down; its paths wait to be removed
  bool stale = false;            ///< its session is gone, its paths stay
  std::uint32_t incarnation = 0; ///< of its session
  std::uint64_t applied = 0;     ///< the last batch of the incarnation
  std::array<neighbor_counts, 2> counts{}; ///< by `family_slot`
  std::array<family_rounds, 2> rounds{};

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
  void up(const neighbor_facts& facts, std::uint32_t incarnation);
  /// See `shard_table::neighbor_stale`.
  void stale(neighbor_index neighbor, bool keeps_older);
  /// See `shard_table::neighbor_down`.
  void down(neighbor_index neighbor);
  /// A new round begins: what is held is old from here on. Where a path of the
  /// next round is still here, three rounds late, the current one goes on.
  void begin_round(neighbor_state& state, std::size_t slot);
  /// What is old goes. Never throws.
  void end_round(neighbor_state& state, std::size_t slot);
  /// What is held becomes long-lived stale (RFC 9494 §4.2), or goes where the
  /// round cannot begin.
  void age(neighbor_state& state, std::size_t slot);
  /// Everything that is held goes.
  void drop(neighbor_state& state, std::size_t slot) {
    begin_round(state, slot);
    end_round(state, slot);
  }
  /// A path with these flags came or went. Never throws.
  void count(neighbor_state& state, std::size_t slot, std::uint8_t flags) {
    ++state.rounds[slot].held[round_of(flags)];
  }
  void uncount(neighbor_state& state, std::size_t slot, std::uint8_t flags);
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
  /// Whether paths wait to be removed or to age.
  bool has_leavings() const { return lost_ + marked_ != 0; }
  /// Whether a path of a neighbour that is known waits to be removed.
  bool is_leaving(const path& p, std::size_t slot) const {
    const auto& state = (*this)[p.neighbor];
    return state.lost || state.rounds[slot].is_doomed(p.flags);
  }
  std::size_t memory() const;

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& state : states_)
      if (state != nullptr)
        visit(*state);
  }

private:
  void mark(family_rounds& rounds, unsigned family_rounds::*how);

  std::vector<std::unique_ptr<neighbor_state>> states_;
  std::vector<neighbor_index> purged_;
  std::size_t lost_ = 0;
  /// Families of neighbours with rounds that are doomed or ageing.
  std::size_t marked_ = 0;
};

} // namespace troupe::rib::table
