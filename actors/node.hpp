#pragma once

#include "actors/config_keeper.hpp"
#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/messages.hpp"
#include "actors/supervisor/supervisor.hpp"

#include <map>
#include <set>

namespace troupe::actors {

struct node_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  std::string configuration_path;
  std::string node_name; ///< in a cluster, else empty
  std::shared_ptr<const config::configuration> configuration;
  persisted_state persisted;
  rib::shard_limits shard_limits;
  rib::export_limits export_limits;
  /// Told the handle of each incarnation of the admin actor.
  std::function<void(const admin_actor&)> on_admin;
};

/// The root supervisor of the process: configuration, listeners, routers and
/// the admin actor. All listeners are tried before any session starts.
class node final : public instrumented<node_actor> {
public:
  node(caf::actor_config& config, node_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;

private:
  /// A listening address: the listener outlives its dispatcher.
  struct listener_entry {
    listener_report report;
    dispatcher_actor handle;
    bool reported = false;
    std::set<std::string> routers;
  };
  struct router_entry {
    router_actor handle;
    bool started = false;
  };

  void start();
  void start_keeper();
  void start_admin();
  void start_dispatcher(const protocol::endpoint& address);
  void start_router(const std::string& name);
  void start_waiting_routers();
  void on_child(const child_event& event);
  void apply(const apply_configuration& m);
  void apply_log(const config::configuration& c);
  void update_listeners();
  void tell_directory(const protocol::endpoint& address);
  void tell_directories();
  void stop(const stop_node& m);
  router_entry* router_of(const std::string& name, const std::string& neighbor);
  caf::result<neighbors_reply> neighbors(const neighbors_query& m);
  caf::result<rib_totals> totals(const rib_query& m);
  caf::result<routes_page> routes(const routes_query& m);
  caf::result<command_result> command(const neighbor_command& m);
  caf::result<command_result> restart(const restart_actor& m);
  health_reply health() const;

  log::logger& log() { return self_.environment->log; }
  node_actor handle_to_self();

  node_arguments self_;
  std::shared_ptr<const config::configuration> configuration_;
  supervisor sup_;
  config_keeper_actor keeper_;
  std::map<protocol::endpoint, listener_entry> listeners_;
  std::map<std::string, router_entry> routers_;
  bool stopping_ = false;
};

} // namespace troupe::actors
