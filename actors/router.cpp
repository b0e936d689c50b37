#include "actors/router.hpp"

#include "actors/log/records.hpp"
#include "actors/rib.hpp"
#include "actors/session.hpp"
#include "actors/supervision.hpp"
#include "config/derive.hpp"

#include <algorithm>
#include <thread>

namespace troupe::actors {

namespace {

constexpr std::string_view shard_prefix = "shard.";
constexpr std::string_view group_prefix = "exporter.";
constexpr std::string_view session_prefix = "session.";
constexpr std::string_view rib_name = "rib";

/// Children that end together.
constexpr int sessions_stop_group = 1;

supervisor_options
options_of(const router_arguments& a,
           std::function<void(const child_event&)> on_event) {
  auto o = supervisor_options_of(a.supervision, a.environment->seed);
  o.on_event = std::move(on_event);
  return o;
}

rib::neighbor_facts local_facts(const config::router& r) {
  rib::neighbor_facts facts;
  facts.index = rib::local_routes;
  facts.name = "local";
  facts.identifier = r.router_id;
  facts.as = r.asn;
  facts.kind = protocol::peer_kind::internal;
  facts.source = rib::source_kind::local;
  return facts;
}

} // namespace

router::router(caf::actor_config& config, router_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)),
      configuration_(std::make_shared<const config::router>(self_.router)),
      sup_(this,
           options_of(self_, [this](const child_event& e) { on_child(e); })) {}

router_actor router::handle_to_self() {
  return caf::actor_cast<router_actor>(this);
}

router::behavior_type router::make_behavior() {
  set_down_handler([this](caf::down_msg& down) { sup_.handle_down(down); });
  set_exit_handler([this](caf::exit_msg&) { stop({}); });
  start_table();
  return {
      [this](const incoming_connection& m) { handle(m); },
      [this](const register_session& m) { handle(m); },
      [this](const unregister_session& m) { handle(m); },
      [this](const refresh_request& m) { handle(m); },
      [this](const refresh_taken& m) {
        if (const auto found = groups_.find(m.group); found != groups_.end())
          std::erase_if(found->second.refreshes, [&](const auto& each) {
            return each.number == m.number;
          });
      },
      [this](const end_of_rib_seen& m) { handle(m); },
      [this](const retention_timer& m) { handle(m); },
      [this](const session_report& m) { handle(m); },
      [this](const router_changed& m) { handle(m); },
      [this](const source_purged& m) { handle(m); },
      [this](const shard_emptied& m) { refill(m); },
      [this](const member_handed_over& m) { handle(m); },
      [this](const member_taken_over& m) { handle(m); },
      [this](const stop_router& m) { stop(m); },
      [this](const router_step&) {},
      [this](const supervisor_timer& m) { sup_.handle_timer(m); },
      [this](const restart_actor& m) { return restart(m); },
      [this](const neighbors_query&) { return neighbors(); },
      [this](const neighbor_command& m) { return command(m); },
      [this](const routes_query& m) -> caf::result<routes_page> {
        if (!m.neighbor.empty() && !neighbors_.contains(m.neighbor)) {
          routes_page page;
          page.error = "there is no neighbor " + m.neighbor;
          page.not_found = true;
          return page;
        }
        return this->delegate(rib_, m);
      },
      [this](const rib_query& m) { return this->delegate(rib_, m); },
  };
}

void router::on_exit() {
  // Delayed messages hold this object for minutes: what it owns goes now.
  neighbors_.clear();
  groups_.clear();
  shards_.clear();
  tables_.clear();
  rib_ = nullptr;
}

unsigned router::shard_count() const {
  if (configuration_->shards != 0)
    return configuration_->shards;
  // On two cores a second shard gains nothing and splits UPDATEs.
  return std::max(1U, std::min(8U, std::thread::hardware_concurrency() / 2));
}

