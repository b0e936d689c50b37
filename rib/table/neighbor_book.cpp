#include "rib/table/neighbor_book.hpp"

#include <utility>
#include <xxhash.h>

namespace troupe::rib::table {

void neighbor_book::up(const neighbor_facts& facts) {
  if (find(facts.index) != nullptr)
    return;
  for (const auto& state : states_)
    if (state != nullptr && !state->lost && state->facts.name == facts.name) {
      down(state->facts.index);
      break;
    }
  auto made = std::make_unique<neighbor_state>();
  made->facts = facts;
  made->name_hash = XXH3_64bits(facts.name.data(), facts.name.size());
  const auto slot = static_cast<std::size_t>(facts.index);
  if (slot >= states_.size())
    states_.resize(slot + 1);
  states_[slot] = std::move(made);
}

void neighbor_book::down(neighbor_index neighbor) {
  auto* state = find(neighbor);
  if (state == nullptr) {
    // Told again after it was purged: the answer may have been lost.
    purged_.push_back(neighbor);
    return;
  }
  if (state->lost)
    return;
  state->lost = true;
  ++lost_;
  if (!state->holds_paths())
    forget_purged();
}

void neighbor_book::forget_purged() {
  if (lost_ == 0)
    return;
  for (auto& state : states_)
    if (state != nullptr && state->lost && !state->holds_paths()) {
      purged_.push_back(state->facts.index);
      state.reset();
      --lost_;
    }
}

std::vector<neighbor_index> neighbor_book::take_purged() {
  return std::exchange(purged_, {});
}

std::size_t neighbor_book::memory() const {
  std::size_t bytes = states_.capacity() * sizeof(states_[0]);
  for_each([&](const neighbor_state& state) {
    bytes += sizeof(state) + state.facts.name.capacity();
  });
  return bytes;
}

} // namespace troupe::rib::table
