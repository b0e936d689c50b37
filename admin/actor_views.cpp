#include "admin/actor_views.hpp"

#include "actors/log/records.hpp"
#include "actors/log/render.hpp"
#include "admin/document.hpp"
#include "protocol/overloaded.hpp"

#include <chrono>

namespace troupe::admin {

using nlohmann::json;

namespace {

/// A handler that runs for longer makes its actor a busy one.
constexpr std::chrono::milliseconds shown_as_busy_after{200};

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// The time of day of a moment of the clock of statistics.
std::string time_of(std::int64_t steady) {
  const auto ago = std::chrono::nanoseconds(actors::steady_ns() - steady);
  return log::render_time(
      std::chrono::system_clock::now()
      - std::chrono::duration_cast<std::chrono::system_clock::duration>(ago));
}

json dated(const std::vector<actors::dated_text>& list, const char* key) {
  json all = json::array();
  for (const auto& each : list)
    all.push_back({{"time", time_of(each.at_ns)}, {key, each.text}});
  return all;
}

json fsm_view(const actors::fsm_record& r) {
  json v{{"time", log::render_time(r.at)},
         {"event", r.event},
         {"from", std::string{api_name(r.from)}},
         {"to", std::string{api_name(r.to)}},
         {"cause", r.cause}};
  if (r.connection)
    v["connection"] = log::connection_id_text(*r.connection);
  return v;
}

} // namespace

json actor_view(const actors::actor_snapshot& a, const std::string& node) {
  json types = json::object();
  for (const auto& each : a.by_type)
    types[each.type] = each.count;
  json v;
  v["id"] = a.id;
  v["kind"] = std::string{to_string(a.kind)};
  v["name"] = a.name;
  v["node"] = node;
  v["parent"] = a.parent;
  v["state"] =
      a.running_type && a.running_for > shown_as_busy_after ? "busy" : a.state;
  v["mailbox"] = {{"depth", a.mailbox_depth},
                  {"oldest_ms", milliseconds(a.oldest_message)}};
  v["messages"] = a.handled;
  v["messages_per_second"] = a.messages_per_second;
  v["messages_by_type"] = std::move(types);
  v["cpu_seconds"] = seconds(a.cpu);
  v["cpu_share"] = a.cpu_share;
  v["handling_us"] = {
      {"p50", a.handling_p50_us},
      {"p99", a.handling_p99_us},
      {"longest", milliseconds(a.longest_handler) * 1000},
      {"longest_cpu", milliseconds(a.longest_handler_cpu) * 1000},
      {"longest_type", a.longest_handler_type}};
  v["restarts"] = {{"count", a.restarts},
                   {"last_reason", a.last_restart_reason}};
  if (a.restarts > 0)
    v["restarts"]["last_seconds_ago"] = seconds(a.since_last_restart);
  v["last_end_reason"] = a.last_end_reason;
  v["unexpected_messages"] = a.unexpected;
  v["traced"] = a.traced;
  v["fault_armed"] = a.fault_armed;
  v["uptime_seconds"] = seconds(a.uptime);
  if (a.running_type)
    v["running"] = {{"type", *a.running_type},
                    {"for_ms", milliseconds(a.running_for)}};
  return v;
}

json actors_view(const std::vector<actors::actor_snapshot>& all,
                 const std::string& node) {
  json list = json::array();
  for (const auto& each : all)
    list.push_back(actor_view(each, node));
  return {{"actors", std::move(list)}};
}

void add_actor_history(json& view, const actors::actor_cell& cell,
                       const actors::fsm_history* history) {
  view["recent_messages"] = dated(cell.recent_messages(), "type");
  view["restart_history"] = dated(cell.restart_history(), "reason");
  if (history == nullptr)
    return;
  view["fsm_events"] = json::array();
  for (const auto& each : history->records())
    view["fsm_events"].push_back(fsm_view(each));
}

json quarantine_view(const std::vector<actors::quarantined_update>& updates) {
  json all = json::array();
  for (const auto& u : updates)
    all.push_back({{"hash", u.hash},
                   {"time", log::render_time(u.at)},
                   {"router", u.router},
                   {"neighbor", u.neighbor},
                   {"peer", u.peer},
                   {"reason", u.reason},
                   {"session_reset", u.reset},
                   {"version", u.version},
                   {"seen", u.seen},
                   {"bytes", actors::to_hex(u.bytes)}});
  return {{"updates", std::move(all)}};
}

std::string event_text(const actors::logged_event& event) {
  json data{{"time", log::render_time(event.at)}};
  const char* type = "actor";
  std::visit(overloaded{[&](const actors::actor_event& e) {
                          data["actor"] = e.actor;
                          data["kind"] = std::string{e.kind};
                          data["incarnation"] = e.incarnation;
                          data["reason"] = e.reason;
                          data["delay_ms"] = e.delay.count();
                        },
                        [&](const actors::session_change& e) {
                          type = "session";
                          data["actor"] = e.actor;
                          data["router"] = e.router;
                          data["neighbor"] = e.neighbor;
                          data["from"] = std::string{e.from};
                          data["to"] = std::string{e.to};
                          data["cause"] = e.cause;
                        }},
             event.what);
  // A line of its own: JSON text has no line break.
  return "id: " + std::to_string(event.number) + "\nevent: " + type
         + "\ndata: " + json_text(data) + "\n\n";
}

} // namespace troupe::admin
