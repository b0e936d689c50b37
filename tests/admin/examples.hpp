#pragma once

#include "actors/actor_registry.hpp"
#include "admin/views.hpp"
#include "protocol/wire/path_attributes.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

/// What actors answer, with every field filled: no number is 0, no text empty.
namespace troupe::admin::examples {

using namespace std::chrono_literals;
namespace wire = protocol::wire;

inline actors::health_reply health() {
  actors::health_reply h;
  h.ready = true;
  h.listeners.push_back({*protocol::endpoint::parse("127.0.0.1:179"),
                         transport::listener_id{1}, "was in use"});
  return h;
}

inline void count(actors::neighbor_counters::direction& d, std::uint64_t from) {
  for (auto* counter : {&d.opens, &d.updates, &d.notifications, &d.keepalives,
                        &d.route_refreshes, &d.bytes})
    *counter = from++;
}

inline actors::session_report session() {
  actors::session_report report;
  report.state = "Established";
  report.last_error = "hold timer expired";
  report.local = protocol::endpoint::parse("10.0.4.2:179");
  report.remote = protocol::endpoint::parse("10.0.4.1:40000");
  report.disabled_families = {protocol::ipv6_unicast};
  auto& n = report.negotiated.emplace();
  n.peer_as = 4200000001;
  n.peer_id = {0x0a000401};
  n.kind = protocol::peer_kind::internal;
  n.hold_time = 90s;
  n.keepalive_time = 29500ms;
  n.as4 = n.route_refresh = n.extended_message_send = n.extended_next_hop =
      true;
  n.enhanced_route_refresh = true;
  n.remote_role = protocol::wire::bgp_role::customer;
  n.graceful_restart = protocol::wire::graceful_restart_capability{
      true, true, 120s, {{protocol::ipv4_unicast, true}}};
  n.restart_on_notification = true;
  n.long_lived.emplace();
  n.families = {{protocol::ipv4_unicast, true, true},
                {protocol::ipv6_unicast, false, false}};
  report.flaps = 2;
  report.counters = std::make_shared<actors::neighbor_counters>();
  count(report.counters->received, 10);
  count(report.counters->sent, 20);
  // More than a double holds exactly.
  report.counters->received.bytes = 9'007'199'254'740'993;
  report.counters->declined_connections = 3;
  report.counters->treat_as_withdraw = 4;
  report.counters->attribute_discard = 5;
  report.counters->quarantined = 6;
  return report;
}

inline actors::neighbors_reply neighbors() {
  actors::neighbor_status n;
  n.router = "main";
  n.configuration.name = "r1";
  n.configuration.description = "Zürich";
  n.configuration.address = protocol::ip_address::parse("10.0.4.1");
  n.configuration.interface = "eth0";
  n.report = session();
  n.uptime_seconds = 7;
  n.families[protocol::ipv4_unicast] = {3, 2, 1, 252};
  n.families[protocol::ipv6_unicast] = {6, 5, 4, 504};
  n.backlog = {1000, 20, true, 16};
  n.slow = true;
  n.paused_for = "hold timer expired";
  n.paused = 1500ms;
  return {{n}};
}

inline actors::rib_totals rib() {
  actors::router_totals t;
  t.name = "main";
  t.families[protocol::ipv4_unicast] = {1, 2, 0xab, 0xcd};
  t.families[protocol::ipv6_unicast] = {3, 4, 5, 6};
  t.memory = 1 << 20;
  t.groups.push_back({7, 8, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {100, 200, 300}});
  rib::attribute_pool::statistics sets;
  sets.sets = 4;
  sets.bytes = 450;
  return {{t}, sets};
}

inline std::vector<std::uint8_t> attributes() {
  wire::path_attributes a;
  const std::vector<wire::as_segment> path{
      {wire::segment_type::as_sequence, {65001, 4200000001}},
      {wire::segment_type::as_set, {1, 2}}};
  a.origin = wire::origin_type::incomplete;
  a.as_path = wire::as_path{std::span<const wire::as_segment>{path}};
  a.next_hop = protocol::ip_address::parse("10.0.0.1");
  a.med = 4294967295;
  a.local_pref = 100;
  a.atomic_aggregate = true;
  a.aggregator = wire::aggregator{65001, {0x0a000001}};
  a.communities = {wire::graceful_shutdown, {0xfde90001}};
  a.large_communities = {{65001, 1, 2}};
  a.extended_communities = {{0x0002fde900000001}};
  a.originator_id = protocol::router_id{0x0a000002};
  a.cluster_list = {{0x0a000003}, {0x0a000004}};
  std::vector<std::uint8_t> bytes;
  if (!wire::encode_attributes(a, {}, bytes))
    throw std::logic_error{"the example cannot be encoded"};
  return bytes;
}

inline actors::routes_page routes() {
  rib::route_row row;
  row.prefix = *protocol::prefix::parse("192.0.2.0/24");
  row.neighbor.name = "r1";
  row.neighbor.address = *protocol::ip_address::parse("10.0.4.1");
  row.best = true;
  row.what.flags = rib::path_flag::rejected | rib::path_flag::stale;
  row.what.path_id = 9;
  row.ranked_by = rib::decision_step::local_pref;
  row.attributes = attributes();
  actors::routes_page page;
  page.routes.push_back({row});
  page.next_cursor = "0:1";
  return page;
}

inline actors::actor_snapshot actor() {
  actors::actor_snapshot a;
  a.id = "node/router.main";
  a.parent = "node";
  a.kind = actors::actor_kind::router;
  a.name = "main";
  a.alive = true;
  a.state = "running";
  a.mailbox_depth = 3;
  a.oldest_message = 1500us;
  a.handled = 12;
  a.by_type = {{"neighbors_query", 5}, {"session_report", 7}};
  a.handling_p50_us = 1.5;
  a.handling_p99_us = 20.25;
  a.longest_handler = 3ms;
  a.longest_handler_cpu = 2ms;
  a.longest_handler_type = "session_report";
  a.running_type = "neighbors_query";
  a.running_for = 10us;
  a.messages_per_second = 2.5;
  a.cpu_share = 0.25;
  a.cpu = 4s;
  a.since_last_restart = 60s;
  a.last_end_reason = "injected fault";
  a.unexpected = 1;
  a.traced = true;
  a.fault_armed = true;
  a.restarts = 1;
  a.last_restart_reason = "injected fault";
  a.uptime = 61s;
  return a;
}

/// A session's cell, with something of each kind of history.
inline std::shared_ptr<actors::actor_cell> cell_with_history() {
  auto cell = std::make_shared<actors::actor_cell>(
      "node/router.main", actors::actor_kind::session, "r1");
  const auto type = cell->type_index(
      7, [](std::uint64_t, const void*) { return std::string{"tick"}; },
      nullptr);
  cell->end_handler(type, actors::steady_ns() - 5, actors::steady_ns(), 3,
                    true);
  cell->count_restart("injected fault");
  return cell;
}

inline void fill(actors::fsm_history& history) {
  using protocol::fsm::state;
  history.add({std::chrono::system_clock::now(), "hold timer expires",
               state::established, state::idle, 0x1a2b3c4dU,
               "hold timer expired"});
}

} // namespace troupe::admin::examples
