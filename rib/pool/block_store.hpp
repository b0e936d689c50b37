#pragma once

#include "rib/pool/size_class.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace troupe::rib::pool {

/// Blocks of memory, addressed by units of 8 bytes, cut by size class from
/// pages within chunks of 1 MiB. The table of chunks never moves, so that
/// readers need no lock. What goes together should share pages: a page serves
/// one owner. One without blocks serves any owner and class, and beyond a few
/// of them its memory is given back to the system; its address stays ours. Any
/// thread may call.
class block_store {
public:
  static constexpr unsigned units_per_chunk_log = 17;
  static constexpr std::uint32_t units_per_chunk = 1U << units_per_chunk_log;
  /// Units of the largest block.
  static constexpr std::uint32_t largest_units = 1U << 14;
  /// Owners with the same remainder are one to us.
  static constexpr std::uint32_t owners = 8;

  block_store();
  ~block_store();
  block_store(const block_store&) = delete;
  block_store& operator=(const block_store&) = delete;

  /// The table of chunks; its entries appear as chunks are made.
  std::byte* const* chunks() const { return chunks_; }

  /// The first unit of a block of so many units, never 0. Throws std::bad_alloc
  /// when memory or the units run out, with no effect then.
  std::uint32_t allocate(std::uint32_t units, std::uint32_t owner = 0);
  /// Takes a block of so many units back. Never throws.
  void free(std::uint32_t first, std::uint32_t units) noexcept;
  /// Octets of pages that hold blocks, or held some and are kept.
  std::uint64_t memory() const;

private:
  static constexpr std::uint32_t none = 0xffffffff;
  static constexpr std::uint32_t pages_per_chunk =
      units_per_chunk / units_per_page;
  static constexpr std::uint32_t largest_order = 5; // 32 pages
  // Free pages beyond so many are given back to the system.
  static constexpr std::uint32_t most_kept = 256;

  struct page {
    std::uint32_t previous = none; // among those of owner and class with room
    std::uint32_t next = none;     // likewise, or among free ones
    std::uint8_t owner = 0;
    std::uint16_t free = 0xffff; // a list of units within the page
    std::uint16_t cut = 0;       // what lies behind was never handed out
    std::uint16_t used = 0;
  };

  static bool has_room(const page& p, std::uint32_t units) {
    return p.free != 0xffff || p.cut + units <= units_per_page;
  }
  std::byte* address(std::uint32_t unit) const {
    return chunks_[unit >> units_per_chunk_log]
           + std::size_t{unit & (units_per_chunk - 1)} * unit_size;
  }
  std::uint32_t take_page();
  std::uint32_t take_pages(std::uint32_t order);
  std::uint32_t next_pages(std::uint32_t count);
  void add_chunk();
  void give_back(std::uint32_t which) noexcept;
  std::uint32_t& with_room(std::uint32_t owner, std::uint32_t class_index) {
    return with_room_[owner * class_count + class_index];
  }
  void link(std::uint32_t which, std::uint32_t class_index);
  void unlink(std::uint32_t which, std::uint32_t class_index);

  mutable std::mutex lock_;
  std::byte** chunks_;
  std::uint32_t chunk_count_ = 0;
  std::vector<page> pages_;        // of all chunks
  std::uint32_t next_page_ = 0;    // was never used
  std::uint32_t kept_page_ = none; // free ones with their memory
  std::uint32_t kept_ = 0;         // so many
  std::uint32_t free_page_ = none; // free ones without
  std::uint64_t taken_ = 0;        // pages with memory
  std::array<std::uint32_t, std::size_t{owners} * class_count> with_room_{};
  std::array<std::uint32_t, largest_order + 1> spans_{}; // free ones, by order
};

} // namespace troupe::rib::pool
