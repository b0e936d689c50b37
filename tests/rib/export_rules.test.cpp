// What reflectors, route servers and the edge of an AS tell. Our AS is 65000.

#include "tests/rib/export_support.hpp"
#include "tests/rib/export_world.hpp"

#include <gtest/gtest.h>

namespace troupe::rib::testing {
namespace {

using namespace protocol;
using protocol::wire::bgp_role;
using protocol::wire::path_attributes;
using segments = std::vector<wire::as_segment>;

constexpr router_id cluster{9000};

export_settings towards(peer_kind kind) {
  auto s = accept_all_settings();
  s.kind = kind;
  s.cluster_id = cluster;
  return s;
}

path_attributes with(wire::community c) {
  auto a = simple_path(65001);
  a.communities = {c};
  return a;
}

/// What a single member is told of a route; nothing if it is not told.
std::optional<path_attributes> told(const export_settings& s,
                                    const path_attributes& a,
                                    peer_kind from = peer_kind::external,
                                    source_kind origin = source_kind::bgp) {
  export_world::options o;
  o.settings = s;
  export_world w{o};
  neighbor_facts source;
  source.index = neighbor_index{9};
  source.identifier = router_id{99};
  w.group->set_source(source);
  w.join(1);
  w.announce(*prefix::parse("10.0.0.0/8"),
             {w.set(a), neighbor_index{9}, from, origin});
  w.settle();
  const auto& table = w.peer(1).table;
  if (table.empty())
    return std::nullopt;
  return wire::decode_canonical(table.begin()->second);
}

bool has(const path_attributes& a, wire::community c) {
  return std::ranges::find(a.communities, c) != a.communities.end();
}

std::string path_told(const export_settings& s, const segments& path) {
  auto a = simple_path(1);
  a.as_path = wire::as_path{std::span<const wire::as_segment>{path}};
  return to_string(told(s, a).value().as_path);
}

constexpr auto sequence = wire::segment_type::as_sequence;

} // namespace

// -- reflection ---------------------------------------------------------------

TEST(ExportReflection, PassesClientsToAllAndOthersToClients) { // RFC 4456
  for (const bool from_client : {false, true})
    for (const bool to_client : {false, true}) {
      SCOPED_TRACE(std::to_string(from_client) + std::to_string(to_client));
      export_world::options o;
      o.settings = towards(peer_kind::internal);
      o.settings.reflector_client = to_client;
      export_world w{o};
      neighbor_facts source;
      source.index = neighbor_index{9};
      source.reflector_client = from_client;
      w.group->set_source(source);
      w.join(1);
      w.join(9);
      w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9,
                 peer_kind::internal);
      w.announce("11.0.0.0/8", w.set(simple_path(65001)), 8,
                 peer_kind::external);
      w.settle();
      EXPECT_EQ(w.peer(1).table.size(), from_client || to_client ? 2U : 1U);
      EXPECT_EQ(w.peer(9).table.size(), 1U) << "its own goes not back";
    }
}

TEST(ExportReflection, SetsOriginatorAndClusterListAndNothingElse) {
  auto s = towards(peer_kind::internal); // RFC 4456 §8
  s.reflector_client = true;
  auto a = simple_path(65001);
  a.local_pref = 70;
  a.med = 5;
  auto expected = a;
  expected.originator_id = router_id{99}; // of whom it was learned from
  expected.cluster_list = {cluster};
  EXPECT_EQ(told(s, a, peer_kind::internal), expected)
      << "the next hop stays though ours is set";
  a.originator_id = expected.originator_id = router_id{3};
  a.cluster_list = {router_id{4}};
  expected.cluster_list = {cluster, router_id{4}};
  EXPECT_EQ(told(s, a, peer_kind::internal), expected);
  const auto learned_outside = told(s, simple_path(65001));
  ASSERT_TRUE(learned_outside.has_value());
  EXPECT_EQ(learned_outside->originator_id, std::nullopt);
  EXPECT_TRUE(learned_outside->cluster_list.empty());
}

TEST(ExportReflection, TellsTheOriginatorsOfEqualRoutesApart) { // RFC 4456 §8
  export_world::options o;
  o.settings = towards(peer_kind::internal);
  o.settings.reflector_client = true;
  export_world w{o};
  for (const auto i : {std::uint16_t{8}, std::uint16_t{9}}) {
    neighbor_facts source;
    source.index = neighbor_index{i};
    source.identifier = router_id{i};
    w.group->set_source(source);
  }
  w.join(1);
  const auto set = w.set(simple_path(65001));
  const auto originator = [&] {
    w.settle();
    return wire::decode_canonical(w.peer(1).table.begin()->second)
        .originator_id;
  };
  w.announce("10.0.0.0/8", set, 8, peer_kind::internal);
  EXPECT_EQ(originator(), router_id{8});
  w.announce("10.0.0.0/8", set, 9, peer_kind::internal);
  EXPECT_EQ(originator(), router_id{9});
}

