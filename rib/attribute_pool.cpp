#include "rib/attribute_pool.hpp"

#include "protocol/check.hpp"
#include "rib/pool/block_store.hpp"
#include "rib/pool/reference_index.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <new>
#include <xxhash.h>

namespace troupe::rib {

namespace {

constexpr std::size_t shard_count = 64; // see reference_index::tag_of

/// The sets of one range of hashes, read and written with the lock held.
struct alignas(64) index_shard {
  std::mutex lock;
  pool::reference_index index;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

/// The units of 8 bytes that a set with so many bytes takes.
std::uint32_t units_for(std::size_t bytes) {
  return static_cast<std::uint32_t>(
      (sizeof(attribute_set) + bytes + pool::unit_size - 1) / pool::unit_size);
}

} // namespace

struct attribute_pool::implementation {
  std::uint64_t seed;
  pool::block_store store;
  std::array<index_shard, shard_count> shards;

  std::uint32_t index_hash(std::span<const std::uint8_t> bytes) const {
    return static_cast<std::uint32_t>(
        XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed));
  }
  index_shard& shard_of(std::uint32_t hash) {
    return shards[hash & (shards.size() - 1)];
  }
};

attribute_pool::attribute_pool(std::uint64_t seed)
    : self_(std::make_unique<implementation>()),
      chunks_(self_->store.chunks()) {
  static_assert(units_per_chunk_log == pool::block_store::units_per_chunk_log);
  self_->seed = seed;
}

attribute_pool::~attribute_pool() = default;

std::uint32_t
attribute_pool::hash_of(std::span<const std::uint8_t> bytes) const {
  return self_->index_hash(bytes);
}

void attribute_pool::prefetch_place(std::uint32_t hash) const {
  auto& shard = self_->shard_of(hash);
  const std::lock_guard guard(shard.lock);
  shard.index.prefetch(hash);
}

void attribute_pool::prefetch_set(std::uint32_t hash) const {
  auto& shard = self_->shard_of(hash);
  const std::lock_guard guard(shard.lock);
  const auto likely =
      shard.index.find(hash, [](std::uint32_t) { return true; });
  if (likely != 0)
    prefetch(attribute_ref{likely});
}

attribute_ref attribute_pool::find(std::span<const std::uint8_t> bytes,
                                   std::uint32_t hash) {
  auto& shard = self_->shard_of(hash);
  const std::lock_guard guard(shard.lock);
  const auto found = shard.index.find(hash, [&](std::uint32_t reference) {
    return std::ranges::equal(at(attribute_ref{reference}).bytes(), bytes);
  });
  if (found == 0) {
    ++shard.misses;
    return attribute_ref::none;
  }
  ++shard.hits;
  retain(attribute_ref{found});
  return attribute_ref{found};
}

attribute_ref attribute_pool::intern(std::span<const std::uint8_t> bytes,
                                     const attribute_summary& summary,
                                     std::uint32_t owner) {
  TROUPE_CHECK(bytes.size() <= 0xffff, "an attribute set is too long");
  const auto hash = self_->index_hash(bytes);
  auto& shard = self_->shard_of(hash);
  const std::lock_guard guard(shard.lock);
  const auto found = shard.index.find(hash, [&](std::uint32_t reference) {
    return std::ranges::equal(at(attribute_ref{reference}).bytes(), bytes);
  });
  if (found != 0) {
    ++shard.hits;
    retain(attribute_ref{found});
    return attribute_ref{found};
  }
  ++shard.misses;
  shard.index.reserve([this](std::uint32_t reference) {
    return at(attribute_ref{reference}).index_hash_;
  });
  const attribute_ref made{
      self_->store.allocate(units_for(bytes.size()), owner)};
  auto* set = new (address_of(made))
      attribute_set(summary, static_cast<std::uint16_t>(bytes.size()));
  if (!bytes.empty())
    std::memcpy(address_of(made) + sizeof(attribute_set), bytes.data(),
                bytes.size());
  set->references_ = 1;
  set->index_hash_ = hash;
  set->hash_ = XXH3_64bits(bytes.data(), bytes.size());
  shard.index.insert(hash, static_cast<std::uint32_t>(made));
  return made;
}

void attribute_pool::retain(attribute_ref set, std::uint32_t count) {
  std::atomic_ref(at(set).references_)
      .fetch_add(count, std::memory_order_relaxed);
}

void attribute_pool::release(attribute_ref set, std::uint32_t count) {
  std::atomic_ref references(at(set).references_);
  auto held = references.load(std::memory_order_relaxed);
  // Only under the shard's lock does a count reach zero, so that `find` never
  // meets a set that is about to go.
  while (held > count)
    if (references.compare_exchange_weak(held, held - count,
                                         std::memory_order_release,
                                         std::memory_order_relaxed))
      return;
  if (count != 0)
    release_last(set, count);
}

void attribute_pool::release_last(attribute_ref set, std::uint32_t count) {
  auto& dying = at(set);
  const auto hash = dying.index_hash_;
  auto& shard = self_->shard_of(hash);
  const std::lock_guard guard(shard.lock);
  const auto held = std::atomic_ref(dying.references_)
                        .fetch_sub(count, std::memory_order_acq_rel);
  TROUPE_CHECK(held >= count, "a reference was given back twice");
  if (held != count)
    return; // somebody found it meanwhile
  const auto known = shard.index.erase(hash, static_cast<std::uint32_t>(set));
  TROUPE_CHECK(known, "an attribute set is missing in the index");
  shard.index.shrink([this](std::uint32_t reference) {
    return at(attribute_ref{reference}).index_hash_;
  });
  self_->store.free(static_cast<std::uint32_t>(set), units_for(dying.size_));
}

std::uint32_t attribute_pool::references(attribute_ref set) const {
  return std::atomic_ref(at(set).references_).load(std::memory_order_relaxed);
}

attribute_pool::statistics attribute_pool::stats() const {
  statistics all;
  all.bytes = self_->store.memory();
  for (auto& shard : self_->shards) {
    const std::lock_guard guard(shard.lock);
    all.sets += shard.index.size();
    all.bytes += shard.index.memory();
    all.hits += shard.hits;
    all.misses += shard.misses;
  }
  return all;
}

} // namespace troupe::rib
