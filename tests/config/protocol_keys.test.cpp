#include "config/derive.hpp"
#include "config/print.hpp"
#include "tests/config/validation_rule.hpp"

#include <gmock/gmock.h>

#include <algorithm>

// The keys of what RFCs add to BGP: how they are read, merged and checked.

namespace troupe::config::testing {
namespace {

using namespace std::chrono_literals;
using protocol::peer_kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string a_limit = a + v4 + "/max_prefixes";
const std::string limit_path = a_path + ".families.ipv4_unicast.max_prefixes";

neighbor neighbor_a(const std::vector<patch>& patches) {
  const auto value = loaded(patched(patches));
  return value.routers.empty() ? neighbor{} : value.routers[0].neighbors[0];
}

max_prefixes_config limit_of_a(const std::vector<patch>& patches) {
  return neighbor_a(patches)
      .families[protocol::ipv4_unicast]
      .max_prefixes.value_or(max_prefixes_config{});
}

// -- reading ------------------------------------------------------------------

TEST(ProtocolKeys, AreReadOfARouter) {
  const auto value = loaded(patched(
      {{r0 + "/confederation", R"({"identifier": 65000, "members": [2, 1]})"},
       {r0 + "/always_compare_med", "true"},
       {r0 + "/med_missing_worst", "true"},
       {r0 + "/graceful_shutdown", "true"}}));
  ASSERT_EQ(value.routers.size(), 2U);
  const auto& r = value.routers[0];
  EXPECT_EQ(r.confederation, (confederation_config{65000, {1, 2}}));
  EXPECT_TRUE(r.always_compare_med);
  EXPECT_TRUE(r.med_missing_worst);
  EXPECT_TRUE(r.graceful_shutdown);
}

TEST(ProtocolKeys, AreReadOfANeighbor) {
  const auto n = neighbor_a(
      {{r0 + "/defaults", R"({ "graceful_shutdown": true, "aigp": true,
          "honor_graceful_shutdown": false, "allow_own_as": 3,
          "required_capabilities": ["four_octet_as", "ipv4_unicast"],
          "enhanced_route_refresh": false,
          "graceful_restart": { "notification": false,
                                "long_lived_stale_time": "16777215s" },
          "tcp_ao": { "algorithm": "aes-128-cmac-96", "key": "k" } })"},
       {a + "/role", R"("peer")"},
       {a + "/strict_role", "true"},
       {a + "/tcp_ao", R"({ "id": 255 })"},
       {a + "/local_as", "65010"},
       {a + "/local_as_prepend", "true"},
       {a + "/third_party_next_hop", "true"},
       {a + v4 + "/default_originate", "true"}});
  EXPECT_EQ(n.graceful_shutdown, true);
  EXPECT_EQ(n.aigp, true);
  EXPECT_FALSE(n.honor_graceful_shutdown);
  EXPECT_EQ(n.allow_own_as, 3);
  EXPECT_THAT(n.required_capabilities,
              ElementsAre(required_capability::ipv4_unicast,
                          required_capability::four_octet_as));
  EXPECT_FALSE(n.enhanced_route_refresh);
  EXPECT_FALSE(n.graceful_restart.notification);
  EXPECT_EQ(n.graceful_restart.long_lived_stale_time, 16777215s);
  EXPECT_EQ(n.tcp_ao,
            (tcp_ao_config{255, tcp_ao_algorithm::aes_128_cmac_96, "k"}));
  EXPECT_TRUE(n.strict_role);
  EXPECT_TRUE(n.local_as_prepend);
  EXPECT_TRUE(n.third_party_next_hop);
  EXPECT_TRUE(n.families.at(protocol::ipv4_unicast).default_originate);
}

TEST(ProtocolKeys, TcpAoOfTheDefaultsIsSwitchedOffWithFalse) {
  const auto n =
      neighbor_a({{r0 + "/defaults", R"({ "tcp_ao": { "key": "k" } })"},
                  {a + "/tcp_ao", "false"},
                  {a + "/md5_key", R"("x")"}});
  EXPECT_EQ(n.tcp_ao, std::nullopt);
  EXPECT_EQ(n.md5_key, "x");
}

TEST(MaxPrefixes, IsANumberOrAnObject) {
  EXPECT_EQ(limit_of_a({{a_limit, "7"}}), max_prefixes_config{.limit = 7});
  EXPECT_EQ(limit_of_a({{a_limit, R"({ "limit": 7, "count": "accepted",
                "warn_at": 100, "action": "restart",
                "restart_after": "5m" })"}}),
            (max_prefixes_config{7, prefix_count::accepted, 100,
                                 max_prefixes_action::restart, 5min}));
}

TEST(MaxPrefixes, ANumberChangesTheLimitOfAnInheritedObject) {
  const patch group = {r0 + "/defaults", R"({ "families": { "ipv4_unicast": {
      "max_prefixes": { "limit": 7, "action": "warn" } } } })"};
  const max_prefixes_config expected{.limit = 8,
                                     .action = max_prefixes_action::warn};
  EXPECT_EQ(limit_of_a({group, {a_limit, "8"}}), expected);
  EXPECT_EQ(limit_of_a({group, {a_limit, R"({ "limit": 8 })"}}), expected);
}

