#include "actors/log/records.hpp"
#include "actors/router.hpp"
#include "config/derive.hpp"
#include "protocol/overloaded.hpp"

#include <algorithm>

namespace troupe::actors {

namespace {

/// A configuration with nothing but this router, for `diff`.
config::configuration alone(const config::router& r) {
  config::configuration c;
  c.routers = {r};
  return c;
}

} // namespace

// -- who connects -------------------------------------------------------------

router::peer_key router::key_of(const config::neighbor& n) {
  const bool on_a_link =
      !n.address || (n.address->is_v6() && n.address->is_link_local());
  return {on_a_link ? n.interface : std::string{}, n.address};
}

/// An explicit neighbour beats the unnumbered one of its link, and both beat
/// the longest range (DESIGN §3).
router::neighbor_entry* router::find_by_address(const incoming_connection& m) {
  for (const auto& key : {peer_key{m.interface, m.remote.address},
                          peer_key{m.interface, std::nullopt}})
    if (const auto found = by_peer_.find(key); found != by_peer_.end())
      return &neighbors_.at(found->second);
  return nullptr;
}

/// A peer out of a range gets a session of its own, while the range has room.
router::neighbor_entry* router::admit_dynamic(const incoming_connection& m) {
  const auto& remote = m.remote.address;
  const config::neighbor* best = nullptr;
  for (const auto& [name, entry] : neighbors_) {
    const auto& c = entry.configuration;
    if (!c.range || !entry.enabled || !c.range->contains(remote))
      continue;
    if (!m.interface.empty() && !c.interface.empty()
        && m.interface != c.interface)
      continue;
    if (best == nullptr || c.range->length() > best->range->length())
      best = &c;
  }
  if (best == nullptr)
    return nullptr;
  const auto members =
      std::count_if(neighbors_.begin(), neighbors_.end(), [&](const auto& n) {
        return n.second.range == best->name;
      });
  if (static_cast<std::uint64_t>(members) >= best->dynamic_limit)
    return nullptr;
  neighbor_entry entry;
  entry.configuration = *best;
  entry.range = best->name;
  entry.configuration.name = best->name + '@' + to_string(remote);
  entry.configuration.address = remote;
  entry.configuration.range.reset();
  entry.configuration.passive = true;
  if (!m.interface.empty()) { // its address is one of that link
    entry.configuration.name += '%' + m.interface;
    entry.configuration.interface = m.interface;
  }
  start_neighbor(std::move(entry));
  return find_by_address(m);
}

void router::handle(const incoming_connection& m) {
  auto* entry = find_by_address(m);
  if (entry == nullptr)
    entry = admit_dynamic(m);
  if (entry == nullptr)
    return drop_connection(m, "no neighbor has this address");
  if (entry->configuration.local_address
      && *entry->configuration.local_address != m.local.address)
    return drop_connection(m, "the neighbor is expected at another address");
  if (!entry->handle)
    return drop_connection(m, "the session is being restarted");
  this->send(entry->handle, m);
}

void router::drop_connection(const incoming_connection& m,
                             const std::string& why) {
  log().write(log::router_record(
      log::level::warn, "connection from " + to_string(m.remote) + " to "
                            + to_string(m.local) + " refused: " + why));
  self_.environment->sockets.close(m.socket);
}

// -- sessions that come up and go down ----------------------------------------

std::optional<rib::neighbor_index> router::take_index() {
  if (next_index_ != 0)
    return rib::neighbor_index{next_index_++};
  if (free_indexes_.empty())
    return std::nullopt;
  const auto index = free_indexes_.front();
  free_indexes_.pop_front();
  return index;
}

void router::handle(const register_session& m) {
  const auto found = neighbors_.find(m.name);
  if (found == neighbors_.end())
    return;
  auto& entry = found->second;
  if (entry.registered) // an older one, if its end was lost with its actor
    unregister(entry);
  session_registered reply;
  reply.incarnation = m.incarnation;
  reply.connection_id = m.connection_id;
  const config::session_facts facts{m.negotiated,
                                    {},
                                    m.local.address,
                                    m.remote.address,
                                    static_cast<unsigned>(shards_.size()),
                                    {}};
  reply.import =
      config::import_settings(*configuration_, entry.configuration, facts);
  const auto index = take_source(entry, reply.import.neighbor);
  if (!index) {
    reply.error = "no neighbor index is free";
    this->send(m.session, std::move(reply));
    return;
  }
  reply.import.neighbor.index = *index;
  reply.shards = shards_;
  registration r;
  r.incarnation = m.incarnation;
  r.source_incarnation = ++last_source_incarnation_;
  r.facts = reply.import.neighbor;
  reply.import.incarnation = r.source_incarnation;
  r.negotiated = m.negotiated;
  r.local = m.local;
  r.remote = m.remote;
  r.connection = m.connection;
  r.gauge = reply.gauge = std::make_shared<prefix_gauge>(shards_.size());
  entry.registered = std::move(r);
  const source_up up{entry.registered->facts,
                     entry.registered->source_incarnation,
                     entry.registered->gauge};
  for (const auto& shard : shards_)
    this->send(shard, up);
  for (const auto& [id, group] : groups_)
    this->send(group.handle, up);
  resume(entry);
  if (awaited_)
    note_return(entry);
  if (!awaited_ && entry.registered->group == 0)
    join(entry, std::nullopt);
  tell_rib();
  this->send(m.session, std::move(reply));
}

void router::handle(const unregister_session& m) {
  const auto found = neighbors_.find(m.name);
  if (found == neighbors_.end() || !found->second.registered
      || found->second.registered->incarnation != m.incarnation)
    return;
  // One of a range is forgotten with its connection.
  if (m.kept.empty() || stopping_ || !found->second.range.empty())
    unregister(found->second);
  else
    retain(found->second, m.kept, false);
  tell_rib();
}

/// A neighbour that a range let in is forgotten when its connection is gone:
/// its place in the range is free again.
void router::handle(const session_report& m) {
  const auto found = neighbors_.find(m.name);
  if (found == neighbors_.end())
    return;
  auto& entry = found->second;
  entry.report = m;
  if (entry.range.empty())
    return;
  const bool idle = m.state == "Idle" || m.state == "Active";
  if (idle && entry.connected)
    return remove_neighbor(m.name);
  entry.connected = entry.connected || !idle;
}

void router::unregister(neighbor_entry& entry) {
  drop_stale(entry);
  if (!entry.registered)
    return;
  const auto index = entry.registered->facts.index;
  leave(index, entry.registered->group);
  entry.registered.reset();
  purge(index);
}

void router::handle(const source_purged& m) {
  const auto found = purging_.find(m.neighbor);
  if (found == purging_.end())
    return;
  found->second.erase(m.shard);
  if (!found->second.empty())
    return;
  purging_.erase(found);
  free_indexes_.push_back(m.neighbor);
}

config::session_facts router::facts_of(const registration& r) const {
  const auto attached =
      self_.environment->sockets.attachment_of(r.local.address);
  return {r.negotiated,
          r.facts.index,
          r.local.address,
          r.remote.address,
          static_cast<unsigned>(shards_.size()),
          attached ? std::optional{attached->subnet} : std::nullopt,
          attached ? attached->link_local : std::nullopt,
          r.local.scope_id == 0
              ? std::nullopt
              : self_.environment->sockets.global_address(r.local.scope_id)};
}

void router::tell_rib() {
  if (!rib_)
    return;
  rib_members members;
  members.shards = shards_;
  for (const auto& [id, group] : groups_)
    members.exporters[id] = group.handle;
  for (const auto& [name, entry] : neighbors_)
    if (entry.registered) {
      members.neighbors[name] = entry.registered->facts.index;
      if (entry.registered->group != 0)
        members.groups[entry.registered->facts.index] = entry.registered->group;
    } else if (entry.stale) {
      members.neighbors[name] = entry.stale->facts.index;
    }
  this->send(rib_, std::move(members));
}

// -- configuration ------------------------------------------------------------

void router::handle(const router_changed& m) {
  const auto before = configuration_;
  configuration_ = std::make_shared<const config::router>(m.router);
  const auto options = config::decision_options(m.router);
  if (options != config::decision_options(*before))
    for (const auto& shard : shards_)
      this->send(shard, decision_changed{options});
  for (const auto& change : config::diff(alone(*before), alone(m.router)))
    std::visit(
        overloaded{
            [](const config::daemon_changed&) {},
            [](const config::router_removed&) {},
            [](const config::router_added&) {},
            [](const config::router_changed&) {}, // the node's business
            [&](const config::neighbor_removed& c) { remove_neighbor(c.name); },
            [&](const config::neighbor_added& c) {
              neighbor_entry entry;
              entry.configuration = *config::find_neighbor(m.router, c.name);
              entry.enabled = entry.configuration.enabled;
              start_neighbor(std::move(entry));
            },
            [&](const config::neighbor_changed& c) {
              change_neighbor(c, *config::find_neighbor(m.router, c.name));
            },
            [&](const config::originate_changed&) {
              this->send(rib_, originate_routes{m.router.originate});
            }},
        change);
}

// A copy: the name may be the key of what goes.
void router::remove_neighbor(const std::string& given) {
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
  const auto name = given;
  const auto found = neighbors_.find(name);
  if (found == neighbors_.end())
    return;
  std::vector<std::string> of_range;
  for (const auto& [each, entry] : neighbors_)
    if (entry.range == name)
      of_range.push_back(each);
  for (const auto& each : of_range)
    remove_neighbor(each);
  unregister(found->second);
  tell_rib();
  if (!found->second.configuration.is_dynamic())
    by_peer_.erase(key_of(found->second.configuration));
  if (found->second.handle)
    // Ahead of the supervisor's own request, which says shutdown.
    this->send<caf::message_priority::high>(
        found->second.handle,
        session_command{session_command::kind::stop,
                        protocol::cease_subcode::peer_de_configured,
                        {}});
  sup_.remove("session." + name);
  self_.environment->registry->remove(
      child_id(cell().id(), actor_kind::session, name));
  neighbors_.erase(found);
}

/// What can change on a running session changes there; only what was said when
/// the session began needs a new one.
void router::change_neighbor(const config::neighbor_changed& change,
                             const config::neighbor& wanted) {
  const auto found = neighbors_.find(change.name);
  if (found == neighbors_.end())
    return;
  const bool moved =
      found->second.configuration.address != wanted.address
      || found->second.configuration.range != wanted.range
      || found->second.configuration.interface != wanted.interface;
  if (moved) {
    remove_neighbor(change.name);
    neighbor_entry entry;
    entry.configuration = wanted;
    entry.enabled = wanted.enabled;
    return start_neighbor(std::move(entry));
  }
  auto& entry = found->second;
  const bool was_enabled = entry.configuration.enabled;
  entry.configuration = wanted;
  if (!entry.handle)
    return;
  this->send(entry.handle, session_changed{wanted, change.reset});
  if (was_enabled != wanted.enabled) {
    entry.enabled = wanted.enabled;
    this->send(entry.handle,
               session_command{wanted.enabled ? session_command::kind::enable
                                              : session_command::kind::disable,
                               {},
                               {}});
  }
  if (!entry.registered || change.reset)
    return;
  auto& r = *entry.registered;
  const auto facts = facts_of(r);
  if (change.import_again)
    this->send(entry.handle, import_changed{config::import_settings(
                                 *configuration_, wanted, facts)});
  if (r.group == 0)
    return; // it joins when our restart is over
  if (!r.moving && export_settings_of(entry) != groups_.at(r.group).settings)
    move(entry);
}

} // namespace troupe::actors