TEST(ExportReflection, HeedsTheNextHopOfAPolicy) {
  auto s = towards(peer_kind::internal);
  s.reflector_client = true;
  policy_rule rule;
  rule.set.next_hop = ip_address::parse("203.0.113.9");
  rule.then = policy_action::accept;
  const policy_library library{{{"p", {{rule}}}}};
  s.families[ipv4_unicast].policy = *library.make({policy_name{"p"}});
  const auto a = told(s, simple_path(65001), peer_kind::internal);
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a->next_hop, rule.set.next_hop);
  EXPECT_EQ(a->cluster_list, std::vector{cluster});
}

// -- route servers ------------------------------------------------------------

TEST(ExportRouteServer, LeavesPathNextHopAndMed) { // RFC 7947
  auto s = accept_all_settings();
  s.route_server_client = true;
  s.families[ipv4_unicast].keep_next_hop = true;
  auto a = simple_path(65001);
  a.med = 5;
  a.local_pref.reset();
  EXPECT_EQ(told(s, a), a);
  s.as4 = false;
  EXPECT_EQ(told(s, a), a);
  // Also behind a policy that changes something.
  policy_rule rule;
  rule.set.communities.add = {{7}};
  rule.then = policy_action::accept;
  const policy_library library{{{"p", {{rule}}}}};
  s.families[ipv4_unicast].policy = *library.make({policy_name{"p"}});
  auto changed = a;
  changed.communities = {{7}};
  EXPECT_EQ(told(s, a), changed);
}

// -- OTC ----------------------------------------------------------------------

TEST(ExportOtc, IsSetTowardsThoseBelow) { // RFC 9234 §5, egress 1
  auto s = accept_all_settings();
  auto marked = simple_path(65001);
  marked.only_to_customer = 65001;
  for (const auto& [role, sets] : {std::pair{bgp_role::provider, true},
                                   {bgp_role::peer, true},
                                   {bgp_role::route_server, true},
                                   {bgp_role::customer, false},
                                   {bgp_role::route_server_client, false}}) {
    s.role = role;
    const auto a = told(s, simple_path(65001));
    ASSERT_TRUE(a.has_value());
    EXPECT_EQ(a->only_to_customer,
              sets ? std::optional<as_number>{65000} : std::nullopt);
  }
  s.role = bgp_role::provider;
  EXPECT_EQ(told(s, marked)->only_to_customer, 65001U) << "it stays";
  s.role.reset();
  EXPECT_EQ(told(s, simple_path(65001))->only_to_customer, std::nullopt);
  EXPECT_EQ(told(s, marked)->only_to_customer, 65001U);
}

TEST(ExportOtc, KeepsARouteFromThoseAbove) { // RFC 9234 §5, egress 2
  auto s = accept_all_settings();
  auto marked = simple_path(65001);
  marked.only_to_customer = 65001;
  for (const auto& [role, passes] : {std::pair{bgp_role::provider, true},
                                     {bgp_role::peer, false},
                                     {bgp_role::route_server, true},
                                     {bgp_role::customer, false},
                                     {bgp_role::route_server_client, false}}) {
    s.role = role;
    EXPECT_EQ(told(s, marked).has_value(), passes) << name_of(role);
    EXPECT_TRUE(told(s, simple_path(65001)).has_value());
  }
  EXPECT_TRUE(told(towards(peer_kind::internal), marked).has_value());
}

// -- communities --------------------------------------------------------------

TEST(ExportCommunities, NoPeerKeepsARouteFromBilateralPeers) { // RFC 3765
  auto s = accept_all_settings();
  EXPECT_TRUE(told(s, with(wire::no_peer)).has_value()) << "nobody says peer";
  s.role = bgp_role::provider;
  EXPECT_TRUE(told(s, with(wire::no_peer)).has_value());
  s.role = bgp_role::peer;
  EXPECT_FALSE(told(s, with(wire::no_peer)).has_value());
  EXPECT_TRUE(told(s, with(wire::community{7})).has_value());
}

TEST(ExportCommunities, ABlackholeOfANeighborStaysInTheAs) { // RFC 7999
  const auto a = with(wire::blackhole);
  auto s = accept_all_settings();
  EXPECT_FALSE(told(s, a).has_value());
  EXPECT_TRUE(told(s, a, peer_kind::internal).has_value()) << "of our AS";
  EXPECT_TRUE(told(s, a, peer_kind::external, source_kind::api).has_value());
  for (const auto kind : {peer_kind::internal, peer_kind::confederation}) {
    const auto within = told(towards(kind), a);
    ASSERT_TRUE(within.has_value());
    EXPECT_EQ(within->communities,
              (std::vector{wire::blackhole, wire::no_export}));
  }
  s.route_server_client = true;
  ASSERT_TRUE(told(s, a).has_value()) << "it is for the clients";
  EXPECT_EQ(told(s, a)->communities, a.communities);
}

