#include "actors/actor_registry.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> ids(const actor_registry& registry) {
  std::vector<std::string> result;
  for (auto& s : registry.snapshot())
    result.push_back(s.id);
  return result;
}

TEST(ChildId, IsAPathOfKindsAndNames) {
  EXPECT_EQ(child_id("", actor_kind::node, ""), "node");
  EXPECT_EQ(child_id("node", actor_kind::router, "main"), "node/router.main");
  EXPECT_EQ(child_id("node/router.main", actor_kind::rib, ""),
            "node/router.main/rib");
}

TEST(ChildId, EscapesWhatMayNotStandInAUrl) { // RFC 3986 §2.3
  EXPECT_EQ(child_id("n", actor_kind::session, "a/b c~d"),
            "n/session.a~2fb~20c~7ed");
  EXPECT_EQ(child_id("n", actor_kind::session, "ix@2001:db8::1"),
            "n/session.ix@2001:db8::1");
  EXPECT_EQ(child_id("n", actor_kind::session, "\xc3\xa4"), "n/session.~c3~a4");
}

TEST(ActorRegistry, ReturnsTheSameCellForTheSameActor) {
  actor_registry registry;
  auto first = registry.add("node", actor_kind::router, "main");
  EXPECT_EQ(registry.add("node", actor_kind::router, "main"), first);
  EXPECT_NE(registry.add("node", actor_kind::router, "other"), first);
  EXPECT_EQ(registry.find("node/router.main"), first);
  EXPECT_EQ(registry.find("node/router.none"), nullptr);
  EXPECT_EQ(registry.size(), 2U);
}

TEST(ActorRegistry, ListsParentsBeforeTheirChildrenInTheOrderOfAddition) {
  actor_registry registry;
  registry.add("", actor_kind::node, "");
  registry.add("node", actor_kind::router, "z");
  registry.add("node", actor_kind::router, "a");
  registry.add("node/router.z", actor_kind::session, "2");
  registry.add("node/router.a", actor_kind::session, "3");
  registry.add("node/router.z", actor_kind::session, "1");
  registry.add("node/router.gone", actor_kind::session, "orphan");
  EXPECT_EQ(ids(registry),
            (std::vector<std::string>{
                "node", "node/router.z", "node/router.z/session.2",
                "node/router.z/session.1", "node/router.a",
                "node/router.a/session.3", "node/router.gone/session.orphan"}));
}

TEST(ActorRegistry, RemovesACellWithAllBelowItAndNothingElse) {
  actor_registry registry;
  registry.add("", actor_kind::node, "");
  registry.add("node", actor_kind::router, "a");
  registry.add("node/router.a", actor_kind::session, "1");
  registry.add("node", actor_kind::router, "ab");
  EXPECT_TRUE(registry.remove("node/router.a"));
  EXPECT_FALSE(registry.remove("node/router.a"));
  EXPECT_EQ(ids(registry),
            (std::vector<std::string>{"node", "node/router.ab"}));
}

TEST(MailboxGauge, GivesTheAgeOfTheOldestMessage) {
  mailbox_gauge gauge(0);
  EXPECT_EQ(gauge.oldest_ns(50), 50) << "an empty mailbox has no age";
  gauge.count_in(10);
  gauge.count_in(20);
  EXPECT_EQ(gauge.depth(), 2U);
  EXPECT_EQ(gauge.oldest_ns(50), 10);
  gauge.count_out();
  EXPECT_EQ(gauge.oldest_ns(50), 20);
  gauge.count_out();
  EXPECT_EQ(gauge.depth(), 0U);
  EXPECT_EQ(gauge.oldest_ns(50), 50);
}

