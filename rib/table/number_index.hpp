#pragma once

#include "rib/change.hpp"
#include "rib/prefetch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace troupe::rib::table {

/// Stands for no number; all real ones are smaller.
inline constexpr prefix_number no_number = 0xffffffff;
/// Numbers that the index can hold: 24 bits less one.
inline constexpr prefix_number number_count = 0xffffff;

/// A hash index of numbers, four bytes a slot: 8 bits of the hash and the
/// number. 256 sub-tables double one by one, and their first sizes are
/// staggered, so that they neither grow at once nor pause anyone for long.
/// The hash: bits 0-7 name the sub-table, 8-15 are the tag, 16-47 the place.
class number_index {
public:
  /// The number of this hash that `same` is true for, else `no_number`.
  template <class Same>
  prefix_number find(std::uint64_t hash, Same same) const {
    const auto& in = tables_[hash & 0xff];
    if (in.capacity == 0)
      return no_number;
    const auto tag = tag_of(hash);
    for (auto i = in.home(hash); in.slots[i] != empty; i = in.after(i)) {
      const auto slot = in.slots[i];
      if ((slot & tag_mask) == tag && (slot & number_mask) != 0
          && same((slot & number_mask) - 1))
        return (slot & number_mask) - 1;
    }
    return no_number;
  }

  /// The first number whose tag fits, to be prefetched; else `no_number`.
  prefix_number guess(std::uint64_t hash) const {
    return find(hash, [](prefix_number) { return true; });
  }
  void prefetch(std::uint64_t hash) const {
    const auto& in = tables_[hash & 0xff];
    if (in.capacity != 0)
      rib::prefetch(&in.slots[in.home(hash)]);
  }

  /// Makes room for one more of this hash, so that `insert` does not throw;
  /// `hash_of` tells the hash of a number, and `load` starts to load what that
  /// reads. Strong guarantee.
  template <class HashOf, class Load>
  void reserve(std::uint64_t hash, HashOf hash_of, Load load) {
    auto& in = tables_[hash & 0xff];
    if ((std::uint64_t{in.used} + 1) * 5 > std::uint64_t{in.capacity} * 4)
      rebuild(in, grown(in, static_cast<std::uint32_t>(hash & 0xff)), hash_of,
              load);
  }

  /// Adds a number that is not here; room was made by `reserve`.
  void insert(std::uint64_t hash, prefix_number number) {
    auto& in = tables_[hash & 0xff];
    in.used += in.put(hash, number);
    ++in.live;
  }

  /// Removes a number; whether it was there.
  bool erase(std::uint64_t hash, prefix_number number) {
    auto& in = tables_[hash & 0xff];
    if (in.capacity == 0)
      return false;
    const auto wanted = tag_of(hash) | (number + 1);
    auto i = in.home(hash);
    while (in.slots[i] != empty && in.slots[i] != wanted)
      i = in.after(i);
    if (in.slots[i] == empty)
      return false;
    const auto ends_run = in.slots[in.after(i)] == empty;
    in.slots[i] = ends_run ? empty : erased;
    in.used -= ends_run ? 1 : 0;
    --in.live;
    return true;
  }

  /// Lets go of memory where few are left of those in the same part as the
  /// hash; see `reserve` for `hash_of`. Never throws.
  template <class HashOf>
  void shrink(std::uint64_t hash, HashOf hash_of) noexcept {
    auto& in = tables_[hash & 0xff];
    if (in.capacity < 64 || in.live * 8ULL > in.capacity)
      return;
    try {
      rebuild(in, in.capacity / 4, hash_of, [](prefix_number) {});
    } catch (const std::bad_alloc&) {
      // What is there serves as well.
    }
  }

  /// Numbers held.
  std::size_t size() const {
    std::size_t live = 0;
    for (const auto& in : tables_)
      live += in.live;
    return live;
  }
  std::size_t memory() const {
    std::size_t slots = 0;
    for (const auto& in : tables_)
      slots += in.capacity;
    return sizeof(*this) + slots * sizeof(std::uint32_t);
  }
  /// Slots that growing has moved, in all and the most in one go.
  std::uint64_t moved() const { return moved_; }
  std::uint64_t moved_at_once() const { return moved_at_once_; }

private:
  static constexpr std::uint32_t empty = 0;
  static constexpr std::uint32_t erased = 0x01000000; // a tag, no number
  static constexpr std::uint32_t tag_mask = 0xff000000;
  static constexpr std::uint32_t number_mask = 0x00ffffff;

  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash << 16) & tag_mask;
  }

  struct sub_table {
    std::unique_ptr<std::uint32_t[]> slots;
    std::uint32_t capacity = 0;
    std::uint32_t live = 0;
    std::uint32_t used = 0; // erased ones included

    std::uint32_t home(std::uint64_t hash) const {
      return static_cast<std::uint32_t>((hash >> 16 & 0xffffffff) * capacity
                                        >> 32);
    }
    std::uint32_t after(std::uint32_t i) const {
      return i + 1 == capacity ? 0 : i + 1;
    }
    /// Whether an empty slot was taken.
    bool put(std::uint64_t hash, prefix_number number) {
      auto i = home(hash);
      while ((slots[i] & number_mask) != 0)
        i = after(i);
      const bool fresh = slots[i] == empty;
      slots[i] = tag_of(hash) | (number + 1);
      return fresh;
    }
  };

  template <class HashOf, class Load>
  void rebuild(sub_table& in, std::uint32_t capacity, HashOf hash_of,
               Load load) {
    constexpr std::uint32_t ahead = 24; // slots; the prefixes lie anywhere
    sub_table next;
    next.capacity = capacity;
    next.slots = std::make_unique<std::uint32_t[]>(next.capacity);
    for (std::uint32_t i = 0; i != in.capacity + ahead; ++i) {
      if (i < in.capacity && (in.slots[i] & number_mask) != 0)
        load((in.slots[i] & number_mask) - 1);
      if (i < ahead)
        continue;
      if (const auto number = in.slots[i - ahead] & number_mask; number != 0)
        next.used += next.put(hash_of(number - 1), number - 1);
    }
    next.live = in.live;
    moved_ += in.live;
    moved_at_once_ = std::max<std::uint64_t>(moved_at_once_, in.live);
    in = std::move(next);
  }
  static std::uint32_t grown(const sub_table& in, std::uint32_t which) {
    if (in.capacity == 0)
      return 16 + which % 16; // staggered
    // With many erased slots the same size will do.
    return in.live * 2ULL < in.capacity ? in.capacity : in.capacity * 2;
  }

  std::array<sub_table, 256> tables_;
  std::uint64_t moved_ = 0;
  std::uint64_t moved_at_once_ = 0;
};

} // namespace troupe::rib::table
