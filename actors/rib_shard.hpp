#pragma once

#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/messages.hpp"

#include <map>
#include <set>

namespace troupe::actors {

/// What outlives a shard's actor; owned by the router, lent to one incarnation
/// at a time (DESIGN §5).
struct shard_state {
  shard_state(rib::attribute_pool& pool, rib::shard_limits limits,
              rib::decision_options options)
      : table(pool, limits, options) {}
  rib::shard_table table;
  std::map<group_id, rib::exporter_index> exporters;
};

struct shard_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  std::uint32_t index = 0;
  std::shared_ptr<shard_state> state;
  router_actor router;
};

/// A slice of the prefixes at work: applies batches, and when it has run dry or
/// enough has changed hands the changes to the exporters.
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

  void apply(const shard_routes& routes);
  void change_family(const source_family& m);
  void measure(rib::neighbor_index neighbor);
  void attach(const exporter_attached& attached);
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
  bool wanted_ = false; ///< a step, as soon as the mailbox runs dry
};

} // namespace troupe::actors
