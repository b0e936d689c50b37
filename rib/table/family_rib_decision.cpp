#include "rib/table/family_rib.hpp"
#include "rib/table/route_digest.hpp"

#include <algorithm>
#include <utility>

namespace troupe::rib::table {

template <class Key>
bool family_rib<Key>::holds_off_others(const entry& e, const path& gone,
                                       const best_path& best) const {
  return e.count > 1 && is_eligible(gone)
         && !leaves_choice_alone(input_of(gone), input_of(best.what),
                                 context_.options);
}

template <class Key>
void family_rib<Key>::consider(prefix_number number, std::size_t index) {
  auto& e = table_[number];
  const auto paths = table_.paths(e);
  if (e.has(entry_bit::unsettled) || !is_eligible(paths[index]))
    return;
  if (context_.wants_ranked)
    mark(number);
  const auto was = best_of(e);
  if (was.chosen) {
    const auto verdict = challenge_incumbent(
        input_of(paths[index]), input_of(paths.front()), context_.options);
    if (verdict == challenge::unclear)
      return put_off(number, was);
    if (verdict == challenge::lost)
      return;
  }
  std::swap(paths.front(), paths[index]);
  e.set(entry_bit::chosen);
  publish(number, was);
}

template <class Key>
void family_rib<Key>::put_off(prefix_number number, const best_path& was) {
  auto& e = table_[number];
  e.clear(entry_bit::chosen);
  e.set(entry_bit::unsettled);
  unsettled_.push_back({number, was});
}

template <class Key>
void family_rib<Key>::settle() {
  constexpr std::size_t ahead = 4;
  for (std::size_t i = 0; i != unsettled_.size(); ++i) {
    if (i + ahead < unsettled_.size())
      for (const auto& p : table_.paths(table_[unsettled_[i + ahead].number]))
        context_.pool.prefetch(p.attributes);
    elect(unsettled_[i].number, unsettled_[i].was);
  }
  unsettled_.clear();
}

template <class Key>
void family_rib<Key>::elect(prefix_number number, const best_path& was) {
  auto& e = table_[number];
  if (!e.has(entry_bit::unsettled))
    return; // done before an exception ended the last attempt
  const auto paths = table_.paths(e);
  if (scratch_.size() < paths.size())
    scratch_.resize(paths.size());
  std::size_t count = 0;
  for (const auto& p : paths)
    if (may_be_chosen(p))
      scratch_[count++] = input_of(p);
  if (const auto best =
          choose(std::span(scratch_).first(count), context_.options)) {
    std::swap(paths.front(),
              paths[static_cast<std::size_t>(best->what - paths.data())]);
    e.set(entry_bit::chosen);
  }
  ++context_.statistics.eliminations;
  pending_.reserve(1);
  e.clear(entry_bit::unsettled);
  publish(number, was);
  if (e.count == 0)
    bury(number);
}

template <class Key>
void family_rib<Key>::decide_again(prefix_number first, prefix_number count) {
  settle();
  const auto end = std::min(first + count, table_.number_limit());
  for (auto number = first; number < end; ++number) {
    const auto& e = table_[number];
    if (e.has(entry_bit::vacant) || e.count < 2)
      continue; // one path has no rival
    pending_.reserve(1);
    if (context_.wants_ranked)
      mark(number);
    put_off(number, best_of(e));
    if (unsettled_.size() == unsettled_bound)
      settle();
  }
  settle();
}

template <class Key>
void family_rib<Key>::publish(prefix_number number, const best_path& was) {
  const auto& e = table_[number];
  const auto now = best_of(e);
  const bool same_route = was.chosen == now.chosen
                          && was.what.attributes == now.what.attributes
                          && was.what.neighbor == now.what.neighbor;
  if (same_route && was.what.path_id == now.what.path_id)
    return;
  if (was.chosen)
    count_best(e, was.what, ~std::uint64_t{0});
  if (now.chosen)
    count_best(e, now.what, 1);
  if (!same_route || context_.wants_ranked)
    mark(number);
}

template <class Key>
void family_rib<Key>::count_best(const entry& e, const path& best,
                                 std::uint64_t sign) {
  const auto digest =
      digest_of(e.key(), best, context_.neighbors[best.neighbor].name_hash,
                context_.pool[best.attributes]);
  totals_.prefixes += sign;
  totals_.digest_low += sign * digest.low;
  totals_.digest_high += sign * digest.high;
}

template class family_rib<ipv4_key>;
template class family_rib<ipv6_key>;

} // namespace troupe::rib::table
