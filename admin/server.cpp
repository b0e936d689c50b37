#include "admin/server.hpp"

#include "admin/access.hpp"
#include "admin/document.hpp"
#include "admin/process_memory.hpp"
#include "admin/views.hpp"

#include <caf/scoped_actor.hpp>
#include <httplib.h>

#include <charconv>
#include <filesystem>
#include <mutex>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace troupe::admin {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// No request waits longer for an actor; HTTP threads are few.
constexpr auto deadline = 4s;
constexpr std::size_t most_body = 1024UL * 1024;
constexpr std::size_t threads_per_listener = 8;

/// The format that the client asks for; the header may come in several lines.
format format_for(const httplib::Request& q) {
  std::string accept;
  const auto [begin, end] = q.headers.equal_range("Accept");
  for (auto line = begin; line != end; ++line)
    accept += line->second + ',';
  return preferred_format(accept);
}

void answer(const httplib::Request& q, httplib::Response& r, int status,
            const document& what) {
  const auto form = format_for(q);
  const auto bytes = render(what, form);
  r.status = status;
  r.set_header("Vary", "Accept");
  r.set_content(bytes, content_type(form));
}

void refuse(const httplib::Request& q, httplib::Response& r, int status,
            const std::string& why) {
  answer(q, r, status, {resource::error, error_view(status, why, q.path)});
}

void confirm(const httplib::Request& q, httplib::Response& r) {
  answer(q, r, 202, {resource::accepted, accepted_view()});
}

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, value);
  if (text.empty() || r.ec != std::errc{} || r.ptr != end)
    return std::nullopt;
  return value;
}

} // namespace

struct server::implementation {
  caf::actor_system& system;
  log::logger& log;
  std::shared_ptr<const actors::actor_registry> registry;
  config::admin_config configuration;
  bool fault_injection;
  std::string node_name;
  access_rules access;

  std::mutex mutex;
  actors::admin_actor admin;

  struct listener {
    std::unique_ptr<httplib::Server> http;
    std::thread thread;
    std::string unix_path;
  };
  std::vector<listener> listeners;

  implementation(caf::actor_system& s, log::logger& l,
                 std::shared_ptr<const actors::actor_registry> r,
                 const config::configuration& c, std::string n)
      : system(s), log(l), registry(std::move(r)), configuration(c.admin),
        fault_injection(c.fault_injection), node_name(std::move(n)),
        access(c.admin) {}

  actors::admin_actor handle() {
    const std::lock_guard lock{mutex};
    return admin;
  }

  /// Asks the admin actor; a failure becomes the reply's own error.
  template <class Reply, class Query>
  std::optional<Reply> ask(const Query& query) {
    const auto to = handle();
    if (!to)
      return std::nullopt;
    std::optional<Reply> result;
    caf::scoped_actor self{system};
    self->request(to, deadline, query)
        .receive([&](Reply& reply) { result = std::move(reply); },
                 [](caf::error&) {});
    return result;
  }

  void busy(const httplib::Request& q, httplib::Response& r) {
    refuse(q, r, 503, "the daemon is busy; try again");
  }
  void routes(httplib::Server& http, bool trusted);
  void add_reads(httplib::Server& http);
  void add_changes(httplib::Server& http, bool trusted);
  static void add_wrong_methods(httplib::Server& http);
  void get_routes(const httplib::Request& q, httplib::Response& r);
  void get_actor(const httplib::Request& q, httplib::Response& r);
  void change_neighbor(const httplib::Request& q, httplib::Response& r);
  void restart_actor(const httplib::Request& q, httplib::Response& r);
  void arm_fault(const httplib::Request& q, httplib::Response& r);
  std::optional<std::string> open(const config::admin_listener& where);
  void finish(const actors::command_result& done, const httplib::Request& q,
              httplib::Response& r);
};

// -- reads --------------------------------------------------------------------

