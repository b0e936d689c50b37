#pragma once

#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/link_watch.hpp"
#include "actors/log/records.hpp"
#include "actors/messages.hpp"
#include "actors/timer_table.hpp"
#include "protocol/fsm/session_fsm.hpp"

#include <map>
#include <optional>
#include <set>

namespace troupe::actors {

/// Everything a session runner begins with.
struct session_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  router_actor router;
  std::shared_ptr<const config::router> router_configuration;
  config::neighbor neighbor;
  std::shared_ptr<neighbor_counters> counters;
  /// Started by hand: an operator disabled it before, or it is not enabled.
  bool enabled = true;
  /// Our OPENs say that we have restarted (the R bit of RFC 4724 §3).
  bool restarted = false;
};

/// The session runner of one neighbour. It holds no rules: messages become
/// events of the state machine, whose actions become sends. Split into what
/// comes in (session.cpp), what is done about it (session_actions.cpp), and how
/// an unnumbered neighbour's address is learned (session_link.cpp).
class session final : public instrumented<session_actor> {
public:
  session(caf::actor_config& config, session_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using connection_id = protocol::fsm::connection_id;
  using timer_key = std::pair<protocol::fsm::timer, connection_id>;

  /// A TCP connection that the state machine knows, or is being asked about.
  struct peer_connection {
    transport::socket_id socket{};
    protocol::endpoint local;
    protocol::endpoint remote;
    std::string local_text;
    std::string remote_text;
    protocol::fsm::direction way{};
    connection_actor actor; ///< none before it is adopted
    std::string actor_id;
    std::uint64_t incarnation = 0; ///< of the registration, 0 if none
    std::uint64_t written = 0;     ///< bytes, when last looked at
    unsigned stalled_checks = 0;   ///< in a row without progress
  };

  // -- what comes in ---------------------------------------------------------
  void start();
  void run(const protocol::fsm::event& event);
  void remember(const protocol::fsm::event& event, protocol::fsm::state before);
  void handle(const incoming_connection& incoming);
  void handle(const attempt_event& attempt);
  void handle(const connection_event& event);
  void handle(const session_timer& timer);
  void handle(const send_hold_check& check);
  void check_send_hold_later(connection_id id);
  /// 0: off.
  std::chrono::milliseconds send_hold() const;
  void handle(const session_registered& registered);
  void handle(const session_command& command);
  void handle(const session_changed& changed);
  void handle_down(const caf::down_msg& down);
  void stop(const session_command& command);
  void drop(const std::string& actor_id);
  connection_id add_connection(peer_connection connection);
  std::optional<protocol::fsm::event> timer_event(const timer_key& key);
  void request_refresh();
  protocol::fsm::settings fsm_settings() const;

  // -- the link of an unnumbered neighbour -----------------------------------
  void watch_link();
  void look_at_link();
  void follow(const link_watch::news& news);
  void use_peer(const std::optional<protocol::ip_address>& peer);
  void fail_connections();
  bool is_expected(const incoming_connection& incoming) const;
  void decline(const incoming_connection& incoming);
  protocol::endpoint on_link(const protocol::ip_address& address,
                             std::uint16_t port) const;

  // -- what is done about it -------------------------------------------------
  void execute(const protocol::fsm::action& action);
  void execute(const protocol::fsm::start_connect_attempt& action);
  void execute(const protocol::fsm::cancel_connect_attempt& action);
  void execute(const protocol::fsm::adopt_connection& action);
  void execute(const protocol::fsm::begin_reading& action);
  void execute(const protocol::fsm::reject_connection& action);
  void execute(const protocol::fsm::close_connection& action);
  void execute(const protocol::fsm::send_open& action);
  void execute(const protocol::fsm::send_keepalive& action);
  void execute(const protocol::fsm::send_notification& action);
  void execute(const protocol::fsm::arm_timer& action);
  void execute(const protocol::fsm::disarm_timer& action);
  void execute(const protocol::fsm::set_up_session& action);
  void execute(const protocol::fsm::accept_updates& action);
  void execute(const protocol::fsm::established& action);
  void execute(const protocol::fsm::session_down& action);
  void execute(const protocol::fsm::connection_ends& action);
  void execute(const protocol::fsm::transition& action);
  void execute(const protocol::fsm::unexpected_event& action);
  void transmit(connection_id id, std::vector<std::uint8_t> message);
  void forget(connection_id id);
  /// The most that the peer may tell.
  intake_limits limits() const;
  std::string last_error() const;
  void report();
  std::optional<session_pause> pause();
  void publish_connection(const peer_connection& connection,
                          std::string_view kind, const std::string& reason);

  // -- for the log -----------------------------------------------------------
  log::session_context context();
  log::connection_context context(connection_id id);
  void log_event(const protocol::fsm::event& event);

  transport::socket_options socket_options() const;
  log::logger& log() { return self_.environment->log; }
  transport::transport& sockets() { return self_.environment->sockets; }
  caf::actor_clock::time_point now() { return this->clock().now(); }
  std::chrono::milliseconds milliseconds_now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        now().time_since_epoch());
  }
  session_actor handle_to_self();

  session_arguments self_;
  /// Of an unnumbered neighbour: unspecified until one is learned.
  protocol::ip_address peer_address_;
  std::string peer_text_;
  std::optional<link_watch> link_; ///< of an unnumbered neighbour
  std::optional<protocol::ip_address> learned_;
  protocol::fsm::session_fsm fsm_;
  timer_table<timer_key> timers_;
  std::map<connection_id, peer_connection> connections_;
  std::uint64_t random_state_;
  std::shared_ptr<fsm_history> history_;

  std::uint64_t attempt_ = 0;
  std::optional<transport::socket_id> attempt_socket_;
  bool connector_used_ = false; ///< an attempt was made before (for the log)

  std::uint64_t incarnation_ = 0;
  std::optional<session_registered> registered_;
  /// What the session that is set up agreed on.
  std::optional<protocol::wire::negotiated> agreed_;
  std::set<protocol::family> disabled_families_; // of those agreed upon
  std::string update_contents_; ///< of the event that is being handled
  std::string cause_;           ///< why something ended in this event
  std::string own_failure_;     ///< why a connection's actor failed in it
  std::string last_end_;        // why the last session ended
  std::string last_attempt_;    // why the last attempt since then failed
  caf::actor_clock::time_point since_{};
  std::uint64_t flaps_ = 0;
  /// The state that lines show: the old one until the transition is logged.
  protocol::fsm::state logged_state_{};
  bool silent_ = false; ///< the end is to be without NOTIFICATIONs
};

} // namespace troupe::actors
