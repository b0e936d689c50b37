#include "actors/fsm_history.hpp"

#include <utility>

namespace troupe::actors {

void fsm_history::add(fsm_record record) {
  const std::lock_guard lock{mutex_};
  if (entries_.size() == kept) {
    entries_.pop_front();
    causes_.erase(first_++);
  }
  if (!record.cause.empty())
    causes_[first_ + entries_.size()] = std::move(record.cause);
  entries_.push_back({record.at, record.event, record.connection.value_or(0),
                      record.connection.has_value(), record.from, record.to});
}

std::vector<fsm_record> fsm_history::records() const {
  const std::lock_guard lock{mutex_};
  std::vector<fsm_record> result;
  result.reserve(entries_.size());
  auto number = first_;
  for (const auto& each : entries_) {
    const auto cause = causes_.find(number++);
    result.push_back(
        {each.at, each.event, each.from, each.to,
         each.has_connection ? std::optional{each.connection} : std::nullopt,
         cause == causes_.end() ? std::string{} : cause->second});
  }
  return result;
}

} // namespace troupe::actors
