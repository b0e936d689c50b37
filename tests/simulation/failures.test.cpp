// What dies, what happens, and what the rest sees (DESIGN §5), row by row, and
// what an operator sees of it. Shards, exporters and sessions are in
// promises.test.cpp.

#include "actors/log/context.hpp"
#include "actors/transport/fake_peer.hpp"
#include "protocol/wire/message.hpp"
#include "protocol/wire/open.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace troupe::test {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

namespace {

using bytes = std::vector<std::uint8_t>;

std::string neighbor(int n) {
  const auto id = std::to_string(n);
  return R"({ "name": "p)" + id + R"(", "address": "10.5.0.)" + id
         + R"(", "remote_asn": )" + std::to_string(65000 + n) + " }";
}

/// A router that two peers call.
std::string configuration_text(const std::string& supervision = "{}") {
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
    "log": { "level": "info" }, "supervision": )"
         + supervision + R"(, "routers": [ { "name": "r", "asn": 65000,
      "router_id": "10.5.0.1", "listen": ["10.5.0.1:179"],
      "originate": ["192.0.2.0/24"], "defaults": { "passive": true,
        "local_address": "10.5.0.1", "multihop": 255,
        "families": { "ipv4_unicast": { "import": "accept",
                                        "export": "accept" } } },
      "neighbors": [)"
         + neighbor(2) + ", " + neighbor(3) + "] } ] }";
}

/// A speaker of AS 65000 + n at 10.5.0.n.
class speaker {
public:
  speaker(simulation& world, int n)
      : n_(static_cast<std::uint8_t>(n)),
        peer_(world.net,
              *protocol::ip_address::parse("10.5.0." + std::to_string(n))) {}

  void call() {
    peer_.connect(*protocol::endpoint::parse("10.5.0.1:179"));
    protocol::wire::open_message open;
    open.my_as = 65000U + n_;
    open.my_as_field = static_cast<std::uint16_t>(65000U + n_);
    open.hold_time = 90s;
    open.identifier = {0x0a050000U + n_};
    open.capabilities.emplace_back(
        protocol::wire::four_octet_as_capability{65000U + n_});
    open.capabilities.emplace_back(
        protocol::wire::multiprotocol_capability{protocol::ipv4_unicast});
    bytes out;
    protocol::wire::encode_open(open, out);
    protocol::wire::encode_keepalive(out);
    peer_.send(out);
  }
  /// Announces FIRST.0.0.0/8 with a MED.
  void announce(std::uint8_t first, std::uint8_t med = 0) {
    peer_.send(update_of(first, med));
  }
  bytes update_of(std::uint8_t first, std::uint8_t med = 0) const {
    const auto as = 65000U + n_;
    const bytes attributes{0x40,
                           1,
                           1,
                           0,
                           0x40,
                           2,
                           6,
                           2,
                           1,
                           0,
                           0,
                           static_cast<std::uint8_t>(as >> 8U),
                           static_cast<std::uint8_t>(as),
                           0x40,
                           3,
                           4,
                           10,
                           5,
                           0,
                           n_,
                           0x80,
                           4,
                           4,
                           0,
                           0,
                           0,
                           med};
    bytes message(16, 0xff);
    message.insert(message.end(),
                   {0, static_cast<std::uint8_t>(25 + attributes.size()), 2, 0,
                    0, 0, static_cast<std::uint8_t>(attributes.size())});
    message.insert(message.end(), attributes.begin(), attributes.end());
    message.insert(message.end(), {8, first});
    return message;
  }
  transport::fake_peer& peer() { return peer_; }

private:
  std::uint8_t n_;
  transport::fake_peer peer_;
};

