#pragma once

#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/messages.hpp"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace troupe::actors {

/// What outlives an exporter's actor; owned by the router, lent to one
/// incarnation at a time (DESIGN §5).
struct exporter_state {
  exporter_state(rib::attribute_pool& pool, rib::export_settings settings,
                 unsigned shards, rib::export_limits limits)
      : group(pool, std::move(settings), shards, limits) {}

  struct member {
    rib::member_index index{};
    std::uint64_t session = 0; ///< see `member_joined`
    connection_actor connection;
    std::uint64_t given = 0;   ///< bytes since it joined
    std::uint64_t written = 0; ///< of these, by its connection
    /// Since when there was something to write and nothing was.
    caf::actor_clock::time_point waits_since{};
  };

  rib::export_group group;
  std::map<rib::neighbor_index, member> members;
  std::map<rib::member_index, rib::neighbor_index> names;
  std::set<rib::neighbor_index> handed_over; ///< and not released
};

struct exporter_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  router_actor router;
  group_id group = 0;
  std::shared_ptr<exporter_state> state;
  std::vector<shard_actor> shards;
  /// The members as they are to be, with their connections.
  std::vector<member_joined> members;
  /// Those that moved and that no other group has taken over yet.
  std::set<rib::neighbor_index> handed_over;
  /// Whether another incarnation worked on the state before.
  bool restarted = false;
};

/// The Adj-RIB-Out of one update group at work: takes changes, encodes them
/// once, gives every member's connection the bytes that it lacks.
class exporter final : public instrumented<exporter_actor> {
public:
  exporter(caf::actor_config& config, exporter_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;
  void handled() override;

private:
  struct shard_link {
    shard_actor handle;
    std::uint64_t taken = 0;     ///< sequence applied last
    std::uint64_t told = 0;      ///< sequence acknowledged last
    std::uint64_t told_safe = 0; ///< `safe_through` told last
  };

  void adopt();
  void apply(const shard_changes& changes);
  void join(const member_joined& joined);
  void leave(rib::neighbor_index neighbor);
  void handle(const member_left& left);
  void release(rib::neighbor_index neighbor);
  void written(const output_done& done);
  void attach_to(const shard_actor& shard, bool restarted);
  void go_on();
  void step();
  void flush();
  void wait_for_output();
  void acknowledge();
  void ask_shards();
  void give_output();
  bool give_output(exporter_state::member& member, rib::neighbor_index name);
  void set_slow_aside();
  advertised_counts counts();
  exporter_actor handle_to_self();

  exporter_arguments self_;
  std::vector<shard_link> links_;
  bool wanted_ = false;       ///< a step, as soon as the mailbox runs dry
  bool goes_on_ = false;      ///< an `exporter_step` is on its way
  std::uint64_t flushes_ = 0; ///< begun
  /// The flush for whose output an `output_overdue` is on its way.
  std::optional<std::uint64_t> waiting_for_;
};

} // namespace troupe::actors
