#pragma once

#include "actors/log/sink.hpp"
#include "actors/node.hpp"
#include "actors/transport/fake_transport.hpp"
#include "config/load.hpp"
#include "tests/support/caf_fixture.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

namespace troupe::test {

/// Loads a configuration from text; throws with every error.
inline std::shared_ptr<const config::configuration>
configuration_of(const std::string& text) {
  auto loaded = config::load(text, "test.json");
  std::string wrong;
  for (const auto& m : loaded.messages)
    if (m.level == config::severity::error)
      wrong += to_string(m) + '\n';
  if (!loaded.value)
    throw std::runtime_error(wrong);
  return std::make_shared<const config::configuration>(
      *std::move(loaded.value));
}

/// What the actors of a node refer to; must outlive the last of them.
struct node_world {
  std::shared_ptr<log::capture_sink> sink =
      std::make_shared<log::capture_sink>();
  log::logger log;
  rib::attribute_pool pool;
  std::shared_ptr<actors::actor_registry> registry =
      std::make_shared<actors::actor_registry>();

  std::shared_ptr<actors::quarantine> quarantine =
      std::make_shared<actors::quarantine>();

  node_world(virtual_system& world, log::level level)
      : log(sink,
            {level, log::format::json, {"troupe", "simulated", 1}, [&world] {
               return world.wall_time();
             }}) {}
};

/// Outlives the actor system: messages that were delayed hold their receivers
/// until its end.
struct world_store {
  std::vector<std::shared_ptr<node_world>> worlds;
};

/// A network of simulated nodes: virtual clock and fake transport move
/// together.
class simulation : private world_store, public caf_fixture {
public:
  simulation() {
    pump_with([this] { return net.deliver(); });
  }
  std::shared_ptr<node_world> make_world(log::level level) {
    worlds.push_back(std::make_shared<node_world>(*this, level));
    return worlds.back();
  }

protected:
  /// Lets time pass for actors and transport alike.
  void pass(caf::timespan span,
            caf::timespan step = std::chrono::milliseconds(10)) {
    for (caf::timespan done{0}; done < span; done += step) {
      net.advance(step);
      advance(step);
    }
  }
  bool pass_until(const std::function<bool()>& condition, caf::timespan longest,
                  caf::timespan step = std::chrono::milliseconds(10)) {
    settle();
    for (caf::timespan done{0}; !condition(); done += step) {
      if (done >= longest)
        return false;
      pass(step, step);
    }
    return true;
  }

public:
  transport::fake_transport net{7};
};

/// A whole daemon on a shared fake transport and clock, with a log and a pool
/// of its own. Several of them make a network without a socket or a sleep.
class simulated_node {
public:
  simulated_node(simulation& world,
                 std::shared_ptr<const config::configuration> configuration,
                 log::level level = log::level::warn, bool restarted = false)
      : world_(world), own_(world.make_world(level)) {
    actors::node_arguments a;
    a.environment = std::make_shared<const actors::environment>(
        actors::environment{world.net, own_->log, own_->pool, own_->registry,
                            42, restarted, own_->quarantine});
    a.cell = own_->registry->add("", actors::actor_kind::node, "");
    a.configuration = std::move(configuration);
    handle_ = world_.system().spawn<actors::node>(std::move(a));
    world_.own(handle_);
    world_.settle();
  }

  const actors::node_actor& handle() const { return handle_; }
  log::capture_sink& log() { return *own_->sink; }
  actors::actor_registry& registry() { return *own_->registry; }
  rib::attribute_pool& pool() { return own_->pool; }
  actors::quarantine& quarantine() { return *own_->quarantine; }

  void apply(std::shared_ptr<const config::configuration> configuration) {
    caf::anon_send(handle_, actors::apply_configuration{configuration});
    world_.settle();
  }
  void stop(bool silently = false) {
    caf::anon_send(handle_, actors::stop_node{silently});
    world_.settle();
  }

  std::vector<actors::neighbor_status> neighbors() {
    return world_
        .ask<actors::neighbors_reply>(handle_, actors::neighbors_query{})
        .neighbors;
  }
  actors::neighbor_status neighbor(const std::string& name) {
    for (auto& n : neighbors())
      if (n.configuration.name == name)
        return n;
    throw std::runtime_error("no neighbor " + name);
  }
  std::string state(const std::string& name) {
    return neighbor(name).report.state;
  }
  actors::routes_page routes(actors::routes_query query) {
    return world_.ask<actors::routes_page>(handle_, std::move(query));
  }
  actors::router_totals totals() {
    return world_.ask<actors::rib_totals>(handle_, actors::rib_query{})
        .routers.at(0);
  }
  std::uint64_t prefixes(protocol::family family) {
    return totals().families[family].prefixes;
  }
  std::shared_ptr<actors::actor_cell> cell(const std::string& id) {
    auto found = own_->registry->find(id);
    if (!found)
      throw std::runtime_error("no actor " + id);
    return found;
  }

private:
  simulation& world_;
  std::shared_ptr<node_world> own_;
  actors::node_actor handle_;
};

} // namespace troupe::test
