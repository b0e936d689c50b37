// What decoding an UPDATE costs, by the number of its prefixes, on the
// attribute set of a typical route of a full table: ORIGIN, an AS_PATH of five,
// NEXT_HOP, MED, three communities.

#include "protocol/wire/attributes.hpp"
#include "protocol/wire/negotiation.hpp"
#include "protocol/wire/nlri.hpp"
#include "protocol/wire/path_attributes.hpp"
#include "protocol/wire/update.hpp"
#include "rib/import.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::protocol;

using bytes = std::vector<std::uint8_t>;

void put16(bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

/// The body of an UPDATE with `prefixes` /24s; another `number` gives another
/// attribute set.
bytes update_body(unsigned prefixes, std::uint32_t number) {
  wire::path_attributes a;
  const as_number path[] = {65001, 3356, 1299, 4200000000U, number};
  a.as_path = wire::as_path{std::span<const as_number>{path}};
  a.next_hop = *ip_address::parse("192.0.2.1");
  a.med = 10;
  a.communities = {{65001U << 16 | 1}, {65001U << 16 | 2}, {3356U << 16 | 3}};
  bytes attributes;
  if (!wire::encode_attributes(a, {true, true}, attributes))
    std::abort();
  bytes body;
  put16(body, 0);
  put16(body, attributes.size());
  body.insert(body.end(), attributes.begin(), attributes.end());
  for (unsigned i = 0; i < prefixes; ++i) {
    body.push_back(24);
    body.push_back(static_cast<std::uint8_t>(20 + (i >> 16)));
    put16(body, i & 0xffff);
  }
  return body;
}

wire::negotiated session() {
  wire::negotiated s;
  s.as4 = true;
  s.peer_as = 65001;
  s.kind = peer_kind::external;
  s.families = {{ipv4_unicast, false, false}};
  return s;
}

rib::import_settings settings() {
  rib::import_settings s;
  s.local_as = 65000;
  s.local_id = {1};
  s.local_address = *ip_address::parse("192.0.2.9");
  s.neighbor.index = rib::neighbor_index{1};
  s.neighbor.as = 65001;
  s.families[ipv4_unicast].policy = rib::policy_chain::accept_all();
  return s;
}

/// Bytes to an UPDATE whose attributes and prefixes all have been looked at.
void decode(benchmark::State& state) {
  const auto body = update_body(static_cast<unsigned>(state.range(0)), 64500);
  const auto with = session();
  wire::update_view read;
  for (auto _ : state) {
    if (wire::read_update(body, with, read))
      state.SkipWithError("refused");
    wire::nlri_reader reader{read.sections.nlri, ipv4_unicast, false};
    wire::nlri each;
    unsigned seen = 0;
    while (reader.next(each))
      ++seen;
    benchmark::DoNotOptimize(seen);
  }
}

/// What a connection does: decoding, the rules of import, the policy, interning
/// and batches for the shards. `sets` attribute sets come in turn.
void import(benchmark::State& state) {
  const auto sets = static_cast<std::uint32_t>(state.range(1));
  std::vector<bytes> bodies;
  for (std::uint32_t i = 0; i < sets; ++i)
    bodies.push_back(
        update_body(static_cast<unsigned>(state.range(0)), 100'000 + i));
  rib::attribute_pool pool;
  rib::importer importer{pool, settings()};
  std::size_t at = 0;
  std::size_t taken = 0;
  for (auto _ : state) {
    const auto& body = bodies[at];
    if (importer.update(body))
      state.SkipWithError("refused");
    at = at + 1 == bodies.size() ? 0 : at + 1;
    taken += body.size();
    if (taken < 64UL * 1024) // a read buffer
      continue;
    benchmark::DoNotOptimize(importer.take(taken));
    taken = 0;
  }
}

BENCHMARK(decode)->Arg(1)->Arg(10)->Arg(100)->Arg(900);
BENCHMARK(import)
    ->Args({1, 1})
    ->Args({10, 1})
    ->Args({100, 1})
    ->Args({900, 1})
    ->Args({1, 100'000})
    ->Args({4, 100'000});

} // namespace

BENCHMARK_MAIN();
