#include "actors/connection.hpp"
#include "actors/neighbor_key.hpp"
#include "actors/session.hpp"
#include "protocol/overloaded.hpp"
#include "protocol/wire/notification.hpp"

namespace troupe::actors {

namespace fsm = protocol::fsm;
namespace wire = protocol::wire;

namespace {

bool is_session_timer(fsm::timer which) {
  return which == fsm::timer::connect_retry || which == fsm::timer::idle_hold
         || which == fsm::timer::stable;
}

std::string text_of(const fsm::ending& why) {
  std::string text{to_string(why.reason)};
  if (why.notification) {
    const auto& n = *why.notification;
    text += ": " + protocol::to_string(n.code, n.subcode);
    if (const auto inner = wire::unwrap_hard_reset({n.code, n.subcode, n.data}))
      text += ": " + protocol::to_string(inner->code, inner->subcode);
    const auto said = wire::shutdown_text({n.code, n.subcode, n.data});
    if (said && !said->empty())
      text += " \"" + *said + '"';
    if (!n.reason.empty())
      text += " (" + std::string{n.reason} + ')';
  }
  return text;
}

} // namespace

void session::execute(const fsm::action& action) {
  std::visit([this](const auto& each) { execute(each); }, action);
}

// -- attempts and connections -------------------------------------------------

transport::socket_options session::socket_options() const {
  transport::socket_options options;
  const auto& n = self_.neighbor;
  const auto kind = config::known_kind(*self_.router_configuration, n);
  options.min_ttl = n.min_ttl;
  if (n.min_ttl != 0)
    options.ttl = 255; // RFC 5082 §3: what the peer's own check wants
  else if (kind != protocol::peer_kind::internal)
    options.ttl = n.multihop;
  if (auto key =
          transport_key(n, {peer_address_, peer_address_.is_v4() ? 32U : 128U}))
    options.keys.push_back(std::move(*key));
  options.interface = n.interface;
  return options;
}

void session::execute(const fsm::start_connect_attempt& a) {
  log::log_connect_attempt(log(), context());
  if (std::exchange(connector_used_, true))
    log::log_connector_completed(log(), context(), "checking previous");
  log::log_connector_spawned(log(), context());
  transport::connect_options options;
  options.remote = on_link(peer_address_, self_.neighbor.port);
  if (self_.neighbor.local_address)
    options.local =
        on_link(*self_.neighbor.local_address, self_.neighbor.local_port);
  options.options = socket_options();
  options.timeout = a.timeout;
  log::log_connecting(log(), to_string(options.remote), a.timeout);
  const auto attempt = ++attempt_;
  const auto me = handle_to_self();
  attempt_socket_ =
      sockets().connect(options, [me, attempt](transport::event event) {
        caf::anon_send(me, attempt_event{attempt, std::move(event)});
      });
}

void session::execute(const fsm::cancel_connect_attempt&) {
  ++attempt_;
  if (attempt_socket_)
    sockets().abort(*attempt_socket_);
  attempt_socket_.reset();
}

void session::execute(const fsm::adopt_connection& a) {
  auto& c = connections_.at(a.connection);
  const auto name =
      log::connection_id_text(static_cast<std::uint32_t>(a.connection));
  connection_arguments arguments{self_.environment,
                                 self_.environment->registry->add(
                                     cell().id(), actor_kind::connection, name),
                                 handle_to_self(),
                                 a.connection,
                                 a.way,
                                 c.socket,
                                 c.local,
                                 c.remote,
                                 self_.counters,
                                 self_.router_configuration->name,
                                 self_.neighbor.name};
  c.actor_id = arguments.cell->id();
  c.actor = this->spawn<connection, caf::monitored>(std::move(arguments));
  log::log_connection_accepted(log(), context(), context(a.connection));
  publish_connection(c, "started", {});
}

void session::execute(const fsm::begin_reading& a) {
  this->send(connections_.at(a.connection).actor,
             connection_command{connection_command::kind::begin, {}});
}

void session::execute(const fsm::reject_connection& a) {
  ++self_.counters->declined_connections;
  const auto found = connections_.find(a.connection);
  if (found == connections_.end())
    return;
  if (a.notification && !silent_) {
    auto message = std::make_shared<std::vector<std::uint8_t>>();
    wire::encode_notification(*a.notification, *message);
    const auto size = message->size();
    sockets().send(found->second.socket, {{std::move(message), 0, size}},
                   transport::priority::urgent);
    ++self_.counters->sent.notifications;
  }
  sockets().close(found->second.socket);
  connections_.erase(found);
}

void session::execute(const fsm::close_connection& a) {
  const auto found = connections_.find(a.connection);
  if (found == connections_.end())
    return;
  if (found->second.actor)
    this->send(found->second.actor,
               connection_command{connection_command::kind::close, {}});
  forget(a.connection);
}

void session::forget(connection_id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end())
    return;
  log::log_connection_dropped(log(), context(id), false);
  for (const auto which :
       {fsm::timer::hold, fsm::timer::keepalive, fsm::timer::delay_open})
    timers_.erase({which, id});
  publish_connection(found->second, "ended", own_failure_);
  if (found->second.actor)
    demonitor(found->second.actor.address());
  if (!found->second.actor_id.empty())
    self_.environment->registry->remove(found->second.actor_id);
  connections_.erase(found);
}

