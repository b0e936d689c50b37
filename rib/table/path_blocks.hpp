#pragma once

#include "rib/path.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::rib::table {

/// Names a block of paths in four bytes.
enum class block_ref : std::uint32_t {};

/// How many paths a block holds: 2, 3, 4, 6, 8, 12, ... 4096.
inline constexpr std::uint8_t block_class_count = 23;
constexpr std::uint32_t block_capacity(std::uint8_t size_class) {
  return (size_class % 2 == 0 ? 2U : 3U) << (size_class / 2);
}
static_assert(block_capacity(block_class_count - 1) == 4096);
/// The smallest class that holds so many paths (2 to 4096).
constexpr std::uint8_t block_class_for(std::uint32_t paths) {
  std::uint8_t size_class = 0;
  while (block_capacity(size_class) < paths)
    ++size_class;
  return size_class;
}

/// Blocks of paths, cut by size class from chunks of 64 KiB. A chunk that
/// holds none any more is given back.
class path_blocks {
public:
  path_blocks();

  /// Throws std::bad_alloc.
  block_ref allocate(std::uint8_t size_class);
  void free(block_ref block);
  path* operator[](block_ref block) const {
    const auto which = static_cast<std::uint32_t>(block);
    return chunks_[which >> 12].memory.get() + (which & 0xfff);
  }
  std::size_t memory() const;
  /// Blocks in use, for checks.
  std::size_t size() const { return used_; }

private:
  static constexpr std::uint32_t chunk_paths = 4096;
  static constexpr std::uint32_t none = 0xffffffff;

  struct chunk {
    std::unique_ptr<path[]> memory;
    std::uint32_t previous = none; // among those of the class with room
    std::uint32_t next = none;
    std::uint16_t free = 0xffff; // a list of offsets within the chunk
    std::uint16_t cut = 0;       // what lies behind was never handed out
    std::uint16_t used = 0;
    std::uint8_t size_class = 0;
  };

  static bool has_room(const chunk& c) {
    return c.free != 0xffff
           || c.cut + block_capacity(c.size_class) <= chunk_paths;
  }
  std::uint32_t make_chunk(std::uint8_t size_class);
  void link(std::uint32_t which);
  void unlink(std::uint32_t which);

  std::vector<chunk> chunks_;
  std::vector<std::uint32_t> vacant_; // chunks without memory
  std::array<std::uint32_t, block_class_count> with_room_{};
  std::size_t used_ = 0;
};

} // namespace troupe::rib::table
