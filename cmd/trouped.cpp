#include "cmd/daemon.hpp"
#include "config/load.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace {

/// Reads the configuration and tells everything that is wrong with it.
std::optional<troupe::config::configuration> load(const std::string& path,
                                                  const std::string& node) {
  using namespace troupe::config;
  auto loaded = load_file(path);
  for (const auto& message : loaded.messages)
    std::cerr << to_string(message) << '\n';
  if (!loaded.value || node.empty())
    return std::move(loaded.value);
  auto own = for_node(*loaded.value, node);
  if (!own)
    std::cerr << path << ": error: there is no node " << node << '\n';
  return own;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Troupe, an actor-model BGP routing daemon"};
  std::string path;
  std::string node;
  bool check = false;
  app.add_option("--config", path, "Configuration file (JSON or YAML)")
      ->required();
  app.add_option("--node", node, "This node's name in a cluster");
  app.add_flag("--check", check, "Check the configuration and stop");
  app.set_version_flag("--version", std::string{"trouped "} + TROUPE_VERSION);
  CLI11_PARSE(app, argc, argv);
  auto configuration = load(path, node);
  if (!configuration)
    return 1;
  if (check) {
    std::cout << path << ": the configuration is valid\n";
    return 0;
  }
  try {
    return troupe::cmd::run_daemon(
        {path, node,
         std::make_shared<const troupe::config::configuration>(
             *std::move(configuration))});
  } catch (const std::exception& e) {
    std::cerr << "trouped: " << e.what() << '\n';
    return 1;
  }
}
