#include "tests/rib/export_support.hpp"

#include "protocol/wire/route_refresh.hpp"
#include "protocol/wire/update.hpp"
#include "rib/import.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::rib::testing {

using namespace protocol;
using protocol::wire::path_attributes;

namespace {

rc::Gen<as_number> any_as() {
  return rc::gen::element<as_number>(1, 65000, 65535, 65536, 4200000001U);
}

using segment_types = std::vector<wire::segment_type>;

rc::Gen<std::vector<wire::as_segment>> any_segments(const segment_types& types,
                                                    rc::Gen<as_number> any) {
  const auto segment = rc::gen::map(
      rc::gen::tuple(rc::gen::elementOf(types),
                     rc::gen::element<std::size_t>(1, 2, 3, 254, 255),
                     rc::gen::container<std::vector<as_number>>(3, any)),
      [](const auto& t) {
        const auto& [type, size, numbers] = t;
        wire::as_segment s;
        s.type = type;
        for (std::size_t i = 0; i < size; ++i)
          s.numbers.push_back(numbers[i % numbers.size()]);
        return s;
      });
  return rc::gen::resize(
      3, rc::gen::container<std::vector<wire::as_segment>>(segment));
}

/// With a confederation in front now and then, whose numbers fit in two octets:
/// AS4_PATH does not tell them (RFC 6793 §4.2.2).
rc::Gen<wire::as_path> any_path() {
  using enum wire::segment_type;
  const auto members =
      any_segments({confed_sequence, confed_set},
                   rc::gen::element<as_number>(64512, 64513, 65000));
  return rc::gen::map(
      rc::gen::tuple(
          rc::gen::oneOf(rc::gen::just(std::vector<wire::as_segment>{}),
                         members),
          any_segments({as_set, as_sequence}, any_as())),
      [](const auto& t) {
        auto all = std::get<0>(t);
        const auto& rest = std::get<1>(t);
        all.insert(all.end(), rest.begin(), rest.end());
        return wire::as_path{std::span<const wire::as_segment>{all}};
      });
}

template <class T>
rc::Gen<std::optional<T>> maybe(rc::Gen<T> gen) {
  return rc::gen::oneOf(rc::gen::just(std::optional<T>{}),
                        rc::gen::map(std::move(gen), [](T value) {
                          return std::optional<T>{std::move(value)};
                        }));
}

path_attributes with_unknown(path_attributes a, bool first, bool second) {
  if (first)
    a.unknown.push_back(
        {wire::optional_transitive | wire::flag_partial, 99, {1, 2, 3}});
  if (second)
    a.unknown.push_back({wire::optional_transitive | wire::flag_partial, 200,
                         byte_vector(300, 7)});
  return a;
}

ip_address address(const char* text) {
  return *ip_address::parse(text);
}

} // namespace

rc::Gen<path_attributes> any_attributes() {
  using rc::gen::arbitrary;
  const auto hops = rc::gen::element(
      std::optional<ip_address>{}, std::optional{address("192.0.2.1")},
      std::optional{address("0.0.0.0")}, std::optional{address("fe80::1")},
      std::optional{address("2001:db8::1")});
  const auto extended = rc::gen::resize(
      3, rc::gen::container<std::vector<wire::extended_community>>(rc::gen::map(
             rc::gen::element<std::uint64_t>(0x0002, 0x4004, 0x0203, 0x4300),
             [](std::uint64_t v) {
               return wire::extended_community{v << 48 | 1};
             })));
  const auto aggregators = rc::gen::map(any_as(), [](as_number as) {
    return wire::aggregator{as, {0x0a000001}};
  });
  const auto rest = rc::gen::tuple(
      maybe(aggregators), extended, arbitrary<bool>(), arbitrary<bool>(),
      maybe(rc::gen::just(router_id{7})), arbitrary<bool>(),
      maybe(rc::gen::just(as_number{64512})), rc::gen::inRange(0, 90));
  return rc::gen::map(
      rc::gen::tuple(rc::gen::element(wire::origin_type::igp,
                                      wire::origin_type::incomplete),
                     any_path(), hops, maybe(rc::gen::inRange(0U, 3U)),
                     maybe(rc::gen::inRange(0U, 300U)), rest),
      [](const auto& t) {
        path_attributes a;
        a.origin = std::get<0>(t);
        a.as_path = std::get<1>(t);
        a.next_hop = std::get<2>(t);
        a.med = std::get<3>(t);
        a.local_pref = std::get<4>(t);
        const auto& more = std::get<5>(t);
        a.aggregator = std::get<0>(more);
        a.extended_communities = std::get<1>(more);
        a.atomic_aggregate = std::get<2>(more);
        a.originator_id = std::get<4>(more);
        if (a.originator_id)
          a.cluster_list = {router_id{1}, router_id{2}};
        a.only_to_customer = std::get<6>(more);
        if (std::get<7>(more) % 3 == 1)
          a.aigp = 7;
        for (int i = 0; i < std::get<7>(more); ++i)
          a.communities.push_back({static_cast<std::uint32_t>(i)});
        if (std::get<2>(more))
          a.large_communities.push_back({1, 2, 3});
        return with_unknown(std::move(a), std::get<3>(more), std::get<5>(more));
      });
}

