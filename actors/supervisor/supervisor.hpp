#pragma once

#include "actors/supervisor/child_spec.hpp"
#include "actors/supervisor/supervisor_timer.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_clock.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/system_messages.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// Keeps the children of one actor running, after Erlang's supervisors. It is a
/// member of its owner and runs in the owner's handlers only, so it has no
/// locks; see README.md here.
///
/// The owner, in this order: has the member `supervisor sup_{this, options}`;
/// calls `set_down_handler([this](caf::down_msg& d) { sup_.handle_down(d); })`;
/// answers `supervisor_timer` with `sup_.handle_timer`; adds children in
/// `make_behavior` or later, not in its constructor. However the owner ends,
/// children that still run are killed.
class supervisor {
public:
  supervisor(caf::scheduled_actor* owner, supervisor_options options);
  ~supervisor();
  supervisor(const supervisor&) = delete;
  supervisor& operator=(const supervisor&) = delete;

  // -- what the owner forwards ------------------------------------------------

  /// False if the source is no child of this supervisor.
  bool handle_down(const caf::down_msg& down);
  /// False if the message is meant for another supervisor of the owner.
  bool handle_timer(const supervisor_timer& timer);

  // -- children ---------------------------------------------------------------

  /// Appends a child and starts it at once, or as soon as the strategy lets it.
  /// A child of this id whose removal is under way is replaced by it instead.
  /// False if the id is taken or the supervisor is stopping.
  bool add(child_spec spec);
  /// Stops a child and forgets it; `child_event::removed` follows. False if the
  /// id is unknown.
  bool remove(std::string_view id);
  /// Stops the child with this id and starts it again from the new
  /// specification, at the same place; not counted as a failure. False if the
  /// id is unknown.
  bool replace(child_spec spec);
  /// Stops a child and starts it again at once, with those that the strategy
  /// ties to it; wakes a child that was given up or waits for its back-off. Not
  /// counted as a failure, but as a restart. False if the id is unknown.
  bool restart(std::string_view id, std::string_view reason = "requested");
  /// Ends all children, the last one first, each after the one behind it has
  /// ended; then calls `done` once, at once if there is none. Nothing is
  /// started any more. A later call replaces `done`.
  void stop(std::function<void()> done);

  // -- views ------------------------------------------------------------------

  /// The running incarnation; null if there is none.
  caf::strong_actor_ptr find(std::string_view id) const;
  /// The same as a typed handle; invalid if there is none. `Handle` must be the
  /// type that the start function spawned.
  template <class Handle>
  Handle find_as(std::string_view id) const {
    return caf::actor_cast<Handle>(find(id));
  }
  bool contains(std::string_view id) const;
  /// All children in their order.
  std::vector<child_info> children() const;
  bool stopping() const { return stopping_; }

private:
  struct child;
  using time_point = caf::actor_clock::time_point;

  child* lookup(std::string_view id) const;
  time_point now() const;

  // A call changes what is wanted; `reconcile` then does what can be done just
  // now towards it, and is called again by the next message.
  void reconcile();
  void kill_overdue();
  void stop_children();
  void drop_removed();
  void start_children();
  void emit_events();
  void arm_timer();
  void finish_stop();

  bool wants_stop(const child& c) const;
  bool may_start(std::size_t index) const;
  bool depends_on_order() const;
  void ask_to_stop(child& c);
  void start(child& c);
  void ended(child& c, const caf::error& reason);
  void failed(child& c, const std::string& reason);
  void note_end(child& c, const std::string& reason);
  bool over_limit(child& c) const;
  void give_up(child& c, const std::string& reason);
  caf::timespan next_delay(child& c);
  void recycle_siblings(const child& c, time_point start_at);
  void tell(const child& c, child_event::kind_type kind,
            std::string reason = {}, caf::timespan delay = caf::timespan{0});
  void kill_all();

  caf::scheduled_actor* owner_;
  supervisor_options options_;
  std::vector<std::unique_ptr<child>> children_;
  std::deque<child_event> events_;
  std::uint64_t random_state_;
  std::uint64_t generation_ = 0;
  time_point timer_due_ = time_point::max();
  bool reconciling_ = false;
  bool again_ = false;
  bool stopping_ = false;
  std::string escalation_; // why the owner has to end, if it has
  std::function<void()> done_;
};

} // namespace troupe::actors
