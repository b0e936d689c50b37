#include "config/diff.hpp"

#include "config/compare.hpp"
#include "protocol/overloaded.hpp"

#include <algorithm>
#include <set>

namespace troupe::config {

namespace {

/// A list whose order means nothing.
template <class T>
std::multiset<T> unordered(const std::vector<T>& list) {
  return {list.begin(), list.end()};
}

void diff_daemon(const configuration& before, const configuration& after,
                 std::vector<change>& out) {
  daemon_changed changed;
  const auto compare = [&](const char* field, const auto& a, const auto& b) {
    if (!(a == b))
      changed.fields.emplace_back(field);
  };
  compare("admin", before.admin, after.admin);
  compare("log", before.log, after.log);
  compare("data_dir", before.data_dir, after.data_dir);
  compare("on_sigterm", before.on_sigterm, after.on_sigterm);
  compare("fault_injection", before.fault_injection, after.fault_injection);
  compare("threads", before.threads, after.threads);
  compare("supervision", before.supervision, after.supervision);
  compare("cluster", before.cluster, after.cluster);
  if (!changed.fields.empty())
    out.emplace_back(std::move(changed));
}

bool same_units(const router& before, const router& after) {
  return before.units.size() == after.units.size()
         && std::is_permutation(before.units.begin(), before.units.end(),
                                after.units.begin());
}

void diff_router_itself(const router& before, const router& after,
                        std::vector<change>& out) {
  router_changed changed{after.name, {}, false, false};
  const auto note = [&](const char* field, bool same, bool restart) {
    if (same)
      return;
    changed.fields.emplace_back(field);
    changed.restart = changed.restart || restart;
  };
  const auto decision = [&](const char* field, bool same) {
    note(field, same, false);
    changed.decide_again = changed.decide_again || !same;
  };
  note("asn", before.asn == after.asn, true);
  note("confederation", before.confederation == after.confederation, true);
  note("router_id", before.router_id == after.router_id, true);
  note("cluster_id", before.cluster_id == after.cluster_id, true);
  note("shards", before.shards == after.shards, true);
  decision("always_compare_med",
           before.always_compare_med == after.always_compare_med);
  decision("med_missing_worst",
           before.med_missing_worst == after.med_missing_worst);
  note("graceful_shutdown", before.graceful_shutdown == after.graceful_shutdown,
       false);
  note("listen", unordered(before.listen) == unordered(after.listen), false);
  note("units", same_units(before, after), false);
  if (!changed.fields.empty())
    out.emplace_back(std::move(changed));
}

void diff_originate(const router& before, const router& after,
                    std::vector<change>& out) {
  const std::set<protocol::prefix> old_ones{before.originate.begin(),
                                            before.originate.end()};
  const std::set<protocol::prefix> new_ones{after.originate.begin(),
                                            after.originate.end()};
  originate_changed changed{after.name, {}, {}};
  std::set_difference(old_ones.begin(), old_ones.end(), new_ones.begin(),
                      new_ones.end(), std::back_inserter(changed.removed));
  std::set_difference(new_ones.begin(), new_ones.end(), old_ones.begin(),
                      old_ones.end(), std::back_inserter(changed.added));
  if (!changed.removed.empty() || !changed.added.empty())
    out.emplace_back(std::move(changed));
}

using neighbor_names = std::map<std::string_view, const neighbor*>;

neighbor_names by_name(const router& r) {
  neighbor_names result;
  for (const auto& n : r.neighbors)
    result.emplace(n.name, &n);
  return result;
}

void diff_neighbors(const router& before, const router& after,
                    std::vector<change>& out) {
  const auto old_ones = by_name(before);
  const auto new_ones = by_name(after);
  const router_differences around{before, after};
  for (const auto& n : before.neighbors)
    if (!new_ones.contains(n.name))
      out.emplace_back(neighbor_removed{after.name, n.name});
  for (const auto& n : after.neighbors) {
    const auto old = old_ones.find(n.name);
    if (old == old_ones.end())
      out.emplace_back(neighbor_added{after.name, n.name});
    else if (auto changed = compare(*old->second, n, around);
             !changed.fields.empty()) {
      changed.router = after.name;
      out.emplace_back(std::move(changed));
    }
  }
}

std::string list_text(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items)
    text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::string effect_text(const router_changed& c) {
  if (c.restart)
    return " (restart)";
  return c.decide_again ? " (decide again)" : "";
}

std::string effect_text(const neighbor_changed& c) {
  if (c.reset)
    return " (reset)";
  if (c.import_again && c.export_again)
    return " (import and export again)";
  if (c.import_again)
    return " (import again)";
  return c.export_again ? " (export again)" : "";
}

} // namespace

std::vector<change> diff(const configuration& before,
                         const configuration& after) {
  std::vector<change> result;
  diff_daemon(before, after, result);
  for (const auto& r : before.routers)
    if (!find_router(after, r.name))
      result.emplace_back(router_removed{r.name});
  for (const auto& r : after.routers) {
    const auto* old = find_router(before, r.name);
    if (!old) {
      result.emplace_back(router_added{r.name});
      continue;
    }
    diff_router_itself(*old, r, result);
    diff_originate(*old, r, result);
    diff_neighbors(*old, r, result);
  }
  std::stable_sort(
      result.begin(), result.end(),
      [](const change& a, const change& b) { return a.index() < b.index(); });
  return result;
}

std::string to_string(const change& c) {
  return std::visit(
      overloaded{
          [](const daemon_changed& d) {
            return "daemon changed: " + list_text(d.fields);
          },
          [](const router_removed& r) {
            return "router " + r.router + " removed";
          },
          [](const router_added& r) { return "router " + r.router + " added"; },
          [](const router_changed& r) {
            return "router " + r.router + " changed: " + list_text(r.fields)
                   + effect_text(r);
          },
          [](const originate_changed& o) {
            return "router " + o.router + " originates "
                   + std::to_string(o.added.size()) + " prefixes more, "
                   + std::to_string(o.removed.size()) + " no longer";
          },
          [](const neighbor_removed& n) {
            return "neighbor " + n.name + " removed";
          },
          [](const neighbor_added& n) {
            return "neighbor " + n.name + " added";
          },
          [](const neighbor_changed& n) {
            return "neighbor " + n.name + " changed: " + list_text(n.fields)
                   + effect_text(n);
          }},
      c);
}

} // namespace troupe::config