byte_vector canonical(const path_attributes& attributes) {
  byte_vector bytes;
  EXPECT_TRUE(wire::encode_attributes(attributes, {}, bytes));
  return bytes;
}

attribute_handle intern(attribute_pool& pool,
                        const path_attributes& attributes) {
  return {pool, pool.intern(canonical(attributes), summarize(attributes))};
}

path_attributes simple_path(as_number as) {
  path_attributes a;
  const as_number sequence[] = {as};
  a.as_path = wire::as_path{std::span<const as_number>{sequence}};
  a.next_hop = address("192.0.2.77");
  return a;
}

export_settings accept_all_settings() {
  export_settings s;
  s.local_as = 65000;
  auto& v4 = s.families[ipv4_unicast];
  v4.next_hop = address("198.51.100.1");
  v4.policy = policy_chain::accept_all();
  auto& v6 = s.families[ipv6_unicast];
  v6.next_hop = address("2001:db8:ffff::1");
  v6.policy = policy_chain::accept_all();
  return s;
}

path_attributes told_by_the_book(path_attributes a,
                                 const export_settings& settings,
                                 std::uint8_t traits,
                                 const ip_address& next_hop) {
  a.next_hop = next_hop;
  a.link_local_next_hop.reset();
  const auto add = [&](wire::community c) {
    if (std::ranges::find(a.communities, c) == a.communities.end())
      a.communities.push_back(c);
  };
  if ((traits & export_trait::no_export) != 0)
    add(wire::no_export); // RFC 7999
  if (!settings.aigp) {   // RFC 7311 §3.3
    a.aigp.reset();
    a.other_aigp_tlvs.clear();
  }
  if (settings.kind != peer_kind::external)
    a.local_pref = a.local_pref.value_or(100);
  if (settings.kind != peer_kind::external && settings.graceful_shutdown)
    a.local_pref = 0; // RFC 8326 §4
  if (settings.kind == peer_kind::internal)
    return a;
  a.originator_id.reset(); // RFC 4456 §8
  a.cluster_list.clear();
  if (settings.kind == peer_kind::confederation) { // RFC 5065 §4.1 b
    a.as_path.prepend(settings.local_as, 1,
                      wire::segment_type::confed_sequence);
    return a;
  }
  if (settings.graceful_shutdown)
    add(wire::graceful_shutdown); // RFC 8326 §4
  using enum wire::bgp_role;
  if (settings.role == provider || settings.role == peer
      || settings.role == route_server) // RFC 9234 §5
    a.only_to_customer = a.only_to_customer.value_or(settings.local_as);
  a.as_path = a.as_path.without_confederation(); // RFC 5065 §4.1 c
  auto path = a.as_path.segments();
  for (auto& segment : path) {
    std::ranges::replace(segment.numbers, settings.overridden_as,
                         settings.local_as);
    if (settings.remove_private_as)
      std::erase_if(segment.numbers, [&](as_number as) {
        return is_private_as(as) && as != settings.kept_private_as
               && (settings.overridden_as == 0 || as != settings.local_as);
      });
  }
  a.as_path = wire::as_path{std::span<const wire::as_segment>{path}};
  a.local_pref.reset();
  if (!settings.route_server_client) {
    if (settings.further_as != 0)
      a.as_path.prepend(settings.further_as);
    a.as_path.prepend(settings.local_as);
  }
  if (!settings.route_server_client && (traits & export_trait::own_med) == 0)
    a.med.reset();
  std::erase_if(a.extended_communities,
                [](const auto& c) { return !c.is_transitive(); });
  return a;
}

// -- receiver -----------------------------------------------------------------

receiver::receiver(const export_settings& settings) : settings_(settings) {}

void receiver::read(const std::vector<output_slice>& slices) {
  for (const auto& s : slices) {
    const auto before = sizes.size();
    const auto marks = marks_;
    read({s.block->data() + s.offset, s.size});
    EXPECT_EQ(sizes.size() - before, s.updates);
    EXPECT_EQ(marks_ - marks, s.refreshes);
  }
}

