// Neighbours without an address: who is found on the link, and what of it comes
// and goes.
#include "actors/transport/fake_peer.hpp"
#include "protocol/wire/router_advertisement.hpp"
#include "tests/simulation/simulated_node.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

namespace {

protocol::ip_address ip(const std::string& text) {
  return *protocol::ip_address::parse(text);
}

/// A router whose link-local address is fe80::N, with a neighbour "peer" on
/// `interface`, and one prefix of each family.
std::string router_on(const std::string& n, const std::string& interface,
                      const std::string& more = "") {
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
  "log": { "level": "warn" }, "routers": [ { "name": "r", "asn": 6500)"
         + n + R"(, "router_id": "10.9.0.)" + n + R"(",
    "listen": ["[fe80::)"
         + n + R"(]:179"], "originate": ["20.)" + n + R"(.0.0/16", "2001:db8:)"
         + n + R"(::/48"],
    "neighbors": [ { "name": "peer", "interface": ")"
         + interface + R"(", "remote_asn": "external",)" + more + R"(
      "families": {
        "ipv4_unicast": { "import": "accept", "export": "accept" },
        "ipv6_unicast": { "import": "accept", "export": "accept" } } } ]
  } ] })";
}

class Unnumbered : public simulation {
protected:
  Unnumbered() {
    net.set_interface("a0", {1, true, ip("fe80::1"), ip("2001:db8::a"), "b0"});
    net.set_interface("b0", {2, true, ip("fe80::2"), {}, "a0"});
  }
  /// The neighbour's end without a daemon: its interface says this.
  void advertise(const std::string& from, const std::string& to = "a0") {
    net.hear(
        to,
        {{}, ip(from), 255, protocol::wire::encode_router_advertisement({})});
    settle();
  }
  static std::string error_of(simulated_node& node) {
    return node.neighbor("peer").report.last_error;
  }
};

} // namespace

TEST_F(Unnumbered, NeighborsFindEachOtherAndExchangeBothFamilies) {
  simulated_node a{*this, configuration_of(router_on("1", "a0"))};
  pass(3s);
  EXPECT_EQ(a.state("peer"), "Idle");
  EXPECT_EQ(error_of(a), "waiting for a router advertisement on a0");
  simulated_node b{*this, configuration_of(router_on("2", "b0"))};
  ASSERT_TRUE(pass_until(
      [&] {
        return a.prefixes(protocol::ipv4_unicast) == 2
               && b.prefixes(protocol::ipv4_unicast) == 2
               && a.prefixes(protocol::ipv6_unicast) == 2
               && b.prefixes(protocol::ipv6_unicast) == 2;
      },
      5s));
  EXPECT_EQ(a.neighbor("peer").report.learned, ip("fe80::2"));
  EXPECT_EQ(error_of(a), "");
  // RFC 8950 §3 and RFC 2545 §3: a has a global address, b has none.
  for (const auto family : {protocol::ipv4_unicast, protocol::ipv6_unicast}) {
    actors::routes_query received;
    received.family = family;
    received.neighbor = "peer";
    received.view = "received";
    const auto hops = [&](simulated_node& node) {
      const auto page = node.routes(received);
      const auto decoded =
          protocol::wire::decode_canonical(page.routes.at(0).row.attributes);
      return std::pair{decoded.next_hop, decoded.link_local_next_hop};
    };
    EXPECT_EQ(hops(b), (std::pair{std::optional{ip("2001:db8::a")},
                                  std::optional{ip("fe80::1")}}));
    EXPECT_EQ(hops(a).first, ip("fe80::2"));
    EXPECT_EQ(hops(a).second, std::nullopt);
  }
}

TEST_F(Unnumbered, PeersOnLinksMayUseGtsmAndKeys) { // RFC 5082 §3
  const auto more = R"("min_ttl": 255, "md5_key": "secret",)";
  simulated_node a{*this, configuration_of(router_on("1", "a0", more))};
  simulated_node b{*this, configuration_of(router_on("2", "b0", more))};
  EXPECT_TRUE(
      pass_until([&] { return a.state("peer") == "Established"; }, 10s));
}

TEST_F(Unnumbered, TheSessionEndsWithItsLinkAndComesBackWithIt) {
  simulated_node a{*this, configuration_of(router_on("1", "a0"))};
  simulated_node b{*this, configuration_of(router_on("2", "b0"))};
  ASSERT_TRUE(pass_until([&] { return a.state("peer") == "Established"; }, 5s));
  net.set_interface("a0", {1, false, ip("fe80::1"), {}, "b0"});
  ASSERT_TRUE(pass_until([&] { return a.state("peer") == "Idle"; }, 2s));
  EXPECT_EQ(error_of(a), "tcp failure; since then: interface a0 is down");
  EXPECT_EQ(a.neighbor("peer").report.learned, std::nullopt);
  net.remove_interface("a0");
  pass(2s);
  EXPECT_EQ(error_of(a), "tcp failure; since then: there is no interface a0");
  // It comes back as another one of the name.
  net.set_interface("a0", {9, true, ip("fe80::1"), {}, "b0"});
  EXPECT_TRUE(
      pass_until([&] { return a.state("peer") == "Established"; }, 20s));
}

