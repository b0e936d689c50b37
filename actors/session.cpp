#include "actors/session.hpp"

#include "config/derive.hpp"
#include "config/print.hpp"
#include "protocol/overloaded.hpp"
#include "protocol/wire/route_refresh.hpp"
#include "rib/key.hpp"

namespace troupe::actors {

namespace fsm = protocol::fsm;
namespace wire = protocol::wire;
using namespace std::chrono_literals;

namespace {

/// An unnumbered neighbour has some IPv6 address.
protocol::ip_address peer_of(const config::neighbor& n) {
  return n.address.value_or(*protocol::ip_address::parse("::"));
}

/// As people name it: with its link, or by the link alone.
std::string text_of_peer(const config::neighbor& n) {
  if (!n.address)
    return n.interface;
  const bool on_a_link = n.address->is_v6() && n.address->is_link_local();
  return to_string(*n.address) + (on_a_link ? '%' + n.interface : "");
}

/// How often within the send hold time we look for progress.
constexpr unsigned send_hold_checks = 4;

std::uint64_t seed_of(const session_arguments& a) {
  return rib::mix(a.environment->seed
                  ^ std::hash<std::string>{}(a.neighbor.name));
}

} // namespace

session::session(caf::actor_config& config, session_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)),
      peer_address_(peer_of(self_.neighbor)),
      peer_text_(text_of_peer(self_.neighbor)),
      fsm_(fsm_settings(), seed_of(self_)),
      random_state_(rib::mix(seed_of(self_))),
      history_(self_.environment->registry->history_of(self_.cell->id())) {}

session::behavior_type session::make_behavior() {
  set_down_handler([this](caf::down_msg& down) { handle_down(down); });
  set_exit_handler([this](caf::exit_msg& exit) {
    stop({});
    quit(exit.reason);
  });
  start();
  return {
      [this](const incoming_connection& m) { handle(m); },
      [this](const attempt_event& m) { handle(m); },
      [this](const connection_event& m) { handle(m); },
      [this](const session_timer& m) { handle(m); },
      [this](const send_hold_check& m) { handle(m); },
      [this](const session_registered& m) { handle(m); },
      [this](const session_command& m) { handle(m); },
      [this](const session_changed& m) { handle(m); },
      [this](const link_look&) { look_at_link(); },
      [this](const link_event& m) {
        if (link_)
          follow(link_->hear(m.what, milliseconds_now()));
      },
      [this](const import_changed& m) {
        for (const auto& [id, c] : connections_)
          if (c.actor && c.incarnation != 0)
            this->send(c.actor, m);
        request_refresh();
      },
      [this](const shard_replaced& m) {
        if (registered_ && m.shard < registered_->shards.size())
          registered_->shards[m.shard] = m.handle;
        for (const auto& [id, c] : connections_)
          if (c.actor)
            this->send(c.actor, m);
      },
  };
}

void session::on_exit() {
  for (const auto& [id, c] : connections_) {
    if (!c.actor_id.empty())
      self_.environment->registry->remove(c.actor_id);
    else
      sockets().close(c.socket); // nobody has adopted it
  }
  if (attempt_socket_)
    sockets().abort(*attempt_socket_);
  connections_.clear();
  link_.reset();
  registered_.reset();
  agreed_.reset();
  history_.reset();
  self_ = {}; // delayed messages hold this object for minutes
}

session_actor session::handle_to_self() {
  return caf::actor_cast<session_actor>(this);
}

void session::start() {
  since_ = now();
  set_state(api_name(fsm_.current()));
  log::log_session_started(log(), context(), [&] {
    return config::print(self_.neighbor, {.mask_secrets = true});
  });
  report();
  if (self_.neighbor.is_unnumbered())
    return watch_link();
  if (!self_.enabled)
    return;
  run(fsm::automatic_start{});
  // The seed starts by hand what has started by itself; operators' tools look
  // for the record that says so.
  run(fsm::manual_start{});
}

/// The heart: one event in, its actions carried out in order.
void session::run(const fsm::event& event) {
  log_event(event);
  const auto before = fsm_.current();
  cause_.clear();
  for (const auto& action : fsm_.handle(event))
    execute(action);
  remember(event, before);
  own_failure_.clear();
}

/// For who looks at the session later, or watches it now.
void session::remember(const fsm::event& event, fsm::state before) {
  const auto id = fsm::connection_of(event);
  const auto after = fsm_.current();
  history_->add(
      {std::chrono::system_clock::now(), title(event).data(), before, after,
       id ? std::optional{static_cast<std::uint32_t>(*id)} : std::nullopt,
       cause_});
  if (before != after)
    self_.environment->registry->events().add(session_change{
        cell().id(), self_.router_configuration->name, self_.neighbor.name,
        api_name(before), api_name(after), cause_});
}

