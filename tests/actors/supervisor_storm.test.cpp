#include "actors/actor_registry.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "tests/actors/supervisor_probe.hpp"
#include "tests/support/caf_fixture.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using test::end_it;
using test::owner_actor;
using test::perform;
using test::probe;
using test::probe_actor;
using test::which;

/// An owner with probes that anything may happen to.
struct stage : test::virtual_system {
  explicit stage(supervisor_options options) {
    options.on_event = [this](const child_event& event) { note(event); };
    owner = own(system().spawn<test::owner>(
        registry.add("", actor_kind::router, "owner"), std::move(options)));
    settle();
  }
  ~stage() { shut_down(); }

  child_spec spec(const std::string& id, test::probe_options options = {}) {
    child_spec result;
    result.id = id;
    result.stop_timeout = 1s;
    result.cell = registry.add("router.owner", actor_kind::session, id);
    options.id = id;
    options.events = nullptr;
    result.start = starter([this, cell = result.cell, options] {
      auto with_journal = options;
      with_journal.events = journal;
      return system().spawn<probe>(cell, with_journal);
    });
    return result;
  }

  void with(std::function<void(supervisor&)> what) {
    caf::anon_send(owner, perform{std::move(what)});
    settle();
  }
  probe_actor find(const std::string& id) {
    probe_actor found;
    with([&](supervisor& s) { found = s.find_as<probe_actor>(id); });
    return found;
  }
  std::vector<child_info> children() {
    std::vector<child_info> found;
    with([&](supervisor& s) { found = s.children(); });
    return found;
  }
  void note(const child_event& event) {
    if (event.kind == child_event::kind_type::started)
      ++starts[event.id];
  }
  actor_snapshot shown(const std::string& id) {
    return registry.find("router.owner/session." + id)->snapshot({});
  }

  actor_registry registry;
  test::journal journal = std::make_shared<std::vector<std::string>>();
  std::map<std::string, int> starts;
  owner_actor owner;
};

