// Neighbours out of a range: each gets a session of its own, while there is
// room.
#include "tests/simulation/simulated_node.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

namespace {

constexpr auto hub = R"({ "admin": { "listen": [] },
  "data_dir": "/tmp/troupe-simulated", "log": { "level": "warn" },
  "routers": [ { "name": "r", "asn": 65000, "router_id": "10.9.0.1",
    "listen": ["10.1.0.1:179"], "neighbors": [
      { "name": "clients", "address": "10.1.1.0/24", "remote_asn": "any",
        "dynamic_limit": 2, "multihop": 255,
        "families": { "ipv4_unicast": { "import": "accept",
                                        "export": "accept" } } } ] } ] })";

std::string client(int n) {
  const auto id = std::to_string(n);
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
  "log": { "level": "warn" }, "routers": [ { "name": "r", "asn": )"
         + std::to_string(65000 + n) + R"(, "router_id": "10.9.1.)" + id
         + R"(", "listen": [], "originate": ["20.)" + id
         + R"(.0.0/16"], "neighbors": [ { "name": "hub",
      "address": "10.1.0.1", "local_address": "10.1.1.)"
         + id + R"(", "remote_asn": 65000, "multihop": 255,
      "timers": { "connect_retry": "1s" },
      "families": { "ipv4_unicast": { "import": "accept",
                                      "export": "accept" } } } ] } ] })";
}

class DynamicNeighbors : public simulation {};

} // namespace

TEST_F(DynamicNeighbors, EachPeerOfTheRangeGetsASessionWhileThereIsRoom) {
  simulated_node server{*this, configuration_of(hub)};
  auto one =
      std::make_unique<simulated_node>(*this, configuration_of(client(1)));
  simulated_node two{*this, configuration_of(client(2))};
  ASSERT_TRUE(pass_until(
      [&] { return server.prefixes(protocol::ipv4_unicast) == 2; }, 10s));
  EXPECT_EQ(server.state("clients@10.1.1.1"), "Established");
  EXPECT_EQ(server.state("clients@10.1.1.2"), "Established");

  simulated_node three{*this, configuration_of(client(3))};
  pass(3s);
  EXPECT_NE(three.state("hub"), "Established");
  EXPECT_EQ(server.neighbors().size(), 3U); // the range and two sessions

  // One leaves: its routes, its entry and its place go.
  one->stop();
  ASSERT_TRUE(pass_until([&] { return three.state("hub") == "Established"; },
                         30s, 100ms));
  EXPECT_THROW(server.state("clients@10.1.1.1"), std::runtime_error);
  EXPECT_TRUE(pass_until(
      [&] { return server.prefixes(protocol::ipv4_unicast) == 2; }, 10s));
}

} // namespace troupe::test
