#pragma once

#include "protocol/fsm/action.hpp"
#include "protocol/fsm/collision.hpp"
#include "protocol/fsm/event.hpp"
#include "protocol/fsm/random.hpp"
#include "protocol/fsm/settings.hpp"
#include "protocol/fsm/state.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::protocol::fsm {

/// What has happened since the machine was made; never goes back.
struct counters {
  /// Entries into each state, by its number.
  std::array<std::uint64_t, state_count> transitions_to{};
  std::uint64_t inbound_accepted = 0;
  std::uint64_t inbound_declined = 0;
  std::uint64_t outbound_accepted = 0;
  std::uint64_t outbound_declined = 0;
  std::uint64_t connect_attempts = 0;
  std::uint64_t connect_attempts_failed = 0;
  std::uint64_t tcp_failures = 0;
  std::uint64_t collisions = 0;
  std::uint64_t hold_expirations = 0;
  std::uint64_t idle_hold_expirations = 0;
  std::uint64_t notifications_sent = 0;
  std::uint64_t notifications_received = 0;
  std::uint64_t unexpected_events = 0;
  friend bool operator==(const counters&, const counters&) = default;
};

/// A timer as a log record shows it. The outside knows the deadlines.
struct timer_status {
  timer which = timer::connect_retry;
  std::optional<connection_id> connection; ///< for a connection's timers
  milliseconds interval{0};                ///< without jitter
  bool armed = false;
  friend bool operator==(const timer_status&, const timer_status&) = default;
};

/// A registered connection.
struct connection_status {
  contender who;
  /// Since the peer's OPEN.
  std::optional<wire::negotiated> agreed;
  friend bool operator==(const connection_status&,
                         const connection_status&) = default;
};

/// The session state machine of one neighbour (RFC 4271 §8): a value that is
/// told events and answers with actions. It has no clock, no socket and no log;
/// the same settings, seed and events give the same actions.
///
/// RFC 4271 gives every TCP connection a machine of its own. Here each of the
/// 0..2 registered connections has a `phase`, and the session's state follows:
/// Idle, Connect and Active are the session's own; one connection gives its
/// phase; two give ConnectionCollision, unless one of them is set up. A
/// connection that only delays its OPEN leaves Connect or Active as they are.
///
/// It departs from RFC 4271 §8.2.2 where that would do harm:
///  * A failed attempt leaves the session in Connect until ConnectRetryTimer
///    expires. By the letter it goes to Idle, and with an idle hold time of 0
///    it would try again at once, for ever.
///  * A passive session does not run ConnectRetryTimer: it must not connect.
///  * A timer that expires though it is not armed came late; it is ignored, not
///    answered with a Finite State Machine Error.
///  * A "version error" NOTIFICATION is damped too, as we know no other
///  version.
class session_fsm {
public:
  /// Idle, waiting for `automatic_start` or `manual_start`.
  explicit session_fsm(settings s, std::uint64_t seed);

  /// Takes an event and says what to do, in order. Every event has an answer in
  /// every state; it never fails.
  actions handle(const event& e);

  /// Replaces the settings. Armed timers and registered connections keep what
  /// they have; everything from here on uses the new ones.
  void reconfigure(settings s);

  state current() const { return state_; }
  const settings& configuration() const { return settings_; }
  const counters& statistics() const { return counters_; }
  /// ConnectRetryCounter (RFC 4271 §8): failures since the last start or stop
  /// by the operator.
  std::uint64_t connect_retry_counter() const { return connect_retry_counter_; }
  /// Failures in a row without a stable session between them; damping.
  unsigned failures_in_a_row() const { return failures_; }
  /// Whether only an operator's start leaves Idle.
  bool stopped() const {
    return state_ == state::idle && idling_ != idle_cause::waiting;
  }
  /// How the last connection ended that did not just lose a collision; nothing
  /// before the first such end.
  const std::optional<ending>& last_ending() const { return last_ending_; }
  /// The registered connections, oldest first; at most two.
  std::vector<connection_status> connections() const;
  /// Every timer of the session, then of each registered connection.
  std::vector<timer_status> timers() const;

  friend bool operator==(const session_fsm&, const session_fsm&) = default;

private:
  /// What holds the session in Idle.
  enum class idle_cause : std::uint8_t {
    not_started, ///< nobody has started it yet
    stopped,     ///< the operator stopped it
    waiting      ///< the idle hold timer
  };

  struct connection {
    contender who;
    wire::open_message ours; ///< the OPEN that we sent on it
    std::optional<wire::negotiated> agreed;
    milliseconds hold{0};      ///< interval of the hold timer
    milliseconds keepalive{0}; ///< interval of the keepalive timer
    bool hold_armed = false;
    bool keepalive_armed = false;
    bool delay_open_armed = false;
    friend bool operator==(const connection&, const connection&) = default;
  };

