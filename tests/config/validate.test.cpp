#include "config/validate.hpp"

#include "tests/config/validation_rule.hpp"

#include <gmock/gmock.h>

namespace troupe::config::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ValidationRule : public ::testing::TestWithParam<rule> {};

TEST_P(ValidationRule, IsToldOnceWithItsPath) {
  expect_rule(GetParam());
}

TEST(Validation, FindsNothingWrongWithTheSoundConfiguration) {
  EXPECT_THAT(texts(load_json(sound().dump(2)).messages), IsEmpty());
}

/// A cluster of three nodes with further members.
std::string cluster(const std::string& more = "") {
  return R"({ "nodes": [ { "name": "x", "address": "127.0.1.1:51" },
                         { "name": "y", "address": "127.0.1.2:51" },
                         { "name": "z", "address": "127.0.1.3:51" } ])"
         + more + '}';
}

INSTANTIATE_TEST_SUITE_P(
    Daemon, ValidationRule,
    ::testing::Values(
        rule{"AdminListenerTwice",
             {{"/admin", R"({"listen": ["127.0.0.1:80", "127.0.0.1:80"]})"}},
             "error admin.listen[1]: is given twice"},
        rule{"AdminListenerBeyondLoopback",
             {{"/admin", R"({"listen": ["192.0.2.1:80"]})"}},
             "error admin.listen[0]: beyond loopback"},
        rule{"AdminListenerBeyondLoopbackWithTls",
             {{"/admin",
               R"({"listen": ["192.0.2.1:80"],
                   "tls": {"certificate": "c", "key": "k"}})"}},
             "warning admin.listen[0]: anyone"},
        rule{"AdminCertificateIsEmpty",
             {{"/admin", R"({"tls": {"certificate": "", "key": "k"}})"}},
             "error admin.tls.certificate: must not be empty"},
        rule{"AdminKeyIsEmpty",
             {{"/admin", R"({"tls": {"certificate": "c", "key": ""}})"}},
             "error admin.tls.key: must not be empty"},
        rule{"SupervisionWithinTooShort",
             {{"/supervision", R"({"within": "999ms"})"}},
             "error supervision.within: must be 1000ms to 1h"},
        rule{"SupervisionBackoffTooShort",
             {{"/supervision", R"({"first_backoff": "9ms"})"}},
             "error supervision.first_backoff: must be 10ms to 1h"},
        rule{"SupervisionBackoffTooLong",
             {{"/supervision", R"({"longest_backoff": "61m"})"}},
             "error supervision.longest_backoff: must be 10ms to 1h"},
        rule{"SupervisionBackoffsInOrder",
             {{"/supervision",
               R"({"first_backoff": "2s", "longest_backoff": "1s"})"}},
             "error supervision.longest_backoff: must not be less"},
        rule{"AdminSocketPathTooLong",
             {{"/admin",
               R"({"listen": ["unix:/)" + std::string(107, 'x') + R"("]})"}},
             "error admin.listen[0]: must be a path"},
        rule{"AdminListenerIsARoutersToo",
             {{"/admin", R"({"listen": ["127.0.0.1:1790"]})"}},
             "error admin.listen[0]: cannot be bound beside 127.0.0.1:1790 of "
             "routers[0].listen[0]"},
        rule{"NodesAdminListenerIsARoutersToo",
             {{"/cluster", cluster()},
              {"/cluster/nodes/1/admin", R"({"listen": ["127.0.0.1:1790"]})"}},
             "error cluster.nodes[1].admin.listen[0]: cannot be bound"},
        rule{"NodesAdminListenerTwice",
             {{"/cluster", cluster()},
              {"/cluster/nodes/1/admin",
               R"({"listen": ["127.0.0.9:1", "127.0.0.9:1"]})"}},
             "error cluster.nodes[1].admin.listen[1]: is given twice"},
        rule{"NoRouters", {{"/routers", "[]"}}, "warning routers: is empty"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Cluster, ValidationRule,
    ::testing::Values(
        rule{"NodeNamesAreUnique",
             {{"/cluster", cluster()}, {"/cluster/nodes/2/name", R"("x")"}},
             "error cluster.nodes[2].name: is the name of another"},
        rule{"NodeAddressesAreUnique",
             {{"/cluster", cluster()},
              {"/cluster/nodes/2/address", R"("127.0.1.1:51")"}},
             "error cluster.nodes[2].address: is the address of another"},
        rule{"NodeAddressIsReachable",
             {{"/cluster", cluster()},
              {"/cluster/tls",
               R"({"ca": "ca", "certificate": "c", "key": "k"})"},
              {"/cluster/nodes/2/address", R"("0.0.0.0:51")"}},
             "error cluster.nodes[2].address: must be an address that"},
        rule{"NodesBeyondLoopbackNeedTls",
             {{"/cluster", cluster()},
              {"/cluster/nodes/2/address", R"("192.0.2.1:51")"}},
             "error cluster.nodes[2].address: beyond loopback"},
        rule{"NodeAddressIsAListenerToo",
             {{"/cluster", cluster()},
              {"/cluster/nodes/2/address", R"("127.0.0.1:1790")"}},
             "error cluster.nodes[2].address: cannot be bound beside"},
        rule{"NodeAddressIsItsAdminListenerToo",
             {{"/cluster", cluster()},
              {"/cluster/nodes/2/admin", R"({"listen": ["127.0.1.3:51"]})"}},
             "error cluster.nodes[2].address: is an address of the node's"},
        rule{"AllNodesAreWitnesses",
             {{"/cluster",
               R"({"nodes": [{"name": "x", "address": "127.0.1.1:51"}]})"},
              {"/cluster/nodes/0/witness", "true"}},
             "error cluster.nodes: needs a node that is no witness"},
        rule{
            "TwoNodesHaveNoMajority",
            {{"/cluster",
              R"({"nodes": [{"name": "x", "address": "127.0.1.1:51"}, {"name": "y", "address": "127.0.1.2:51"}]})"}},
            "warning cluster.nodes: two nodes"},
        rule{"HeartbeatTooShort",
             {{"/cluster", cluster(R"(, "heartbeat": "999ms")")}},
             "error cluster.heartbeat: must be from 1s"},
        rule{"HeartbeatTooLong",
             {{"/cluster", cluster(R"(, "heartbeat": "61s")")}},
             "error cluster.heartbeat: must be from 1s"},
        rule{"LeaseTooShort",
             {{"/cluster", cluster(R"(, "lease": {"duration": "500ms"})")}},
             "error cluster.lease.duration: must be from 1s"},
        rule{"LeaseTooLong",
             {{"/cluster", cluster(R"(, "lease": {"duration": "61m"})")}},
             "error cluster.lease.duration: must be from 1s"},
        rule{"EtcdNeedsEndpoints",
             {{"/cluster", cluster(R"(, "lease": {"kind": "etcd"})")}},
             "error cluster.lease.endpoints: must name"},
        rule{"EndpointsOnlyForEtcd",
             {{"/cluster",
               cluster(
                   R"(, "lease": {"endpoints": ["http://127.0.0.1:2379"]})")}},
             "error cluster.lease.endpoints: is only for"},
        rule{
            "EndpointsAreUrls",
            {{"/cluster",
              cluster(
                  R"(, "lease": {"kind": "etcd", "endpoints": ["127.0.0.1:2379"]})")}},
            "error cluster.lease.endpoints[0]: must begin with http"},
        rule{"UnitNodeThatTheClusterDoesNotHave",
             {{"/fault_injection", "true"},
              {"/cluster", cluster()},
              {"/cluster/nodes/0/admin", R"({"listen": ["unix:/x"]})"},
              {"/routers/0/units",
               R"([{"local_address": "127.0.0.1", "nodes": ["q"]}])"}},
             "error routers[0].units[0].nodes[0]: names a node"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Router, ValidationRule,
    ::testing::Values(
        rule{"RouterNamesAreUnique",
             {{r1 + "/name", R"("one")"}},
             "error routers[1].name: is the name of another"},
        rule{"AsnZero", {{r1 + "/asn", "0"}}, "error routers[1].asn: 0 and"},
        rule{"AsnTrans",
             {{r1 + "/asn", "23456"}},
             "error routers[1].asn: 0 and 23456"},
        rule{"RouterIdZero",
             {{r1 + "/router_id", R"("0.0.0.0")"}},
             "error routers[1].router_id: must not be"},
        rule{"ClusterIdZero",
             {{r1 + "/cluster_id", R"("0.0.0.0")"}},
             "error routers[1].cluster_id: must not be"},
        rule{"ListenerTwice",
             {{r1 + "/listen", R"(["127.0.0.2:1790", "127.0.0.2:1790"])"}},
             "error routers[1].listen[1]: is given twice"},
        rule{"ListenerBesideAWildcard",
             {{r1 + "/listen", R"(["0.0.0.0:1790"])"}},
             "error routers[1].listen[0]: cannot be bound beside "
             "127.0.0.1:1790 of routers[0].listen[0]"},
        rule{"ListenerOnMulticast",
             {{r1 + "/listen", R"(["224.0.0.1:1790"])"}},
             "error routers[1].listen[0]: must be a host's"},
        rule{"PrefixOriginatedTwice",
             {{r0 + "/originate", R"(["192.0.2.0/24", "192.0.2.0/24"])"}},
             "error routers[0].originate[1]: is given twice"},
        rule{"MulticastOriginated",
             {{r0 + "/originate", R"(["239.0.0.0/8"])"}},
             "error routers[0].originate[0]: multicast"},
        rule{
            "UnitAddressesAreUnique",
            {{r0 + "/units",
              R"([{"local_address": "127.0.0.1"}, {"local_address": "127.0.0.1"}])"}},
            "error routers[0].units[1].local_address: is the address of"},
        rule{"UnitAddressIsAHosts",
             {{r0 + "/units", R"([{"local_address": "0.0.0.0"}])"}},
             "error routers[0].units[0].local_address: must be a host's"},
        rule{"UnitInterfaceName",
             {{r0 + "/units", R"([{"local_address": "127.0.0.1", "floating": ")"
                                  + std::string(16, 'x') + R"("}])"}},
             "error routers[0].units[0].floating: an interface"},
        rule{"UnitNodeWithoutCluster",
             {{r0 + "/units",
               R"([{"local_address": "127.0.0.1", "nodes": ["x"]}])"}},
             "error routers[0].units[0].nodes[0]: names a node"},
        rule{"UnitNodeTwice",
             {{"/cluster", cluster()},
              {r0 + "/units",
               R"([{"local_address": "127.0.0.1", "nodes": ["x", "x"]}])"}},
             "error routers[0].units[0].nodes[1]: is given twice"},
        rule{"PathExpression",
             {{r0 + "/policies/p/0/match/as_path", R"("(65001")"}},
             "error routers[0].policies.p[0].match.as_path: is no regular"},
        rule{"PathExpressionTooLong",
             {{r0 + "/policies/p/0/match/as_path",
               quoted(std::string(4097, 'x'))}},
             "error routers[0].policies.p[0].match.as_path: must have"},
        rule{"PolicyRuleWithoutEffect",
             {{r0 + "/policies/p/0/then", R"("next")"}},
             "warning routers[0].policies.p[0]: has no effect"}),
    name_of);

// -- rules that take more than one message, or none
// ---------------------------

TEST(Validation, RefusesFaultInjectionBeyondLoopback) {
  const auto result = load_json(
      patched({{"/fault_injection", "true"},
               {"/admin", R"({"listen": ["127.0.0.1:1", "192.0.2.1:80"]})"}})
          .dump(2));
  EXPECT_THAT(texts(result.messages),
              ElementsAre(StartsWith("error fault_injection: cannot be on "
                                     "while the admin endpoint listens on "
                                     "192.0.2.1:80"),
                          StartsWith("error admin.listen[1]: beyond")));
}

TEST(Validation, RefusesFaultInjectionWhereANodeListensBeyondLoopback) {
  const auto result = load_json(
      patched({{"/fault_injection", "true"},
               {"/cluster", cluster()},
               {"/cluster/nodes/1/admin", R"({"listen": ["192.0.2.1:80"]})"}})
          .dump(2));
  EXPECT_THAT(texts(result.messages),
              ElementsAre(StartsWith("error fault_injection: cannot be on"),
                          StartsWith("error cluster.nodes[1].admin")));
}

TEST(Validation, LetsFaultInjectionPassOnLoopbackAndUnixSockets) {
  const auto result = load_json(
      patched({{"/fault_injection", "true"},
               {"/admin", R"({"listen": ["[::1]:80", "unix:/run/t.sock"]})"}})
          .dump(2));
  EXPECT_THAT(texts(result.messages), IsEmpty());
}

TEST(Validation, LetsSeveralRoutersShareAListener) {
  const auto result =
      load_json(patched({{r1 + "/listen", R"(["127.0.0.1:1790"])"}}).dump(2));
  EXPECT_THAT(texts(result.messages), IsEmpty());
}

TEST(Validation, TellsNeighborsApartByLocalAddressAndInterface) {
  const std::vector<std::vector<patch>> cases = {
      {{b + "/address", R"("127.0.0.2")"},
       {b + "/local_address", R"("127.0.0.9")"}},
      {{a + "/address", R"("fe80::1")"},
       {a + "/interface", R"("eth0")"},
       {a + "/local_address", ""},
       {b + "/address", R"("fe80::1")"},
       {b + "/interface", R"("eth1")"}},
      {{c + "/address", R"("127.0.0.2")"}, // router two listens elsewhere
       {c + "/families/ipv6_unicast/next_hop", R"("2001:db8::1")"}},
      {{b + "/address", R"("127.0.0.0/24")"},
       {a + "/address", R"("127.0.0.2")"}},
      {{b + "/address", R"("127.0.0.0/24")"},
       {a + "/address", R"("127.0.0.0/25")"}}};
  for (const auto& patches : cases)
    EXPECT_THAT(texts(load_json(patched(patches).dump(2)).messages), IsEmpty());
}

TEST(Validation, AcceptsTheBoundsOfTimersAndTtl) {
  const std::vector<std::vector<patch>> cases = {
      {{a + "/timers", R"({"hold": "0s"})"}},
      {{a + "/timers", R"({"hold": "3s"})"}},
      {{a + "/timers", R"({"hold": "65535s"})"}},
      {{a + "/timers", R"({"hold": "9s", "send_hold": "0s"})"}},
      {{a + "/multihop", "3"}, {a + "/min_ttl", "253"}},
      {{a + "/multihop", "1"}, {a + "/min_ttl", "255"}},
      {{a + "/graceful_restart",
        R"({"restart_time": "4095s", "stale_time": "24h"})"}},
      {{a + "/md5_key", quoted(std::string(80, 'x'))}},
      {{a + v4 + "/next_hop", R"("2001:db8::1")"}}}; // RFC 8950
  for (const auto& patches : cases)
    EXPECT_THAT(texts(load_json(patched(patches).dump(2)).messages), IsEmpty());
}

TEST(Validation, TakesAnInternalFamilyWithoutPoliciesSilently) {
  const auto result =
      load_json(patched({{b + "/remote_asn", R"("internal")"}}).dump(2));
  EXPECT_THAT(texts(result.messages), IsEmpty());
}

TEST(Validation, ToldEverythingAtOnce) {
  const auto result = load_json(patched({{r0 + "/router_id", R"("0.0.0.0")"},
                                         {a + "/timers/hold", R"("1s")"},
                                         {b + "/min_ttl", "300"},
                                         {c + "/name", R"("a")"},
                                         {"/surprise", "1"},
                                         {"/log", R"({"level": "loud"})"}})
                                    .dump(2));
  EXPECT_FALSE(result.value);
  // The keepalive of 3 s does not fit the wrong hold time either.
  EXPECT_EQ(result.messages.size(), 7U)
      << ::testing::PrintToString(texts(result.messages));
}

TEST(Validation, ChecksValuesThatNoFileGave) {
  auto value = loaded(sound());
  auto& n = value.routers[0].neighbors[0];
  n.port = 0;
  n.multihop = 0;
  n.min_ttl = 0;
  value.data_dir.clear();
  value.routers[0].shards = 257;
  n.families[protocol::ipv4_unicast].max_prefixes.emplace();
  value.routers[1].neighbors[0].dynamic_limit = 0;
  value.routers[0].neighbors[1].address.reset();
  n.families[protocol::ipv4_unicast].export_policy =
      rib::chain_definition{rib::policy_action::next};
  value.routers[0].neighbors[1].families[protocol::ipv4_unicast].import_policy =
      rib::chain_definition{};
  EXPECT_THAT(
      texts(validate(value)),
      ::testing::UnorderedElementsAre(
          "error data_dir: must not be empty",
          "error routers[0].shards: must be 256 or less",
          "error " + a_path + ".port: must be from 1 to 65535",
          "error " + a_path + ".multihop: must be from 1 to 255",
          "error " + a_path
              + ".families.ipv4_unicast.max_prefixes.limit: must be given, "
                "1 or more",
          "error " + a_path
              + ".families.ipv4_unicast.export: \"next\" decides nothing",
          StartsWith("error " + b_path
                     + ".families.ipv4_unicast.import: must not be empty"),
          "error " + b_path + ".address: is missing",
          "error " + c_path + ".dynamic_limit: must be 1 or more"));
}

} // namespace
} // namespace troupe::config::testing
