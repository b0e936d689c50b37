#pragma once

#include "actors/actor_registry.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "tests/actors/supervisor_probe.hpp"
#include "tests/support/caf_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

using actors::actor_kind;
using actors::actor_registry;
using actors::actor_snapshot;
using actors::child_event;
using actors::child_info;
using actors::child_spec;
using actors::starter;
using actors::supervisor;
using actors::supervisor_options;

/// An owner whose children are probes, without jitter unless a test sets it.
class supervisor_fixture : public caf_fixture {
protected:
  void SetUp() override { options_.backoff.jitter = 0; }

  void start_owner() {
    options_.on_event = [this](const child_event& event) {
      events_.push_back(event);
      if (then_)
        then_(event);
    };
    owner_ = own(system().spawn<owner>(
        registry_.add("", actor_kind::router, "owner"), options_));
    settle();
  }

  /// A probe as a child; its incarnation counts the starts.
  child_spec spec(const std::string& id, bool ignores_exit = false) {
    auto cell = registry_.add("router.owner", actor_kind::session, id);
    auto starts = std::make_shared<int>(0);
    child_spec result;
    result.id = id;
    result.cell = cell;
    result.start = starter([this, id, cell, starts, ignores_exit] {
      return system().spawn<probe>(
          cell, probe_options{id, ++*starts, journal_, ignores_exit});
    });
    return result;
  }

  /// Runs something on the supervisor, in its owner's context.
  void with(std::function<void(supervisor&)> what) {
    caf::anon_send(owner_, perform{std::move(what)});
    settle();
  }
  void add(child_spec s) {
    with([s](supervisor& sup) { EXPECT_TRUE(sup.add(s)); });
  }
  probe_actor find(const std::string& id) {
    probe_actor found;
    with([&](supervisor& s) { found = s.find_as<probe_actor>(id); });
    return found;
  }
  void crash(const std::string& id, const std::string& why = "boom") {
    caf::anon_send(find(id), end_it{why});
    settle();
  }
  child_info info(const std::string& id) {
    std::optional<child_info> found;
    with([&](supervisor& s) {
      for (auto& child : s.children())
        if (child.id == id)
          found = child;
    });
    EXPECT_TRUE(found) << id;
    return found.value_or(child_info{});
  }
  std::vector<std::string> take_journal() {
    return std::exchange(*journal_, {});
  }
  /// The delays of all restarts so far, in milliseconds.
  std::vector<std::int64_t> delays() const {
    std::vector<std::int64_t> result;
    for (auto& event : events_)
      if (event.kind == child_event::kind_type::restart_scheduled)
        result.push_back(event.delay / std::chrono::milliseconds(1));
    return result;
  }
  actor_snapshot owner_now() {
    return registry_.find("router.owner")->snapshot({});
  }
  bool owner_lives() { return owner_now().alive; }

  actor_registry registry_;
  supervisor_options options_;
  std::vector<child_event> events_;
  std::function<void(const child_event&)> then_;
  journal journal_ = std::make_shared<std::vector<std::string>>();
  owner_actor owner_;
};

} // namespace troupe::test
