#include "actors/log/records.hpp"
#include "actors/rib_shard.hpp"

#include <new>

// A table that cannot be trusted, and routes that cannot be applied (DESIGN
// §5).
namespace troupe::actors {

namespace {

using namespace std::chrono_literals;

/// For so long nobody is told of what a slice lacks while it is told again.
constexpr auto longest_refill = 30s;
/// Actors in a row that fail over a table before it begins again.
constexpr unsigned ends_that_are_too_many = 2;

std::string text_of(const rib::route_batch& route) {
  if (!route.ipv4.keys.empty())
    return to_string(rib::to_prefix(route.ipv4.keys.front()));
  if (!route.ipv6.keys.empty())
    return to_string(rib::to_prefix(route.ipv6.keys.front()));
  return "a mark";
}

} // namespace

/// Whether the last actors came to grief over the table, the very last one at
/// once: then the next would, too.
bool rib_shard::is_jammed() {
  auto& state = *self_.state;
  const bool fruitless = state.steps == state.steps_before;
  state.steps_before = state.steps;
  if (!std::exchange(state.at_work, false))
    state.ends_at_work = 0;
  else
    state.ends_at_work = fruitless ? state.ends_at_work + 1 : 1;
  return state.ends_at_work >= ends_that_are_too_many;
}

void rib_shard::adopt() {
  auto& state = *self_.state;
  const bool jammed = is_jammed();
  if (!std::exchange(state.adopted, true))
    return;
  auto wrong = state.table.check();
  if (wrong.empty() && jammed)
    wrong = "its actors fail over it";
  if (!wrong.empty()) {
    state.ends_at_work = 0;
    if (cell().jammed()) // a drill, which is over with this
      cell().clear_fault();
    self_.environment->log.write(log::router_record(
        log::level::error, "the table of shard " + std::to_string(self_.index)
                               + " begins again: " + wrong));
    state.table.begin_again();
    state.refilling = true;
  }
  // Also where an actor before this one has emptied it.
  if (state.refilling)
    this->send(self_.router, shard_emptied{self_.index, std::move(wrong)});
}

void rib_shard::await(const shard_refill& m) {
  if (!self_.state->refilling)
    return;
  refill_ = m;
  this->delayed_send(caf::actor_cast<shard_actor>(this), longest_refill,
                     refill_timeout{++refill_generation_});
  if (refill_->awaited.empty() && !refill_->others)
    end_refill();
}

/// End-of-RIB or EoRR: who has told all of a family is waited for no longer.
void rib_shard::note_told(const rib::route_batch& batch) {
  if (!refill_)
    return;
  if (batch.ipv4.ends_round)
    refill_->awaited.erase({batch.neighbor, protocol::ipv4_unicast});
  if (batch.ipv6.ends_round)
    refill_->awaited.erase({batch.neighbor, protocol::ipv6_unicast});
  if (refill_->awaited.empty() && !refill_->others)
    end_refill();
}

void rib_shard::await_no_longer(rib::neighbor_index neighbor) {
  if (!refill_)
    return;
  std::erase_if(refill_->awaited,
                [&](const auto& each) { return each.first == neighbor; });
  if (refill_->awaited.empty() && !refill_->others)
    end_refill();
}

void rib_shard::end_refill() {
  ++refill_generation_;
  refill_.reset();
  self_.state->refilling = false;
  self_.environment->log.write(log::router_record(
      log::level::info,
      "shard " + std::to_string(self_.index) + " is told again"));
  for (const auto& each : std::exchange(held_back_, {}))
    answer(each);
  wanted_ = true;
}

/// The one place where routes come into the table.
void rib_shard::apply(const rib::route_batch& batch) {
  if (cell().fault_armed() && cell().poisoned())
    throw injected_fault{};
  self_.state->table.apply(batch, seconds());
}

/// One that cannot be applied, even alone, is taken back; the others count.
void rib_shard::apply_singly(const rib::route_batch& batch) {
  for (const auto& route : rib::split(self_.environment->pool, batch)) {
    try {
      apply(*route);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& e) {
      refuse_route(*route, e.what());
    }
  }
}

/// Kept as the UPDATE that tells nothing else: the bytes that it came in are
/// not known any more.
void rib_shard::refuse_route(const rib::route_batch& route,
                             const std::string& why) {
  const auto text = text_of(route) + ": " + why;
  const auto warn = [&](const std::string& what) {
    self_.environment->log.write(log::router_record(log::level::warn, what));
  };
  warn("a route is quarantined: " + text);
  quarantined_update update;
  update.at = std::chrono::system_clock::now();
  update.router = self_.router_name;
  if (const auto* of = self_.state->table.find_neighbor(route.neighbor)) {
    update.neighbor = of->name;
    update.peer = to_string(of->address);
  }
  update.reason = text;
  update.bytes = rib::to_updates(self_.environment->pool, route);
  if (const auto wrong = self_.environment->quarantine->add(std::move(update)))
    warn("the quarantined route cannot be kept: " + *wrong);
  self_.environment->registry->events().add(
      actor_event{cell().id(), "quarantined", 0, text, {}});
  withdraw(route);
}

void rib_shard::withdraw(const rib::route_batch& route) {
  rib::route_batch back{self_.environment->pool};
  back.neighbor = route.neighbor;
  back.incarnation = route.incarnation;
  back.ipv4.keys = route.ipv4.keys;
  back.ipv4.path_ids = route.ipv4.path_ids;
  back.ipv6.keys = route.ipv6.keys;
  back.ipv6.path_ids = route.ipv6.path_ids;
  if (!back.ipv4.keys.empty())
    back.ipv4.runs.push_back({rib::attribute_ref::none, 1, 0});
  if (!back.ipv6.keys.empty())
    back.ipv6.runs.push_back({rib::attribute_ref::none, 1, 0});
  self_.state->table.apply(back, seconds());
}

} // namespace troupe::actors
