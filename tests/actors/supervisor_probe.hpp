#pragma once

#include "actors/instrumented.hpp"
#include "actors/supervisor/supervisor.hpp"

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>
#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Ends the probe: by an exception with this text, or orderly if it is empty.
struct end_it {
  std::string exception;
};
/// Asks which incarnation it is.
struct which {};
/// Runs something in the owner's context.
struct perform {
  std::function<void(actors::supervisor&)> what;
};

} // namespace troupe::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::test::end_it)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::test::which)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::test::perform)

namespace troupe::test {

using probe_actor =
    caf::typed_actor<caf::reacts_to<end_it>, caf::replies_to<which>::with<int>>;

/// What happened, in order: "+a" for an incarnation that began, "-a" for one
/// that ended.
using journal = std::shared_ptr<std::vector<std::string>>;

struct probe_options {
  std::string id = {};
  int incarnation = 1;
  journal events = std::make_shared<std::vector<std::string>>();
  bool ignores_exit = false;
  bool throws_at_start = false;
  /// Somebody whom it knows; given up when it ends.
  caf::strong_actor_ptr friend_of = nullptr;
};

/// A child for supervisors.
class probe : public actors::instrumented<probe_actor> {
public:
  probe(caf::actor_config& config, std::shared_ptr<actors::actor_cell> cell,
        probe_options options)
      : instrumented(config, std::move(cell)), options_(std::move(options)) {
    options_.events->push_back("+" + options_.id);
    if (options_.ignores_exit)
      set_exit_handler([](caf::exit_msg&) {});
  }

  void on_exit() override {
    options_.events->push_back("-" + options_.id);
    options_.friend_of = nullptr;
  }

protected:
  behavior_type make_behavior() override {
    if (options_.throws_at_start)
      throw std::runtime_error("cannot start");
    return {[this](const end_it& how) {
              if (how.exception.empty())
                quit();
              else
                throw std::runtime_error(how.exception);
            },
            [this](const which&) { return options_.incarnation; }};
  }

private:
  probe_options options_;
};

using owner_actor = caf::typed_actor<caf::reacts_to<actors::supervisor_timer>,
                                     caf::reacts_to<perform>>;

/// An actor with a supervisor and nothing else.
class owner : public actors::instrumented<owner_actor> {
public:
  owner(caf::actor_config& config, std::shared_ptr<actors::actor_cell> cell,
        actors::supervisor_options options)
      : instrumented(config, std::move(cell)),
        supervisor_(this, std::move(options)) {
    set_down_handler(
        [this](caf::down_msg& down) { supervisor_.handle_down(down); });
    set_exit_handler([this](caf::exit_msg& order) {
      supervisor_.stop([this, reason = order.reason] { quit(reason); });
    });
  }

protected:
  behavior_type make_behavior() override {
    return {[this](const actors::supervisor_timer& timer) {
              supervisor_.handle_timer(timer);
            },
            [this](const perform& p) { p.what(supervisor_); }};
  }

private:
  actors::supervisor supervisor_;
};

} // namespace troupe::test
