#include "rib/pool/block_store.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cstring>
#include <map>

namespace troupe::rib::pool {
namespace {

std::byte* at(const block_store& store, std::uint32_t unit) {
  return store.chunks()[unit >> block_store::units_per_chunk_log]
         + std::size_t{unit & (block_store::units_per_chunk - 1)} * unit_size;
}

/// Blocks that are filled with something of their own.
class filled_blocks {
public:
  ~filled_blocks() { EXPECT_EQ(wrong(), 0U); }

  void add(std::uint32_t units, std::uint32_t owner = 0) {
    const auto first = store.allocate(units, owner);
    ASSERT_NE(first, 0U);
    ASSERT_FALSE(blocks_.contains(first));
    blocks_[first] = {units, ++last_};
    std::memset(at(store, first), last_, std::size_t{units} * unit_size);
  }
  void remove(std::size_t which) {
    const auto found = std::next(
        blocks_.begin(), static_cast<std::ptrdiff_t>(which % blocks_.size()));
    store.free(found->first, found->second.units);
    blocks_.erase(found);
  }
  void clear() {
    while (!blocks_.empty())
      remove(0);
  }
  std::size_t size() const { return blocks_.size(); }
  /// Blocks that somebody else has written to.
  std::size_t wrong() const {
    std::size_t count = 0;
    for (const auto& [first, filled] : blocks_) {
      const auto* p = at(store, first);
      for (std::size_t i = 0; i != std::size_t{filled.units} * unit_size; ++i)
        if (p[i] != std::byte{filled.filling}) {
          ++count;
          break;
        }
    }
    return count;
  }

  block_store store;

private:
  struct block {
    std::uint32_t units;
    std::uint8_t filling;
  };
  std::map<std::uint32_t, block> blocks_;
  std::uint8_t last_ = 0;
};

TEST(BlockStore, KeepsBlocksApart) {
  rc::check("any order of allocations and releases", [] {
    filled_blocks blocks;
    for (const auto n : *rc::gen::container<std::vector<unsigned>>(
             rc::gen::inRange(0U, 1'000'000U))) {
      if (n % 3 == 0 && blocks.size() != 0)
        blocks.remove(n / 3);
      else // sizes of all kinds, and small ones most
        blocks.add(1 + (n % 7 == 0 ? n % block_store::largest_units : n % 40),
                   n % 11);
    }
    RC_ASSERT(blocks.wrong() == 0U);
    blocks.clear();
  });
}

TEST(BlockStore, ServesEverySize) {
  filled_blocks blocks;
  for (std::uint32_t units = 1; units <= units_per_page + 3; ++units)
    blocks.add(units);
  for (std::uint32_t units = 700; units <= block_store::largest_units;
       units *= 2)
    blocks.add(units);
  blocks.add(block_store::largest_units);
}

TEST(BlockStore, GivesPagesBackAndUsesThemAgain) {
  block_store store;
  std::vector<std::uint32_t> blocks;
  const auto fill = [&](std::uint32_t units) {
    for (int i = 0; i != 100'000; ++i)
      blocks.push_back(store.allocate(units));
    for (const auto first : blocks)
      std::memset(at(store, first), 1, units * unit_size);
  };
  const auto empty = [&](std::uint32_t units) {
    for (const auto first : blocks)
      store.free(first, units);
    blocks.clear();
  };
  fill(12);
  const auto most = store.memory();
  EXPECT_GT(most, 100'000U * 96);
  EXPECT_LT(most, 100'000U * 102);
  empty(12);
  EXPECT_LT(store.memory(), 2U << 20) << "some pages are kept";
  fill(11); // of another size
  EXPECT_LT(store.memory(), most);
  empty(11);
}

TEST(BlockStore, GivesBackWhatOneOwnerHad) {
  block_store store;
  std::array<std::vector<std::uint32_t>, 4> blocks;
  for (int i = 0; i != 50'000; ++i)
    for (std::uint32_t owner = 0; owner != blocks.size(); ++owner)
      blocks[owner].push_back(store.allocate(12, owner));
  const auto all = store.memory();
  for (const auto first : blocks[2])
    store.free(first, 12);
  EXPECT_LT(store.memory(), all - 50'000 * 96 + 256 * 4096 + 64 * 1024);
  for (const auto owner : {0U, 1U, 3U})
    for (const auto first : blocks[owner])
      store.free(first, 12);
}

TEST(BlockStore, CountsNoPageTwice) {
  block_store store;
  const auto none = store.memory();
  for (int round = 0; round != 3; ++round) {
    std::vector<std::uint32_t> blocks;
    for (int i = 0; i != 1000; ++i)
      blocks.push_back(store.allocate(units_per_page));
    EXPECT_GE(store.memory() - none, 1000U * 4096);
    EXPECT_LT(store.memory() - none, 1000U * 4096 + 64 * 1024);
    for (const auto first : blocks)
      store.free(first, units_per_page);
    EXPECT_LE(store.memory() - none, 256U * 4096 + 64 * 1024);
  }
}

} // namespace
} // namespace troupe::rib::pool
