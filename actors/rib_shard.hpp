#pragma once

#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/messages.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::actors {

/// What outlives a shard's actor; owned by the router, lent to one incarnation
/// at a time (DESIGN §5).
struct shard_state {
  shard_state(rib::attribute_pool& pool, rib::shard_limits limits,
              rib::decision_options options)
      : table(pool, limits, options) {}
  rib::shard_table table;
  std::map<group_id, rib::exporter_index> exporters;
  /// Whether an actor works on it just now, or has ended while it did.
  bool at_work = false;
  /// Steps that actors have finished; those when the last one began.
  std::uint64_t steps = 0;
  std::uint64_t steps_before = 0;
  /// Actors in a row that ended at work, the last ones without a step.
  unsigned ends_at_work = 0;
  bool adopted = false; ///< there was an actor before
  /// It was emptied and is being told again: nothing is handed out meanwhile.
  bool refilling = false;
};

struct shard_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  std::uint32_t index = 0;
  std::shared_ptr<shard_state> state;
  router_actor router;
  std::string router_name;
};

/// A slice of the prefixes at work: applies batches, and when it has run dry or
/// enough has changed hands the changes to the exporters. What is done when a
/// table cannot be trusted, or a route not be applied, is in
/// rib_shard_repair.cpp.
class rib_shard final : public instrumented<shard_actor> {
public:
  rib_shard(caf::actor_config& config, shard_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;
  void handled() override;

private:
  struct owed_credit {
    std::uint64_t sequence = 0;
    std::size_t bytes = 0;
  };

  void adopt();
  bool is_jammed();
  void apply(const shard_routes& routes);
  void apply(const rib::route_batch& batch);
  void apply_singly(const rib::route_batch& batch);
  void refuse_route(const rib::route_batch& route, const std::string& why);
  void withdraw(const rib::route_batch& route);
  void await(const shard_refill& refill);
  void note_told(const rib::route_batch& batch);
  void await_no_longer(rib::neighbor_index neighbor);
  void end_refill();
  void change_family(const source_family& m);
  void measure(rib::neighbor_index neighbor);
  void attach(const exporter_attached& attached);
  void answer(const resync_wanted& wanted);
  void step();
  void go_on();
  void give_credit();
  void deliver();
  std::uint32_t seconds();
  shard_totals totals(const totals_query& query) const;

  shard_arguments self_;
  std::map<group_id, exporter_actor> handles_;
  /// Groups that have not yet been told all that there was.
  std::set<group_id> behind_;
  std::map<caf::strong_actor_ptr, owed_credit> credits_;
  std::map<rib::neighbor_index, std::shared_ptr<prefix_gauge>> gauges_;
  caf::actor_clock::time_point started_{};
  std::optional<shard_refill> refill_; ///< while it is refilled
  std::uint64_t refill_generation_ = 0;
  std::vector<resync_wanted> held_back_; ///< while it is refilled
  bool wanted_ = false; ///< a step, as soon as the mailbox runs dry
};

} // namespace troupe::actors
