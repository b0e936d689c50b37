#include "rib/shard_table.hpp"
#include "tests/rib/allocations.hpp"
#include "tests/rib/table_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

// What the hot path may cost, by counting and not by timing.

namespace troupe::rib {
namespace {

#ifdef TROUPE_SANITIZED
constexpr std::uint32_t table_size = 200000;
#else
constexpr std::uint32_t table_size = 1000000;
#endif

class ShardTableCost : public table_fixture {
protected:
  ShardTableCost() {
    for (std::uint32_t n = 0; n != table_size; ++n)
      order_.push_back(n);
    std::shuffle(order_.begin(), order_.end(), std::mt19937(7));
  }

  /// A full table of one neighbour in batches of 2,000, four prefixes a set.
  void load(std::uint16_t n, std::uint32_t salt) {
    std::uint32_t done = 0;
    while (done != table_size) {
      route_batch batch(pool);
      batch.neighbor = neighbor_index{n};
      for (; done != table_size && batch.ipv4.keys.size() != 2000; ++done) {
        if (done % 4 == 0) {
          const attribute_summary summary{.med = done, .neighbor_as = salt};
          batch.ipv4.runs.push_back(
              {pool.intern(bytes_for(summary), summary), 0, 0});
        }
        ++batch.ipv4.runs.back().count;
        batch.ipv4.keys.push_back(key(order_[done]));
      }
      const auto before = allocations();
      table.apply(batch, 0);
      deliveries_ += exported();
      allocations_ += allocations() - before;
    }
  }
  std::size_t exported() {
    std::size_t count = 0;
    for (auto some = table.collect(); !some.empty(); some = table.collect())
      for (const auto& d : some) {
        table.acknowledge(d.to, d.batch->sequence, d.batch->sequence);
        ++count;
      }
    return count;
  }

  std::vector<std::uint32_t> order_;
  std::size_t allocations_ = 0;
  std::size_t deliveries_ = 0;
};

TEST_F(ShardTableCost, AFullTableTakesFewBytesAndAllocationsPerRoute) {
  table.add_exporter(false);
  up(1);
  load(1, 1);
  EXPECT_EQ(table.totals(protocol::ipv4_unicast).prefixes, table_size);
  EXPECT_LE(table.memory(), table_size * 40U);
  // A batch, its vectors and references; a chunk per 2,048 prefixes; 256
  // sub-tables that double: nothing per route.
  EXPECT_LE(allocations_, deliveries_ * 20 + table_size / 2048 + 256U * 16);
  EXPECT_LT(allocations_, table_size / 20);
  // No pause: a sub-table at a time, and each prefix about once.
  EXPECT_LE(table.statistics().moved_at_once, table_size / 100);
  EXPECT_LE(table.statistics().moved, table_size * 2U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTableCost, FurtherPathsTake24BytesOrLess) {
  for (std::uint16_t n = 1; n <= 4; ++n) {
    up(n);
    load(n, n);
  }
  EXPECT_EQ(table.totals(protocol::ipv4_unicast).paths, table_size * 4U);
  EXPECT_LE(table.memory(), table_size * 4U * 26U);
  // Paths that tie up to MED come from different neighbour ASes.
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTableCost, LosingAPeerLooksAtEachPrefixOnce) {
  up(1);
  up(2);
  load(1, 1);
  load(2, 2);
  table.neighbor_down(neighbor_index{1});
  table.neighbor_down(neighbor_index{2});
  std::uint32_t slices = 1;
  while (table.work(1000))
    ++slices;
  EXPECT_LE(slices, table_size / 1000 + 1);
  EXPECT_EQ(table.purged().size(), 2U);
  EXPECT_EQ(table.check(), "");
}

TEST_F(ShardTableCost, APrefixThatIsToldAgainAndAgainIsDecidedOncePerBatch) {
  for (std::uint16_t n = 1; n <= 3; ++n) {
    up(n);
    announce(n, {key(1)}, {.med = n, .neighbor_as = 1});
  }
  const auto before = table.statistics().eliminations;
  route_batch batch(pool);
  batch.neighbor = neighbor_index{1};
  for (std::uint32_t i = 0; i != 5000; ++i) {
    const attribute_summary summary{.med = 5 + i % 2, .neighbor_as = 1};
    batch.ipv4.runs.push_back({pool.intern(bytes_for(summary), summary), 1, 0});
    batch.ipv4.keys.push_back(key(1));
  }
  table.apply(batch, 0);
  EXPECT_EQ(table.statistics().eliminations, before + 1);
  EXPECT_EQ(best_of(key(1)), 2U);
}

// The table on one thread, the end of batches on another, as with exporters.
TEST_F(ShardTableCost, BatchesMayEndOnAnotherThread) {
  table.add_exporter(false);
  up(1);
  std::vector<std::thread> readers;
  std::atomic<std::uint64_t> seen = 0;
  for (std::uint32_t round = 0; round != 200; ++round) {
    announce(1, {key(round % 7), key(round % 3)}, {.med = round});
    for (const auto& d : table.collect()) {
      table.acknowledge(d.to, d.batch->sequence, d.batch->sequence);
      readers.emplace_back([this, &seen, batch = d.batch]() mutable {
        for (const auto& state : batch->ipv4.changes)
          seen += pool[state.attributes].bytes()[0];
        batch.reset();
      });
    }
  }
  for (auto& reader : readers)
    reader.join();
  table.work(1);
  EXPECT_EQ(table.check(), "");
  EXPECT_LE(pool.stats().sets, 7U);
}

} // namespace
} // namespace troupe::rib
