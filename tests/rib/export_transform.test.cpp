#include "rib/export_transform.hpp"

#include "protocol/wire/packer.hpp"
#include "rib/export_encoder.hpp"
#include "tests/rib/export_support.hpp"

#include <gtest/gtest.h>

namespace troupe::rib::testing {
namespace {

using namespace protocol;
using protocol::wire::path_attributes;

const auto v4_hop = *ip_address::parse("198.51.100.1");
const auto v6_hop = *ip_address::parse("2001:db8:ffff::1");

struct transformed {
  byte_vector bytes;
  wire_next_hop hop;
  bool multiprotocol = false;
};

transformed transform(const path_attributes& attributes,
                      const export_settings& settings, family f = ipv4_unicast,
                      std::uint8_t traits = 0) {
  attribute_pool pool;
  const auto set = intern(pool, attributes);
  export_transform t{settings, f};
  const auto told = t.run(pool[set.get()], traits);
  return {{told.bytes.begin(), told.bytes.end()},
          told.next_hop,
          told.multiprotocol};
}

path_attributes decoded(const byte_vector& bytes, bool as4, peer_kind kind) {
  wire::decode_context context;
  context.as4 = as4;
  context.kind = kind;
  context.classic_nlri = true;
  auto result = wire::decode_attributes(bytes, context);
  EXPECT_EQ(result.action, verdict::accept);
  return result.attributes;
}

path_attributes told_to(const export_settings& s, const path_attributes& a,
                        std::uint8_t traits = 0) {
  return decoded(transform(a, s, ipv4_unicast, traits).bytes, s.as4, s.kind);
}

export_settings internal_settings() {
  auto s = accept_all_settings();
  s.kind = peer_kind::internal;
  return s;
}

TEST(ExportTransform, PrependsOurAsAndSetsTheNextHopTowardsOtherAses) {
  const auto told = told_to(accept_all_settings(), simple_path(65001));
  EXPECT_EQ(wire::to_string(told.as_path), "65000 65001");
  EXPECT_EQ(told.next_hop, v4_hop);
}

TEST(ExportTransform, KeepsThePathWithinTheAs) {
  const auto told = told_to(internal_settings(), simple_path(65001));
  EXPECT_EQ(wire::to_string(told.as_path), "65001");
}

TEST(ExportTransform, TellsAGlobalNextHopAndTheLinkLocalOneBehindIt) {
  auto s = accept_all_settings(); // RFC 2545 §3, RFC 8950 §3
  for (auto& [f, how] : s.families) {
    how.next_hop = v6_hop;
    how.link_local_next_hop = ip_address::parse("fe80::1");
    how.extended_next_hop = true;
  }
  for (const auto f : {ipv4_unicast, ipv6_unicast}) {
    const auto told = transform(simple_path(65001), s, f);
    EXPECT_TRUE(told.multiprotocol);
    ASSERT_EQ(told.hop.size, 32);
    const auto bytes = told.hop.span();
    EXPECT_EQ(ip_address::from_bytes(bytes.first(16)), v6_hop);
    EXPECT_EQ(ip_address::from_bytes(bytes.last(16)),
              ip_address::parse("fe80::1"));
    // Views show both, too.
    attribute_pool pool;
    const auto set = intern(pool, simple_path(65001));
    const auto seen = wire::decode_canonical(
        export_transform{s, f}.canonical(pool[set.get()], 0));
    EXPECT_EQ(seen.next_hop, v6_hop);
    EXPECT_EQ(seen.link_local_next_hop, ip_address::parse("fe80::1"));
  }
  // Where the route keeps the next hop it came with, nothing stands behind it.
  s.families[ipv6_unicast].keep_next_hop = true;
  auto a = simple_path(65001);
  a.next_hop = ip_address::parse("2001:db8::7");
  EXPECT_EQ(transform(a, s, ipv6_unicast).hop.size, 16);
}

TEST(ExportTransform, KeepsALinkLocalNextHopOnTheSharedSubnetOnly) {
  auto s = accept_all_settings(); // RFC 2545 §3
  auto& family = s.families[ipv6_unicast];
  family.next_hop = ip_address::parse("2001:db8::1");
  auto a = simple_path(65001);
  a.next_hop = ip_address::parse("2001:db8::7");
  a.link_local_next_hop = ip_address::parse("fe80::7");
  const auto hops = [&] {
    const auto hop = transform(a, s, ipv6_unicast).hop;
    const auto bytes = hop.span();
    return std::pair{ip_address::from_bytes(bytes.first(16)),
                     bytes.size() == 32 ? ip_address::from_bytes(bytes.last(16))
                                        : std::nullopt};
  };
  const auto both = std::pair{a.next_hop, a.link_local_next_hop};
  const auto global = std::pair{a.next_hop, decltype(a.next_hop){}};
  const auto own = std::pair{family.next_hop, decltype(a.next_hop){}};
  family.keep_next_hop = true;
  EXPECT_EQ(hops(), global) << "a subnet that we do not share";
  family.shared = {*prefix::parse("2001:db8::/64"), std::nullopt};
  EXPECT_EQ(hops(), both);
  family.shared = {*prefix::parse("2001:db8:1::/64"), std::nullopt};
  EXPECT_EQ(hops(), global);
  // The same for a third party.
  family.keep_next_hop = false;
  family.shared = {*prefix::parse("2001:db8::/64"), std::nullopt};
  EXPECT_EQ(hops(), own);
  family.shared->third_party_for = ip_address::parse("2001:db8::8");
  EXPECT_EQ(hops(), both);
  family.shared->third_party_for = a.next_hop;
  EXPECT_EQ(hops(), own) << "the peer itself";
}

TEST(ExportTransform, StartsANewSegmentBeforeASetAndBehind255Ases) {
  path_attributes a;
  const wire::as_segment set{wire::segment_type::as_set, {1, 2}};
  a.as_path = wire::as_path{std::span{&set, 1}};
  EXPECT_EQ(wire::to_string(told_to(accept_all_settings(), a).as_path),
            "65000 {1,2}");
  const wire::as_segment full{wire::segment_type::as_sequence,
                              std::vector<as_number>(255, 9)};
  a.as_path = wire::as_path{std::span{&full, 1}};
  const auto told = told_to(accept_all_settings(), a).as_path.segments();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].numbers, std::vector<as_number>{65000});
  EXPECT_EQ(told[1].numbers.size(), 255U);
}