class Failures : public simulation {
protected:
  void start(const std::string& supervision = "{}") {
    node = std::make_unique<simulated_node>(
        *this, configuration_of(configuration_text(supervision)));
    p2.call();
    p3.call();
    ASSERT_TRUE(pass_until([&] { return up("p2") && up("p3"); }, 5s));
    p2.announce(20);
    p3.announce(30);
    ASSERT_TRUE(pass_until([&] { return held() == 3; }, 5s));
  }
  bool up(const std::string& name) {
    return node->state(name) == "Established";
  }
  std::uint64_t held() { return node->prefixes(protocol::ipv4_unicast); }
  std::uint64_t established(const std::string& name) {
    return node->neighbor(name).report.counters->established;
  }
  actors::actor_snapshot look(const std::string& id) {
    return node->cell(id)->snapshot(std::chrono::steady_clock::now());
  }
  std::uint64_t restarts(const std::string& id) { return look(id).restarts; }
  void fault(const std::string& id,
             actors::fault::kind_type kind =
                 actors::fault::kind_type::throw_exception) {
    node->cell(id)->arm({kind, 1, 1s});
  }
  /// The id of the one connection of a session.
  std::string connection_of(const std::string& name) {
    const auto below = "node/router.r/session." + name + '/';
    for (const auto& a : node->registry().snapshot())
      if (a.id.starts_with(below))
        return a.id;
    return {};
  }
  std::vector<actors::fsm_record> events_of(const std::string& name) {
    return node->registry()
        .find_history("node/router.r/session." + name)
        ->records();
  }
  /// "ID KIND" of what happened to actors.
  std::vector<std::string> actor_events() {
    std::vector<std::string> result;
    for (const auto& each : node->registry().events().after(0, 5000, 0ms))
      if (const auto* e = std::get_if<actors::actor_event>(&each.what))
        result.push_back(e->actor + ' ' + std::string{e->kind});
    return result;
  }

  std::unique_ptr<simulated_node> node;
  speaker p2{*this, 2}, p3{*this, 3};
};

} // namespace

// -- rows of the table --------------------------------------------------------

TEST_F(Failures, AConnectionThatThrowsIsATcpFailureOfItsSession) {
  start();
  const auto id = connection_of("p2");
  fault(id);
  p2.announce(21);
  ASSERT_TRUE(pass_until([&] { return !up("p2"); }, 5s));
  EXPECT_EQ(connection_of("p2"), "");
  EXPECT_THAT(node->neighbor("p2").report.last_error,
              HasSubstr("injected fault"));
  EXPECT_EQ(restarts("node/router.r/session.p2"), 0U);
  EXPECT_TRUE(up("p3"));
  EXPECT_EQ(established("p3"), 1U);
  EXPECT_THAT(actor_events(), Contains(id + " ended"));
  p2.call();
  ASSERT_TRUE(pass_until([&] { return up("p2"); }, 10s));
}

TEST_F(Failures, ADispatcherTakesItsListenerBack) {
  start();
  const std::string id = "node/dispatcher.10.5.0.1:179";
  p2.peer().close();
  ASSERT_TRUE(pass_until([&] { return !up("p2"); }, 5s));
  ASSERT_TRUE(
      pass_until([&] { return node->neighbor("p2").paused == 0ms; }, 10s));
  fault(id);
  p2.call(); // it throws at this connection, which the next one is told of
  ASSERT_TRUE(pass_until([&] { return up("p2"); }, 10s));
  EXPECT_EQ(restarts(id), 1U);
  EXPECT_EQ(established("p3"), 1U);
}

TEST_F(Failures, ARibFacadeIsStartedAgainAndAnswers) {
  start();
  const std::string id = "node/router.r/rib";
  const auto digest =
      node->totals().families[protocol::ipv4_unicast].digest_low;
  fault(id);
  caf::anon_send(node->handle(), actors::routes_query{}); // is lost with it
  ASSERT_TRUE(pass_until([&] { return restarts(id) == 1; }, 5s));
  EXPECT_EQ(held(), 3U);
  EXPECT_EQ(node->totals().families[protocol::ipv4_unicast].digest_low, digest);
  EXPECT_EQ(established("p2") + established("p3"), 2U);
}

TEST_F(Failures, AConfigKeeperOrAdminChangesNothingInForce) {
  start();
  fault("node/config_keeper");
  caf::anon_send(node->handle(), actors::reload_configuration{});
  ASSERT_TRUE(
      pass_until([&] { return restarts("node/config_keeper") == 1; }, 5s));
  EXPECT_EQ(held(), 3U);
  EXPECT_EQ(established("p2") + established("p3"), 2U);
}

TEST_F(Failures, ARouterStartsAllItsChildrenAgain) {
  start();
  fault("node/router.r");
  pass_until([&] { return restarts("node/router.r") == 1; }, 5s);
  ASSERT_EQ(restarts("node/router.r"), 1U);
  EXPECT_FALSE(up("p2"));
  p2.call();
  p3.call();
  ASSERT_TRUE(pass_until([&] { return up("p2") && up("p3"); }, 10s));
  p2.announce(20);
  ASSERT_TRUE(pass_until([&] { return held() == 2; }, 5s));
}

