#include "config/diff.hpp"

#include "tests/config/config_support.hpp"
#include "tests/config/generate.hpp"
#include "tests/config/validation_rule.hpp"

#include <gmock/gmock.h>

#include <set>

namespace troupe::config::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The changes from the sound configuration to a patched one, as text.
std::vector<std::string> changes(const std::vector<patch>& patches) {
  std::vector<std::string> result;
  for (const auto& c : diff(loaded(sound()), loaded(patched(patches))))
    result.push_back(to_string(c));
  return result;
}

struct field_case {
  std::string field;
  std::string value;
  std::string change; ///< behind "neighbor b changed: "
};

TEST(Diff, SaysOfEachFieldWhetherTheSessionMustBeReset) {
  const field_case cases[] = {
      {"/group", R"("g")", "group"},
      {"/description", R"("x")", "description"},
      {"/address", R"("127.0.0.9")", "address (reset)"},
      {"/address", R"("127.0.9.0/24")", "address, passive (reset)"},
      {"/interface", R"("eth0")", "interface (reset)"},
      {"/port", "1790", "port (reset)"},
      {"/remote_asn", R"("internal")", "remote_asn (reset)"},
      {"/local_address", R"("127.0.0.1")", "local_address (reset)"},
      {"/local_port", "7", "local_port (reset)"},
      {"/passive", "true", "passive"},
      {"/enabled", "false", "enabled"},
      {"/multihop", "2", "multihop (reset)"},
      {"/min_ttl", "255", "min_ttl (reset)"},
      {"/md5_key", R"("x")", "md5_key (reset)"},
      {"/dynamic_limit", "7", "dynamic_limit"},
      {"/max_memory", "7", "max_memory"},
      {"/malformed_nlri", R"("disable")", "malformed_nlri"},
      {"/timers", R"({"hold": "60s"})",
       "timers.hold, timers.keepalive (reset)"},
      {"/timers", R"({"keepalive": "7s"})", "timers.keepalive"},
      {"/timers", R"({"connect_retry": "7s"})", "timers.connect_retry"},
      {"/timers", R"({"idle_hold": "7s"})", "timers.idle_hold"},
      {"/timers", R"({"delay_open": "7s"})", "timers.delay_open"},
      {"/timers", R"({"send_hold": "10m"})", "timers.send_hold"},
      {"/timers", R"({"connect_retry_jitter": [1, 1]})",
       "timers.connect_retry_jitter"},
      {"/timers", R"({"idle_hold_jitter": [1, 1]})", "timers.idle_hold_jitter"},
      {"/extended_messages", "false", "extended_messages (reset)"},
      {"/graceful_restart", R"({"mode": "off"})",
       "graceful_restart.mode (reset)"},
      {"/graceful_restart", R"({"restart_time": "60s"})",
       "graceful_restart.restart_time (reset)"},
      {"/graceful_restart", R"({"stale_time": "500s"})",
       "graceful_restart.stale_time"},
      {"/graceful_restart", R"({"forwarding": "lost"})",
       "graceful_restart.forwarding (reset)"},
      {"/route_reflector_client", "true", "route_reflector_client (reset)"},
      {"/enforce_first_as", "false", "enforce_first_as (import again)"},
      {"/deterministic_collision_resolution", "true",
       "deterministic_collision_resolution"},
      {"/remove_private_as", "true", "remove_private_as (export again)"},
      {"/next_hop_self", "true", "next_hop_self (export again)"},
      {"/families/ipv6_unicast", "{}", "families.ipv6_unicast (reset)"},
      {"/families/ipv4_unicast/next_hop", R"("10.0.0.1")",
       "families.ipv4_unicast.next_hop (export again)"},
      {"/families/ipv4_unicast/import", R"("reject")",
       "families.ipv4_unicast.import (import again)"},
      {"/families/ipv4_unicast/export", R"("p")",
       "families.ipv4_unicast.export (export again)"},
      {"/tcp_ao", R"({"key": "x"})", "tcp_ao (reset)"},
      {"/enhanced_route_refresh", "false", "enhanced_route_refresh (reset)"},
      {"/required_capabilities", R"(["route_refresh"])",
       "required_capabilities (reset)"},
      {"/graceful_restart", R"({"notification": false})",
       "graceful_restart.notification (reset)"},
      {"/graceful_restart", R"({"long_lived_stale_time": "1d"})",
       "graceful_restart.long_lived_stale_time (reset)"},
      {"/allow_own_as", "1", "allow_own_as (import again)"},
      {"/aigp", "false", "aigp (import and export again)"},
      {"/graceful_shutdown", "true",
       "graceful_shutdown (import and export again)"},
      {"/honor_graceful_shutdown", "false",
       "honor_graceful_shutdown (import again)"},
      {"/families/ipv4_unicast/default_originate", "true",
       "families.ipv4_unicast.default_originate (export again)"},
      {"/families/ipv4_unicast/max_prefixes", "7",
       "families.ipv4_unicast.max_prefixes"},
      {"/families/ipv4_unicast/add_path", R"({"receive": true})",
       "families.ipv4_unicast.add_path.receive (reset)"},
      {"/families/ipv4_unicast/add_path", R"({"send": "all"})",
       "families.ipv4_unicast.add_path.send (reset)"},
  };
  for (const auto& [field, value, change] : cases)
    EXPECT_THAT(changes({{b + field, value}, {r0 + "/groups", R"({"g":{}})"}}),
                ElementsAre("neighbor b changed: " + change))
        << field;
}

