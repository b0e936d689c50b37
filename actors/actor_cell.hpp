#pragma once

#include "actors/published_text.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actors {

/// What an actor is (DESIGN §2).
enum class actor_kind : std::uint8_t {
  node,
  config_keeper,
  cluster,
  router,
  dispatcher,
  session,
  connection,
  rib,
  rib_shard,
  exporter,
  admin,
  recorder
};

/// The name in the admin endpoint; a literal, so it ends with a zero byte.
std::string_view to_string(actor_kind kind);

/// The id of a child: "PARENT/KIND.NAME", or "PARENT/KIND" when `name` is
/// empty. A byte that may not stand in a path segment of a URL is written as
/// `~` and two hex digits, so equal ids mean equal names.
std::string child_id(std::string_view parent, actor_kind kind,
                     std::string_view name);

/// A failure that an actor is told to have, for tests and drills.
struct fault {
  enum class kind_type : std::uint8_t {
    throw_exception,
    stall,
    drop,
    poison, ///< of a connection or rib_shard: an UPDATE, or a route, that
            ///< cannot be handled, not even when it is tried again
    jam     ///< of a rib_shard: its table cannot be worked with until it begins
            ///< again
  };
  kind_type kind = kind_type::throw_exception;
  /// Strikes at the k-th message from now (`poison`: UPDATE); 0 is taken as 1.
  std::uint64_t after_messages = 1;
  /// A stall ends after this time, or when the fault is cleared.
  std::chrono::milliseconds stall_for{30000};
};

/// "throw", "stall", "drop", "poison" and "jam"; nothing for any other text.
std::optional<fault::kind_type> parse_fault_kind(std::string_view text);

/// What is known about the messages of one type.
struct message_count {
  std::string type;
  std::uint64_t count = 0;
};

/// A message that was handled, or a restart: what, and when by the clock of
/// statistics.
struct dated_text {
  std::int64_t at_ns = 0;
  std::string text;
};

/// A message that a traced actor has handled.
struct traced_message {
  const std::string& actor; ///< its id
  std::string type;
  std::chrono::nanoseconds took{0};
  std::chrono::nanoseconds cpu{0};
  std::uint64_t waiting = 0; ///< messages behind it
};
/// Takes what traced actors tell; called by their threads.
using tracer = std::function<void(const traced_message&)>;

/// An actor at one moment, as the admin endpoint shows it.
struct actor_snapshot {
  std::string id;
  std::string parent;
  actor_kind kind = actor_kind::node;
  std::string name;
  bool alive = false;
  /// What the actor says of itself; "running" or "ended" where it says nothing.
  std::string state;
  /// Messages that wait, the one being handled included.
  std::uint64_t mailbox_depth = 0;
  /// How long the oldest of them has been waiting. Beyond a depth of 32 it may
  /// be the age of one that came shortly before it.
  std::chrono::nanoseconds oldest_message{0};
  /// Messages handled, over all incarnations.
  std::uint64_t handled = 0;
  /// Of the last second or more: messages handled in one, and the share of a
  /// processor that this took.
  double messages_per_second = 0;
  double cpu_share = 0;
  std::chrono::nanoseconds cpu{0}; ///< in handlers, over all incarnations
  /// Messages handled, by type; at most 32 types, the last one is "other".
  std::vector<message_count> by_type;
  /// Handling times; the error of an interpolated bucket is below a factor 2.
  double handling_p50_us = 0;
  double handling_p99_us = 0;
  std::chrono::nanoseconds longest_handler{0};
  std::string longest_handler_type;
  /// The most processor time that a handler took: what it would take on a
  /// machine of its own.
  std::chrono::nanoseconds longest_handler_cpu{0};
  /// The handler that runs just now, if one does.
  std::optional<std::string> running_type;
  std::chrono::nanoseconds running_for{0};
  std::uint64_t restarts = 0;
  /// Why it was restarted last; empty if never.
  std::string last_restart_reason;
  std::chrono::nanoseconds since_last_restart{0};
  /// Why the last incarnation that ended did so; empty if none has.
  std::string last_end_reason;
  /// Since the present incarnation began; 0 if there is none.
  std::chrono::nanoseconds uptime{0};
  /// Messages that no handler takes (a defect of the sender).
  std::uint64_t unexpected = 0;
  bool fault_armed = false;
  bool traced = false;
};

