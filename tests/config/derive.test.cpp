#include "config/derive.hpp"

#include <gmock/gmock.h>

namespace troupe::config {

namespace wire = protocol::wire;
using protocol::ip_address;
using protocol::ipv4_unicast;
using protocol::ipv6_unicast;

namespace {

class Derive : public ::testing::Test {
protected:
  Derive() {
    r.name = "r";
    r.asn = 65000;
    r.router_id = {7};
    n.name = "n";
    n.address = ip_address::parse("10.0.0.2");
    n.remote = {remote_asn::kind::number, 65001};
    n.families[ipv4_unicast] = {};
    n.families[ipv6_unicast] = {};
    agreed.as4 = true;
    agreed.peer_as = 65001;
    agreed.families = {{ipv4_unicast, false, false},
                       {ipv6_unicast, false, false}};
  }
  session_facts facts(const char* local = "10.0.0.1") {
    return {agreed, rib::neighbor_index{1}, *ip_address::parse(local),
            *n.address, 1};
  }
  rib::export_settings exported(const char* local = "10.0.0.1") {
    return export_settings(r, n, facts(local));
  }

  router r;
  neighbor n;
  wire::negotiated agreed;
};

} // namespace

TEST_F(Derive, TheOpenNamesWhatTheConfigurationOffers) {
  n.local_as = 65010;
  const auto s = fsm_settings(r, n, *n.address);
  EXPECT_EQ(s.open.my_as, 65010U);
  EXPECT_EQ(s.open.identifier, r.router_id);
  EXPECT_EQ(s.remote_as, 65001U);
  EXPECT_NE(s.open.find<wire::route_refresh_capability>(), nullptr);
  EXPECT_NE(s.open.find<wire::extended_message_capability>(), nullptr);
  EXPECT_EQ(s.open.find<wire::extended_next_hop_capability>(), nullptr);
  // Seed defect 4: ADD-PATH is offered only where it is spoken.
  EXPECT_EQ(s.open.find<wire::add_path_capability>(), nullptr);
  n.extended_messages = false;
  n.families[ipv4_unicast].add_path.receive = true;
  const auto t = fsm_settings(r, n, *ip_address::parse("2001:db8::1"));
  EXPECT_EQ(t.open.find<wire::extended_message_capability>(), nullptr);
  EXPECT_NE(t.open.find<wire::extended_next_hop_capability>(), nullptr);
  ASSERT_NE(t.open.find<wire::add_path_capability>(), nullptr);
  EXPECT_EQ(t.open.find<wire::add_path_capability>()->entries.size(), 1U);
}

TEST_F(Derive, AddPathIsOfferedByFamilyAndDirection) { // RFC 7911 §4
  n.families[ipv4_unicast].add_path.send = 2;
  n.families[ipv6_unicast].add_path = {true, add_path_config::all};
  const auto s = fsm_settings(r, n, *n.address);
  const auto* offered = s.open.find<wire::add_path_capability>();
  ASSERT_NE(offered, nullptr);
  ASSERT_EQ(offered->entries.size(), 2U);
  EXPECT_EQ(offered->entries[0].mode, wire::add_path_mode::send);
  EXPECT_EQ(offered->entries[1].mode, wire::add_path_mode::both);
}

TEST_F(Derive, SeveralPathsAreToldWhereThatIsAgreedUpon) {
  n.families[ipv4_unicast].add_path.send = 2;
  n.families[ipv6_unicast].add_path.send = add_path_config::all;
  for (const auto& [f, how] : exported().families) {
    EXPECT_FALSE(how.add_path || how.needs_candidates());
    EXPECT_EQ(how.paths, 1U);
  }
  agreed.families = {{ipv4_unicast, false, true}, {ipv6_unicast, false, true}};
  const auto told = exported().families;
  EXPECT_TRUE(told.at(ipv4_unicast).add_path);
  EXPECT_EQ(told.at(ipv4_unicast).paths, 2U);
  EXPECT_EQ(told.at(ipv6_unicast).paths, rib::export_family::all_paths);
  EXPECT_FALSE(told.at(ipv6_unicast).per_client);
}

TEST_F(Derive, AClientOfARouteServerGetsItsOwnBestPath) { // RFC 7947 §2.3
  n.route_server_client = true;
  for (const auto& [f, how] : exported().families)
    EXPECT_TRUE(how.per_client && how.needs_candidates());
}

TEST_F(Derive, CapabilitiesAscendByCode) {
  const auto all =
      fsm_settings(r, n, *ip_address::parse("2001:db8::1")).open.capabilities;
  for (std::size_t i = 1; i < all.size(); ++i)
    EXPECT_LE(wire::code_of(all[i - 1]), wire::code_of(all[i]));
}

TEST_F(Derive, AnExternalFamilyWithoutPolicyTakesAndTellsNothing) {
  EXPECT_TRUE(import_settings(r, n, facts())
                  .families.at(ipv4_unicast)
                  .policy.rejects_all()); // RFC 8212
  EXPECT_TRUE(exported().families.at(ipv4_unicast).policy.rejects_all());
  agreed.kind = protocol::peer_kind::internal;
  EXPECT_TRUE(import_settings(r, n, facts())
                  .families.at(ipv4_unicast)
                  .policy.accepts_all());
}

TEST_F(Derive, TheNextHopIsConfiguredOrOurAddressOrNone) {
  EXPECT_EQ(exported().families.at(ipv4_unicast).next_hop,
            ip_address::parse("10.0.0.1"));
  // Seed defect 20: without a usable next hop the family is silent, no more.
  EXPECT_EQ(exported().families.at(ipv6_unicast).next_hop, std::nullopt);
  n.families[ipv6_unicast].next_hop = ip_address::parse("2001:db8::9");
  EXPECT_EQ(exported().families.at(ipv6_unicast).next_hop,
            ip_address::parse("2001:db8::9"));
  EXPECT_EQ(exported("2001:db8::1").families.at(ipv4_unicast).next_hop,
            std::nullopt);
  agreed.extended_next_hop = true; // RFC 8950
  EXPECT_EQ(exported("2001:db8::1").families.at(ipv4_unicast).next_hop,
            ip_address::parse("2001:db8::1"));
}

TEST_F(Derive, BetweenLinkLocalAddressesTheNextHopIsOurGlobalOneAndBoth) {
  // RFC 2545 §3, RFC 8950 §3.
  agreed.extended_next_hop = true;
  const auto link_local = ip_address::parse("fe80::1");
  const auto global = ip_address::parse("2001:db8::1");
  auto on_link = facts("fe80::1");
  on_link.global_address = global;
  auto told = export_settings(r, n, on_link).families;
  for (const auto family : {ipv4_unicast, ipv6_unicast}) {
    EXPECT_EQ(told.at(family).next_hop, global);
    EXPECT_EQ(told.at(family).link_local_next_hop, link_local);
  }
  // Without a global one it is alone.
  told = exported("fe80::1").families;
  EXPECT_EQ(told.at(ipv6_unicast).next_hop, link_local);
  EXPECT_EQ(told.at(ipv6_unicast).link_local_next_hop, std::nullopt);
  // What is configured stands.
  n.families[ipv6_unicast].next_hop = ip_address::parse("2001:db8::9");
  told = export_settings(r, n, on_link).families;
  EXPECT_EQ(told.at(ipv6_unicast).next_hop, ip_address::parse("2001:db8::9"));
  EXPECT_EQ(told.at(ipv6_unicast).link_local_next_hop, std::nullopt);
  // IPv4 routes need the peer's consent.
  agreed.extended_next_hop = false;
  told = export_settings(r, n, on_link).families;
  EXPECT_EQ(told.at(ipv4_unicast).next_hop, std::nullopt);
  EXPECT_EQ(told.at(ipv4_unicast).link_local_next_hop, std::nullopt);
}

TEST_F(Derive, OnASharedSubnetOurLinkLocalAddressStandsBehindTheGlobalOne) {
  const auto link_local = ip_address::parse("fe80::1"); // RFC 2545 §3
  n.address = ip_address::parse("2001:db8::2");
  const auto told = [&](const char* subnet) {
    auto f = facts("2001:db8::1");
    if (subnet != nullptr)
      f.subnet = protocol::prefix::parse(subnet);
    f.link_local = link_local;
    return export_settings(r, n, f).families.at(ipv6_unicast);
  };
  EXPECT_EQ(told("2001:db8::/64").link_local_next_hop, link_local);
  EXPECT_EQ(told("2001:db8::/64").shared, std::nullopt) << "nothing is kept";
  EXPECT_EQ(told(nullptr).link_local_next_hop, std::nullopt);
  EXPECT_EQ(told("2001:db8::/127").link_local_next_hop, std::nullopt)
      << "the peer is outside";
  // A route server keeps both addresses of its clients: one group for all.
  n.route_server_client = true;
  const auto kept = told("2001:db8::/64").shared;
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->third_party_for, std::nullopt);
  n.route_server_client = false;
  n.families[ipv6_unicast].next_hop = ip_address::parse("2001:db8::9");
  EXPECT_EQ(told("2001:db8::/64").link_local_next_hop, std::nullopt);
  n.families[ipv6_unicast].next_hop.reset();
  n.multihop = 2;
  EXPECT_EQ(told("2001:db8::/64").link_local_next_hop, std::nullopt);
  n.multihop = 1;
  agreed.kind = protocol::peer_kind::internal; // there it may be left out
  EXPECT_EQ(told("2001:db8::/64").link_local_next_hop, std::nullopt);
  EXPECT_EQ(told("2001:db8::/64").shared, std::nullopt);
}

