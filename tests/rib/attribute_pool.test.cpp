#include "rib/attribute_pool.hpp"

#include "protocol/check.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace troupe::rib {
namespace {

std::vector<std::uint8_t> bytes_of(std::size_t size, unsigned salt) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i != size; ++i)
    bytes[i] = static_cast<std::uint8_t>((salt >> 8 * (i % 4)) + i / 4);
  return bytes;
}

attribute_summary summary_of(unsigned salt) {
  attribute_summary summary;
  summary.med = salt;
  summary.flags = attribute_flag::has_med;
  return summary;
}

TEST(AttributePool, GivesEqualBytesOneSetWithOneReferenceEach) {
  attribute_pool pool;
  const auto bytes = bytes_of(50, 1);
  const auto first = pool.intern(bytes, summary_of(1));
  EXPECT_EQ(pool.intern(bytes, summary_of(1)), first);
  EXPECT_EQ(pool.find(bytes), first);
  EXPECT_EQ(pool.references(first), 3U);
  EXPECT_TRUE(std::ranges::equal(pool[first].bytes(), bytes));
  EXPECT_EQ(pool[first].summary(), summary_of(1));
  EXPECT_EQ(pool.stats().sets, 1U);
  EXPECT_EQ(pool.stats().hits, 2U);
  EXPECT_EQ(pool.stats().misses, 1U);
  pool.release(first, 3);
  EXPECT_EQ(pool.stats().sets, 0U);
}

TEST(AttributePool, FindsNothingThatWasNotInternedOrIsGone) {
  attribute_pool pool;
  const auto bytes = bytes_of(50, 1);
  EXPECT_EQ(pool.find(bytes), attribute_ref::none);
  pool.release(pool.intern(bytes, {}));
  EXPECT_EQ(pool.find(bytes), attribute_ref::none);
}

TEST(AttributePool, FindsUnderTheHashOfTheBytesAlone) {
  attribute_pool pool;
  const auto bytes = bytes_of(50, 1);
  const auto hash = pool.hash_of(bytes);
  pool.prefetch_place(hash); // there is none yet
  pool.prefetch_set(hash);
  EXPECT_EQ(pool.find(bytes, hash), attribute_ref::none);
  const auto made = pool.intern(bytes, {});
  pool.prefetch_place(hash);
  pool.prefetch_set(hash);
  EXPECT_EQ(pool.find(bytes, hash), made);
  EXPECT_EQ(pool.find(bytes, hash ^ 0x80000001), attribute_ref::none);
  EXPECT_EQ(pool.find(bytes_of(50, 2), hash), attribute_ref::none);
  pool.release(made, 2);
  EXPECT_EQ(pool.stats().sets, 0U);
}

TEST(AttributePool, HoldsSetsOfEverySizeUpTo65535Bytes) {
  attribute_pool pool;
  std::vector<attribute_ref> sets;
  const std::vector<std::size_t> sizes{0,    1,    7,     8,     472,  473,
                                       3999, 4000, 16384, 65534, 65535};
  for (const auto size : sizes)
    sets.push_back(pool.intern(bytes_of(size, 7), {}));
  for (std::size_t i = 0; i != sizes.size(); ++i)
    EXPECT_TRUE(
        std::ranges::equal(pool[sets[i]].bytes(), bytes_of(sizes[i], 7)));
  EXPECT_THROW(pool.intern(bytes_of(65536, 7), {}), check_failure);
  for (const auto set : sets)
    pool.release(set);
  EXPECT_EQ(pool.stats().sets, 0U);
}

TEST(AttributePool, UsesFreedBlocksAgain) {
  attribute_pool pool;
  auto churn = [&](unsigned first) {
    std::vector<attribute_ref> sets;
    for (unsigned i = 0; i != 5000; ++i)
      sets.push_back(pool.intern(bytes_of(60 + i % 7, first + i), {}));
    for (const auto set : sets)
      pool.release(set);
  };
  churn(0);
  const auto taken = pool.stats().bytes;
  for (unsigned round = 1; round != 20; ++round)
    churn(round * 5000);
  // Hashes spread a little differently over the shards each time.
  EXPECT_LT(pool.stats().bytes, taken * 5 / 4);
}