// -- messages -----------------------------------------------------------------

void session::transmit(connection_id id, std::vector<std::uint8_t> message) {
  const auto found = connections_.find(id);
  if (found != connections_.end() && found->second.actor)
    this->send(found->second.actor,
               connection_command{connection_command::kind::transmit,
                                  std::move(message)});
}

void session::execute(const fsm::send_open& a) {
  std::vector<std::uint8_t> message;
  wire::encode_open(a.message, message);
  transmit(a.connection, std::move(message));
}

void session::execute(const fsm::send_keepalive& a) {
  log::log_sending_keepalive(log(), context(), context(a.connection));
  std::vector<std::uint8_t> message;
  wire::encode_keepalive(message);
  transmit(a.connection, std::move(message));
}

void session::execute(const fsm::send_notification& a) {
  if (log().enabled(log::level::warn))
    log().write(log::session_record(log::level::warn,
                                    "sending notification: "
                                        + protocol::to_string(a.notification),
                                    context(), context(a.connection)));
  std::vector<std::uint8_t> message;
  wire::encode_notification(a.notification, message, a.max_size);
  transmit(a.connection, std::move(message));
}

// -- timers -------------------------------------------------------------------

void session::publish_connection(const peer_connection& c,
                                 std::string_view kind,
                                 const std::string& reason) {
  if (!c.actor_id.empty())
    self_.environment->registry->events().add(
        actor_event{c.actor_id, kind, 0, reason, {}});
}

void session::execute(const fsm::arm_timer& a) {
  const timer_key key{a.which, a.connection.value_or(connection_id{})};
  if (const auto wanted = timers_.arm(key, now(), a.duration))
    this->delayed_send(
        handle_to_self(), wanted->delay,
        session_timer{key.first, key.second, wanted->generation});
  if (a.which == fsm::timer::idle_hold)
    report(); // until when nothing is tried
}

void session::execute(const fsm::disarm_timer& a) {
  timers_.disarm({a.which, a.connection.value_or(connection_id{})});
}

intake_limits session::limits() const {
  constexpr unsigned mebibyte_log = 20;
  intake_limits limits;
  limits.memory = std::uint64_t{self_.neighbor.max_memory} << mebibyte_log;
  limits.malformed_nlri = self_.neighbor.malformed_nlri;
  for (const auto& [family, own] : self_.neighbor.families)
    if (own.max_prefixes)
      limits.prefixes[family] = *own.max_prefixes;
  return limits;
}

// -- the session --------------------------------------------------------------

void session::execute(const fsm::set_up_session& a) {
  auto& c = connections_.at(a.connection);
  c.incarnation = ++incarnation_;
  agreed_ = a.agreed;
  disabled_families_.clear();
  this->send(self_.router,
             register_session{self_.neighbor.name, incarnation_, a.connection,
                              a.agreed, c.local, c.remote, c.actor,
                              handle_to_self()});
}

void session::execute(const fsm::accept_updates& a) {
  const auto& c = connections_.at(a.connection);
  TROUPE_CHECK(registered_ && registered_->connection_id == a.connection,
               "updates are accepted before the session is registered");
  for (const auto& status : fsm_.connections())
    if (status.who.connection == a.connection && status.agreed)
      this->send(c.actor, begin_updates{*status.agreed, registered_->import,
                                        registered_->shards, registered_->gauge,
                                        limits()});
}

void session::execute(const fsm::established& a) {
  check_send_hold_later(a.connection);
  ++self_.counters->established;
  last_end_.clear();
  last_attempt_.clear();
  report();
}

void session::execute(const fsm::session_down& a) {
  last_end_ = text_of(a.why);
  if (!own_failure_.empty()) // a mistake of ours, which the peer knows not of
    last_end_ += ": " + own_failure_;
  last_attempt_.clear();
  ++flaps_;
  registered_.reset();
  const bool helps =
      self_.neighbor.graceful_restart.mode != config::restart_mode::off;
  auto kept =
      agreed_ ? fsm::retained(*agreed_, helps, a.why) : fsm::retention{};
  agreed_.reset();
  disabled_families_.clear();
  this->send(self_.router, unregister_session{self_.neighbor.name, incarnation_,
                                              std::move(kept)});
}

// -- for the record -----------------------------------------------------------

void session::execute(const fsm::connection_ends& a) {
  const auto text = text_of(a.why);
  cause_ = own_failure_.empty() ? text : text + ": " + own_failure_;
  if (cause_ != last_end_) // else it was that of the session
    last_attempt_ = cause_;
  if (!log().enabled(log::level::warn))
    return;
  if (a.next == fsm::state::idle)
    log::log_connection_lost(log(), context(), context(a.connection), a.cause);
  log().write(log::session_record(log::level::warn, "connection ends: " + text,
                                  context(), context(a.connection)));
}