TEST_F(Derive, AnUnnumberedNeighborIsToldOfIpv6NextHopsAndIsOfAnyAs) {
  n.address.reset();
  n.interface = "eth0";
  n.remote = {remote_asn::kind::external, 0};
  const auto s = fsm_settings(r, n, *ip_address::parse("::"));
  EXPECT_NE(s.open.find<wire::extended_next_hop_capability>(), nullptr);
  EXPECT_EQ(s.remote_as, std::nullopt);
  EXPECT_EQ(s.remote_kind, protocol::peer_kind::external);
  n.remote.what = remote_asn::kind::internal;
  EXPECT_EQ(fsm_settings(r, n, *ip_address::parse("::")).remote_kind,
            protocol::peer_kind::internal);
}

TEST_F(Derive, InternalPeersKeepTheNextHopUnlessToldOtherwise) {
  agreed.kind = protocol::peer_kind::internal;
  EXPECT_TRUE(exported().families.at(ipv4_unicast).keep_next_hop);
  n.next_hop_self = true;
  EXPECT_FALSE(exported().families.at(ipv4_unicast).keep_next_hop);
}

TEST_F(Derive, AConfederationHasOneAsWithinAndOneOutside) { // RFC 5065 §4
  r.confederation = {100, {65001}};
  const auto within = fsm_settings(r, n, *n.address);
  EXPECT_EQ(within.open.my_as, 65000U);
  EXPECT_EQ(within.open.find<wire::four_octet_as_capability>()->as, 65000U);
  EXPECT_EQ(within.remote_kind, protocol::peer_kind::confederation);
  EXPECT_THAT(within.confederation_members,
              ::testing::UnorderedElementsAre(65000, 65001));
  n.remote.number = 65002;
  const auto outside = fsm_settings(r, n, *n.address);
  EXPECT_EQ(outside.open.my_as, 100U);
  EXPECT_EQ(outside.open.find<wire::four_octet_as_capability>()->as, 100U);
  EXPECT_EQ(outside.remote_kind, protocol::peer_kind::external);
  // What the OPENs then say is what was meant.
  wire::open_message theirs;
  theirs.my_as = 65001;
  EXPECT_EQ(wire::negotiate(within.open, theirs, within.keepalive,
                            within.confederation_members)
                .kind,
            protocol::peer_kind::confederation);
}

