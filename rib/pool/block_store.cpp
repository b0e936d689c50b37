#include "rib/pool/block_store.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>

namespace troupe::rib::pool {

namespace {

constexpr std::size_t page_size = std::size_t{units_per_page} * unit_size;
constexpr std::uint32_t chunk_limit =
    1U << (32 - block_store::units_per_chunk_log);

} // namespace

block_store::block_store()
    // Zeroed pages that nobody writes to cost nothing.
    : chunks_(static_cast<std::byte**>(
        std::calloc(chunk_limit, sizeof(std::byte*)))) {
  if (chunks_ == nullptr)
    throw std::bad_alloc();
  with_room_.fill(none);
  spans_.fill(none);
}

block_store::~block_store() {
  for (std::uint32_t i = 0; i != chunk_count_; ++i)
    std::free(chunks_[i]);
  std::free(chunks_);
}

std::uint32_t block_store::allocate(std::uint32_t units, std::uint32_t owner) {
  const std::lock_guard guard(lock_);
  if (units > units_per_page)
    return take_pages(page_order(units)) * units_per_page;
  const auto size = class_of(units);
  owner %= owners;
  auto which = with_room(owner, size.index);
  if (which == none) {
    which = take_page();
    pages_[which].owner = static_cast<std::uint8_t>(owner);
    pages_[which].free = 0xffff;
    pages_[which].cut = 0;
    link(which, size.index);
  }
  auto& from = pages_[which];
  const auto unit =
      which * units_per_page + (from.free != 0xffff ? from.free : from.cut);
  if (from.free != 0xffff) // a free block keeps the list
    std::memcpy(&from.free, address(unit), sizeof(from.free));
  else
    from.cut = static_cast<std::uint16_t>(from.cut + size.units);
  ++from.used;
  if (!has_room(from, size.units))
    unlink(which, size.index);
  return unit;
}

void block_store::free(std::uint32_t first, std::uint32_t units) noexcept {
  const std::lock_guard guard(lock_);
  const auto which = first / units_per_page;
  if (units > units_per_page) {
    auto& head = spans_[page_order(units)];
    pages_[which].next = head;
    head = which;
    return;
  }
  const auto size = class_of(units);
  auto& to = pages_[which];
  if (!has_room(to, size.units))
    link(which, size.index);
  std::memcpy(address(first), &to.free, sizeof(to.free));
  to.free = static_cast<std::uint16_t>(first % units_per_page);
  if (--to.used != 0)
    return;
  unlink(which, size.index);
  give_back(which);
}

void block_store::give_back(std::uint32_t which) noexcept {
  const bool keeps =
      kept_ < most_kept
      || ::madvise(address(which * units_per_page), page_size, MADV_DONTNEED)
             != 0;
  auto& head = keeps ? kept_page_ : free_page_;
  pages_[which].next = head;
  head = which;
  if (keeps)
    ++kept_;
  else
    --taken_;
}

std::uint32_t block_store::take_page() {
  if (kept_page_ != none) {
    --kept_;
    const auto which = kept_page_;
    kept_page_ = pages_[which].next;
    return which;
  }
  if (free_page_ == none)
    return next_pages(1);
  ++taken_;
  const auto which = free_page_;
  free_page_ = pages_[which].next;
  return which;
}

std::uint32_t block_store::take_pages(std::uint32_t order) {
  auto& head = spans_[order];
  if (head == none)
    return next_pages(1U << order);
  const auto which = head;
  head = pages_[which].next;
  return which;
}

// What is left of a chunk when it does not suffice serves smaller blocks.
std::uint32_t block_store::next_pages(std::uint32_t count) {
  const auto left = chunk_count_ * pages_per_chunk - next_page_;
  if (left < count) {
    add_chunk();
    for (std::uint32_t i = 0; i != left; ++i, ++next_page_) {
      pages_[next_page_].next = free_page_;
      free_page_ = next_page_;
    }
    if (next_page_ == 0)
      next_page_ = 1; // unit 0 stands for no set
  }
  const auto first = next_page_;
  next_page_ += count;
  taken_ += count;
  return first;
}

void block_store::add_chunk() {
  if (chunk_count_ == chunk_limit)
    throw std::bad_alloc();
  const auto pages = std::size_t{chunk_count_ + 1} * pages_per_chunk;
  if (pages > pages_.capacity())
    pages_.reserve(std::max(pages, pages_.capacity() * 2));
  auto* memory = std::aligned_alloc(page_size, pages_per_chunk * page_size);
  if (memory == nullptr)
    throw std::bad_alloc();
  pages_.resize(pages);
  chunks_[chunk_count_++] = static_cast<std::byte*>(memory);
}

void block_store::link(std::uint32_t which, std::uint32_t class_index) {
  auto& first = with_room(pages_[which].owner, class_index);
  pages_[which].previous = none;
  pages_[which].next = first;
  if (first != none)
    pages_[first].previous = which;
  first = which;
}

void block_store::unlink(std::uint32_t which, std::uint32_t class_index) {
  const auto& p = pages_[which];
  if (p.next != none)
    pages_[p.next].previous = p.previous;
  (p.previous != none ? pages_[p.previous].next
                      : with_room(p.owner, class_index)) = p.next;
}

std::uint64_t block_store::memory() const {
  const std::lock_guard guard(lock_);
  return taken_ * page_size + pages_.capacity() * sizeof(page);
}

} // namespace troupe::rib::pool
