#include "rib/export_audience.hpp"

#include <algorithm>
#include <utility>

namespace troupe::rib {

namespace {

bool is_in(const std::vector<member_slot>& set, member_slot m) {
  return std::find(set.begin(), set.end(), m) != set.end();
}

} // namespace

void path_audience::begin() {
  log_->drop_unused_sets();
  sets_.clear();
}

void path_audience::look_at(path_list before, path_list now) {
  before_ = before;
  now_ = now;
  owners_.clear();
  for (const auto& list : {before, now})
    for (const auto& p : list)
      if (const auto m = members_->slot_of(p.what.source);
          m != no_member && !is_in(owners_, m))
        owners_.push_back(m);
}

bool path_audience::tells_any(path_list paths,
                              std::optional<neighbor_index> to) const {
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (tells(paths, i, to))
      return true;
  return false;
}

bool path_audience::is_news(std::size_t place,
                            std::optional<neighbor_index> to) const {
  if (!tells(now_, place, to))
    return false;
  const auto old = find_path(before_, now_[place]);
  return !old || !before_[*old].what.tells_the_same(now_[place].what)
         || !tells(before_, *old, to);
}

bool path_audience::is_gone(std::size_t place,
                            std::optional<neighbor_index> to) const {
  if (!tells(before_, place, to) || (!has_ids_ && tells_any(now_, to)))
    return false;
  const auto kept = find_path(now_, before_[place]);
  return !kept || !tells(now_, *kept, to);
}

std::optional<admission> path_audience::of_announcement(std::size_t place) {
  return those_who(now_[place], [&](auto to) { return is_news(place, to); });
}

std::optional<admission> path_audience::of_withdrawal(std::size_t place) {
  return those_who(before_[place], [&](auto to) { return is_gone(place, to); });
}

std::optional<admission>
path_audience::of_present(const std::vector<member_slot>& some,
                          std::size_t place) {
  auto who = some;
  std::erase_if(who, [&](member_slot m) {
    return !choice_.tells(now_, place, members_->neighbor_of(m));
  });
  return set_of(std::move(who));
}

// Unless it is per client, an owner differs in its own paths only.
template <class Needs>
std::optional<admission> path_audience::those_who(const told_path& p,
                                                  Needs needs) {
  const bool others = needs(std::optional<neighbor_index>{});
  const auto source = members_->slot_of(p.what.source);
  std::vector<member_slot> differ;
  for (const auto m : owners_)
    if ((choice_.per_client || m == source)
        && needs(std::optional{members_->neighbor_of(m)}) != others)
      differ.push_back(m);
  return others ? all_but(differ) : set_of(std::move(differ));
}

std::optional<admission>
path_audience::all_but(const std::vector<member_slot>& members) {
  if (members.empty())
    return admission{};
  if (members.size() == 1)
    return admission::all_but(members.front());
  std::vector<member_slot> rest;
  members_->for_each([&](member_slot m) {
    if (!is_in(members, m))
      rest.push_back(m);
  });
  return set_of(std::move(rest));
}

std::optional<admission>
path_audience::set_of(std::vector<member_slot> members) {
  if (members.empty())
    return std::nullopt;
  if (members.size() == 1)
    return admission::only(members.front());
  std::sort(members.begin(), members.end());
  const auto found = sets_.find(members);
  if (found != sets_.end())
    return found->second;
  const auto made = log_->make_set(members);
  sets_.emplace(std::move(members), made);
  return made;
}

} // namespace troupe::rib
