// A peer whose IPv6 routes cannot be read (RFC 7606 §2).

#include "actors/transport/fake_peer.hpp"
#include "protocol/wire/message.hpp"
#include "protocol/wire/open.hpp"
#include "tests/simulation/simulated_node.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

namespace {

using protocol::ipv4_unicast;
using protocol::ipv6_unicast;
using bytes = std::vector<std::uint8_t>;

class MalformedNlri : public simulation {
protected:
  static auto configuration(const std::string& action) {
    return configuration_of(
        R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
      "log": { "level": "warn" }, "routers": [ { "name": "r", "asn": 65001,
        "router_id": "10.4.0.1", "listen": ["10.4.0.1:179"],
        "neighbors": [ { "name": "peer", "address": "10.4.0.2",
          "remote_asn": 65002, "passive": true, "multihop": 255,
          "local_address": "10.4.0.1", "malformed_nlri": ")"
        + action + R"(", "families": {
            "ipv4_unicast": { "import": "accept", "export": "accept" },
            "ipv6_unicast": { "import": "accept", "export": "accept" }
          } } ] } ] })");
  }
  /// A session of both families, with a route of each.
  void start(const std::string& action, bool ipv4 = true) {
    router_ = std::make_unique<simulated_node>(*this, configuration(action));
    peer_.connect(*protocol::endpoint::parse("10.4.0.1:179"));
    protocol::wire::open_message open;
    open.my_as = 65002;
    open.my_as_field = 65002;
    open.hold_time = 90s;
    open.identifier = {0x0a040002};
    open.capabilities.emplace_back(
        protocol::wire::four_octet_as_capability{65002});
    if (ipv4)
      open.capabilities.emplace_back(
          protocol::wire::multiprotocol_capability{ipv4_unicast});
    open.capabilities.emplace_back(
        protocol::wire::multiprotocol_capability{ipv6_unicast});
    bytes out;
    protocol::wire::encode_open(open, out);
    protocol::wire::encode_keepalive(out);
    peer_.send(out);
    ASSERT_TRUE(pass_until([&] { return state() == "Established"; }, 5s));
    if (ipv4)
      update(20, 0);
    update(0, 24);
    ASSERT_TRUE(pass_until([&] { return routes(ipv6_unicast) == 1; }, 5s));
  }
  /// Announces an IPv4 prefix of this first octet and an IPv6 prefix of this
  /// length; 0: none.
  void update(std::uint8_t v4, std::uint8_t v6) {
    bytes attributes{0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xea};
    if (v4 != 0)
      attributes.insert(attributes.end(), {0x40, 3, 4, 10, 4, 0, 2});
    if (v6 != 0)
      attributes.insert(attributes.end(),
                        {0x80, 14, 25, 0, 2,  1,    16, 0x20, 1, 0xd,
                         0xb8, 0,  0,  0, 0,  0,    0,  0,    0, 0,
                         0,    0,  1,  0, v6, 0x20, 1,  0x0d});
    bytes message(16, 0xff);
    const auto size = 19 + 4 + attributes.size() + (v4 != 0 ? 2 : 0);
    message.insert(message.end(),
                   {0, static_cast<std::uint8_t>(size), 2, 0, 0, 0,
                    static_cast<std::uint8_t>(attributes.size())});
    message.insert(message.end(), attributes.begin(), attributes.end());
    if (v4 != 0)
      message.insert(message.end(), {8, v4});
    peer_.send(message);
  }
  std::string state() { return router_->state("peer"); }
  std::uint64_t routes(protocol::family f) { return router_->prefixes(f); }
  std::set<protocol::family> disabled() {
    return router_->neighbor("peer").report.disabled_families;
  }

  std::unique_ptr<simulated_node> router_;
  transport::fake_peer peer_{net, *protocol::ip_address::parse("10.4.0.2")};
};

} // namespace

TEST_F(MalformedNlri, DisablesItsFamilyWhereTheOperatorSaysSo) {
  start("disable");
  ASSERT_TRUE(pass_until([&] { return routes(ipv4_unicast) == 1; }, 5s));
  update(21, 129); // IPv4 beside it is told all the same
  ASSERT_TRUE(pass_until([&] { return routes(ipv4_unicast) == 2; }, 5s));
  ASSERT_TRUE(pass_until([&] { return routes(ipv6_unicast) == 0; }, 5s));
  EXPECT_EQ(disabled(), std::set{ipv6_unicast});
  update(22, 24);
  ASSERT_TRUE(pass_until([&] { return routes(ipv4_unicast) == 3; }, 5s));
  EXPECT_EQ(routes(ipv6_unicast), 0U);
  EXPECT_EQ(state(), "Established");
  EXPECT_EQ(router_->neighbor("peer").report.counters->established, 1U);
}

TEST_F(MalformedNlri, IsForgottenWithTheSession) {
  start("disable");
  update(0, 129);
  ASSERT_TRUE(pass_until([&] { return !disabled().empty(); }, 5s));
  peer_.close();
  ASSERT_TRUE(pass_until([&] { return state() != "Established"; }, 5s));
  EXPECT_TRUE(disabled().empty());
  EXPECT_EQ(routes(ipv4_unicast), 0U);
}

TEST_F(MalformedNlri, EndsTheSessionOtherwise) { // RFC 7606 §3 (j), §5.3
  start("reset");
  update(21, 129);
  ASSERT_TRUE(pass_until([&] { return state() != "Established"; }, 5s));
  EXPECT_NE(router_->neighbor("peer").report.last_error.find("(3/9)"),
            std::string::npos);
  EXPECT_EQ(routes(ipv4_unicast), 0U);
}

TEST_F(MalformedNlri, EndsASessionThatHasNoOtherFamily) {
  start("disable", false);
  update(0, 129);
  ASSERT_TRUE(pass_until([&] { return state() != "Established"; }, 5s));
  EXPECT_NE(router_->neighbor("peer").report.last_error.find("(3/9)"),
            std::string::npos);
}

TEST_F(MalformedNlri, AChangedKeyIsInForceAtOnce) {
  start("reset");
  router_->apply(configuration("disable"));
  pass(1s);
  update(0, 129);
  ASSERT_TRUE(pass_until([&] { return !disabled().empty(); }, 5s));
  EXPECT_EQ(state(), "Established");
}

} // namespace troupe::test
