#pragma once

#include "actors/transport/transport.hpp"

#include <deque>
#include <span>
#include <sys/uio.h>

namespace troupe::transport {

/// Bytes written after which the owner hears of progress.
inline constexpr std::size_t report_after = 64UL * 1024;

/// What a socket still has to write, in the order in which it goes out.
///
/// Urgent slices overtake bulk slices at the next BGP message boundary, which
/// is found by the length fields of the messages (RFC 4271 §4.1). An empty bulk
/// queue counts as a boundary, so bytes that are no BGP messages pass as well.
class write_queue {
public:
  /// Appends slices; neighbours in the same buffer become one.
  void push(std::vector<slice> slices, priority p);

  bool empty() const { return size() == 0; }
  /// Bytes of both kinds.
  std::size_t size() const { return bulk_size_ + urgent_size_; }
  std::size_t bulk_size() const { return bulk_size_; }

  /// Points `out` at the next bytes to write, in order; returns how many
  /// entries it used. They stay valid until the queue changes.
  std::size_t fill(std::span<iovec> out) const;
  /// Removes the first `n` bytes of that order and lets go of their buffers;
  /// returns how many of them were bulk bytes.
  std::size_t advance(std::size_t n);
  /// Drops all bulk bytes behind the message that is partly written; returns
  /// how many.
  std::size_t drop_unstarted();
  /// Drops everything; returns how many bytes.
  std::size_t clear();

private:
  using queue = std::deque<slice>;

  static void append(queue& to, slice&& s);
  static void pop(queue& from, std::size_t n);
  void advance_bulk(std::size_t n);
  std::size_t next_message_size() const;
  std::uint8_t bulk_byte(std::size_t at) const;

  queue bulk_;
  queue urgent_;
  std::size_t bulk_size_ = 0;
  std::size_t urgent_size_ = 0;
  /// What is left of the bulk message that is partly written.
  std::size_t message_left_ = 0;
};

} // namespace troupe::transport
