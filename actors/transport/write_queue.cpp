#include "actors/transport/write_queue.hpp"

#include <algorithm>

namespace troupe::transport {

namespace {

// RFC 4271 §4.1: marker (16 octets), length (2), type (1).
constexpr std::size_t length_offset = 16;
constexpr std::size_t header_size = 19;

using queue = std::deque<slice>;

/// A part of a queue, in bytes.
struct range {
  std::size_t skip = 0;
  std::size_t limit = 0;
};

iovec to_iovec(const slice& s, std::size_t skip, std::size_t size) {
  // iovec knows no const; sendmsg does not write.
  auto* first = const_cast<std::uint8_t*>(s.buffer->data() + s.offset + skip);
  return {first, size};
}

std::size_t add(const queue& from, range part, std::span<iovec> out) {
  std::size_t used = 0;
  for (const auto& s : from) {
    if (part.limit == 0 || used == out.size())
      break;
    if (part.skip >= s.size) {
      part.skip -= s.size;
      continue;
    }
    auto size = std::min(s.size - part.skip, part.limit);
    out[used++] = to_iovec(s, part.skip, size);
    part.skip = 0;
    part.limit -= size;
  }
  return used;
}

} // namespace

void write_queue::append(queue& to, slice&& s) {
  if (s.size == 0)
    return;
  if (!to.empty()) {
    auto& last = to.back();
    if (last.buffer == s.buffer && last.offset + last.size == s.offset) {
      last.size += s.size;
      return;
    }
  }
  to.push_back(std::move(s));
}

void write_queue::push(std::vector<slice> slices, priority p) {
  auto urgent = p == priority::urgent;
  for (auto& s : slices) {
    (urgent ? urgent_size_ : bulk_size_) += s.size;
    append(urgent ? urgent_ : bulk_, std::move(s));
  }
}

std::size_t write_queue::fill(std::span<iovec> out) const {
  auto used =
      add(bulk_, {0, urgent_.empty() ? bulk_size_ : message_left_}, out);
  if (urgent_.empty())
    return used;
  used += add(urgent_, {0, urgent_size_}, out.subspan(used));
  range rest{message_left_, bulk_size_ - message_left_};
  return used + add(bulk_, rest, out.subspan(used));
}

std::size_t write_queue::advance(std::size_t n) {
  auto head = std::min(n, urgent_.empty() ? bulk_size_ : message_left_);
  advance_bulk(head);
  n -= head;
  auto urgent = std::min(n, urgent_size_);
  pop(urgent_, urgent);
  urgent_size_ -= urgent;
  n -= urgent;
  advance_bulk(n);
  return head + n;
}

std::size_t write_queue::drop_unstarted() {
  auto dropped = bulk_size_ - message_left_;
  auto keep = message_left_;
  queue kept;
  for (auto& s : bulk_) {
    if (keep == 0)
      break;
    s.size = std::min(s.size, keep);
    keep -= s.size;
    kept.push_back(std::move(s));
  }
  bulk_ = std::move(kept);
  bulk_size_ = message_left_;
  return dropped;
}

std::size_t write_queue::clear() {
  auto dropped = size();
  *this = write_queue{};
  return dropped;
}

void write_queue::pop(queue& from, std::size_t n) {
  while (n > 0) {
    auto& first = from.front();
    auto taken = std::min(n, first.size);
    first.offset += taken;
    first.size -= taken;
    n -= taken;
    if (first.size == 0)
      from.pop_front();
  }
}

void write_queue::advance_bulk(std::size_t n) {
  while (n > 0) {
    if (message_left_ == 0)
      message_left_ = next_message_size();
    auto taken = std::min(n, message_left_);
    pop(bulk_, taken);
    message_left_ -= taken;
    bulk_size_ -= taken;
    n -= taken;
  }
}

std::size_t write_queue::next_message_size() const {
  if (bulk_size_ < header_size)
    return bulk_size_;
  auto high = std::size_t{bulk_byte(length_offset)} << 8U;
  auto size = high | bulk_byte(length_offset + 1);
  return std::clamp(size, header_size, bulk_size_);
}

std::uint8_t write_queue::bulk_byte(std::size_t at) const {
  auto s = bulk_.begin();
  while (at >= s->size) {
    at -= s->size;
    ++s;
  }
  return (*s->buffer)[s->offset + at];
}

} // namespace troupe::transport