void receiver::read(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    auto framed = wire::next_frame(bytes, settings_.max_message_size);
    ASSERT_TRUE(framed.has_value());
    ASSERT_TRUE(framed->has_value()) << "a message is cut";
    const auto frame = **framed;
    if (frame.type == wire::message_type::route_refresh) {
      refresh(frame.body);
    } else {
      EXPECT_EQ(frame.type, wire::message_type::update);
      sizes.push_back(frame.whole.size());
      update(frame.body);
    }
    bytes = bytes.subspan(frame.whole.size());
  }
}

// RFC 7313 §4.
void receiver::refresh(std::span<const std::uint8_t> body) {
  const auto read = wire::decode_route_refresh(body, true);
  ASSERT_TRUE(read.has_value());
  ++marks_;
  const auto f = read->address_family;
  if (read->kind == wire::route_refresh_kind::begin) {
    EXPECT_TRUE(told_before || ends_of_rib[f] == 1) << "BoRR before End-of-RIB";
    EXPECT_FALSE(stale.contains(f)) << "BoRR without EoRR";
    auto& all = stale[f];
    for (const auto& [p, unused] : table)
      if (family_of(p) == f)
        all.insert({p, 0});
    for (const auto& [p, ids] : paths)
      for (const auto& [id, unused] : ids)
        if (family_of(p) == f)
          all.insert({p, id});
    events.push_back("<");
    return;
  }
  EXPECT_EQ(read->kind, wire::route_refresh_kind::end);
  ASSERT_TRUE(stale.contains(f)) << "EoRR without BoRR";
  for (const auto& path : stale[f])
    remove(path);
  stale.erase(f);
  ++refreshes[f];
  events.push_back(">");
}

void receiver::know(const prefix& p, std::uint32_t id) {
  (settings_.families.at(family_of(p)).add_path ? paths[p][id] : table[p]) = {};
}

void receiver::remove(const path_name& path) {
  const auto& [p, id] = path;
  table.erase(p);
  const auto found = paths.find(p);
  if (found == paths.end())
    return;
  found->second.erase(id);
  if (found->second.empty())
    paths.erase(found);
}

std::vector<byte_vector> receiver::held(const prefix& p) const {
  std::vector<byte_vector> all;
  if (const auto found = table.find(p); found != table.end())
    all.push_back(found->second);
  if (const auto found = paths.find(p); found != paths.end())
    for (const auto& [id, attributes] : found->second)
      all.push_back(attributes);
  std::sort(all.begin(), all.end());
  return all;
}

std::set<prefix> receiver::prefixes() const {
  std::set<prefix> all;
  for (const auto& [p, unused] : table)
    all.insert(p);
  for (const auto& [p, unused] : paths)
    all.insert(p);
  return all;
}

void receiver::update(std::span<const std::uint8_t> body) {
  wire::negotiated session;
  session.as4 = settings_.as4;
  session.kind = settings_.kind;
  for (const auto& [family, how] : settings_.families) {
    session.families.push_back({family, how.add_path, how.add_path});
    session.extended_next_hop |= how.extended_next_hop;
  }
  auto read = wire::read_update(body, session);
  ASSERT_TRUE(read.has_value());
  if (read->end_of_rib) {
    ++ends_of_rib[*read->end_of_rib];
    return;
  }
  EXPECT_EQ(read->attributes.action, verdict::accept);
  const auto each = [&](wire::byte_span bytes, family f, auto act) {
    wire::nlri_reader r{bytes, f, settings_.families.at(f).add_path};
    for (wire::nlri n; r.next(n);)
      act({wire::to_prefix(n, f), n.path_id});
    EXPECT_FALSE(r.failed());
  };
  const auto text = [](const path_name& path) {
    return to_string(path.first)
           + (path.second == 0 ? "" : "#" + std::to_string(path.second));
  };
  const auto add = [&](const path_name& path) {
    const auto& [p, id] = path;
    const bool ids = settings_.families.at(family_of(p)).add_path;
    EXPECT_EQ(ids, id != 0);
    (ids ? paths[p][id] : table[p]) = canonical(read->attributes.attributes);
    if (const auto old = stale.find(family_of(p)); old != stale.end())
      old->second.erase(path);
    events.push_back("+" + text(path));
    ++announced;
  };
  const auto remove = [&](const path_name& path) {
    this->remove(path);
    events.push_back("-" + text(path));
    ++withdrawn;
  };
  each(read->sections.withdrawn, ipv4_unicast, remove);
  each(read->sections.nlri, ipv4_unicast, add);
  if (read->mp.unreach)
    each(read->mp.unreach->withdrawn, read->mp.unreach->address_family, remove);
  if (read->mp.reach)
    each(read->mp.reach->nlri, read->mp.reach->address_family, add);
}

} // namespace troupe::rib::testing
