#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>

namespace troupe::rib::pool {

/// Memory in chunks of 1 MiB, addressed by units of 8 bytes. The table of
/// chunks never moves, so that readers need no lock; a chunk is never given
/// back before the store ends.
class chunk_store {
public:
  static constexpr unsigned units_per_chunk_log = 17;
  static constexpr std::uint32_t units_per_chunk = 1U << units_per_chunk_log;

  chunk_store();
  ~chunk_store();
  chunk_store(const chunk_store&) = delete;
  chunk_store& operator=(const chunk_store&) = delete;

  /// The table of chunks; its entries appear as chunks are made.
  std::byte* const* chunks() const { return chunks_; }

  /// The first unit of a new region of so many units (at most a chunk). Throws
  /// std::bad_alloc when memory or the units run out. Any thread may call.
  std::uint32_t take(std::uint32_t units);

private:
  std::mutex lock_;
  std::byte** chunks_;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t next_ = units_per_chunk; // within the last chunk
};

} // namespace troupe::rib::pool
