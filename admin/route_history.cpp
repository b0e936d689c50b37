#include "admin/route_history.hpp"

#include "actors/log/render.hpp"

#include <set>

namespace troupe::admin {

using nlohmann::json;

void route_history::add(std::chrono::system_clock::time_point at,
                        const actors::rib_totals& totals) {
  sample s{at, {}};
  for (const auto& router : totals.routers)
    for (const auto& [family, t] : router.families)
      s.counts[{router.name, family}] = {t.prefixes, t.paths};
  const std::lock_guard lock{mutex_};
  samples_.push_back(std::move(s));
  if (samples_.size() > kept)
    samples_.pop_front();
}

json route_history::view() const {
  const std::lock_guard lock{mutex_};
  json times = json::array();
  std::set<table> tables;
  for (const auto& s : samples_) {
    times.push_back(log::render_time(s.at));
    for (const auto& [name, unused] : s.counts)
      tables.insert(name);
  }
  json series = json::array();
  for (const auto& name : tables) {
    json prefixes = json::array();
    json paths = json::array();
    for (const auto& s : samples_) {
      const auto found = s.counts.find(name);
      const bool known = found != s.counts.end();
      prefixes.push_back(known ? json(found->second.first) : json(nullptr));
      paths.push_back(known ? json(found->second.second) : json(nullptr));
    }
    series.push_back({{"router", name.first},
                      {"family", to_string(name.second)},
                      {"prefixes", std::move(prefixes)},
                      {"paths", std::move(paths)}});
  }
  return {{"interval_seconds", interval.count()},
          {"times", std::move(times)},
          {"series", std::move(series)}};
}

} // namespace troupe::admin
