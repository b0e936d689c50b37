#include "rib/table/prefix_table.hpp"

#include "protocol/check.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace troupe::rib::table {

namespace {

/// A key that no route has, another one for each number.
ipv4_key no_route(prefix_number n, ipv4_key key) {
  key.address = n;
  key.length = 0xff;
  return key;
}
ipv6_key no_route(prefix_number n, ipv6_key key) {
  for (std::size_t i = 0; i != sizeof(n); ++i)
    key.address[i] = static_cast<std::uint8_t>(n >> 8 * i);
  key.length = 0xff;
  return key;
}

} // namespace

template <class Key>
prefix_table<Key>::prefix_table(std::uint64_t seed, prefix_number limit)
    : seed_(seed), limit_(std::min(limit, number_count)) {}

template <class Key>
prefix_table<Key>::~prefix_table() {
  for (std::size_t i = 0; i != chunks_.size(); ++i)
    if (chunks_[i].has_memory)
      delete[] entries_[i];
}

template <class Key>
prefix_number prefix_table<Key>::create(const Key& key, std::uint64_t hash) {
  index_.reserve(
      hash, [this](prefix_number n) { return this->hash((*this)[n].key()); },
      [this](prefix_number n) { prefetch(n); });
  const auto number = take_number();
  if (number == no_number)
    return no_number;
  auto& e = (*this)[number];
  e.address = key.address;
  e.length = key.length;
  e.bits = e.bits & entry_bit::of_number;
  e.count = 0;
  index_.insert(hash, number);
  return number;
}

template <class Key>
void prefix_table<Key>::take_numbers_of(const prefix_table& other) {
  TROUPE_CHECK(next_ == 0, "numbers are taken by a table in use");
  std::vector<prefix_number> nameless;
  for (prefix_number n = 0; n != other.next_; ++n) {
    const auto& e = other[n];
    const bool vacant = e.has(entry_bit::vacant);
    if (vacant)
      nameless.push_back(n);
    const auto key = vacant ? no_route(n, Key{}) : e.key();
    TROUPE_CHECK(create(key, hash(key)) == n, "a number cannot be taken");
  }
  for (const auto n : nameless)
    vacate(n);
}

// One that was vacant, else the next new one; `no_number` when there is none.
template <class Key>
prefix_number prefix_table<Key>::take_number() {
  auto* from = chunk_with_room();
  if (from == nullptr)
    return no_number;
  auto number = from->first_vacant;
  if (number != no_number) {
    from->first_vacant = (*this)[number].of.next_vacant;
  } else {
    number = next_++;
    (*this)[number].bits = 0;
  }
  ++from->used;
  ++live_;
  return number;
}

template <class Key>
typename prefix_table<Key>::chunk* prefix_table<Key>::chunk_with_room() {
  while (!with_room_.empty()) {
    auto& c = chunks_[with_room_.back()];
    if (c.has_memory && c.first_vacant != no_number)
      return &c;
    c.is_listed = false;
    with_room_.pop_back();
  }
  if (!without_memory_.empty()) {
    auto& c = chunks_[without_memory_.back()];
    allocate(c);
    without_memory_.pop_back();
    return &c;
  }
  if (next_ == limit_)
    return nullptr;
  if (next_ >> chunk_log == chunks_.size()) {
    if (chunks_.size() == chunks_.capacity())
      chunks_.reserve(std::max<std::size_t>(16, chunks_.size() * 2));
    entries_.reserve(chunks_.capacity());
    with_room_.reserve(chunks_.capacity());
    without_memory_.reserve(chunks_.capacity());
    entries_.push_back(new entry[chunk_size]);
    chunks_.emplace_back();
  }
  return &chunks_[next_ >> chunk_log];
}

// Of all of its numbers a prefix was named before.
template <class Key>
void prefix_table<Key>::allocate(chunk& c) {
  const auto first = first_of(c);
  entries_[first >> chunk_log] = new entry[chunk_size];
  c.has_memory = true;
  for (auto n = first + chunk_size; n-- != first;) {
    auto& e = (*this)[n];
    e.bits = entry_bit::vacant;
    e.count = 0;
    e.of.next_vacant = c.first_vacant;
    c.first_vacant = n;
  }
  list(c);
}

template <class Key>
void prefix_table<Key>::list(chunk& c) {
  if (std::exchange(c.is_listed, true))
    return;
  with_room_.push_back(first_of(c) >> chunk_log);
}

template <class Key>
void prefix_table<Key>::vacate(prefix_number number) {
  auto& e = (*this)[number];
  TROUPE_CHECK(e.count == 0 && !e.has(entry_bit::vacant),
               "a number in use is made vacant");
  const auto key_hash = hash(e.key());
  const auto known = index_.erase(key_hash, number);
  TROUPE_CHECK(known, "a prefix is missing in the index");
  e.bits = (e.bits & entry_bit::of_number) | entry_bit::vacant;
  auto& c = chunks_[number >> chunk_log];
  e.of.next_vacant = c.first_vacant;
  c.first_vacant = number;
  --c.used;
  --live_;
  list(c);
  if (c.used == 0)
    give_back(c);
  index_.shrink(key_hash, [this](prefix_number n) {
    return this->hash((*this)[n].key());
  });
}

