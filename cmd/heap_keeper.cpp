#include "cmd/heap_keeper.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cmd {

bool heap_keeper::is_due(std::size_t free) {
  seen_[count_++ % looks] = free;
  if (count_ < looks)
    return false;
  const auto [least, most] = std::minmax_element(seen_.begin(), seen_.end());
  if (*most - *least >= worth_it) {
    changed_ = true;
    return false;
  }
  return *least >= worth_it && std::exchange(changed_, false);
}

} // namespace troupe::cmd
