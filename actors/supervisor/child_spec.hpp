#pragma once

#include "actors/actor_cell.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/timespan.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actors {

/// Which ends lead to a restart.
enum class restart_policy : std::uint8_t {
  always,     ///< every end
  on_failure, ///< ends that are a failure (see `is_failure`)
  never       ///< no end; such a child also stays down when a sibling's end
              ///< takes it along
};

/// Which children a failing child takes along.
enum class restart_strategy : std::uint8_t {
  one_for_one, ///< none
  one_for_all, ///< all
  rest_for_one ///< those that were added after it
};

/// What happens to a child that fails too often.
enum class at_limit : std::uint8_t {
  escalate, ///< the owner stops all children and ends with the reason
  give_up,  ///< the child stays down until somebody calls `restart`
  persist   ///< it is started again, with the longest pause in the end
};

/// Starts a child and returns its handle. What it throws counts as a failure of
/// the child.
using child_starter = std::function<caf::strong_actor_ptr()>;

/// Makes a starter of any callable that returns a typed or untyped handle.
template <class Callable>
child_starter starter(Callable spawn) {
  return [spawn = std::move(spawn)]() mutable {
    return caf::actor_cast<caf::strong_actor_ptr>(spawn());
  };
}

/// How a child is started, restarted and stopped.
struct child_spec {
  std::string id; ///< unique among the children of one supervisor
  child_starter start;
  restart_policy restart = restart_policy::always;
  at_limit limit = at_limit::escalate;
  /// How long the child may take to end before it is killed.
  std::chrono::milliseconds stop_timeout{5000};
  /// Where children are stopped one after the other, neighbours in the order
  /// with the same value, if not 0, are stopped at the same time.
  int stop_group = 0;
  /// Where restarts are counted; may be null.
  std::shared_ptr<actor_cell> cell;
};

/// The pause before a restart: it doubles with every failure in a row.
struct backoff {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds longest{30000};
  /// Each pause is multiplied by a random factor in [1 - jitter, 1]; 0 to 1.
  double jitter = 0.25;
  /// After so long without a failure the next pause is `first` again.
  std::chrono::milliseconds reset_after{60000};
};

/// More than so many failures of one child within the time are too many.
struct intensity {
  static constexpr std::uint32_t unlimited = ~std::uint32_t{0};
  std::uint32_t restarts = 5;
  std::chrono::milliseconds within{60000};
};

/// What happened to a child.
struct child_event {
  enum class kind_type : std::uint8_t {
    started,           ///< a new incarnation; publish its handle
    ended,             ///< it ended; its handle is of no use any more
    restart_scheduled, ///< it will be started again after `delay`
    gave_up,           ///< it failed too often and stays down
    removed,           ///< it is forgotten
    escalated          ///< it failed too often; the owner will end
  };
  kind_type kind = kind_type::started;
  std::string id;
  std::shared_ptr<actor_cell> cell; ///< of its specification; may be null
  /// The incarnation that started or ended.
  caf::strong_actor_ptr handle;
  std::uint64_t incarnation = 0; ///< 1 for the first
  std::string reason;
  caf::timespan delay{0};
};

/// "started", "ended", "restart_scheduled", ...
std::string_view to_string(child_event::kind_type kind);

struct supervisor_options {
  restart_strategy strategy = restart_strategy::one_for_one;
  troupe::actors::backoff backoff;
  troupe::actors::intensity intensity;
  /// The only source of randomness.
  std::uint64_t seed = 1;
  /// How long a killed child may take to end. Then it is taken as ended; CAF
  /// cannot interrupt a handler, the watchdog ends the process.
  std::chrono::milliseconds kill_timeout{5000};
  /// Called in the owner's context; may call the supervisor.
  std::function<void(const child_event&)> on_event;
};

/// A child's place in its life.
enum class child_phase : std::uint8_t {
  waiting,  ///< to be started, perhaps after a pause
  running,  ///< up
  stopping, ///< asked to end
  killed,   ///< told to end
  ended,    ///< down, and to stay so by its policy
  given_up  ///< down after too many failures
};

/// Why and when a child ended.
struct child_end {
  std::string reason;
  caf::timespan at{0}; ///< time of the actor clock since its epoch
};

/// A child as others may see it.
struct child_info {
  std::string id;
  child_phase phase = child_phase::waiting;
  std::uint64_t incarnation = 0;
  std::uint64_t restarts = 0;
  std::vector<child_end> ends; ///< the last 8, the newest last
};

} // namespace troupe::actors
