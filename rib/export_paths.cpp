#include "rib/export_paths.hpp"

#include <algorithm>

namespace troupe::rib {

namespace {

std::size_t not_of(path_list paths, neighbor_index source) {
  return static_cast<std::size_t>(
      std::count_if(paths.begin(), paths.end(), [&](const told_path& p) {
        return p.what.source != source;
      }));
}

} // namespace

bool path_choice::is_full(path_list paths) const {
  if (paths.size() < most)
    return false;
  return !per_client
         || std::all_of(paths.begin(), paths.end(), [&](const told_path& p) {
              return not_of(paths, p.what.source) >= most;
            });
}

bool path_choice::tells(path_list paths, std::size_t place,
                        neighbor_index to) const {
  const auto& path = paths[place].what;
  if (path.source == to || !path.is_told())
    return false;
  return place < most || (per_client && not_of(paths.first(place), to) < most);
}

bool path_choice::tells_any(path_list paths, neighbor_index to) const {
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (tells(paths, i, to))
      return true;
  return false;
}

std::optional<std::size_t> find_path(path_list paths, const told_path& wanted) {
  const auto found =
      std::find_if(paths.begin(), paths.end(),
                   [&](const told_path& p) { return p.is_same_path(wanted); });
  if (found == paths.end())
    return std::nullopt;
  return static_cast<std::size_t>(found - paths.begin());
}

void assign_ids(std::vector<told_path>& paths, const id_history& history,
                std::uint32_t& highest) {
  std::vector<std::uint32_t> known;
  for (const auto& list : {history.now, history.before})
    for (const auto& p : list)
      known.push_back(p.id);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  if (history.is_quiet)
    highest = known.empty() ? 0 : known.back();
  std::uint32_t lowest = 0; // no id up to this one is free
  std::size_t at = 0;
  for (auto& p : paths) {
    p.id = 0;
    for (const auto& list : {history.now, history.before})
      if (const auto same = find_path(list, p); same && p.id == 0)
        p.id = list[*same].id;
    if (p.id != 0)
      continue;
    p.id = highest + 1;
    if (history.is_quiet) {
      for (++lowest; at < known.size() && known[at] == lowest; ++at)
        ++lowest;
      p.id = lowest;
    }
    highest = std::max(highest, p.id);
  }
}

// -- tally --------------------------------------------------------------------

void path_tally::make_room(path_list paths) {
  for (const auto& p : paths) {
    const auto i = static_cast<std::size_t>(p.what.source);
    if (i < own_.size())
      continue;
    more_.resize(i + 1);
    own_.resize(i + 1);
  }
}

void path_tally::count(path_list paths, std::uint64_t sign) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (choice_.tells_others(paths, i)) {
      others_ += sign;
      own_[static_cast<std::size_t>(paths[i].what.source)] += sign;
    }
    if (i < choice_.most)
      continue;
    for (std::size_t j = 0; j < i; ++j) { // each source before it once
      const auto source = paths[j].what.source;
      if (not_of(paths.first(j), source) == j
          && choice_.tells(paths, i, source))
        more_[static_cast<std::size_t>(source)] += sign;
    }
  }
}

std::uint64_t path_tally::told_to(neighbor_index to) const {
  const auto i = static_cast<std::size_t>(to);
  return i < own_.size() ? others_ - own_[i] + more_[i] : others_;
}

} // namespace troupe::rib