TEST_F(Derive, AMemberOfOurConfederationIsServedLikeAnInternalPeer) {
  r.confederation = {100, {65001}};
  agreed.kind = protocol::peer_kind::confederation;
  const auto import = import_settings(r, n, facts());
  EXPECT_TRUE(import.families.at(ipv4_unicast).policy.accepts_all());
  EXPECT_EQ(import.local_as, 65000U);
  EXPECT_EQ(import.confederation, (rib::confederation_facts{100, 65000}));
  EXPECT_EQ(exported().local_as, 65000U);
  EXPECT_TRUE(exported().families.at(ipv4_unicast).policy.accepts_all());
  EXPECT_TRUE(exported().families.at(ipv4_unicast).keep_next_hop); // §5.2
  n.next_hop_self = true;
  EXPECT_FALSE(exported().families.at(ipv4_unicast).keep_next_hop);
  n.remote.number = 65002;
  agreed.kind = protocol::peer_kind::external;
  EXPECT_EQ(exported().local_as, 100U);
  EXPECT_EQ(import_settings(r, n, facts()).local_as, 100U);
}

TEST_F(Derive, NeighborsThatAreToldTheSameHaveEqualSettings) {
  const auto one = exported();
  n.name = "other";
  n.address = ip_address::parse("10.0.0.3");
  agreed.peer_as = 65002;
  EXPECT_EQ(exported(), one);
  agreed.as4 = false;
  EXPECT_FALSE(exported() == one);
}

