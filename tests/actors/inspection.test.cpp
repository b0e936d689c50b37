#include "actors/actor_registry.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <thread>
#include <vector>

// What is kept of the past for who looks at an actor later.
namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using protocol::fsm::state;
using ::testing::ElementsAre;

constexpr std::int64_t second = 1'000'000'000;

std::string name_of_type(std::uint64_t key, const void*) {
  return "type " + std::to_string(key);
}

/// A message that came at this time and took a tenth of a second.
void take(actor_cell& cell, std::uint64_t type, std::int64_t began) {
  const auto index = cell.type_index(type, &name_of_type, nullptr);
  cell.begin_handler(index, began);
  cell.end_handler(index, began, began + second / 10, second / 20, true);
}

actor_snapshot at(const actor_cell& cell, std::int64_t now) {
  return cell.snapshot(
      std::chrono::steady_clock::time_point{std::chrono::nanoseconds{now}});
}

TEST(RecentMessages, AreTheLastOnesInTheirOrder) {
  actor_cell cell("", actor_kind::node, "");
  EXPECT_TRUE(cell.recent_messages().empty());
  take(cell, 5, 7 * second);
  ASSERT_EQ(cell.recent_messages().size(), 1U);
  EXPECT_EQ(cell.recent_messages()[0].text, "type 5");
  EXPECT_EQ(cell.recent_messages()[0].at_ns, 7 * second);
  for (int i = 1; i <= 150; ++i)
    take(cell, static_cast<std::uint64_t>(1 + i % 3), (10 + i) * second);
  const auto recent = cell.recent_messages();
  ASSERT_EQ(recent.size(), 64U);
  for (int i = 0; i < 64; ++i) {
    const auto number = 150 - 63 + i;
    EXPECT_EQ(recent[static_cast<std::size_t>(i)].at_ns,
              (10 + number) * second);
    EXPECT_EQ(recent[static_cast<std::size_t>(i)].text,
              "type " + std::to_string(1 + number % 3));
  }
}

TEST(RecentMessages, CanBeReadWhileTheActorWorks) {
  actor_cell cell("", actor_kind::node, "");
  std::atomic<bool> done{false};
  std::thread actor{[&] {
    for (int i = 1; !done; ++i)
      take(cell, static_cast<std::uint64_t>(1 + i % 3), i * second);
  }};
  for (int i = 0; i < 2000; ++i) {
    const auto recent = cell.recent_messages();
    EXPECT_LE(recent.size(), 64U);
    for (std::size_t j = 1; j < recent.size(); ++j)
      EXPECT_LE(recent[j - 1].at_ns, recent[j].at_ns);
  }
  done = true;
  actor.join();
}

TEST(Rates, AreThoseOfTheLastSecondOrMore) {
  actor_cell cell("", actor_kind::node, "");
  auto gauge = cell.begin_incarnation();
  const auto from = steady_ns();
  for (int i = 0; i < 40; ++i) // four a second, for ten seconds
    take(cell, 1, from + i * second / 4);
  const auto busy = at(cell, from + 10 * second);
  EXPECT_NEAR(busy.messages_per_second, 4.0, 1.0);
  EXPECT_NEAR(busy.cpu_share, 0.2, 0.05);
  EXPECT_EQ(busy.cpu, 2s);
  // An idle actor measures nothing, and is seen to be idle all the same.
  const auto idle = at(cell, from + 1000 * second);
  EXPECT_LT(idle.messages_per_second, 0.01);
  EXPECT_LT(idle.cpu_share, 0.001);
  cell.end_incarnation(*gauge, "normal");
  EXPECT_EQ(at(cell, from + 10 * second).cpu_share, 0.0);
}

TEST(RestartHistory, KeepsTheLastOnesWithTheirReasons) {
  actor_cell cell("", actor_kind::session, "r1");
  for (int i = 0; i < 20; ++i)
    cell.count_restart("reason " + std::to_string(i));
  const auto history = cell.restart_history();
  ASSERT_EQ(history.size(), 16U);
  EXPECT_EQ(history.front().text, "reason 4");
  EXPECT_EQ(history.back().text, "reason 19");
  EXPECT_LE(history.front().at_ns, history.back().at_ns);
  EXPECT_LE(history.back().at_ns, steady_ns());
}