  /// One event on its way through the machine.
  struct step {
    actions out;
    std::string_view title;
    std::optional<connection_id> subject;
  };

  static constexpr unsigned max_failures = 1000;

  // Session events, by state.
  void on_session(const session_event& e, step& s);
  void in_idle(const session_event& e, step& s);
  void while_waiting(const session_event& e, step& s);
  void while_connected(const session_event& e, step& s);

  // Connection events, by phase.
  void on_connection(const connection_event& e, step& s);
  void while_delaying(connection& c, const connection_event& e, step& s);
  void in_open_sent(connection& c, const connection_event& e, step& s);
  void in_open_confirm(connection& c, const connection_event& e, step& s);
  void in_session_setup(connection& c, const connection_event& e, step& s);
  void in_established(connection& c, const connection_event& e, step& s);

  // Start and stop.
  void start_automatically(step& s);
  void start(step& s);
  void restart_from_idle(step& s);
  void stay_stopped(step& s);
  void stop(const manual_stop& e, step& s);
  void restart(const reset& e, step& s);
  void stop(const automatic_stop& e, step& s);

  // Idle, Connect, Active.
  void fail_to_idle(step& s);
  void enter_idle(idle_cause cause, step& s,
                  std::optional<milliseconds> pause = std::nullopt);
  void wait_in_idle(step& s, std::optional<milliseconds> pause = std::nullopt);
  void leave_idle(step& s);
  void retry(step& s);
  void fall_to_active(step& s);
  void await_peer(step& s);
  void await_attempt(step& s);
  void begin_attempt(step& s);
  void give_up_attempt(step& s);
  void attempt_failed(step& s);

  // The life of a connection. A reference is dead after `accept_open`, `fail`
  // and its kin, `lose` and its kin, and `drop`.
  void give_way_to_restart(connection_id newcomer, step& s);
  void take(connection_id id, direction way, step& s);
  void refuse(const reject_connection& r, step& s);
  void open(connection& c, step& s);
  void accept_open(connection& c, const wire::open_message& open, step& s);
  bool survives(connection& c, const wire::negotiated& agreed, step& s);
  void confirm(connection& c, const wire::negotiated& agreed, step& s);
  void set_up(connection& c, step& s);
  void establish(connection& c, step& s);
  void beat(connection& c, step& s);
  void fail(connection& c, ending why, step& s);
  void fail_unexpected(connection& c, wire::message_type type, step& s);
  void fail_malformed(connection& c, const message_malformed& e, step& s);
  void fail_hold(connection& c, step& s);
  void fail_send_hold(connection& c, step& s);
  void fail_notified(connection& c, const wire::notification_message& m,
                     step& s);
  void fail_tcp(connection& c, step& s);
  void lose(connection& c, step& s);
  void lose_delayed(connection& c, step& s);
  void drop_all(const ending& why, step& s);
  void drop(connection& c, ending why, state next, step& s);
  std::optional<decode_error> judge(const connection& c,
                                    const wire::open_message& open,
                                    const wire::negotiated& agreed) const;
  collision_resolver resolver() const;
  connection* find(connection_id id);
  connection* other_than(const connection& c);

  // The state that follows from the connections.
  state state_of(const contender& c) const;
  state state_without(const connection& c, state alone) const;
  void settle(step& s);
  void go(state next, step& s);
  void ignore(ignored_because why, step& s);

  // Timers.
  milliseconds idle_hold_time() const;
  milliseconds open_hold_time() const;
  milliseconds keepalive_time() const;
  milliseconds delay_open_time() const;
  milliseconds connect_retry_time() const;
  /// Takes an expiry; false, and a report, if the timer is not armed.
  bool fires(bool& armed, step& s);
  void arm(bool& armed, const arm_timer& t, step& s);
  void disarm(bool& armed, const disarm_timer& t, step& s);
  void arm_connect_retry(step& s);
  void disarm_connect_retry(step& s);
  void disarm_idle_hold(step& s);
  void arm_stable(step& s);
  void arm_hold(connection& c, step& s);
  void arm_keepalive(connection& c, step& s);
  void disarm_all(connection& c, step& s);

  settings settings_;
  random_source random_;
  state state_ = state::idle;
  idle_cause idling_ = idle_cause::not_started;
  /// Connect or Active: where the session waits without a connection.
  state waiting_ = state::connect;
  bool attempting_ = false;
  bool connect_retry_armed_ = false;
  bool idle_hold_armed_ = false;
  bool stable_armed_ = false;
  unsigned failures_ = 0;
  std::uint64_t connect_retry_counter_ = 0;
  std::vector<connection> connections_;
  std::optional<ending> last_ending_;
  counters counters_;
};

} // namespace troupe::protocol::fsm
