#include "cmd/actor_tables.hpp"
#include "cmd/client.hpp"
#include "cmd/tables.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace troupe::cmd {

using nlohmann::json;

namespace {

struct options {
  std::string admin = "http://127.0.0.1:4676";
  std::string token_file;
  bool as_json = false;
  std::string name; ///< of a neighbour
  std::string id;   ///< of an actor
  std::string message;
  std::string router, family, prefix, neighbor, view;
  unsigned limit = 1000;
  bool all = false;
  bool tree = false;
  bool top = false;
  std::string ca_file; ///< whose certificates are believed
  unsigned rounds = 0; ///< of a live view; 0: for ever
  unsigned seconds = 60;
};

client daemon_of(const options& o) {
  return {o.admin, o.token_file, o.ca_file};
}

void print(const options& o, const json& view, const std::string& text) {
  std::cout << (o.as_json ? view.dump(2) + '\n' : text);
}

json only(const json& view, const std::string& name) {
  for (const auto& n : view.at("neighbors"))
    if (n.at("name") == name)
      return n;
  throw client_error("there is no neighbor " + name);
}

void show_neighbors(const options& o) {
  const auto view =
      daemon_of(o).get("/v1/neighbors?router=" + percent_encoded(o.router));
  if (o.name.empty())
    return print(o, view, neighbors_table(view));
  const auto one = only(view, o.name);
  print(o, one, field_lines(one));
}

void show_routes(const options& o) {
  const auto daemon = daemon_of(o);
  std::string query = "/v1/routes?limit=" + std::to_string(o.limit);
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty())
      query += std::string{"&"} + key + '=' + percent_encoded(value);
  };
  add("router", o.router);
  add("family", o.family);
  add("prefix", o.prefix);
  add("neighbor", o.neighbor);
  add("view", o.view);
  if (!o.as_json)
    std::cout << routes_legend();
  std::string cursor;
  do {
    const auto view = daemon.get(
        cursor.empty() ? query : query + "&cursor=" + percent_encoded(cursor));
    print(o, view, routes_table(view));
    cursor = view.at("next_cursor").is_string()
                 ? view.at("next_cursor").get<std::string>()
                 : "";
    if (!o.all && !cursor.empty() && !o.as_json)
      std::cout << "(there is more: --all, or --limit)\n";
  } while (o.all && !cursor.empty() && std::cout.good());
}

/// The actor of a neighbour's session.
std::string session_id(const client& daemon, const std::string& name) {
  for (const auto& a : daemon.get("/v1/actors").at("actors"))
    if (a.at("kind") == "session" && a.at("name") == name)
      return a.at("id");
  throw client_error("there is no session " + name);
}

/// Again and again what hurts, until the reader has seen enough.
void show_top(const options& o) {
  const auto daemon = daemon_of(o);
  const bool on_terminal = ::isatty(STDOUT_FILENO) != 0;
  for (unsigned i = 0; std::cout.good();) {
    const auto view = daemon.get("/v1/actors");
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    const std::size_t rows = known && size.ws_row > 3 ? size.ws_row - 2U : 40U;
    if (on_terminal && !o.as_json)
      std::cout << "\x1b[H\x1b[2J";
    print(o, view, top_table(view, rows));
    std::cout.flush();
    if (++i == o.rounds)
      return;
    std::this_thread::sleep_for(std::chrono::seconds{1});
  }
}

void show_actors(const options& o) {
  if (o.top)
    return show_top(o);
  const auto view = daemon_of(o).get("/v1/actors");
  print(o, view, actors_table(view, o.tree));
}

void add_show_actors(CLI::App& show, options& o) {
  auto* actors = show.add_subcommand("actors", "Every actor at work");
  actors->add_flag("--tree", o.tree, "As a tree");
  auto* top =
      actors->add_flag("--top", o.top, "What hurts most, again each second");
  actors->add_option("--rounds", o.rounds, "Ends after so many")->needs(top);
  actors->callback([&o] { show_actors(o); });
  auto* actor = show.add_subcommand("actor", "Everything about one actor");
  actor->add_option("id", o.id, "As `show actors` prints it")->required();
  actor->callback([&o] {
    const auto view = daemon_of(o).get("/v1/actors/" + o.id);
    print(o, view, actor_details(view));
  });
  auto* session = show.add_subcommand("session", "How a session went");
  session->add_option("name", o.name, "Of the neighbor")->required();
  session->require_subcommand(1);
  session->add_subcommand("events", "The last events of its state machine")
      ->callback([&o] {
        const auto daemon = daemon_of(o);
        const auto view =
            daemon.get("/v1/actors/" + session_id(daemon, o.name));
        print(o, view.at("fsm_events"), session_events_table(view));
      });
}

