// What a route costs on its way out: 1M routes, four to an attribute set, told
// to one member, to fifty, and to a hundred that are the sources themselves.

#include "rib/export_group.hpp"
#include "rib/import.hpp"

#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::rib;

constexpr std::uint32_t routes = 1'000'000;
constexpr std::uint32_t per_batch = 8192;

/// Attribute sets like those of a full table: a path of about four ASes,
/// communities on half of them.
std::vector<attribute_ref> make_sets(attribute_pool& pool, std::uint32_t n) {
  std::vector<attribute_ref> sets;
  std::mt19937 random{1};
  for (std::uint32_t i = 0; i < n; ++i) {
    protocol::wire::path_attributes a;
    std::vector<protocol::as_number> path{3000000};
    for (std::uint32_t j = 0; j < 2 + random() % 4; ++j)
      path.push_back(static_cast<protocol::as_number>(1 + random() % 400000));
    a.as_path = protocol::wire::as_path{path};
    a.next_hop = protocol::ip_address::v4(0x0a000001);
    if (i % 2 == 0)
      for (std::uint32_t j = 0; j < 3; ++j)
        a.communities.push_back({static_cast<std::uint32_t>(random())});
    std::vector<std::uint8_t> bytes;
    if (protocol::wire::encode_attributes(a, {}, bytes))
      sets.push_back(pool.intern(bytes, summarize(a)));
  }
  return sets;
}

export_settings settings() {
  export_settings s;
  s.local_as = 65000;
  auto& family = s.families[protocol::ipv4_unicast];
  family.next_hop = protocol::ip_address::v4(0xc0000201);
  family.policy = policy_chain::accept_all();
  return s;
}

struct workload {
  attribute_pool pool;
  std::vector<attribute_ref> sets = make_sets(pool, 78000);
  /// The table, then the same with other sets.
  std::vector<std::vector<change_batch>> rounds;

  explicit workload(std::uint32_t sources) {
    for (std::uint32_t round = 0; round < 2; ++round) {
      auto& batches = rounds.emplace_back();
      std::mt19937 random{round};
      for (std::uint32_t i = 0; i < routes; ++i) {
        if (i % per_batch == 0)
          batches.emplace_back();
        static attribute_ref set{};
        if (i % 4 == 0)
          set = sets[random() % sets.size()];
        change<ipv4_key> c;
        c.key = {0x01000000U + i * 256, 24};
        c.number = i;
        c.attributes = set;
        c.source = static_cast<neighbor_index>(1000 + i / 4 % sources);
        batches.back().ipv4.changes.push_back(c);
      }
    }
  }
  ~workload() {
    for (const auto set : sets)
      pool.release(set);
  }
};

void drain(export_group& group) {
  for (const auto m : group.ready()) {
    std::size_t bytes = 0;
    for (const auto& slice : group.take_output(m, 1 << 20))
      bytes += slice.size;
    group.written(m, bytes);
  }
}

/// range(0): members; range(1): sources, which are members if there are fewer.
void export_routes(benchmark::State& state) {
  const auto members = static_cast<std::uint32_t>(state.range(0));
  const auto sources = static_cast<std::uint32_t>(state.range(1));
  workload work{sources};
  std::uint64_t told = 0;
  double packing = 0;
  for (auto _ : state) {
    export_group group{work.pool, settings(), 1};
    for (std::uint32_t i = 0; i < members; ++i) {
      member_options member;
      member.neighbor =
          static_cast<neighbor_index>((sources > 1 ? 1000 : 1) + i);
      member.families = {protocol::ipv4_unicast};
      group.join(member);
    }
    for (const auto& round : work.rounds)
      for (const auto& batch : round) {
        group.apply(0, batch);
        group.flush();
        drain(group);
        told += batch.ipv4.changes.size();
      }
    const auto s = group.statistics();
    packing = static_cast<double>(s.encodings) / static_cast<double>(s.updates);
  }
  state.counters["packing"] = packing;
  state.counters["per_route"] = benchmark::Counter(
      static_cast<double>(told),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(export_routes)
    ->Args({1, 1})
    ->Args({50, 1})
    ->Args({100, 100})
    ->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
