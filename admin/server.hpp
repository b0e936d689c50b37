#pragma once

#include "actors/actor_registry.hpp"
#include "actors/log/logger.hpp"
#include "actors/messages.hpp"
#include "actors/quarantine.hpp"
#include "config/schema.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe::admin {

/// The HTTP endpoint of a node: threads of its own, which ask the admin actor
/// and the registry and nobody else. A request never waits longer than its
/// deadline, so a busy actor costs the asker an error and others nothing.
class server {
public:
  /// `node_name` is shown as the owner of what runs here; empty: single node.
  server(caf::actor_system& system, log::logger& log,
         std::shared_ptr<const actors::actor_registry> registry,
         std::shared_ptr<actors::quarantine> quarantine,
         const config::configuration& configuration, std::string node_name);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Binds every listener and starts to answer; what is wrong, or nothing.
  std::optional<std::string> start();
  /// Ends all threads; requests under way are finished first.
  void stop();
  /// The present incarnation of the admin actor; from any thread.
  void set_admin(actors::admin_actor handle);

private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

} // namespace troupe::admin
