#include "protocol/fsm/collision.hpp"
#include "tests/protocol/fsm_support.hpp"
#include "tests/protocol/fsm_watcher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace troupe::protocol::fsm::test {

namespace {

constexpr speaker us{local_identifier, 65001};
constexpr auto inbound = direction::inbound;
constexpr auto outbound = direction::outbound;

contender a_contender(connection_id id, direction way,
                      phase reached = phase::open_sent) {
  return {id, way, reached};
}

// -- the rules ----------------------------------------------------------------

TEST(FsmCollision, KeepsTheConnectionOfTheHigherIdentifier) { // RFC 4271 §6.8
  const collision_resolver rules{us, false};
  const auto ours = a_contender(first, outbound);
  const auto theirs = a_contender(second, inbound);
  const speaker lower{lower_identifier, 65002};
  const speaker higher{higher_identifier, 65002};
  EXPECT_EQ(rules.loser(ours, theirs, lower), second);
  EXPECT_EQ(rules.loser(theirs, ours, lower), second);
  EXPECT_EQ(rules.loser(ours, theirs, higher), first);
  EXPECT_EQ(rules.loser(theirs, ours, higher), first);
}

TEST(FsmCollision, ComparesIdentifiersAsUnsignedNumbers) {
  const collision_resolver rules{{router_id{0x7fffffff}, 65001}, false};
  const speaker remote{router_id{0x80000000}, 65002};
  EXPECT_EQ(rules.loser(a_contender(first, outbound),
                        a_contender(second, inbound), remote),
            first);
}

TEST(FsmCollision, ComparesAsNumbersWhereIdentifiersAreEqual) { // RFC 6286 §2.3
  const collision_resolver rules{us, false};
  const auto ours = a_contender(first, outbound);
  const auto theirs = a_contender(second, inbound);
  EXPECT_EQ(rules.loser(ours, theirs, {local_identifier, 65000}), second);
  EXPECT_EQ(rules.loser(ours, theirs, {local_identifier, 65002}), first);
  EXPECT_EQ(rules.loser(ours, theirs, {local_identifier, 4200000000}), first);
}

// RFC 4271 §8.1.1: CollisionDetectEstablishedState
TEST(FsmCollision, LetsASessionThatIsUpWinUnlessConfiguredOtherwise) {
  const speaker higher{higher_identifier, 65002};
  const auto newer = a_contender(second, inbound);
  for (const auto reached : {phase::session_setup, phase::established}) {
    const auto up = a_contender(first, outbound, reached);
    EXPECT_EQ(collision_resolver(us, false).loser(newer, up, higher), second);
    EXPECT_EQ(collision_resolver(us, true).loser(newer, up, higher), first);
  }
}

struct admission_case {
  const char* name;
  std::vector<contender> registered;
  admission plain;
  admission deterministic;
};

TEST(FsmCollision, AdmitsASecondConnectionOfTheOtherDirectionOnly) {
  const auto up = phase::established;
  const admission_case cases[]{
      {"alone", {}, admission::accepted, admission::accepted},
      {"other direction",
       {a_contender(first, outbound)},
       admission::accepted,
       admission::accepted},
      {"same direction",
       {a_contender(first, inbound)},
       admission::same_direction,
       admission::same_direction},
      {"third",
       {a_contender(first, inbound), a_contender(second, outbound)},
       admission::third_connection,
       admission::third_connection},
      {"session up, other direction",
       {a_contender(first, outbound, up)},
       admission::established_wins,
       admission::accepted},
      {"session up, same direction",
       {a_contender(first, inbound, up)},
       admission::established_wins,
       admission::established_wins},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(collision_resolver(us, false).admit(c.registered, inbound),
              c.plain);
    EXPECT_EQ(collision_resolver(us, true).admit(c.registered, inbound),
              c.deterministic);
  }
}

TEST(FsmCollision, TellsARefusedConnectionWhy) { // RFC 4486 §4
  EXPECT_FALSE(refusal(admission::accepted));
  EXPECT_EQ(refusal(admission::third_connection)->subcode, 5);
  EXPECT_EQ(refusal(admission::same_direction)->subcode, 5);
  EXPECT_EQ(refusal(admission::established_wins)->subcode, 7);
  EXPECT_EQ(refusal(admission::established_wins)->code,
            notification_code::cease);
}

// -- every order of the events of two connections -----------------------------

struct peer_case {
  const char* name;
  router_id identifier;
  as_number as;
  direction winner; ///< by RFC 4271 §6.8 and RFC 6286 §2.3
};

constexpr peer_case peers[]{
    {"lower identifier", lower_identifier, 65002, outbound},
    {"higher identifier", higher_identifier, 65002, inbound},
    {"equal identifier, lower AS", local_identifier, 65000, outbound},
    {"equal identifier, higher AS", local_identifier, 65002, inbound},
};

/// What happens on one connection, in order.
std::array<event, 6> script(direction way, const peer_case& peer) {
  const auto id = way == outbound ? first : second;
  const event comes_up = way == outbound ? event{tcp_connection_confirmed{id}}
                                         : event{tcp_connection_acked{id}};
  return {comes_up,
          open_received{id, an_open(peer.as, peer.identifier)},
          keepalive_received{id},
          session_set_up{id},
          update_received{id},
          keepalive_received{id}};
}

/// An order: for each step, which connection's next event comes.
using order = std::array<direction, 12>;

/// Who is to remain: the winner, unless the other one's KEEPALIVE came before
/// an OPEN could decide and a session that is up wins.
direction expected_survivor(const order& o, direction winner,
                            bool deterministic) {
  std::array<int, 2> done{};
  const auto count = [&](direction d) -> int& {
    return done.at(static_cast<std::size_t>(d));
  };
  const auto loser = winner == inbound ? outbound : inbound;
  for (const auto d : o) {
    ++count(d);
    const bool both_up = count(inbound) >= 1 && count(outbound) >= 1;
    if (both_up && count(d) == 2)
      return winner; // an OPEN with a competitor there
    if (!deterministic && d == loser && count(d) == 3)
      return loser; // its KEEPALIVE
    if (!deterministic && d == winner && count(d) == 3)
      return winner;
  }
  return winner;
}

void expect_one_survivor(const order& o, const peer_case& peer,
                         bool deterministic) {
  auto s = plain_settings();
  s.deterministic_collision_resolution = deterministic;
  auto machine = in_connect(s);
  watcher seen;
  auto twin = fresh(s);
  seen.observe(manual_start{}, twin.handle(manual_start{}), twin);
  std::array scripts{script(inbound, peer), script(outbound, peer)};
  std::array<std::size_t, 2> at{};
  for (const auto d : o) {
    const auto i = static_cast<std::size_t>(d);
    const auto& e = scripts.at(i).at(at.at(i)++);
    seen.observe(e, machine.handle(e), machine);
    ASSERT_FALSE(seen.complaint()) << *seen.complaint();
  }
  const auto left = machine.connections();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().who.way,
            expected_survivor(o, peer.winner, deterministic));
  EXPECT_EQ(machine.current(), state::established);
}

