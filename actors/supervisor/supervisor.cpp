#include "actors/supervisor/supervisor.hpp"

#include "actors/supervisor/reason.hpp"
#include "protocol/check.hpp"

#include <caf/exit_reason.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>
#include <caf/message_priority.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace troupe::actors {

/// What is wanted of a child and what it is just now.
struct supervisor::child {
  enum class want : std::uint8_t { run, rest, go };

  child_spec spec;
  std::optional<child_spec> next_spec; // takes effect with the next start
  want wanted = want::run;
  child_phase phase = child_phase::waiting;
  bool recycle = false; // runs, but has to end and to be started again
  caf::strong_actor_ptr handle;
  std::uint64_t incarnation = 0;
  std::uint64_t restarts = 0;
  std::string restart_reason; // of the next start; empty if it is the first
  time_point start_at = time_point::min();
  time_point stop_by = time_point::max();
  std::uint32_t failures_in_row = 0;
  std::deque<time_point> failures; // at most one more than the limit
  std::deque<child_end> ends;

  bool alive() const { return handle != nullptr; }
};

namespace {

constexpr std::size_t ends_kept = 8;

std::uint64_t next_random(std::uint64_t& state) {
  // SplitMix64: the same numbers with every standard library.
  auto z = state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

// High priority: a child with a long mailbox hears it at once.
void send_exit(const caf::strong_actor_ptr& to, caf::exit_reason reason) {
  to->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
              caf::make_message(caf::exit_msg{to->address(), reason}), nullptr);
}

} // namespace

std::string_view to_string(child_event::kind_type kind) {
  switch (kind) {
  case child_event::kind_type::started:
    return "started";
  case child_event::kind_type::ended:
    return "ended";
  case child_event::kind_type::restart_scheduled:
    return "restart_scheduled";
  case child_event::kind_type::gave_up:
    return "gave_up";
  case child_event::kind_type::removed:
    return "removed";
  case child_event::kind_type::escalated:
    return "escalated";
  }
  return "unknown";
}

supervisor::supervisor(caf::scheduled_actor* owner, supervisor_options options)
    : owner_(owner), options_(std::move(options)),
      random_state_(options_.seed) {
  // Runs when the owner has ended, however it came to that.
  owner_->attach_functor([this](const caf::error&) { kill_all(); });
}

supervisor::~supervisor() = default;

// -- what the owner forwards --------------------------------------------------

bool supervisor::handle_down(const caf::down_msg& down) {
  for (auto& c : children_) {
    if (c->alive() && c->handle->address() == down.source) {
      ended(*c, down.reason);
      reconcile();
      return true;
    }
  }
  return false;
}

bool supervisor::handle_timer(const supervisor_timer& timer) {
  if (timer.supervisor != reinterpret_cast<std::uintptr_t>(this))
    return false;
  if (timer.generation == generation_) {
    timer_due_ = time_point::max();
    reconcile();
  }
  return true;
}

// -- children -----------------------------------------------------------------

bool supervisor::add(child_spec spec) {
  TROUPE_CHECK(spec.start != nullptr, "a child needs a start function");
  auto* old = lookup(spec.id);
  if (stopping_ || (old != nullptr && old->wanted != child::want::go))
    return false;
  if (old != nullptr) {
    old->wanted = child::want::run;
    return replace(std::move(spec));
  }
  children_.push_back(std::make_unique<child>());
  children_.back()->spec = std::move(spec);
  reconcile();
  return true;
}

bool supervisor::remove(std::string_view id) {
  auto* c = lookup(id);
  if (c == nullptr)
    return false;
  c->wanted = child::want::go;
  reconcile();
  return true;
}

bool supervisor::replace(child_spec spec) {
  TROUPE_CHECK(spec.start != nullptr, "a child needs a start function");
  auto* c = lookup(spec.id);
  if (c == nullptr || c->wanted == child::want::go || stopping_)
    return false;
  c->next_spec = std::move(spec);
  return restart(c->spec.id, "replaced");
}

bool supervisor::restart(std::string_view id, std::string_view reason) {
  auto* c = lookup(id);
  if (c == nullptr || c->wanted == child::want::go || stopping_)
    return false;
  c->wanted = child::want::run;
  c->recycle = c->alive();
  if (!c->alive())
    c->phase = child_phase::waiting;
  c->restart_reason = reason;
  c->start_at = now();
  c->failures.clear();
  c->failures_in_row = 0;
  recycle_siblings(*c, c->start_at);
  reconcile();
  return true;
}

void supervisor::stop(std::function<void()> done) {
  stopping_ = true;
  done_ = std::move(done);
  reconcile();
}

// -- views --------------------------------------------------------------------

supervisor::child* supervisor::lookup(std::string_view id) const {
  for (auto& c : children_)
    if (c->spec.id == id)
      return c.get();
  return nullptr;
}

caf::strong_actor_ptr supervisor::find(std::string_view id) const {
  auto* c = lookup(id);
  return c != nullptr && c->phase == child_phase::running ? c->handle : nullptr;
}

