// What dies, what happens, and what the rest sees (DESIGN §5), row by row, and
// what an operator sees of it. Shards, exporters and sessions are in
// promises.test.cpp.

#include "tests/simulation/failures_fixture.hpp"

#include <gmock/gmock.h>

namespace troupe::test {

using ::testing::Contains;
using ::testing::HasSubstr;

namespace {

using Failures = failures::fixture;

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
  // What its children were called by numbers is forgotten with them.
  EXPECT_EQ(node->registry().find("node/router.r/exporter.1"), nullptr);
  EXPECT_EQ(node->pool().stats().sets, 1U); // of what we originate
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
