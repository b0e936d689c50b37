#pragma once

#include "rib/change.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace troupe::rib::table {

/// A queue of prefix numbers, four bytes each.
class number_queue {
public:
  bool empty() const { return head_ == numbers_.size(); }
  std::size_t size() const { return numbers_.size() - head_; }
  /// The n-th from the front.
  prefix_number operator[](std::size_t n) const { return numbers_[head_ + n]; }

  /// Makes room for `more` numbers, so that `push` does not throw.
  void reserve(std::size_t more) {
    const auto needed = numbers_.size() + more;
    if (needed > numbers_.capacity())
      numbers_.reserve(std::max(needed, numbers_.capacity() * 2));
  }
  void push(prefix_number number) { numbers_.push_back(number); }
  /// Takes so many from the front.
  void pop(std::size_t count = 1) {
    head_ += count;
    if (head_ == numbers_.size()) {
      numbers_.clear();
      head_ = 0;
    } else if (head_ > 4096 && head_ > numbers_.size() / 2) {
      numbers_.erase(numbers_.begin(),
                     numbers_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }
  std::size_t memory() const { return numbers_.capacity() * 4; }

private:
  std::vector<prefix_number> numbers_;
  std::size_t head_ = 0;
};

} // namespace troupe::rib::table
