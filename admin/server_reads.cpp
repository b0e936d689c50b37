#include "admin/actor_views.hpp"
#include "admin/server_parts.hpp"
#include "admin/views.hpp"

#include <httplib.h>

#include <charconv>

namespace troupe::admin {

namespace {

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, value);
  if (text.empty() || r.ec != std::errc{} || r.ptr != end)
    return std::nullopt;
  return value;
}

} // namespace

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

/// Asks no actor: a busy one is shown as it is.
void server::implementation::get_actor(const httplib::Request& q,
                                       httplib::Response& r) {
  const auto id = q.matches[1].str();
  const auto cell = registry->find(id);
  if (!cell)
    return refuse(q, r, 404, "there is no actor " + id);
  const auto now = std::chrono::steady_clock::now();
  auto view = actor_view(cell->snapshot(now), node_name);
  const auto events = registry->find_history(id);
  add_actor_history(view, *cell, events.get());
  answer(q, r, 200, {resource::actor, std::move(view)});
}

void server::implementation::add_reads(http_endpoint& http) {
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
  http.Get("/v1/history", [this](const auto& q, auto& r) {
    answer(q, r, 200, {resource::history, history.view()});
  });
  http.Get("/v1/quarantine", [this](const auto& q, auto& r) {
    answer(q, r, 200,
           {resource::quarantine, quarantine_view(quarantine->list())});
  });
  http.Get("/v1/actors", [this](const auto& q, auto& r) {
    answer(q, r, 200,
           {resource::actors, actors_view(registry->snapshot(), node_name)});
  });
  http.Get("/v1/actors/(.+)",
           [this](const auto& q, auto& r) { get_actor(q, r); });
}

} // namespace troupe::admin
