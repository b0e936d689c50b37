#include "config/defaults.hpp"
#include "config/print_parts.hpp"

namespace troupe::config {

namespace {

json remote_json(const remote_asn& remote) {
  switch (remote.what) {
  case remote_asn::kind::any:
    return "any";
  case remote_asn::kind::internal:
    return "internal";
  case remote_asn::kind::external:
    return "external";
  case remote_asn::kind::number:
    return remote.number;
  }
  return "any";
}

json timers_json(const timer_config& t, const print_options& options) {
  const timer_config defaults;
  object_writer out{options};
  out.put("hold", t.hold, defaults.hold);
  out.put("keepalive", t.keepalive, default_keepalive(t.hold));
  out.put("connect_retry", t.connect_retry, defaults.connect_retry);
  out.put("idle_hold", t.idle_hold, defaults.idle_hold);
  out.put("delay_open", t.delay_open, defaults.delay_open);
  out.put("send_hold", t.send_hold, default_send_hold(t.hold));
  out.put("connect_retry_jitter", t.connect_retry_jitter,
          defaults.connect_retry_jitter);
  out.put("idle_hold_jitter", t.idle_hold_jitter, defaults.idle_hold_jitter);
  return out.take();
}

json restart_json(const graceful_restart_config& g, restart_mode default_mode,
                  const print_options& options) {
  const graceful_restart_config defaults;
  object_writer out{options};
  out.put("mode", g.mode, default_mode);
  out.put("restart_time", g.restart_time, defaults.restart_time);
  out.put("stale_time", g.stale_time, defaults.stale_time);
  out.put("forwarding", g.forwarding, defaults.forwarding);
  out.put("notification", g.notification, defaults.notification);
  out.put("long_lived_stale_time", g.long_lived_stale_time,
          defaults.long_lived_stale_time);
  return out.take();
}

json add_path_json(const add_path_config& a, const print_options& options) {
  const add_path_config defaults;
  object_writer out{options};
  out.put("receive", a.receive, defaults.receive);
  if (a.send == add_path_config::all)
    out.put("send", std::string{"all"});
  else
    out.put("send", a.send, defaults.send);
  return out.take();
}

/// Only the number where nothing else is said.
json max_prefixes_json(const max_prefixes_config& m,
                       const print_options& options) {
  const max_prefixes_config defaults{.limit = m.limit};
  if (m == defaults && !options.all_values)
    return m.limit;
  object_writer out{options};
  out.put("limit", m.limit);
  out.put("count", m.count, defaults.count);
  out.put("warn_at", m.warn_at, defaults.warn_at);
  out.put("action", m.action, defaults.action);
  out.put("restart_after", m.restart_after, defaults.restart_after);
  return out.take();
}

json family_json(const family_config& f, const print_options& options) {
  const family_config defaults;
  object_writer out{options};
  out.put("next_hop", f.next_hop);
  out.put("import", f.import_policy);
  out.put("export", f.export_policy);
  if (f.max_prefixes)
    out.put_object("max_prefixes", max_prefixes_json(*f.max_prefixes, options));
  out.put_object("add_path", add_path_json(f.add_path, options));
  out.put("default_originate", f.default_originate, defaults.default_originate);
  return out.take();
}

json families_json(const neighbor& n, const print_options& options) {
  auto result = json::object();
  for (const auto& [family, config] : n.families)
    result[protocol::to_string(family)] = family_json(config, options);
  return result;
}

void put_transport(object_writer& out, const neighbor& n) {
  const neighbor defaults;
  if (n.address)
    out.put("address", *n.address);
  if (n.range) {
    out.put("address", *n.range);
    out.put("dynamic_limit", n.dynamic_limit, defaults.dynamic_limit);
  }
  out.put("max_memory", n.max_memory, defaults.max_memory);
  out.put("malformed_nlri", n.malformed_nlri, defaults.malformed_nlri);
  if (!n.interface.empty())
    out.put("interface", n.interface);
  out.put("port", n.port, defaults.port);
  out.put("local_address", n.local_address);
  out.put("local_port", n.local_port, defaults.local_port);
  out.put("passive", n.passive, n.is_dynamic());
  out.put("enabled", n.enabled, defaults.enabled);
  out.put("multihop", n.multihop, defaults.multihop);
  out.put("min_ttl", n.min_ttl, defaults.min_ttl);
}

std::string secret(const std::string& key, const print_options& options) {
  return options.mask_secrets ? "***" : key;
}

void put_keys(object_writer& out, const neighbor& n) {
  if (!n.md5_key.empty())
    out.put("md5_key", secret(n.md5_key, out.options()));
  if (!n.tcp_ao)
    return;
  const tcp_ao_config defaults;
  object_writer ao{out.options()};
  ao.put("id", n.tcp_ao->id, defaults.id);
  ao.put("algorithm", n.tcp_ao->algorithm, defaults.algorithm);
  ao.put("key", secret(n.tcp_ao->key, out.options()));
  out.put_object("tcp_ao", ao.take());
}

void put_session(object_writer& out, const neighbor& n) {
  const neighbor defaults;
  out.put("extended_messages", n.extended_messages, defaults.extended_messages);
  out.put("enhanced_route_refresh", n.enhanced_route_refresh,
          defaults.enhanced_route_refresh);
  out.put("required_capabilities", n.required_capabilities,
          defaults.required_capabilities);
  out.put("role", n.role);
  out.put("strict_role", n.strict_role, defaults.strict_role);
  out.put("route_reflector_client", n.route_reflector_client,
          defaults.route_reflector_client);
  out.put("route_server_client", n.route_server_client,
          defaults.route_server_client);
  out.put("deterministic_collision_resolution",
          n.deterministic_collision_resolution,
          defaults.deterministic_collision_resolution);
}

void put_route_switches(object_writer& out, const neighbor& n) {
  const neighbor defaults;
  out.put("enforce_first_as", n.enforce_first_as, defaults.enforce_first_as);
  out.put("allow_own_as", n.allow_own_as, defaults.allow_own_as);
  out.put("local_as", n.local_as);
  out.put("local_as_prepend", n.local_as_prepend, defaults.local_as_prepend);
  out.put("as_override", n.as_override, defaults.as_override);
  out.put("remove_private_as", n.remove_private_as, defaults.remove_private_as);
  out.put("next_hop_self", n.next_hop_self, defaults.next_hop_self);
  out.put("third_party_next_hop", n.third_party_next_hop,
          defaults.third_party_next_hop);
  out.put("aigp", n.aigp);
  out.put("graceful_shutdown", n.graceful_shutdown);
  out.put("honor_graceful_shutdown", n.honor_graceful_shutdown,
          defaults.honor_graceful_shutdown);
}

} // namespace

json to_json(const jitter& j) {
  return json::array({j.least, j.most});
}

json neighbor_json(const neighbor& n, restart_mode default_mode,
                   const print_options& options) {
  const neighbor defaults;
  object_writer out{options};
  out.put("name", n.name);
  if (!n.group.empty())
    out.put("group", n.group);
  if (!n.description.empty())
    out.put("description", n.description);
  put_transport(out, n);
  put_keys(out, n);
  auto result = out.take();
  if (options.all_values || n.range || !(n.remote == defaults.remote))
    result["remote_asn"] = remote_json(n.remote);
  object_writer rest{options};
  rest.put_object("timers", timers_json(n.timers, options));
  rest.put_object("graceful_restart",
                  restart_json(n.graceful_restart, default_mode, options));
  put_session(rest, n);
  put_route_switches(rest, n);
  rest.put_object("families", families_json(n, options));
  result.update(rest.take());
  return result;
}

} // namespace troupe::config
