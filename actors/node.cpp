#include "actors/node.hpp"

#include "actors/admin.hpp"
#include "actors/dispatcher.hpp"
#include "actors/log/records.hpp"
#include "actors/neighbor_key.hpp"
#include "actors/router.hpp"
#include "actors/supervision.hpp"

#include <algorithm>

namespace troupe::actors {

namespace {

constexpr std::string_view dispatcher_prefix = "dispatcher.";
constexpr std::string_view router_prefix = "router.";
constexpr std::string_view keeper_name = "config_keeper";
constexpr std::string_view admin_name = "admin";

/// Children that end together, behind the ones that were added after them.
constexpr int dispatchers_stop_group = 1;
constexpr int routers_stop_group = 2;

supervisor_options
options_of(const node_arguments& a,
           std::function<void(const child_event&)> on_event) {
  auto o = supervisor_options_of(a.configuration->supervision,
                                 a.environment->seed + 1);
  o.on_event = std::move(on_event);
  return o;
}

/// Where connections of a neighbour come from. An unnumbered one has a
/// link-local address, whichever.
protocol::prefix remote_of(const config::neighbor& n) {
  if (n.range)
    return *n.range;
  if (n.address)
    return {*n.address, n.address->is_v4() ? 32U : 128U};
  return {*protocol::ip_address::parse("fe80::"), 10};
}

const config::router* find(const config::configuration& c,
                           const std::string& name) {
  return config::find_router(c, name);
}

} // namespace

node::node(caf::actor_config& config, node_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)),
      configuration_(self_.configuration),
      sup_(this,
           options_of(self_, [this](const child_event& e) { on_child(e); })) {}

node_actor node::handle_to_self() {
  return caf::actor_cast<node_actor>(this);
}

node::behavior_type node::make_behavior() {
  set_down_handler([this](caf::down_msg& down) { sup_.handle_down(down); });
  set_exit_handler([this](caf::exit_msg&) { stop({}); });
  start();
  return {
      [this](const apply_configuration& m) { apply(m); },
      [this](const stop_node& m) { stop(m); },
      [this](const reload_configuration& m) { caf::anon_send(keeper_, m); },
      [this](const node_step&) { start_waiting_routers(); },
      [this](const supervisor_timer& m) { sup_.handle_timer(m); },
      [this](const listener_report& m) {
        const auto found = listeners_.find(m.address);
        if (found == listeners_.end())
          return;
        found->second.report = m;
        found->second.reported = true;
        tell_directory(m.address);
        start_waiting_routers();
      },
      [this](const health_query&) { return health(); },
      [this](const restart_actor& m) { return restart(m); },
      [this](const neighbors_query& m) { return neighbors(m); },
      [this](const neighbor_command& m) { return command(m); },
      [this](const routes_query& m) { return routes(m); },
      [this](const rib_query& m) { return totals(m); },
  };
}

void node::on_exit() {
  keeper_ = nullptr;
  for (auto& [address, entry] : listeners_)
    entry.handle = nullptr;
  for (auto& [name, entry] : routers_)
    entry.handle = nullptr;
}

// -- children -----------------------------------------------------------------

void node::start() {
  apply_log(*configuration_);
  start_keeper();
  start_admin();
  for (const auto& r : configuration_->routers)
    routers_[r.name];
  update_listeners();
  set_state("starting");
  // A daemon without listeners has nothing to wait for.
  start_waiting_routers();
}

void node::start_keeper() {
  const auto cell_of = self_.environment->registry->add(
      cell().id(), actor_kind::config_keeper, "");
  sup_.add({.id = std::string{keeper_name},
            .start = starter([this, cell_of] {
              return this->spawn<config_keeper>(config_keeper_arguments{
                  self_.environment, cell_of, handle_to_self(),
                  self_.configuration_path, self_.node_name, configuration_,
                  self_.persisted});
            }),
            .cell = cell_of});
}