TEST_F(Failures, TooManyFailuresOfOneChildEndTheNodeWithALastWord) {
  start(R"({ "restarts": 2, "first_backoff": "10ms" })");
  caf::error why;
  node->handle()->attach_functor([&why](const caf::error& e) { why = e; });
  // Of the rib: its router fails; of the router: the node does.
  for (int i = 0; i < 20 && !why; ++i) {
    fault("node/router.r/rib");
    caf::anon_send(node->handle(), actors::rib_query{});
    pass(200ms);
  }
  ASSERT_TRUE(why);
  EXPECT_THAT(actors::reason_text(why), HasSubstr("failed too often"));
  bool said = false;
  for (const auto& line : node->log().lines())
    said = said || line.find("fails again and again") != line.npos;
  EXPECT_TRUE(said);
}

// -- what is not acknowledged -------------------------------------------------

TEST_F(Failures, BatchesThatAShardHasNotAcknowledgedAreGivenToTheNext) {
  start();
  const std::string id = "node/router.r/rib_shard.0";
  for (int round = 0; round < 3; ++round) {
    fault(id);
    for (std::uint8_t i = 0; i < 8; ++i)
      p2.announce(static_cast<std::uint8_t>(100 + round * 8 + i));
    const auto wanted = 3U + 8U * static_cast<unsigned>(round + 1);
    ASSERT_TRUE(pass_until([&] { return held() == wanted; }, 10s)) << round;
  }
  EXPECT_EQ(restarts(id), 3U);
  EXPECT_EQ(established("p2") + established("p3"), 2U);
}

// -- automatic repair ---------------------------------------------------------

TEST_F(Failures, ASessionThatKeepsFailingIsTriedLessAndLessOften) {
  start(R"({ "restarts": 2, "longest_backoff": "8s" })");
  const std::string id = "node/router.r/session.p2";
  auto longest = 0ms;
  for (int i = 0; i < 8; ++i) {
    fault(id);
    ASSERT_TRUE(pass_until(
        [&] {
          node->cell(id); // a message makes it throw
          caf::anon_send(
              node->handle(),
              actors::neighbor_command{
                  "p2", {actors::session_command::kind::refresh, {}, {}}});
          settle();
          return !look(id).alive;
        },
        5s))
        << i;
    const auto paused = node->neighbor("p2");
    EXPECT_THAT(paused.paused_for, HasSubstr("injected fault"));
    EXPECT_GT(paused.paused, 0ms);
    longest = std::max(longest, paused.paused);
    ASSERT_TRUE(pass_until([&] { return look(id).alive; }, 10s)) << i;
    EXPECT_EQ(node->neighbor("p2").paused, 0ms);
  }
  EXPECT_GT(longest, 4s);
  EXPECT_LE(longest, 8s);
  EXPECT_EQ(established("p3"), 1U);
}

TEST_F(Failures, AResetEndsThePauseOfASession) {
  start(R"({ "first_backoff": "60s", "longest_backoff": "60s" })");
  const std::string id = "node/router.r/session.p2";
  fault(id);
  caf::anon_send(node->handle(),
                 actors::neighbor_command{
                     "p2", {actors::session_command::kind::refresh, {}, {}}});
  ASSERT_TRUE(pass_until([&] { return !look(id).alive; }, 5s));
  EXPECT_GT(node->neighbor("p2").paused, 30s);
  caf::anon_send(node->handle(),
                 actors::neighbor_command{
                     "p2", {actors::session_command::kind::reset, {}, {}}});
  ASSERT_TRUE(pass_until([&] { return look(id).alive; }, 1s));
  EXPECT_EQ(node->neighbor("p2").paused, 0ms);
}

TEST_F(Failures, AnOperatorSeesUntilWhenAPeerIsLeftAlone) {
  start();
  // A NOTIFICATION, again and again: the session is damped.
  bytes cease(16, 0xff);
  cease.insert(cease.end(), {0, 21, 3, 6, 0});
  auto longest = 0ms;
  for (int i = 0; i < 4; ++i) {
    p2.peer().send(cease);
    ASSERT_TRUE(pass_until([&] { return !up("p2"); }, 5s));
    longest = std::max(longest, node->neighbor("p2").paused);
    ASSERT_TRUE(pass_until([&] { return node->neighbor("p2").paused == 0ms; },
                           130s, 100ms));
    p2.call();
    ASSERT_TRUE(pass_until([&] { return up("p2"); }, 10s));
  }
  EXPECT_GT(longest, 2s);
}

