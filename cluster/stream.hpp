#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

// How what a shard has applied gets to the other nodes (ADR 0017). Pure: who
// encodes, sends and receives is elsewhere.
namespace troupe::cluster {

using octets = std::shared_ptr<const std::vector<std::uint8_t>>;

/// Where an entry stands in its stream; they count from 1.
using position = std::uint64_t;

/// The last entries of a stream, each encoded once for all nodes.
class stream_log {
public:
  /// Keeps entries of `most_octets` together; the newest one in any case.
  explicit stream_log(std::size_t most_octets) : most_octets_(most_octets) {}

  /// The position of the new entry.
  position append(octets entry);
  /// Of the oldest entry that is kept; `next` where there is none.
  position first() const { return first_; }
  /// Of the entry that comes next.
  position next() const { return first_ + entries_.size(); }
  /// One that is kept.
  const octets& at(position p) const { return entries_.at(p - first_); }
  /// Of all entries that are kept.
  std::size_t size() const { return size_; }

private:
  std::size_t most_octets_;
  std::deque<octets> entries_;
  position first_ = 1;
  std::size_t size_ = 0;
};

/// What is sent to another node, in this order.
struct stream_frame {
  enum class kind : std::uint8_t {
    entry,     ///< of the log
    begins,    ///< a snapshot: all that was told before is to be told again
    slice,     ///< a part of it, as things were behind the entry `at`
    last_slice ///< and what has not been told again by now is gone
  };
  kind what = kind::entry;
  position at = 0;
  octets content; ///< none for `begins`

  std::size_t size() const { return content ? content->size() : 0; }
};

/// How far a stream has come at one other node. Entries go to it as they come;
/// a node that is new, or has been away for longer than the log reaches back,
/// is told everything in slices first, while entries go on in between.
class stream_cursor {
public:
  /// `window`: octets that may be under way, besides one frame.
  explicit stream_cursor(std::size_t window) : window_(window) {}

  /// The link is up. `have`: the last entry that the other node has of this
  /// stream; nothing where it has none, or is in the midst of a snapshot.
  void connect(std::optional<position> have, const stream_log& log);
  /// The link is down: what was under way is lost.
  void disconnect();

  /// The next frame, if there is one and the window has room.
  std::optional<stream_frame> next(const stream_log& log);
  /// The other node has dealt with so many octets.
  void acknowledge(std::size_t done);

  /// Whether the shard is to make a slice now: the first one, or the one behind
  /// the last. Asks once for each.
  struct slice_wish {
    std::uint64_t snapshot = 0; ///< its number: comes back with the slice
    bool first = false;
    friend bool operator==(const slice_wish&, const slice_wish&) = default;
  };
  std::optional<slice_wish> take_wish();
  /// A slice, made when the entry `behind` was the last. One of an earlier
  /// snapshot is ignored.
  void take_slice(std::uint64_t snapshot, octets content, position behind,
                  bool last);

  /// Whether the other node has been sent everything.
  bool is_in_step(const stream_log& log) const;
  /// Entries that it has yet to be sent: what the link lags behind.
  std::uint64_t lag(const stream_log& log) const;
  bool in_snapshot() const { return state_ == state::snapshot; }
  std::size_t in_flight() const { return in_flight_; }

private:
  enum class state : std::uint8_t { disconnected, following, begins, snapshot };
  struct slice {
    octets content;
    position behind = 0;
    bool last = false;
  };

  std::optional<stream_frame> frame_of(const stream_log& log);
  void begin_snapshot();

  std::size_t window_;
  std::size_t in_flight_ = 0;
  state state_ = state::disconnected;
  position sent_ = 0; ///< the last entry that was sent
  std::uint64_t snapshot_ = 0;
  std::optional<slice_wish> wish_;
  std::optional<slice> slice_;
};

/// The other end: whether what comes fits, and what to ask for after a cut.
class stream_receiver {
public:
  /// False: a frame that cannot come now; the link must be begun anew.
  bool take(const stream_frame& frame);
  /// What `connect` is to be told at the sender.
  std::optional<position> have() const;
  /// Whether the stream is known as a whole, up to `have`.
  bool is_whole() const { return whole_; }

private:
  position last_ = 0;
  bool whole_ = false;
  bool in_snapshot_ = false;
};

} // namespace troupe::cluster
