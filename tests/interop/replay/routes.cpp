#include "tests/interop/replay/routes.hpp"

#include "protocol/mrt/reader.hpp"
#include "protocol/wire/packer.hpp"
#include "protocol/wire/update.hpp"
#include "tests/support/read_file.hpp"

#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <unordered_map>

namespace troupe::replay {
namespace {

namespace wire = protocol::wire;
namespace mrt = protocol::mrt;
using protocol::ip_address;
using protocol::prefix;

/// The canonical form; a set too large for it is none that a test plays.
std::vector<std::uint8_t> encode(const wire::path_attributes& attributes) {
  std::vector<std::uint8_t> out;
  if (!wire::encode_attributes(attributes, {}, out))
    throw std::runtime_error{"an attribute set does not fit into a message"};
  return out;
}

/// Collects routes and puts those with equal attributes together.
class collector {
public:
  collector(protocol::family family, const rewriting& how) : how_{how} {
    routes_.family = family;
  }

  void add(wire::path_attributes attributes, const prefix& destination) {
    if (!seen_.insert(destination).second) {
      ++routes_.repeated;
      return;
    }
    rewrite(attributes);
    const auto key = encode(attributes);
    const auto [found, added] = groups_.try_emplace(key, routes_.groups.size());
    if (added)
      routes_.groups.push_back({std::move(attributes), {}});
    routes_.groups[found->second].prefixes.push_back(
        wire::to_nlri(destination));
    ++routes_.prefixes;
  }
  /// A route whose attributes cannot be read.
  void reject() { ++routes_.unreadable; }

  bool has(const prefix& destination) const {
    return seen_.contains(destination);
  }
  route_set take() { return std::move(routes_); }

private:
  void rewrite(wire::path_attributes& attributes) const {
    attributes.as_path.prepend(how_.own_as);
    attributes.next_hop = how_.next_hop;
    attributes.link_local_next_hop.reset();
    // RFC 4271 §5.1.5, RFC 4456 §8: these stay within an AS.
    attributes.local_pref.reset();
    attributes.originator_id.reset();
    attributes.cluster_list.clear();
  }

  rewriting how_;
  route_set routes_;
  std::set<prefix> seen_;
  std::map<std::vector<std::uint8_t>, std::size_t> groups_;
};

void add_dumped(collector& out, const prefix& destination, wire::byte_span raw,
                bool as4) {
  if (out.has(destination)) {
    out.add({}, destination); // counts it as repeated
    return;
  }
  const wire::decode_context context{.as4 = as4, .classic_nlri = true};
  auto result = wire::decode_attributes(raw, context);
  if (result.action > protocol::verdict::attribute_discard)
    out.reject();
  else
    out.add(std::move(result.attributes), destination);
}

/// A draw that is the same on every machine, unlike the distributions of the
/// standard library.
class draw {
public:
  /// 0 to `bound` - 1.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(engine_() % bound);
  }
  bool percent(std::uint32_t share) { return below(100) < share; }

private:
  std::mt19937 engine_{1};
};

wire::as_path made_up_path(draw& d) {
  std::vector<wire::as_segment> segments(1);
  const auto hops = 1 + d.below(6);
  for (std::uint32_t i = 0; i < hops; ++i)
    segments[0].numbers.push_back(d.percent(30) ? 4200001000U + d.below(500)
                                                : 1000U + d.below(500));
  if (d.percent(5))
    segments.push_back({wire::segment_type::as_set, {64500, 64501, 64510}});
  return wire::as_path{segments};
}

wire::path_attributes made_up_attributes(draw& d) {
  wire::path_attributes out;
  out.origin = static_cast<wire::origin_type>(d.below(3));
  out.as_path = made_up_path(d);
  if (d.percent(30))
    out.med = d.below(1000);
  if (d.percent(10)) {
    out.aggregator = wire::aggregator{d.percent(50) ? 4200001000U : 64500U,
                                      {0x0a010000U + d.below(256)}};
    out.atomic_aggregate = d.percent(50);
  }
  for (auto n = d.below(5); n > 0; --n)
    out.communities.push_back({(64000U + n) << 16 | d.below(1000)});
  if (d.percent(20))
    for (auto n = 1 + d.below(3); n > 0; --n)
      out.large_communities.push_back({4200001000U + n, d.below(9), n});
  if (d.percent(10)) // a route target (RFC 4360 §4)
    out.extended_communities.push_back(
        {0x0002ULL << 48 | 64500ULL << 32 | d.below(1000)});
  return out;
}

prefix made_up_prefix(protocol::family family, std::uint32_t index) {
  if (family == protocol::ipv4_unicast)
    return {ip_address::v4((16U << 24) + (index << 8)), 24};
  // 3fff::/20 holds 2^28 prefixes of 48 bits.
  std::array<std::uint8_t, 16> bytes{0x3f, 0xff};
  bytes[2] = static_cast<std::uint8_t>(index >> 24 & 0x0fU);
  bytes[3] = static_cast<std::uint8_t>(index >> 16);
  bytes[4] = static_cast<std::uint8_t>(index >> 8);
  bytes[5] = static_cast<std::uint8_t>(index);
  return {ip_address::v6(bytes), 48};
}

std::vector<std::uint8_t> pack(const route_set& routes, bool announce) {
  std::vector<std::uint8_t> out;
  const wire::packing_options options{.address_family = routes.family};
  for (const auto& group : routes.groups) {
    const auto attributes = encode(group.attributes);
    const auto result =
        announce
            ? wire::pack_announcements(options, attributes, group.prefixes, out)
            : wire::pack_withdrawals(options, group.prefixes, out);
    if (!result.too_large.empty())
      throw std::runtime_error{"a route does not fit into a message"};
  }
  return out;
}

} // namespace

route_set load_mrt(const std::filesystem::path& file, const rewriting& how) {
  const auto bytes = tests::read_file(file);
  if (!bytes)
    throw std::runtime_error{"cannot read " + file.string()};
  collector out{protocol::ipv4_unicast, how};
  mrt::reader reader{*bytes};
  mrt::record record;
  while (reader.next(record)) {
    if (const auto* old = std::get_if<mrt::table_dump>(&record.body)) {
      if (old->destination.address().is_v4())
        add_dumped(out, old->destination, old->attributes, false);
    } else if (const auto* rib = std::get_if<mrt::rib>(&record.body)) {
      if (rib->routes == protocol::ipv4_unicast)
        for (const auto& entry : rib->entries)
          add_dumped(out, rib->destination, entry.attributes, true);
    }
  }
  if (!reader.error().empty())
    throw std::runtime_error{file.string() + ": "
                             + std::string{reader.error()}};
  return out.take();
}

route_set generate(protocol::family family, std::size_t count,
                   const rewriting& how) {
  collector out{family, how};
  draw d;
  std::uint32_t index = 0;
  while (index < count) {
    const auto attributes = made_up_attributes(d);
    for (auto n = 1 + d.below(8); n > 0 && index < count; --n)
      out.add(attributes, made_up_prefix(family, index++));
  }
  return out.take();
}

std::vector<std::uint8_t> announcements(const route_set& routes) {
  auto out = pack(routes, true);
  wire::encode_end_of_rib(routes.family, out);
  return out;
}

std::vector<std::uint8_t> withdrawals(const route_set& routes) {
  return pack(routes, false);
}

} // namespace troupe::replay
