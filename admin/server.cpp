#include "admin/server.hpp"

#include "actors/log/records.hpp"
#include "admin/server_parts.hpp"
#include "admin/views.hpp"

#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::admin {

using namespace std::chrono_literals;

namespace {

/// The format that the client asks for; the header may come in several lines.
format format_for(const httplib::Request& q) {
  std::string accept;
  const auto [begin, end] = q.headers.equal_range("Accept");
  for (auto line = begin; line != end; ++line)
    accept += line->second + ',';
  return preferred_format(accept);
}

/// The library takes any text for 0.
bool has_bad_length(const httplib::Request& q) {
  const auto text = q.get_header_value("Content-Length");
  return q.get_header_value_count("Content-Length") > 1
         || text.find_first_not_of("0123456789") != text.npos
         || (q.has_header("Content-Length") && text.empty());
}

} // namespace

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

void busy(const httplib::Request& q, httplib::Response& r) {
  refuse(q, r, 503, "the daemon is busy; try again");
}

server::implementation::implementation(
    caf::actor_system& s, log::logger& l,
    std::shared_ptr<const actors::actor_registry> r,
    std::shared_ptr<actors::quarantine> u, const config::configuration& c,
    std::string n)
    : system(s), log(l), registry(std::move(r)), quarantine(std::move(u)),
      configuration(c.admin), fault_injection(c.fault_injection),
      data_dir(c.data_dir), node_name(std::move(n)), access(token_file_of(c)) {}

/// 405 for what exists, but not with that method. After the changes and before
/// the reads: who is added first answers.
void server::implementation::add_wrong_methods(http_endpoint& http) {
  using handler = httplib::Server::Handler;
  const auto only = [](const char* methods) -> handler {
    return [methods](const auto& q, auto& r) {
      r.set_header("Allow", methods);
      refuse(q, r, 405, "the method must be one of " + std::string{methods});
    };
  };
  const handler change = only("POST");
  for (const char* path :
       {"/v1/neighbors/[^/]+/(enable|disable|reset|refresh)",
        "/v1/actors/.+/(restart|trace|fault)", "/v1/quarantine/clear"})
    http.Get(path, change)
        .Put(path, change)
        .Patch(path, change)
        .Delete(path, change)
        .Options(path, change);
  const handler read = only("GET, HEAD");
  for (const char* path :
       {"/healthz",
        "/v1/(neighbors|rib|routes|memory|actors|events|history|quarantine)",
        "/v1/actors/.+"})
    http.Post(path, read)
        .Put(path, read)
        .Patch(path, read)
        .Delete(path, read)
        .Options(path, read);
}

// -- listeners ----------------------------------------------------------------

void server::implementation::routes(http_endpoint& http, bool trusted) {
  http.set_default_headers({{"X-Content-Type-Options", "nosniff"}});
  http.set_pre_routing_handler([this, trusted](const auto& q, auto& r) {
    const auto bad_length =
        has_bad_length(q)
            ? std::optional{refusal{400, "Content-Length must be a number"}}
            : std::nullopt;
    if (const auto why = bad_length ? bad_length : access.refuses(q, trusted)) {
      http_endpoint::end_afterwards(); // its body is not read
      refuse(q, r, why->status, why->why);
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
  add_streams(http);
}

std::optional<std::string>
server::implementation::open(const config::admin_listener& where) {
  listener l;
  std::string text;
  bool bound = false;
  if (const auto* address = std::get_if<protocol::endpoint>(&where)) {
    l.http = std::make_unique<http_endpoint>(client_limits{}, tls.get());
    text = to_string(*address);
    routes(*l.http, false);
    bound = l.http->bind(to_string(address->address), address->port);
  } else {
    l.http = std::make_unique<http_endpoint>();
    l.unix_path = std::get<config::unix_path>(where).path;
    text = "unix:" + l.unix_path;
    std::error_code ignored;
    std::filesystem::create_directories(
        std::filesystem::path{l.unix_path}.parent_path(), ignored);
    ::unlink(l.unix_path.c_str());
    routes(*l.http, true);
    l.http->set_address_family(AF_UNIX);
    bound = l.http->bind(l.unix_path, 80);
    ::chmod(l.unix_path.c_str(), 0660);
  }
  if (!bound)
    return "the admin endpoint cannot listen on " + text
           + ": the address is in use or not ours";
  l.thread = std::thread{[http = l.http.get()] { http->listen_after_bind(); }};
  listeners.push_back(std::move(l));
  return std::nullopt;
}

/// Keeps the route counts of the last minutes.
void server::implementation::sample() {
  std::unique_lock lock{mutex};
  while (!ending) {
    lock.unlock();
    const auto totals = ask<actors::rib_totals>(actors::rib_query{});
    if (totals)
      history.add(std::chrono::system_clock::now(), *totals);
    lock.lock();
    // Nobody answers yet while the daemon starts.
    const auto pause = totals ? route_history::interval : 1s;
    ends.wait_for(lock, pause, [this] { return ending; });
  }
}

server::server(caf::actor_system& system, log::logger& log,
               std::shared_ptr<const actors::actor_registry> registry,
               std::shared_ptr<actors::quarantine> quarantine,
               const config::configuration& configuration,
               std::string node_name)
    : self_(std::make_unique<implementation>(
        system, log, std::move(registry), std::move(quarantine), configuration,
        std::move(node_name))) {}

server::~server() {
  stop();
}

std::optional<std::string> server::start() {
  auto& s = *self_;
  // Reads work without it, and so do changes over a Unix socket.
  if (const auto wrong = make_token(s.access.token_file()))
    s.log.write(log::router_record(log::level::warn, *wrong));
  try {
    if (s.configuration.tls)
      s.tls = std::make_unique<tls_context>(s.configuration.tls->certificate,
                                            s.configuration.tls->key);
  } catch (const std::runtime_error& e) {
    return "the admin endpoint: " + std::string{e.what()};
  }
  for (const auto& where : s.configuration.listen)
    if (auto error = s.open(where)) {
      stop();
      return error;
    }
  if (!s.listeners.empty())
    s.sampler = std::thread{[&s] { s.sample(); }};
  return std::nullopt;
}

void server::stop() {
  {
    const std::lock_guard lock{self_->mutex};
    self_->ending = true;
    self_->ends.notify_all();
  }
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
  if (self_->sampler.joinable())
    self_->sampler.join();
  const std::lock_guard lock{self_->mutex};
  self_->admin = nullptr;
}

void server::set_admin(actors::admin_actor handle) {
  const std::lock_guard lock{self_->mutex};
  self_->admin = std::move(handle);
}

} // namespace troupe::admin