void add_show(CLI::App& app, options& o) {
  auto* show = app.add_subcommand("show", "Look at the daemon");
  show->require_subcommand(1);
  auto* neighbors = show->add_subcommand("neighbors", "Sessions, a line each");
  neighbors->add_option("--router", o.router, "Only of this router");
  neighbors->callback([&o] { show_neighbors(o); });
  auto* one = show->add_subcommand("neighbor", "Everything about one session");
  one->add_option("name", o.name)->required();
  one->callback([&o] { show_neighbors(o); });
  auto* routes = show->add_subcommand("routes", "The table");
  routes->add_option("--router", o.router, "Of this router (default: first)");
  routes->add_option("--family", o.family, "ipv4_unicast or ipv6_unicast");
  routes->add_option("--prefix", o.prefix, "Exactly this prefix");
  routes->add_option("--neighbor", o.neighbor, "Learned from, or told to, it");
  routes->add_option("--view", o.view,
                     "loc, received, accepted, rejected or advertised");
  routes->add_option("--limit", o.limit, "Routes per page, at most 10000");
  routes->add_flag("--all", o.all, "All pages");
  routes->callback([&o] { show_routes(o); });
  auto* rib = show->add_subcommand("rib", "Sizes and digests of the tables");
  rib->callback([&o] {
    const auto view = daemon_of(o).get("/v1/rib");
    print(o, view, rib_table(view));
  });
  auto* memory = show->add_subcommand("memory", "What takes how much");
  memory->callback([&o] {
    const auto view = daemon_of(o).get("/v1/memory");
    print(o, view, memory_table(view));
  });
  auto* quarantine = show->add_subcommand(
      "quarantine", "UPDATEs that a mistake of ours kept us from handling");
  quarantine->callback([&o] {
    const auto view = daemon_of(o).get("/v1/quarantine");
    print(o, view, quarantine_table(view));
  });
  add_show_actors(*show, o);
}

void add_neighbor(CLI::App& app, options& o) {
  auto* neighbor = app.add_subcommand("neighbor", "Change a session");
  neighbor->add_option("name", o.name)->required();
  neighbor->add_option("--message", o.message,
                       "Shutdown communication for the peer (RFC 9003)");
  neighbor->require_subcommand(1);
  for (const auto* verb : {"enable", "disable", "reset", "refresh"}) {
    neighbor->add_subcommand(verb)->callback([&o, verb] {
      json body = json::object();
      if (!o.message.empty())
        body["message"] = o.message;
      daemon_of(o).post("/v1/neighbors/" + percent_encoded(o.name) + '/' + verb,
                        body);
    });
  }
}

void add_quarantine(CLI::App& app, options& o) {
  auto* quarantine =
      app.add_subcommand("quarantine", "UPDATEs that are not tried again");
  quarantine->require_subcommand(1);
  quarantine->add_subcommand("clear", "Forgets them: they are tried again")
      ->callback(
          [&o] { daemon_of(o).post("/v1/quarantine/clear", json::object()); });
}

void add_actor(CLI::App& app, options& o) {
  auto* actor = app.add_subcommand("actor", "Act on an actor");
  actor->add_option("id", o.id, "As `show actors` prints it")->required();
  actor->require_subcommand(1);
  actor->add_subcommand("restart", "Its supervisor ends and starts it")
      ->callback([&o] {
        daemon_of(o).post("/v1/actors/" + o.id + "/restart", json::object());
      });
  auto* trace = actor->add_subcommand("trace", "Its messages go to the log");
  trace->add_option("--seconds", o.seconds, "For so long; 0 ends it");
  trace->callback([&o] {
    daemon_of(o).post("/v1/actors/" + o.id + "/trace",
                      {{"seconds", o.seconds}});
  });
}

} // namespace

} // namespace troupe::cmd

int main(int argc, char** argv) {
  // A reader that goes away (`| head`) is no error.
  std::signal(SIGPIPE, SIG_DFL);
  CLI::App app{"The operator's tool of Troupe"};
  troupe::cmd::options o;
  app.add_option("--admin", o.admin, "http(s)://HOST:PORT or unix:/PATH")
      ->envname("TROUPE_ADMIN");
  app.add_option("--token-file", o.token_file, "Token for changes");
  app.add_option("--ca", o.ca_file, "PEM file whose certificates are believed")
      ->envname("TROUPE_CA");
  app.add_flag("--json", o.as_json, "JSON as the daemon gives it");
  app.set_version_flag("--version", std::string{"troupe "} + TROUPE_VERSION);
  app.fallthrough();
  app.require_subcommand(1);
  troupe::cmd::add_show(app, o);
  troupe::cmd::add_neighbor(app, o);
  troupe::cmd::add_actor(app, o);
  troupe::cmd::add_quarantine(app, o);
  for (auto* each : app.get_subcommands({})) {
    each->fallthrough();
    for (auto* inner : each->get_subcommands({}))
      inner->fallthrough();
  }
  try {
    CLI11_PARSE(app, argc, argv);
  } catch (const troupe::cmd::client_error& e) {
    std::cerr << "troupe: " << e.what() << '\n';
    return 1;
  } catch (const nlohmann::json::exception&) {
    std::cerr << "troupe: the daemon's answer was not understood; are both of "
                 "the same version?\n";
    return 1;
  }
  return 0;
}
