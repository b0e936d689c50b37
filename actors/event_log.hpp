#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::actors {

/// Something happened to an actor; `kind` is a word of `child_event`.
struct actor_event {
  std::string actor; ///< its id
  std::string_view kind;
  std::uint64_t incarnation = 0; ///< 0 where nobody counts them
  std::string reason;
  std::chrono::milliseconds delay{0}; ///< before it is started again
};

/// A session's state machine went from one state to another.
struct session_change {
  std::string actor; ///< its id
  std::string router;
  std::string neighbor;
  std::string_view from;
  std::string_view to;
  std::string cause; ///< empty where there is nothing to say
};

/// One of them with its number; the first has 1.
struct logged_event {
  std::uint64_t number = 0;
  std::chrono::system_clock::time_point at;
  std::variant<actor_event, session_change> what;
};

/// The last events of the actors and sessions of a process, for who watches.
/// Every function may be called from any thread; adding never waits for a
/// reader's work.
class event_log {
public:
  static constexpr std::size_t kept = 1024;

  void add(std::variant<actor_event, session_change> what);
  /// Events behind this number, oldest first, at most `most`; waits up to
  /// `longest` for the first. What is older than `kept` events is gone.
  std::vector<logged_event> after(std::uint64_t number, std::size_t most,
                                  std::chrono::milliseconds longest) const;
  /// The number of the newest; 0 if there is none.
  std::uint64_t newest() const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable added_;
  std::deque<logged_event> events_;
  std::uint64_t newest_ = 0;
};

} // namespace troupe::actors
