#pragma once

#include "protocol/fsm/session_fsm.hpp"
#include "protocol/overloaded.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

/// What must hold whatever happens to a session; for property tests and the
/// fuzzer. Header-only, so that both can use it.
namespace troupe::protocol::fsm::test {

/// Plays the outside of a machine: carries out its actions on a model of the
/// world, and says what is wrong with them.
class watcher {
public:
  /// Looks at the actions that `machine` has just given for `e`.
  void observe(const event& e, const actions& all, const session_fsm& machine) {
    note(e);
    for (const auto& a : all)
      std::visit([this](const auto& x) { carry_out(x); }, a);
    check_rest(machine);
  }

  /// The first invariant that was broken, or nothing.
  const std::optional<std::string>& complaint() const { return complaint_; }
  bool attempting() const { return attempting_; }
  std::size_t times_established() const { return times_established_; }

private:
  struct link {
    direction way = direction::inbound;
    bool reading = false;
    bool open_out = false;
    bool open_in = false;
    bool keepalive_in = false;
    bool notified = false; ///< we have sent a NOTIFICATION
    bool was_told = false; ///< we have received one
    bool set_up = false;   ///< `set_up_session` without `session_down`
    bool answered = false; ///< `session_set_up` has come since
    std::set<timer> armed;
  };

  void demand(bool condition, std::string_view what) {
    if (!condition && !complaint_)
      complaint_ = std::string{what};
  }

  link& use(connection_id id) {
    demand(links_.contains(id), "an action names an unregistered connection");
    demand(!links_[id].notified, "an action follows the NOTIFICATION");
    return links_[id];
  }

  std::set<timer>& timers_of(const std::optional<connection_id>& id) {
    return id ? use(*id).armed : armed_;
  }

  static bool of_session(timer t) { return t < timer::hold; }

  // -- what came in -----------------------------------------------------------

  void note(const event& e) {
    if (const auto* s = std::get_if<session_event>(&e))
      note_session(*s);
    else if (const auto* c = std::get_if<connection_event>(&e))
      note_connection(*c);
  }

  void note_session(const session_event& e) {
    if (std::holds_alternative<connect_retry_expired>(e))
      armed_.erase(timer::connect_retry);
    if (std::holds_alternative<idle_hold_expired>(e))
      armed_.erase(timer::idle_hold);
    if (std::holds_alternative<stable_expired>(e))
      armed_.erase(timer::stable);
    if (std::holds_alternative<connect_attempt_failed>(e))
      attempting_ = false;
    const auto* confirmed = std::get_if<tcp_connection_confirmed>(&e);
    if (confirmed != nullptr && !links_.contains(confirmed->connection))
      attempting_ = false;
  }

  void note_connection(const connection_event& e) {
    const auto found = links_.find(connection_of(e));
    if (found == links_.end())
      return;
    link& l = found->second;
    if (std::holds_alternative<hold_expired>(e))
      l.armed.erase(timer::hold);
    if (std::holds_alternative<keepalive_expired>(e))
      l.armed.erase(timer::keepalive);
    if (std::holds_alternative<delay_open_expired>(e))
      l.armed.erase(timer::delay_open);
    l.open_in = l.open_in || std::holds_alternative<open_received>(e);
    l.keepalive_in =
        l.keepalive_in
        || (l.open_in && std::holds_alternative<keepalive_received>(e));
    l.was_told = l.was_told || std::holds_alternative<notification_received>(e);
    const auto* malformed = std::get_if<message_malformed>(&e);
    if (malformed != nullptr && malformed->message_type == 3)
      l.was_told = true;
    l.answered =
        l.answered || (l.set_up && std::holds_alternative<session_set_up>(e));
  }

  // -- what goes out ----------------------------------------------------------

