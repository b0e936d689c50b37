#pragma once

#include "rib/attribute_pool.hpp"
#include "rib/change.hpp"
#include "rib/export_transform.hpp"
#include "rib/path.hpp"
#include "rib/prefetch.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::rib {

/// What a group tells about one prefix. The set is the one before the
/// transform (behind the export policy); its entry holds a reference.
struct told_entry {
  attribute_ref set = attribute_ref::none; ///< `none`: not told
  neighbor_index source{};
  std::uint8_t traits = 0; ///< bits of `export_trait`
  /// A record of what the log said before waits for the flush.
  bool pending = false;

  bool is_told() const { return set != attribute_ref::none; }
  /// Whether the same bytes are told, to whomever.
  bool tells_the_same(const told_entry& other) const {
    return set == other.set && traits == other.traits;
  }
};
static_assert(sizeof(told_entry) == 8);

/// The Adj-RIB-Out of one shard and family: an array over prefix numbers,
/// without keys, in chunks, so that growing moves nothing.
template <class Entry>
class number_table {
public:
  /// The entry of a number, made if missing.
  Entry& at(prefix_number n) {
    const std::size_t i = n / chunk_size;
    if (i >= chunks_.size() || !chunks_[i])
      grow(i);
    return (*chunks_[i])[n % chunk_size];
  }
  /// The entry of a number, or nothing where none was ever told near it.
  const Entry* find(prefix_number n) const {
    const std::size_t i = n / chunk_size;
    return i < chunks_.size() && chunks_[i] ? &(*chunks_[i])[n % chunk_size]
                                            : nullptr;
  }
  void prefetch(prefix_number n) const {
    if (const auto* entry = find(n))
      rib::prefetch(entry);
  }
  /// Calls `visit(number, entry)` for every number that is near a told one.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (std::size_t i = 0; i < chunks_.size(); ++i)
      for (std::size_t j = 0; chunks_[i] && j < chunk_size; ++j)
        visit(static_cast<prefix_number>(i * chunk_size + j), (*chunks_[i])[j]);
  }
  /// The same for every prefix that is told.
  template <class Visitor>
  void for_each_told(Visitor visit) const {
    for_each([&](prefix_number n, const Entry& entry) {
      if (entry.is_told())
        visit(n, entry);
    });
  }

  /// Gives the memory near numbers back of which none is needed. An entry that
  /// is made again is a fresh one.
  template <class IsNeeded>
  void shrink(IsNeeded is_needed) {
    for (auto& each : chunks_)
      if (each && std::none_of(each->begin(), each->end(), is_needed))
        each.reset();
  }
  /// Octets allocated, without what entries own themselves.
  std::size_t memory() const {
    std::size_t made = 0;
    for (const auto& each : chunks_)
      made += each ? 1U : 0U;
    return made * sizeof(chunk) + chunks_.capacity() * sizeof(chunks_[0]);
  }

private:
  static constexpr std::size_t chunk_size = 2048;
  using chunk = std::array<Entry, chunk_size>;

  void grow(std::size_t i) {
    if (i >= chunks_.size())
      chunks_.resize(i + 1);
    chunks_[i] = std::make_unique<chunk>();
  }

  std::vector<std::unique_ptr<chunk>> chunks_;
};

using told_table = number_table<told_entry>;

/// Gives references back, those of one set that follow one another at once.
class release_list {
public:
  explicit release_list(attribute_pool& pool) : pool_(&pool) {}
  release_list(const release_list&) = delete;
  release_list& operator=(const release_list&) = delete;
  ~release_list() { run(); }

  /// Takes a reference over; `none` is ignored.
  void add(attribute_ref set) {
    if (set != attribute_ref::none)
      sets_.push_back(set);
  }
  std::size_t memory() const { return sets_.capacity() * sizeof(sets_[0]); }
  /// Lets go of memory that many references took. Only when it is empty.
  void shrink() {
    if (sets_.capacity() > 32UL * 1024)
      sets_ = std::vector<attribute_ref>{};
  }
  void run() {
    for (std::size_t i = 0, j = 0; i < sets_.size(); i = j) {
      while (j < sets_.size() && sets_[j] == sets_[i])
        ++j;
      pool_->release(sets_[i], static_cast<std::uint32_t>(j - i));
    }
    sets_.clear();
  }

private:
  attribute_pool* pool_;
  std::vector<attribute_ref> sets_;
};

/// References to one set, retained at once; what is not taken goes back.
class reference_run {
public:
  reference_run(attribute_pool& pool, attribute_ref set, std::uint32_t count)
      : pool_(&pool), set_(set), left_(set == attribute_ref::none ? 0 : count) {
    if (left_ != 0)
      pool_->retain(set_, left_);
  }
  reference_run(const reference_run&) = delete;
  reference_run& operator=(const reference_run&) = delete;
  ~reference_run() {
    if (left_ != 0)
      pool_->release(set_, left_);
  }
  /// One of them is the caller's now.
  void take() { left_ -= set_ == attribute_ref::none ? 0 : 1; }

private:
  attribute_pool* pool_;
  attribute_ref set_;
  std::uint32_t left_;
};

} // namespace troupe::rib
