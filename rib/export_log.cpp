#include "rib/export_log.hpp"

#include "protocol/check.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::rib {

namespace {

// What an encoder may write behind a message, so that it copies whole words.
constexpr std::size_t slack = 16;
// A chunk is what a member takes at least.
constexpr std::size_t largest_chunk = 64UL * 1024;

void append(std::vector<output_slice>& slices, const log_chunk& c) {
  if (c.size == 0)
    return;
  if (!slices.empty()) {
    auto& last = slices.back();
    if (last.block == c.block && last.offset + last.size == c.offset) {
      last.size += c.size;
      (is_refresh(c.mark) ? last.refreshes : last.updates) += c.messages;
      return;
    }
  }
  const bool refresh = is_refresh(c.mark);
  slices.push_back({c.block, c.offset, c.size, refresh ? 0 : c.messages,
                    refresh ? c.messages : 0});
}

} // namespace

void log_chunk::add_number(unsigned of_shard, prefix_number n) {
  TROUPE_CHECK((n & shard_mark) == 0, "a prefix number is too large");
  if (numbers.empty() || shard != of_shard) {
    numbers.push_back(shard_mark | of_shard);
    shard = static_cast<std::uint16_t>(of_shard);
  }
  numbers.push_back(n);
}

export_log::export_log(std::size_t block_size) : block_size_(block_size) {}

// -- readers ------------------------------------------------------------------

void export_log::enter_chunk(const reader& r) {
  if (r.cursor == end_number())
    ++at_end_;
  else
    ++chunks_[r.cursor - first_].cursors;
}

void export_log::leave_chunk(const reader& r) {
  if (r.cursor == end_number())
    --at_end_;
  else
    --chunks_[r.cursor - first_].cursors;
}

void export_log::start(member_slot m, unsigned families) {
  if (m >= readers_.size())
    readers_.resize(m + 1);
  auto& r = readers_[m];
  TROUPE_CHECK(!r.reading, "the member reads already");
  r = {end_number(), families, true};
  ++reading_;
  for (std::size_t f = 0; f < family_count; ++f)
    reading_family_[f] += families >> f & 1;
  enter_chunk(r);
}

void export_log::stop(member_slot m) {
  if (!is_reading(m))
    return;
  auto& r = readers_[m];
  leave_chunk(r);
  r.reading = false;
  --reading_;
  for (std::size_t f = 0; f < family_count; ++f)
    reading_family_[f] -= r.families >> f & 1;
  trim();
}

bool export_log::admits(admission who, member_slot m) const {
  switch (who.kind()) {
  case admission::form::all:
    return true;
  case admission::form::all_but:
    return who.value() != m;
  case admission::form::only:
    return who.value() == m;
  case admission::form::set: {
    const auto& bits = sets_[who.value()].bits;
    return m / 64 < bits.size() && (bits[m / 64] >> m % 64 & 1) != 0;
  }
  }
  return false;
}

bool export_log::is_wanted(admission who, std::size_t family) const {
  const auto reads = [&](member_slot m) {
    return is_reading(m) && (readers_[m].families >> family & 1) != 0;
  };
  switch (who.kind()) {
  case admission::form::all:
    return reading_family_[family] != 0;
  case admission::form::all_but:
    return reading_family_[family] > (reads(who.value()) ? 1U : 0U);
  case admission::form::only:
    return reads(who.value());
  case admission::form::set: // its chunk must have somebody before it
    return reading_family_[family] != 0;
  }
  return false;
}

bool export_log::seek(member_slot m) {
  auto& r = readers_[m];
  if (r.cursor == end_number())
    return false;
  auto at = r.cursor;
  while (at != end_number() && !is_for(chunks_[at - first_], m))
    ++at;
  if (at != r.cursor) {
    leave_chunk(r);
    r.cursor = at;
    enter_chunk(r);
    trim();
  }
  return at != end_number();
}

std::vector<output_slice> export_log::take(member_slot m, std::size_t bytes) {
  std::vector<output_slice> slices;
  auto& r = readers_[m];
  std::size_t taken = 0;
  auto at = r.cursor;
  for (; at != end_number() && taken < bytes; ++at) {
    const auto& c = chunks_[at - first_];
    if (!is_for(c, m))
      continue;
    append(slices, c);
    taken += c.size;
  }
  leave_chunk(r);
  r.cursor = at;
  enter_chunk(r);
  trim();
  return slices;
}

std::uint64_t export_log::unread(member_slot m) const {
  const auto& r = readers_[m];
  return r.cursor == end_number()
             ? 0
             : end_position_ - chunks_[r.cursor - first_].start;
}

