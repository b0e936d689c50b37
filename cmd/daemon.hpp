#pragma once

#include "config/schema.hpp"

#include <memory>
#include <string>

namespace troupe::cmd {

/// What the command line says.
struct daemon_options {
  std::string configuration_path;
  std::string node_name; ///< empty: not in a cluster
  std::shared_ptr<const config::configuration> configuration;
};

/// Runs the daemon until it is told to stop (SIGTERM, SIGINT) or its root
/// supervisor gives up. SIGHUP reloads. Returns the exit status: 0 after an
/// orderly stop. Call it once, from the main thread, before any other thread
/// exists.
int run_daemon(const daemon_options& options);

} // namespace troupe::cmd