/// The mailbox of one incarnation. Anybody writes `enqueued`, only the actor
/// itself writes `handled`.
class mailbox_gauge {
public:
  explicit mailbox_gauge(std::int64_t now_ns) : started_ns_(now_ns) {}

  /// Counts a message in.
  void count_in(std::int64_t now_ns) {
    auto sequence = enqueued_.fetch_add(1, std::memory_order_relaxed);
    for (auto& level : stamps_) {
      level[sequence % slots].store(now_ns, std::memory_order_relaxed);
      if (sequence % slots != 0)
        return;
      sequence /= slots;
    }
  }
  /// Counts a message out. Only from the actor.
  void count_out() {
    handled_.store(handled_.load(std::memory_order_relaxed) + 1,
                   std::memory_order_release);
  }
  /// The incarnation is over: what still waits will never be handled.
  void close() { closed_.store(true, std::memory_order_release); }

  bool closed() const { return closed_.load(std::memory_order_acquire); }
  std::int64_t started_ns() const { return started_ns_; }
  std::uint64_t depth() const;
  /// When the oldest waiting message came, in steady nanoseconds; `now_ns` if
  /// none waits. Messages that overtake blur it.
  std::int64_t oldest_ns(std::int64_t now_ns) const;

private:
  // Level n keeps the arrival of every 32^n-th message, so that 1 KiB covers a
  // queue of 32^4 messages.
  static constexpr std::uint64_t slots = 32;
  static constexpr std::size_t levels = 4;

  const std::int64_t started_ns_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> enqueued_{0};
  std::atomic<std::uint64_t> handled_{0};
  std::array<std::array<std::atomic<std::int64_t>, slots>, levels> stamps_{};
};

/// Everything that others may see of one actor. It belongs to the actor's id
/// and lives over restarts. All readers are free of locks and never disturb the
/// actor; the functions marked "actor" are for its own thread only.
class actor_cell {
public:
  /// The name of a message type, made when a type is seen for the first time.
  using name_maker = std::string (*)(std::uint64_t key, const void* hint);

  actor_cell(std::string parent, actor_kind kind, std::string name,
             tracer trace = {});
  actor_cell(const actor_cell&) = delete;
  actor_cell& operator=(const actor_cell&) = delete;

  const std::string& id() const { return id_; }
  const std::string& parent() const { return parent_; }
  const std::string& name() const { return name_; }
  actor_kind kind() const { return kind_; }

  // -- what the actor tells about itself --------------------------------------

  /// Begins an incarnation; the actor counts its mailbox in the gauge.
  std::shared_ptr<mailbox_gauge> begin_incarnation();
  /// Ends the incarnation that holds the gauge.
  void end_incarnation(mailbox_gauge& gauge, std::string_view reason);
  /// A short text such as the FSM state, at most 63 bytes are kept (actor).
  void set_state(std::string_view text) { state_.set(text); }
  /// The index of a message type in the table, entered if it is new. `make` is
  /// called with `key` and `hint` for its name (actor).
  std::uint32_t type_index(std::uint64_t key, name_maker make,
                           const void* hint) {
    auto slot = home_slot(key);
    if (types_[slot].key.load(std::memory_order_relaxed) == key)
      return slot;
    return enter_type(key, make, hint);
  }
  /// A handler begins (actor).
  void begin_handler(std::uint32_t type, std::int64_t now_ns) {
    running_type_.store(type, std::memory_order_relaxed);
    running_since_ns_.store(now_ns, std::memory_order_release);
  }
  /// The handler has ended, `began_ns` ago as steady nanoseconds tell; counts
  /// the message unless it was put back (actor).
  void end_handler(std::uint32_t type, std::int64_t began_ns,
                   std::int64_t now_ns, std::int64_t cpu_ns, bool counted);
  /// A message came that no handler takes (actor).
  void count_unexpected();

  // -- what the supervisor tells ----------------------------------------------

  /// Counts a restart and keeps its reason (at most 255 bytes); the last 16 are
  /// kept with their times.
  void count_restart(std::string_view reason);

  // -- what an operator asks for ----------------------------------------------

  /// Tells the tracer of every message until the time is over; 0 ends it.
  void trace_for(std::chrono::milliseconds time);

  // -- faults -----------------------------------------------------------------

