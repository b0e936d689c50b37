#include "rib/policy_prefixes.hpp"

#include <algorithm>
#include <type_traits>
#include <xxhash.h>

namespace troupe::rib {

namespace {

std::uint64_t word(std::span<const std::uint8_t> bytes, std::size_t from) {
  std::uint64_t value = 0;
  for (std::size_t i = from; i < from + 8; ++i)
    value = value << 8 | bytes[i];
  return value;
}

/// The upper `length` bits of a word; `length` may be beyond 64.
std::uint64_t upper_bits(std::uint64_t value, unsigned length) {
  if (length == 0)
    return 0;
  return length >= 64 ? value : value & ~(~std::uint64_t{0} >> length);
}

/// The address cut to a length, in the form that the levels hold.
template <class Address>
Address cut(const protocol::ip_address& address, unsigned length) {
  if constexpr (std::is_same_v<Address, std::uint32_t>) {
    const auto value = std::uint64_t{address.v4_value()} << 32;
    return static_cast<std::uint32_t>(upper_bits(value, length) >> 32);
  } else {
    const auto bytes = address.bytes();
    return {upper_bits(word(bytes, 0), length),
            upper_bits(word(bytes, 8), length > 64 ? length - 64 : 0)};
  }
}

} // namespace

template <class Address>
prefix_set::levels<Address>
prefix_set::build(const std::vector<prefix_range>& ranges) {
  constexpr bool v4 = std::is_same_v<Address, v4_address>;
  std::vector<const prefix_range*> sorted;
  for (const auto& range : ranges)
    if (range.covering.address().is_v4() == v4)
      sorted.push_back(&range);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) {
    return std::pair{a->covering.length(), a->covering.address()}
           < std::pair{b->covering.length(), b->covering.address()};
  });
  levels<Address> result;
  for (const auto* range : sorted) {
    const auto length = static_cast<std::uint8_t>(range->covering.length());
    if (result.empty() || result.back().first != length)
      result.push_back({length, {}});
    auto& here = result.back().second;
    const auto address = cut<Address>(range->covering.address(), length);
    if (here.addresses.empty() || here.addresses.back() != address) {
      here.addresses.push_back(address);
      here.meant.emplace_back();
    }
    for (std::size_t n = range->shortest; n <= range->longest; ++n)
      here.meant.back().set(n);
    here.any |= here.meant.back();
  }
  return result;
}

template <class Address>
bool prefix_set::find(const levels<Address>& in, const protocol::prefix& p) {
  for (const auto& [length, here] : in) {
    if (length > p.length())
      return false;
    if (!here.any.test(p.length()))
      continue;
    const auto address = cut<Address>(p.address(), length);
    const auto found =
        std::lower_bound(here.addresses.begin(), here.addresses.end(), address);
    if (found == here.addresses.end() || *found != address)
      continue;
    const auto place = static_cast<std::size_t>(found - here.addresses.begin());
    if (here.meant[place].test(p.length()))
      return true;
  }
  return false;
}

prefix_set::prefix_set(const std::vector<prefix_range>& ranges)
    : v4_(build<v4_address>(ranges)), v6_(build<v6_address>(ranges)) {}

bool prefix_set::matches(const protocol::prefix& p) const {
  return p.address().is_v4() ? find(v4_, p) : find(v6_, p);
}

// -- prefix_list --------------------------------------------------------------

struct prefix_list::storage {
  explicit storage(std::vector<prefix_range> list)
      : ranges(std::move(list)), index(ranges), hash(hash_of(ranges)) {}

  static std::uint64_t hash_of(const std::vector<prefix_range>& list) {
    std::uint64_t result = list.size();
    for (const auto& range : list) {
      const auto text = to_string(range);
      result = XXH3_64bits_withSeed(text.data(), text.size(), result);
    }
    return result;
  }

  std::vector<prefix_range> ranges;
  prefix_set index;
  std::uint64_t hash;
};

prefix_list::prefix_list(std::vector<prefix_range> ranges)
    : storage_(std::make_shared<const storage>(std::move(ranges))) {}

const std::vector<prefix_range>& prefix_list::ranges() const {
  static const std::vector<prefix_range> none;
  return storage_ ? storage_->ranges : none;
}

bool prefix_list::matches(const protocol::prefix& p) const {
  return storage_ && storage_->index.matches(p);
}

std::uint64_t prefix_list::hash() const {
  return storage_ ? storage_->hash : 0;
}

bool operator==(const prefix_list& a, const prefix_list& b) {
  return a.storage_ == b.storage_
         || (a.hash() == b.hash() && a.ranges() == b.ranges());
}

} // namespace troupe::rib