  void carry_out(const start_connect_attempt& x) {
    demand(!attempting_, "a second attempt is started");
    demand(x.timeout.count() > 0, "an attempt has no time");
    attempting_ = true;
  }
  void carry_out(const cancel_connect_attempt&) {
    demand(attempting_, "an attempt is cancelled that does not exist");
    attempting_ = false;
  }
  void carry_out(const adopt_connection& x) {
    demand(!links_.contains(x.connection), "a connection is adopted twice");
    demand(links_.size() < 2, "more than two connections");
    links_[x.connection].way = x.way;
  }
  void carry_out(const begin_reading& x) {
    link& l = use(x.connection);
    demand(!l.reading, "reading begins twice");
    l.reading = true;
  }
  void carry_out(const reject_connection& x) {
    demand(!links_.contains(x.connection), "a registered one is rejected");
  }
  void carry_out(const close_connection& x) {
    demand(links_.contains(x.connection), "an unregistered one is closed");
    const link& l = links_[x.connection];
    demand(l.armed.empty(), "a closed connection has an armed timer");
    demand(!l.set_up, "a session's connection closes without session_down");
    links_.erase(x.connection);
  }
  void carry_out(const send_open& x) {
    link& l = use(x.connection);
    demand(!l.open_out, "two OPENs on one connection");
    l.open_out = true;
  }
  void carry_out(const send_keepalive& x) {
    const link& l = use(x.connection);
    demand(l.open_out && l.open_in, "a KEEPALIVE before both OPENs");
  }
  void carry_out(const send_notification& x) {
    link& l = use(x.connection);
    demand(!l.was_told, "a NOTIFICATION answers a NOTIFICATION");
    l.notified = true;
  }
  void carry_out(const arm_timer& x) {
    demand(of_session(x.which) != x.connection.has_value(),
           "a timer belongs to the wrong thing");
    demand(x.duration.count() > 0, "a timer has no duration");
    timers_of(x.connection).insert(x.which);
  }
  void carry_out(const disarm_timer& x) {
    demand(timers_of(x.connection).erase(x.which) == 1,
           "a timer is disarmed that is not armed");
  }
  void carry_out(const set_up_session& x) {
    link& l = use(x.connection);
    demand(l.open_out && l.open_in && l.keepalive_in,
           "a session is set up before OPEN and KEEPALIVE");
    demand(!l.set_up, "a session is set up twice");
    l.set_up = true;
  }
  void carry_out(const accept_updates& x) {
    const link& l = use(x.connection);
    demand(l.set_up && l.answered, "UPDATEs before the session is set up");
  }
  void carry_out(const established& x) {
    const link& l = use(x.connection);
    demand(l.set_up && l.answered, "Established before the session is set up");
    ++times_established_;
  }
  void carry_out(const session_down& x) {
    link& l = use(x.connection);
    demand(std::exchange(l.set_up, false), "session_down without a session");
    demand((x.from == state::established) == l.answered,
           "session_down names the wrong state");
  }
  void carry_out(const connection_ends& x) { use(x.connection); }
  void carry_out(const transition& x) {
    demand(x.from == state_ && x.to != state_, "transitions do not join");
    state_ = x.to;
  }
  void carry_out(const unexpected_event&) {}

  // -- what is left -----------------------------------------------------------

  void check_rest(const session_fsm& m) {
    demand(m.current() == state_, "a transition is missing");
    demand(m.connections().size() == links_.size(), "connections differ");
    for (const auto& c : m.connections())
      check(c);
    const auto set_up = std::ranges::count_if(
        links_, [](const auto& each) { return each.second.set_up; });
    const bool up =
        state_ == state::session_setup || state_ == state::established;
    demand(set_up == (up ? 1 : 0), "sessions and state differ");
    demand((state_ != state::connection_collision) || links_.size() == 2,
           "a collision without two connections");
    demand(armed_.contains(timer::stable) <= (state_ == state::established),
           "the stable timer runs outside Established");
    check_waiting(m);
    check_timers(m);
  }

  void check(const connection_status& c) {
    const auto found = links_.find(c.who.connection);
    if (found == links_.end())
      return demand(false, "connections differ");
    const link& l = found->second;
    demand(l.reading && l.way == c.who.way, "a connection is not read");
    demand(l.open_out == (c.who.reached != phase::delaying),
           "phase and OPEN differ");
    const bool holds = l.armed.contains(timer::hold);
    demand(holds || c.who.reached != phase::open_sent,
           "nothing bounds the wait for an OPEN");
    demand(c.agreed.has_value() == (c.who.reached >= phase::open_confirm),
           "an agreement without OPEN");
    const bool none = c.agreed && c.agreed->hold_time.count() == 0;
    if (c.agreed)
      demand(holds != none && l.armed.contains(timer::keepalive) != none,
             "hold and keepalive timers are not as agreed");
    demand((c.who.reached == phase::delaying)
               == l.armed.contains(timer::delay_open),
           "the delay open timer is wrong");
  }

  void check_waiting(const session_fsm& m) {
    const bool retrying = armed_.contains(timer::connect_retry);
    if (state_ == state::idle) {
      demand(links_.empty() && !attempting_ && !retrying, "Idle is not idle");
      demand(armed_.contains(timer::idle_hold) != m.stopped(),
             "Idle waits for nothing, or a stopped session for something");
      return;
    }
    demand(!m.stopped() && !armed_.contains(timer::idle_hold),
           "only Idle is stopped or held");
    const bool waiting = state_ == state::connect || state_ == state::active;
    if (waiting && links_.empty())
      demand(retrying || m.configuration().passive, "nothing will try again");
    else
      demand(!retrying, "ConnectRetryTimer runs beside a connection");
    demand(waiting || !links_.empty(), "a state without its connection");
  }

  void check_timers(const session_fsm& m) {
    for (const auto& t : m.timers()) {
      const auto& set = t.connection ? links_[*t.connection].armed : armed_;
      demand(set.contains(t.which) == t.armed, "timers() differs");
    }
  }

  std::map<connection_id, link> links_;
  std::set<timer> armed_;
  state state_ = state::idle;
  bool attempting_ = false;
  std::size_t times_established_ = 0;
  std::optional<std::string> complaint_;
};

} // namespace troupe::protocol::fsm::test