TEST(ExportTransform, TellsALocalRouteWithOurAsAlone) {
  const auto told = told_to(accept_all_settings(), {}, export_trait::own_med);
  EXPECT_EQ(wire::to_string(told.as_path), "65000");
  EXPECT_EQ(told.origin, wire::origin_type::igp);
  EXPECT_TRUE(told_to(internal_settings(), {}).as_path.empty());
}

TEST(ExportTransform, KeepsExtendedCommunitiesInTheAs) { // RFC 4360 §6
  auto a = simple_path(65001);
  const wire::extended_community stays{0x4004000000000001U};
  const wire::extended_community goes{0x0002fde900000064U};
  a.extended_communities = {goes, stays};
  EXPECT_EQ(told_to(internal_settings(), a).extended_communities,
            a.extended_communities);
  EXPECT_EQ(told_to(accept_all_settings(), a).extended_communities,
            std::vector{goes});
  a.extended_communities = {stays};
  EXPECT_TRUE(told_to(accept_all_settings(), a).extended_communities.empty());
}

TEST(ExportTransform, TellsLocalPreferenceOnlyWithinTheAs) {
  auto a = simple_path(65001);
  EXPECT_EQ(told_to(internal_settings(), a).local_pref, 100U);
  EXPECT_EQ(told_to(accept_all_settings(), a).local_pref, std::nullopt);
  a.local_pref = 250;
  EXPECT_EQ(told_to(internal_settings(), a).local_pref, 250U);
  // decode_attributes would drop it from an external peer: look at the bytes.
  const auto bytes = transform(a, accept_all_settings()).bytes;
  wire::attribute_walker walker{bytes};
  for (wire::raw_attribute each; walker.next(each);)
    EXPECT_FALSE(each.is(wire::attribute_code::local_pref));
}

TEST(ExportTransform, PassesAReceivedMedToNoOtherAs) {
  auto a = simple_path(65001);
  a.med = 5;
  EXPECT_EQ(told_to(accept_all_settings(), a).med, std::nullopt);
  EXPECT_EQ(told_to(accept_all_settings(), a, export_trait::own_med).med, 5U);
  EXPECT_EQ(told_to(internal_settings(), a).med, 5U);
}

TEST(ExportTransform, MarksUnknownTransitiveAttributesPartial) {
  attribute_pool pool;
  auto bytes = canonical(simple_path(65001));
  const byte_vector unknown{0xc0, 99, 1, 42, 0x80, 100, 1, 43};
  bytes.insert(bytes.end(), unknown.begin(), unknown.end());
  const attribute_handle set{pool, pool.intern(bytes, {})};
  export_transform t{accept_all_settings(), ipv4_unicast};
  const auto told = t.run(pool[set.get()], 0).bytes;
  const byte_vector tail{0xe0, 99, 1, 42}; // and 100 is gone: not transitive
  ASSERT_GE(told.size(), tail.size());
  EXPECT_TRUE(std::equal(tail.begin(), tail.end(), told.end() - 4));
}