void server::implementation::get_routes(const httplib::Request& q,
                                        httplib::Response& r) {
  const auto bad = [&](const std::string& text) { refuse(q, r, 400, text); };
  actors::routes_query query;
  query.router = q.get_param_value("router");
  query.neighbor = q.get_param_value("neighbor");
  query.cursor = q.get_param_value("cursor");
  if (q.has_param("view"))
    query.view = q.get_param_value("view");
  if (q.has_param("prefix")) {
    query.prefix = protocol::prefix::parse(q.get_param_value("prefix"), false);
    if (!query.prefix)
      return bad("prefix must be ADDRESS/LENGTH");
    query.family = query.prefix->address().is_v4() ? protocol::ipv4_unicast
                                                   : protocol::ipv6_unicast;
  } else if (q.has_param("family")) {
    const auto name = q.get_param_value("family");
    if (name != "ipv4_unicast" && name != "ipv6_unicast")
      return bad("family must be ipv4_unicast or ipv6_unicast");
    query.family = name == "ipv4_unicast" ? protocol::ipv4_unicast
                                          : protocol::ipv6_unicast;
  }
  if (q.has_param("limit")) {
    const auto limit = number(q.get_param_value("limit"));
    if (!limit)
      return bad("limit must be a number");
    query.limit = *limit;
  }
  auto page = ask<actors::routes_page>(query);
  if (!page)
    return busy(q, r);
  if (page->not_found)
    return refuse(q, r, 404, page->error);
  if (!page->error.empty())
    return bad(page->error);
  answer(q, r, 200, routes_document(std::move(*page)));
}

void server::implementation::get_actor(const httplib::Request& q,
                                       httplib::Response& r) {
  const auto id = q.matches[1].str();
  const auto cell = registry->find(id);
  if (!cell)
    return refuse(q, r, 404, "there is no actor " + id);
  const auto snapshot = cell->snapshot(std::chrono::steady_clock::now());
  answer(q, r, 200, {resource::actor, actor_view(snapshot, node_name)});
}

void server::implementation::add_reads(httplib::Server& http) {
  http.Get("/healthz", [this](const auto& q, auto& r) {
    const auto health = ask<actors::health_reply>(actors::health_query{});
    if (!health)
      return busy(q, r);
    answer(q, r, health->ready ? 200 : 503,
           {resource::health, health_view(*health)});
  });
  http.Get("/v1/neighbors", [this](const auto& q, auto& r) {
    const auto reply = ask<actors::neighbors_reply>(
        actors::neighbors_query{q.get_param_value("router")});
    if (!reply)
      return busy(q, r);
    answer(q, r, 200, {resource::neighbors, neighbors_view(*reply, node_name)});
  });
  http.Get("/v1/rib", [this](const auto& q, auto& r) {
    const auto reply =
        ask<actors::rib_totals>(actors::rib_query{q.get_param_value("router")});
    if (!reply)
      return busy(q, r);
    answer(q, r, 200, {resource::rib, rib_view(*reply)});
  });
  http.Get("/v1/routes", [this](const auto& q, auto& r) { get_routes(q, r); });
  http.Get("/v1/memory", [this](const auto& q, auto& r) {
    const auto totals = ask<actors::rib_totals>(actors::rib_query{});
    const auto neighbors =
        ask<actors::neighbors_reply>(actors::neighbors_query{});
    if (!totals || !neighbors)
      return busy(q, r);
    answer(q, r, 200,
           {resource::memory,
            memory_view(*totals, *neighbors, read_process_memory())});
  });
  http.Get("/v1/actors", [this](const auto& q, auto& r) {
    answer(q, r, 200,
           {resource::actors, actors_view(registry->snapshot(), node_name)});
  });
  http.Get("/v1/actors/(.+)",
           [this](const auto& q, auto& r) { get_actor(q, r); });
}

// -- changes ------------------------------------------------------------------

