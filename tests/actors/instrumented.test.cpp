#include "actors/actor_registry.hpp"
#include "tests/actors/supervisor_probe.hpp"
#include "tests/support/caf_fixture.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using test::end_it;
using test::probe;
using test::probe_actor;
using test::which;

class Instrumented : public test::caf_fixture {
protected:
  probe_actor spawn_probe() {
    return own(system().spawn<probe>(cell_, test::probe_options{.id = "p"}));
  }
  actor_snapshot now() const {
    return cell_->snapshot(std::chrono::steady_clock::now());
  }
  std::uint64_t handled(std::string_view type) const {
    for (auto& entry : now().by_type)
      if (entry.type == type)
        return entry.count;
    return 0;
  }

  actor_registry registry_;
  std::shared_ptr<actor_cell> cell_ =
      registry_.add("node", actor_kind::session, "p");
};

TEST_F(Instrumented, CountsWhatWaitsAndWhatWasHandled) {
  auto actor = spawn_probe();
  settle();
  for (int i = 0; i < 40; ++i)
    caf::anon_send(actor, which{});
  std::this_thread::sleep_for(1ms); // so that an age can be seen
  EXPECT_EQ(now().mailbox_depth, 40U);
  EXPECT_GE(now().oldest_message, 1ms);
  EXPECT_EQ(now().handled, 0U);
  settle();
  EXPECT_EQ(now().mailbox_depth, 0U);
  EXPECT_EQ(now().oldest_message, 0ns);
  EXPECT_EQ(now().handled, 40U);
  EXPECT_EQ(handled("which"), 40U);
  EXPECT_GT(now().handling_p99_us, 0.0);
  EXPECT_EQ(now().longest_handler_type, "which");
}

TEST_F(Instrumented, AnswersRequestsAsAnyActor) {
  auto actor = spawn_probe();
  EXPECT_EQ(ask<int>(actor, which{}), 1);
  EXPECT_STREQ(caf::actor_cast<probe*>(actor)->name(), "session");
}

TEST_F(Instrumented, EndsWithTheTextOfAnException) {
  auto actor = spawn_probe();
  EXPECT_TRUE(now().alive);
  caf::anon_send(actor, end_it{"the table is not as it should be"});
  settle();
  EXPECT_FALSE(now().alive);
  EXPECT_EQ(now().last_end_reason, "the table is not as it should be");
  EXPECT_EQ(now().state, "ended");
  EXPECT_EQ(now().mailbox_depth, 0U);
  EXPECT_FALSE(cell_->running());
}

TEST_F(Instrumented, EndsNormallyWithoutAFailure) {
  auto actor = spawn_probe();
  caf::anon_send(actor, end_it{});
  settle();
  EXPECT_EQ(now().last_end_reason, "normal");
}

TEST_F(Instrumented, TellsTheRequesterWhyItEnded) {
  auto actor = spawn_probe();
  cell_->arm({fault::kind_type::throw_exception, 1, 0ms});
  try {
    ask<int>(actor, which{});
    FAIL() << "an answer from an actor that throws";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("injected fault"),
              std::string::npos);
  }
}

TEST_F(Instrumented, CountsNothingForMessagesToADeadActor) {
  auto actor = spawn_probe();
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_EQ(now().last_end_reason, "user_shutdown");
  caf::anon_send(actor, which{});
  settle();
  EXPECT_EQ(now().mailbox_depth, 0U);
  EXPECT_EQ(handled("which"), 0U);
}

TEST_F(Instrumented, CountsMessagesThatNoHandlerTakes) {
  auto actor = spawn_probe();
  caf::anon_send(caf::actor_cast<caf::actor>(actor), "what is this?", 42);
  settle();
  EXPECT_EQ(now().unexpected, 1U);
  EXPECT_TRUE(now().alive);
}

TEST_F(Instrumented, NamesMessagesByTheirFirstElement) {
  auto name = [](const caf::message& m) {
    auto& tuple = m.content();
    return message_type_name(message_type_key(tuple), &tuple);
  };
  EXPECT_EQ(name(caf::make_message(which{}, 3)), "which");
  EXPECT_EQ(name(caf::make_message(caf::atom("stats"), 3)), "stats");
  EXPECT_EQ(name(caf::make_message(caf::down_msg{})), "down");
  EXPECT_EQ(name(caf::make_message(caf::error{})), "error");
  EXPECT_EQ(name(caf::make_message(std::string{})), "str");
  caf::empty_type_erased_tuple empty;
  EXPECT_EQ(message_type_name(message_type_key(empty), &empty), "empty");
  EXPECT_EQ(name(caf::make_message(supervisor_timer{})), "supervisor_timer");
}

TEST_F(Instrumented, ThrowsAtTheKthMessage) {
  auto actor = spawn_probe();
  cell_->arm({fault::kind_type::throw_exception, 3, 0ms});
  for (int i = 0; i < 10; ++i)
    caf::anon_send(actor, which{});
  settle();
  EXPECT_EQ(handled("which"), 3U);
  EXPECT_EQ(now().last_end_reason, "injected fault");
}

