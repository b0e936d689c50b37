#pragma once

#include "protocol/fsm/state.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::actors {

/// An event that a session's state machine was given, and what came of it.
struct fsm_record {
  std::chrono::system_clock::time_point at;
  const char* event = ""; ///< a literal
  protocol::fsm::state from{};
  protocol::fsm::state to{};
  std::optional<std::uint32_t> connection;
  std::string cause; ///< why a connection or the session ended, if one did
};

/// The last events of one session. It outlives the session's actor, so it tells
/// how that came to fail. Any thread reads it, and writing never waits for more
/// than a copy of it. A daemon has thousands of sessions, so an event takes few
/// octets: only the few that have a cause keep a text.
class fsm_history {
public:
  static constexpr std::size_t kept = 256;

  void add(fsm_record record);
  /// Oldest first.
  std::vector<fsm_record> records() const;

private:
  struct entry {
    std::chrono::system_clock::time_point at;
    const char* event = "";
    std::uint32_t connection = 0;
    bool has_connection = false;
    protocol::fsm::state from{};
    protocol::fsm::state to{};
  };

  mutable std::mutex mutex_;
  std::deque<entry> entries_;
  std::map<std::uint64_t, std::string> causes_; ///< by the entry's number
  std::uint64_t first_ = 0;                     ///< number of the oldest entry
};

} // namespace troupe::actors