void server::implementation::finish(const actors::command_result& done,
                                    const httplib::Request& q,
                                    httplib::Response& r) {
  if (done.ok)
    return confirm(q, r);
  refuse(q, r, done.not_found ? 404 : 500, done.message);
}

void server::implementation::change_neighbor(const httplib::Request& q,
                                             httplib::Response& r) {
  using kind = actors::session_command::kind;
  const auto verb = q.matches[2].str();
  actors::neighbor_command command;
  command.name = q.matches[1].str();
  command.command.what = verb == "enable"    ? kind::enable
                         : verb == "disable" ? kind::disable
                         : verb == "reset"   ? kind::reset
                                             : kind::refresh;
  const auto body = json::parse(q.body, nullptr, false);
  if (body.is_object() && body.contains("message")
      && body["message"].is_string())
    command.command.text = body["message"].get<std::string>();
  const auto done = ask<actors::command_result>(command);
  if (!done)
    return busy(q, r);
  finish(*done, q, r);
}

void server::implementation::restart_actor(const httplib::Request& q,
                                           httplib::Response& r) {
  const auto done =
      ask<actors::command_result>(actors::restart_actor{q.matches[1].str()});
  if (!done)
    return busy(q, r);
  finish(*done, q, r);
}

void server::implementation::arm_fault(const httplib::Request& q,
                                       httplib::Response& r) {
  if (!fault_injection)
    return refuse(q, r, 403, "fault_injection is switched off");
  const auto cell = registry->find(q.matches[1].str());
  if (!cell)
    return refuse(q, r, 404, "there is no actor " + q.matches[1].str());
  const auto body = json::parse(q.body, nullptr, false);
  if (!body.is_object())
    return refuse(q, r, 400, "the body must be a JSON object");
  const auto name = body.find("kind");
  std::optional<actors::fault::kind_type> kind;
  if (name != body.end() && name->is_string())
    kind = actors::parse_fault_kind(name->get<std::string>());
  const auto after = body.find("after_messages");
  if (!kind)
    return refuse(q, r, 400, "kind must be throw, stall or drop");
  if (after != body.end() && !after->is_number_unsigned())
    return refuse(q, r, 400, "after_messages must be a number");
  actors::fault fault;
  fault.kind = *kind;
  if (after != body.end())
    fault.after_messages = after->get<std::uint64_t>();
  cell->arm(fault);
  confirm(q, r);
}

void server::implementation::add_changes(httplib::Server& http, bool trusted) {
  const auto guarded = [this, trusted](auto member) {
    return [this, trusted, member](const httplib::Request& q,
                                   httplib::Response& r) {
      if (const auto why = access.refuses_change(q, trusted))
        return refuse(q, r, 403, *why);
      (this->*member)(q, r);
    };
  };
  http.Post("/v1/neighbors/([^/]+)/(enable|disable|reset|refresh)",
            guarded(&implementation::change_neighbor));
  http.Post("/v1/actors/(.+)/restart", guarded(&implementation::restart_actor));
  http.Post("/v1/actors/(.+)/fault", guarded(&implementation::arm_fault));
}

/// 405 for what exists, but not with that method. After the changes and before
/// the reads: who is added first answers.
void server::implementation::add_wrong_methods(httplib::Server& http) {
  using handler = httplib::Server::Handler;
  const auto only = [](const char* methods) -> handler {
    return [methods](const auto& q, auto& r) {
      r.set_header("Allow", methods);
      refuse(q, r, 405, "the method must be one of " + std::string{methods});
    };
  };
  const handler change = only("POST");
  for (const char* path : {"/v1/neighbors/[^/]+/(enable|disable|reset|refresh)",
                           "/v1/actors/.+/(restart|fault)"})
    http.Get(path, change)
        .Put(path, change)
        .Patch(path, change)
        .Delete(path, change)
        .Options(path, change);
  const handler read = only("GET, HEAD");
  for (const char* path :
       {"/healthz", "/v1/(neighbors|rib|routes|memory|actors)",
        "/v1/actors/.+"})
    http.Post(path, read)
        .Put(path, read)
        .Patch(path, read)
        .Delete(path, read)
        .Options(path, read);
}