TEST(SupervisorStorm, RestartsAnActorThatThrowsUnderLoad) {
  stage s({});
  s.with([&](supervisor& sup) {
    sup.add(s.spec("a"));
    sup.add(s.spec("b"));
  });
  auto old_a = s.find("a");
  auto old_b = s.find("b");
  s.registry.find("router.owner/session.a")
      ->arm({fault::kind_type::throw_exception, 5000, 0ms});
  for (int i = 0; i < 10'000; ++i) {
    caf::anon_send(old_a, which{});
    caf::anon_send(old_b, which{});
  }
  s.settle();
  EXPECT_EQ(s.shown("a").handled, 5000U);
  EXPECT_EQ(s.shown("a").mailbox_depth, 0U) << "nobody will handle the rest";
  EXPECT_EQ(s.shown("b").handled, 10'000U) << "nobody else notices";
  EXPECT_THROW(s.ask<int>(old_a, which{}), std::runtime_error);
  s.advance(1s);
  EXPECT_EQ(s.ask<int>(s.find("a"), which{}), 1);
  EXPECT_THROW(s.ask<int>(old_a, which{}), std::runtime_error);
  EXPECT_EQ(s.find("b"), old_b);
  EXPECT_EQ(s.shown("a").last_restart_reason, "injected fault");
}

TEST(SupervisorStorm, DoesNotSpinWhenEveryChildFailsAtOnce) {
  supervisor_options options;
  options.intensity.restarts = intensity::unlimited;
  stage s(options);
  constexpr int children = 100;
  for (int i = 0; i < children; ++i)
    s.with([&](supervisor& sup) {
      sup.add(s.spec(std::to_string(i), {.throws_at_start = true}));
    });
  s.advance(10min);
  ASSERT_EQ(s.starts.size(), std::size_t{children});
  for (auto& [id, starts] : s.starts) {
    // 100 ms doubled up to 30 s: nine short pauses, then 22.5 s to 30 s each.
    EXPECT_GE(starts, 20) << id;
    EXPECT_LE(starts, 40) << id;
  }
  auto owner = s.registry.find("router.owner")->snapshot({});
  EXPECT_TRUE(owner.alive);
  EXPECT_LE(owner.handled, 20'000U);
}

TEST(SupervisorStorm, EndsAStormByEscalation) {
  stage s({});
  for (auto id : {"a", "b", "c"})
    s.with([&](supervisor& sup) {
      sup.add(s.spec(id, {.throws_at_start = true}));
    });
  s.advance(1min);
  EXPECT_FALSE(s.registry.find("router.owner")->snapshot({}).alive);
  for (auto& [id, starts] : s.starts)
    EXPECT_LE(starts, 6) << id;
}

TEST(SupervisorStorm, FreesEveryActorThoughHandlesFormCycles) {
  stage s({});
  auto knows_owner = caf::actor_cast<caf::strong_actor_ptr>(s.owner);
  for (auto id : {"a", "b", "c"})
    s.with([&](supervisor& sup) {
      sup.add(s.spec(id, {.friend_of = knows_owner}));
    });
  for (int i = 0; i < 4; ++i) {
    caf::anon_send(s.find("b"), end_it{"boom"});
    s.advance(2s);
  }
  // Only probes hold the journal besides us.
  EXPECT_EQ(s.journal.use_count(), 4);
  caf::anon_send_exit(s.owner, caf::exit_reason::kill);
  s.settle();
  EXPECT_EQ(s.journal.use_count(), 1);
  EXPECT_EQ(s.system().registry().running(), 0U);
}

/// What happened to whom.
struct act {
  enum class kind_type { crash, leave, restart, replace, remove, add, pass };
  kind_type kind;
  int child;
  int milliseconds;
};

std::ostream& operator<<(std::ostream& out, const act& a) {
  return out << static_cast<int>(a.kind) << '/' << a.child << '/'
             << a.milliseconds;
}

rc::Gen<act> an_act() {
  return rc::gen::construct<act>(
      rc::gen::element(act::kind_type::crash, act::kind_type::crash,
                       act::kind_type::leave, act::kind_type::restart,
                       act::kind_type::replace, act::kind_type::remove,
                       act::kind_type::add, act::kind_type::pass),
      rc::gen::inRange(0, 4), rc::gen::element(0, 1, 50, 100, 700, 3000));
}

child_spec random_child(stage& s, int child) {
  // "3" ignores orders to end, so it has to be killed.
  auto result = s.spec(std::to_string(child), {.ignores_exit = child == 3});
  result.stop_group = child / 2;
  return result;
}

void play(stage& s, const act& a) {
  auto id = std::to_string(a.child);
  switch (a.kind) {
  case act::kind_type::crash:
  case act::kind_type::leave:
    if (auto child = s.find(id))
      caf::anon_send(child,
                     end_it{a.kind == act::kind_type::leave ? "" : "boom"});
    break;
  case act::kind_type::restart:
    s.with([&](supervisor& sup) { sup.restart(id); });
    break;
  case act::kind_type::replace:
    s.with([&](supervisor& sup) { sup.replace(random_child(s, a.child)); });
    break;
  case act::kind_type::remove:
    s.with([&](supervisor& sup) { sup.remove(id); });
    break;
  case act::kind_type::add:
    s.with([&](supervisor& sup) { sup.add(random_child(s, a.child)); });
    break;
  case act::kind_type::pass:
    break;
  }
  s.advance(std::chrono::milliseconds(a.milliseconds));
}

/// No child may ever run twice.
void check_journal(const std::vector<std::string>& journal) {
  std::set<std::string> alive;
  for (auto& entry : journal) {
    auto id = entry.substr(1);
    if (entry[0] == '+')
      RC_ASSERT(alive.insert(id).second);
    else
      RC_ASSERT(alive.erase(id) == 1U);
  }
}

TEST(SupervisorStorm, ComesToTheWantedStateWhateverHappens) {
  EXPECT_TRUE(rc::check("supervisor", [] {
    supervisor_options options;
    options.strategy = *rc::gen::element(restart_strategy::one_for_one,
                                         restart_strategy::one_for_all,
                                         restart_strategy::rest_for_one);
    options.intensity.restarts = intensity::unlimited;
    options.seed = *rc::gen::arbitrary<std::uint64_t>();
    stage s(options);
    for (int child = 0; child < 4; ++child)
      s.with([&](supervisor& sup) { sup.add(random_child(s, child)); });
    auto acts = *rc::gen::container<std::vector<act>>(an_act());
    for (auto& a : acts)
      play(s, a);
    s.advance(5min);
    std::vector<std::string> expected_end;
    for (auto& child : s.children()) {
      RC_ASSERT(child.phase == child_phase::running);
      RC_ASSERT(s.ask<int>(s.find(child.id), which{}) == 1);
      expected_end.insert(expected_end.begin(), "-" + child.id);
    }
    check_journal(*s.journal);
    s.journal->clear();
    caf::anon_send_exit(s.owner, caf::exit_reason::user_shutdown);
    s.advance(1min);
    RC_ASSERT(!s.registry.find("router.owner")->snapshot({}).alive);
    std::sort(s.journal->begin(), s.journal->end());
    std::sort(expected_end.begin(), expected_end.end());
    RC_ASSERT(*s.journal == expected_end);
    RC_ASSERT(s.journal.use_count() == 1);
  }));
}

} // namespace
} // namespace troupe::actors
