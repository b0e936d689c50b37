#include "admin/views.hpp"

#include "protocol/wire/path_attributes.hpp"

#include <array>
#include <cstdio>

namespace troupe::admin {

using nlohmann::json;
namespace wire = protocol::wire;

namespace {

std::string hex(std::uint64_t high, std::uint64_t low) {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return text.data();
}

/// Sequences one after the other; a set is an array within.
json path_view(const wire::as_path& path) {
  json all = json::array();
  for (const auto& segment : path.segments()) {
    if (segment.type == wire::segment_type::as_sequence
        || segment.type == wire::segment_type::confed_sequence)
      for (const auto as : segment.numbers)
        all.push_back(as);
    else
      all.push_back(segment.numbers);
  }
  return all;
}

json attributes_view(const wire::path_attributes& a) {
  json v;
  v["origin"] = std::string{name_of(a.origin)};
  v["as_path"] = path_view(a.as_path);
  v["as_path_text"] = to_string(a.as_path);
  v["next_hop"] = a.next_hop ? json(to_string(*a.next_hop)) : json(nullptr);
  v["med"] = a.med ? json(*a.med) : json(nullptr);
  v["local_pref"] = a.local_pref ? json(*a.local_pref) : json(nullptr);
  if (a.aigp)
    v["aigp"] = *a.aigp;
  v["communities"] = json::array();
  for (const auto c : a.communities)
    v["communities"].push_back(to_string(c));
  v["large_communities"] = json::array();
  for (const auto& c : a.large_communities)
    v["large_communities"].push_back(to_string(c));
  v["extended_communities"] = json::array();
  for (const auto& c : a.extended_communities)
    v["extended_communities"].push_back(to_string(c));
  v["atomic_aggregate"] = a.atomic_aggregate;
  if (a.aggregator)
    v["aggregator"] = {{"as", a.aggregator->as},
                       {"address", to_string(a.aggregator->address)}};
  if (a.originator_id)
    v["originator_id"] = to_string(*a.originator_id);
  if (!a.cluster_list.empty())
    for (const auto id : a.cluster_list)
      v["cluster_list"].push_back(to_string(id));
  return v;
}

json route_view_of(const rib::route_row& row) {
  json v = attributes_view(wire::decode_canonical(row.attributes));
  v["prefix"] = to_string(row.prefix);
  v["neighbor"] = row.neighbor.name;
  v["neighbor_address"] = row.neighbor.source == rib::source_kind::bgp
                              ? json(to_string(row.neighbor.address))
                              : json(nullptr);
  v["best"] = row.best;
  v["rejected"] = (row.what.flags & rib::path_flag::rejected) != 0;
  v["stale"] = (row.what.flags & rib::path_flag::stale) != 0;
  v["ranked_by"] = rib::to_string(row.ranked_by);
  v["path_id"] = row.what.path_id;
  return v;
}

json counters_view(const actors::neighbor_counters::direction& d) {
  return {{"opens", d.opens.load()},
          {"updates", d.updates.load()},
          {"notifications", d.notifications.load()},
          {"keepalives", d.keepalives.load()},
          {"route_refreshes", d.route_refreshes.load()},
          {"bytes", d.bytes.load()}};
}

/// What the peer has said of its restart (RFC 4724 §3), and what is agreed
/// upon.
json restart_view(const wire::negotiated& n) {
  if (!n.graceful_restart)
    return nullptr;
  const auto& peer = *n.graceful_restart;
  json families = json::array();
  for (const auto& each : peer.entries)
    families.push_back({{"family", to_string(each.address_family)},
                        {"forwarding", each.forwarding_preserved}});
  return {{"restart_time_seconds", peer.restart_time.count()},
          {"restarted", peer.restarted},
          {"notification", n.restart_on_notification},
          {"long_lived", n.long_lived.has_value()},
          {"families", std::move(families)}};
}

json add_path_view(const wire::negotiated& n) {
  json v = json::object();
  for (const auto& each : n.families)
    if (each.add_path_receive || each.add_path_send)
      v[to_string(each.address_family)] = {{"receive", each.add_path_receive},
                                           {"send", each.add_path_send}};
  return v;
}

json session_view(const actors::session_report& report) {
  json v = json::object();
  if (report.local)
    v["local"] = to_string(*report.local);
  if (report.remote)
    v["remote"] = to_string(*report.remote);
  if (!report.negotiated)
    return v;
  const auto& n = *report.negotiated;
  v["remote_id"] = to_string(n.peer_id);
  v["kind"] = to_string(n.kind);
  v["hold_time_seconds"] = n.hold_time.count();
  v["keepalive_time_seconds"] =
      std::chrono::duration<double>(n.keepalive_time).count();
  v["four_octet_as"] = n.as4;
  v["route_refresh"] = n.route_refresh;
  v["extended_messages"] = n.extended_message_send;
  v["extended_next_hop"] = n.extended_next_hop;
  v["enhanced_route_refresh"] = n.enhanced_route_refresh;
  v["remote_role"] =
      n.remote_role ? json(wire::name_of(*n.remote_role)) : json(nullptr);
  v["graceful_restart"] = restart_view(n);
  v["add_path"] = add_path_view(n);
  v["disabled_families"] = json::array();
  for (const auto family : report.disabled_families)
    v["disabled_families"].push_back(to_string(family));
  return v;
}

json remote_asn_of(const actors::neighbor_status& n) {
  if (n.report.negotiated)
    return n.report.negotiated->peer_as;
  if (n.configuration.remote.what == config::remote_asn::kind::number)
    return n.configuration.remote.number;
  return nullptr;
}

} // namespace

json neighbors_view(const actors::neighbors_reply& reply,
                    const std::string& owner_node) {
  json all = json::array();
  for (const auto& n : reply.neighbors) {
    json v;
    v["router"] = n.router;
    v["name"] = n.configuration.name;
    v["description"] = n.configuration.description;
    v["address"] = n.configuration.range ? to_string(*n.configuration.range)
                   : n.configuration.address
                       ? to_string(*n.configuration.address)
                   : n.report.learned ? to_string(*n.report.learned)
                                      : n.configuration.interface;
    if (!n.configuration.interface.empty())
      v["interface"] = n.configuration.interface;
    v["remote_asn"] = remote_asn_of(n);
    v["state"] = n.report.state;
    v["uptime_seconds"] = n.uptime_seconds;
    v["last_error"] = n.report.last_error;
    v["owner_node"] = owner_node;
    v["flaps"] = n.report.flaps;
    // Why it is not tried just now, and for how long.
    v["idle_hold"] =
        n.paused.count() == 0
            ? json(nullptr)
            : json{{"reason", n.paused_for},
                   {"remaining_seconds",
                    std::chrono::duration<double>(n.paused).count()}};
    v["session"] = session_view(n.report);
    if (n.report.counters) {
      v["messages"]["received"] = counters_view(n.report.counters->received);
      v["messages"]["sent"] = counters_view(n.report.counters->sent);
      v["declined_connections"] =
          n.report.counters->declined_connections.load();
      v["treat_as_withdraw"] = n.report.counters->treat_as_withdraw.load();
      v["attribute_discard"] = n.report.counters->attribute_discard.load();
      v["quarantined"] = n.report.counters->quarantined.load();
    }
    v["output"] = {{"slow", n.slow},
                   {"queued_bytes", n.backlog.bytes},
                   {"owed_prefixes", n.backlog.owed}};
    v["families"] = json::object();
    for (const auto& [family, counts] : n.families)
      v["families"][to_string(family)] = {{"received", counts.received},
                                          {"accepted", counts.accepted},
                                          {"advertised", counts.advertised},
                                          {"memory", counts.memory}};
    all.push_back(std::move(v));
  }
  return {{"neighbors", std::move(all)}};
}

json rib_view(const actors::rib_totals& totals) {
  json all = json::array();
  for (const auto& router : totals.routers) {
    json families = json::object();
    for (const auto& [family, t] : router.families)
      families[to_string(family)] = {
          {"prefixes", t.prefixes},
          {"paths", t.paths},
          {"digest", hex(t.digest_high, t.digest_low)}};
    json groups = json::array();
    for (const auto& g : router.groups)
      groups.push_back({{"id", g.id},
                        {"members", g.members},
                        {"changes", g.statistics.changes},
                        {"encodings", g.statistics.encodings},
                        {"updates", g.statistics.updates},
                        {"bytes", g.statistics.bytes},
                        {"log_bytes", g.statistics.log_bytes},
                        {"resyncs", g.statistics.resyncs},
                        {"too_big", g.statistics.too_big}});
    all.push_back({{"name", router.name},
                   {"families", std::move(families)},
                   {"memory_bytes", router.memory},
                   {"update_groups", std::move(groups)}});
  }
  return {{"routers", std::move(all)}};
}

namespace {

/// What the account of a daemon adds up.
class memory_account {
public:
  std::uint64_t add(std::uint64_t octets) {
    total_ += octets;
    return octets;
  }
  std::uint64_t total() const { return total_; }

private:
  std::uint64_t total_ = 0;
};

double share(std::uint64_t octets, std::uint64_t count) {
  return count == 0 ? 0
                    : static_cast<double>(octets) / static_cast<double>(count);
}

json router_memory(const actors::router_totals& router,
                   const actors::neighbors_reply& all,
                   memory_account& account) {
  std::uint64_t paths = 0;
  for (const auto& [family, t] : router.families)
    paths += t.paths;
  json groups = json::array();
  for (const auto& g : router.groups)
    groups.push_back({{"id", g.id},
                      {"members", g.members},
                      {"adj_rib_out_bytes", account.add(g.memory.adj_rib_out)},
                      {"pending_bytes", account.add(g.memory.pending)},
                      {"log_bytes", account.add(g.memory.log)}});
  json neighbors = json::array();
  for (const auto& n : all.neighbors) {
    if (n.router != router.name)
      continue;
    std::uint64_t octets = 0; // parts of what is counted above
    for (const auto& [family, counts] : n.families)
      octets += counts.memory;
    neighbors.push_back({{"name", n.configuration.name},
                         {"path_bytes", octets},
                         {"owed_bytes", account.add(n.backlog.memory)}});
  }
  return {{"name", router.name},
          {"paths", paths},
          {"table_bytes", account.add(router.memory)},
          {"bytes_per_path", share(router.memory, paths)},
          {"update_groups", std::move(groups)},
          {"neighbors", std::move(neighbors)}};
}

} // namespace

json memory_view(const actors::rib_totals& totals,
                 const actors::neighbors_reply& neighbors,
                 const process_memory& process) {
  memory_account account;
  account.add(process.program);
  account.add(totals.sets.bytes);
  json routers = json::array();
  for (const auto& router : totals.routers)
    routers.push_back(router_memory(router, neighbors, account));
  return {{"resident_bytes", process.resident},
          {"accounted_bytes", account.total()},
          {"program_bytes", process.program},
          {"heap_free_bytes", process.heap_free},
          {"attribute_sets",
           {{"sets", totals.sets.sets},
            {"bytes", totals.sets.bytes},
            {"bytes_per_set", share(totals.sets.bytes, totals.sets.sets)}}},
          {"routers", std::move(routers)}};
}

document routes_document(actors::routes_page page) {
  document d{
      resource::routes,
      {{"next_cursor",
        page.next_cursor.empty() ? json(nullptr) : json(page.next_cursor)}}};
  const auto kept = std::make_shared<actors::routes_page>(std::move(page));
  d.list = {"routes", kept->routes.size(), [kept](std::size_t i) {
              return route_view_of(kept->routes[i].row);
            }};
  return d;
}

json health_view(const actors::health_reply& health) {
  json listeners = json::array();
  for (const auto& each : health.listeners)
    listeners.push_back({{"address", to_string(each.address)},
                         {"bound", each.listener.has_value()},
                         {"error", each.error}});
  return {{"ready", health.ready}, {"listeners", std::move(listeners)}};
}

json accepted_view() {
  return {{"accepted", true}};
}

json error_view(int code, const std::string& message, const std::string& path) {
  return {{"error", {{"code", code}, {"message", message}, {"path", path}}}};
}

} // namespace troupe::admin
