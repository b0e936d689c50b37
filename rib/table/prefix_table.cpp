#include "rib/table/prefix_table.hpp"

#include "protocol/check.hpp"

#include <new>
#include <string>

namespace troupe::rib::table {

template <class Key>
prefix_number prefix_table<Key>::create(const Key& key, std::uint64_t hash) {
  if (first_vacant_ == no_number && next_ == limit_)
    return no_number;
  index_.reserve(
      hash, [this](prefix_number n) { return this->hash((*this)[n].key()); },
      [this](prefix_number n) { prefetch(n); });
  if (first_vacant_ == no_number && next_ >> chunk_log == chunks_.size())
    chunks_.emplace_back(new entry[chunk_size]);
  auto number = first_vacant_;
  std::uint8_t kept_bits = 0;
  if (number != no_number) {
    first_vacant_ = (*this)[number].of.next_vacant;
    --vacant_count_;
    kept_bits = (*this)[number].bits & entry_bit::of_number;
  } else {
    number = next_++;
  }
  auto& e = (*this)[number];
  e.address = key.address;
  e.length = key.length;
  e.bits = kept_bits;
  e.count = 0;
  index_.insert(hash, number);
  return number;
}

template <class Key>
void prefix_table<Key>::vacate(prefix_number number) {
  auto& e = (*this)[number];
  TROUPE_CHECK(e.count == 0 && !e.has(entry_bit::vacant),
               "a number in use is made vacant");
  const auto known = index_.erase(hash(e.key()), number);
  TROUPE_CHECK(known, "a prefix is missing in the index");
  e.bits = (e.bits & entry_bit::of_number) | entry_bit::vacant;
  e.of.next_vacant = first_vacant_;
  first_vacant_ = number;
  ++vacant_count_;
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
  return chunks_.size() * chunk_size * sizeof(entry)
         + chunks_.capacity() * sizeof(chunks_[0]) + index_.memory()
         + blocks_.memory();
}

template <class Key>
std::string prefix_table<Key>::check() const {
  std::size_t vacant = 0;
  std::size_t blocks = 0;
  for (prefix_number number = 0; number != next_; ++number) {
    const auto& e = (*this)[number];
    if (e.has(entry_bit::vacant)) {
      ++vacant;
      continue;
    }
    blocks += e.count > 1 ? 1 : 0;
    if (find(e.key(), hash(e.key())) != number)
      return "the index does not find number " + std::to_string(number);
    if (e.count > 1 && e.count > block_capacity(e.of.many.size_class))
      return "too many paths for their block at " + std::to_string(number);
  }
  std::size_t listed = 0;
  for (auto n = first_vacant_; n != no_number && listed <= vacant; ++listed)
    n = (*this)[n].of.next_vacant;
  if (listed != vacant || vacant != vacant_count_)
    return "the list of vacant numbers is wrong";
  if (blocks != blocks_.size())
    return "blocks of paths were lost";
  if (index_.size() != size())
    return "the index has numbers of no prefix";
  return {};
}

template class prefix_table<ipv4_key>;
template class prefix_table<ipv6_key>;

} // namespace troupe::rib::table
