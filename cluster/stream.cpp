#include "cluster/stream.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

// -- stream_log ---------------------------------------------------------------

position stream_log::append(octets entry) {
  size_ += entry->size();
  entries_.push_back(std::move(entry));
  while (size_ > most_octets_ && entries_.size() > 1) {
    size_ -= entries_.front()->size();
    entries_.pop_front();
    ++first_;
  }
  return next() - 1;
}

// -- stream_cursor ------------------------------------------------------------

void stream_cursor::connect(std::optional<position> have,
                            const stream_log& log) {
  disconnect();
  if (have && *have + 1 >= log.first() && *have < log.next()) {
    state_ = state::following;
    sent_ = *have;
  } else {
    begin_snapshot();
  }
}

void stream_cursor::disconnect() {
  state_ = state::disconnected;
  in_flight_ = 0;
  wish_.reset();
  slice_.reset();
}

void stream_cursor::begin_snapshot() {
  state_ = state::begins;
  ++snapshot_;
  wish_.reset();
  slice_.reset();
}

std::optional<stream_frame> stream_cursor::next(const stream_log& log) {
  if (state_ == state::disconnected || in_flight_ >= window_)
    return std::nullopt;
  auto frame = frame_of(log);
  if (frame)
    in_flight_ += frame->size();
  return frame;
}

std::optional<stream_frame> stream_cursor::frame_of(const stream_log& log) {
  // Behind what the log still has: only a snapshot helps.
  if (state_ != state::begins && sent_ + 1 < log.first())
    begin_snapshot();
  if (state_ == state::begins) {
    state_ = state::snapshot;
    sent_ = log.next() - 1;
    wish_ = slice_wish{snapshot_, true};
    return stream_frame{stream_frame::kind::begins, sent_, nullptr};
  }
  // A slice stands behind the entries that it knows of.
  const auto until = slice_ ? slice_->behind : log.next() - 1;
  if (sent_ < until) {
    ++sent_;
    return stream_frame{stream_frame::kind::entry, sent_, log.at(sent_)};
  }
  if (!slice_)
    return std::nullopt;
  const auto made = *std::exchange(slice_, std::nullopt);
  if (made.last) {
    state_ = state::following;
    return stream_frame{stream_frame::kind::last_slice, sent_, made.content};
  }
  wish_ = slice_wish{snapshot_, false};
  return stream_frame{stream_frame::kind::slice, sent_, made.content};
}

void stream_cursor::acknowledge(std::size_t done) {
  in_flight_ -= std::min(done, in_flight_);
}

std::optional<stream_cursor::slice_wish> stream_cursor::take_wish() {
  // As long as much is under way there is no hurry.
  if (in_flight_ >= window_)
    return std::nullopt;
  return std::exchange(wish_, std::nullopt);
}

void stream_cursor::take_slice(std::uint64_t snapshot, octets content,
                               position behind, bool last) {
  if (state_ != state::snapshot || snapshot != snapshot_ || slice_)
    return;
  // Older than what the other node has been sent already: the shard tells
  // entries and slices in one line, so this cannot be.
  if (behind < sent_)
    return begin_snapshot();
  slice_ = slice{std::move(content), behind, last};
}

bool stream_cursor::is_in_step(const stream_log& log) const {
  return state_ == state::following && sent_ + 1 == log.next();
}

std::uint64_t stream_cursor::lag(const stream_log& log) const {
  return log.next() - 1 - std::min(sent_, log.next() - 1);
}

// -- stream_receiver ----------------------------------------------------------

bool stream_receiver::take(const stream_frame& frame) {
  switch (frame.what) {
  case stream_frame::kind::entry:
    if ((!whole_ && !in_snapshot_) || frame.at != last_ + 1)
      return false;
    last_ = frame.at;
    return true;
  case stream_frame::kind::begins:
    whole_ = false;
    in_snapshot_ = true;
    last_ = frame.at;
    return true;
  case stream_frame::kind::slice:
  case stream_frame::kind::last_slice:
    if (!in_snapshot_ || frame.at != last_)
      return false;
    if (frame.what == stream_frame::kind::last_slice) {
      in_snapshot_ = false;
      whole_ = true;
    }
    return true;
  }
  return false;
}

std::optional<position> stream_receiver::have() const {
  return whole_ ? std::optional{last_} : std::nullopt;
}

} // namespace troupe::cluster