TEST(Diff, SaysSoOfFieldsOfExternalNeighbors) {
  EXPECT_THAT(changes({{a + "/role", R"("peer")"}}),
              ElementsAre("neighbor a changed: role (reset)"));
  EXPECT_THAT(
      changes({{a + "/role", R"("peer")"}, {a + "/strict_role", "true"}}),
      ElementsAre("neighbor a changed: role, strict_role (reset)"));
  EXPECT_THAT(changes({{a + "/local_as", "65010"}}),
              ElementsAre("neighbor a changed: local_as (reset)"));
  EXPECT_THAT(changes({{a + "/as_override", "true"}}),
              ElementsAre("neighbor a changed: as_override (export again)"));
  EXPECT_THAT(
      changes({{a + "/third_party_next_hop", "true"}}),
      ElementsAre("neighbor a changed: third_party_next_hop (export again)"));
  EXPECT_THAT(
      changes({{a + "/local_as", "65010"}, {a + "/local_as_prepend", "true"}}),
      ElementsAre("neighbor a changed: local_as, local_as_prepend (reset)"));
  EXPECT_THAT(changes({{a + "/route_server_client", "true"}}),
              ElementsAre("neighbor a changed: route_server_client (reset)"));
}

TEST(Diff, NamesTheNeighborsThatUseAChangedPolicy) {
  EXPECT_THAT(changes({{r0 + "/policies/p/0/then", R"("reject")"}}),
              ElementsAre("neighbor a changed: "
                          "families.ipv4_unicast.export (export again)"));
}

TEST(Diff, DoesNotMindPoliciesThatNobodyUses) {
  EXPECT_THAT(changes({{r0 + "/policies/q", "[]"}}), IsEmpty());
}

TEST(Diff, NamesNeighborsAndRoutersThatComeAndGo) {
  EXPECT_THAT(changes({{b + "/name", R"("d")"}}),
              ElementsAre("neighbor b removed", "neighbor d added"));
  EXPECT_THAT(changes({{r1 + "/name", R"("three")"}}),
              ElementsAre("router two removed", "router three added"));
}

TEST(Diff, MovesANeighborFromRouterToRouter) {
  auto after = loaded(sound());
  after.routers[1].neighbors.push_back(after.routers[0].neighbors[1]);
  after.routers[0].neighbors.pop_back();
  EXPECT_THAT(diff(loaded(sound()), after),
              ElementsAre(change{neighbor_removed{"one", "b"}},
                          change{neighbor_added{"two", "b"}}));
}

TEST(Diff, NamesChangedFieldsOfARouter) {
  EXPECT_THAT(changes({{r1 + "/asn", "65003"}}),
              ElementsAre("router two changed: asn (restart)"));
  EXPECT_THAT(changes({{r1 + "/router_id", R"("1.1.1.1")"}}),
              ElementsAre("router two changed: router_id (restart)"));
  EXPECT_THAT(changes({{r1 + "/cluster_id", R"("1.1.1.1")"}}),
              ElementsAre("router two changed: cluster_id (restart)"));
  EXPECT_THAT(changes({{r1 + "/confederation",
                        R"({"identifier": 65000, "members": []})"}}),
              ElementsAre("router two changed: confederation (restart)"));
  EXPECT_THAT(
      changes({{r1 + "/always_compare_med", "true"}}),
      ElementsAre("router two changed: always_compare_med (decide again)"));
  EXPECT_THAT(
      changes({{r1 + "/med_missing_worst", "true"}}),
      ElementsAre("router two changed: med_missing_worst (decide again)"));
  EXPECT_THAT(changes({{r1 + "/shards", "2"}}),
              ElementsAre("router two changed: shards (restart)"));
  EXPECT_THAT(changes({{r1 + "/listen", R"(["127.0.0.9:1790"])"}}),
              ElementsAre("router two changed: listen"));
  EXPECT_THAT(changes({{r1 + "/units", R"([{"local_address": "127.0.0.2"}])"}}),
              ElementsAre("router two changed: units"));
}