TEST_F(Derive, OnlyWhatWasNegotiatedIsImportedAndExported) {
  agreed.families.pop_back();
  EXPECT_EQ(exported().families.size(), 1U);
  EXPECT_EQ(import_settings(r, n, facts()).families.size(), 1U);
}

TEST_F(Derive, AReflectorKnowsItsClients) { // RFC 4456 §8
  agreed.kind = protocol::peer_kind::internal;
  EXPECT_FALSE(exported().reflector_client);
  EXPECT_EQ(exported().cluster_id, r.router_id);
  EXPECT_FALSE(import_settings(r, n, facts()).neighbor.reflector_client);
  n.route_reflector_client = true;
  r.cluster_id = protocol::router_id{8};
  EXPECT_TRUE(exported().reflector_client);
  EXPECT_EQ(exported().cluster_id, protocol::router_id{8});
  EXPECT_TRUE(import_settings(r, n, facts()).neighbor.reflector_client);
  agreed.kind = protocol::peer_kind::external; // by its OPEN
  EXPECT_FALSE(exported().reflector_client);
  EXPECT_FALSE(import_settings(r, n, facts()).neighbor.reflector_client);
}

TEST_F(Derive, ARouteServerKeepsNextHopsUnlessToldOtherwise) { // RFC 7947
  n.route_server_client = true;
  EXPECT_TRUE(exported().route_server_client);
  EXPECT_TRUE(exported().families.at(ipv4_unicast).keep_next_hop);
  n.families[ipv4_unicast].next_hop = ip_address::parse("10.0.0.9");
  EXPECT_FALSE(exported().families.at(ipv4_unicast).keep_next_hop);
  agreed.kind = protocol::peer_kind::internal;
  EXPECT_FALSE(exported().route_server_client);
}

TEST_F(Derive, PathsAreRewrittenForExternalPeersAlone) {
  n.local_as = 65010;
  EXPECT_EQ(exported().further_as, 0U);
  n.local_as_prepend = n.as_override = n.remove_private_as = true;
  EXPECT_EQ(exported().local_as, 65010U);
  EXPECT_EQ(exported().further_as, 65000U);
  EXPECT_EQ(exported().overridden_as, 65001U);
  EXPECT_TRUE(exported().remove_private_as);
  EXPECT_EQ(exported().kept_private_as, 65001U) << "by which it sees loops";
  agreed.peer_as = 200;
  EXPECT_EQ(exported().kept_private_as, 0U);
  r.confederation = {100, {65020}};
  EXPECT_EQ(exported().further_as, 100U) << "members stay within";
  agreed.kind = protocol::peer_kind::internal;
  EXPECT_EQ(exported().further_as, 0U);
  EXPECT_EQ(exported().overridden_as, 0U);
  EXPECT_FALSE(exported().remove_private_as);
}

TEST_F(Derive, AThirdPartyNextHopNeedsASharedSubnet) { // RFC 4271 §5.1.3
  const auto third_party = [&](const char* subnet) {
    auto f = facts();
    if (subnet != nullptr)
      f.subnet = protocol::prefix::parse(subnet);
    return export_settings(r, n, f).families.at(ipv4_unicast).shared;
  };
  EXPECT_EQ(third_party("10.0.0.0/24"), std::nullopt);
  n.third_party_next_hop = true;
  EXPECT_EQ(third_party(nullptr), std::nullopt);
  EXPECT_EQ(third_party("10.0.0.0/31"), std::nullopt) << "the peer is outside";
  const auto found = third_party("10.0.0.0/24");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->third_party_for, n.address);
  n.multihop = 2;
  EXPECT_EQ(third_party("10.0.0.0/24"), std::nullopt);
}

TEST_F(Derive, WhatIsToldDependsOnTheSession) {
  auto one = exported();
  EXPECT_EQ(one.role, std::nullopt);
  EXPECT_FALSE(one.long_lived);
  n.role = bgp_role::peer; // RFC 9234 §5
  EXPECT_EQ(exported().role, wire::bgp_role::peer);
  agreed.long_lived.emplace(); // RFC 9494 §4.3
  EXPECT_TRUE(exported().long_lived);
  EXPECT_FALSE(exported().aigp); // RFC 7311 §3.3
  n.aigp = true;
  EXPECT_TRUE(exported().aigp);
  n.families[ipv4_unicast].default_originate = true;
  EXPECT_TRUE(exported().families.at(ipv4_unicast).default_originate);
  EXPECT_FALSE(exported().families.at(ipv6_unicast).default_originate);
  agreed.kind = protocol::peer_kind::internal;
  EXPECT_EQ(exported().role, std::nullopt);
}