void node::start_admin() {
  const auto cell_of =
      self_.environment->registry->add(cell().id(), actor_kind::admin, "");
  sup_.add({.id = std::string{admin_name},
            .start = starter([this, cell_of] {
              return this->spawn<admin>(cell_of, handle_to_self());
            }),
            .cell = cell_of});
}

void node::start_dispatcher(const protocol::endpoint& address) {
  const auto name = to_string(address);
  const auto cell_of = self_.environment->registry->add(
      cell().id(), actor_kind::dispatcher, name);
  sup_.add({.id = std::string{dispatcher_prefix} + name,
            .start = starter([this, address, cell_of] {
              return this->spawn<dispatcher>(
                  dispatcher_arguments{self_.environment,
                                       cell_of,
                                       handle_to_self(),
                                       address,
                                       {},
                                       listeners_.at(address).report.listener});
            }),
            .stop_group = dispatchers_stop_group,
            .cell = cell_of});
}

void node::start_router(const std::string& name) {
  const auto cell_of =
      self_.environment->registry->add(cell().id(), actor_kind::router, name);
  sup_.add({.id = std::string{router_prefix} + name,
            .start = starter([this, name, cell_of] {
              return this->spawn<router>(router_arguments{
                  self_.environment, cell_of, *find(*configuration_, name),
                  self_.persisted.disabled, self_.shard_limits,
                  self_.export_limits, self_.configuration->supervision});
            }),
            // Its sessions get 2 s to say Cease.
            .stop_timeout = std::chrono::milliseconds{2500},
            .stop_group = routers_stop_group,
            .cell = cell_of});
}

/// Listeners first: a peer that is dialled may dial back at once.
void node::start_waiting_routers() {
  if (stopping_
      || !std::all_of(listeners_.begin(), listeners_.end(),
                      [](const auto& l) { return l.second.reported; }))
    return;
  for (auto& [name, entry] : routers_)
    if (!std::exchange(entry.started, true))
      start_router(name);
  set_state("running");
}

void node::on_child(const child_event& event) {
  publish(self_.environment->registry->events(), event);
  const std::string_view id = event.id;
  const bool started = event.kind == child_event::kind_type::started;
  if (event.kind == child_event::kind_type::ended && !stopping_
      && !event.reason.empty() && event.reason != "normal")
    log().write(log::router_record(
        log::level::error, "actor " + event.id + " ended: " + event.reason));
  if (event.kind == child_event::kind_type::escalated)
    log().write(log::router_record(log::level::error,
                                   "actor " + event.id
                                       + " fails again and again, the node "
                                         "ends: "
                                       + event.reason));
  if (!started) {
    if (event.kind == child_event::kind_type::removed
        && id.starts_with(router_prefix)) {
      // A router that was replaced starts when the old one is gone.
      const auto found =
          routers_.find(std::string{id.substr(router_prefix.size())});
      if (found != routers_.end() && !stopping_)
        start_router(found->first);
    }
    return;
  }
  if (id == keeper_name) {
    keeper_ = caf::actor_cast<config_keeper_actor>(event.handle);
  } else if (id == admin_name) {
    if (self_.on_admin)
      self_.on_admin(caf::actor_cast<admin_actor>(event.handle));
  } else if (id.starts_with(dispatcher_prefix)) {
    for (auto& [address, entry] : listeners_)
      if (id.substr(dispatcher_prefix.size()) == to_string(address))
        entry.handle = caf::actor_cast<dispatcher_actor>(event.handle);
  } else if (id.starts_with(router_prefix)) {
    const auto name = std::string{id.substr(router_prefix.size())};
    routers_[name].handle = caf::actor_cast<router_actor>(event.handle);
    tell_directories();
  }
}

