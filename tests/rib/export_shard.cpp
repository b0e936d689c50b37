#include "tests/rib/export_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::rib::testing {

using namespace protocol;

// -- shard --------------------------------------------------------------------

namespace {

template <class Key>
void add_change(family_changes<Key>& out, const prefix& p, prefix_number n,
                const std::vector<best_route>& candidates) {
  const auto best = candidates.empty() ? best_route{} : candidates.front();
  out.changes.push_back(
      {to_key<Key>(p), n, best.set, best.source, best.kind, best.origin});
  for (const auto& c : candidates)
    out.ranked.all.push_back(
        {c.set, c.path_id, c.source, c.kind, c.origin, decision_step::best});
  out.ranked.ends.push_back(static_cast<std::uint32_t>(out.ranked.all.size()));
}

} // namespace

prefix_number fake_shard::allocate(const prefix& p) {
  const auto f = family_of(p);
  auto& prefixes = prefixes_[f];
  const auto found = std::find_if(free_.begin(), free_.end(),
                                  [&](const name& n) { return n.first == f; });
  prefix_number n = static_cast<prefix_number>(prefixes.size());
  if (found != free_.end()) {
    n = found->second;
    free_.erase(found);
  } else {
    prefixes.emplace_back();
  }
  prefixes[n].prefix = p;
  numbers_[p] = n;
  return n;
}

void fake_shard::set(const prefix& p, const best_route& best) {
  if (best.set == attribute_ref::none)
    set(p, std::vector<best_route>{});
  else
    set(p, std::vector{best});
}

void fake_shard::set(const prefix& p, std::vector<best_route> candidates) {
  const auto found = numbers_.find(p);
  if (found == numbers_.end() && candidates.empty())
    return;
  const auto n = found == numbers_.end() ? allocate(p) : found->second;
  if (candidates.empty())
    routes_.erase(p);
  else
    routes_[p] = std::move(candidates);
  owed_.insert({family_of(p), n});
}

std::optional<best_route> fake_shard::best(const prefix& p) const {
  const auto found = routes_.find(p);
  return found == routes_.end() ? std::nullopt
                                : std::optional{found->second.front()};
}

std::optional<prefix_number> fake_shard::number_of(const prefix& p) const {
  const auto found = numbers_.find(p);
  return found == numbers_.end() ? std::nullopt : std::optional{found->second};
}

void fake_shard::add(change_batch& batch, const name& n) const {
  const auto& p = prefixes_.at(n.first).at(n.second).prefix;
  if (!p)
    return;
  const auto found = routes_.find(*p);
  const auto candidates =
      found == routes_.end() ? std::vector<best_route>{} : found->second;
  if (n.first == ipv4_unicast)
    add_change(batch.ipv4, *p, n.second, candidates);
  else
    add_change(batch.ipv6, *p, n.second, candidates);
}

std::shared_ptr<const change_batch> fake_shard::collect(std::size_t most) {
  if (owed_.empty() || in_flight_.size() >= 3)
    return nullptr;
  auto batch = std::make_shared<change_batch>();
  batch->sequence = ++sequence_;
  auto& names = in_flight_[sequence_];
  while (!owed_.empty() && names.size() < most) {
    const auto n = *owed_.begin();
    owed_.erase(owed_.begin());
    names.push_back(n);
    add(*batch, n);
    if (!best(*prefixes_[n.first][n.second].prefix))
      withdrawn_.emplace(sequence_, n);
  }
  return batch;
}

std::shared_ptr<const change_batch>
fake_shard::answer(const resync_request& request) {
  auto batch = std::make_shared<change_batch>();
  batch->is_resync = true;
  batch->resync = request.tag;
  const auto size =
      static_cast<prefix_number>(prefixes_[request.family].size());
  auto numbers = request.numbers;
  if (numbers.empty())
    for (prefix_number i = 0; i < request.count; ++i)
      numbers.push_back(request.first + i);
  // A member that was told routes before is owed numbers that were never used.
  for (const auto n : numbers)
    if (n < size)
      add(*batch, {request.family, n});
  return batch;
}

void fake_shard::acknowledge(std::uint64_t sequence,
                             std::uint64_t safe_through) {
  in_flight_.erase(in_flight_.begin(), in_flight_.upper_bound(sequence));
  EXPECT_LE(safe_through, sequence);
  const auto end = withdrawn_.upper_bound(safe_through);
  for (auto it = withdrawn_.begin(); it != end; ++it) {
    auto& p = prefixes_[it->second.first][it->second.second].prefix;
    if (!p || best(*p) || owed_.count(it->second) != 0)
      continue;         // it came back, or is free already
    bool again = false; // a later batch speaks of it
    for (const auto& [s, names] : in_flight_)
      again |= std::find(names.begin(), names.end(), it->second) != names.end();
    for (auto later = end; later != withdrawn_.end(); ++later)
      again |= later->second == it->second;
    if (again)
      continue;
    numbers_.erase(*p);
    p.reset();
    free_.insert(it->second);
  }
  withdrawn_.erase(withdrawn_.begin(), end);
}

void fake_shard::restart() {
  for (const auto& [sequence, names] : in_flight_)
    owed_.insert(names.begin(), names.end());
  in_flight_.clear();
}

prefix_number fake_shard::limit(family f) const {
  const auto found = prefixes_.find(f);
  return found == prefixes_.end()
             ? 0
             : static_cast<prefix_number>(found->second.size());
}

} // namespace troupe::rib::testing
