// Reflectors, route servers and edges in virtual time: whole daemons that tell
// one another routes.

#include "tests/simulation/simulated_node.hpp"

#include <gmock/gmock.h>

namespace troupe::test {

using namespace std::chrono_literals;
using protocol::wire::path_attributes;

namespace {

struct place {
  int number; ///< of the address and the identifier
  int asn;
};

std::string address(const place& p) {
  return "10.1.0." + std::to_string(p.number);
}

std::string prefix_of(const place& p) {
  return "20." + std::to_string(p.number) + ".0.0/16";
}

constexpr auto everything = R"({ "import": "accept", "export": "accept" })";

/// One peer; `keys` are more keys of the neighbour. A lower number dials a
/// higher one.
std::string neighbor(const place& own, const place& peer,
                     const std::string& keys = "",
                     const std::string& family = everything) {
  return R"({ "name": "to)" + std::to_string(peer.number) + R"(", "address": ")"
         + address(peer) + R"(", "local_address": ")" + address(own)
         + R"(", "remote_asn": )" + std::to_string(peer.asn)
         + R"(, "passive": )" + (peer.number < own.number ? "true" : "false")
         + keys + R"(, "timers": { "hold": "9s", "connect_retry": "1s",
                            "connect_retry_jitter": [1.0, 1.0] },
              "families": { "ipv4_unicast": )"
         + family + " } }";
}

/// `keys` are more keys of the router.
std::string router(const place& own, const std::string& neighbors,
                   const std::string& keys = "") {
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
  "log": { "level": "warn" }, "routers": [ { "name": "r", "asn": )"
         + std::to_string(own.asn) + R"(, "router_id": "10.9.0.)"
         + std::to_string(own.number) + R"(", "listen": [")" + address(own)
         + R"(:179"], "originate": [")" + prefix_of(own) + "\"]" + keys
         + R"(, "neighbors": [)" + neighbors + "] } ] }";
}

class ExportRules : public simulation {
protected:
  void start(const place& p, const std::string& neighbors,
             const std::string& keys = "") {
    nodes[p.number] = std::make_unique<simulated_node>(
        *this, configuration_of(router(p, neighbors, keys)));
  }
  void apply(const place& p, const std::string& neighbors,
             const std::string& keys = "") {
    nodes.at(p.number)->apply(configuration_of(router(p, neighbors, keys)));
  }
  /// The best path that one of them has to a prefix, if it has one.
  std::optional<path_attributes> route(const place& at,
                                       const std::string& prefix) {
    for (const auto& [row] : nodes.at(at.number)->routes({}).routes)
      if (row.best && to_string(row.prefix) == prefix)
        return protocol::wire::decode_canonical(row.attributes);
    return std::nullopt;
  }
  std::optional<path_attributes> route(const place& at, const place& of) {
    return route(at, prefix_of(of));
  }
  bool has(const place& at, const place& of) {
    return route(at, of).has_value();
  }

  std::map<int, std::unique_ptr<simulated_node>> nodes;
};

protocol::router_id id_of(const place& p) {
  return {0x0a090000U + static_cast<std::uint32_t>(p.number)};
}

} // namespace

//   outside, 200 --- c1, c2: clients; n1, n2: others
TEST_F(ExportRules, AReflectorJoinsItsClients) { // RFC 4456 §8
  const place outside{1, 200};
  const place c1{2, 100};
  const place c2{3, 100};
  const place n1{4, 100};
  const place n2{5, 100};
  const place reflector{6, 100};
  start(outside, neighbor(outside, c1));
  start(c1, neighbor(c1, outside) + "," + neighbor(c1, reflector));
  for (const auto& p : {c2, n1, n2})
    start(p, neighbor(p, reflector));
  const std::string client = R"(, "route_reflector_client": true)";
  start(reflector,
        neighbor(reflector, c1, client) + "," + neighbor(reflector, c2, client)
            + "," + neighbor(reflector, n1) + "," + neighbor(reflector, n2),
        R"(, "cluster_id": "10.8.0.1")");
  ASSERT_TRUE(pass_until(
      [&] {
        return has(c2, outside) && has(n1, outside) && has(n2, c2)
               && has(c1, n1) && has(c2, n2) && has(c1, c2);
      },
      20s));
  pass(2s);
  EXPECT_FALSE(has(n2, n1)) << "neither is a client";
  EXPECT_FALSE(has(n1, n2));
  const auto a = *route(c2, outside);
  EXPECT_EQ(a.originator_id, id_of(c1));
  EXPECT_EQ(a.cluster_list, std::vector{protocol::router_id{0x0a080001}});
  EXPECT_EQ(to_string(*a.next_hop), address(outside)) << "it is left alone";
  EXPECT_EQ(to_string(a.as_path), "200");
  EXPECT_EQ(route(c2, reflector)->originator_id, std::nullopt);

  nodes.at(c1.number)->stop();
  EXPECT_TRUE(
      pass_until([&] { return !has(c2, outside) && !has(n1, outside); }, 20s));
}

