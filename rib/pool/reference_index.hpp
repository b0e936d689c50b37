#pragma once

#include "rib/prefetch.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace troupe::rib::pool {

/// An open-addressing index of 4-byte references by a 32-bit hash, five bytes a
/// slot: a tag of 8 bits tells nearly every other set apart before it is read.
class reference_index {
public:
  /// The reference among those of this hash that `same` is true for, else 0.
  template <class Same>
  std::uint32_t find(std::uint32_t hash, Same same) const {
    if (capacity_ == 0)
      return 0;
    const auto tag = tag_of(hash);
    for (auto i = home(hash); tags_[i] != empty; i = after(i))
      if (tags_[i] == tag && same(references_[i]))
        return references_[i];
    return 0;
  }

  /// Starts to load the slot that a search for this hash begins with.
  void prefetch(std::uint32_t hash) const {
    if (capacity_ == 0)
      return;
    rib::prefetch(&tags_[home(hash)]);
    rib::prefetch(&references_[home(hash)]);
  }

  /// Makes room for one more, so that `insert` does not throw; `hash_of` tells
  /// the hash of a reference. Strong guarantee.
  template <class HashOf>
  void reserve(HashOf hash_of) {
    if ((used_ + 1) * 8 <= capacity_ * 7)
      return;
    // With many erased slots the same size will do.
    rebuild(live_ * 8 < capacity_ * 5 ? capacity_ : capacity_ * 2, hash_of);
  }

  /// Adds a reference that is not here; room was made by `reserve`.
  void insert(std::uint32_t hash, std::uint32_t reference) {
    auto i = home(hash);
    while (tags_[i] > erased)
      i = after(i);
    if (tags_[i] == empty)
      ++used_;
    tags_[i] = tag_of(hash);
    references_[i] = reference;
    ++live_;
  }

  /// Removes a reference; whether it was there.
  bool erase(std::uint32_t hash, std::uint32_t reference) {
    if (capacity_ == 0)
      return false;
    auto i = home(hash);
    while (tags_[i] != empty
           && (references_[i] != reference || tags_[i] == erased))
      i = after(i);
    if (tags_[i] == empty)
      return false;
    --live_;
    const auto ends_run = tags_[after(i)] == empty;
    tags_[i] = ends_run ? empty : erased;
    used_ -= ends_run ? 1 : 0;
    return true;
  }

  /// Lets go of memory where few are left. Never throws.
  template <class HashOf>
  void shrink(HashOf hash_of) noexcept {
    if (capacity_ < 64 || live_ * 8 > capacity_)
      return;
    try {
      rebuild(capacity_ / 4, hash_of);
    } catch (const std::bad_alloc&) {
      // What is there serves as well.
    }
  }

  std::uint32_t size() const { return live_; }
  std::size_t memory() const { return std::size_t{capacity_} * 5; }

private:
  static constexpr std::uint8_t empty = 0;
  static constexpr std::uint8_t erased = 1;

  // The lowest bits chose the shard, the highest choose the slot.
  static std::uint8_t tag_of(std::uint32_t hash) {
    const auto tag = static_cast<std::uint8_t>(hash >> 6);
    return tag > erased ? tag : static_cast<std::uint8_t>(tag + 2);
  }
  std::uint32_t home(std::uint32_t hash) const {
    return static_cast<std::uint32_t>(std::uint64_t{hash} * capacity_ >> 32);
  }
  std::uint32_t after(std::uint32_t i) const {
    return i + 1 == capacity_ ? 0 : i + 1;
  }
  template <class HashOf>
  void rebuild(std::uint32_t capacity, HashOf hash_of) {
    reference_index next;
    next.allocate(capacity);
    for (std::uint32_t i = 0; i != capacity_; ++i)
      if (tags_[i] > erased)
        next.insert(hash_of(references_[i]), references_[i]);
    *this = std::move(next);
  }
  void allocate(std::uint32_t capacity) {
    capacity_ = capacity == 0 ? 16 : capacity;
    tags_ = std::make_unique<std::uint8_t[]>(capacity_);
    references_ = std::make_unique_for_overwrite<std::uint32_t[]>(capacity_);
  }

  std::unique_ptr<std::uint8_t[]> tags_;
  std::unique_ptr<std::uint32_t[]> references_;
  std::uint32_t capacity_ = 0;
  std::uint32_t live_ = 0;
  std::uint32_t used_ = 0; // erased ones included
};

} // namespace troupe::rib::pool
