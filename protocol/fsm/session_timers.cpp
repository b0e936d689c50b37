#include "protocol/fsm/session_fsm.hpp"

#include <algorithm>
#include <utility>

namespace troupe::protocol::fsm {

namespace {

// Ten years: beyond any use, and doubling it cannot overflow.
constexpr milliseconds longest{std::chrono::hours{24 * 3650}};

milliseconds bounded(milliseconds t) {
  return std::clamp(t, milliseconds::zero(), longest);
}

} // namespace

// DampPeerOscillations (RFC 4271 §8.1.1): the first failure waits as
// configured, each further one twice as long as the one before.
milliseconds session_fsm::idle_hold_time() const {
  auto pause = bounded(settings_.idle_hold);
  if (!settings_.damp_peer_oscillations)
    return pause;
  const auto limit = std::max(pause, bounded(settings_.idle_hold_limit));
  for (unsigned n = 1; n < failures_ && pause < limit; ++n)
    pause = std::min(limit, std::max(2 * pause, milliseconds{1000}));
  return pause;
}

milliseconds session_fsm::open_hold_time() const {
  const auto configured = bounded(settings_.open_hold_time);
  // RFC 4271 §8.2.2: "A HoldTimer value of 4 minutes is suggested."
  return configured.count() > 0 ? configured : milliseconds{240000};
}

milliseconds session_fsm::keepalive_time() const {
  return bounded(settings_.keepalive);
}

milliseconds session_fsm::delay_open_time() const {
  return bounded(settings_.delay_open);
}

milliseconds session_fsm::connect_retry_time() const {
  return std::max(bounded(settings_.connect_retry), milliseconds{1});
}

std::vector<timer_status> session_fsm::timers() const {
  std::vector<timer_status> all{
      {timer::connect_retry, {}, connect_retry_time(), connect_retry_armed_},
      {timer::idle_hold, {}, bounded(settings_.idle_hold), idle_hold_armed_},
      {timer::stable, {}, bounded(settings_.stable_time), stable_armed_}};
  for (const auto& c : connections_) {
    const auto id = c.who.connection;
    all.push_back({timer::keepalive, id, c.keepalive, c.keepalive_armed});
    all.push_back({timer::hold, id, c.hold, c.hold_armed});
    all.push_back(
        {timer::delay_open, id, delay_open_time(), c.delay_open_armed});
  }
  return all;
}

bool session_fsm::fires(bool& armed, step& s) {
  if (std::exchange(armed, false))
    return true;
  ignore(ignored_because::timer_not_armed, s);
  return false;
}

void session_fsm::arm(bool& armed, const arm_timer& t, step& s) {
  armed = true;
  s.out.emplace_back(t);
}

void session_fsm::disarm(bool& armed, const disarm_timer& t, step& s) {
  if (std::exchange(armed, false))
    s.out.emplace_back(t);
}

// -- timers of the session ----------------------------------------------------

void session_fsm::arm_connect_retry(step& s) {
  const auto drawn =
      random_.jittered(connect_retry_time(), settings_.connect_retry_jitter);
  arm(connect_retry_armed_,
      {timer::connect_retry, {}, std::max(drawn, milliseconds{1})}, s);
}

void session_fsm::disarm_connect_retry(step& s) {
  disarm(connect_retry_armed_, {timer::connect_retry, {}}, s);
}

void session_fsm::disarm_idle_hold(step& s) {
  disarm(idle_hold_armed_, {timer::idle_hold, {}}, s);
}

/// Counts the failures anew once the session has lasted.
void session_fsm::arm_stable(step& s) {
  const auto time = bounded(settings_.stable_time);
  if (time > milliseconds::zero())
    arm(stable_armed_, {timer::stable, {}, time}, s);
  else
    failures_ = 0;
}

// -- timers of a connection ---------------------------------------------------

// RFC 4271 §4.2: a negotiated hold time of 0 stops both timers.
void session_fsm::arm_hold(connection& c, step& s) {
  const auto id = c.who.connection;
  if (c.hold > milliseconds::zero())
    arm(c.hold_armed, {timer::hold, id, c.hold}, s);
  else
    disarm(c.hold_armed, {timer::hold, id}, s);
}

void session_fsm::arm_keepalive(connection& c, step& s) {
  if (c.keepalive <= milliseconds::zero())
    return;
  const auto drawn = random_.jittered(c.keepalive, settings_.keepalive_jitter);
  arm(c.keepalive_armed,
      {timer::keepalive, c.who.connection, std::max(drawn, milliseconds{1})},
      s);
}

void session_fsm::disarm_all(connection& c, step& s) {
  const auto id = c.who.connection;
  disarm(c.keepalive_armed, {timer::keepalive, id}, s);
  disarm(c.hold_armed, {timer::hold, id}, s);
  disarm(c.delay_open_armed, {timer::delay_open, id}, s);
}

} // namespace troupe::protocol::fsm
