#pragma once

#include "rib/change.hpp"

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::rib {

/// A set of prefix numbers as a bitmap: what a member is owed costs a bit per
/// prefix, however long it does not read.
class number_set {
public:
  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Octets allocated.
  std::size_t memory() const { return words_.capacity() * 8; }

  bool contains(prefix_number n) const {
    return n / 64 < words_.size() && (words_[n / 64] >> n % 64 & 1) != 0;
  }
  /// Whether it was not there yet.
  bool insert(prefix_number n) {
    if (n / 64 >= words_.size())
      words_.resize(n / 64 + 1);
    auto& word = words_[n / 64];
    const auto bit = std::uint64_t{1} << n % 64;
    if ((word & bit) != 0)
      return false;
    word |= bit;
    ++size_;
    return true;
  }
  void erase(prefix_number n) {
    if (!contains(n))
      return;
    words_[n / 64] &= ~(std::uint64_t{1} << n % 64);
    --size_;
  }
  /// Takes all of [first, last) out; returns how many there were.
  std::uint64_t erase(prefix_number first, prefix_number last) {
    const auto before = size_;
    for (auto at = next(first); at && *at < last; at = next(*at)) {
      auto& word = words_[*at / 64];
      const auto bits = word & within(*at / 64, first, last);
      word &= ~bits;
      size_ -= static_cast<unsigned>(std::popcount(bits));
    }
    return before - size_;
  }
  void clear() {
    words_ = std::vector<std::uint64_t>{};
    size_ = 0;
  }
  /// The smallest number that is not below `from`.
  std::optional<prefix_number> next(prefix_number from) const {
    if (size_ == 0 || from / 64 >= words_.size())
      return std::nullopt;
    std::size_t i = from / 64;
    auto word = words_[i] & ~std::uint64_t{0} << from % 64;
    while (word == 0) {
      if (++i == words_.size())
        return std::nullopt;
      word = words_[i];
    }
    return static_cast<prefix_number>(
        i * 64 + static_cast<unsigned>(std::countr_zero(word)));
  }
  /// How many lie within [first, last).
  std::uint64_t count(prefix_number first, prefix_number last) const {
    std::uint64_t total = 0;
    for (std::size_t i = first / 64; i < words_.size() && i * 64 < last; ++i)
      total += static_cast<unsigned>(
          std::popcount(words_[i] & within(i, first, last)));
    return total;
  }
  /// Adds what another set has within [first, last).
  void merge(const number_set& other, prefix_number first, prefix_number last) {
    for (auto at = other.next(first); at && *at < last;
         at = other.next(*at + 1))
      insert(*at);
  }

private:
  // The bits of word `i` whose numbers lie within [first, last).
  static std::uint64_t within(std::size_t i, prefix_number first,
                              prefix_number last) {
    const std::uint64_t begin = i * 64;
    auto mask = ~std::uint64_t{0};
    if (begin < first)
      mask &= ~std::uint64_t{0} << (first - begin);
    if (begin + 64 > last)
      mask &= ~(~std::uint64_t{0} << (last - begin));
    return mask;
  }

  std::vector<std::uint64_t> words_;
  std::uint64_t size_ = 0;
};

} // namespace troupe::rib