void router::start_table() {
  const auto count = shard_count();
  shards_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    auto limits = self_.shard_limits;
    limits.hash_seed = rib::mix(self_.environment->seed + i);
    tables_.push_back(std::make_shared<shard_state>(
        self_.environment->pool, limits,
        config::decision_options(*configuration_)));
    tables_.back()->table.neighbor_up(local_facts(*configuration_));
    start_shard(i);
  }
  auto& registry = *self_.environment->registry;
  const auto rib_cell = registry.add(cell().id(), actor_kind::rib, "");
  sup_.add({.id = std::string{rib_name},
            .start = starter([this, rib_cell] {
              return this->spawn<rib_facade>(rib_arguments{
                  self_.environment, rib_cell, configuration_->name});
            }),
            .cell = rib_cell});
  this->send(rib_, originate_routes{configuration_->originate});
  begin_deferral();
  forget_former_children();
  for (const auto& n : configuration_->neighbors) {
    neighbor_entry entry;
    entry.configuration = n;
    entry.enabled = n.enabled && !self_.disabled.contains(n.name);
    start_neighbor(std::move(entry));
  }
  set_state("running");
}

/// A router before this one may have had children of other names: exporters are
/// numbered, and sessions of a range come and go.
void router::forget_former_children() {
  auto& registry = *self_.environment->registry;
  for (const auto& each : registry.snapshot()) {
    const bool is_session = each.kind == actor_kind::session;
    if (each.parent != cell().id()
        || (!is_session && each.kind != actor_kind::exporter))
      continue;
    if (!is_session
        || config::find_neighbor(*configuration_, each.name) == nullptr)
      registry.remove(each.id);
  }
}

void router::start_shard(std::uint32_t index) {
  const auto cell_of = self_.environment->registry->add(
      cell().id(), actor_kind::rib_shard, std::to_string(index));
  sup_.add({.id = std::string{shard_prefix} + std::to_string(index),
            .start = starter([this, index, cell_of] {
              return this->spawn<rib_shard>(shard_arguments{
                  self_.environment, cell_of, index, tables_[index],
                  handle_to_self(), configuration_->name});
            }),
            .cell = cell_of});
}

void router::start_neighbor(neighbor_entry entry) {
  const auto name = entry.configuration.name;
  entry.counters = std::make_shared<neighbor_counters>();
  entry.report.name = name;
  entry.report.state = "Idle";
  entry.report.counters = entry.counters;
  entry.report.since = this->clock().now();
  const bool is_range = entry.configuration.is_dynamic();
  if (!is_range)
    by_peer_[key_of(entry.configuration)] = name;
  neighbors_.insert_or_assign(name, std::move(entry));
  if (is_range)
    return; // its peers get sessions of their own when they connect
  add_session(name);
}

/// Does nothing while an older session of this name is still ending: it is
/// added again when that one is gone.
void router::add_session(const std::string& name) {
  const bool temporary = !neighbors_.at(name).range.empty();
  const auto cell_of =
      self_.environment->registry->add(cell().id(), actor_kind::session, name);
  sup_.add({.id = std::string{session_prefix} + name,
            .start = starter([this, name, cell_of] {
              const auto& e = neighbors_.at(name);
              log::log_spawning_session(log(), name);
              return this->spawn<session>(session_arguments{
                  self_.environment, cell_of, handle_to_self(), configuration_,
                  e.configuration, e.counters, e.enabled,
                  awaited_.has_value()});
            }),
            .restart =
                temporary ? restart_policy::never : restart_policy::on_failure,
            .limit = at_limit::persist,
            .stop_timeout = std::chrono::milliseconds{2000},
            .stop_group = sessions_stop_group,
            .cell = cell_of});
}

void router::start_group(group_id id) {
  const auto cell_of = self_.environment->registry->add(
      cell().id(), actor_kind::exporter, std::to_string(id));
  auto first = std::make_shared<bool>(true);
  sup_.add({.id = std::string{group_prefix} + std::to_string(id),
            .start = starter([this, id, cell_of, first] {
              const auto& group = groups_.at(id);
              exporter_arguments a{self_.environment,
                                   cell_of,
                                   handle_to_self(),
                                   id,
                                   group.state,
                                   shards_,
                                   {},
                                   {},
                                   !std::exchange(*first, false)};
              for (const auto& [index, member] : group.members)
                a.members.push_back(member);
              a.handed_over = group.handed_over;
              return this->spawn<exporter>(std::move(a));
            }),
            .cell = cell_of});
}