TEST(ExportTransform, TellsAnOldSpeakerLargeAsNumbersInAs4Path) {
  auto s = accept_all_settings();
  s.as4 = false;
  auto a = simple_path(4200000001U);
  a.aggregator = wire::aggregator{4200000001U, {1}};
  const auto bytes = transform(a, s).bytes;
  EXPECT_EQ(wire::to_string(decoded(bytes, false, s.kind).as_path),
            "65000 4200000001");
  EXPECT_EQ(decoded(bytes, false, s.kind).aggregator, a.aggregator);
  s.local_as = 65001;
  unsigned as4 = 0;
  const auto plain = transform(simple_path(65002), s).bytes;
  wire::attribute_walker walker{plain};
  for (wire::raw_attribute each; walker.next(each);)
    as4 += each.is(wire::attribute_code::as4_path) ? 1U : 0U;
  EXPECT_EQ(as4, 0U) << "RFC 6793 §4.2.2: only where it says something";
}

TEST(ExportTransform, KeepsAUsableNextHopWhereItIsTold) {
  auto s = internal_settings();
  s.families[ipv4_unicast].keep_next_hop = true;
  s.families[ipv6_unicast].keep_next_hop = true;
  auto a = simple_path(65001);
  EXPECT_EQ(told_to(s, a).next_hop, a.next_hop);
  EXPECT_EQ(told_to(s, {}).next_hop, v4_hop) << "a local route has none";
  // The IPv4 next hop of a route is of no use to IPv6 prefixes.
  EXPECT_EQ(transform(a, s, ipv6_unicast).hop.size, 16);
  a.next_hop = *ip_address::parse("fe80::7");
  const auto link_local = transform(a, s, ipv6_unicast).hop;
  EXPECT_TRUE(std::ranges::equal(link_local.span(), v6_hop.bytes()));
}

TEST(ExportTransform, HasNoNextHopWhereTheFamilyMayNotHaveIt) {
  auto s = accept_all_settings();
  s.families[ipv4_unicast].next_hop = v6_hop;
  s.families[ipv6_unicast].next_hop = v4_hop;
  const auto set = canonical(simple_path(65001));
  const export_transform v4{s, ipv4_unicast};
  EXPECT_FALSE(v4.has_next_hop(set, 0));
  EXPECT_TRUE(v4.has_next_hop(set, export_trait::own_next_hop));
  EXPECT_FALSE((export_transform{s, ipv6_unicast}.has_next_hop(set, 0)));
  s.families[ipv4_unicast].extended_next_hop = true;
  EXPECT_TRUE((export_transform{s, ipv4_unicast}.has_next_hop(set, 0)));
  const auto told = transform(simple_path(65001), s);
  EXPECT_TRUE(told.multiprotocol);
  EXPECT_EQ(told.hop.size, 16);
}

void choose_rules(export_settings& s) {
  s.aigp = *rc::gen::arbitrary<bool>();
  s.graceful_shutdown = *rc::gen::arbitrary<bool>();
  if (s.kind != peer_kind::external)
    return;
  using wire::bgp_role;
  s.role = *rc::gen::element<std::optional<bgp_role>>(
      std::nullopt, bgp_role::provider, bgp_role::customer, bgp_role::peer,
      bgp_role::route_server);
  s.route_server_client = *rc::gen::arbitrary<bool>();
  s.further_as = *rc::gen::element<as_number>(0, 65000);
  s.overridden_as = *rc::gen::element<as_number>(0, 1, 4200000001U);
  s.remove_private_as = *rc::gen::arbitrary<bool>();
  s.kept_private_as = *rc::gen::element<as_number>(0, 65000);
}

TEST(ExportTransform, DoesWhatTheBookSaysToAnySet) {
  EXPECT_TRUE(rc::check([] {
    auto s = accept_all_settings();
    s.kind = *rc::gen::element(peer_kind::external, peer_kind::internal,
                               peer_kind::confederation);
    s.as4 = *rc::gen::arbitrary<bool>();
    s.local_as = *rc::gen::element<as_number>(100, 4200000009U);
    choose_rules(s);
    const auto v6 = *rc::gen::arbitrary<bool>();
    const auto traits = *rc::gen::element<std::uint8_t>(0, 1, 4, 5);
    const auto a = *any_attributes();
    const auto hop = v6 ? v6_hop : v4_hop;
    const auto expected = told_by_the_book(a, s, traits, hop);
    byte_vector bytes;
    RC_ASSERT(wire::encode_attributes(expected, {s.as4, !v6}, bytes));
    attribute_pool pool;
    const auto set = intern(pool, a);
    export_transform t{s, v6 ? ipv6_unicast : ipv4_unicast};
    const auto told = t.run(pool[set.get()], traits);
    RC_ASSERT(byte_vector(told.bytes.begin(), told.bytes.end()) == bytes);
    RC_ASSERT(told.multiprotocol == v6);
    RC_ASSERT(t.canonical(pool[set.get()], traits) == canonical(expected));
  }));
}