// -- listeners ----------------------------------------------------------------

void server::implementation::routes(httplib::Server& http, bool trusted) {
  http.set_payload_max_length(most_body);
  http.set_read_timeout(5);
  http.set_write_timeout(5);
  http.set_keep_alive_max_count(100);
  http.new_task_queue = [] {
    return new httplib::ThreadPool(threads_per_listener);
  };
  // SO_REUSEPORT, the library's default, would hide a daemon that runs already.
  http.set_socket_options([](socket_t s) {
    const int yes = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  http.set_pre_routing_handler([this, trusted](const auto& q, auto& r) {
    if (const auto why = access.refuses(q, trusted)) {
      refuse(q, r, 403, *why);
      return httplib::Server::HandlerResponse::Handled;
    }
    return httplib::Server::HandlerResponse::Unhandled;
  });
  http.set_error_handler([](const auto& q, auto& r) {
    if (r.body.empty())
      refuse(q, r, r.status,
             r.status == 404 ? "there is no such resource"
                             : "the request was refused");
  });
  http.set_exception_handler(
      [](const auto& q, auto& r, const std::exception_ptr&) {
        refuse(q, r, 500, "an error of our own");
      });
  add_changes(http, trusted);
  add_wrong_methods(http);
  add_reads(http);
}

std::optional<std::string>
server::implementation::open(const config::admin_listener& where) {
  listener l;
  l.http = std::make_unique<httplib::Server>();
  std::string text;
  bool bound = false;
  if (const auto* address = std::get_if<protocol::endpoint>(&where)) {
    text = to_string(*address);
    routes(*l.http, false);
    bound = l.http->bind_to_port(to_string(address->address), address->port);
  } else {
    l.unix_path = std::get<config::unix_path>(where).path;
    text = "unix:" + l.unix_path;
    std::error_code ignored;
    std::filesystem::create_directories(
        std::filesystem::path{l.unix_path}.parent_path(), ignored);
    ::unlink(l.unix_path.c_str());
    routes(*l.http, true);
    l.http->set_address_family(AF_UNIX);
    bound = l.http->bind_to_port(l.unix_path, 80);
    ::chmod(l.unix_path.c_str(), 0660);
  }
  if (!bound)
    return "the admin endpoint cannot listen on " + text
           + ": the address is in use or not ours";
  l.thread = std::thread{[http = l.http.get()] { http->listen_after_bind(); }};
  listeners.push_back(std::move(l));
  return std::nullopt;
}

server::server(caf::actor_system& system, log::logger& log,
               std::shared_ptr<const actors::actor_registry> registry,
               const config::configuration& configuration,
               std::string node_name)
    : self_(std::make_unique<implementation>(system, log, std::move(registry),
                                             configuration,
                                             std::move(node_name))) {}

server::~server() {
  stop();
}

std::optional<std::string> server::start() {
  for (const auto& where : self_->configuration.listen)
    if (auto error = self_->open(where)) {
      stop();
      return error;
    }
  return std::nullopt;
}

void server::stop() {
  for (auto& l : self_->listeners) {
    // The thread may not yet have reached its loop, and stop() before is lost.
    while (!l.http->is_running())
      std::this_thread::yield();
    l.http->stop();
    l.thread.join();
    if (!l.unix_path.empty())
      ::unlink(l.unix_path.c_str());
  }
  self_->listeners.clear();
  const std::lock_guard lock{self_->mutex};
  self_->admin = nullptr;
}

void server::set_admin(actors::admin_actor handle) {
  const std::lock_guard lock{self_->mutex};
  self_->admin = std::move(handle);
}

} // namespace troupe::admin
