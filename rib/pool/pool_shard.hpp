#pragma once

#include "rib/pool/chunk_store.hpp"
#include "rib/pool/reference_index.hpp"
#include "rib/pool/size_class.hpp"

#include <array>
#include <cstdint>
#include <mutex>

namespace troupe::rib::pool {

/// The sets of one range of hashes: their index and the blocks they live in.
/// Everything is read and written with the lock held.
struct alignas(64) pool_shard {
  std::mutex lock;
  reference_index index;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t units_taken = 0; // of the chunk store

  /// The first unit of a block for so many units. Throws std::bad_alloc.
  std::uint32_t allocate(chunk_store& store, std::uint32_t units);
  /// Takes a block of so many units back.
  void free(const chunk_store& store, std::uint32_t first, std::uint32_t units);

private:
  void keep(const chunk_store& store, std::uint32_t first, size_class size);
  void refill(chunk_store& store);

  std::array<std::uint32_t, class_count> free_{}; // lists, 0 ends
  std::uint32_t next_ = 0; // of the slab that is being cut
  std::uint32_t end_ = 0;
};

} // namespace troupe::rib::pool