// -- frames -------------------------------------------------------------------

template <class Key>
byte_vector frames(const update_frame& frame, const std::vector<Key>& keys) {
  byte_vector out;
  for (std::size_t i = 0; i < keys.size();) {
    std::size_t left = 0;
    for (auto j = i; j < keys.size(); ++j)
      left += 1 + (keys[j].length + 7U) / 8;
    const auto body = std::min(left, frame.room());
    byte_vector buffer(frame.size(body) + 16);
    auto* const nlri = frame.open(buffer.data(), body);
    auto* p = nlri;
    while (i < keys.size()
           && static_cast<std::size_t>(p - nlri) + 1 + (keys[i].length + 7U) / 8
                  <= body)
      p = put_nlri(p, keys[i++]);
    auto* const end = frame.close(buffer.data(), nlri, p);
    out.insert(out.end(), buffer.data(), end);
  }
  return out;
}

template <class Key>
std::vector<wire::nlri> to_nlri(const std::vector<Key>& keys) {
  std::vector<wire::nlri> all;
  for (const auto& key : keys)
    all.push_back(wire::to_nlri(to_prefix(key)));
  return all;
}

std::vector<ipv4_key> any_ipv4_keys() {
  return *rc::gen::container<std::vector<ipv4_key>>(rc::gen::map(
      rc::gen::pair(rc::gen::arbitrary<std::uint32_t>(),
                    rc::gen::inRange(0, 33)),
      [](const auto& p) {
        return to_key<ipv4_key>(
            prefix{ip_address::v4(p.first), static_cast<unsigned>(p.second)});
      }));
}

TEST(ExportFrame, WritesIpv4MessagesAsTheCodecDoes) {
  EXPECT_TRUE(rc::check([] {
    const auto keys = any_ipv4_keys();
    const auto a = *any_attributes();
    const auto s = accept_all_settings();
    const auto told = told_by_the_book(a, s, 0, v4_hop);
    byte_vector attributes;
    RC_ASSERT(wire::encode_attributes(told, {}, attributes));
    const auto limit = *rc::gen::inRange<std::size_t>(attributes.size() + 30,
                                                      attributes.size() + 200);
    const wire::packing_options options{ipv4_unicast, false, limit};
    byte_vector packed;
    wire::pack_announcements(options, attributes, to_nlri(keys), packed);
    told_attributes t;
    t.bytes = attributes;
    t.next_hop.size = 4;
    RC_ASSERT(frames(update_frame{ipv4_unicast, limit, t}, keys) == packed);
    packed.clear();
    wire::pack_withdrawals(options, to_nlri(keys), packed);
    RC_ASSERT(frames(update_frame{ipv4_unicast, limit}, keys) == packed);
  }));
}

TEST(ExportFrame, WritesIpv6MessagesAsTheCodecDoes) {
  EXPECT_TRUE(rc::check([] {
    std::vector<ipv6_key> keys;
    for (const auto& v4 : any_ipv4_keys()) {
      ipv6_key key;
      key.length = static_cast<std::uint8_t>(v4.length * 4);
      for (unsigned i = 0; i < 4; ++i)
        key.address[4 * i] = static_cast<std::uint8_t>(v4.address >> 8 * i);
      keys.push_back(to_key<ipv6_key>(to_prefix(key)));
    }
    const auto a = *any_attributes();
    const auto s = accept_all_settings();
    auto told = told_by_the_book(a, s, 0, v6_hop);
    if (*rc::gen::arbitrary<bool>())
      told.link_local_next_hop = ip_address::parse("fe80::1");
    const auto attributes = canonical(told);
    byte_vector plain;
    RC_ASSERT(wire::encode_attributes(told, {true, false}, plain));
    const auto limit = *rc::gen::inRange<std::size_t>(attributes.size() + 50,
                                                      attributes.size() + 600);
    const wire::packing_options options{ipv6_unicast, false, limit};
    byte_vector packed;
    wire::pack_announcements(options, attributes, to_nlri(keys), packed);
    told_attributes t;
    t.bytes = plain;
    t.multiprotocol = true;
    t.next_hop.size = 16;
    std::copy_n(v6_hop.bytes().begin(), 16, t.next_hop.bytes.begin());
    if (told.link_local_next_hop) {
      t.next_hop.size = 32;
      std::copy_n(told.link_local_next_hop->bytes().begin(), 16,
                  t.next_hop.bytes.begin() + 16);
    }
    RC_ASSERT(frames(update_frame{ipv6_unicast, limit, t}, keys) == packed);
    packed.clear();
    wire::pack_withdrawals(options, to_nlri(keys), packed);
    RC_ASSERT(frames(update_frame{ipv6_unicast, limit}, keys) == packed);
  }));
}

} // namespace
} // namespace troupe::rib::testing
