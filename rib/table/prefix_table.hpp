#pragma once

#include "rib/key.hpp"
#include "rib/prefetch.hpp"
#include "rib/table/number_index.hpp"
#include "rib/table/path_blocks.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace troupe::rib::table {

namespace entry_bit {
inline constexpr std::uint8_t vacant = 1;    ///< the number names nothing
inline constexpr std::uint8_t chosen = 2;    ///< the first path is the best
inline constexpr std::uint8_t unsettled = 4; ///< waits for a decision
inline constexpr std::uint8_t pending = 8;   ///< in the queue of changes
inline constexpr std::uint8_t told = 16;     ///< some exporter knows the number
inline constexpr std::uint8_t buried = 32;   ///< in the queue of tombstones
/// These are of the number, not of the prefix: they outlive it.
inline constexpr std::uint8_t of_number = pending | buried;
} // namespace entry_bit

/// A prefix with its paths: one is held inline, more in a block.
template <class Key>
struct prefix_entry {
  struct block_of_paths {
    block_ref block;
    std::uint8_t size_class;
  };
  union contents {
    contents() {}
    path one;                             ///< count == 1
    block_of_paths many;                  ///< count > 1
    std::array<std::uint32_t, 2> told_at; ///< a tombstone: the sequence
    prefix_number next_vacant;
  };

  decltype(Key::address) address;
  std::uint8_t length;
  std::uint8_t bits;
  std::uint16_t count;
  contents of;

  Key key() const { return {address, length}; }
  bool has(std::uint8_t bit) const { return (bits & bit) != 0; }
  void set(std::uint8_t bit) { bits = static_cast<std::uint8_t>(bits | bit); }
  void clear(std::uint8_t bit) {
    bits = static_cast<std::uint8_t>(bits & ~bit);
  }
  /// When a tombstone's withdrawal was told last.
  std::uint64_t told_at() const {
    return of.told_at[0] | std::uint64_t{of.told_at[1]} << 32;
  }
  void set_told_at(std::uint64_t sequence) {
    of.told_at = {static_cast<std::uint32_t>(sequence),
                  static_cast<std::uint32_t>(sequence >> 32)};
  }
};
static_assert(sizeof(prefix_entry<ipv4_key>) == 24);
static_assert(sizeof(prefix_entry<ipv6_key>) == 36);

/// Prefixes under stable small numbers, with the paths of each, found by key
/// through a hash index. Knows no decision and no references.
template <class Key>
class prefix_table {
public:
  using entry = prefix_entry<Key>;

  prefix_table(std::uint64_t seed, prefix_number limit);
  ~prefix_table();
  prefix_table(const prefix_table&) = delete;
  prefix_table& operator=(const prefix_table&) = delete;

  std::uint64_t hash(const Key& key) const { return mix(hash_of(key) ^ seed_); }
  void prefetch_index(std::uint64_t hash) const { index_.prefetch(hash); }
  /// A number that is likely the one of this hash; starts to load its entry.
  prefix_number prefetch_entry(std::uint64_t hash) const {
    const auto number = index_.guess(hash);
    if (number != no_number) {
      const auto* e = &(*this)[number];
      rib::prefetch(e);
      rib::prefetch(reinterpret_cast<const std::byte*>(e + 1) - 1);
    }
    return number;
  }

  void prefetch(prefix_number number) const { rib::prefetch(&(*this)[number]); }
  /// Starts to load where the number lies in the index; reads its entry.
  void prefetch_slot(prefix_number number) const {
    index_.prefetch(hash((*this)[number].key()));
  }

  /// The number of a key, or `no_number`.
  prefix_number find(const Key& key, std::uint64_t hash) const {
    return index_.find(hash, [&](prefix_number number) {
      const auto& e = (*this)[number];
      return e.address == key.address && e.length == key.length;
    });
  }
  /// Gives a key that is not here a number and no path yet. `no_number` when
  /// the table is full. Throws std::bad_alloc, with no effect then.
  prefix_number create(const Key& key, std::uint64_t hash);
  /// Names the prefixes of another table by the numbers that they have there,
  /// none with a path. For a table that has named none yet.
  void take_numbers_of(const prefix_table& other);
  /// Makes the number of a prefix without paths free to name another one. The
  /// memory of numbers that are all vacant is given back: a reference to the
  /// entry is good no longer.
  void vacate(prefix_number number);

  /// The entry of a number below the limit. Those whose memory was given back
  /// share entries that are vacant, and must not be written to.
  entry& operator[](prefix_number number) {
    return entries_[number >> chunk_log][number & (chunk_size - 1)];
  }
  const entry& operator[](prefix_number number) const {
    return entries_[number >> chunk_log][number & (chunk_size - 1)];
  }
  /// All numbers that are or were in use are below this one.
  prefix_number number_limit() const { return next_; }
  /// Numbers in use, those of tombstones included.
  std::size_t size() const { return live_; }

  std::span<path> paths(entry& e) {
    return {e.count > 1 ? blocks_[e.of.many.block] : &e.of.one, e.count};
  }
  std::span<const path> paths(const entry& e) const {
    return {e.count > 1 ? blocks_[e.of.many.block] : &e.of.one, e.count};
  }
  void prefetch_paths(const entry& e) const {
    if (e.count > 1)
      rib::prefetch(blocks_[e.of.many.block]);
  }
  /// Adds a path behind the others. Throws std::bad_alloc, with no effect then.
  void add(entry& e, const path& p);
  /// Removes a path; the last one takes its place. Never throws.
  void remove(entry& e, std::size_t index);

  std::size_t memory() const;
  const number_index& index() const { return index_; }
  /// Checks the index, the vacant numbers and the blocks; empty when sound.
  std::string check() const;

private:
  static constexpr unsigned chunk_log = 11;
  static constexpr prefix_number chunk_size = 1U << chunk_log;

  /// What is known of the numbers that share an array of entries.
  struct chunk {
    prefix_number first_vacant = no_number; // a list through the entries
    std::uint16_t used = 0;
    bool has_memory = true;
    bool is_listed = false; // in `with_room_`
  };

  prefix_number take_number();
  chunk* chunk_with_room();
  void allocate(chunk& c);
  void give_back(chunk& c);
  void list(chunk& c);
  prefix_number first_of(const chunk& c) const {
    return static_cast<prefix_number>(&c - chunks_.data()) << chunk_log;
  }
  void move_paths(entry& e, std::uint8_t size_class);
  std::string check_vacant(const chunk& c) const;

  std::uint64_t seed_;
  prefix_number limit_;
  prefix_number next_ = 0; // was never given to a prefix
  std::size_t live_ = 0;
  std::vector<entry*> entries_; // by chunk: own ones, or `no_entries_`
  std::vector<chunk> chunks_;
  // Places of chunks. Both have room for all, so that `vacate` cannot throw.
  std::vector<std::uint32_t> with_room_;
  std::vector<std::uint32_t> without_memory_;
  std::unique_ptr<entry[]> no_entries_; // vacant ones
  number_index index_;
  path_blocks blocks_;
};

} // namespace troupe::rib::table