void session::execute(const fsm::transition& a) {
  // Still with the old state, as the seed has it.
  logged_state_ = a.from;
  log::log_fsm_transition(log(), context(), log_name(a.from), log_name(a.to));
  logged_state_ = a.to;
  since_ = now();
  set_state(api_name(fsm_.current()));
  report();
}

void session::execute(const fsm::unexpected_event& a) {
  if (a.why == fsm::ignored_because::state)
    return log::log_unexpected_admin_event(log(), context(), a.title);
  if (log().enabled(log::level::debug))
    log().write(log::session_record(
        log::level::debug, "ignoring late " + std::string{a.title}, context(),
        {{"event", std::string{a.title}}}));
}

/// What a peer said when it closed must not be lost among the attempts to reach
/// it again.
std::string session::last_error() const {
  if (last_end_.empty() || last_attempt_.empty())
    return last_end_ + last_attempt_;
  return last_end_ + "; since then: " + last_attempt_;
}

void session::report() {
  session_report r;
  r.name = self_.neighbor.name;
  r.state = api_name(fsm_.current());
  r.last_error = last_error();
  r.since = since_;
  r.flaps = flaps_;
  r.counters = self_.counters;
  r.learned = learned_;
  for (const auto& status : fsm_.connections()) {
    const auto found = connections_.find(status.who.connection);
    if (found == connections_.end())
      continue;
    r.local = found->second.local;
    r.remote = found->second.remote;
    r.negotiated = status.agreed;
  }
  r.disabled_families = disabled_families_;
  r.pause = pause();
  this->send(self_.router, std::move(r));
}

/// Its idle hold time, when it runs.
std::optional<session_pause> session::pause() {
  const timer_key key{fsm::timer::idle_hold, connection_id{}};
  if (!timers_.armed(key))
    return std::nullopt;
  return session_pause{last_error(), now() + timers_.remaining(key, now())};
}

// -- for the log --------------------------------------------------------------

log::session_context session::context() {
  log::session_context c;
  c.fsm_state = log_name(logged_state_);
  c.neighbor = peer_text_;
  c.neighbor_name = self_.neighbor.name;
  for (const auto& t : fsm_.timers()) {
    if (!is_session_timer(t.which))
      continue;
    const timer_key key{t.which, connection_id{}};
    const auto left =
        t.armed ? timers_.remaining(key, now())
                : std::chrono::duration_cast<caf::actor_clock::duration_type>(
                    t.interval);
    const log::timer_view view{t.interval, t.armed, left};
    if (t.which == fsm::timer::connect_retry)
      c.clock.connect_retry = view;
    else if (t.which == fsm::timer::idle_hold)
      c.clock.idle_hold = view;
  }
  return c;
}

log::connection_context session::context(connection_id id) {
  log::connection_context c;
  c.id = static_cast<std::uint32_t>(id);
  if (const auto found = connections_.find(id); found != connections_.end()) {
    c.local = found->second.local_text;
    c.peer = found->second.remote_text;
    c.direction = to_string(found->second.way);
    c.socket = static_cast<std::uint64_t>(found->second.socket);
  }
  for (const auto& t : fsm_.timers()) {
    if (t.connection != id)
      continue;
    const auto left =
        t.armed ? timers_.remaining({t.which, id}, now())
                : std::chrono::duration_cast<caf::actor_clock::duration_type>(
                    t.interval);
    const log::timer_view view{t.interval, t.armed, left};
    if (t.which == fsm::timer::hold)
      c.clock.hold = view;
    else if (t.which == fsm::timer::keepalive)
      c.clock.keepalive = view;
    else if (t.which == fsm::timer::delay_open)
      c.clock.delay_open = view;
  }
  return c;
}

void session::log_event(const fsm::event& event) {
  logged_state_ = fsm_.current();
  const auto id = fsm::connection_of(event);
  if (log().enabled(log::level::debug)) {
    const auto name = title(event);
    if (id && connections_.contains(*id) && connections_.at(*id).actor)
      log::log_fsm_event(log(), context(), context(*id), name);
    else if (name != "automatic start")
      log::log_fsm_event(log(), context(), name);
  }
  if (!id || fsm_.current() != fsm::state::established)
    return;
  const auto* of_connection = std::get_if<fsm::connection_event>(&event);
  if (of_connection == nullptr)
    return;
  if (std::holds_alternative<fsm::keepalive_received>(*of_connection))
    log::log_keepalive_received(log(), context(), context(*id));
  if (std::holds_alternative<fsm::update_received>(*of_connection)
      && !update_contents_.empty())
    log::log_update_received(log(), context(), context(*id), update_contents_);
}

} // namespace troupe::actors
