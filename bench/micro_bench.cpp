// What single steps of a route's way cost: encoding an attribute set, interning
// it, inserting a route, choosing among candidates, packing. Decoding is in
// decode_bench, whole ways are in rib_bench and export_bench.

#include "protocol/wire/packer.hpp"
#include "protocol/wire/path_attributes.hpp"
#include "rib/decision.hpp"
#include "rib/import.hpp"
#include "rib/shard_table.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::rib;
using bytes = std::vector<std::uint8_t>;

/// That of a typical route of a full table; another `number`, another set.
protocol::wire::path_attributes attributes(std::uint32_t number) {
  protocol::wire::path_attributes a;
  const protocol::as_number path[] = {65001, 3356, 1299, 4200000000U, number};
  a.as_path =
      protocol::wire::as_path{std::span<const protocol::as_number>{path}};
  a.next_hop = protocol::ip_address::v4(0xc0000201);
  a.med = 10;
  a.communities = {{65001U << 16 | 1}, {65001U << 16 | 2}, {3356U << 16 | 3}};
  return a;
}

bytes canonical(std::uint32_t number) {
  bytes out;
  if (!protocol::wire::encode_attributes(attributes(number), {}, out))
    std::abort();
  return out;
}

void encode(benchmark::State& state) {
  const auto set = attributes(64500);
  bytes out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(protocol::wire::encode_attributes(set, {}, out));
  }
}

/// The messages of so many prefixes with one set; for each prefix.
void pack(benchmark::State& state) {
  const auto set = canonical(64500);
  std::vector<protocol::wire::nlri> prefixes(
      static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    prefixes[i].address = {20, static_cast<std::uint8_t>(i >> 8),
                           static_cast<std::uint8_t>(i)};
    prefixes[i].length = 24;
  }
  bytes out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(
        protocol::wire::pack_announcements({}, set, prefixes, out));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// A set that is there already.
void find(benchmark::State& state) {
  attribute_pool pool;
  std::vector<bytes> sets;
  std::vector<attribute_handle> held;
  for (std::uint32_t i = 0; i < state.range(0); ++i) {
    sets.push_back(canonical(100'000 + i));
    held.emplace_back(pool, pool.intern(sets.back(), summarize(attributes(i))));
  }
  std::size_t at = 0;
  for (auto _ : state) {
    const auto found = pool.find(sets[at]);
    pool.release(found);
    at = at + 1 == sets.size() ? 0 : at + 1;
  }
}

/// A set that is not, and is gone again.
void intern(benchmark::State& state) {
  attribute_pool pool;
  const auto set = canonical(64500);
  const auto summary = summarize(attributes(64500));
  for (auto _ : state)
    pool.release(pool.intern(set, summary));
}

constexpr std::uint32_t routes_per_batch = 2000;

/// New prefixes, in batches of shuffled /24s with four prefixes to a set, into
/// a table that grows to so many; for each route.
void insert(benchmark::State& state) {
  const auto prefixes = static_cast<std::uint32_t>(state.range(0));
  std::vector<std::uint32_t> order(prefixes);
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), std::mt19937{1});
  attribute_pool pool;
  std::vector<attribute_handle> sets;
  for (std::uint32_t i = 0; i < prefixes / 4; ++i)
    sets.emplace_back(
        pool, pool.intern(canonical(100'000 + i), summarize(attributes(i))));
  std::unique_ptr<shard_table> table;
  std::uint32_t at = prefixes;
  for (auto _ : state) {
    if (at >= prefixes) {
      table = std::make_unique<shard_table>(pool);
      neighbor_facts source;
      source.index = neighbor_index{1};
      source.name = "peer";
      table->neighbor_up(source);
      at = 0;
    }
    auto batch = std::make_unique<route_batch>(pool);
    batch->neighbor = neighbor_index{1};
    for (std::uint32_t i = 0; i < routes_per_batch; ++i, ++at) {
      if (i % 4 == 0) {
        const auto set = sets[at / 4].get();
        pool.retain(set);
        batch->ipv4.runs.push_back({set, 4, 0});
      }
      batch->ipv4.keys.push_back({(order[at] + 256) << 8, 24});
    }
    const auto begin = std::chrono::steady_clock::now();
    table->apply(*batch, 1);
    batch.reset();
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  state.SetItemsProcessed(state.iterations() * routes_per_batch);
}

/// Among candidates that differ in the router id alone.
void decide(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<neighbor_facts> sources(count);
  std::vector<path> paths(count);
  const auto summary = summarize(attributes(64500));
  std::vector<decision_input> candidates(count);
  for (std::size_t i = 0; i < count; ++i) {
    sources[i].index = paths[i].neighbor =
        neighbor_index{static_cast<std::uint16_t>(i + 1)};
    sources[i].identifier = {static_cast<std::uint32_t>(count - i)};
    sources[i].as = 64500U;
    candidates[i] = {&paths[i], &summary, &sources[i]};
  }
  std::shuffle(candidates.begin(), candidates.end(), std::mt19937{1});
  for (auto _ : state)
    benchmark::DoNotOptimize(choose(candidates));
}

BENCHMARK(encode);
BENCHMARK(pack)->Arg(1)->Arg(10)->Arg(900);
BENCHMARK(find)->Arg(1)->Arg(100'000);
BENCHMARK(intern);
BENCHMARK(insert)->Arg(100'000)->Arg(1'000'000)->UseManualTime();
BENCHMARK(decide)->Arg(1)->Arg(2)->Arg(8)->Arg(64);

} // namespace

BENCHMARK_MAIN();