// Queues may still name a vacant number: then its bits are needed.
template <class Key>
void prefix_table<Key>::give_back(chunk& c) {
  const auto first = first_of(c);
  if (next_ - first < chunk_size)
    return; // has numbers that were never given to a prefix
  const auto is_named = [](const entry& e) {
    return (e.bits & entry_bit::of_number) != 0;
  };
  auto*& entries = entries_[first >> chunk_log];
  if (std::any_of(entries, entries + chunk_size, is_named))
    return;
  try {
    if (!no_entries_) {
      no_entries_.reset(new entry[chunk_size]);
      for (prefix_number i = 0; i != chunk_size; ++i) {
        no_entries_[i].bits = entry_bit::vacant;
        no_entries_[i].count = 0;
      }
    }
  } catch (const std::bad_alloc&) {
    return;
  }
  delete[] entries;
  entries = no_entries_.get();
  c.has_memory = false;
  c.first_vacant = no_number;
  without_memory_.push_back(first >> chunk_log);
}

template <class Key>
void prefix_table<Key>::move_paths(entry& e, std::uint8_t size_class) {
  const auto block = blocks_.allocate(size_class);
  const auto old = paths(e);
  std::copy(old.begin(), old.end(), blocks_[block]);
  if (e.count > 1)
    blocks_.free(e.of.many.block);
  e.of.many = {block, size_class};
}

template <class Key>
void prefix_table<Key>::add(entry& e, const path& p) {
  if (e.count == 0) {
    std::construct_at(&e.of.one, p);
    e.count = 1;
    return;
  }
  if (e.count == 1)
    move_paths(e, 0);
  else if (e.count == block_capacity(e.of.many.size_class))
    move_paths(e, static_cast<std::uint8_t>(e.of.many.size_class + 1));
  blocks_[e.of.many.block][e.count++] = p;
}

template <class Key>
void prefix_table<Key>::remove(entry& e, std::size_t index) {
  const auto all = paths(e);
  all[index] = all.back();
  if (e.count <= 2) {
    if (e.count == 2) {
      const auto left = all.front();
      blocks_.free(e.of.many.block);
      std::construct_at(&e.of.one, left);
    }
    --e.count;
    return;
  }
  --e.count;
  const auto held = e.of.many.size_class;
  if (held < 2 || e.count > block_capacity(static_cast<std::uint8_t>(held - 2)))
    return;
  try {
    move_paths(e, static_cast<std::uint8_t>(held - 2));
  } catch (const std::bad_alloc&) {
    // The larger block serves as well.
  }
}

template <class Key>
std::size_t prefix_table<Key>::memory() const {
  const auto arrays = chunks_.size() - without_memory_.size()
                      + (no_entries_ ? std::size_t{1} : 0);
  return arrays * chunk_size * sizeof(entry)
         + chunks_.capacity() * (sizeof(chunks_[0]) + sizeof(entries_[0]))
         + (with_room_.capacity() + without_memory_.capacity())
               * sizeof(std::uint32_t)
         + index_.memory() + blocks_.memory();
}

template <class Key>
std::string prefix_table<Key>::check() const {
  std::size_t blocks = 0;
  std::size_t live = 0;
  for (prefix_number number = 0; number != next_; ++number) {
    const auto& e = (*this)[number];
    if (e.has(entry_bit::vacant))
      continue;
    ++live;
    blocks += e.count > 1 ? 1 : 0;
    if (find(e.key(), hash(e.key())) != number)
      return "the index does not find number " + std::to_string(number);
    if (e.count > 1 && e.count > block_capacity(e.of.many.size_class))
      return "too many paths for their block at " + std::to_string(number);
  }
  for (const auto& c : chunks_)
    if (auto wrong = check_vacant(c); !wrong.empty())
      return wrong;
  if (live != live_)
    return "the numbers in use are miscounted";
  if (blocks != blocks_.size())
    return "blocks of paths were lost";
  if (index_.size() != size())
    return "the index has numbers of no prefix";
  return {};
}

template <class Key>
std::string prefix_table<Key>::check_vacant(const chunk& c) const {
  const auto first = first_of(c);
  const auto end = std::min(first + chunk_size, next_);
  std::size_t vacant = 0;
  for (auto n = first; n < end; ++n)
    vacant += (*this)[n].has(entry_bit::vacant) ? 1U : 0U;
  if (vacant + c.used != end - first)
    return "the numbers in use of a chunk are miscounted";
  if (!c.has_memory)
    return c.used == 0 && c.first_vacant == no_number
               ? ""
               : "numbers without memory are in use";
  std::size_t listed = 0;
  for (auto n = c.first_vacant; n != no_number && listed <= vacant; ++listed)
    n = (*this)[n].of.next_vacant;
  if (listed != vacant || (vacant != 0 && !c.is_listed))
    return "a list of vacant numbers is wrong";
  return {};
}

template class prefix_table<ipv4_key>;
template class prefix_table<ipv6_key>;

} // namespace troupe::rib::table
