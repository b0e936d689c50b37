#include "rib/table/family_rib.hpp"

#include "protocol/check.hpp"
#include "rib/table/run_pipeline.hpp"

#include <algorithm>

namespace troupe::rib::table {

namespace {

/// What a path adds to the number of accepted ones.
std::uint64_t accepted(const path& p) {
  return (p.flags & path_flag::rejected) == 0 ? 1 : 0;
}

/// Counts the paths of a run that took a reference, and takes those references
/// at once when the run ends, however it ends.
class taken_references {
public:
  taken_references(attribute_pool& pool, attribute_ref set)
      : pool_(pool), set_(set) {}
  taken_references(const taken_references&) = delete;
  taken_references& operator=(const taken_references&) = delete;
  ~taken_references() {
    if (count_ != 0)
      pool_.retain(set_, count_);
  }
  void operator+=(bool taken) { count_ += taken ? 1 : 0; }

private:
  attribute_pool& pool_;
  attribute_ref set_;
  std::uint32_t count_ = 0;
};

} // namespace

template <class Key>
family_rib<Key>::family_rib(table_context& context)
    : context_(context),
      table_(context.limits.hash_seed, context.limits.prefixes) {
  unsettled_.reserve(unsettled_bound);
}

template <class Key>
family_rib<Key>::~family_rib() {
  // Batches that name the sets may outlive the table.
  context_.dropped.reserve(totals_.paths);
  for (prefix_number number = 0; number != table_.number_limit(); ++number)
    if (!table_[number].has(entry_bit::vacant))
      for (const auto& p : table_.paths(table_[number]))
        context_.dropped.add(p.attributes);
}

template <class Key>
bool family_rib<Key>::announce(prefix_number number, const path& fresh) {
  const auto paths = table_.paths(table_[number]);
  for (std::size_t i = 0; i != paths.size(); ++i)
    if (paths[i].neighbor == fresh.neighbor
        && paths[i].path_id == fresh.path_id)
      return replace(number, i, fresh);
  return insert(number, fresh);
}

template <class Key>
bool family_rib<Key>::insert(prefix_number number, const path& fresh) {
  auto& e = table_[number];
  if (e.count != 0 && e.count >= context_.limits.paths_per_prefix) {
    ++context_.statistics.refused;
    return false;
  }
  table_.add(e, fresh);
  auto& from = context_.neighbors[fresh.neighbor];
  context_.neighbors.count(from, slot, fresh.flags);
  auto& counts = from.counts[slot];
  ++counts.received;
  counts.accepted += accepted(fresh);
  counts.attribute_octets += octets_of(fresh);
  ++totals_.paths;
  consider(number, e.count - 1U);
  return true;
}

template <class Key>
bool family_rib<Key>::replace(prefix_number number, std::size_t index,
                              const path& fresh) {
  auto& e = table_[number];
  const auto paths = table_.paths(e);
  const auto old = paths[index];
  auto& from = context_.neighbors[fresh.neighbor];
  if (old.attributes == fresh.attributes
      && ((old.flags ^ fresh.flags) & ~path_flag::round) == 0) {
    ++context_.statistics.unchanged;
    if (old.flags != fresh.flags) {
      paths[index].flags = fresh.flags;
      context_.neighbors.count(from, slot, fresh.flags);
      context_.neighbors.uncount(from, slot, old.flags);
    }
    return false;
  }
  const auto was = best_of(e);
  paths[index] = fresh;
  context_.neighbors.count(from, slot, fresh.flags);
  context_.neighbors.uncount(from, slot, old.flags);
  auto& counts = from.counts[slot];
  counts.accepted -= accepted(old);
  counts.accepted += accepted(fresh);
  counts.attribute_octets -= octets_of(old);
  counts.attribute_octets += octets_of(fresh);
  context_.dropped.add(old.attributes);
  if (e.has(entry_bit::unsettled))
    return true;
  if (context_.wants_ranked && (is_eligible(old) || is_eligible(fresh)))
    mark(number);
  if (was.chosen && index == 0 && e.count == 1 && is_eligible(fresh))
    publish(number, was);
  else if (was.chosen && (index == 0 || holds_off_others(e, old, was)))
    put_off(number, was);
  else
    consider(number, index);
  return true;
}

template <class Key>
void family_rib<Key>::withdraw(prefix_number number, neighbor_index from,
                               std::uint32_t path_id) {
  const auto paths = table_.paths(table_[number]);
  for (std::size_t i = 0; i != paths.size(); ++i)
    if (paths[i].neighbor == from && paths[i].path_id == path_id)
      return erase(number, i);
}

template <class Key>
void family_rib<Key>::erase(prefix_number number, std::size_t index) {
  auto& e = table_[number];
  const auto was = best_of(e);
  const auto old = table_.paths(e)[index];
  table_.remove(e, index);
  auto& from = context_.neighbors[old.neighbor];
  context_.neighbors.uncount(from, slot, old.flags);
  auto& counts = from.counts[slot];
  --counts.received;
  counts.accepted -= accepted(old);
  counts.attribute_octets -= octets_of(old);
  --totals_.paths;
  context_.dropped.add(old.attributes);
  if (e.has(entry_bit::unsettled))
    return;
  if (context_.wants_ranked && is_eligible(old))
    mark(number);
  if (e.count == 0) {
    e.clear(entry_bit::chosen);
    publish(number, was);
    bury(number);
  } else if (was.chosen && (index == 0 || holds_off_others(e, old, was))) {
    put_off(number, was);
  }
}

template <class Key>
bool family_rib<Key>::has_leaving_path(const entry& e) const {
  return std::ranges::any_of(table_.paths(e),
                             [this](const path& p) { return is_leaving(p); });
}

template <class Key>
bool family_rib<Key>::is_to_be_walked(const entry& e) const {
  return std::ranges::any_of(table_.paths(e), [this](const path& p) {
    return is_leaving(p) || is_ageing(p);
  });
}

template <class Key>
void family_rib<Key>::purge_prefix(prefix_number number) {
  auto& e = table_[number];
  make_room(e.count + std::size_t{1}); // and for what follows it
  for (std::size_t i = e.count; i-- != 0;)
    if (is_leaving(table_.paths(e)[i]))
      erase(number, i);
    else if (is_ageing(table_.paths(e)[i]))
      age(number, i);
}

template <class Key>
void family_rib<Key>::age(prefix_number number, std::size_t index) {
  const auto old = table_.paths(table_[number])[index];
  const auto aged = ager_.age(context_.pool, old.attributes);
  if (aged == attribute_ref::none)
    return erase(number, index);
  auto fresh = old;
  fresh.attributes = aged;
  const auto& rounds = context_.neighbors[old.neighbor].rounds[slot];
  fresh.flags = static_cast<std::uint8_t>((old.flags & ~path_flag::round)
                                          | flags_of_round(rounds.current));
  context_.pool.retain(aged);
  if (!replace(number, index, fresh))
    context_.pool.release(aged);
}

template <class Key>
void family_rib<Key>::purge(prefix_number first, prefix_number count) {
  settle();
  constexpr prefix_number ahead = 8;
  const auto end = std::min(first + count, table_.number_limit());
  for (auto number = first; number < end; ++number) {
    if (number + ahead < end)
      table_.prefetch_paths(table_[number + ahead]);
    if (is_to_be_walked(table_[number]))
      purge_prefix(number);
    if (unsettled_.size() == unsettled_bound)
      settle();
  }
  settle();
  ager_.forget();
}

template <class Key>
prefix_number family_rib<Key>::find_or_create(const Key& key,
                                              std::uint64_t hash) {
  auto number = table_.find(key, hash);
  if (number != no_number && context_.neighbors.has_leavings()) {
    purge_prefix(number);
    if (table_[number].has(entry_bit::vacant))
      number = no_number;
  }
  if (number == no_number)
    number = table_.create(key, hash);
  context_.statistics.refused += number == no_number ? 1 : 0;
  return number;
}

template <class Key>
void family_rib<Key>::apply_run(run_pipeline<Key>& keys, const route_run& run,
                                const path& model) {
  const bool announces = run.attributes != attribute_ref::none;
  (announces ? context_.statistics.announced : context_.statistics.withdrawn) +=
      run.count;
  taken_references taken(context_.pool, run.attributes);
  auto fresh = model;
  fresh.attributes = run.attributes;
  const auto& round = context_.neighbors[model.neighbor].rounds[slot];
  fresh.flags = run.flags | flags_of_round(round.current);
  for (std::uint32_t i = 0; i != run.count; ++i) {
    if (context_.neighbors.has_leavings())
      make_room(1); // purged prefixes took some of what was made for all
    const auto [key, hash, path_id] = keys.next();
    fresh.path_id = path_id;
    if (announces) {
      const auto number = find_or_create(key, hash);
      if (number != no_number)
        taken += announce(number, fresh);
    } else if (const auto number = table_.find(key, hash);
               number != no_number) {
      withdraw(number, fresh.neighbor, path_id);
    }
    if (unsettled_.size() == unsettled_bound)
      settle();
  }
}

template <class Key>
void family_rib<Key>::apply(neighbor_state& from,
                            const family_routes<Key>& routes,
                            std::uint32_t now) {
  std::size_t covered = 0;
  for (const auto& run : routes.runs)
    covered += run.count;
  TROUPE_CHECK(covered == routes.keys.size(), "runs do not cover the keys");
  TROUPE_CHECK(routes.path_ids.empty() || routes.path_ids.size() == covered,
               "path ids do not match the keys");
  settle();
  make_room(covered);
  if (routes.begins_round)
    context_.neighbors.begin_round(from, slot);
  path model;
  model.changed_at = now;
  model.neighbor = from.facts.index;
  model.source = from.facts.source;
  run_pipeline<Key> keys(table_, context_.pool, routes);
  for (const auto& run : routes.runs)
    apply_run(keys, run, model);
  settle();
  if (routes.ends_round)
    context_.neighbors.end_round(from, slot);
}

template class family_rib<ipv4_key>;
template class family_rib<ipv6_key>;

} // namespace troupe::rib::table