TEST(MaxPrefixes, AnObjectKeepsAnInheritedNumber) {
  const patch group = {
      r0 + "/defaults",
      R"({ "families": { "ipv4_unicast": { "max_prefixes": 7 } } })"};
  EXPECT_EQ(limit_of_a({group, {a_limit, R"({ "warn_at": 50 })"}}),
            (max_prefixes_config{.limit = 7, .warn_at = 50}));
  EXPECT_EQ(neighbor_a({group, {a_limit, "false"}})
                .families[protocol::ipv4_unicast]
                .max_prefixes,
            std::nullopt);
}

TEST(MaxPrefixes, OfTheDefaultsIsToldOnceWhereItIsWrong) {
  const auto result =
      load_json(patched({{r0 + "/defaults", R"({ "families": { "ipv4_unicast": {
          "max_prefixes": { "limit": 0 } } } })"}})
                    .dump(2));
  EXPECT_THAT(texts(result.messages),
              ElementsAre(StartsWith(
                  "error routers[0].defaults.families.ipv4_unicast."
                  "max_prefixes.limit: must be a whole number from 1")));
}

// -- rules --------------------------------------------------------------------

class ProtocolRule : public ::testing::TestWithParam<rule> {};

TEST_P(ProtocolRule, IsToldOnceWithItsPath) {
  expect_rule(GetParam());
}

rule confederation(const char* name, const char* value, const char* message) {
  return {name,
          {{r0 + "/confederation", value}},
          std::string{"error routers[0].confederation"} + message};
}

