// What the hot path of the RIB costs: a full table from one to four peers, its
// churn, and the loss of the best peer, in CPU time and bytes per route.
//
//   rib_bench [PREFIXES]

#include "rib/shard_table.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::rib;

constexpr std::uint32_t keys_per_batch = 2000;
constexpr std::uint32_t keys_per_set = 4; // as in a real full table

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec)
         + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <class Key>
Key make_key(std::uint32_t n);
template <>
ipv4_key make_key(std::uint32_t n) {
  return {(n + 256) << 8, 24};
}
template <>
ipv6_key make_key(std::uint32_t n) {
  ipv6_key key;
  key.address = {0x20, 1};
  for (unsigned i = 0; i != 4; ++i)
    key.address[2 + i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
  key.length = 48;
  return key;
}

template <class Key>
family_routes<Key>& routes_of(route_batch& batch) {
  if constexpr (std::is_same_v<Key, ipv4_key>)
    return batch.ipv4;
  else
    return batch.ipv6;
}

template <class Key>
const family_changes<Key>& changes_of(const change_batch& batch) {
  if constexpr (std::is_same_v<Key, ipv4_key>)
    return batch.ipv4;
  else
    return batch.ipv6;
}

/// A router with one exporter that reads every change.
template <class Key>
class bench_router {
public:
  explicit bench_router(std::uint32_t prefixes) : prefixes_(prefixes) {
    for (std::uint32_t n = 0; n != prefixes; ++n)
      order_.push_back(n);
    std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
    exporter_ = table_.add_exporter(false);
  }

  void up(std::uint16_t n, std::uint32_t med) {
    neighbor_facts facts;
    facts.index = neighbor_index{n};
    facts.name = "peer" + std::to_string(n);
    facts.address = protocol::ip_address::v4(0x0a000000U + n);
    facts.identifier = {n};
    facts.as = 64500U + n;
    table_.neighbor_up(facts);
    med_ = med;
  }

  /// Applies the first `count` prefixes as a peer tells them. Each batch is
  /// made just before it is applied, as by a connection, with the clock off.
  void measure(const char* what, std::uint16_t peer, std::uint32_t count,
               std::uint32_t salt) {
    double spent = 0;
    double longest = 0;
    for (std::uint32_t first = 0; first < count; first += keys_per_batch) {
      const auto last = std::min(count, first + keys_per_batch);
      auto batch = make_batch(peer, first, last, salt);
      const auto begin = cpu_seconds();
      table_.apply(*batch, 1);
      batch.reset();
      const auto applied = cpu_seconds();
      longest = std::max(longest, applied - begin);
      if (table_.pending_changes() >= 8192 || last == count)
        export_all();
      spent += cpu_seconds() - begin;
    }
    report(what, count, spent, longest);
  }

  /// What adopting the table takes a new actor of its shard.
  void measure_check() {
    const auto before = cpu_seconds();
    if (!table_.check().empty())
      std::abort();
    const auto took = cpu_seconds() - before;
    report("check of all", prefixes_, took, took);
  }
  void measure_loss(std::uint16_t peer) {
    const auto begin = cpu_seconds();
    double longest = 0;
    table_.neighbor_down(neighbor_index{peer});
    for (bool more = true; more;) {
      const auto before = cpu_seconds();
      more = table_.work(4096);
      longest = std::max(longest, cpu_seconds() - before);
      if (table_.pending_changes() >= 8192)
        export_all();
    }
    export_all();
    report("lose a peer", prefixes_, cpu_seconds() - begin, longest);
  }

private:
  std::unique_ptr<route_batch> make_batch(std::uint16_t peer,
                                          std::uint32_t first,
                                          std::uint32_t last,
                                          std::uint32_t salt) {
    auto batch = std::make_unique<route_batch>(pool_);
    batch->neighbor = neighbor_index{peer};
    batch->sequence = ++sequence_;
    auto& routes = routes_of<Key>(*batch);
    for (auto i = first; i != last; ++i) {
      if (i % keys_per_set == 0)
        routes.runs.push_back({make_set(peer, i / keys_per_set, salt), 0, 0});
      ++routes.runs.back().count;
      routes.keys.push_back(make_key<Key>(order_[i]));
    }
    return batch;
  }
  attribute_ref make_set(std::uint16_t peer, std::uint32_t n,
                         std::uint32_t salt) {
    attribute_summary summary;
    summary.as_path_length = 4;
    summary.neighbor_as = 64500U + peer;
    summary.med = med_;
    std::vector<std::uint8_t> bytes(45);
    for (unsigned i = 0; i != 4; ++i) {
      bytes[i] = static_cast<std::uint8_t>(n >> 8 * i);
      bytes[4 + i] = static_cast<std::uint8_t>((salt + peer) >> 8 * i);
    }
    return pool_.intern(bytes, summary);
  }
  void export_all() {
    for (auto deliveries = table_.collect(); !deliveries.empty();
         deliveries = table_.collect())
      for (const auto& d : deliveries) {
        for (const auto& state : changes_of<Key>(*d.batch).changes)
          seen_ += state.number;
        told_ += changes_of<Key>(*d.batch).changes.size();
        table_.acknowledge(exporter_, d.batch->sequence, d.batch->sequence);
      }
  }
  void report(const char* what, std::uint32_t routes, double seconds,
              double longest) {
    const auto totals = table_.totals(Key::family);
    const auto paths =
        static_cast<double>(std::max<std::uint64_t>(totals.paths, 1));
    const auto stats = table_.statistics();
    std::printf("%-22s %7.1f ns/route %8.3f ms longest  %5.1f B/path table "
                "%5.1f B/path pool  %lu told %lu eliminations\n",
                what, seconds * 1e9 / routes, longest * 1e3,
                static_cast<double>(table_.memory()) / paths,
                static_cast<double>(pool_.stats().bytes) / paths,
                static_cast<unsigned long>(told_),
                static_cast<unsigned long>(stats.eliminations));
    told_ = 0;
  }

  attribute_pool pool_;
  shard_table table_{pool_};
  exporter_index exporter_{};
  std::uint32_t prefixes_;
  std::vector<std::uint32_t> order_;
  std::uint64_t sequence_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t told_ = 0;
  std::uint32_t med_ = 0;
};

template <class Key>
void run(const char* family, std::uint32_t prefixes) {
  std::printf("%s, %u prefixes\n", family, prefixes);
  bench_router<Key> router(prefixes);
  router.up(4, 0);
  router.measure("first peer", 4, prefixes, 0);
  router.measure("the same again", 4, prefixes, 0);
  router.measure("churn", 4, prefixes / 10, 1000);
  const char* const peers[] = {"fourth peer", "third peer", "second peer"};
  for (std::uint16_t peer = 3; peer != 0; --peer) {
    router.up(peer, 0);
    router.measure(peers[peer - 1], peer, prefixes, 0);
  }
  router.measure("replace the best", 1, prefixes, 2000);
  router.measure("replace the third", 3, prefixes, 3000);
  router.measure_check();
  router.measure_loss(1);
  router.measure_loss(2);
  router.measure_loss(3);
  router.measure_loss(4);
}

} // namespace

int main(int argc, char** argv) {
  const auto prefixes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000000;
  run<ipv4_key>("ipv4", static_cast<std::uint32_t>(prefixes));
  run<ipv6_key>("ipv6", static_cast<std::uint32_t>(prefixes / 5));
}
