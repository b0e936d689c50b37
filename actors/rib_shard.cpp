#include "actors/rib_shard.hpp"

#include "actors/log/records.hpp"
#include "protocol/check.hpp"
#include "rib/key.hpp"

#include <new>

namespace troupe::actors {

namespace {

/// Prefixes looked at in one slice of long work: well below 5 ms.
constexpr std::uint32_t prefixes_per_slice = 8192;
/// Changes that are not held back until the mailbox runs dry.
constexpr std::size_t changes_before_delivery = 8192;

} // namespace

rib_shard::rib_shard(caf::actor_config& config, shard_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)) {}

rib_shard::behavior_type rib_shard::make_behavior() {
  started_ = this->clock().now();
  adopt();
  go_on(); // an earlier incarnation may have left work
  return {
      [this](const shard_routes& m) {
        self_.state->at_work = true;
        apply(m);
      },
      [this](const source_up& m) {
        self_.state->at_work = true;
        self_.state->table.neighbor_up(m.facts, m.incarnation);
        gauges_[m.facts.index] = m.gauge;
        measure(m.facts.index);
      },
      [this](const source_stale& m) {
        self_.state->at_work = true;
        self_.state->table.neighbor_stale(m.neighbor, m.keeps_older);
        wanted_ = true;
      },
      [this](const source_family& m) { change_family(m); },
      [this](const source_down& m) {
        self_.state->at_work = true;
        self_.state->table.neighbor_down(m.neighbor);
        gauges_.erase(m.neighbor);
        await_no_longer(m.neighbor);
        wanted_ = true;
      },
      [this](const exporter_attached& m) { attach(m); },
      [this](const exporter_detached& m) {
        self_.state->at_work = true;
        handles_.erase(m.group);
        if (const auto known = self_.state->exporters.find(m.group);
            known != self_.state->exporters.end()) {
          self_.state->table.remove_exporter(known->second);
          self_.state->exporters.erase(known);
        }
      },
      [this](const changes_done& m) {
        self_.state->at_work = true;
        if (const auto known = self_.state->exporters.find(m.group);
            known != self_.state->exporters.end())
          self_.state->table.acknowledge(known->second, m.sequence,
                                         m.safe_through);
        if (self_.state->table.has_changes())
          wanted_ = true;
      },
      [this](const resync_wanted& m) { answer(m); },
      [this](const shard_refill& m) { await(m); },
      [this](const refill_timeout& m) {
        if (m.generation == refill_generation_)
          end_refill();
      },
      [this](const decision_changed& m) {
        self_.state->at_work = true;
        self_.state->table.decide_by(m.options);
        wanted_ = true;
      },
      [this](const shard_step&) { wanted_ = true; },
      [this](const shard_query& m) {
        return shard_page{self_.state->table.query(m.query)};
      },
      [this](const totals_query& m) { return totals(m); },
  };
}

void rib_shard::on_exit() {
  handles_.clear();
  credits_.clear();
  gauges_.clear();
  held_back_.clear();
  self_.router = nullptr;
  self_.state.reset();
}

void rib_shard::apply(const shard_routes& m) {
  try {
    apply(*m.batch);
  } catch (const std::bad_alloc&) {
    throw; // no route is to blame for want of memory
  } catch (const std::exception& e) {
    self_.environment->log.write(log::router_record(
        log::level::warn,
        std::string{"a batch of routes is applied one by one: "} + e.what()));
    apply_singly(*m.batch);
  }
  note_told(*m.batch);
  measure(m.batch->neighbor);
  auto& owed = credits_[m.from];
  owed.sequence = m.batch->sequence;
  owed.bytes += m.batch->bytes;
  if (self_.state->table.pending_changes() >= changes_before_delivery) {
    give_credit();
    deliver();
  }
  wanted_ = true;
}

void rib_shard::answer(const resync_wanted& m) {
  if (self_.state->refilling) {
    held_back_.push_back(m);
    return;
  }
  const auto& table = self_.state->table;
  if (const auto to = handles_.find(m.group); to != handles_.end())
    this->send(to->second,
               shard_changes{self_.index, self_.state->table.answer(m.request),
                             table.number_limit(protocol::ipv4_unicast),
                             table.number_limit(protocol::ipv6_unicast)});
}