TEST_F(Instrumented, DropsTheKthMessageOnly) {
  auto actor = spawn_probe();
  cell_->arm({fault::kind_type::drop, 2, 0ms});
  EXPECT_EQ(ask<int>(actor, which{}), 1);
  EXPECT_THROW(ask<int>(actor, which{}), std::runtime_error);
  EXPECT_EQ(ask<int>(actor, which{}), 1);
}

TEST_F(Instrumented, KeepsItsCountersOverIncarnations) {
  caf::anon_send(spawn_probe(), end_it{"first"});
  settle();
  caf::anon_send(spawn_probe(), end_it{"second"});
  settle();
  EXPECT_EQ(handled("end_it"), 2U);
  EXPECT_EQ(now().last_end_reason, "second");
}

struct fails_to_be_made : probe {
  fails_to_be_made(caf::actor_config& config, std::shared_ptr<actor_cell> cell)
      : probe(config, std::move(cell), {}) {
    throw std::runtime_error("no");
  }
};

TEST_F(Instrumented, IsNotAliveWhenItsConstructorThrows) {
  EXPECT_THROW(system().spawn<fails_to_be_made>(cell_), std::runtime_error);
  EXPECT_FALSE(now().alive);
  EXPECT_EQ(now().last_end_reason, "could not be constructed");
}

struct looks_at_itself : probe {
  looks_at_itself(caf::actor_config& config, std::shared_ptr<actor_cell> cell)
      : probe(config, std::move(cell), {}) {}
  behavior_type make_behavior() override {
    auto running = cell().running();
    EXPECT_TRUE(running);
    EXPECT_EQ(running->first, "initialize");
    return probe::make_behavior();
  }
};

TEST_F(Instrumented, IsWatchedWhileItMakesItsBehavior) {
  own(system().spawn<looks_at_itself>(cell_));
  settle();
  EXPECT_FALSE(cell_->running());
  EXPECT_EQ(now().handled, 0U);
  EXPECT_EQ(now().mailbox_depth, 0U);
}

TEST_F(Instrumented, EndsWithTheTextOfAnExceptionInMakeBehavior) {
  own(system().spawn<probe>(
      cell_, test::probe_options{.id = "p", .throws_at_start = true}));
  settle();
  EXPECT_FALSE(now().alive);
  EXPECT_FALSE(cell_->running());
  EXPECT_EQ(now().last_end_reason, "cannot start");
}

TEST_F(Instrumented, ShowsTheStateThatItSets) {
  auto actor = spawn_probe();
  EXPECT_EQ(now().state, "running");
  cell_->set_state("open sent");
  EXPECT_EQ(now().state, "open sent");
}

// With threads: what is read while the actor runs.

struct real_system {
  struct configuration : caf::actor_system_config {
    configuration() {
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", std::size_t{2});
    }
  } config;
  caf::actor_system system{config};
};

TEST(InstrumentedThreads, CanBeReadWhileItRuns) {
  real_system real;
  actor_registry registry;
  auto cell = registry.add("", actor_kind::node, "");
  auto actor = real.system.spawn<probe>(cell, test::probe_options{.id = "p"});
  constexpr std::uint64_t messages = 20'000;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    std::uint64_t before = 0;
    while (!done) {
      auto s = registry.snapshot().at(0);
      EXPECT_GE(s.handled, before);
      EXPECT_LE(s.handled, messages);
      EXPECT_LE(s.mailbox_depth, messages);
      before = s.handled;
    }
  });
  for (std::uint64_t i = 0; i < messages; ++i)
    caf::anon_send(actor, which{});
  while (registry.snapshot().at(0).handled < messages)
    std::this_thread::yield();
  done = true;
  reader.join();
  EXPECT_EQ(registry.snapshot().at(0).mailbox_depth, 0U);
  caf::anon_send_exit(actor, caf::exit_reason::kill);
}

TEST(InstrumentedThreads, ShowsAStalledHandlerToTheWatchdogUntilItIsFreed) {
  real_system real;
  actor_registry registry;
  auto cell = registry.add("", actor_kind::node, "");
  auto actor = real.system.spawn<probe>(cell, test::probe_options{.id = "p"});
  EXPECT_TRUE(registry.running_for_at_least(1h).empty());
  caf::scoped_actor self{real.system};
  const auto answered = [&] {
    bool yes = false;
    self->request(actor, 30s, which{})
        .receive([&](int incarnation) { yes = incarnation == 1; },
                 [](caf::error&) {});
    return yes;
  };
  ASSERT_TRUE(answered()); // its beginning is over
  cell->arm({fault::kind_type::stall, 1, 60s});
  caf::anon_send(actor, which{});
  std::vector<running_handler> found;
  while (found.empty())
    found = registry.running_for_at_least(5ms);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, "node");
  EXPECT_EQ(found[0].message_type, "which");
  EXPECT_GE(found[0].running_for, 5ms);
  EXPECT_EQ(registry.snapshot().at(0).running_type, "which");
  cell->clear_fault();
  EXPECT_TRUE(answered()) << "the stall did not end";
  caf::anon_send_exit(actor, caf::exit_reason::kill);
}

} // namespace
} // namespace troupe::actors
