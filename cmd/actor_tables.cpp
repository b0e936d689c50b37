#include "cmd/actor_tables.hpp"

#include "cmd/tables.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace troupe::cmd {

using nlohmann::json;

namespace {

/// Its place below its parents.
std::string indented(const std::string& id) {
  const auto depth = std::count(id.begin(), id.end(), '/');
  const auto last = id.rfind('/');
  return std::string(static_cast<std::size_t>(depth) * 2, ' ')
         + (last == id.npos ? id : id.substr(last + 1));
}

double running_ms(const json& actor) {
  const auto found = actor.find("running");
  return found == actor.end() || !found->is_object()
             ? 0
             : found->value("for_ms", 0.0);
}

/// What hurts more comes first.
auto pain(const json& actor) {
  constexpr double noticed_ms = 5; // no handler is to run for longer
  const auto running = running_ms(actor);
  const auto oldest = actor.at("mailbox").value("oldest_ms", 0.0);
  return std::tuple{
      running > noticed_ms ? running : 0, oldest > noticed_ms ? oldest : 0,
      actor.value("cpu_share", 0.0), actor.value("messages_per_second", 0.0)};
}

std::string percent(const json& actor) {
  return fixed(actor.value("cpu_share", 0.0) * 100, 1);
}

/// "2026-11-27T12:00:00.123456789Z" with milliseconds and without the day.
std::string time_of_day(const json& record) {
  const auto text = cell(record, "time");
  return text.size() > 23 ? text.substr(11, 12) : text;
}

} // namespace

std::string actors_table(const json& view, bool tree) {
  table t{{"Actor", "Kind", "State", ">Mailbox", ">Oldest ms", ">Messages",
           ">p50 us", ">p99 us", ">Restarts", ">Uptime"}};
  for (const auto& a : view.at("actors")) {
    const auto id = cell(a, "id");
    t.add({tree ? indented(id) : id, cell(a, "kind"), cell(a, "state"),
           cell(a.at("mailbox"), "depth"),
           fixed(a.at("mailbox").value("oldest_ms", 0.0), 1),
           cell(a, "messages"), fixed(a.at("handling_us").value("p50", 0.0), 1),
           fixed(a.at("handling_us").value("p99", 0.0), 1),
           cell(a.at("restarts"), "count"),
           age(a.value("uptime_seconds", 0.0))});
  }
  return t.text();
}

std::string top_table(const json& view, std::size_t rows) {
  std::vector<const json*> all;
  for (const auto& a : view.at("actors"))
    all.push_back(&a);
  std::stable_sort(all.begin(), all.end(), [](const json* a, const json* b) {
    return pain(*a) > pain(*b);
  });
  all.resize(std::min(all.size(), rows));
  table t{{">CPU %", ">Msgs/s", ">Mailbox", ">Oldest ms", ">Running ms",
           ">p99 us", ">Restarts", "State", "Actor"}};
  for (const auto* a : all)
    t.add({percent(*a), fixed(a->value("messages_per_second", 0.0), 1),
           cell(a->at("mailbox"), "depth"),
           fixed(a->at("mailbox").value("oldest_ms", 0.0), 1),
           fixed(running_ms(*a), 1),
           fixed(a->at("handling_us").value("p99", 0.0), 1),
           cell(a->at("restarts"), "count"), cell(*a, "state"),
           cell(*a, "id")});
  return t.text();
}

std::string session_events_table(const json& actor) {
  table t{{"Time", "Event", "State", "Connection", "Cause"}};
  for (const auto& e : actor.at("fsm_events")) {
    const auto from = cell(e, "from");
    const auto to = cell(e, "to");
    t.add({time_of_day(e), cell(e, "event"),
           from == to ? from : from + " -> " + to, cell(e, "connection"),
           cell(e, "cause")});
  }
  return t.text();
}

std::string quarantine_table(const json& view) {
  table t{{"Time", "Router", "Neighbor", "Peer", "Action", ">Seen", "Hash",
           "Reason"}};
  for (const auto& u : view.at("updates"))
    t.add({cell(u, "time"), cell(u, "router"), cell(u, "neighbor"),
           cell(u, "peer"),
           u.value("session_reset", false) ? "reset" : "withdraw",
           cell(u, "seen"), cell(u, "hash"), cell(u, "reason")});
  return t.text();
}

std::string actor_details(const json& actor) {
  auto facts = actor;
  for (const auto* list : {"recent_messages", "restart_history", "fsm_events"})
    facts.erase(list);
  auto text = field_lines(facts);
  table messages{{"Time", "Message"}};
  for (const auto& m : actor.value("recent_messages", json::array()))
    messages.add({time_of_day(m), cell(m, "type")});
  table restarts{{"Time", "Restart"}};
  for (const auto& r : actor.value("restart_history", json::array()))
    restarts.add({time_of_day(r), cell(r, "reason")});
  return text + '\n' + messages.text() + '\n' + restarts.text();
}

} // namespace troupe::cmd
