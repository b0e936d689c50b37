#pragma once

#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/messages.hpp"

#include <set>

namespace troupe::actors {

struct rib_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  std::string router;
};

/// The facade of one router's table: routes queries to the shards and puts the
/// answers together, tells the shards what the router originates.
class rib_facade final : public instrumented<rib_actor> {
public:
  rib_facade(caf::actor_config& config, rib_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;

private:
  /// Where a page begins: cursors are "SHARD:NUMBER".
  struct position {
    std::uint32_t shard = 0;
    rib::prefix_number number = 0;
  };
  struct page_job;

  void originate(const std::vector<protocol::prefix>& prefixes);
  void announce(const std::vector<protocol::prefix>& prefixes, bool withdraw);
  caf::result<routes_page> routes(const routes_query& query);
  void ask(const std::shared_ptr<page_job>& job);
  void ask_exporter(const std::shared_ptr<page_job>& job, rib::route_page page);
  static void add_told(const rib::route_page& page, rib::prefix_number number,
                       const rib::told_route& told, routes_page& to);
  void go_on(const std::shared_ptr<page_job>& job, const rib::route_page& page);
  caf::result<rib_totals> totals();

  rib_arguments self_;
  rib_members members_;
  std::set<protocol::prefix> originated_;
};

} // namespace troupe::actors