fsm::settings session::fsm_settings() const {
  return config::fsm_settings(*self_.router_configuration, self_.neighbor,
                              peer_address_, self_.restarted);
}

void session::handle(const incoming_connection& m) {
  // A dispatcher that begins anew is told of it again before it is adopted.
  for (const auto& [id, c] : connections_)
    if (c.socket == m.socket)
      return;
  if (!is_expected(m))
    return decline(m);
  peer_connection c;
  c.socket = m.socket;
  c.local = m.local;
  c.remote = m.remote;
  c.way = fsm::direction::inbound;
  sockets().configure(m.socket, socket_options());
  run(fsm::tcp_connection_acked{add_connection(std::move(c))});
}

void session::handle(const attempt_event& m) {
  const bool current = m.attempt == attempt_ && attempt_socket_;
  if (const auto* up = std::get_if<transport::connected>(&m.what)) {
    if (!current)
      return sockets().abort(up->socket);
    attempt_socket_.reset();
    peer_connection c;
    c.socket = up->socket;
    c.local = up->local;
    c.remote = up->remote;
    c.way = fsm::direction::outbound;
    const auto id = add_connection(std::move(c));
    log::log_connection_established(log(), context(id));
    return run(fsm::tcp_connection_confirmed{id});
  }
  if (const auto* down = std::get_if<transport::connect_failed>(&m.what)) {
    if (!current)
      return;
    attempt_socket_.reset();
    const auto text = log::os_error_text(down->error);
    log::log_connecting_failed(
        log(), to_string(on_link(peer_address_, self_.neighbor.port)), text);
    last_attempt_ = text;
    report();
    run(fsm::connect_attempt_failed{});
  }
}

session::connection_id session::add_connection(peer_connection c) {
  // Unlike the connections of other sessions in the log: 32 random bits.
  connection_id id{};
  do {
    random_state_ = rib::mix(random_state_ + 0x9e3779b97f4a7c15U);
    id = connection_id{random_state_ >> 32};
  } while (connections_.contains(id));
  c.local_text = to_string(c.local);
  c.remote_text = to_string(c.remote);
  connections_.emplace(id, std::move(c));
  return id;
}

void session::handle(const connection_event& m) {
  const auto found = connections_.find(m.connection);
  if (found == connections_.end())
    return;
  if (m.refresh && registered_ && found->second.incarnation == incarnation_)
    this->send(self_.router, refresh_request{self_.neighbor.name, *m.refresh});
  if (m.end_of_rib && registered_ && found->second.incarnation == incarnation_)
    this->send(self_.router,
               end_of_rib_seen{self_.neighbor.name, *m.end_of_rib});
  if (m.disabled && registered_ && found->second.incarnation == incarnation_) {
    disabled_families_.insert(*m.disabled);
    report();
  }
  update_contents_ = m.contents;
  run(m.what);
  update_contents_.clear();
  // The next message, unless UPDATEs are held back until the session is up.
  const auto again = connections_.find(m.connection);
  if (again != connections_.end() && again->second.actor
      && fsm_.current() != fsm::state::session_setup)
    this->send(again->second.actor,
               connection_command{connection_command::kind::proceed, {}});
}

std::optional<fsm::event> session::timer_event(const timer_key& key) {
  switch (key.first) {
  case fsm::timer::connect_retry:
    return fsm::connect_retry_expired{};
  case fsm::timer::idle_hold:
    return fsm::idle_hold_expired{};
  case fsm::timer::stable:
    return fsm::stable_expired{};
  case fsm::timer::keepalive:
    return fsm::keepalive_expired{key.second};
  case fsm::timer::delay_open:
    return fsm::delay_open_expired{key.second};
  case fsm::timer::hold: {
    // Our own slowness never kills a healthy peer (DESIGN §2): what it sent may
    // wait in its socket, or behind our own pause.
    const auto found = connections_.find(key.second);
    if (found != connections_.end()
        && sockets().input_pending(found->second.socket)) {
      execute(fsm::arm_timer{fsm::timer::hold, key.second, 1s});
      return std::nullopt;
    }
    return fsm::hold_expired{key.second};
  }
  }
  return std::nullopt;
}

void session::handle(const session_timer& m) {
  const timer_key key{m.which, m.connection};
  const auto outcome = timers_.due(key, m.generation, now());
  if (outcome.again)
    this->delayed_send(
        handle_to_self(), outcome.again->delay,
        session_timer{m.which, m.connection, outcome.again->generation});
  if (!outcome.expired)
    return;
  if (auto event = timer_event(key))
    run(*std::move(event));
}

