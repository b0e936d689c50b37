#include "rib/table/family_rib.hpp"

#include <algorithm>
#include <limits>

namespace troupe::rib::table {

namespace {

constexpr auto not_told_yet = std::numeric_limits<std::uint64_t>::max();

} // namespace

template <class Key>
void family_rib<Key>::mark(prefix_number number) {
  auto& e = table_[number];
  if (!context_.has_exporters || e.has(entry_bit::pending))
    return;
  e.set(entry_bit::pending);
  pending_.push(number);
}

template <class Key>
void family_rib<Key>::bury(prefix_number number) {
  auto& e = table_[number];
  if (!context_.has_exporters || !e.has(entry_bit::told)) {
    table_.vacate(number);
    return;
  }
  e.set_told_at(not_told_yet);
  mark(number);
}

template <class Key>
void family_rib<Key>::take_numbers_of(const family_rib& other) {
  table_.take_numbers_of(other.table_);
  for (prefix_number n = 0; n != table_.number_limit(); ++n) {
    if (table_[n].has(entry_bit::vacant))
      continue;
    table_[n].set(entry_bit::told);
    bury(n);
  }
}

template <class Key>
bool family_rib<Key>::try_vacate(prefix_number number,
                                 std::uint64_t safe_through, bool owed) {
  auto& e = table_[number];
  // A prefix may have come back meanwhile.
  const bool dead = !e.has(entry_bit::vacant) && e.count == 0;
  if (dead && (owed || e.has(entry_bit::pending) || e.told_at() > safe_through))
    return false;
  e.clear(entry_bit::buried);
  if (dead)
    table_.vacate(number);
  return true;
}

template <class Key>
void family_rib<Key>::add_candidates(const entry& e,
                                     ranked_candidates& to) const {
  auto inputs = inputs_of(e);
  const auto steps = rank(inputs, context_.options);
  for (std::size_t i = 0; i != inputs.size(); ++i) {
    const auto& p = *inputs[i].what;
    if (may_be_chosen(p))
      to.all.push_back({p.attributes, p.path_id, p.neighbor,
                        inputs[i].source->kind, p.source, steps[i]});
  }
}

template <class Key>
std::vector<decision_input> family_rib<Key>::inputs_of(const entry& e) const {
  std::vector<decision_input> inputs;
  inputs.reserve(e.count);
  for (const auto& p : table_.paths(e))
    if (!is_leaving(p))
      inputs.push_back(input_of(p));
  return inputs;
}

template <class Key>
bool family_rib<Key>::tell(prefix_number number, bool ranked,
                           family_changes<Key>& to) const {
  const auto& e = table_[number];
  const bool chosen = e.has(entry_bit::chosen);
  if (e.has(entry_bit::vacant) || (!chosen && !e.has(entry_bit::told)))
    return false;
  if (ranked) {
    if (chosen)
      add_candidates(e, to.ranked);
    to.ranked.ends.push_back(static_cast<std::uint32_t>(to.ranked.all.size()));
  }
  change<Key> state;
  state.key = e.key();
  state.number = number;
  if (chosen) {
    const auto& best = table_.paths(e).front();
    state.attributes = best.attributes;
    state.source = best.neighbor;
    state.kind = context_.neighbors[best.neighbor].facts.kind;
    state.origin = best.source;
  }
  to.changes.push_back(state);
  return true;
}

template <class Key>
void family_rib<Key>::tell_pending(std::size_t limit, bool ranked,
                                   family_changes<Key>& to) const {
  constexpr std::size_t ahead = 8;
  const auto count = std::min(limit, pending_.size());
  to.changes.reserve(count);
  for (std::size_t i = 0; i != count; ++i) {
    if (i + ahead < count)
      table_.prefetch(pending_[i + ahead]);
    tell(pending_[i], ranked, to);
  }
}

template <class Key>
void family_rib<Key>::pop_pending(std::size_t limit) {
  const auto count = std::min(limit, pending_.size());
  for (std::size_t i = 0; i != count; ++i)
    table_[pending_[i]].clear(entry_bit::pending);
  pending_.pop(count);
}

template <class Key>
void family_rib<Key>::note_told(const family_changes<Key>& changes,
                                std::uint64_t sequence) {
  for (const auto& state : changes.changes) {
    auto& e = table_[state.number];
    e.set(entry_bit::told);
    if (e.count != 0)
      continue;
    e.set_told_at(sequence);
    if (!e.has(entry_bit::buried))
      buried_.push(state.number);
    e.set(entry_bit::buried);
  }
}

template <class Key>
void family_rib<Key>::note_answered(const family_changes<Key>& changes) {
  for (const auto& state : changes.changes)
    table_[state.number].set(entry_bit::told);
}

template <class Key>
void family_rib<Key>::forget_pending() {
  buried_.reserve(pending_.size());
  for (std::size_t i = 0; i != pending_.size(); ++i) {
    auto& e = table_[pending_[i]];
    if (e.has(entry_bit::vacant) || e.count != 0)
      continue;
    e.set_told_at(0);
    if (!e.has(entry_bit::buried))
      buried_.push(pending_[i]);
    e.set(entry_bit::buried);
  }
  pop_pending(pending_.size());
}

template class family_rib<ipv4_key>;
template class family_rib<ipv6_key>;

} // namespace troupe::rib::table