TEST(AttributePool, CostsNoMoreThanItsHeaderAndIndexBesidesTheBytes) {
  attribute_pool pool;
  constexpr unsigned count = 100000;
  for (unsigned i = 0; i != count; ++i)
    pool.intern(bytes_of(48, i), {});
  // 48 bytes, a header of 40, an index of 5.7 to 11.4, slabs half cut.
  EXPECT_LT(pool.stats().bytes, count * 105U);
}

TEST(AttributePool, HashesBytesAlikeWhateverTheSeed) {
  attribute_pool one(1);
  attribute_pool two(2);
  const auto bytes = bytes_of(40, 3);
  EXPECT_EQ(one[one.intern(bytes, {})].hash(),
            two[two.intern(bytes, {})].hash());
}

TEST(AttributePool, RefusesAReferenceThatIsGivenBackTwice) {
  attribute_pool pool;
  const auto set = pool.intern(bytes_of(40, 3), {});
  EXPECT_THROW(pool.release(set, 2), check_failure);
}

TEST(AttributePool, CountsReferencesAsAMapDoes) {
  EXPECT_TRUE(rc::check("pool equals model", [] {
    attribute_pool pool(*rc::gen::inRange<std::uint64_t>(0, 2));
    std::map<unsigned, std::pair<attribute_ref, unsigned>> model;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::inRange(0, 40)));
    for (const auto& [what, which] : steps) {
      const auto salt = static_cast<unsigned>(which);
      const auto bytes = bytes_of(salt * 3, salt);
      auto known = model.find(salt);
      if (what == 0) {
        const auto set = pool.intern(bytes, summary_of(salt));
        if (known != model.end())
          RC_ASSERT(known->second.first == set);
        model.try_emplace(salt, set, 0U).first->second.second += 1;
      } else if (what == 1) {
        const auto set = pool.find(bytes);
        RC_ASSERT((set != attribute_ref::none) == (known != model.end()));
        if (known != model.end())
          known->second.second += 1;
      } else if (known != model.end()) {
        const auto count = what == 2 ? 1U : known->second.second;
        pool.release(known->second.first, count);
        if ((known->second.second -= count) == 0)
          model.erase(known);
      }
      RC_ASSERT(pool.stats().sets == model.size());
    }
    for (const auto& [salt, held] : model) {
      RC_ASSERT(pool.references(held.first) == held.second);
      RC_ASSERT(pool[held.first].summary() == summary_of(salt));
      RC_ASSERT(std::ranges::equal(pool[held.first].bytes(),
                                   bytes_of(salt * 3, salt)));
    }
  }));
}

// Under TSan this is the proof that the pool is safe to share.
TEST(AttributePool, MayBeUsedByManyThreadsAtOnce) {
  attribute_pool pool;
  std::vector<std::thread> threads;
  std::vector<unsigned> wrong(4);
  for (unsigned self = 0; self != 4; ++self)
    threads.emplace_back([&pool, &wrong, self] {
      std::mt19937 generator(self);
      auto random = [&] { return static_cast<unsigned>(generator()); };
      std::vector<std::pair<unsigned, attribute_ref>> held;
      for (unsigned i = 0; i != 20000; ++i) {
        // Few sets that all share, and some of each thread's own.
        const auto salt = random() % 2 == 0 ? random() % 8
                                            : 100 + self * 1000 + random() % 99;
        const auto bytes = bytes_of(24 + salt % 40, salt);
        auto set = pool.find(bytes);
        if (set == attribute_ref::none)
          set = pool.intern(bytes, summary_of(salt));
        pool.retain(set, 2);
        pool.release(set, 2);
        held.emplace_back(salt, set);
        while (held.size() > random() % 16) {
          const auto [old, which] = held.back();
          held.pop_back();
          wrong[self] += pool[which].summary().med != old;
          wrong[self] += pool[which].bytes().size() != 24 + old % 40;
          pool.release(which);
        }
      }
      for (const auto& [salt, set] : held)
        pool.release(set);
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(wrong, std::vector<unsigned>(4));
  EXPECT_EQ(pool.stats().sets, 0U);
}

} // namespace
} // namespace troupe::rib
