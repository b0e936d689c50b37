#pragma once

#include <caf/actor_clock.hpp>

#include <cstdint>
#include <map>
#include <optional>

namespace troupe::actors {

/// The timers of one actor over CAF's delayed messages, which cannot be taken
/// back: a timer that is armed anew moves its deadline, and the one message
/// that is under way is sent again for the rest when it comes too early. So a
/// hold timer that is restarted by every message costs nothing per message.
template <class Key>
class timer_table {
public:
  using time_point = caf::actor_clock::time_point;
  using duration = caf::actor_clock::duration_type;

  /// A delayed message that the owner has to send to itself.
  struct schedule {
    duration delay{0};
    std::uint64_t generation = 0;
  };

  /// Starts the timer, or starts it anew.
  [[nodiscard]] std::optional<schedule> arm(const Key& key, time_point now,
                                            duration delay) {
    auto& t = timers_[key];
    t.armed = true;
    t.interval = delay;
    t.deadline = now + delay;
    // A message that is due earlier will be prolonged when it comes.
    if (t.pending && t.pending_due <= t.deadline)
      return std::nullopt;
    return send(t, now);
  }

  void disarm(const Key& key) {
    if (const auto found = timers_.find(key); found != timers_.end())
      found->second.armed = false;
  }

  /// What a delayed message comes to: it is stale, must be sent again, or the
  /// timer has expired and is disarmed now.
  struct outcome {
    bool expired = false;
    std::optional<schedule> again;
  };
  outcome due(const Key& key, std::uint64_t generation, time_point now) {
    const auto found = timers_.find(key);
    if (found == timers_.end() || found->second.generation != generation)
      return {};
    auto& t = found->second;
    t.pending = false;
    if (!t.armed)
      return {};
    if (t.deadline > now)
      return {false, send(t, now)};
    t.armed = false;
    return {true, std::nullopt};
  }

  /// Forgets a timer for good; messages under way are stale.
  void erase(const Key& key) { timers_.erase(key); }
  void clear() { timers_.clear(); }

  bool armed(const Key& key) const {
    const auto found = timers_.find(key);
    return found != timers_.end() && found->second.armed;
  }
  /// What is left until the timer expires; 0 if it is not armed.
  duration remaining(const Key& key, time_point now) const {
    const auto found = timers_.find(key);
    if (found == timers_.end() || !found->second.armed)
      return duration{0};
    return std::max(duration{0}, found->second.deadline - now);
  }

private:
  struct timer {
    bool armed = false;
    bool pending = false;
    std::uint64_t generation = 0;
    duration interval{0};
    time_point deadline{};
    time_point pending_due{};
  };

  schedule send(timer& t, time_point now) {
    // Generations are never used twice, not even after `erase`.
    t.generation = ++last_generation_;
    t.pending = true;
    t.pending_due = t.deadline;
    return {t.deadline - now, t.generation};
  }

  std::map<Key, timer> timers_;
  std::uint64_t last_generation_ = 0;
};

} // namespace troupe::actors