/// Towards a peer of this kind, with an export policy that adds a community.
export_settings adding(wire::community c, peer_kind kind) {
  policy_rule rule;
  rule.set.communities.add = {{c.value}};
  rule.then = policy_action::accept;
  const policy_library library{{{"p", {{rule}}}}};
  auto s = towards(kind);
  s.families[ipv4_unicast].policy = *library.make({policy_name{"p"}});
  return s;
}

TEST(ExportCommunities, APolicyMayAskAnotherAsForABlackhole) { // RFC 7999
  const auto a =
      told(adding(wire::blackhole, peer_kind::external), simple_path(65001));
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a->communities, std::vector{wire::blackhole});
}

// RFC 1997 speaks of routes that are received.
TEST(ExportCommunities, WhatAPolicyAddsIsForThePeerToObey) {
  for (const auto kind :
       {peer_kind::internal, peer_kind::confederation, peer_kind::external})
    for (const auto c :
         {wire::no_export, wire::no_advertise, wire::no_export_subconfed}) {
      const auto a = told(adding(c, kind), simple_path(65001));
      ASSERT_TRUE(a.has_value());
      EXPECT_EQ(a->communities, std::vector{c});
    }
  EXPECT_FALSE(
      told(adding(wire::no_export, peer_kind::external), with(wire::no_export))
          .has_value())
      << "it was received with it";
}

TEST(ExportCommunities, LongLivedStaleGoesToThoseWhoKnowIt) { // RFC 9494 §4.3
  for (const auto kind : {peer_kind::internal, peer_kind::external}) {
    auto s = towards(kind);
    EXPECT_FALSE(told(s, with(wire::llgr_stale)).has_value());
    s.long_lived = true;
    const auto a = told(s, with(wire::llgr_stale));
    ASSERT_TRUE(a.has_value());
    EXPECT_TRUE(has(*a, wire::llgr_stale)) << "it is not taken away";
  }
}

TEST(ExportCommunities, LongLivedStaleIsWithdrawnFromOthers) { // RFC 9494 §4.3
  export_world w{{}};
  w.join(1);
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.settle();
  w.announce("10.0.0.0/8", w.set(with(wire::llgr_stale)), 9);
  w.settle();
  EXPECT_EQ(w.peer(1).events,
            (std::vector<std::string>{"+10.0.0.0/8", "-10.0.0.0/8"}));
}

TEST(ExportShutdown, TellsTheCommunityOutsideAndZeroWithin) { // RFC 8326 §4
  auto s = accept_all_settings();
  s.graceful_shutdown = true;
  auto a = with(wire::community{7});
  a.local_pref = 200;
  const std::vector expected{wire::community{7}, wire::graceful_shutdown};
  EXPECT_EQ(told(s, a)->communities, expected);
  EXPECT_EQ(told(s, simple_path(65001))->communities,
            std::vector{wire::graceful_shutdown});
  a.communities = {wire::graceful_shutdown};
  EXPECT_EQ(told(s, a)->communities, a.communities) << "once is enough";
  s.kind = peer_kind::internal;
  EXPECT_EQ(told(s, a)->local_pref, 0U);
  EXPECT_EQ(told(s, simple_path(65001))->local_pref, 0U);
  EXPECT_FALSE(has(*told(s, simple_path(65001)), wire::graceful_shutdown));
}

// -- paths --------------------------------------------------------------------

TEST(ExportPath, ShowsTheRoutersAsBehindTheLocalOne) {
  auto s = accept_all_settings();
  s.local_as = 65010;
  s.further_as = 65000;
  EXPECT_EQ(path_told(s, {{sequence, {7}}}), "65010 65000 7");
  EXPECT_EQ(path_told(s, {}), "65010 65000");
  const segments nearly_full{{sequence, std::vector<as_number>(254, 9)}};
  auto a = simple_path(1);
  a.as_path = wire::as_path{std::span<const wire::as_segment>{nearly_full}};
  const auto split = told(s, a)->as_path.segments(); // RFC 4271 §5.1.2
  ASSERT_EQ(split.size(), 2U);
  EXPECT_EQ(split[0].numbers, std::vector<as_number>{65010});
  EXPECT_EQ(split[1].numbers.front(), 65000U);
  EXPECT_EQ(split[1].numbers.size(), 255U);
}

TEST(ExportPath, OverridesThePeersAs) {
  auto s = accept_all_settings();
  s.overridden_as = 65001;
  EXPECT_EQ(path_told(s, {{sequence, {65001, 7, 65001}}}),
            "65000 65000 7 65000");
  EXPECT_EQ(path_told(s, {{wire::segment_type::as_set, {7, 65001}}}),
            "65000 {7,65000}");
}

