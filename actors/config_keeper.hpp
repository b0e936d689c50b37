#pragma once

#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/messages.hpp"

#include <set>

namespace troupe::actors {

/// What survives the daemon in its data directory.
struct persisted_state {
  std::set<std::string> disabled; ///< neighbours, by an operator's word
};

/// Reads what an earlier run kept; what is missing or unreadable is empty, with
/// the reason in `error` when there is something to tell.
persisted_state read_persisted(const std::string& data_dir, std::string& error);

/// Writes a file so that a crash leaves either the old or the new one. Returns
/// why it failed, or nothing.
std::optional<std::string> write_atomically(const std::string& path,
                                            const std::string& text);

struct config_keeper_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  node_actor node;
  std::string path;      ///< of the configuration
  std::string node_name; ///< of this node in a cluster, or empty
  std::shared_ptr<const config::configuration> configuration;
  persisted_state persisted;
};

/// Validates, persists, diffs and applies: nothing is in force that was not
/// kept first, and nothing that is wrong changes anything.
class config_keeper final : public instrumented<config_keeper_actor> {
public:
  config_keeper(caf::actor_config& config, config_keeper_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;

private:
  command_result reload();
  command_result persist(const persist_command& m);
  std::optional<std::string> keep_configuration() const;
  log::logger& log() { return self_.environment->log; }

  config_keeper_arguments self_;
  std::uint64_t generation_ = 1;
};

} // namespace troupe::actors