TEST(FsmCollision, LeavesTheRightConnectionInEveryOrderOfEvents) {
  order o;
  std::fill_n(o.begin(), 6, inbound);
  std::fill_n(o.begin() + 6, 6, outbound);
  int orders = 0;
  do {
    ++orders;
    for (const auto& peer : peers)
      for (const bool deterministic : {false, true}) {
        SCOPED_TRACE(peer.name);
        SCOPED_TRACE(deterministic ? "deterministic" : "established wins");
        expect_one_survivor(o, peer, deterministic);
        if (testing::Test::HasFailure()) {
          std::string text;
          for (const auto d : o)
            text += d == inbound ? 'i' : 'o';
          FAIL() << text;
        }
      }
  } while (std::next_permutation(o.begin(), o.end()));
  EXPECT_EQ(orders, 924); // 12 over 6
}

// -- scenes -------------------------------------------------------------------

TEST(FsmCollision, ClosesTheLoserWithCeaseAndConfirmsTheWinner) {
  auto machine = in_collision(phase::open_confirm);
  const auto actions =
      machine.handle(open_received{second, an_open(65002, higher_identifier)});
  EXPECT_EQ(summary(actions), "-keepalive -hold 6/7 close "
                              "+hold#2 +keepalive#2 keepalive#2");
  EXPECT_EQ(transitions(actions), "connection collision -> open confirm");
  const auto ends = all_of<connection_ends>(actions);
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends.front().why.reason, end_reason::collision);
  EXPECT_EQ(ends.front().next, state::open_confirm);
  EXPECT_EQ(machine.statistics().collisions, 1U);
  EXPECT_FALSE(machine.last_ending()) << "a lost collision is no failure";
}

TEST(FsmCollision, ReplacesAnEstablishedSessionIfIdentifiersSaySo) {
  auto s = plain_settings();
  s.deterministic_collision_resolution = true;
  auto machine = in_established(s);
  machine.handle(tcp_connection_acked{second});
  const auto actions =
      machine.handle(open_received{second, an_open(65002, higher_identifier)});
  EXPECT_EQ(summary(actions), "down -stable -keepalive -hold 6/7 close "
                              "+hold#2 +keepalive#2 keepalive#2");
  EXPECT_EQ(transitions(actions), "established -> open confirm");
  const auto down = all_of<session_down>(actions);
  ASSERT_EQ(down.size(), 1U);
  EXPECT_EQ(down.front().connection, first);
  EXPECT_EQ(down.front().why.reason, end_reason::collision);
}

TEST(FsmCollision, GoesOnWithTheCompetitorOfASessionThatBreaks) {
  auto s = plain_settings();
  s.deterministic_collision_resolution = true;
  auto machine = in_established(s);
  machine.handle(tcp_connection_acked{second});
  const auto actions = machine.handle(tcp_connection_failed{first});
  EXPECT_EQ(transitions(actions), "established -> open sent");
  EXPECT_EQ(machine.failures_in_a_row(), 0U);
  EXPECT_EQ(run(machine, {open_received{second, peer_open()},
                          keepalive_received{second}, session_set_up{second}})
                .empty(),
            false);
  EXPECT_EQ(machine.current(), state::established);
}

TEST(FsmCollision, AnErrorOnOneConnectionNeverHurtsTheOther) {
  const auto before = in_collision(phase::open_confirm);
  for (const auto title : connection_titles())
    for (const auto& [broken, other] :
         {std::pair{first, second}, std::pair{second, first}}) {
      SCOPED_TRACE(title);
      auto machine = before;
      const auto e = title == "open message"
                         ? event{message_malformed{broken, {}, 1}}
                         : event_named(title, broken);
      const auto actions = machine.handle(e);
      if (title == "keepalive message" && broken == first)
        continue; // no error: the session comes up and wins
      for (const auto& x : all_of<close_connection>(actions))
        EXPECT_EQ(x.connection, broken);
      for (const auto& x : all_of<disarm_timer>(actions))
        EXPECT_EQ(x.connection, broken);
      const auto left = machine.connections();
      EXPECT_TRUE(std::ranges::any_of(left, [&, o = other](const auto& c) {
        return c.who.connection == o;
      }));
    }
}

} // namespace

} // namespace troupe::protocol::fsm::test
