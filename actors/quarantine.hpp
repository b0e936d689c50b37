#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::actors {

/// An UPDATE that we could not handle, by our own mistake.
struct quarantined_update {
  std::string hash; ///< 16 hexadecimal digits: its octets, as XXH3 hashes them
  std::chrono::system_clock::time_point at;
  std::string router;
  std::string neighbor;
  std::string peer; ///< address and port
  std::string reason;
  bool reset = false;  ///< not even its NLRI could be read: the session ended
  std::string version; ///< of the daemon that could not handle it
  std::uint64_t seen = 1;          ///< how often, in this run
  std::vector<std::uint8_t> bytes; ///< the message with its header
};

/// Two digits for each octet.
std::string to_hex(std::span<const std::uint8_t> bytes);

/// The UPDATEs of a process that it must not try again. Each is a file in a
/// directory, so a restarted daemon knows them; one of another version is shown
/// and tried again. Every function may be called from any thread; `known` is
/// free of locks while nothing is quarantined.
class quarantine {
public:
  static constexpr std::size_t kept = 1000;

  /// Reads what is in the directory; made with the first UPDATE. Empty: nothing
  /// outlives the process.
  explicit quarantine(std::string directory = {}, std::string version = {});

  /// The hash of a message, as text.
  static std::string hash_of(std::span<const std::uint8_t> message);

  /// Whether anything must not be tried again: else nobody needs a hash.
  bool any() const { return any_.load(std::memory_order_relaxed); }
  /// Counts the UPDATE and says why it was quarantined; nothing for one that is
  /// to be tried.
  std::optional<std::string> known(std::span<const std::uint8_t> message);
  /// Keeps an UPDATE; the oldest goes where there are too many. What is wrong
  /// with its file, or nothing.
  std::optional<std::string> add(quarantined_update update);
  /// Oldest first.
  std::vector<quarantined_update> list() const;
  /// Forgets all of them; they are tried again.
  void clear();

private:
  std::string path_of(const quarantined_update& update) const;
  void load();

  const std::string directory_;
  const std::string version_;
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::deque<quarantined_update> updates_;
};

} // namespace troupe::actors