  /// Arms a fault; replaces the one before.
  void arm(const fault& f);
  /// Disarms, and ends a stall that is under way.
  void clear_fault();
  bool fault_armed() const {
    return fault_armed_.load(std::memory_order_acquire);
  }
  /// Whether the armed fault strikes at this message (actor).
  std::optional<fault> next_fault();
  /// Whether the UPDATE at hand is poisoned: twice for the same one, as it is
  /// tried twice (actor).
  bool poisoned();
  /// Whether the table is jammed: until the fault is cleared (actor).
  bool jammed() const;
  /// Blocks as a stalled handler does, until `clear_fault` or the time is over
  /// (actor).
  void stall(std::chrono::milliseconds longest);

  // -- readers ----------------------------------------------------------------

  actor_snapshot snapshot(std::chrono::steady_clock::time_point now) const;
  /// The last 64 messages that were handled, oldest first; the time is that of
  /// the handler's begin.
  std::vector<dated_text> recent_messages() const;
  /// The last 16 restarts, oldest first.
  std::vector<dated_text> restart_history() const;
  /// What is being handled and since when; nothing when the actor is idle.
  std::optional<std::pair<std::string, std::int64_t>> running() const;

private:
  struct type_entry {
    std::atomic<std::uint64_t> key{0};
    std::atomic<std::uint64_t> count{0};
    std::string name; // written before `key` is published, never again
  };
  static constexpr std::uint32_t type_slots = 32;
  static constexpr std::uint32_t other_type = type_slots - 1;
  static constexpr std::size_t buckets = 40;
  static constexpr std::uint32_t type_bits = 5; // of a type's index
  static constexpr std::size_t recent_kept = 64;
  static constexpr std::size_t restarts_kept = 16;

  static std::uint32_t home_slot(std::uint64_t key) {
    return static_cast<std::uint32_t>((key ^ (key >> 32)) % other_type);
  }
  /// Where the key is or would be; `other_type` if the table is full.
  std::uint32_t find_type(std::uint64_t key) const;
  std::uint32_t enter_type(std::uint64_t key, name_maker make,
                           const void* hint);
  std::string type_name(std::uint32_t index) const;
  double percentile_us(double share) const;
  void measure_rate(std::int64_t now_ns, std::uint64_t handled);
  void read_rate(std::int64_t now_ns, actor_snapshot& into) const;
  void trace(std::uint32_t type, std::int64_t took_ns, std::int64_t cpu_ns);

  const std::string id_;
  const std::string parent_;
  const std::string name_;
  const actor_kind kind_;

  std::atomic<std::shared_ptr<mailbox_gauge>> gauge_;
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<std::int64_t> running_since_ns_{0};
  std::atomic<std::uint32_t> running_type_{0};
  std::atomic<std::int64_t> longest_ns_{0};
  std::atomic<std::int64_t> longest_cpu_ns_{0};
  std::atomic<std::uint32_t> longest_type_{0};
  std::atomic<std::int64_t> cpu_ns_{0};
  std::array<std::atomic<std::uint64_t>, buckets> histogram_{};
  /// The begin of a handler in nanoseconds, and below it the message's type.
  std::array<std::atomic<std::int64_t>, recent_kept> recent_{};
  // A window of about a second, and what the one before came to.
  std::atomic<std::int64_t> window_began_ns_{0};
  std::atomic<std::uint64_t> window_handled_{0};
  std::atomic<std::int64_t> window_cpu_ns_{0};
  std::atomic<double> last_rate_{0};
  std::atomic<double> last_share_{0};
  std::atomic<std::int64_t> trace_until_ns_{0};
  std::array<type_entry, type_slots> types_;
  std::atomic<std::uint64_t> unexpected_{0};
  std::atomic<std::uint64_t> restarts_{0};
  std::atomic<std::int64_t> restarted_ns_{0};
  published_text<63> state_;
  published_text<255> restart_reason_;
  published_text<255> end_reason_;
  std::atomic<bool> fault_armed_{false};
  mutable std::mutex rare_; // for what follows, and for new message types
  fault fault_;
  bool poison_has_struck_ = false; // once, and will again
  std::deque<dated_text> restart_history_;
  const tracer tracer_;
};

/// Processor time of the calling thread in nanoseconds, for statistics only.
std::int64_t thread_cpu_ns();

/// Nanoseconds of the steady clock, which is used for statistics only.
inline std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

} // namespace troupe::actors
