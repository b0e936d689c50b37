#pragma once

#include "admin/access.hpp"
#include "admin/document.hpp"
#include "admin/http_endpoint.hpp"
#include "admin/route_history.hpp"
#include "admin/server.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

/// What the files of the server share; for nobody else. Its listeners are in
/// server.cpp, what can be read in server_reads.cpp, events and the page in
/// server_streams.cpp, changes in server_changes.cpp.
namespace troupe::admin {

/// No request waits longer for an actor.
constexpr std::chrono::seconds answer_deadline{4};

void answer(const httplib::Request& q, httplib::Response& r, int status,
            const document& what);
/// Answers with an error.
void refuse(const httplib::Request& q, httplib::Response& r, int status,
            const std::string& why);
/// 202.
void confirm(const httplib::Request& q, httplib::Response& r);
/// The daemon has not answered in time.
void busy(const httplib::Request& q, httplib::Response& r);

struct server::implementation {
  caf::actor_system& system;
  log::logger& log;
  std::shared_ptr<const actors::actor_registry> registry;
  std::shared_ptr<actors::quarantine> quarantine;
  config::admin_config configuration;
  bool fault_injection;
  std::string data_dir;
  std::string node_name;
  access_rules access;

  std::mutex mutex;
  actors::admin_actor admin;

  std::unique_ptr<tls_context> tls;
  struct listener {
    std::unique_ptr<http_endpoint> http;
    std::thread thread;
    std::string unix_path;
  };
  std::vector<listener> listeners;

  route_history history;
  std::thread sampler;
  std::condition_variable ends;
  bool ending = false;
  std::atomic<unsigned> event_streams{0};

  implementation(caf::actor_system& s, log::logger& l,
                 std::shared_ptr<const actors::actor_registry> r,
                 std::shared_ptr<actors::quarantine> u,
                 const config::configuration& c, std::string n);

  actors::admin_actor handle() {
    const std::lock_guard lock{mutex};
    return admin;
  }

  /// Asks the admin actor; nothing where no answer comes in time.
  template <class Reply, class Query>
  std::optional<Reply> ask(const Query& query) {
    const auto to = handle();
    if (!to)
      return std::nullopt;
    std::optional<Reply> result;
    caf::scoped_actor self{system};
    self->request(to, answer_deadline, query)
        .receive([&](Reply& reply) { result = std::move(reply); },
                 [](caf::error&) {});
    return result;
  }

  // -- listeners -------------------------------------------------------------
  std::optional<std::string> open(const config::admin_listener& where);
  void routes(http_endpoint& http, bool trusted);
  static void add_wrong_methods(http_endpoint& http);
  void sample();

  // -- reads -----------------------------------------------------------------
  void add_reads(http_endpoint& http);
  void add_actor_reads(http_endpoint& http);
  void get_routes(const httplib::Request& q, httplib::Response& r);
  void get_actor(const httplib::Request& q, httplib::Response& r);

  // -- events and the page ---------------------------------------------------
  void add_streams(http_endpoint& http);
  void get_events(const httplib::Request& q, httplib::Response& r);

  // -- changes ---------------------------------------------------------------
  void add_changes(http_endpoint& http, bool trusted);
  void change_neighbor(const httplib::Request& q, httplib::Response& r);
  void restart_actor(const httplib::Request& q, httplib::Response& r);
  void trace_actor(const httplib::Request& q, httplib::Response& r);
  void clear_quarantine(const httplib::Request& q, httplib::Response& r);
  void arm_fault(const httplib::Request& q, httplib::Response& r);
  static void finish(const actors::command_result& done,
                     const httplib::Request& q, httplib::Response& r);
};

} // namespace troupe::admin
