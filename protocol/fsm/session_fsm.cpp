#include "protocol/fsm/session_fsm.hpp"

#include "protocol/overloaded.hpp"

#include <algorithm>
#include <utility>

namespace troupe::protocol::fsm {

namespace {

/// The NOTIFICATION for an operator's stop, with the text that RFC 9003 §2
/// allows for these two subcodes.
decode_error cease(std::uint8_t subcode, std::string_view text) {
  constexpr auto shutdown = cease_subcode::administrative_shutdown;
  constexpr auto restart = cease_subcode::administrative_reset;
  const auto what = static_cast<cease_subcode>(subcode);
  if (text.empty() || (what != shutdown && what != restart))
    return make_error(what, "stopped by the operator");
  // RFC 9003 §3: a peer that only knows RFC 8203 takes no more than this.
  std::size_t size = std::min<std::size_t>(text.size(), 128);
  const auto splits_character = [&] {
    return size < text.size()
           && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U;
  };
  while (size > 0 && splits_character())
    --size;
  return make_error(what, "stopped by the operator",
                    wire::shutdown_data(text.substr(0, size)));
}

} // namespace

session_fsm::session_fsm(settings s, std::uint64_t seed)
    : settings_(std::move(s)), random_(seed) {
  connections_.reserve(2);
}

actions session_fsm::handle(const event& e) {
  step s{{}, title(e), connection_of(e)};
  std::visit(overloaded{
                 [&](const session_event& x) { on_session(x, s); },
                 [&](const connection_event& x) { on_connection(x, s); },
             },
             e);
  return std::move(s.out);
}

void session_fsm::reconfigure(settings s) {
  settings_ = std::move(s);
}

std::vector<connection_status> session_fsm::connections() const {
  std::vector<connection_status> all;
  for (const auto& c : connections_)
    all.push_back({c.who, c.agreed});
  return all;
}

// -- session events -----------------------------------------------------------

void session_fsm::on_session(const session_event& e, step& s) {
  switch (state_) {
  case state::idle:
    return in_idle(e, s);
  case state::connect:
  case state::active:
    return while_waiting(e, s);
  case state::open_sent:
  case state::open_confirm:
  case state::connection_collision:
  case state::session_setup:
  case state::established:
    return while_connected(e, s);
  }
}

// RFC 4271 §8.2.2, "Idle state". Connections are refused in silence, so that
// two speakers cannot drive each other into Idle with their NOTIFICATIONs.
void session_fsm::in_idle(const session_event& e, step& s) {
  std::visit(
      overloaded{
          [&](const automatic_start&) { start_automatically(s); }, // 3, 5-7
          [&](const manual_start&) { start(s); },                  // 1, 4
          [&](const manual_stop&) { stay_stopped(s); },            // 2
          [&](const reset&) { restart_from_idle(s); },
          [&](const automatic_stop&) { // 8
            ignore(ignored_because::state, s);
          },
          [&](const connect_retry_expired&) { // 9
            fires(connect_retry_armed_, s);
          },
          [&](const idle_hold_expired&) { // 13
            if (!fires(idle_hold_armed_, s))
              return;
            ++counters_.idle_hold_expirations;
            leave_idle(s);
          },
          [&](const stable_expired&) { fires(stable_armed_, s); },
          [&](const tcp_connection_acked& x) { // 17
            refuse({x.connection, direction::inbound, std::nullopt}, s);
          },
          [&](const tcp_connection_confirmed& x) { // 16
            refuse({x.connection, direction::outbound, std::nullopt}, s);
          },
          [&](const connect_attempt_failed&) { attempt_failed(s); },
      },
      e);
}

// RFC 4271 §8.2.2, "Connect State" and "Active State". They differ in what the
// loss of a connection leads to, see `lose_delayed`; Connect stays when an
// attempt fails, as ConnectRetryTimer paces the next one (see the class).
void session_fsm::while_waiting(const session_event& e, step& s) {
  std::visit(
      overloaded{
          [&](const automatic_start&) { ignore(ignored_because::state, s); },
          [&](const manual_start&) { ignore(ignored_because::state, s); },
          [&](const manual_stop& x) { stop(x, s); }, // 2
          [&](const reset& x) { restart(x, s); },
          [&](const automatic_stop& x) { stop(x, s); }, // 8
          [&](const connect_retry_expired&) {           // 9
            if (fires(connect_retry_armed_, s))
              retry(s);
          },
          [&](const idle_hold_expired&) { fires(idle_hold_armed_, s); },
          [&](const stable_expired&) { fires(stable_armed_, s); },
          [&](const tcp_connection_acked& x) { // 17
            take(x.connection, direction::inbound, s);
          },
          [&](const tcp_connection_confirmed& x) { // 16
            take(x.connection, direction::outbound, s);
          },
          [&](const connect_attempt_failed&) { attempt_failed(s); },
      },
      e);
}

// RFC 4271 §8.2.2, "OpenSent" to "Established": what is not about one
// connection is the same in all of them.
void session_fsm::while_connected(const session_event& e, step& s) {
  std::visit(
      overloaded{
          [&](const automatic_start&) { ignore(ignored_because::state, s); },
          [&](const manual_start&) { ignore(ignored_because::state, s); },
          [&](const manual_stop& x) { stop(x, s); },
          [&](const reset& x) { restart(x, s); },
          [&](const automatic_stop& x) { stop(x, s); },
          [&](const connect_retry_expired&) { fires(connect_retry_armed_, s); },
          [&](const idle_hold_expired&) { fires(idle_hold_armed_, s); },
          [&](const stable_expired&) {
            if (fires(stable_armed_, s))
              failures_ = 0;
          },
          [&](const tcp_connection_acked& x) {
            give_way_to_restart(x.connection, s);
            take(x.connection, direction::inbound, s);
          },
          [&](const tcp_connection_confirmed& x) {
            take(x.connection, direction::outbound, s);
          },
          [&](const connect_attempt_failed&) { attempt_failed(s); },
      },
      e);
}

// -- start and stop -----------------------------------------------------------

void session_fsm::start_automatically(step& s) {
  if (idling_ != idle_cause::not_started || !settings_.start_automatically)
    return ignore(ignored_because::state, s);
  wait_in_idle(s);
}

void session_fsm::start(step& s) {
  connect_retry_counter_ = 0;
  failures_ = 0;
  leave_idle(s);
}

void session_fsm::restart_from_idle(step& s) {
  if (idling_ != idle_cause::waiting)
    return ignore(ignored_because::state, s);
  start(s);
}

// RFC 4271 §8.2.2 ignores a stop in Idle; here it also ends the waiting.
void session_fsm::stay_stopped(step& s) {
  if (idling_ == idle_cause::stopped)
    return ignore(ignored_because::state, s);
  connect_retry_counter_ = 0;
  failures_ = 0;
  idling_ = idle_cause::stopped;
  disarm_idle_hold(s);
}

void session_fsm::stop(const manual_stop& e, step& s) {
  ending why{end_reason::manual_stop, std::nullopt};
  if (e.notify)
    why.notification = cease(e.subcode, e.text);
  drop_all(why, s);
  connect_retry_counter_ = 0;
  failures_ = 0;
  enter_idle(idle_cause::stopped, s);
}

void session_fsm::restart(const reset& e, step& s) {
  drop_all({end_reason::manual_reset, cease(e.subcode, e.text)}, s);
  connect_retry_counter_ = 0;
  failures_ = 0;
  enter_idle(idle_cause::waiting, s);
}

void session_fsm::stop(const automatic_stop& e, step& s) {
  const auto subcode = static_cast<cease_subcode>(e.subcode);
  drop_all({end_reason::automatic_stop,
            make_error(subcode, "stopped by a rule of ours", e.data)},
           s);
  ++connect_retry_counter_;
  if (e.stays_idle)
    return enter_idle(idle_cause::stopped, s);
  if (e.pause)
    return enter_idle(idle_cause::waiting, s, e.pause);
  fail_to_idle(s);
}

// -- Idle, Connect, Active ----------------------------------------------------

void session_fsm::fail_to_idle(step& s) {
  failures_ += failures_ < max_failures ? 1 : 0;
  enter_idle(settings_.start_automatically ? idle_cause::waiting
                                           : idle_cause::not_started,
             s);
}

void session_fsm::enter_idle(idle_cause cause, step& s,
                             std::optional<milliseconds> pause) {
  go(state::idle, s);
  disarm_connect_retry(s);
  give_up_attempt(s);
  idling_ = cause;
  if (cause == idle_cause::waiting)
    wait_in_idle(s, pause);
}

void session_fsm::wait_in_idle(step& s, std::optional<milliseconds> pause) {
  idling_ = idle_cause::waiting;
  const auto time =
      pause ? *pause
            : random_.jittered(idle_hold_time(), settings_.idle_hold_jitter);
  if (time <= milliseconds::zero())
    return leave_idle(s);
  arm(idle_hold_armed_, {timer::idle_hold, {}, time}, s);
}

void session_fsm::leave_idle(step& s) {
  idling_ = idle_cause::waiting;
  disarm_idle_hold(s);
  if (settings_.passive)
    return await_peer(s);
  arm_connect_retry(s);
  begin_attempt(s);
  await_attempt(s);
}

// RFC 4271 §8.2.2: Connect and Active "initiate a TCP connection to the other
// BGP peer" when ConnectRetryTimer expires, Active on its way to Connect.
void session_fsm::retry(step& s) {
  give_up_attempt(s);
  if (settings_.passive)
    return await_peer(s);
  arm_connect_retry(s);
  begin_attempt(s);
  await_attempt(s);
}

/// Waits in Active for the peer to try again, or for ConnectRetryTimer.
void session_fsm::fall_to_active(step& s) {
  if (!settings_.passive)
    arm_connect_retry(s);
  await_peer(s);
}

void session_fsm::await_peer(step& s) {
  waiting_ = state::active;
  go(state::active, s);
}

void session_fsm::await_attempt(step& s) {
  waiting_ = state::connect;
  go(state::connect, s);
}

void session_fsm::begin_attempt(step& s) {
  ++counters_.connect_attempts;
  attempting_ = true;
  const auto third = connect_retry_time() / 3;
  s.out.emplace_back(start_connect_attempt{std::max(third, milliseconds{1})});
}

void session_fsm::give_up_attempt(step& s) {
  if (std::exchange(attempting_, false))
    s.out.emplace_back(cancel_connect_attempt{});
}

void session_fsm::attempt_failed(step& s) {
  if (!std::exchange(attempting_, false))
    return ignore(ignored_because::no_attempt, s);
  ++counters_.connect_attempts_failed;
}

void session_fsm::go(state next, step& s) {
  if (next == state_)
    return;
  s.out.emplace_back(transition{state_, next});
  state_ = next;
  ++counters_.transitions_to[static_cast<std::size_t>(next)];
}

void session_fsm::ignore(ignored_because why, step& s) {
  ++counters_.unexpected_events;
  s.out.emplace_back(unexpected_event{s.title, s.subject, why});
}

} // namespace troupe::protocol::fsm