TEST(ExportPath, DropsPrivateNumbers) { // RFC 6996
  auto s = accept_all_settings();
  s.local_as = 100;
  s.remove_private_as = true;
  EXPECT_EQ(path_told(s, {{sequence, {64511, 64512, 65534, 65535}}}),
            "100 64511 65535");
  EXPECT_EQ(
      path_told(s, {{sequence,
                     {4199999999U, 4200000000U, 4294967294U, 4294967295U}}}),
      "100 4199999999 4294967295");
  EXPECT_EQ(path_told(s, {{sequence, {64512}},
                          {wire::segment_type::as_set, {64513}},
                          {sequence, {7}}}),
            "100 7");
  s.kept_private_as = 64513; // the peer must see that it was there
  EXPECT_EQ(path_told(s, {{sequence, {64512, 64513, 7}}}), "100 64513 7");
  s.as4 = false;
  EXPECT_EQ(path_told(s, {{sequence, {64512, 4200000000U, 7}}}), "100 7");
}

// -- next hops ----------------------------------------------------------------

TEST(ExportNextHop, StaysWhereItLiesInTheSharedSubnet) { // RFC 4271 §5.1.3
  auto s = accept_all_settings();
  auto& family = s.families[ipv4_unicast];
  family.shared = {*prefix::parse("192.0.2.0/24"),
                   ip_address::parse("192.0.2.7")};
  auto a = simple_path(65001);
  EXPECT_EQ(told(s, a)->next_hop, a.next_hop);
  a.next_hop = ip_address::parse("192.0.2.7");
  EXPECT_EQ(told(s, a)->next_hop, family.next_hop) << "the peer itself";
  a.next_hop = ip_address::parse("192.0.3.1");
  EXPECT_EQ(told(s, a)->next_hop, family.next_hop);
}

// -- AIGP ---------------------------------------------------------------------

TEST(ExportAigp, IsToldWhereItIsSpoken) { // RFC 7311 §3.3
  auto a = simple_path(65001);
  a.aigp = 40;
  auto s = towards(peer_kind::internal);
  EXPECT_EQ(told(s, a)->aigp, std::nullopt);
  s.aigp = true;
  EXPECT_EQ(told(s, a)->aigp, 40U);
  EXPECT_EQ(told(s, simple_path(65001))->aigp, std::nullopt);
}

// -- a default route ----------------------------------------------------------

TEST(ExportDefault, IsToldInPlaceOfTheTables) {
  export_world::options o;
  o.settings.families[ipv4_unicast].policy = {}; // it is not asked
  o.settings.families[ipv4_unicast].default_originate = true;
  export_world w{o};
  w.join(1);
  w.settle();
  const auto route = [&] {
    return wire::decode_canonical(
        w.peer(1).table.at(*prefix::parse("0.0.0.0/0")));
  };
  EXPECT_EQ(to_string(route().as_path), "65000");
  EXPECT_EQ(w.peer(1).table.size(), 1U);
  EXPECT_EQ(w.group->advertised(w.members.at(1).index, ipv4_unicast), 1U);
  w.announce("0.0.0.0/0", w.set(simple_path(65001)), 9);
  w.settle();
  w.withdraw("0.0.0.0/0");
  w.settle();
  EXPECT_EQ(to_string(route().as_path), "65000");
  EXPECT_EQ(w.peer(1).announced, 1U);
}

TEST(ExportDefault, IsWithdrawnWhereTheNextGroupHasNone) {
  export_world w{{}};
  w.join(1, true, false, 0, true);
  w.settle();
  EXPECT_TRUE(w.peer(1).table.empty());
  w.announce("0.0.0.0/0", w.set(simple_path(65001)), 9);
  w.settle();
  w.join(2, true, false, 0, true); // the table has one in its place
  w.settle();
  EXPECT_EQ(w.peer(2).table.size(), 1U);
}

TEST(ExportDefault, IsToldAgainOnRefresh) { // RFC 2918 §4
  export_world::options o;
  o.settings.families[ipv6_unicast].default_originate = true;
  export_world w{o};
  w.join(1);
  w.settle();
  w.group->refresh(w.members.at(1).index, ipv6_unicast);
  w.settle();
  EXPECT_EQ(w.peer(1).events, (std::vector<std::string>{"+::/0", "+::/0"}));
}

TEST(ExportDefault, NeedsANextHopOfItsFamily) {
  export_world::options o;
  o.settings.families[ipv6_unicast].next_hop.reset();
  o.settings.families[ipv6_unicast].default_originate = true;
  export_world w{o};
  w.join(1);
  w.settle();
  EXPECT_TRUE(w.peer(1).table.empty());
}

} // namespace troupe::rib::testing
