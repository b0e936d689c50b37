// How the daemon repairs itself: tables that cannot be trusted, sessions that
// keep failing, UPDATEs and routes that cannot be handled.

#include "tests/simulation/failures_fixture.hpp"

#include <gmock/gmock.h>

namespace troupe::test {

using ::testing::Contains;
using ::testing::HasSubstr;

namespace {

using Repair = failures::fixture;

} // namespace

// -- a table that cannot be trusted -------------------------------------------

TEST_F(Repair, ATableThatNoActorCanWorkWithIsToldAgain) {
  p2.refresh_when_asked();
  p3.refresh_when_asked();
  start();
  const std::string id = "node/router.r/rib_shard.0";
  const auto digest =
      node->totals().families[protocol::ipv4_unicast].digest_low;
  p2.is_asked();
  p3.is_asked();
  fault(id, actors::fault::kind_type::jam); // two actors fail over it
  p2.announce(21);
  bool asked_p2 = false;
  bool asked_p3 = false;
  ASSERT_TRUE(pass_until(
      [&] {
        asked_p2 = asked_p2 || p2.is_asked();
        asked_p3 = asked_p3 || p3.is_asked();
        return asked_p2 && asked_p3;
      },
      10s));
  EXPECT_EQ(restarts(id), 2U);
  EXPECT_LT(held(), 3U);
  p2.mark(1);
  p2.announce(20);
  p2.mark(2);
  pass(5s); // p3 takes its time: nobody is told of what is missing
  p3.mark(1);
  p3.announce(30);
  p3.mark(2);
  ASSERT_TRUE(pass_until([&] { return held() == 3; }, 5s));
  pass(1s);
  // 21/8 was never told by p2 again, and nobody had heard of it.
  EXPECT_EQ(node->totals().families[protocol::ipv4_unicast].digest_low, digest);
  p2.is_asked();
  p3.is_asked();
  EXPECT_EQ(p2.withdrawals() + p3.withdrawals(), 0U);
  EXPECT_EQ(established("p2") + established("p3"), 2U);
  // It is an ordinary table again.
  p2.announce(22);
  ASSERT_TRUE(pass_until([&] { return held() == 4; }, 5s));
  EXPECT_EQ(node->neighbor("p3").families.at(protocol::ipv4_unicast).advertised,
            3U);
}

// RFC 2918 is optional: whoever cannot tell again begins anew.
TEST_F(Repair, WhoCannotTellItAgainIsReset) {
  start();
  const std::string id = "node/router.r/rib_shard.0";
  fault(id, actors::fault::kind_type::jam);
  p2.announce(21);
  ASSERT_TRUE(pass_until([&] { return !up("p2") && !up("p3"); }, 10s));
  ASSERT_TRUE(pass_until(
      [&] {
        return node->neighbor("p2").paused == 0ms
               && node->neighbor("p3").paused == 0ms;
      },
      10s));
  p2.call();
  p3.call();
  ASSERT_TRUE(pass_until([&] { return up("p2") && up("p3"); }, 10s));
  p2.announce(20);
  p3.announce(30);
  ASSERT_TRUE(pass_until([&] { return held() == 3; }, 5s));
  // What waited for the others is told at the latest after half a minute.
  ASSERT_TRUE(pass_until(
      [&] {
        return node->neighbor("p3")
                   .families.at(protocol::ipv4_unicast)
                   .advertised
               == 2;
      },
      31s, 100ms));
}

TEST_F(Repair, ARouteThatCannotBeAppliedKeepsNoOtherFromIt) {
  start();
  const std::string id = "node/router.r/rib_shard.0";
  fault(id, actors::fault::kind_type::poison);
  p2.announce(20, 7);
  p2.announce(21);
  ASSERT_TRUE(pass_until([&] { return held() == 3; }, 5s));
  pass(1s);
  EXPECT_EQ(held(), 3U); // 21/8 has come, 20/8 was taken back
  EXPECT_EQ(restarts(id), 0U);
  EXPECT_TRUE(up("p2"));
  EXPECT_THAT(actor_events(), Contains(id + " quarantined"));
  // It is kept as the UPDATE that tells nothing else, which is known now.
  auto kept = node->quarantine().list();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].neighbor, "p2");
  EXPECT_EQ(kept[0].router, "r");
  EXPECT_EQ(kept[0].reason, "20.0.0.0/8: injected fault");
  EXPECT_EQ(kept[0].bytes, p2.update_of(20, 7));
  p2.announce(20, 7);
  p2.announce(22);
  ASSERT_TRUE(pass_until([&] { return held() == 4; }, 5s));
  EXPECT_EQ(node->quarantine().list()[0].seen, 2U);
  node->quarantine().clear();
  p2.announce(20, 7);
  ASSERT_TRUE(pass_until([&] { return held() == 5; }, 5s));
}