bool supervisor::contains(std::string_view id) const {
  return lookup(id) != nullptr;
}

std::vector<child_info> supervisor::children() const {
  std::vector<child_info> result;
  for (auto& c : children_)
    result.push_back({c->spec.id,
                      c->phase,
                      c->incarnation,
                      c->restarts,
                      {c->ends.begin(), c->ends.end()}});
  return result;
}

supervisor::time_point supervisor::now() const {
  return owner_->clock().now();
}

// -- from what is to what is wanted -------------------------------------------

void supervisor::reconcile() {
  again_ = true;
  if (reconciling_)
    return; // called by a callback or a start function: the loop goes on
  struct guard {
    bool& flag;
    ~guard() { flag = false; }
  } reset{reconciling_};
  reconciling_ = true;
  while (std::exchange(again_, false)) {
    kill_overdue();
    stop_children();
    drop_removed();
    start_children();
    emit_events();
  }
  arm_timer();
  finish_stop();
}

void supervisor::kill_overdue() {
  for (auto& c : children_) {
    if (c->stop_by > now())
      continue;
    if (c->phase == child_phase::stopping) {
      c->phase = child_phase::killed;
      c->stop_by = now() + options_.kill_timeout;
      send_exit(c->handle, caf::exit_reason::kill);
    } else if (c->phase == child_phase::killed) {
      owner_->demonitor(c->handle->address());
      ended(*c, failure("given up: does not end though killed"));
    }
  }
}

bool supervisor::depends_on_order() const {
  return stopping_ || options_.strategy != restart_strategy::one_for_one;
}

bool supervisor::wants_stop(const child& c) const {
  return c.alive() && (stopping_ || c.recycle || c.wanted != child::want::run);
}

void supervisor::stop_children() {
  // From the back: a child waits for those behind it that have to end, too, but
  // not for those of its group.
  std::optional<int> group;
  for (auto i = children_.size(); i-- > 0;) {
    auto& c = *children_[i];
    if (!wants_stop(c))
      continue;
    if (depends_on_order() && group
        && (*group == 0 || *group != c.spec.stop_group))
      return;
    group = c.spec.stop_group;
    if (c.phase == child_phase::running)
      ask_to_stop(c);
  }
}

void supervisor::ask_to_stop(child& c) {
  c.phase = child_phase::stopping;
  c.stop_by = now() + c.spec.stop_timeout;
  send_exit(c.handle, caf::exit_reason::user_shutdown);
}

void supervisor::drop_removed() {
  std::erase_if(children_, [this](const std::unique_ptr<child>& c) {
    auto gone = c->wanted == child::want::go && !c->alive();
    if (gone)
      tell(*c, child_event::kind_type::removed);
    return gone;
  });
}

bool supervisor::may_start(std::size_t index) const {
  auto& c = *children_[index];
  if (stopping_ || c.phase != child_phase::waiting || c.start_at > now())
    return false;
  if (!depends_on_order())
    return true;
  // All that have to end must have ended, and those before must be up.
  for (std::size_t i = 0; i < children_.size(); ++i)
    if (wants_stop(*children_[i])
        || (i < index && children_[i]->phase == child_phase::waiting))
      return false;
  return true;
}

void supervisor::start_children() {
  // By index: a start function may add children.
  for (std::size_t i = 0; i < children_.size(); ++i)
    if (may_start(i))
      start(*children_[i]);
}

void supervisor::start(child& c) {
  if (c.next_spec) {
    c.spec = std::move(*c.next_spec);
    c.next_spec.reset();
  }
  try {
    c.handle = c.spec.start();
    TROUPE_CHECK(c.handle != nullptr, "a start function returned no actor");
  } catch (...) {
    auto reason = reason_text(failure(std::current_exception()));
    note_end(c, reason);
    failed(c, reason);
    return;
  }
  c.phase = child_phase::running;
  c.stop_by = time_point::max();
  ++c.incarnation;
  if (auto reason = std::exchange(c.restart_reason, {}); !reason.empty()) {
    ++c.restarts;
    if (c.spec.cell != nullptr)
      c.spec.cell->count_restart(reason);
  }
  owner_->monitor(c.handle);
  tell(c, child_event::kind_type::started);
}

void supervisor::emit_events() {
  while (!events_.empty()) {
    auto event = std::move(events_.front());
    events_.pop_front();
    if (options_.on_event)
      options_.on_event(event);
  }
}

void supervisor::arm_timer() {
  auto next = time_point::max();
  for (auto& c : children_) {
    if (c->alive() && c->phase != child_phase::running)
      next = std::min(next, c->stop_by);
    // What is due already waits for another child, not for the time.
    if (c->phase == child_phase::waiting && c->start_at > now() && !stopping_)
      next = std::min(next, c->start_at);
  }
  if (next >= timer_due_)
    return; // an early timer does no harm
  timer_due_ = next;
  owner_->clock().schedule_message(
      next, caf::strong_actor_ptr{owner_->ctrl()},
      caf::make_mailbox_element(
          nullptr, caf::make_message_id(), {},
          supervisor_timer{reinterpret_cast<std::uintptr_t>(this),
                           ++generation_}));
}

