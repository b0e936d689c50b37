#include "rib/table/path_blocks.hpp"

#include <new>

namespace troupe::rib::table {

path_blocks::path_blocks() {
  with_room_.fill(none);
}

std::uint32_t path_blocks::make_chunk(std::uint8_t size_class) {
  if (vacant_.empty()) {
    if (chunks_.size() == std::size_t{1} << 20)
      throw std::bad_alloc();
    chunks_.emplace_back();
    // Giving chunks back must not throw later.
    vacant_.reserve(chunks_.capacity());
    vacant_.push_back(static_cast<std::uint32_t>(chunks_.size() - 1));
  }
  const auto which = vacant_.back();
  auto& made = chunks_[which];
  // Pages that no block was cut from stay untouched.
  made.memory.reset(
      static_cast<path*>(::operator new[](chunk_paths * sizeof(path))));
  made.size_class = size_class;
  made.free = 0xffff;
  made.cut = 0;
  made.used = 0;
  vacant_.pop_back();
  link(which);
  return which;
}

void path_blocks::link(std::uint32_t which) {
  auto& c = chunks_[which];
  auto& first = with_room_[c.size_class];
  c.previous = none;
  c.next = first;
  if (first != none)
    chunks_[first].previous = which;
  first = which;
}

void path_blocks::unlink(std::uint32_t which) {
  const auto& c = chunks_[which];
  if (c.next != none)
    chunks_[c.next].previous = c.previous;
  (c.previous != none ? chunks_[c.previous].next : with_room_[c.size_class]) =
      c.next;
}

block_ref path_blocks::allocate(std::uint8_t size_class) {
  auto which = with_room_[size_class];
  if (which == none)
    which = make_chunk(size_class);
  auto& c = chunks_[which];
  const auto offset = c.free != 0xffff ? c.free : c.cut;
  if (c.free != 0xffff)
    // A free block's first path keeps the list.
    c.free = static_cast<std::uint16_t>(c.memory[offset].path_id);
  else
    c.cut = static_cast<std::uint16_t>(c.cut + block_capacity(size_class));
  ++c.used;
  ++used_;
  if (!has_room(c))
    unlink(which);
  return block_ref{which << 12 | offset};
}

void path_blocks::free(block_ref block) {
  const auto which = static_cast<std::uint32_t>(block) >> 12;
  const auto offset = static_cast<std::uint32_t>(block) & 0xfff;
  auto& c = chunks_[which];
  if (!has_room(c))
    link(which);
  c.memory[offset].path_id = c.free;
  c.free = static_cast<std::uint16_t>(offset);
  --used_;
  if (--c.used != 0)
    return;
  unlink(which);
  c.memory.reset();
  vacant_.push_back(which);
}

std::size_t path_blocks::memory() const {
  return (chunks_.size() - vacant_.size()) * chunk_paths * sizeof(path)
         + chunks_.capacity() * sizeof(chunk)
         + vacant_.capacity() * sizeof(std::uint32_t);
}

} // namespace troupe::rib::table
