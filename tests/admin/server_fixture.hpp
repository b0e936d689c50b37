#pragma once

#include "actors/instrumented.hpp"
#include "admin/server.hpp"
#include "tests/admin/examples.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::admin {

/// What the stub answers, and what it was asked last. A test writes between two
/// requests only.
struct stub_script {
  actors::health_reply health = examples::health();
  actors::neighbors_reply neighbors = examples::neighbors();
  actors::rib_totals rib = examples::rib();
  actors::routes_page page = examples::routes();
  actors::command_result done{true, false, {}};

  std::string router;
  actors::routes_query query;
  actors::neighbor_command command;
  std::string restarted;
};

/// Stands for the admin actor and all behind it.
class stub_admin final : public actors::instrumented<actors::admin_actor> {
public:
  stub_admin(caf::actor_config& config,
             std::shared_ptr<actors::actor_cell> cell,
             std::shared_ptr<stub_script> script)
      : instrumented(config, std::move(cell)), script_(std::move(script)) {}

protected:
  behavior_type make_behavior() override {
    return {
        [this](const actors::health_query&) { return script_->health; },
        [this](const actors::restart_actor& m) {
          script_->restarted = m.id;
          return script_->done;
        },
        [this](const actors::neighbors_query& m) {
          script_->router = m.router;
          return script_->neighbors;
        },
        [this](const actors::neighbor_command& m) {
          script_->command = m;
          return script_->done;
        },
        [this](const actors::routes_query& m) {
          script_->query = m;
          return script_->page;
        },
        [this](const actors::rib_query& m) {
          script_->router = m.router;
          return script_->rib;
        },
    };
  }

private:
  std::shared_ptr<stub_script> script_;
};

/// A port of 127.0.0.1 that nobody listens on just now.
inline std::uint16_t free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(a);
  auto* plain = reinterpret_cast<sockaddr*>(&a);
  if (::bind(s, plain, size) != 0 || ::getsockname(s, plain, &size) != 0)
    a.sin_port = 0;
  ::close(s);
  return ntohs(a.sin_port);
}

/// A server on loopback whose admin actor is a stub.
class server_fixture : public ::testing::Test {
protected:
  /// Starts it with this configuration, whose listeners are replaced.
  void serve(config::configuration c = {}) {
    cell = registry->add("", actors::actor_kind::admin, "");
    c.data_dir = data_dir;
    std::optional<std::string> error;
    for (int attempt = 0; attempt < 5; ++attempt) {
      port = free_port();
      c.admin.listen = {
          protocol::endpoint{protocol::ip_address::v4(0x7f000001), port, 0},
          config::unix_path{unix_path}};
      node =
          std::make_unique<server>(system, log, registry, quarantine, c, "a");
      error = node->start();
      if (!error)
        break;
    }
    ASSERT_FALSE(error) << *error;
    stub = system.spawn<stub_admin>(cell, script);
    node->set_admin(stub);
  }

  void TearDown() override {
    cell->clear_fault();
    node.reset();
    std::filesystem::remove_all(data_dir);
    caf::anon_send_exit(stub, caf::exit_reason::user_shutdown);
    stub = nullptr;
  }

  httplib::Client client() const {
    httplib::Client http{"127.0.0.1", port};
    http.set_read_timeout(30);
    return http;
  }
  httplib::Result get(const std::string& path,
                      const httplib::Headers& headers = {}) const {
    return client().Get(path.c_str(), headers);
  }
  /// With the token, unless the headers have another one.
  httplib::Result post(const std::string& path, const std::string& body = {},
                       httplib::Headers headers = {}) const {
    if (!headers.contains("Authorization"))
      headers.emplace("Authorization", "Bearer " + token());
    return client().Post(path.c_str(), headers, body, "application/json");
  }
  /// That which the server has made.
  std::string token() const {
    std::ifstream in{data_dir + "/token"};
    std::string line;
    std::getline(in, line);
    return line;
  }

  std::shared_ptr<actors::actor_registry> registry =
      std::make_shared<actors::actor_registry>();
  std::shared_ptr<actors::quarantine> quarantine =
      std::make_shared<actors::quarantine>();
  std::shared_ptr<stub_script> script = std::make_shared<stub_script>();
  log::logger log{std::make_shared<log::capture_sink>()};
  caf::actor_system_config system_config;
  caf::actor_system system{system_config};
  std::shared_ptr<actors::actor_cell> cell;
  actors::admin_actor stub;
  std::unique_ptr<server> node;
  std::uint16_t port = 0;
  std::string data_dir =
      ::testing::TempDir() + "troupe-data-" + std::to_string(::getpid());
  std::string unix_path =
      ::testing::TempDir() + "troupe-" + std::to_string(::getpid()) + ".sock";
};

} // namespace troupe::admin