TEST_F(ExportRules, ARouteServerIsNotInTheWay) { // RFC 7947
  const place a{1, 101};
  const place b{2, 102};
  const place server{3, 65000};
  const std::string to_server =
      R"(, "enforce_first_as": false, "role": "route_server_client")";
  const std::string to_client =
      R"(, "route_server_client": true, "role": "route_server")";
  start(a, neighbor(a, server, to_server));
  start(b, neighbor(b, server, to_server));
  start(server,
        neighbor(server, a, to_client) + "," + neighbor(server, b, to_client));
  ASSERT_TRUE(pass_until([&] { return has(a, b) && has(b, a); }, 20s));
  const auto told = *route(b, a);
  EXPECT_EQ(to_string(told.as_path), "101");
  EXPECT_EQ(to_string(*told.next_hop), address(a));
  EXPECT_EQ(told.only_to_customer, 65000U); // RFC 9234 §5
}

TEST_F(ExportRules, ADefaultRouteComesAndGoesWithItsKey) {
  const place a{1, 101};
  const place b{2, 102};
  const std::string on = R"({ "import": "accept", "export": "accept",
                              "default_originate": true })";
  start(a, neighbor(a, b));
  start(b, neighbor(b, a));
  ASSERT_TRUE(pass_until([&] { return has(b, a); }, 20s));
  EXPECT_FALSE(route(b, "0.0.0.0/0"));

  apply(a, neighbor(a, b, "", on));
  ASSERT_TRUE(
      pass_until([&] { return route(b, "0.0.0.0/0").has_value(); }, 5s));
  EXPECT_EQ(to_string(route(b, "0.0.0.0/0")->as_path), "101");
  EXPECT_EQ(to_string(*route(b, "0.0.0.0/0")->next_hop), address(a));
  EXPECT_FALSE(route(a, "0.0.0.0/0")) << "it is told, not used";
  EXPECT_EQ(nodes.at(a.number)->prefixes(protocol::ipv4_unicast), 2U);

  apply(a, neighbor(a, b));
  EXPECT_TRUE(pass_until([&] { return !route(b, "0.0.0.0/0"); }, 5s));
  EXPECT_TRUE(has(b, a)) << "nothing else went";
  EXPECT_EQ(nodes.at(b.number)->state("to1"), "Established");
}

TEST_F(ExportRules, AShutdownIsAnnouncedAndTakenBack) { // RFC 8326 §4
  const place own{1, 101};
  const place inside{2, 101};
  const place outside{3, 102};
  const auto peers = neighbor(own, inside) + "," + neighbor(own, outside);
  start(own, peers);
  start(inside, neighbor(inside, own));
  start(outside, neighbor(outside, own));
  const auto preferences = [&] {
    const auto within = route(inside, own);
    const auto beyond = route(outside, own);
    return std::pair{within ? within->local_pref : std::nullopt,
                     beyond ? beyond->local_pref : std::nullopt};
  };
  using both =
      std::pair<std::optional<std::uint32_t>, std::optional<std::uint32_t>>;
  ASSERT_TRUE(
      pass_until([&] { return has(inside, own) && has(outside, own); }, 20s));
  EXPECT_EQ(preferences(), both(100U, std::nullopt));

  apply(own, peers, R"(, "graceful_shutdown": true)");
  EXPECT_TRUE(pass_until([&] { return preferences() == both(0U, 0U); }, 5s));
  EXPECT_THAT(route(outside, own)->communities,
              ::testing::ElementsAre(protocol::wire::graceful_shutdown));

  apply(own, peers);
  EXPECT_TRUE(pass_until(
      [&] { return preferences() == both(100U, std::nullopt); }, 5s));

  // The same for one session alone; what comes over it counts least.
  apply(own, neighbor(own, inside) + ","
                 + neighbor(own, outside, R"(, "graceful_shutdown": true)"));
  EXPECT_TRUE(pass_until([&] { return preferences() == both(100U, 0U); }, 5s));
  EXPECT_TRUE(
      pass_until([&] { return route(inside, outside)->local_pref == 0U; }, 5s));
}

TEST_F(ExportRules, AThirdPartyOnTheSubnetIsTheNextHop) { // RFC 4271 §5.1.3
  const place a{1, 101};
  const place own{2, 102};
  const place b{3, 103};
  net.add_subnet(*protocol::prefix::parse("10.1.0.0/24"));
  const auto peers = [&](const std::string& keys) {
    return neighbor(own, a) + "," + neighbor(own, b, keys);
  };
  start(a, neighbor(a, own));
  start(own, peers(""));
  start(b, neighbor(b, own));
  const auto next_hop = [&] {
    const auto found = route(b, a);
    return found ? to_string(*found->next_hop) : "";
  };
  ASSERT_TRUE(pass_until([&] { return has(b, a); }, 20s));
  EXPECT_EQ(next_hop(), address(own));
  apply(own, peers(R"(, "third_party_next_hop": true)"));
  EXPECT_TRUE(pass_until([&] { return next_hop() == address(a); }, 5s));
  EXPECT_EQ(to_string(*route(b, own)->next_hop), address(own));
}

} // namespace troupe::test
