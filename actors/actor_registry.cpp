#include "actors/actor_registry.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace troupe::actors {

std::shared_ptr<actor_cell> actor_registry::add(std::string_view parent,
                                                actor_kind kind,
                                                std::string_view name) {
  auto id = child_id(parent, kind, name);
  std::lock_guard guard(mutex_);
  auto [place, is_new] = by_id_.try_emplace(std::move(id));
  if (is_new) {
    place->second = std::make_shared<actor_cell>(std::string(parent), kind,
                                                 std::string(name), tracer_);
    in_order_.push_back(place->second);
  }
  return place->second;
}

std::shared_ptr<actor_cell> actor_registry::find(std::string_view id) const {
  std::lock_guard guard(mutex_);
  auto place = by_id_.find(id);
  return place == by_id_.end() ? nullptr : place->second;
}

bool actor_registry::remove(std::string_view id) {
  auto below = std::string(id) + '/';
  std::lock_guard guard(mutex_);
  auto goes = [&](const std::string& each) {
    return each == id || each.starts_with(below);
  };
  auto known = by_id_.contains(id);
  std::erase_if(by_id_, [&](auto& entry) { return goes(entry.first); });
  std::erase_if(histories_, [&](auto& entry) { return goes(entry.first); });
  std::erase_if(in_order_, [&](auto& cell) { return goes(cell->id()); });
  return known;
}

std::shared_ptr<fsm_history>
actor_registry::history_of(const std::string& session_id) {
  std::lock_guard guard(mutex_);
  auto& place = histories_[session_id];
  if (!place)
    place = std::make_shared<fsm_history>();
  return place;
}

std::shared_ptr<const fsm_history>
actor_registry::find_history(std::string_view session_id) const {
  std::lock_guard guard(mutex_);
  auto place = histories_.find(session_id);
  return place == histories_.end() ? nullptr : place->second;
}

std::size_t actor_registry::size() const {
  std::lock_guard guard(mutex_);
  return in_order_.size();
}

std::vector<actor_registry::cell_ptr> actor_registry::cells() const {
  std::lock_guard guard(mutex_);
  return in_order_;
}

std::vector<actor_snapshot>
actor_registry::snapshot(std::chrono::steady_clock::time_point now) const {
  auto all = cells();
  std::map<std::string_view, std::vector<const actor_cell*>> children;
  std::map<std::string_view, const actor_cell*> known;
  for (auto& cell : all)
    known.emplace(cell->id(), cell.get());
  for (auto& cell : all) {
    std::string_view parent = cell->parent();
    children[known.contains(parent) ? parent : ""].push_back(cell.get());
  }
  std::vector<actor_snapshot> result;
  result.reserve(all.size());
  std::vector<const actor_cell*> next;
  auto visit_children_of = [&](std::string_view id) {
    auto place = children.find(id);
    if (place != children.end())
      next.insert(next.end(), place->second.rbegin(), place->second.rend());
  };
  visit_children_of("");
  while (!next.empty()) {
    auto* cell = next.back();
    next.pop_back();
    result.push_back(cell->snapshot(now));
    visit_children_of(cell->id());
  }
  return result;
}

std::vector<running_handler> actor_registry::running_for_at_least(
    std::chrono::nanoseconds limit,
    std::chrono::steady_clock::time_point now) const {
  std::vector<running_handler> result;
  for (auto& cell : cells()) {
    auto current = cell->running();
    if (!current)
      continue;
    auto running_for =
        now.time_since_epoch() - std::chrono::nanoseconds(current->second);
    if (running_for >= limit)
      result.push_back({cell->id(), std::move(current->first), running_for});
  }
  return result;
}

} // namespace troupe::actors
