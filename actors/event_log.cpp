#include "actors/event_log.hpp"

#include <algorithm>
#include <utility>

namespace troupe::actors {

void event_log::add(std::variant<actor_event, session_change> what) {
  {
    const std::lock_guard lock{mutex_};
    events_.push_back(
        {++newest_, std::chrono::system_clock::now(), std::move(what)});
    if (events_.size() > kept)
      events_.pop_front();
  }
  added_.notify_all();
}

std::vector<logged_event>
event_log::after(std::uint64_t number, std::size_t most,
                 std::chrono::milliseconds longest) const {
  std::unique_lock lock{mutex_};
  added_.wait_for(lock, longest, [&] { return newest_ > number; });
  const auto wanted = std::min<std::uint64_t>(
      newest_ - std::min(number, newest_), events_.size());
  const auto first = events_.end() - static_cast<std::ptrdiff_t>(wanted);
  const auto count = std::min<std::uint64_t>(wanted, most);
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

std::uint64_t event_log::newest() const {
  const std::lock_guard lock{mutex_};
  return newest_;
}

} // namespace troupe::actors