TEST(Diff, NamesTheNeighborsThatTakeTheRoutersGracefulShutdown) {
  const std::vector<patch> before = {{b + "/graceful_shutdown", "false"}};
  auto after = before;
  after.push_back({r0 + "/graceful_shutdown", "true"});
  std::vector<std::string> result;
  for (const auto& c : diff(loaded(patched(before)), loaded(patched(after))))
    result.push_back(to_string(c));
  EXPECT_THAT(result, ElementsAre("router one changed: graceful_shutdown",
                                  "neighbor a changed: graceful_shutdown "
                                  "(import and export again)"));
}

TEST(Diff, NamesOriginatedPrefixes) {
  const auto before = loaded(sound());
  const auto after = loaded(
      patched({{r0 + "/originate", R"(["10.0.0.0/8", "10.1.0.0/16"])"}}));
  const auto p = [](const char* text) {
    return *protocol::prefix::parse(text);
  };
  EXPECT_THAT(
      diff(before, after),
      ElementsAre(change{originate_changed{
          "one", {p("192.0.2.0/24")}, {p("10.0.0.0/8"), p("10.1.0.0/16")}}}));
}

TEST(Diff, NamesFieldsOfTheDaemon) {
  EXPECT_THAT(changes({{"/admin", R"({"listen": []})"},
                       {"/log", R"({"level": "warn"})"},
                       {"/data_dir", R"("x")"},
                       {"/on_sigterm", R"("graceful_restart")"},
                       {"/fault_injection", "true"},
                       {"/threads", R"({"workers": 3})"},
                       {"/supervision", R"({"restarts": 9})"}}),
              ElementsAre("daemon changed: admin, log, data_dir, on_sigterm, "
                          "fault_injection, threads, supervision"));
}

TEST(Diff, DoesNotMindTheOrderOfLists) {
  auto before = loaded(sound());
  before.routers[0].originate.push_back(*protocol::prefix::parse("10.0.0.0/8"));
  before.routers[0].listen.push_back({protocol::ip_address{}, 7, 0});
  before.routers[0].units = {{protocol::ip_address::v4(1), {}, ""},
                             {protocol::ip_address::v4(2), {}, ""}};
  auto after = before;
  for (auto& r : after.routers) {
    std::reverse(r.neighbors.begin(), r.neighbors.end());
    std::reverse(r.originate.begin(), r.originate.end());
    std::reverse(r.listen.begin(), r.listen.end());
    std::reverse(r.units.begin(), r.units.end());
  }
  std::reverse(after.routers.begin(), after.routers.end());
  EXPECT_THAT(diff(before, after), IsEmpty());
}

TEST(Diff, OfAConfigurationWithItselfIsEmpty) {
  EXPECT_TRUE(rc::check([] {
    const auto value = arbitrary_configuration();
    RC_ASSERT(diff(value, value).empty());
  }));
}

TEST(Diff, NamesExactlyTheNeighborsThatDiffer) {
  EXPECT_TRUE(rc::check([] {
    auto before = arbitrary_configuration();
    auto after = before;
    std::set<std::string> expected;
    for (std::size_t i = 0; i < after.routers.size(); ++i)
      for (auto& n : after.routers[i].neighbors)
        if (*rc::gen::arbitrary<bool>()) {
          const auto number =
              static_cast<unsigned>(std::stoul(n.name.substr(1)));
          const auto old = n;
          n = arbitrary_neighbor(number);
          if (!(n == old))
            expected.insert(n.name);
        }
    std::set<std::string> named;
    for (const auto& c : diff(before, after))
      named.insert(std::get<neighbor_changed>(c).name);
    RC_ASSERT(named == expected);
  }));
}

} // namespace
} // namespace troupe::config::testing
