// The way of a route, one step after the other in one thread, so that
// instructions and allocations of each step can be counted:
//
//   route_cost     prints what each step did, as JSON
//
// The steps are functions of their own, for `callgrind --toggle-collect`.

#include "protocol/wire/path_attributes.hpp"
#include "rib/export_group.hpp"
#include "rib/import.hpp"
#include "rib/shard_table.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <vector>

namespace {

std::uint64_t allocations = 0;

} // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace cost {

using namespace troupe;
using bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t routes = 40'000;
constexpr std::uint32_t per_update = 4; // as in a real full table
constexpr std::uint32_t sets = routes / 13;
constexpr std::uint32_t members = 50;
constexpr std::size_t buffer_size = 64UL * 1024; // octets that are read at once

void put16(bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

/// One of the attribute sets.
bytes attributes_of(std::uint32_t number) {
  protocol::wire::path_attributes a;
  const protocol::as_number path[] = {65001, 3356, 100'000 + number};
  a.as_path =
      protocol::wire::as_path{std::span<const protocol::as_number>{path}};
  a.next_hop = *protocol::ip_address::parse("192.0.2.1");
  if (number % 2 == 0)
    a.communities = {{65001U << 16 | 1}, {3356U << 16 | number % 100}};
  bytes out;
  if (!protocol::wire::encode_attributes(a, {true, true}, out))
    std::abort();
  return out;
}

/// Bodies of UPDATEs with all routes, in an order that looks like chance.
std::vector<bytes> make_updates() {
  std::vector<std::uint32_t> order(routes / per_update);
  for (std::uint32_t i = 0; i != order.size(); ++i)
    order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937{1});
  std::vector<bytes> updates;
  for (const auto n : order) {
    const auto attributes = attributes_of(n % sets);
    auto& body = updates.emplace_back();
    put16(body, 0);
    put16(body, attributes.size());
    body.insert(body.end(), attributes.begin(), attributes.end());
    for (auto i = n * per_update; i != (n + 1) * per_update; ++i) {
      body.push_back(24);
      body.push_back(static_cast<std::uint8_t>(20 + (i >> 16)));
      put16(body, i & 0xffff);
    }
  }
  return updates;
}

rib::neighbor_facts source() {
  rib::neighbor_facts facts;
  facts.index = rib::neighbor_index{1};
  facts.name = "source";
  facts.as = 65001;
  return facts;
}

rib::import_settings import_settings() {
  rib::import_settings s;
  s.local_as = 65000;
  s.local_id = {1};
  s.local_address = *protocol::ip_address::parse("192.0.2.9");
  s.neighbor = source();
  s.families[protocol::ipv4_unicast].policy = rib::policy_chain::accept_all();
  return s;
}

rib::export_settings export_settings() {
  rib::export_settings s;
  s.local_as = 65000;
  auto& family = s.families[protocol::ipv4_unicast];
  family.next_hop = protocol::ip_address::v4(0xc0000201);
  family.policy = rib::policy_chain::accept_all();
  return s;
}

struct router {
  rib::attribute_pool pool;
  rib::importer importer{pool, import_settings()};
  rib::shard_table table{pool};
  rib::export_group group{pool, export_settings(), 1};
  rib::exporter_index exporter{};
  std::vector<std::shared_ptr<rib::route_batch>> batches;
  std::vector<std::shared_ptr<const rib::change_batch>> changes;
  std::uint64_t written = 0;
};

[[gnu::noinline]] void import_step(router& r,
                                   const std::vector<bytes>& updates) {
  std::size_t taken = 0;
  const auto deliver = [&] {
    for (auto& batch : r.importer.take(taken))
      r.batches.push_back(std::move(batch.batch));
    taken = 0;
  };
  for (const auto& body : updates) {
    if (r.importer.update(body))
      std::abort();
    taken += body.size();
    if (taken >= buffer_size)
      deliver();
  }
  deliver();
}

[[gnu::noinline]] void collect(router& r) {
  for (auto found = r.table.collect(); !found.empty();
       found = r.table.collect())
    for (const auto& each : found) {
      r.changes.push_back(each.batch);
      r.table.acknowledge(r.exporter, each.batch->sequence,
                          each.batch->sequence);
    }
}

[[gnu::noinline]] void apply_step(router& r) {
  for (auto& batch : r.batches) {
    r.table.apply(*batch, 1);
    batch.reset();
    collect(r);
  }
  r.batches.clear();
}

[[gnu::noinline]] void lose_step(router& r) {
  r.table.neighbor_down(rib::neighbor_index{1});
  while (r.table.work(4096))
    collect(r);
  collect(r);
}

[[gnu::noinline]] void export_step(router& r) {
  for (const auto& batch : r.changes) {
    r.group.apply(0, *batch);
    r.group.flush();
    for (const auto m : r.group.ready()) {
      std::size_t octets = 0;
      for (const auto& slice : r.group.take_output(m, 1 << 20))
        octets += slice.size;
      r.written += octets;
      r.group.written(m, octets);
    }
  }
  r.changes.clear();
}

template <class Step>
void measure(const char* name, router& r, Step step) {
  const auto before = allocations;
  const auto encoded = r.group.statistics();
  step();
  const auto now = r.group.statistics();
  std::printf("%s\"%s\": {\"allocations\": %lu, \"encodings\": %lu, "
              "\"updates\": %lu, \"batches\": %zu}",
              name[0] == 'i' ? "" : ",\n ", name, allocations - before,
              now.encodings - encoded.encodings, now.updates - encoded.updates,
              r.batches.size() + r.changes.size());
}

} // namespace cost

int main() {
  using namespace cost;
  const auto updates = make_updates();
  router r;
  r.table.neighbor_up(source());
  r.exporter = r.table.add_exporter(false);
  for (std::uint32_t i = 0; i != members; ++i) {
    rib::member_options member;
    member.neighbor = static_cast<rib::neighbor_index>(100 + i);
    member.families = {protocol::ipv4_unicast};
    r.group.join(member);
  }
  std::printf("{\"routes\": %u,\n ", routes);
  measure("import", r, [&] { import_step(r, updates); });
  measure("apply", r, [&] { apply_step(r); });
  measure("export", r, [&] { export_step(r); });
  measure("lose", r, [&] { lose_step(r); });
  measure("withdraw", r, [&] { export_step(r); });
  std::printf("}\n");
}