void export_log::trim() {
  while (!chunks_.empty() && chunks_.front().cursors == 0) {
    // A reader may be in front of a later chunk, but never behind this one.
    const auto& who = chunks_.front().who;
    if (who.kind() == admission::form::set)
      --sets_[who.value()].chunks;
    chunks_.pop_front();
    ++first_;
  }
}

// -- writing ------------------------------------------------------------------

admission export_log::make_set(std::vector<member_slot> members) {
  if (members.size() == 1)
    return admission::only(members.front());
  std::size_t i = 0;
  while (i < sets_.size() && sets_[i].used)
    ++i;
  if (i == sets_.size())
    sets_.emplace_back();
  auto& set = sets_[i];
  set.bits.clear();
  for (const auto m : members) {
    if (m / 64 >= set.bits.size())
      set.bits.resize(m / 64 + 1);
    set.bits[m / 64] |= std::uint64_t{1} << m % 64;
  }
  set.used = true;
  return admission::set(static_cast<std::uint32_t>(i));
}

void export_log::drop_unused_sets() {
  for (auto& set : sets_)
    if (set.chunks == 0)
      set.used = false;
}

log_chunk& export_log::prepare(admission who, std::size_t family,
                               std::size_t size) {
  const bool fits = block_ && fill_ + size + slack <= block_->size();
  if (!fits) {
    block_ = std::make_shared<std::vector<std::uint8_t>>(
        std::max(block_size_, size) + slack);
    fill_ = 0;
  }
  if (fits && !chunks_.empty() && at_end_ == 0) {
    // Nobody has read the last chunk yet, so it may grow.
    auto& last = chunks_.back();
    if (last.who == who && last.family == family && last.mark == log_mark::none
        && last.block == block_ && last.offset + last.size == fill_
        && last.size + size <= largest_chunk)
      return last;
  }
  return add_chunk(who, family);
}

log_chunk& export_log::add_chunk(admission who, std::size_t family) {
  log_chunk c;
  c.block = block_;
  c.start = end_position_;
  c.offset = static_cast<std::uint32_t>(fill_);
  c.who = who;
  c.family = static_cast<std::uint8_t>(family);
  chunks_.push_back(std::move(c));
  chunks_.back().cursors = at_end_;
  at_end_ = 0;
  if (who.kind() == admission::form::set)
    ++sets_[who.value()].chunks;
  return chunks_.back();
}

void export_log::commit(std::size_t size) {
  auto& last = chunks_.back();
  last.size += static_cast<std::uint32_t>(size);
  ++last.messages;
  fill_ += size;
  end_position_ += size;
}

void export_log::append_mark(log_mark mark, admission who, std::size_t family,
                             std::span<const std::uint8_t> message) {
  auto* chunk = &prepare(who, family, message.size());
  if (chunk->messages != 0)
    chunk = &add_chunk(who, family);
  std::memcpy(end(), message.data(), message.size());
  chunk->mark = mark;
  commit(message.size());
}

std::size_t export_log::memory() const {
  std::size_t total = readers_.capacity() * sizeof(reader);
  const std::vector<std::uint8_t>* last = nullptr;
  const auto add_block = [&](const auto& block) {
    if (block && block.get() != last)
      total += block->capacity();
    last = block.get();
  };
  for (const auto& c : chunks_) {
    add_block(c.block);
    total += sizeof(log_chunk) + c.numbers.capacity() * sizeof(c.numbers[0]);
  }
  add_block(block_);
  return total;
}

std::string export_log::check() const {
  std::vector<std::uint32_t> cursors(chunks_.size());
  std::uint32_t at_end = 0;
  std::size_t reading = 0;
  for (const auto& r : readers_) {
    if (!r.reading)
      continue;
    ++reading;
    if (r.cursor < first_ || r.cursor > end_number())
      return "a cursor is outside the log";
    if (r.cursor == end_number())
      ++at_end;
    else
      ++cursors[r.cursor - first_];
  }
  if (reading != reading_ || at_end != at_end_)
    return "the readers of the log are miscounted";
  auto position = read_position();
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i].cursors != cursors[i])
      return "the cursors of a chunk are miscounted";
    if (chunks_[i].start != position)
      return "the chunks of the log do not join";
    position += chunks_[i].size;
  }
  if (position != end_position_)
    return "the end of the log is wrong";
  if (!chunks_.empty() && chunks_.front().cursors == 0)
    return "the log holds what nobody needs";
  return {};
}

} // namespace troupe::rib