TEST_F(Unnumbered, ASilentPeerIsKeptWhileItsSessionLives) {
  simulated_node a{*this, configuration_of(router_on("1", "a0"))};
  transport::fake_peer peer{net, ip("fe80::2"), 2};
  peer.listen();
  advertise("fe80::2");
  pass(100ms);
  ASSERT_TRUE(peer.connected());
  ASSERT_EQ(a.neighbor("peer").report.learned, ip("fe80::2"));
  // A connection holds it, whatever comes in by way of advertisements.
  pass(40s, 100ms);
  EXPECT_EQ(a.neighbor("peer").report.learned, ip("fe80::2"));
  peer.stop_listening();
  peer.abort();
  ASSERT_TRUE(
      pass_until([&] { return !a.neighbor("peer").report.learned; }, 10s));
  EXPECT_EQ(a.state("peer"), "Idle");
  EXPECT_EQ(error_of(a), "waiting for a router advertisement on a0");
}

TEST_F(Unnumbered, ThePeerMayComeBackWithAnotherAddress) {
  simulated_node a{*this, configuration_of(router_on("1", "a0"))};
  transport::fake_peer old{net, ip("fe80::2"), 2};
  old.listen();
  advertise("fe80::2");
  pass(100ms);
  ASSERT_TRUE(old.connected());
  // As long as the first one is heard of, another one is a stranger.
  transport::fake_peer next{net, ip("fe80::5"), 2};
  next.listen();
  advertise("fe80::5");
  pass(25s, 100ms);
  EXPECT_EQ(next.accepted(), 0U);
  pass(10s, 100ms);
  advertise("fe80::5");
  pass(100ms);
  EXPECT_TRUE(next.connected());
  EXPECT_FALSE(old.connected());
  EXPECT_EQ(a.neighbor("peer").report.learned, ip("fe80::5"));
}

TEST_F(Unnumbered, OnlyThePeerMayConnect) {
  simulated_node a{*this, configuration_of(router_on("1", "a0"))};
  const protocol::endpoint us{ip("fe80::1"), 179, 2};
  transport::fake_peer peer{net, ip("fe80::2"), 2};
  peer.connect(us); // nobody knows it yet
  pass(100ms);
  EXPECT_FALSE(peer.connected());
  advertise("fe80::2");
  transport::fake_peer stranger{net, ip("fe80::3"), 2};
  stranger.connect(us);
  peer.connect(us);
  pass(100ms);
  EXPECT_TRUE(peer.connected());
  EXPECT_FALSE(stranger.connected());
  EXPECT_EQ(a.neighbor("peer").report.counters->declined_connections, 2U);
}

TEST_F(Unnumbered, OneDisabledIsFoundButNotTalkedTo) {
  simulated_node a{
      *this, configuration_of(router_on("1", "a0", R"("enabled": false,)"))};
  transport::fake_peer peer{net, ip("fe80::2"), 2};
  peer.listen();
  advertise("fe80::2");
  pass(10s);
  EXPECT_EQ(a.state("peer"), "Idle");
  EXPECT_EQ(peer.accepted(), 0U);
  ask<actors::command_result>(
      a.handle(), actors::neighbor_command{
                      "peer", {actors::session_command::kind::enable, {}, {}}});
  pass(100ms);
  EXPECT_EQ(peer.accepted(), 1U);
}

TEST_F(Unnumbered, OneLinkLocalAddressOnTwoLinksIsTwoNeighbors) {
  net.set_interface("c0", {3, true, ip("fe80::1"), {}, "d0"});
  net.set_interface("d0", {4, true, ip("fe80::2"), {}, "c0"});
  simulated_node a{*this, configuration_of(R"({ "admin": { "listen": [] },
  "data_dir": "/tmp/troupe-simulated", "log": { "level": "warn" },
  "routers": [ { "name": "r", "asn": 65001, "router_id": "10.9.0.1",
    "listen": ["[fe80::1]:179"], "defaults": { "passive": true,
      "families": { "ipv6_unicast": {} } },
    "neighbors": [
      { "name": "at-a", "address": "fe80::2", "interface": "a0",
        "remote_asn": 65002 },
      { "name": "at-c", "address": "fe80::2", "interface": "c0",
        "remote_asn": 65002 } ] } ] })")};
  transport::fake_peer left{net, ip("fe80::2"), 2};
  transport::fake_peer right{net, ip("fe80::2"), 4};
  left.connect({ip("fe80::1"), 179, 2});
  pass(100ms);
  EXPECT_EQ(a.state("at-a"), "OpenSent");
  EXPECT_EQ(a.state("at-c"), "Active");
  right.connect({ip("fe80::1"), 179, 4});
  pass(100ms);
  EXPECT_EQ(a.state("at-c"), "OpenSent");
  EXPECT_TRUE(left.connected());
  // From a third link it is nobody's.
  net.set_interface("e0", {5, true, ip("fe80::1"), {}, "f0"});
  net.set_interface("f0", {6, true, ip("fe80::2"), {}, "e0"});
  transport::fake_peer nobody{net, ip("fe80::2"), 6};
  nobody.connect({ip("fe80::1"), 179, 6});
  pass(100ms);
  EXPECT_FALSE(nobody.connected());
}

} // namespace troupe::test