void rib_shard::attach(const exporter_attached& m) {
  auto& exporters = self_.state->exporters;
  self_.state->at_work = true;
  const auto known = exporters.find(m.group);
  if (known == exporters.end())
    exporters.emplace(m.group, self_.state->table.add_exporter(m.wants_ranked));
  else if (m.restarted || handles_.contains(m.group))
    self_.state->table.restart_exporter(known->second);
  handles_[m.group] = m.handle;
  behind_.insert(m.group);
  wanted_ = true;
}

/// Tells the neighbour's gauge what the table holds of it.
void rib_shard::measure(rib::neighbor_index neighbor) {
  const auto found = gauges_.find(neighbor);
  if (found == gauges_.end() || !found->second)
    return;
  for (const auto family : {protocol::ipv4_unicast, protocol::ipv6_unicast})
    found->second->store(self_.index, family,
                         self_.state->table.counts(neighbor, family));
}

void rib_shard::change_family(const source_family& m) {
  auto& table = self_.state->table;
  self_.state->at_work = true;
  switch (m.what) {
  case source_family::kind::sweep:
    table.end_restart(m.neighbor, m.family);
    break;
  case source_family::kind::age:
    table.age_family(m.neighbor, m.family);
    break;
  case source_family::kind::drop:
    table.drop_family(m.neighbor, m.family);
    break;
  }
  wanted_ = true;
}

/// Everything that waited has been taken: what it came to is handed on, once.
void rib_shard::handled() {
  if (wanted_ && is_dry())
    step();
  self_.state->at_work = false;
}

/// More work than one slice: the next one stands behind what came meanwhile.
void rib_shard::go_on() {
  this->send(caf::actor_cast<shard_actor>(this), shard_step{});
}

void rib_shard::step() {
  wanted_ = false;
  self_.state->at_work = true;
  if (cell().fault_armed() && cell().jammed())
    throw injected_fault{};
  give_credit();
  auto& table = self_.state->table;
  const bool more = table.work(prefixes_per_slice);
  deliver();
  for (const auto neighbor : table.purged())
    this->send(self_.router, source_purged{self_.index, neighbor});
  if (more)
    go_on();
  ++self_.state->steps;
}

/// Read credit comes back when routes were applied: nothing inbound waits for
/// anything outbound (DESIGN §2).
void rib_shard::give_credit() {
  for (const auto& [from, owed] : credits_)
    caf::anon_send(caf::actor_cast<caf::actor>(from),
                   batch_done{self_.index, owed.sequence, owed.bytes});
  credits_.clear();
}

void rib_shard::deliver() {
  if (self_.state->refilling)
    return;
  auto& table = self_.state->table;
  const auto batches = table.collect();
  for (const auto& each : batches)
    for (const auto& [group, index] : self_.state->exporters)
      if (index == each.to)
        if (const auto to = handles_.find(group); to != handles_.end())
          this->send(to->second,
                     shard_changes{self_.index, each.batch,
                                   table.number_limit(protocol::ipv4_unicast),
                                   table.number_limit(protocol::ipv6_unicast)});
  for (auto it = behind_.begin(); it != behind_.end();) {
    const auto known = self_.state->exporters.find(*it);
    if (known != self_.state->exporters.end()
        && !table.is_current(known->second)) {
      ++it;
      continue;
    }
    if (const auto to = handles_.find(*it); to != handles_.end())
      this->send(to->second, shard_current{self_.index});
    it = behind_.erase(it);
  }
  // What is left waits for a slice of its own, or for credit.
  if (!batches.empty() && table.has_changes())
    go_on();
}

std::uint32_t rib_shard::seconds() {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(this->clock().now()
                                                       - started_)
          .count());
}

shard_totals rib_shard::totals(const totals_query& query) const {
  shard_totals result;
  const auto& table = self_.state->table;
  for (const auto family : {protocol::ipv4_unicast, protocol::ipv6_unicast}) {
    result.families[family] = table.totals(family);
    for (const auto neighbor : query.neighbors)
      result.neighbors[neighbor][family] = table.counts(neighbor, family);
  }
  result.memory = table.memory();
  return result;
}

} // namespace troupe::actors
