#include "config/print.hpp"

#include "config/print_parts.hpp"
#include "protocol/overloaded.hpp"

namespace troupe::config {

namespace {

json listeners_json(const std::vector<admin_listener>& listeners) {
  auto result = json::array();
  for (const auto& listener : listeners)
    result.push_back(std::visit(
        overloaded{
            [](const protocol::endpoint& e) { return to_string(e); },
            [](const unix_path& socket) { return "unix:" + socket.path; }},
        listener));
  return result;
}

json admin_json(const admin_config& admin, const print_options& options) {
  auto result = json::object();
  if (options.all_values || admin.listen != admin_config{}.listen)
    result["listen"] = listeners_json(admin.listen);
  if (!admin.token_file.empty())
    result["token_file"] = admin.token_file;
  if (admin.tls)
    result["tls"] = {{"certificate", admin.tls->certificate},
                     {"key", admin.tls->key}};
  return result;
}

json log_json(const log_config& log, const print_options& options) {
  const log_config defaults;
  object_writer out{options};
  out.put("level", log.level, defaults.level);
  out.put("format", log.format, defaults.format);
  return out.take();
}

json threads_json(const threads_config& threads, const print_options& options) {
  const threads_config defaults;
  object_writer out{options};
  out.put("workers", threads.workers, defaults.workers);
  out.put("sockets", threads.sockets, defaults.sockets);
  return out.take();
}

json supervision_json(const supervision_config& supervision,
                      const print_options& options) {
  const supervision_config defaults;
  object_writer out{options};
  out.put("restarts", supervision.restarts, defaults.restarts);
  out.put("within", supervision.within, defaults.within);
  out.put("first_backoff", supervision.first_backoff, defaults.first_backoff);
  out.put("longest_backoff", supervision.longest_backoff,
          defaults.longest_backoff);
  return out.take();
}

json node_json(const cluster_node& node, const print_options& options) {
  object_writer out{options};
  out.put("name", node.name);
  out.put("address", node.address);
  out.put("data_dir", node.data_dir);
  out.put("witness", node.witness, false);
  auto result = out.take();
  if (node.admin) // also an empty one: it overrides
    result["admin"] = admin_json(*node.admin, options);
  return result;
}

json lease_json(const lease_config& lease, const print_options& options) {
  const lease_config defaults;
  object_writer out{options};
  out.put("kind", lease.kind, defaults.kind);
  if (!lease.endpoints.empty())
    out.put("endpoints", lease.endpoints);
  out.put("duration", lease.duration, defaults.duration);
  return out.take();
}

json cluster_json(const cluster_config& cluster, const print_options& options) {
  const cluster_config defaults;
  object_writer out{options};
  auto nodes = json::array();
  for (const auto& node : cluster.nodes)
    nodes.push_back(node_json(node, options));
  auto result = json{{"nodes", std::move(nodes)}};
  if (cluster.tls)
    result["tls"] = {{"ca", cluster.tls->ca},
                     {"certificate", cluster.tls->certificate},
                     {"key", cluster.tls->key}};
  out.put("heartbeat", cluster.heartbeat, defaults.heartbeat);
  out.put_object("lease", lease_json(cluster.lease, options));
  out.put("on_isolation", cluster.on_isolation, defaults.on_isolation);
  result.update(out.take());
  return result;
}

json confederation_json(const confederation_config& c) {
  return {{"identifier", c.identifier}, {"members", to_json(c.members)}};
}

json unit_json(const unit_config& unit) {
  auto result = json{{"local_address", to_string(unit.local_address)}};
  if (!unit.nodes.empty())
    result["nodes"] = unit.nodes;
  if (!unit.floating.empty())
    result["floating"] = unit.floating;
  return result;
}

void put_router_lists(json& out, const router& r) {
  for (const auto& unit : r.units)
    out["units"].push_back(unit_json(unit));
  if (!r.originate.empty())
    out["originate"] = to_json(r.originate);
  for (const auto& [name, definition] : r.policies)
    out["policies"][name] = to_json(definition);
  for (const auto& name : r.groups)
    out["groups"][name] = json::object();
}

json router_json(const router& r, restart_mode mode,
                 const print_options& options) {
  const router defaults;
  object_writer out{options};
  out.put("name", r.name);
  out.put("asn", r.asn);
  out.put("router_id", r.router_id);
  if (r.confederation)
    out.put_object("confederation", confederation_json(*r.confederation));
  out.put("cluster_id", r.cluster_id);
  out.put("shards", r.shards, defaults.shards);
  out.put("always_compare_med", r.always_compare_med,
          defaults.always_compare_med);
  out.put("med_missing_worst", r.med_missing_worst, defaults.med_missing_worst);
  out.put("graceful_shutdown", r.graceful_shutdown, defaults.graceful_shutdown);
  out.put("listen", r.listen, defaults.listen);
  auto result = out.take();
  put_router_lists(result, r);
  auto neighbors = json::array();
  for (const auto& n : r.neighbors)
    neighbors.push_back(neighbor_json(n, mode, options));
  if (!neighbors.empty())
    result["neighbors"] = std::move(neighbors);
  return result;
}

} // namespace

std::string print(const configuration& c, const print_options& options) {
  const configuration defaults;
  object_writer out{options};
  out.put_object("admin", admin_json(c.admin, options));
  out.put_object("log", log_json(c.log, options));
  out.put("data_dir", c.data_dir, defaults.data_dir);
  out.put("on_sigterm", c.on_sigterm, defaults.on_sigterm);
  out.put("fault_injection", c.fault_injection, defaults.fault_injection);
  out.put_object("threads", threads_json(c.threads, options));
  out.put_object("supervision", supervision_json(c.supervision, options));
  if (c.cluster)
    out.put_object("cluster", cluster_json(*c.cluster, options));
  auto result = out.take();
  auto routers = json::array();
  for (const auto& r : c.routers)
    routers.push_back(router_json(r, default_restart_mode(c), options));
  result["routers"] = std::move(routers);
  // A value made by hand may hold anything: it is replaced, not thrown over.
  return result.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string print(const neighbor& n, const print_options& options) {
  return neighbor_json(n, restart_mode::helper, options)
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace troupe::config