INSTANTIATE_TEST_SUITE_P(
    Confederation, ProtocolRule,
    ::testing::Values(
        confederation("NeedsAnIdentifier", R"({"members": []})",
                      ".identifier: is missing"),
        confederation("NeedsMembers", R"({"identifier": 65000})",
                      ".members: is missing"),
        confederation("IdentifierOfOurMemberAs",
                      R"({"identifier": 65001, "members": []})",
                      ".identifier: must not be the router's asn"),
        confederation("ReservedIdentifier",
                      R"({"identifier": 23456, "members": []})",
                      ".identifier: 0 and 23456"),
        confederation("ReservedMember",
                      R"({"identifier": 65000, "members": [0]})",
                      ".members: 0 and 23456"),
        confederation("MemberTwice",
                      R"({"identifier": 65000, "members": [7, 8, 7]})",
                      ".members[2]: is given twice"),
        confederation("OurAsAmongTheMembers",
                      R"({"identifier": 65000, "members": [65001]})",
                      ".members: are the other member ASes"),
        confederation("IdentifierAmongTheMembers",
                      R"({"identifier": 65000, "members": [65000]})",
                      ".members: must not hold the identifier"),
        confederation("MemberBeyondFourOctets",
                      R"({"identifier": 65000, "members": [4294967296]})",
                      ".members[0]: must be a whole number"),
        rule{"NeighborOfTheIdentifier",
             {{r0 + "/confederation",
               R"({"identifier": 65002, "members": []})"}},
             "error " + a_path + ".remote_asn: is the identifier of our own"},
        rule{
            "NeighborThatMayBeInside",
            {{r0 + "/confederation", R"({"identifier": 65000, "members": []})"},
             {a + "/remote_asn", R"("any")"}},
            "warning " + a_path + ".remote_asn: leaves open whether"},
        rule{"LocalAsInside",
             {{r0 + "/confederation",
               R"({"identifier": 65000, "members": [65002]})"},
              {a + "/local_as", "65010"}},
             "error " + a_path + ".local_as: is for neighbours outside"},
        rule{"RoleInside",
             {{r0 + "/confederation",
               R"({"identifier": 65000, "members": [65002]})"},
              {a + "/role", R"("peer")"}},
             "warning " + a_path + ".role: is not recommended within"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Session, ProtocolRule,
    ::testing::Values(
        rule{"StrictRoleWithoutRole",
             {{a + "/strict_role", "true"}},
             "error " + a_path + ".strict_role: needs a role"},
        rule{"AsOverrideInside",
             {{b + "/as_override", "true"}},
             "error " + b_path + ".as_override: is for external"},
        rule{"ThirdPartyNextHopInside",
             {{b + "/third_party_next_hop", "true"}},
             "error " + b_path + ".third_party_next_hop: is for external"},
        rule{"ThirdPartyNextHopOverHops",
             {{a + "/third_party_next_hop", "true"}, {a + "/multihop", "2"}},
             "warning " + a_path + ".third_party_next_hop: has no effect"},
        rule{"LocalAsPrependWithoutLocalAs",
             {{a + "/local_as_prepend", "true"}},
             "error " + a_path + ".local_as_prepend: needs a local_as"},
        rule{"OwnAsTooOften",
             {{a + "/allow_own_as", "11"}},
             "error " + a_path + ".allow_own_as: must be a whole number"},
        rule{"UnknownCapability",
             {{a + "/required_capabilities", R"(["wings"])"}},
             "error " + a_path + ".required_capabilities[0]: must be \"ipv4_u"},
        rule{"CapabilityTwice",
             {{a + "/required_capabilities", R"(["role", "role"])"}},
             "error " + a_path + ".required_capabilities[1]: is given twice"},
        rule{"LongLivedWithoutGracefulRestart",
             {{a + "/graceful_restart",
               R"({"mode": "off", "long_lived_stale_time": "1h"})"}},
             "error " + a_path
                 + ".graceful_restart.long_lived_stale_time: needs"},
        rule{"LongLivedBeyondThreeOctets",
             {{a + "/graceful_restart",
               R"({"long_lived_stale_time": "16777216s"})"}},
             "error " + a_path
                 + ".graceful_restart.long_lived_stale_time: must be whole"},
        rule{"LongLivedOfAFraction",
             {{a + "/graceful_restart",
               R"({"long_lived_stale_time": "1500ms"})"}},
             "error " + a_path
                 + ".graceful_restart.long_lived_stale_time: must be whole"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    TcpAo, ProtocolRule,
    ::testing::Values(
        rule{"BesideMd5",
             // RFC 5925 §1
             {{a + "/tcp_ao", R"({"key": "k"})"}, {a + "/md5_key", R"("k")"}},
             "error " + a_path + ".tcp_ao: cannot be together with md5_key"},
        rule{"WithoutKey",
             {{a + "/tcp_ao", R"({"id": 1})"}},
             "error " + a_path + ".tcp_ao.key: must be given"},
        rule{"EmptyKey",
             {{a + "/tcp_ao", R"({"key": ""})"}},
             "error " + a_path + ".tcp_ao.key: must have 1 to 80"},
        rule{"IdBeyondAnOctet",
             {{a + "/tcp_ao", R"({"id": 256, "key": "k"})"}},
             "error " + a_path + ".tcp_ao.id: must be a whole number"},
        rule{"UnknownAlgorithm",
             {{a + "/tcp_ao", R"({"algorithm": "md5", "key": "k"})"}},
             "error " + a_path + ".tcp_ao.algorithm: must be \"hmac-sha-1"},
        rule{"NotAnObject",
             {{a + "/tcp_ao", "true"}},
             "error " + a_path + ".tcp_ao: must be an object, or false"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    MaxPrefixes, ProtocolRule,
    ::testing::Values(
        rule{"WithoutLimit",
             {{a_limit, R"({"action": "warn"})"}},
             "error " + limit_path + ".limit: must be given"},
        rule{"OfAnotherKind",
             {{a_limit, R"("many")"}},
             "error " + limit_path + ": must be a number, an object, or"},
        rule{"WarnsAtNothing",
             {{a_limit, R"({"limit": 1, "warn_at": 0})"}},
             "error " + limit_path + ".warn_at: must be a whole number"},
        rule{"RestartsAfterNothing",
             {{a_limit, R"({"limit": 1, "action": "restart"})"}},
             "error " + limit_path + ".restart_after: must be from 1s"},
        rule{"RestartsTooLate",
             {{a_limit, R"({"limit": 1, "action": "restart",
                            "restart_after": "25h"})"}},
             "error " + limit_path + ".restart_after: must be from 1s"},
        rule{"RestartsThoughItStops",
             {{a_limit, R"({"limit": 1, "restart_after": "5m"})"}},
             "error " + limit_path + ".restart_after: is for the action"},
        rule{"UnknownKey",
             {{a_limit, R"({"limit": 1, "actoin": "warn"})"}},
             "error " + limit_path + ".actoin: is no known key; did you mean"}),
    name_of);

/// What makes `a` a neighbour without an address.
std::vector<patch> unnumbered(std::vector<patch> more) {
  more.insert(more.begin(), {{a + "/address", ""},
                             {a + "/local_address", ""},
                             {a + "/interface", R"("eth0")"}});
  return more;
}

INSTANTIATE_TEST_SUITE_P(
    Unnumbered, ProtocolRule,
    ::testing::Values(
        rule{"OverIpv4", unnumbered({{a + "/local_address", R"("127.0.0.1")"}}),
             "error " + a_path + ".local_address: must be an IPv6"},
        rule{"OverHops", unnumbered({{a + "/multihop", "2"}}),
             "error " + a_path + ".multihop: must be 1"},
        rule{"WithAKeyOfItsOwn",
             unnumbered({{a + "/md5_key", R"("secret")"},
                         {b + "/address", R"("fe80::1")"},
                         {b + "/interface", R"("eth1")"}}),
             "error " + b_path + ".md5_key: must be that of " + a_path},
        rule{"BesideOneWithAKey",
             unnumbered({{b + "/address", ""},
                         {b + "/interface", R"("eth1")"},
                         {b + "/md5_key", R"("secret")"}}),
             "error " + b_path + ".md5_key: must be that of " + a_path}),
    name_of);

TEST(Unnumbered, NeighborsMayShareAKey) {
  const auto patches = unnumbered({{a + "/md5_key", R"("secret")"},
                                   {b + "/address", R"("fe80::1")"},
                                   {b + "/interface", R"("eth1")"},
                                   {b + "/md5_key", R"("secret")"}});
  EXPECT_THAT(texts(load_json(patched(patches).dump(2)).messages), IsEmpty());
}

TEST(Unnumbered, NeedsNoMoreThanItsInterface) {
  for (const auto& more : std::vector<std::vector<patch>>{
           {},
           {{a + "/remote_asn", R"("external")"}},
           {{a + "/local_address", R"("fe80::1")"}},
           {{a + "/min_ttl", "255"}},
           {{a + "/required_capabilities", R"(["extended_next_hop"])"}},
           {{a + "/families/ipv6_unicast",
             R"({"import": "accept", "export": "accept"})"}}})
    EXPECT_THAT(texts(load_json(patched(unnumbered(more)).dump(2)).messages),
                IsEmpty());
}

TEST(RequiredCapabilities, AreWarnedOfWhereWeDoNotOfferThem) {
  const auto all = R"(["ipv4_unicast", "ipv6_unicast", "route_refresh",
    "enhanced_route_refresh", "four_octet_as", "extended_messages",
    "graceful_restart", "add_path", "extended_next_hop", "role"])";
  const std::vector<patch> none = {
      {a + "/required_capabilities", all},
      {a + "/enhanced_route_refresh", "false"},
      {a + "/extended_messages", "false"},
      {a + "/graceful_restart", R"({"mode": "off"})"}};
  const auto result = load_json(patched(none).dump(2));
  EXPECT_TRUE(result.value);
  std::string found;
  for (const auto& text : texts(result.messages))
    found += text.substr(text.find('"'), text.rfind('"'));
  for (const auto* word :
       {"ipv6_unicast", "enhanced_route_refresh", "extended_messages",
        "graceful_restart", "add_path", "extended_next_hop", "role"})
    EXPECT_THAT(found, HasSubstr(quoted(word)));
  EXPECT_EQ(result.messages.size(), 7U);
}

// -- questions ----------------------------------------------------------------

class Confederation : public ::testing::Test {
protected:
  Confederation() {
    r.asn = 65001;
    r.confederation = confederation_config{100, {65002}};
  }
  void of_as(protocol::as_number as) {
    n.remote = {remote_asn::kind::number, as};
  }
  router r;
  neighbor n;
};

TEST_F(Confederation, OurAsIsTheIdentifierOutside) { // RFC 5065 §4.1
  EXPECT_EQ(our_as(r, n), 100U);
  of_as(7);
  EXPECT_EQ(our_as(r, n), 100U);
  n.local_as = 9;
  EXPECT_EQ(our_as(r, n), 9U);
}

TEST_F(Confederation, OurAsIsTheMemberAsInside) {
  of_as(65001);
  EXPECT_EQ(our_as(r, n), 65001U);
  of_as(65002);
  EXPECT_EQ(our_as(r, n), 65001U);
  EXPECT_EQ(known_kind(r, n), peer_kind::confederation);
  n.remote = {remote_asn::kind::internal, 0};
  EXPECT_EQ(our_as(r, n), 65001U);
  r.confederation.reset();
  of_as(7);
  EXPECT_EQ(our_as(r, n), 65001U);
}

TEST_F(Confederation, AigpIsSpokenInside) { // RFC 7311 §3.1
  EXPECT_TRUE(aigp_session(r, n, peer_kind::internal, 65001));
  EXPECT_TRUE(aigp_session(r, n, peer_kind::external, 65002));
  EXPECT_FALSE(aigp_session(r, n, peer_kind::external, 7));
  n.aigp = true;
  EXPECT_TRUE(aigp_session(r, n, peer_kind::external, 7));
  n.aigp = false;
  EXPECT_FALSE(aigp_session(r, n, peer_kind::internal, 65001));
}

TEST(GracefulShutdown, IsTheRoutersUnlessTheNeighborSaysSo) {
  router r;
  neighbor n;
  EXPECT_FALSE(in_graceful_shutdown(r, n));
  n.graceful_shutdown = true;
  EXPECT_TRUE(in_graceful_shutdown(r, n));
  r.graceful_shutdown = true;
  n.graceful_shutdown = false;
  EXPECT_FALSE(in_graceful_shutdown(r, n));
  n.graceful_shutdown.reset();
  EXPECT_TRUE(in_graceful_shutdown(r, n));
}

} // namespace
} // namespace troupe::config::testing