TEST_F(Derive, AShutdownIsTheRoutersOrTheNeighbors) { // RFC 8326 §4
  EXPECT_FALSE(exported().graceful_shutdown);
  r.graceful_shutdown = true;
  EXPECT_TRUE(exported().graceful_shutdown);
  n.graceful_shutdown = false;
  EXPECT_FALSE(exported().graceful_shutdown);
  EXPECT_FALSE(import_settings(r, n, facts()).graceful_shutdown);
  r.graceful_shutdown = false;
  n.graceful_shutdown = true;
  EXPECT_TRUE(exported().graceful_shutdown);
  EXPECT_TRUE(import_settings(r, n, facts()).graceful_shutdown);
}

TEST_F(Derive, TheRoleIsSaidOnExternalSessions) { // RFC 9234 §4.1
  const auto said = [&] {
    const auto s = fsm_settings(r, n, *n.address);
    const auto* role = s.open.find<wire::role_capability>();
    return role ? std::optional{role->role} : std::nullopt;
  };
  EXPECT_EQ(said(), std::nullopt);
  const std::pair<bgp_role, wire::bgp_role> roles[] = {
      {bgp_role::provider, wire::bgp_role::provider},
      {bgp_role::route_server, wire::bgp_role::route_server},
      {bgp_role::route_server_client, wire::bgp_role::route_server_client},
      {bgp_role::customer, wire::bgp_role::customer},
      {bgp_role::peer, wire::bgp_role::peer}};
  for (const auto& [configured, wired] : roles) {
    n.role = configured;
    EXPECT_EQ(said(), wired);
    EXPECT_EQ(import_settings(r, n, facts()).role, wired);
  }
  EXPECT_FALSE(fsm_settings(r, n, *n.address).strict_role);
  n.strict_role = true;
  EXPECT_TRUE(fsm_settings(r, n, *n.address).strict_role);
  n.remote = {remote_asn::kind::internal, 0};
  EXPECT_EQ(said(), std::nullopt);
  agreed.kind = protocol::peer_kind::internal;
  EXPECT_EQ(import_settings(r, n, facts()).role, std::nullopt);
}

TEST_F(Derive, EveryAsNumberOfOursCountsAsOurs) { // RFC 4271 §9.1.2
  auto s = import_settings(r, n, facts());
  EXPECT_EQ(s.local_as, 65000U);
  EXPECT_TRUE(s.further_own_as.empty());
  n.local_as = 65010;
  n.allow_own_as = 3;
  s = import_settings(r, n, facts());
  EXPECT_EQ(s.local_as, 65010U);
  EXPECT_EQ(s.further_own_as, std::vector<protocol::as_number>{65000});
  EXPECT_EQ(s.allow_own_as, 3U);
}

TEST_F(Derive, AigpIsSpokenWithinTheAsUnlessToldOtherwise) { // RFC 7311 §3.3
  EXPECT_FALSE(import_settings(r, n, facts()).aigp);
  n.aigp = true;
  EXPECT_TRUE(import_settings(r, n, facts()).aigp);
  n.aigp.reset();
  agreed.kind = protocol::peer_kind::internal;
  EXPECT_TRUE(import_settings(r, n, facts()).aigp);
  n.aigp = false;
  EXPECT_FALSE(import_settings(r, n, facts()).aigp);
}

TEST_F(Derive, ShutdownIsHonoredUnlessToldOtherwise) { // RFC 8326 §4
  EXPECT_TRUE(import_settings(r, n, facts()).honor_graceful_shutdown);
  n.honor_graceful_shutdown = false;
  EXPECT_FALSE(import_settings(r, n, facts()).honor_graceful_shutdown);
}

TEST_F(Derive, TheRouterSaysHowItsTablesDecide) {
  EXPECT_EQ(decision_options(r), rib::decision_options{});
  r.always_compare_med = true;
  EXPECT_EQ(decision_options(r), (rib::decision_options{true, false}));
  r.med_missing_worst = true;
  EXPECT_EQ(decision_options(r), (rib::decision_options{true, true}));
}

} // namespace troupe::config