TEST(MailboxGauge, KnowsTheAgeInLongQueuesToo) {
  mailbox_gauge gauge(0);
  // One message each ns; 90 % of them are still waiting at any time.
  std::int64_t now = 0;
  std::int64_t out = 0;
  for (; now < 3'000'000; ++now) {
    gauge.count_in(now + 1);
    if (now % 10 == 9) {
      gauge.count_out();
      ++out;
    }
    if (now % 99'991 != 0)
      continue;
    auto depth = now + 1 - out;
    auto exact = out + 1; // the arrival of the message with this number
    auto found = gauge.oldest_ns(now);
    if (depth <= 1'000'000) {
      EXPECT_LE(found, exact);
      EXPECT_GE(found, exact - depth) << "at a depth of " << depth;
    } else {
      EXPECT_GE(found, exact) << "a lower bound of the age";
    }
  }
}

TEST(MailboxGauge, IsEmptyOnceItsIncarnationHasEnded) {
  mailbox_gauge gauge(0);
  gauge.count_in(10);
  gauge.close();
  gauge.count_in(20); // somebody still sends to the old handle
  EXPECT_EQ(gauge.depth(), 0U);
  EXPECT_EQ(gauge.oldest_ns(50), 50);
}

std::string a_name(std::uint64_t key, const void*) {
  return "type " + std::to_string(key);
}

void handle(actor_cell& cell, std::uint64_t type, std::int64_t took) {
  auto index = cell.type_index(type, &a_name, nullptr);
  cell.begin_handler(index, 1);
  cell.end_handler(index, 1, 1 + took, took, true);
}

actor_snapshot now_of(const actor_cell& cell) {
  return cell.snapshot(std::chrono::steady_clock::now());
}

TEST(ActorCell, CountsMessagesByType) {
  actor_cell cell("", actor_kind::node, "");
  for (int i = 0; i < 3; ++i)
    handle(cell, 7, 10);
  handle(cell, 7 + 31, 10); // the same place in the table
  auto s = now_of(cell);
  EXPECT_EQ(s.handled, 4U);
  ASSERT_EQ(s.by_type.size(), 2U);
  EXPECT_EQ(s.by_type[0].type, "type 7");
  EXPECT_EQ(s.by_type[0].count, 3U);
  EXPECT_EQ(s.by_type[1].type, "type 38");
}

TEST(ActorCell, PutsTypesBeyondItsTableUnderOther) {
  actor_cell cell("", actor_kind::node, "");
  for (std::uint64_t type = 1; type <= 40; ++type)
    handle(cell, type, 10);
  auto s = now_of(cell);
  ASSERT_EQ(s.by_type.size(), 32U);
  EXPECT_EQ(s.by_type.back().type, "other");
  EXPECT_EQ(s.by_type.back().count, 9U);
  EXPECT_EQ(s.handled, 40U);
}

TEST(ActorCell, GivesPercentilesWithinAFactorOfTwo) {
  actor_cell cell("", actor_kind::node, "");
  for (int i = 0; i < 98; ++i)
    handle(cell, 1, 3000);
  handle(cell, 1, 1'000'000);
  handle(cell, 2, 900'000);
  auto s = now_of(cell);
  EXPECT_GE(s.handling_p50_us, 1.5);
  EXPECT_LE(s.handling_p50_us, 6.0);
  EXPECT_GE(s.handling_p99_us, 450.0);
  EXPECT_LE(s.handling_p99_us, 1800.0);
  EXPECT_EQ(s.longest_handler, 1ms);
  EXPECT_EQ(s.longest_handler_type, "type 1");
}

TEST(ActorCell, DoesNotCountAMessageThatIsPutBack) {
  actor_cell cell("", actor_kind::node, "");
  auto index = cell.type_index(1, &a_name, nullptr);
  cell.begin_handler(index, 1);
  EXPECT_TRUE(cell.running());
  cell.end_handler(index, 1, 11, 10, false);
  EXPECT_FALSE(cell.running());
  EXPECT_EQ(now_of(cell).handled, 0U);
}

TEST(ActorCell, LivesOverIncarnations) {
  actor_cell cell("", actor_kind::session, "r1");
  EXPECT_FALSE(now_of(cell).alive);
  EXPECT_EQ(now_of(cell).state, "ended");
  auto first = cell.begin_incarnation();
  EXPECT_EQ(now_of(cell).state, "running");
  cell.set_state("established");
  first->count_in(1);
  EXPECT_EQ(now_of(cell).mailbox_depth, 1U);
  cell.end_incarnation(*first, "boom");
  auto s = now_of(cell);
  EXPECT_FALSE(s.alive);
  EXPECT_EQ(s.last_end_reason, "boom");
  EXPECT_EQ(s.mailbox_depth, 0U);
  EXPECT_EQ(s.uptime, 0ns);

  cell.count_restart("boom");
  auto second = cell.begin_incarnation();
  first->count_in(1); // a late message for the dead one
  s = now_of(cell);
  EXPECT_TRUE(s.alive);
  EXPECT_EQ(s.state, "running");
  EXPECT_EQ(s.mailbox_depth, 0U);
  EXPECT_EQ(s.restarts, 1U);
  EXPECT_EQ(s.last_restart_reason, "boom");
  EXPECT_GE(s.uptime, 0ns);
}

TEST(ActorCell, LetsAFaultStrikeAtTheKthMessageOnce) {
  actor_cell cell("", actor_kind::node, "");
  cell.arm({fault::kind_type::drop, 3, 0ms});
  EXPECT_FALSE(cell.next_fault());
  EXPECT_FALSE(cell.next_fault());
  ASSERT_TRUE(cell.next_fault());
  EXPECT_FALSE(cell.next_fault());
  EXPECT_FALSE(cell.fault_armed());
  cell.arm({fault::kind_type::throw_exception, 0, 0ms});
  cell.clear_fault();
  EXPECT_FALSE(cell.next_fault());
}

TEST(Fault, HasTheNamesOfTheAdminEndpoint) {
  EXPECT_EQ(parse_fault_kind("throw"), fault::kind_type::throw_exception);
  EXPECT_EQ(parse_fault_kind("stall"), fault::kind_type::stall);
  EXPECT_EQ(parse_fault_kind("drop"), fault::kind_type::drop);
  EXPECT_FALSE(parse_fault_kind("explode"));
}

TEST(PublishedText, IsCutAtItsSize) {
  published_text<15> text;
  EXPECT_EQ(text.get(), "");
  text.set("established");
  EXPECT_EQ(text.get(), "established");
  text.set("open");
  EXPECT_EQ(text.get(), "open");
  text.set("0123456789abcdefgh");
  EXPECT_EQ(text.get(), "0123456789abcde");
}

TEST(PublishedText, IsNeverReadHalfWritten) {
  published_text<63> text;
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  for (char c : {'a', 'b'})
    writers.emplace_back([&text, &done, c] {
      for (std::size_t i = 0; !done; ++i)
        text.set(std::string(1 + i % 63, c));
    });
  for (int i = 0; i < 50'000; ++i) {
    auto seen = text.get();
    ASSERT_EQ(seen.find_first_not_of(seen.empty() ? 'a' : seen[0]),
              std::string::npos)
        << seen;
  }
  done = true;
  for (auto& writer : writers)
    writer.join();
}

} // namespace
} // namespace troupe::actors