TEST(Tracing, TellsOfMessagesUntilItsTimeIsOver) {
  std::vector<std::string> told;
  actor_cell cell("node", actor_kind::rib, "", [&](const traced_message& m) {
    told.push_back(m.actor + ' ' + m.type + ' '
                   + std::to_string(m.took.count() / 1'000'000));
  });
  take(cell, 1, steady_ns());
  EXPECT_TRUE(told.empty());
  cell.trace_for(60s);
  EXPECT_TRUE(at(cell, steady_ns()).traced);
  take(cell, 2, steady_ns());
  take(cell, 3, steady_ns() + 61 * second);
  cell.trace_for(0s);
  EXPECT_FALSE(at(cell, steady_ns()).traced);
  take(cell, 4, steady_ns());
  EXPECT_THAT(told, ElementsAre("node/rib type 2 100"));
}

TEST(FsmHistory, KeepsTheLastEventsAndTheirCauses) {
  fsm_history history;
  for (std::uint32_t i = 0; i < 300; ++i)
    history.add({std::chrono::system_clock::time_point{std::chrono::seconds{i}},
                 "hold timer expires", state::established, state::idle,
                 i % 2 == 0 ? std::optional{i} : std::nullopt,
                 i % 3 == 0 ? "cause " + std::to_string(i) : std::string{}});
  const auto records = history.records();
  ASSERT_EQ(records.size(), 256U);
  for (std::uint32_t i = 0; i < 256; ++i) {
    const auto number = i + 44;
    const auto& r = records[i];
    EXPECT_EQ(r.at.time_since_epoch(), std::chrono::seconds{number});
    EXPECT_STREQ(r.event, "hold timer expires");
    EXPECT_EQ(r.from, state::established);
    EXPECT_EQ(r.to, state::idle);
    EXPECT_EQ(r.connection.has_value(), number % 2 == 0);
    EXPECT_EQ(r.connection.value_or(number), number);
    EXPECT_EQ(r.cause,
              number % 3 == 0 ? "cause " + std::to_string(number) : "");
  }
}

TEST(ActorRegistry, KeepsTheHistoryOfASessionUntilItIsRemoved) {
  actor_registry registry;
  registry.add("node", actor_kind::session, "r1");
  EXPECT_EQ(registry.find_history("node/session.r1"), nullptr);
  const auto history = registry.history_of("node/session.r1");
  history->add({});
  EXPECT_EQ(registry.history_of("node/session.r1"), history);
  EXPECT_EQ(registry.find_history("node/session.r1"), history);
  registry.remove("node");
  EXPECT_EQ(registry.find_history("node/session.r1"), nullptr);
}

std::vector<std::uint64_t> numbers(const std::vector<logged_event>& events) {
  std::vector<std::uint64_t> result;
  for (const auto& each : events)
    result.push_back(each.number);
  return result;
}

TEST(EventLog, GivesWhatIsNewerInItsOrder) {
  event_log log;
  EXPECT_EQ(log.newest(), 0U);
  EXPECT_TRUE(log.after(0, 10, 0ms).empty());
  for (int i = 0; i < 5; ++i)
    log.add(actor_event{"a" + std::to_string(i), "started", 1, {}, {}});
  EXPECT_THAT(numbers(log.after(0, 10, 0ms)), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(numbers(log.after(3, 10, 0ms)), ElementsAre(4, 5));
  EXPECT_THAT(numbers(log.after(1, 2, 0ms)), ElementsAre(2, 3));
  EXPECT_TRUE(log.after(5, 10, 0ms).empty());
  // A number of another run of the daemon.
  EXPECT_TRUE(log.after(99, 10, 0ms).empty());
  EXPECT_EQ(std::get<actor_event>(log.after(4, 1, 0ms)[0].what).actor, "a4");
}

TEST(EventLog, ForgetsTheOldestOnes) {
  event_log log;
  for (std::size_t i = 0; i < event_log::kept + 10; ++i)
    log.add(session_change{});
  const auto all = log.after(0, 5000, 0ms);
  ASSERT_EQ(all.size(), event_log::kept);
  EXPECT_EQ(all.front().number, 11U);
  EXPECT_EQ(all.back().number, log.newest());
}

TEST(EventLog, WakesWhoWaits) {
  event_log log;
  auto waiting = std::async(std::launch::async,
                            [&] { return log.after(0, 10, 30s).size(); });
  log.add(session_change{});
  EXPECT_EQ(waiting.get(), 1U);
}

} // namespace
} // namespace troupe::actors
