#pragma once

#include "actors/actor_cell.hpp"
#include "actors/event_log.hpp"
#include "actors/fsm_history.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actors {

/// A handler that has been running for a long time, seen from outside.
struct running_handler {
  std::string id;           ///< of the actor
  std::string message_type; ///< that it is handling
  std::chrono::nanoseconds running_for{0};
};

/// All actors of this process. The node owns one and hands it on as a
/// shared_ptr. Every function may be called from any thread; none of them waits
/// for an actor.
class actor_registry {
public:
  /// `trace` is told of the messages of traced actors.
  explicit actor_registry(tracer trace = {}) : tracer_(std::move(trace)) {}

  /// The cell of the actor that `parent` calls `name`; made if there is none
  /// yet, so a restarted parent finds the cells of its children again with
  /// their counters. An empty `parent` makes a root.
  std::shared_ptr<actor_cell> add(std::string_view parent, actor_kind kind,
                                  std::string_view name);

  /// The cell with this id; null if there is none.
  std::shared_ptr<actor_cell> find(std::string_view id) const;

  /// Forgets the cell and everything below it. Holders keep their cell; it is
  /// only not shown any more. False if the id is unknown.
  bool remove(std::string_view id);

  std::size_t size() const;

  /// All cells in tree order: a parent stands before its children, and they
  /// stand in the order in which they were added.
  std::vector<actor_snapshot>
  snapshot(std::chrono::steady_clock::time_point now =
               std::chrono::steady_clock::now()) const;

  /// The watchdog's view: handlers that have been running for at least `limit`.
  std::vector<running_handler>
  running_for_at_least(std::chrono::nanoseconds limit,
                       std::chrono::steady_clock::time_point now =
                           std::chrono::steady_clock::now()) const;

  /// The events of a session's state machine, made if there is none yet. A
  /// restarted session finds those of its predecessor.
  std::shared_ptr<fsm_history> history_of(const std::string& session_id);
  /// Null for what is no session.
  std::shared_ptr<const fsm_history>
  find_history(std::string_view session_id) const;

  /// What happens to actors and sessions.
  event_log& events() { return events_; }
  const event_log& events() const { return events_; }

private:
  using cell_ptr = std::shared_ptr<actor_cell>;

  std::vector<cell_ptr> cells() const;

  const tracer tracer_;
  event_log events_;
  mutable std::mutex mutex_; // never held while an actor's cell is read
  std::vector<cell_ptr> in_order_;
  std::map<std::string, cell_ptr, std::less<>> by_id_;
  std::map<std::string, std::shared_ptr<fsm_history>, std::less<>> histories_;
};

} // namespace troupe::actors
