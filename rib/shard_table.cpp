#include "rib/shard_table.hpp"

#include "rib/table/exporter_book.hpp"
#include "rib/table/family_rib.hpp"

#include <algorithm>
#include <utility>

namespace troupe::rib {

using table::exporter_state;
using table::numbers_in;
using table::told_numbers;

struct shard_table::implementation {
  implementation(attribute_pool& pool, const shard_limits& limits,
                 decision_options options)
      : context(pool, limits, options), ipv4(context), ipv6(context) {}

  table::table_context context;
  table::family_rib<ipv4_key> ipv4;
  table::family_rib<ipv6_key> ipv6;
  table::exporter_book exporters;
  std::uint64_t sequence = 0;
  // Where the removal of lost neighbours goes on; round and round.
  std::size_t walk_slot = 0;
  prefix_number walk_number = 0;
  // Where the decisions are made again: IPv4 first.
  std::size_t decide_slot = 0;
  prefix_number decide_number = 0;

  void settle() {
    ipv4.settle();
    ipv6.settle();
  }
  void exporters_changed();
  bool reclaim(std::size_t budget);
  bool gets_next(const exporter_state& e) const {
    return e.in_step() && e.has_credit(context.limits.batches_in_flight);
  }
  bool gets_owed(const exporter_state& e) const {
    return !e.in_step() && e.has_credit(context.limits.batches_in_flight);
  }
  void send_pending(std::vector<delivery>& to);
  void send_owed(exporter_index index, exporter_state& exporter,
                 std::vector<delivery>& to);
  std::size_t tell_owed(exporter_state& exporter, told_numbers& taken,
                        change_batch& batch);
  void purge_slice(std::uint32_t& budget);
  void decide_slice(std::uint32_t& budget);
};

namespace {

shard_limits bounded(shard_limits limits) {
  const auto most = table::block_capacity(table::block_class_count - 1);
  limits.changes_per_batch = std::max(limits.changes_per_batch, 1U);
  limits.batches_in_flight = std::max(limits.batches_in_flight, 1U);
  limits.paths_per_prefix = std::clamp(limits.paths_per_prefix, 1U, most);
  return limits;
}

bool is_sound(const table::family_rounds& rounds, std::uint64_t received) {
  std::uint64_t sum = 0;
  for (unsigned r = 0; r != path_rounds; ++r) {
    sum += rounds.held[r];
    if (((rounds.doomed | rounds.ageing) >> r & 1) != 0 && rounds.held[r] == 0)
      return false;
  }
  return sum == received;
}

std::size_t size_of(const change_batch& batch) {
  return batch.ipv4.changes.size() + batch.ipv6.changes.size();
}

} // namespace

shard_table::shard_table(attribute_pool& pool, shard_limits limits,
                         decision_options options)
    : self_(std::make_unique<implementation>(pool, bounded(limits), options)) {}

shard_table::~shard_table() = default;

// -- sources

void shard_table::neighbor_up(const neighbor_facts& facts,
                              std::uint32_t incarnation) {
  self_->settle();
  self_->context.neighbors.up(facts, incarnation);
}

void shard_table::neighbor_stale(neighbor_index neighbor, bool keeps_older) {
  self_->settle();
  self_->context.neighbors.stale(neighbor, keeps_older);
}

void shard_table::end_restart(neighbor_index neighbor,
                              protocol::family family) {
  self_->settle();
  auto& neighbors = self_->context.neighbors;
  const auto slot = table::family_slot(family);
  if (auto* state = neighbors.find(neighbor);
      state != nullptr && state->rounds[slot].restarted)
    neighbors.end_round(*state, slot);
}

void shard_table::age_family(neighbor_index neighbor, protocol::family family) {
  self_->settle();
  auto& neighbors = self_->context.neighbors;
  if (auto* state = neighbors.find(neighbor); state != nullptr && state->stale)
    neighbors.age(*state, table::family_slot(family));
}

void shard_table::drop_family(neighbor_index neighbor,
                              protocol::family family) {
  self_->settle();
  auto& neighbors = self_->context.neighbors;
  if (auto* state = neighbors.find(neighbor))
    neighbors.drop(*state, table::family_slot(family));
}

void shard_table::neighbor_down(neighbor_index neighbor) {
  self_->settle();
  self_->context.neighbors.down(neighbor);
}

std::vector<neighbor_index> shard_table::purged() {
  return self_->context.neighbors.take_purged();
}

void shard_table::apply(const route_batch& batch, std::uint32_t now) {
  auto& context = self_->context;
  auto* from = context.neighbors.find(batch.neighbor);
  if (from == nullptr || from->lost || batch.incarnation != from->incarnation
      || (batch.sequence != 0 && batch.sequence <= from->applied)) {
    ++context.statistics.skipped;
    return;
  }
  self_->ipv4.apply(*from, batch.ipv4, now);
  self_->ipv6.apply(*from, batch.ipv6, now);
  if (batch.sequence != 0)
    from->applied = batch.sequence;
  context.dropped.release_if_unused();
}

void shard_table::begin_again() {
  const auto& context = self_->context;
  auto fresh = std::make_unique<implementation>(context.pool, context.limits,
                                                context.options);
  fresh->sequence = self_->sequence;
  fresh->exporters = self_->exporters.renewed(self_->sequence);
  fresh->exporters_changed();
  fresh->ipv4.take_numbers_of(self_->ipv4);
  fresh->ipv6.take_numbers_of(self_->ipv6);
  self_ = std::move(fresh);
}

// -- exporters

void shard_table::implementation::exporters_changed() {
  context.has_exporters = !exporters.empty();
  context.wants_ranked = exporters.any_wants_ranked();
  if (exporters.empty()) {
    ipv4.forget_pending();
    ipv6.forget_pending();
  }
}

bool shard_table::implementation::reclaim(std::size_t budget) {
  const auto safe_through = exporters.safe_through();
  const auto owed_by = [this](std::size_t slot) {
    return [this, slot](prefix_number number) {
      return exporters.is_owed(slot, number);
    };
  };
  const bool more = ipv4.reclaim(budget, safe_through, owed_by(0));
  return ipv6.reclaim(budget, safe_through, owed_by(1)) || more;
}

exporter_index shard_table::add_exporter(bool wants_ranked) {
  self_->settle();
  const auto made = self_->exporters.add(wants_ranked, self_->sequence);
  auto& state = *self_->exporters.find(made);
  state.owed(0).insert_below(self_->ipv4.number_limit());
  state.owed(1).insert_below(self_->ipv6.number_limit());
  self_->exporters_changed();
  return made;
}

void shard_table::remove_exporter(exporter_index exporter) {
  self_->settle();
  self_->exporters.remove(exporter);
  self_->exporters_changed();
  self_->reclaim(2 * std::size_t{self_->context.limits.changes_per_batch});
}

void shard_table::restart_exporter(exporter_index exporter) {
  if (auto* state = self_->exporters.find(exporter))
    state->restart();
}

bool shard_table::is_current(exporter_index exporter) const {
  const auto* state = self_->exporters.find(exporter);
  return state != nullptr && state->in_step();
}

void shard_table::acknowledge(exporter_index exporter, std::uint64_t sequence,
                              std::uint64_t safe_through) {
  auto* state = self_->exporters.find(exporter);
  if (state == nullptr)
    return;
  state->acknowledge(sequence, safe_through);
  self_->reclaim(2 * std::size_t{self_->context.limits.changes_per_batch});
}

void shard_table::implementation::send_pending(std::vector<delivery>& to) {
  bool anyone = false;
  bool ranked = false;
  for (const auto& [index, exporter] : exporters)
    if (gets_next(exporter)) {
      anyone = true;
      ranked = ranked || exporter.wants_ranked();
    }
  if (!anyone || ipv4.pending() + ipv6.pending() == 0)
    return;
  // Neither family may keep the other waiting.
  const std::size_t limit = context.limits.changes_per_batch;
  const auto for_ipv6 = std::min(ipv6.pending(), (limit + 1) / 2);
  const auto for_ipv4 = std::min(ipv4.pending(), limit - for_ipv6);
  const auto batch = std::make_shared<change_batch>();
  ipv4.tell_pending(for_ipv4, ranked, batch->ipv4);
  ipv6.tell_pending(for_ipv6, ranked, batch->ipv6);
  const auto numbers = numbers_in(*batch);
  ipv4.reserve_told(for_ipv4);
  ipv6.reserve_told(for_ipv6);
  for (auto& [index, exporter] : exporters)
    exporter.reserve(ipv4.number_limit(), ipv6.number_limit());
  batch->epoch = context.dropped.mark();
  // From here on nothing throws.
  ipv4.pop_pending(for_ipv4);
  ipv6.pop_pending(for_ipv6);
  if (size_of(*batch) == 0)
    return; // prefixes that came and went unseen
  batch->sequence = ++sequence;
  ipv4.note_told(batch->ipv4, sequence);
  ipv6.note_told(batch->ipv6, sequence);
  context.statistics.changes += size_of(*batch);
  for (auto& [index, exporter] : exporters) {
    if (!gets_next(exporter)) {
      exporter.owe(*numbers);
      continue;
    }
    exporter.sent(sequence, numbers);
    to.push_back({index, batch});
  }
}

std::size_t shard_table::implementation::tell_owed(exporter_state& exporter,
                                                   told_numbers& taken,
                                                   change_batch& batch) {
  const auto limit = context.limits.changes_per_batch;
  const bool ranked = exporter.wants_ranked();
  // Numbers that name nothing any more cost time, too.
  auto budget = std::size_t{limit} * 4;
  std::size_t told = 0;
  const auto tell_from = [&](std::size_t slot, auto& family, auto& changes) {
    auto& owed = exporter.owed(slot);
    taken[slot].reserve(std::min(owed.size(), budget));
    while (!owed.empty() && told != limit && budget != 0) {
      --budget;
      taken[slot].push_back(owed.take_first());
      if (family.tell(taken[slot].back(), ranked, changes))
        ++told;
    }
  };
  tell_from(0, ipv4, batch.ipv4);
  tell_from(1, ipv6, batch.ipv6);
  return told;
}

void shard_table::implementation::send_owed(exporter_index index,
                                            exporter_state& exporter,
                                            std::vector<delivery>& to) {
  told_numbers taken;
  const auto batch = std::make_shared<change_batch>();
  std::shared_ptr<const told_numbers> numbers;
  try {
    tell_owed(exporter, taken, *batch);
    numbers = numbers_in(*batch);
    ipv4.reserve_told(batch->ipv4.changes.size());
    ipv6.reserve_told(batch->ipv6.changes.size());
    exporter.reserve(0, 0);
    batch->epoch = context.dropped.mark();
  } catch (...) {
    exporter.owe(taken);
    throw;
  }
  if (size_of(*batch) == 0)
    return;
  batch->sequence = ++sequence;
  ipv4.note_told(batch->ipv4, sequence);
  ipv6.note_told(batch->ipv6, sequence);
  context.statistics.changes += size_of(*batch);
  exporter.sent(sequence, numbers);
  to.push_back({index, batch});
}

std::vector<delivery> shard_table::collect() {
  self_->settle();
  std::vector<delivery> deliveries;
  deliveries.reserve(self_->exporters.size());
  std::vector<exporter_index> behind;
  for (const auto& [index, exporter] : self_->exporters)
    if (self_->gets_owed(exporter))
      behind.push_back(index);
  self_->send_pending(deliveries);
  for (const auto index : behind)
    self_->send_owed(index, *self_->exporters.find(index), deliveries);
  return deliveries;
}

std::shared_ptr<const change_batch>
shard_table::answer(const resync_request& request) {
  self_->settle();
  const auto batch = std::make_shared<change_batch>();
  const auto answer_from = [&](auto& family, auto& changes) {
    const auto limit = family.number_limit();
    for (const auto number : request.numbers)
      if (number < limit)
        family.tell(number, false, changes);
    if (request.numbers.empty() && request.first < limit) {
      const auto count = std::min(request.count, limit - request.first);
      for (prefix_number i = 0; i != count; ++i)
        family.tell(request.first + i, false, changes);
    }
    family.note_answered(changes);
  };
  if (request.family == protocol::ipv4_unicast)
    answer_from(self_->ipv4, batch->ipv4);
  else if (request.family == protocol::ipv6_unicast)
    answer_from(self_->ipv6, batch->ipv6);
  batch->epoch = self_->context.dropped.mark();
  batch->sequence = ++self_->sequence;
  batch->is_resync = true;
  batch->resync = request.tag;
  return batch;
}

prefix_number shard_table::number_limit(protocol::family family) const {
  if (family == protocol::ipv4_unicast)
    return self_->ipv4.number_limit();
  return family == protocol::ipv6_unicast ? self_->ipv6.number_limit() : 0;
}

// -- work in slices

bool shard_table::has_changes() const {
  const bool pending = pending_changes() != 0;
  return std::ranges::any_of(self_->exporters, [&](const auto& e) {
    return self_->gets_owed(e.second)
           || (pending && self_->gets_next(e.second));
  });
}

std::size_t shard_table::pending_changes() const {
  return self_->ipv4.pending() + self_->ipv6.pending();
}

void shard_table::implementation::purge_slice(std::uint32_t& budget) {
  const auto limit = walk_slot == 0 ? ipv4.number_limit() : ipv6.number_limit();
  if (walk_number >= limit) {
    walk_slot = 1 - walk_slot;
    walk_number = 0;
    return;
  }
  const auto count = std::min(budget, limit - walk_number);
  if (walk_slot == 0)
    ipv4.purge(walk_number, count);
  else
    ipv6.purge(walk_number, count);
  walk_number += count;
  budget -= count;
  context.neighbors.forget_purged();
}

void shard_table::decide_by(decision_options options) {
  auto& context = self_->context;
  if (options == context.options)
    return;
  self_->settle();
  context.options = options;
  context.deciding_again = true;
  self_->decide_slot = 0;
  self_->decide_number = 0;
}

void shard_table::implementation::decide_slice(std::uint32_t& budget) {
  const auto limit =
      decide_slot == 0 ? ipv4.number_limit() : ipv6.number_limit();
  const auto count = std::min(budget, limit - decide_number);
  if (decide_slot == 0)
    ipv4.decide_again(decide_number, count);
  else
    ipv6.decide_again(decide_number, count);
  decide_number += count;
  budget -= count;
  if (decide_number != limit)
    return;
  context.deciding_again = decide_slot == 0;
  decide_slot = 1;
  decide_number = 0;
}

bool shard_table::work(std::uint32_t budget) {
  self_->settle();
  const auto tombstones = budget;
  const auto& neighbors = self_->context.neighbors;
  while (budget != 0 && neighbors.has_leavings())
    self_->purge_slice(budget);
  while (budget != 0 && self_->context.deciding_again)
    self_->decide_slice(budget);
  self_->context.dropped.release_if_unused();
  const bool more = self_->reclaim(tombstones);
  return neighbors.has_leavings() || self_->context.deciding_again || more;
}

std::string shard_table::check() const {
  const auto& neighbors = self_->context.neighbors;
  std::array<std::vector<neighbor_counts>, 2> held;
  held.fill(std::vector<neighbor_counts>(neighbors.index_limit()));
  if (auto wrong = self_->ipv4.check(held[0]); !wrong.empty())
    return "ipv4: " + wrong;
  if (auto wrong = self_->ipv6.check(held[1]); !wrong.empty())
    return "ipv6: " + wrong;
  std::string wrong;
  std::size_t lost = 0;
  neighbors.for_each([&](const table::neighbor_state& state) {
    const auto index = static_cast<std::size_t>(state.facts.index);
    lost += state.lost ? 1 : 0;
    for (std::size_t slot = 0; slot != held.size(); ++slot)
      if (held[slot][index] != state.counts[slot]
          || !is_sound(state.rounds[slot], state.counts[slot].received))
        wrong = "counters of " + state.facts.name + " are wrong";
  });
  if (lost != neighbors.lost())
    return "the number of lost neighbours is wrong";
  return wrong;
}

// -- views

route_page shard_table::query(const route_query& query) const {
  route_page page;
  if (query.family == protocol::ipv4_unicast)
    self_->ipv4.query(query, page);
  else if (query.family == protocol::ipv6_unicast)
    self_->ipv6.query(query, page);
  return page;
}

family_totals shard_table::totals(protocol::family family) const {
  if (family == protocol::ipv4_unicast)
    return self_->ipv4.totals();
  return family == protocol::ipv6_unicast ? self_->ipv6.totals()
                                          : family_totals{};
}

neighbor_counts shard_table::counts(neighbor_index neighbor,
                                    protocol::family family) const {
  const auto* state = self_->context.neighbors.find(neighbor);
  const bool known =
      family == protocol::ipv4_unicast || family == protocol::ipv6_unicast;
  return state != nullptr && known ? state->counts[table::family_slot(family)]
                                   : neighbor_counts{};
}

const neighbor_facts* shard_table::find_neighbor(neighbor_index n) const {
  const auto* state = self_->context.neighbors.find(n);
  return state != nullptr ? &state->facts : nullptr;
}

std::size_t shard_table::memory() const {
  return sizeof(implementation) + self_->ipv4.memory() + self_->ipv6.memory()
         + self_->exporters.memory() + self_->context.neighbors.memory()
         + self_->context.dropped.memory();
}

shard_statistics shard_table::statistics() const {
  auto all = self_->context.statistics;
  for (const auto* index : {&self_->ipv4.index(), &self_->ipv6.index()}) {
    all.moved += index->moved();
    all.moved_at_once = std::max(all.moved_at_once, index->moved_at_once());
  }
  all.tombstones = self_->ipv4.tombstones() + self_->ipv6.tombstones();
  return all;
}

} // namespace troupe::rib