void supervisor::finish_stop() {
  if (!stopping_)
    return;
  for (auto& c : children_) {
    if (c->alive())
      return;
    c->phase = child_phase::ended;
  }
  auto done = std::exchange(done_, nullptr);
  auto reason = std::exchange(escalation_, {});
  if (done)
    done();
  else if (!reason.empty())
    owner_->quit(failure(std::move(reason)));
}

// -- ends and failures --------------------------------------------------------

void supervisor::ended(child& c, const caf::error& reason) {
  auto text = reason_text(reason);
  tell(c, child_event::kind_type::ended, text);
  note_end(c, text);
  auto asked_to = c.phase != child_phase::running;
  c.handle = nullptr;
  c.stop_by = time_point::max();
  auto stays_down =
      c.spec.restart == restart_policy::never
      || (c.spec.restart == restart_policy::on_failure && !is_failure(reason));
  const bool unwanted = stopping_ || c.wanted != child::want::run;
  if (!unwanted && std::exchange(c.recycle, false))
    c.phase = child_phase::waiting;
  else if (unwanted || stays_down || asked_to)
    c.phase = child_phase::ended;
  else
    failed(c, text);
}

void supervisor::note_end(child& c, const std::string& reason) {
  c.ends.push_back({reason, now().time_since_epoch()});
  if (c.ends.size() > ends_kept)
    c.ends.pop_front();
}

void supervisor::failed(child& c, const std::string& reason) {
  if (!c.failures.empty()
      && now() - c.failures.back() > options_.backoff.reset_after)
    c.failures_in_row = 0;
  if (over_limit(c) && c.spec.limit != at_limit::persist)
    return give_up(c, reason);
  c.phase = child_phase::waiting;
  c.restart_reason = reason;
  auto delay = next_delay(c);
  c.start_at = now() + delay;
  tell(c, child_event::kind_type::restart_scheduled, reason, delay);
  recycle_siblings(c, c.start_at);
}

bool supervisor::over_limit(child& c) const {
  auto& limit = options_.intensity;
  c.failures.push_back(now());
  while (now() - c.failures.front() > limit.within)
    c.failures.pop_front();
  if (limit.restarts == intensity::unlimited) {
    c.failures.erase(c.failures.begin(), c.failures.end() - 1);
    return false;
  }
  return c.failures.size() > limit.restarts;
}

void supervisor::give_up(child& c, const std::string& reason) {
  c.phase = child_phase::given_up;
  if (c.spec.limit == at_limit::give_up)
    return tell(c, child_event::kind_type::gave_up, reason);
  tell(c, child_event::kind_type::escalated, reason);
  escalation_ = c.spec.id + " failed too often: " + reason;
  stopping_ = true;
}

caf::timespan supervisor::next_delay(child& c) {
  auto& b = options_.backoff;
  auto delay = caf::timespan(b.first);
  for (std::uint32_t i = 0; i < c.failures_in_row && delay < b.longest; ++i)
    delay *= 2;
  ++c.failures_in_row;
  delay = std::min(delay, caf::timespan(b.longest));
  // 53 random bits make a number in [0, 1).
  auto random =
      static_cast<double>(next_random(random_state_) >> 11U) * 0x1p-53;
  auto factor = 1.0 - std::clamp(b.jitter, 0.0, 1.0) * random;
  return caf::timespan(static_cast<caf::timespan::rep>(
      static_cast<double>(delay.count()) * factor));
}

void supervisor::recycle_siblings(const child& c, time_point start_at) {
  if (options_.strategy == restart_strategy::one_for_one)
    return;
  bool behind = options_.strategy == restart_strategy::one_for_all;
  for (auto& sibling : children_) {
    if (sibling.get() == &c) {
      behind = true;
      continue;
    }
    if (!behind || !sibling->alive() || sibling->wanted != child::want::run)
      continue;
    if (sibling->spec.restart == restart_policy::never) {
      sibling->wanted = child::want::rest;
      continue;
    }
    sibling->recycle = true;
    sibling->restart_reason = "restart of " + c.spec.id;
    sibling->start_at = start_at;
  }
}

void supervisor::tell(const child& c, child_event::kind_type kind,
                      std::string reason, caf::timespan delay) {
  events_.push_back({kind, c.spec.id, c.spec.cell, c.handle, c.incarnation,
                     std::move(reason), delay});
}

void supervisor::kill_all() {
  for (auto& c : children_)
    if (c->alive())
      send_exit(c->handle, caf::exit_reason::kill);
  // Start functions and callbacks may hold handles, too.
  children_.clear();
  events_.clear();
  options_.on_event = nullptr;
  done_ = nullptr;
}

} // namespace troupe::actors
