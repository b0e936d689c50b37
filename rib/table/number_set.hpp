#pragma once

#include "rib/table/number_index.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::rib::table {

/// A set of prefix numbers, a bit each.
class number_set {
public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  bool contains(prefix_number number) const {
    return number / 64 < words_.size()
           && (words_[number / 64] >> number % 64 & 1) != 0;
  }
  /// Makes room for the numbers below `limit`, so that `insert` does not throw.
  void reserve(prefix_number limit) {
    if (limit / 64 >= words_.capacity())
      words_.reserve(
          std::max<std::size_t>(limit / 64 + 1, words_.capacity() * 2));
  }
  void insert(prefix_number number) {
    if (number / 64 >= words_.size())
      words_.resize(number / 64 + 1);
    auto& word = words_[number / 64];
    const auto bit = std::uint64_t{1} << number % 64;
    size_ += (word & bit) == 0 ? 1 : 0;
    word |= bit;
    first_ = std::min(first_, number / 64);
  }
  /// Inserts every number below `limit`.
  void insert_below(prefix_number limit) {
    words_.resize(std::max<std::size_t>(words_.size(), limit / 64 + 1));
    std::fill_n(words_.begin(), limit / 64, ~std::uint64_t{0});
    words_[limit / 64] |= (std::uint64_t{1} << limit % 64) - 1;
    size_ = 0;
    for (const auto word : words_)
      size_ += static_cast<std::size_t>(std::popcount(word));
    first_ = 0;
  }
  /// Takes the lowest number out; the set must not be empty.
  prefix_number take_first() {
    while (words_[first_] == 0)
      ++first_;
    auto& word = words_[first_];
    const auto number =
        first_ * 64 + static_cast<prefix_number>(std::countr_zero(word));
    word &= word - 1;
    if (--size_ == 0)
      clear();
    return number;
  }
  void clear() {
    words_ = {};
    size_ = 0;
    first_ = 0;
  }
  std::size_t memory() const { return words_.capacity() * 8; }

private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
  prefix_number first_ = 0; // no word before it has a bit
};

} // namespace troupe::rib::table
