#include "rib/table/neighbor_book.hpp"

#include <utility>
#include <xxhash.h>

namespace troupe::rib::table {

void neighbor_book::up(const neighbor_facts& facts, std::uint32_t incarnation) {
  if (auto* known = find(facts.index)) {
    if (known->lost || known->incarnation == incarnation)
      return;
    known->incarnation = incarnation;
    known->stale = false;
    known->applied = 0;
    for (std::size_t slot = 0; slot != known->rounds.size(); ++slot) {
      begin_round(*known, slot);
      known->rounds[slot].restarted = true;
    }
    return;
  }
  for (const auto& state : states_)
    if (state != nullptr && !state->lost && state->facts.name == facts.name) {
      down(state->facts.index);
      break;
    }
  auto made = std::make_unique<neighbor_state>();
  made->facts = facts;
  made->incarnation = incarnation;
  made->name_hash = XXH3_64bits(facts.name.data(), facts.name.size());
  const auto slot = static_cast<std::size_t>(facts.index);
  if (slot >= states_.size())
    states_.resize(slot + 1);
  states_[slot] = std::move(made);
}

void neighbor_book::stale(neighbor_index neighbor, bool keeps_older) {
  auto* state = find(neighbor);
  if (state == nullptr || state->lost || state->stale)
    return;
  state->stale = true;
  if (keeps_older)
    return;
  for (std::size_t slot = 0; slot != state->rounds.size(); ++slot)
    end_round(*state, slot);
}

void neighbor_book::begin_round(neighbor_state& state, std::size_t slot) {
  auto& rounds = state.rounds[slot];
  rounds.restarted = false;
  const auto next = (rounds.current + 1) % path_rounds;
  if (rounds.held[next] == 0)
    rounds.current = next;
}

void neighbor_book::mark(family_rounds& rounds, unsigned family_rounds::*how) {
  const bool before = (rounds.doomed | rounds.ageing) != 0;
  for (unsigned r = 0; r != path_rounds; ++r)
    if (r != rounds.current && rounds.held[r] != 0)
      rounds.*how |= 1U << r;
  rounds.ageing &= ~rounds.doomed;
  marked_ += !before && (rounds.doomed | rounds.ageing) != 0 ? 1U : 0U;
}

void neighbor_book::end_round(neighbor_state& state, std::size_t slot) {
  state.rounds[slot].restarted = false;
  mark(state.rounds[slot], &family_rounds::doomed);
}

void neighbor_book::age(neighbor_state& state, std::size_t slot) {
  auto& rounds = state.rounds[slot];
  const auto before = rounds.current;
  begin_round(state, slot);
  mark(rounds, rounds.current != before || rounds.held[before] == 0
                   ? &family_rounds::ageing
                   : &family_rounds::doomed);
}

void neighbor_book::uncount(neighbor_state& state, std::size_t slot,
                            std::uint8_t flags) {
  auto& rounds = state.rounds[slot];
  const auto r = round_of(flags);
  if (--rounds.held[r] != 0 || ((rounds.doomed | rounds.ageing) >> r & 1) == 0)
    return;
  rounds.doomed &= ~(1U << r);
  rounds.ageing &= ~(1U << r);
  marked_ -= (rounds.doomed | rounds.ageing) == 0 ? 1U : 0U;
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
