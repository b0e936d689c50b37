#include "actors/router.hpp"
#include "config/derive.hpp"

#include <algorithm>

// Update groups and the way of a neighbour from one to another.
namespace troupe::actors {

namespace {

std::vector<protocol::family>
families_of(const protocol::wire::negotiated& agreed) {
  std::vector<protocol::family> families;
  for (const auto& each : agreed.families)
    families.push_back(each.address_family);
  return families;
}

} // namespace

group_id router::group_for(const rib::export_settings& settings,
                           group_id but_not) {
  for (const auto& [id, group] : groups_)
    if (id != but_not && group.settings == settings)
      return id;
  const auto id = ++last_group_;
  auto& group = groups_[id];
  group.settings = settings;
  group.state = std::make_shared<exporter_state>(
      self_.environment->pool, settings, static_cast<unsigned>(shards_.size()),
      self_.export_limits);
  // Before its actor is there, so that no change can come before them.
  for (const auto& [name, entry] : neighbors_)
    if (entry.registered)
      group.state->group.set_source(entry.registered->facts);
    else if (entry.stale)
      group.state->group.set_source(entry.stale->facts);
  start_group(id);
  return id;
}

rib::export_settings
router::export_settings_of(const neighbor_entry& entry) const {
  return config::export_settings(*configuration_, entry.configuration,
                                 facts_of(*entry.registered));
}

void router::join(neighbor_entry& entry, std::optional<rib::handover> former) {
  auto& r = *entry.registered;
  const auto from = former ? r.group : group_id{0};
  // Its connection tells the groups apart by their ids, and what it was given
  // by each.
  r.group = group_for(export_settings_of(entry), from);
  auto& group = groups_.at(r.group);
  rib::member_options options;
  options.neighbor = r.facts.index;
  options.families = families_of(r.negotiated);
  options.send_end_of_rib = !former;
  options.enhanced_refresh = r.negotiated.enhanced_route_refresh;
  options.former = std::move(former);
  member_joined joined{r.source_incarnation, std::move(options), r.connection,
                       from};
  group.members[r.facts.index] = joined;
  this->send(group.handle, std::move(joined));
}

void router::leave(rib::neighbor_index index, group_id id) {
  const auto found = groups_.find(id);
  if (found == groups_.end())
    return;
  found->second.members.erase(index);
  std::erase_if(found->second.refreshes,
                [&](const auto& each) { return each.neighbor == index; });
  this->send(found->second.handle, member_left{index});
  // Whoever holds something for it since a move need not any more.
  std::vector<group_id> holders{id};
  for (const auto& [each, group] : groups_)
    if (group.handed_over.contains(index))
      holders.push_back(each);
  for (const auto each : holders)
    release(index, each);
}

void router::release(rib::neighbor_index index, group_id id) {
  const auto found = groups_.find(id);
  if (found == groups_.end())
    return;
  if (found->second.handed_over.erase(index) != 0)
    this->send(found->second.handle, member_released{index});
  remove_if_empty(id);
}

void router::remove_if_empty(group_id id) {
  const auto found = groups_.find(id);
  if (!found->second.members.empty() || !found->second.handed_over.empty())
    return;
  // Nobody is told by it any more: its Adj-RIB-Out goes.
  for (const auto& shard : shards_)
    this->send(shard, exporter_detached{id});
  sup_.remove("exporter." + std::to_string(id));
  self_.environment->registry->remove(
      child_id(cell().id(), actor_kind::exporter, std::to_string(id)));
  groups_.erase(found);
}

/// To the group of its settings of now: its exporter says what it was told, and
/// another one goes on from there.
void router::move(neighbor_entry& entry) {
  auto& r = *entry.registered;
  r.moving = true;
  this->send(groups_.at(r.group).handle, member_left{r.facts.index, true});
}

/// What the former incarnation was asked may be lost.
void router::exporter_started(group_id id, const child_event& event) {
  if (event.incarnation == 1)
    return;
  for (const auto& each : groups_.at(id).refreshes)
    this->send(groups_.at(id).handle, each);
  for (auto& [name, entry] : neighbors_)
    if (entry.registered && entry.registered->group == id
        && entry.registered->moving)
      move(entry);
}

void router::handle(const refresh_request& m) {
  const auto found = neighbors_.find(m.name);
  if (found == neighbors_.end() || !found->second.registered)
    return;
  const auto& r = *found->second.registered;
  if (r.group == 0)
    return; // it will be told everything anyway
  auto& group = groups_.at(r.group);
  group.refreshes.push_back({++last_refresh_, r.facts.index, m.family});
  this->send(group.handle, group.refreshes.back());
}

void router::handle(const member_handed_over& m) {
  const auto found =
      std::find_if(neighbors_.begin(), neighbors_.end(), [&](const auto& each) {
        const auto& r = each.second.registered;
        return r && r->facts.index == m.neighbor && r->group == m.group
               && r->moving;
      });
  const auto group = groups_.find(m.group);
  if (group == groups_.end())
    return;
  if (found == neighbors_.end()) { // gone in the meantime
    if (!group->second.handed_over.contains(m.neighbor))
      this->send(group->second.handle, member_released{m.neighbor});
    return;
  }
  found->second.registered->moving = false;
  group->second.members.erase(m.neighbor);
  group->second.handed_over.insert(m.neighbor);
  join(found->second, m.told);
  tell_rib();
}

void router::handle(const member_taken_over& m) {
  for (auto& [id, group] : groups_)
    if (const auto found = group.members.find(m.neighbor);
        found != group.members.end() && found->second.former == m.former) {
      found->second.former = 0;
      found->second.options.former.reset();
    }
  release(m.neighbor, m.former);
}

} // namespace troupe::actors