void node::stop(const stop_node& m) {
  if (std::exchange(stopping_, true))
    return;
  set_state("stopping");
  if (m.silently)
    for (const auto& [name, entry] : routers_)
      if (entry.handle)
        this->send<caf::message_priority::high>(entry.handle,
                                                stop_router{true});
  sup_.stop([this] { quit(caf::exit_reason::user_shutdown); });
}

// -- listeners ----------------------------------------------------------------

/// Starts and stops dispatchers so that there is one per configured address.
void node::update_listeners() {
  std::map<protocol::endpoint, std::set<std::string>> wanted;
  for (const auto& r : configuration_->routers)
    for (const auto& address : r.listen)
      wanted[address].insert(r.name);
  for (auto it = listeners_.begin(); it != listeners_.end();) {
    if (wanted.contains(it->first)) {
      ++it;
      continue;
    }
    const auto name = to_string(it->first);
    sup_.remove(std::string{dispatcher_prefix} + name);
    self_.environment->registry->remove(
        child_id(cell().id(), actor_kind::dispatcher, name));
    it = listeners_.erase(it);
  }
  for (auto& [address, names] : wanted) {
    const bool known = listeners_.contains(address);
    listeners_[address].routers = names;
    listeners_[address].report.address = address;
    if (!known)
      start_dispatcher(address);
  }
  tell_directories();
}

void node::tell_directories() {
  for (const auto& [address, entry] : listeners_)
    tell_directory(address);
}

void node::tell_directory(const protocol::endpoint& address) {
  const auto& listener = listeners_.at(address);
  if (!listener.handle)
    return;
  directory_changed directory;
  for (const auto& name : listener.routers) {
    const auto* r = find(*configuration_, name);
    if (r == nullptr)
      continue;
    for (const auto& n : r->neighbors) {
      const auto remote = remote_of(n);
      if (remote.address().is_v4() != address.address.is_v4())
        continue;
      directory.entries.push_back({n.local_address, remote, n.interface, n.name,
                                   routers_[name].handle});
      if (n.min_ttl != 0) // RFC 5082 §3: our SYN-ACK must pass its check, too
        directory.options.ttl = 255;
      if (auto key = transport_key(n, remote))
        directory.options.keys.push_back(std::move(*key));
    }
  }
  this->send(listener.handle, std::move(directory));
}

// -- configuration ------------------------------------------------------------

void node::apply_log(const config::configuration& c) {
  const auto level = log::parse_level([&] {
    switch (c.log.level) {
    case config::log_level::trace:
      return "trace";
    case config::log_level::debug:
      return "debug";
    case config::log_level::info:
      return "info";
    case config::log_level::warn:
      return "warn";
    case config::log_level::error:
      return "error";
    }
    return "info";
  }());
  log().set_level(level.value_or(log::level::info));
  log().set_format(c.log.format == config::log_format::text
                       ? log::format::text
                       : log::format::json);
}

void node::apply(const apply_configuration& m) {
  const auto before = configuration_;
  configuration_ = m.configuration;
  apply_log(*configuration_);
  for (const auto& change : config::diff(*before, *configuration_)) {
    if (const auto* gone = std::get_if<config::router_removed>(&change)) {
      routers_.erase(gone->router);
      sup_.remove(std::string{router_prefix} + gone->router);
      self_.environment->registry->remove(
          child_id(cell().id(), actor_kind::router, gone->router));
    } else if (const auto* added = std::get_if<config::router_added>(&change)) {
      routers_[added->router];
    } else if (const auto* changed =
                   std::get_if<config::router_changed>(&change);
               changed != nullptr && changed->restart) {
      // Every session says another OPEN: the whole router begins anew.
      sup_.remove(std::string{router_prefix} + changed->router);
    }
  }
  for (const auto& r : configuration_->routers)
    if (const auto found = routers_.find(r.name);
        found != routers_.end() && found->second.handle)
      this->send(found->second.handle, router_changed{r});
  update_listeners();
  start_waiting_routers();
}

} // namespace troupe::actors