// -- what is lost with an actor -----------------------------------------------

// Found by scripts/chaos.
TEST_F(Repair, ASweepThatIsLostWithAShardIsMadeUpFor) {
  start();
  p2.announce(21);
  ASSERT_TRUE(pass_until([&] { return held() == 4; }, 5s));
  fault("node/router.r/session.p2");
  caf::anon_send(node->handle(),
                 actors::neighbor_command{
                     "p2", {actors::session_command::kind::refresh, {}, {}}});
  ASSERT_TRUE(pass_until([&] { return !up("p2"); }, 5s));
  EXPECT_EQ(held(), 4U); // they wait for the next session
  ASSERT_TRUE(pass_until(
      [&] { return restarts("node/router.r/session.p2") == 1; }, 5s));
  p2.call();
  ASSERT_TRUE(pass_until([&] { return up("p2"); }, 10s));
  p2.announce(20); // and not 21
  pass(20s);
  EXPECT_EQ(held(), 4U);
  // The next thing that the shard hears is that it may sweep.
  const std::string id = "node/router.r/rib_shard.0";
  fault(id);
  ASSERT_TRUE(pass_until([&] { return restarts(id) == 1; }, 30s, 100ms));
  ASSERT_TRUE(pass_until([&] { return held() == 3; }, 5s, 100ms));
}

TEST_F(Repair, ARefreshThatIsLostWithAnExporterIsAnsweredByTheNext) {
  p3.refresh_when_asked();
  start();
  ASSERT_TRUE(pass_until([&] { return p3.told().contains(20); }, 5s));
  fault("node/router.r/exporter.1");
  p3.mark(0);
  std::set<unsigned> told;
  ASSERT_TRUE(pass_until(
      [&] {
        told.merge(p3.told());
        return told.contains(20) && told.contains(192);
      },
      5s));
  EXPECT_EQ(restarts("node/router.r/exporter.1"), 1U);
}

// Its last session has left while the exporter was away, and so has been told
// nothing of what the exporter remembers.
TEST_F(Repair, ASessionThatComesBackWhileItsExporterIsAwayIsToldEverything) {
  start(R"({ "first_backoff": "2s", "longest_backoff": "2s" })");
  ASSERT_TRUE(pass_until([&] { return p3.told().contains(20); }, 5s));
  const std::string session = "node/router.r/session.p3";
  fault(session);
  caf::anon_send(node->handle(),
                 actors::neighbor_command{
                     "p3", {actors::session_command::kind::refresh, {}, {}}});
  ASSERT_TRUE(pass_until([&] { return !look(session).alive; }, 5s));
  pass(1400ms);
  fault("node/router.r/exporter.1");
  p2.announce(21);
  ASSERT_TRUE(
      pass_until([&] { return !look("node/router.r/exporter.1").alive; }, 5s));
  ASSERT_TRUE(pass_until([&] { return look(session).alive; }, 5s));
  p3.call();
  ASSERT_TRUE(pass_until([&] { return up("p3"); }, 1s));
  ASSERT_FALSE(look("node/router.r/exporter.1").alive);
  std::set<unsigned> told;
  ASSERT_TRUE(pass_until(
      [&] {
        told.merge(p3.told());
        return told.size() >= 3;
      },
      10s));
  EXPECT_EQ(told, (std::set<unsigned>{20, 21, 192}));
}

// -- automatic repair ---------------------------------------------------------

TEST_F(Repair, ASessionThatKeepsFailingIsTriedLessAndLessOften) {
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

TEST_F(Repair, AResetEndsThePauseOfASession) {
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

TEST_F(Repair, AnOperatorSeesUntilWhenAPeerIsLeftAlone) {
  start();
  // A NOTIFICATION, again and again: the session is damped.
  failures::bytes cease(16, 0xff);
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

TEST_F(Repair, AnUpdateThatThrowsTwiceIsQuarantined) {
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

} // namespace troupe::test