// -- quarantine ---------------------------------------------------------------

TEST_F(Failures, AnUpdateThatThrowsTwiceIsQuarantined) {
  start();
  const auto id = connection_of("p2");
  fault(id, actors::fault::kind_type::poison);
  p2.announce(20, 7); // it tells 20/8 anew
  ASSERT_TRUE(pass_until([&] { return held() == 2; }, 5s));
  const auto kept = node->quarantine().list();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].neighbor, "p2");
  EXPECT_EQ(kept[0].router, "r");
  EXPECT_EQ(kept[0].reason, "injected fault");
  EXPECT_EQ(kept[0].bytes, p2.update_of(20, 7));
  EXPECT_FALSE(kept[0].reset);
  // The session and its actors stay, and so do its other routes.
  p2.announce(21);
  ASSERT_TRUE(pass_until([&] { return held() == 3; }, 5s));
  EXPECT_TRUE(up("p2"));
  EXPECT_EQ(established("p2"), 1U);
  EXPECT_EQ(connection_of("p2"), id);
  EXPECT_EQ(look(id).restarts, 0U);
  // It is known now: nothing is tried, and nothing thrown.
  p2.announce(20, 7);
  p2.announce(22);
  ASSERT_TRUE(pass_until([&] { return held() == 4; }, 5s));
  EXPECT_EQ(node->neighbor("p2").report.counters->quarantined, 2U);
  EXPECT_EQ(node->quarantine().list()[0].seen, 2U);
  EXPECT_THAT(actor_events(), Contains(id + " quarantined"));
  // Until somebody says otherwise.
  node->quarantine().clear();
  p2.announce(20, 7);
  ASSERT_TRUE(pass_until([&] { return held() == 5; }, 5s));
}

// -- what is seen of it -------------------------------------------------------

TEST_F(Failures, ASessionRemembersTheEventsOfItsLife) {
  start();
  const auto id = connection_of("p2");
  fault(id);
  p2.announce(21);
  ASSERT_TRUE(pass_until([&] { return !up("p2"); }, 5s));
  const auto events = events_of("p2");
  ASSERT_FALSE(events.empty());
  const auto& last = *std::ranges::find_if(events, [](const auto& e) {
    return e.from == protocol::fsm::state::established && e.from != e.to;
  });
  EXPECT_STREQ(last.event, "tcp connection fails");
  EXPECT_THAT(last.cause, HasSubstr("injected fault"));
  EXPECT_TRUE(last.connection);
  EXPECT_THAT(id, HasSubstr(log::connection_id_text(*last.connection)));
  // The history outlives the actor.
  fault("node/router.r/session.p2");
  caf::anon_send(node->handle(),
                 actors::neighbor_command{
                     "p2", {actors::session_command::kind::refresh, {}, {}}});
  ASSERT_TRUE(pass_until(
      [&] { return restarts("node/router.r/session.p2") == 1; }, 5s));
  EXPECT_GE(events_of("p2").size(), events.size());
  EXPECT_STREQ(events_of("p2")[0].event, events[0].event);
}

TEST_F(Failures, AnOperatorEndsAnyActorButTheNode) {
  start();
  const auto restart = [&](const std::string& id) {
    return ask<actors::command_result>(node->handle(),
                                       actors::restart_actor{id});
  };
  for (const auto& id : std::vector<std::string>{
           "node/config_keeper", "node/admin", "node/dispatcher.10.5.0.1:179",
           "node/router.r/rib", "node/router.r/rib_shard.0",
           "node/router.r/exporter.1", "node/router.r/session.p2",
           "node/router.r"}) {
    const auto before = restarts(id);
    EXPECT_TRUE(restart(id).ok) << id;
    ASSERT_TRUE(pass_until([&] { return restarts(id) == before + 1; }, 5s))
        << id;
    EXPECT_THAT(look(id).last_restart_reason, HasSubstr("operator")) << id;
  }
  EXPECT_FALSE(restart("node").ok);
  EXPECT_FALSE(restart("node").not_found);
  EXPECT_TRUE(restart("node/router.r/session.none").not_found);
  p3.call();
  ASSERT_TRUE(pass_until([&] { return up("p3"); }, 10s));
  EXPECT_TRUE(restart(connection_of("p3")).ok);
  ASSERT_TRUE(pass_until([&] { return !up("p3"); }, 5s));
  EXPECT_THAT(node->neighbor("p3").report.last_error, HasSubstr("operator"));
}

} // namespace troupe::test
