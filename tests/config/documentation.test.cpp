#include "config/print.hpp"
#include "source_dir.hpp"
#include "tests/config/config_support.hpp"
#include "tests/config/generate.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <sstream>

namespace troupe::config::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Every key of an object and what it holds, but the names of policies and
/// groups.
void collect_keys(const json& value, std::set<std::string>& keys) {
  if (!value.is_structured())
    return;
  for (const auto& [key, inner] : value.items()) {
    if (value.is_object())
      keys.insert(key);
    if (key != "policies" && key != "groups")
      collect_keys(inner, keys);
    else
      for (const auto& named : inner)
        collect_keys(named, keys);
  }
}

TEST(Documentation, NamesEveryKey) {
  std::ifstream in{std::string{TROUPE_SOURCE_DIR} + "/docs/configuration.md"};
  std::stringstream text;
  text << in.rdbuf();
  std::set<std::string> keys;
  EXPECT_TRUE(rc::check([&] {
    const auto all = print(arbitrary_configuration(), {.all_values = true});
    collect_keys(json::parse(all), keys);
  }));
  EXPECT_GT(keys.size(), 80U);
  for (const auto& key : keys)
    EXPECT_THAT(text.str(), HasSubstr('`' + key + '`'));
}

// The names that tools outside the project are written against.
TEST(Documentation, KeepsThePromisedNames) {
  const auto result = load_json(R"({
  "admin": { "listen": ["127.0.0.1:4676", "unix:/run/troupe/troupe.sock"],
             "token_file": "/etc/troupe/token" },
  "log": { "level": "info", "format": "json" },
  "data_dir": "/var/lib/troupe",
  "on_sigterm": "cease",
  "fault_injection": false,
  "cluster": {
    "nodes": [ { "name": "a", "address": "127.0.0.1:5101" },
               { "name": "b", "address": "127.0.0.2:5101",
                 "admin": { "listen": ["127.0.0.2:4676"] },
                 "data_dir": "/var/lib/troupe-b" },
               { "name": "c", "address": "127.0.0.3:5101",
                 "witness": true } ],
    "tls": { "ca": "ca", "certificate": "certificate", "key": "key" },
    "heartbeat": "1s", "lease": { "kind": "majority", "duration": "6s" },
    "on_isolation": "hold" },
  "routers": [ {
    "name": "main", "asn": 65000, "router_id": "10.0.0.1",
    "listen": ["0.0.0.0:179", "[::]:179"],
    "units": [ { "local_address": "10.0.4.2", "nodes": ["a", "b"],
                 "floating": "eth0" } ],
    "originate": ["192.0.2.0/24", "2001:db8::/32"],
    "policies": { },
    "defaults": { },
    "groups": { "clients": { } },
    "neighbors": [ {
      "name": "r1", "group": "clients", "description": "...",
      "address": "10.0.4.1", "port": 179, "remote_asn": 4200000001,
      "local_address": "10.0.4.2", "local_port": 0, "passive": false,
      "enabled": true, "multihop": 1, "min_ttl": 255, "md5_key": "...",
      "timers": { "hold": "90s", "keepalive": "30s", "connect_retry": "5s",
                  "idle_hold": "0s", "delay_open": "0s", "send_hold": "8m",
                  "connect_retry_jitter": [0.75, 1.0],
                  "idle_hold_jitter": [0.75, 1.0] },
      "extended_messages": true,
      "graceful_restart": { "mode": "helper", "restart_time": "120s",
                            "stale_time": "360s", "forwarding": "auto" },
      "role": "customer", "route_reflector_client": false,
      "route_server_client": false, "enforce_first_as": true,
      "deterministic_collision_resolution": false,
      "local_as": 65010, "as_override": false, "remove_private_as": false,
      "next_hop_self": false,
      "families": {
        "ipv4_unicast": { "import": "accept", "export": "accept" },
        "ipv6_unicast": { "next_hop": "3fff:db8:4::1", "import": "accept",
                          "export": { "allow": ["2001:db8::/32"] },
                          "max_prefixes": 1000000,
                          "add_path": { "receive": true, "send": 0 } } }
    } ] } ] })");
  EXPECT_THAT(texts(result.messages), IsEmpty());
  ASSERT_TRUE(result.value);
  // The defaults are those that the names were promised with.
  neighbor expected;
  const auto& n = result.value->routers[0].neighbors[0];
  EXPECT_EQ(n.timers, expected.timers);
  EXPECT_EQ(n.graceful_restart, expected.graceful_restart);
  EXPECT_EQ(n.port, expected.port);
  EXPECT_EQ(n.multihop, expected.multihop);
  EXPECT_EQ(result.value->admin.listen.at(0), admin_config{}.listen.at(0));
  EXPECT_EQ(result.value->routers[0].listen, router{}.listen);
}

TEST(Documentation, KeepsTheFormThatTheBenchmarkWrites) {
  const auto result = load_json(R"({
  "admin": {"listen": ["127.77.0.11:46760"]}, "log": {"level": "warn"},
  "data_dir": "/tmp/data",
  "routers": [{"name": "bench", "asn": 65000, "router_id": "10.99.0.1",
    "listen": ["127.77.0.10:1790"],
    "defaults": {"local_address": "127.77.0.10", "passive": true,
      "multihop": 255, "timers": {"hold": "240s"},
      "families": {
        "ipv4_unicast": {"import": "accept", "export": "accept"},
        "ipv6_unicast": {"import": "accept", "export": "accept",
                         "next_hop": "2a0f:ffff::ff"}}},
    "neighbors": [
      {"name": "p0", "address": "127.0.1.1", "remote_asn": 3000000},
      {"name": "p1", "address": "127.0.1.2", "remote_asn": 3000001}]}]})");
  EXPECT_THAT(texts(result.messages), IsEmpty());
  EXPECT_TRUE(result.value);
}

} // namespace
} // namespace troupe::config::testing
