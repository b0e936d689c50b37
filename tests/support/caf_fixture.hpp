#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace troupe::test {

/// An actor system in one thread with a clock that stands still until it is
/// told to advance: no sleep, no race, the same run every time. CAF's core
/// only, without its middleman. Each actor that holds periodic timers must be
/// given to `own`, or ended by the test; else the system would never be done.
class virtual_system {
  struct configuration : caf::actor_system_config {
    configuration() { set("scheduler.policy", caf::atom("testing")); }
  };

public:
  virtual_system() {
    // CAF takes the time zero of a clock as "not set".
    clock().current_time += std::chrono::hours(1);
    start_ = clock().current_time;
  }
  virtual_system(const virtual_system&) = delete;
  virtual_system& operator=(const virtual_system&) = delete;
  ~virtual_system() {
    shut_down();
    if (system_.registry().running() == 0)
      return;
    // Else the system would wait for ever, and nobody would know for what.
    std::fprintf(stderr, "virtual_system: %zu actors still run; own them\n",
                 system_.registry().running());
    std::abort();
  }

  caf::actor_system& system() { return system_; }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }
  caf::detail::test_actor_clock& clock() { return scheduler().clock(); }

  /// Called by `settle` whenever no actor can run: moves what waits outside the
  /// actors, such as a fake transport; returns whether it moved anything. Is
  /// called up to `shut_down`, so what it uses must live as long.
  void pump_with(std::function<bool()> pump) { pump_ = std::move(pump); }

  /// Runs until nothing moves any more at this moment. Throws when that does
  /// not come to pass within `most` handlers: somebody sends to himself.
  void settle(std::size_t most = 10'000'000) {
    std::size_t handled = 0;
    do {
      while (scheduler().try_run_once())
        if (++handled > most)
          throw std::runtime_error("the actors do not come to rest");
    } while (pump_ && pump_());
  }

  /// Lets time pass. The clock stops at every moment at which a timer is due,
  /// so a timer that is set again within the span runs again within it.
  void advance(caf::timespan span) {
    auto end = clock().current_time + span;
    settle();
    for (;;) {
      auto& schedule = clock().schedule();
      if (schedule.empty() || schedule.begin()->first > end)
        break;
      auto due = schedule.begin()->first;
      if (due > clock().current_time)
        clock().current_time = due;
      scheduler().advance_time(caf::timespan{0});
      settle();
    }
    clock().current_time = end;
    settle();
  }

  /// Lets time pass in steps of `step` until the condition holds; false if it
  /// does not within `longest`.
  bool advance_until(const std::function<bool()>& condition,
                     caf::timespan longest,
                     caf::timespan step = std::chrono::milliseconds(1)) {
    settle();
    for (caf::timespan passed{0}; !condition(); passed += step) {
      if (passed >= longest)
        return false;
      advance(step);
    }
    return true;
  }

  /// Time since the beginning.
  caf::timespan elapsed() { return clock().current_time - start_; }

  /// The virtual wall clock, for a logger: begins on 2026-01-01T00:00:00Z.
  std::chrono::system_clock::time_point wall_time() {
    return std::chrono::system_clock::time_point(
               std::chrono::seconds(1'767'225'600))
           + elapsed();
  }

  /// Ends the actor with the system, and returns it.
  template <class Handle>
  Handle own(Handle actor) {
    owned_.push_back(caf::actor_cast<caf::strong_actor_ptr>(actor));
    return actor;
  }

  /// Sends a request, lets everything settle and returns the answer; throws
  /// when there is none or an error. Time stands still meanwhile.
  template <class Result, class Handle, class... Arguments>
  Result ask(const Handle& actor, Arguments&&... arguments) {
    caf::scoped_actor self{system_};
    auto response = self->request(actor, caf::infinite,
                                  std::forward<Arguments>(arguments)...);
    settle();
    std::vector<Result> results;
    if (!self->has_next_message())
      throw std::runtime_error("no answer to a request");
    response.receive(
        [&](Result& result) { results.push_back(std::move(result)); },
        [&](caf::error& error) {
          throw std::runtime_error(system_.render(error));
        });
    return std::move(results.at(0));
  }

  /// Kills what is owned, the last one first. The destructor does it too.
  void shut_down() {
    while (!owned_.empty()) {
      caf::anon_send_exit(owned_.back(), caf::exit_reason::kill);
      owned_.pop_back();
    }
    settle();
    pump_ = nullptr;
  }

private:
  configuration configuration_;
  caf::actor_system system_{configuration_};
  caf::actor_clock::time_point start_;
  std::function<bool()> pump_;
  std::vector<caf::strong_actor_ptr> owned_;
};

/// The same as the base of a test suite. A suite that overrides TearDown calls
/// this one first.
class caf_fixture : public ::testing::Test, public virtual_system {
protected:
  void TearDown() override { shut_down(); }
};

} // namespace troupe::test
