// A peer that reads nothing and says that it is alive (RFC 9687).

#include "actors/transport/fake_peer.hpp"
#include "protocol/wire/message.hpp"
#include "protocol/wire/open.hpp"
#include "tests/simulation/simulated_node.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

namespace {

class SendHold : public simulation {
protected:
  /// A router with more to tell than the line holds.
  static auto configuration(std::chrono::seconds hold, int send_hold) {
    std::string routes;
    for (int i = 0; i != 4000; ++i)
      routes += (i == 0 ? "\"20." : ", \"20.") + std::to_string(i / 256) + '.'
                + std::to_string(i % 256) + ".0/24\"";
    return configuration_of(
        R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
      "log": { "level": "warn" }, "routers": [ { "name": "r", "asn": 65001,
        "router_id": "10.4.0.1", "listen": ["10.4.0.1:179"], "originate": [)"
        + routes + R"(], "neighbors": [ { "name": "mute",
          "address": "10.4.0.2", "remote_asn": 65002, "passive": true,
          "multihop": 255, "local_address": "10.4.0.1",
          "timers": { "hold": ")"
        + std::to_string(hold.count()) + R"(s", "send_hold": ")"
        + std::to_string(send_hold) + R"(s" },
          "families": { "ipv4_unicast": { "import": "accept",
            "export": "accept" } } } ] } ] })");
  }
  /// A peer that speaks with this hold time and does not read; whether the
  /// session comes up.
  bool start(std::chrono::seconds hold, int send_hold = 8) {
    net.set_line_capacity(4096);
    router_ =
        std::make_unique<simulated_node>(*this, configuration(hold, send_hold));
    peer_.connect(*protocol::endpoint::parse("10.4.0.1:179"));
    protocol::wire::open_message open;
    open.my_as = 65002;
    open.my_as_field = 65002;
    open.hold_time = hold;
    open.identifier = {0x0a040002};
    open.capabilities = {
        protocol::wire::multiprotocol_capability{protocol::ipv4_unicast}};
    std::vector<std::uint8_t> bytes;
    protocol::wire::encode_open(open, bytes);
    peer_.send(bytes);
    keepalive();
    peer_.stall();
    return pass_until([&] { return state() == "Established"; }, 5s);
  }
  void keepalive() {
    std::vector<std::uint8_t> bytes;
    protocol::wire::encode_keepalive(bytes);
    peer_.send(bytes);
  }
  /// The peer is alive for so long.
  void live(int seconds) {
    for (int i = 0; i != seconds; ++i) {
      keepalive();
      pass(1s);
    }
  }
  std::string state() { return router_->state("mute"); }
  std::string last_error() {
    return router_->neighbor("mute").report.last_error;
  }

  std::unique_ptr<simulated_node> router_;
  transport::fake_peer peer_{net, *protocol::ip_address::parse("10.4.0.2")};
};

} // namespace

TEST_F(SendHold, EndsTheSessionWithAPeerThatReadsNothing) { // RFC 9687 §4.3, §5
  ASSERT_TRUE(start(3s));
  live(5);
  EXPECT_EQ(state(), "Established");
  EXPECT_TRUE(router_->neighbor("mute").slow) << "and shown as such";
  EXPECT_GT(router_->neighbor("mute").backlog.bytes, 0U);
  live(10);
  EXPECT_NE(state(), "Established");
  EXPECT_NE(last_error().find("(8/0)"), std::string::npos) << last_error();
}

TEST_F(SendHold, DoesNotEndOneThatReadsNowAndThen) {
  ASSERT_TRUE(start(3s));
  for (int i = 0; i != 4; ++i) {
    live(4);
    peer_.unstall();
    live(1);
    peer_.take();
    peer_.stall();
  }
  EXPECT_EQ(state(), "Established") << last_error();
}

TEST_F(SendHold, IsOffWhereThereIsNoHoldTime) { // RFC 9687 §4.3
  ASSERT_TRUE(start(0s));
  pass(60s, 100ms);
  EXPECT_EQ(state(), "Established") << last_error();
}

TEST_F(SendHold, IsSwitchedOnAndOffWhileTheSessionIsUp) {
  ASSERT_TRUE(start(3s, 0));
  live(60);
  router_->apply(configuration(3s, 8));
  live(4);
  router_->apply(configuration(3s, 0));
  live(60);
  EXPECT_EQ(state(), "Established") << last_error();
  router_->apply(configuration(3s, 8));
  live(30);
  EXPECT_NE(last_error().find("(8/0)"), std::string::npos) << last_error();
}

} // namespace troupe::test
