#pragma once

#include "actors/messages.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace troupe::admin {

/// How many routes there were in the last minutes, for plots. Safe for use from
/// any thread.
class route_history {
public:
  static constexpr std::chrono::seconds interval{5};
  static constexpr std::size_t kept = 120;

  void add(std::chrono::system_clock::time_point at,
           const actors::rib_totals& totals);
  /// {"interval_seconds","times":[],"series":[{"router","family","prefixes":[],
  /// "paths":[]}]}: a number of each series for each time, null where there was
  /// no such table yet.
  nlohmann::json view() const;

private:
  using table = std::pair<std::string, protocol::family>;
  struct sample {
    std::chrono::system_clock::time_point at;
    std::map<table, std::pair<std::uint64_t, std::uint64_t>> counts;
  };

  mutable std::mutex mutex_;
  std::deque<sample> samples_;
};

} // namespace troupe::admin