/// A child has a new incarnation, or ended: its handle is published again, and
/// what the table knows through it is brought in order.
void router::on_child(const child_event& event) {
  publish(self_.environment->registry->events(), event);
  const std::string_view id = event.id;
  const bool started = event.kind == child_event::kind_type::started;
  const auto number = [&](std::string_view prefix) {
    return static_cast<std::uint32_t>(
        std::stoul(std::string{id.substr(prefix.size())}));
  };
  if (event.kind == child_event::kind_type::ended && !stopping_
      && !event.reason.empty() && event.reason != "normal")
    log().write(log::router_record(
        log::level::warn, "actor " + event.id + " ended: " + event.reason));
  if (id == rib_name) {
    if (!started)
      return;
    rib_ = caf::actor_cast<rib_actor>(event.handle);
    tell_rib();
    if (event.incarnation > 1)
      this->send(rib_, originate_routes{configuration_->originate});
  } else if (id.starts_with(shard_prefix)) {
    if (started)
      shard_started(number(shard_prefix), event);
  } else if (id.starts_with(group_prefix)) {
    const auto found = groups_.find(number(group_prefix));
    if (started && found != groups_.end()) {
      found->second.handle = caf::actor_cast<exporter_actor>(event.handle);
      exporter_started(found->first, event);
      tell_rib();
    }
  } else if (id.starts_with(session_prefix)) {
    const auto found =
        neighbors_.find(std::string{id.substr(session_prefix.size())});
    if (found == neighbors_.end())
      return;
    session_changed_life(found->first, found->second, event);
  }
}

void router::session_changed_life(const std::string& name,
                                  neighbor_entry& entry,
                                  const child_event& event) {
  switch (event.kind) {
  case child_event::kind_type::removed:
    return add_session(name);
  case child_event::kind_type::started:
    entry.handle = caf::actor_cast<session_actor>(event.handle);
    entry.pause.reset();
    return;
  case child_event::kind_type::restart_scheduled:
    entry.pause =
        session_pause{event.reason, this->clock().now() + event.delay};
    return;
  case child_event::kind_type::ended:
    session_ended(entry, event.reason);
    entry.handle = nullptr;
    entry.report.state = "Idle";
    entry.report.last_error = event.reason;
    if (!entry.range.empty() && !stopping_)
      remove_neighbor(name);
    return;
  case child_event::kind_type::gave_up:
  case child_event::kind_type::escalated:
    return;
  }
}

/// A session that failed leaves its routes to the next one; one that ended in
/// order has said what becomes of them.
void router::session_ended(neighbor_entry& entry, const std::string& reason) {
  if (!entry.registered)
    return;
  const bool failed = !reason.empty() && reason != "normal";
  if (failed && !stopping_ && entry.range.empty())
    retain_after_crash(entry);
  else
    unregister(entry);
  tell_rib();
}

/// Everything that the table needs to be told about sources and receivers may
/// have been in the mailbox that was lost: it is told again.
void router::shard_started(std::uint32_t index, const child_event& event) {
  shards_.at(index) = caf::actor_cast<shard_actor>(event.handle);
  if (event.incarnation == 1)
    return;
  const auto& shard = shards_.at(index);
  this->send(shard,
             decision_changed{config::decision_options(*configuration_)});
  // A table that began again knows not even us.
  this->send(shard, source_up{local_facts(*configuration_), 0, nullptr});
  for (const auto& [gone, left] : purging_)
    if (left.contains(index))
      this->send(shard, source_down{gone});
  for (const auto& [name, entry] : neighbors_) {
    tell_sources_again(entry, shard);
    if (entry.handle)
      this->send(entry.handle, shard_replaced{index, shard});
  }
  for (const auto& [id, group] : groups_)
    this->send(group.handle, shard_replaced{index, shard});
  tell_rib();
}

void router::stop(const stop_router& m) {
  if (std::exchange(stopping_, true))
    return;
  set_state("stopping");
  log::log_router_shutdown(log(), configuration_->asn,
                           to_string(configuration_->router_id));
  if (m.silently)
    for (const auto& [name, entry] : neighbors_)
      if (entry.handle)
        this->send<caf::message_priority::high>(
            entry.handle,
            session_command{session_command::kind::stop_silently, {}, {}});
  sup_.stop([this] { quit(caf::exit_reason::user_shutdown); });
}

} // namespace troupe::actors
