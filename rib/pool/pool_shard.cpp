#include "rib/pool/pool_shard.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::rib::pool {

namespace {

// A shard cuts its blocks from slabs of 4 KiB, so that a pool with few sets
// stays small.
constexpr std::uint32_t slab_units = 4 * 1024 / unit_size;

std::byte* address(const chunk_store& store, std::uint32_t unit) {
  const auto within = unit & (chunk_store::units_per_chunk - 1);
  return store.chunks()[unit >> chunk_store::units_per_chunk_log]
         + std::size_t{within} * unit_size;
}

} // namespace

std::uint32_t pool_shard::allocate(chunk_store& store, std::uint32_t units) {
  const auto size = class_of(units);
  if (const auto first = free_[size.index]; first != 0) {
    std::memcpy(&free_[size.index], address(store, first),
                sizeof(std::uint32_t));
    return first;
  }
  if (size.units > slab_units / 4) {
    const auto first = store.take(size.units);
    units_taken += size.units;
    return first;
  }
  if (size.units > end_ - next_)
    refill(store);
  const auto first = next_;
  next_ += size.units;
  return first;
}

void pool_shard::free(const chunk_store& store, std::uint32_t first,
                      std::uint32_t units) {
  keep(store, first, class_of(units));
}

void pool_shard::keep(const chunk_store& store, std::uint32_t first,
                      size_class size) {
  std::memcpy(address(store, first), &free_[size.index], sizeof(std::uint32_t));
  free_[size.index] = first;
}

void pool_shard::refill(chunk_store& store) {
  const auto first = store.take(slab_units);
  // What is left of the old slab serves smaller sets later.
  while (next_ != end_) {
    const auto units = std::min(end_ - next_, exact_units);
    keep(store, next_, class_of(units));
    next_ += units;
  }
  units_taken += slab_units;
  next_ = first;
  end_ = first + slab_units;
}

} // namespace troupe::rib::pool