/// RFC 9687 §4.3: without a hold time there is none for sending either.
std::chrono::milliseconds session::send_hold() const {
  const bool off = !agreed_ || agreed_->hold_time.count() == 0;
  return off ? 0ms : self_.neighbor.timers.send_hold;
}

void session::check_send_hold_later(connection_id id) {
  // One that is off may be switched on while the session is up.
  const auto time = send_hold().count() != 0 ? send_hold() : 60s;
  this->delayed_send(handle_to_self(), time / send_hold_checks,
                     send_hold_check{id});
}

/// SendHoldTimer (RFC 9687 §4.3) without a timer for each message: something
/// waits to be written, and nothing was for the whole time.
void session::handle(const send_hold_check& m) {
  const auto found = connections_.find(m.connection);
  if (found == connections_.end())
    return;
  auto& c = found->second;
  const auto written = sockets().output_written(c.socket);
  const bool stalled =
      sockets().output_pending(c.socket) != 0 && written == c.written;
  c.written = written;
  c.stalled_checks =
      stalled && send_hold().count() != 0 ? c.stalled_checks + 1 : 0;
  if (c.stalled_checks >= send_hold_checks)
    return run(fsm::send_hold_expired{m.connection});
  check_send_hold_later(m.connection);
}

void session::handle(const session_registered& m) {
  const auto found = connections_.find(m.connection_id);
  if (m.incarnation != incarnation_ || found == connections_.end())
    return;
  if (!m.error.empty()) {
    last_attempt_ = m.error;
    return run(fsm::session_set_up_failed{m.connection_id});
  }
  registered_ = m;
  run(fsm::session_set_up{m.connection_id});
}

void session::handle(const session_command& m) {
  switch (m.what) {
  case session_command::kind::enable:
    self_.enabled = true;
    if (link_ && !learned_)
      return; // it starts when there is somebody to talk to
    return run(fsm::manual_start{});
  case session_command::kind::disable:
    self_.enabled = false;
    return run(
        fsm::manual_stop{static_cast<std::uint8_t>(m.subcode), m.text, true});
  case session_command::kind::reset:
    return run(fsm::reset{static_cast<std::uint8_t>(
                              protocol::cease_subcode::administrative_reset),
                          m.text});
  case session_command::kind::refresh:
    return request_refresh();
  case session_command::kind::stop_silently:
    silent_ = true;
    return;
  case session_command::kind::drop:
    return drop(m.text);
  case session_command::kind::restart_over:
    self_.restarted = false;
    return fsm_.reconfigure(fsm_settings());
  case session_command::kind::stop:
    stop(m);
    return quit();
  }
}

void session::request_refresh() {
  for (const auto& status : fsm_.connections()) {
    if (!status.agreed || !status.agreed->route_refresh
        || status.who.reached != fsm::phase::established)
      continue;
    for (const auto& family : status.agreed->families) {
      std::vector<std::uint8_t> message;
      wire::encode_route_refresh({family.address_family, {}, {}}, message);
      transmit(status.who.connection, std::move(message));
    }
  }
}

void session::handle(const session_changed& m) {
  self_.neighbor = m.neighbor;
  fsm_.reconfigure(fsm_settings());
  for (const auto& [id, c] : connections_)
    if (c.actor && c.incarnation != 0)
      this->send(c.actor, limits());
  if (m.reset)
    run(fsm::reset{static_cast<std::uint8_t>(
                       protocol::cease_subcode::other_configuration_change),
                   {}});
  report();
}

void session::handle_down(const caf::down_msg& down) {
  for (const auto& [id, c] : connections_)
    if (c.actor && c.actor.address() == down.source) {
      own_failure_ = reason_text(down.reason);
      return run(fsm::tcp_connection_failed{id});
    }
}

/// An operator ends a connection's actor: as when it fails.
void session::drop(const std::string& actor_id) {
  for (const auto& [id, c] : connections_)
    if (c.actor_id == actor_id) {
      own_failure_ = "asked for by an operator";
      return run(fsm::tcp_connection_failed{id});
    }
}

/// The orderly end: Cease, or a silent close where graceful restart is to go
/// on (RFC 4724 §4), then all timers off.
void session::stop(const session_command& m) {
  log::log_session_shutdown_requested(log(), context());
  run(fsm::manual_stop{static_cast<std::uint8_t>(m.subcode), m.text, !silent_});
  log::log_session_shutdown_caught(log(), context());
  log::log_session_shutdown_start(log(), context());
  if (connector_used_) {
    log::log_joining_connector(log(), context());
    log::log_connector_completed(log(), context(), "shutdown");
  }
  timers_.clear();
  log::log_session_shutdown_complete(log(), context());
}

} // namespace troupe::actors
