#include "cmd/heap_keeper.hpp"

#include <algorithm>

namespace troupe::cmd {

bool heap_keeper::is_due(std::size_t free) {
  // What is used again is no longer given back.
  given_back_ = std::min(given_back_, free);
  seen_[count_++ % looks] = free;
  if (count_ < looks)
    return false;
  const auto [least, most] = std::minmax_element(seen_.begin(), seen_.end());
  const bool is_quiet = *most - *least < worth_it;
  if (!is_quiet || *least < given_back_ + worth_it)
    return false;
  given_back_ = free;
  return true;
}

} // namespace troupe::cmd
