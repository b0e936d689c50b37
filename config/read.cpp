#include "config/read.hpp"

#include "config/read_neighbor.hpp"
#include "config/read_policy.hpp"
#include "config/reader.hpp"

namespace troupe::config {

namespace {

bool to_admin_listener(const value& v, admin_listener& out) {
  constexpr std::string_view unix_prefix = "unix:";
  const auto& text = v.what->text;
  if (v.what->kind == node_kind::string && text.starts_with(unix_prefix)) {
    out = unix_path{text.substr(unix_prefix.size())};
    return text.size() > unix_prefix.size()
           || v.fail("must name a path behind \"unix:\"");
  }
  protocol::endpoint address;
  if (!to_endpoint(v, address))
    return false;
  out = address;
  return true;
}

bool to_admin_tls(const value& v, admin_tls& out) {
  object_reader in{v};
  in.read_required("certificate", out.certificate, to_text);
  in.read_required("key", out.key, to_text);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_admin(const value& v, admin_config& out) {
  object_reader in{v};
  in.read("listen", out.listen, to_list{to_admin_listener});
  in.read("token_file", out.token_file, to_text);
  in.read("tls", out.tls, to_admin_tls);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_log(const value& v, log_config& out) {
  object_reader in{v};
  in.read("level", out.level, to_word<log_level>);
  in.read("format", out.format, to_word<log_format>);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_threads(const value& v, threads_config& out) {
  constexpr to_whole<std::uint16_t> few{0, 256};
  object_reader in{v};
  in.read("workers", out.workers, few);
  in.read("sockets", out.sockets, few);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_supervision(const value& v, supervision_config& out) {
  object_reader in{v};
  in.read("restarts", out.restarts, to_whole<std::uint32_t>{1, 1'000'000});
  in.read("within", out.within, to_duration);
  in.read("first_backoff", out.first_backoff, to_duration);
  in.read("longest_backoff", out.longest_backoff, to_duration);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_node(const value& v, cluster_node& out) {
  object_reader in{v};
  in.read_required("name", out.name, to_name);
  in.read_required("address", out.address, to_endpoint);
  in.read("admin", out.admin, to_admin);
  in.read("data_dir", out.data_dir, to_text);
  in.read("witness", out.witness, to_boolean);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_tls(const value& v, cluster_tls& out) {
  object_reader in{v};
  in.read_required("ca", out.ca, to_text);
  in.read_required("certificate", out.certificate, to_text);
  in.read_required("key", out.key, to_text);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_lease(const value& v, lease_config& out) {
  object_reader in{v};
  in.read("kind", out.kind, to_word<lease_kind>);
  in.read("endpoints", out.endpoints, to_list{to_text});
  in.read("duration", out.duration, to_duration);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_cluster(const value& v, cluster_config& out) {
  object_reader in{v};
  in.read_required("nodes", out.nodes, to_list{to_node});
  in.read("tls", out.tls, to_tls);
  in.read("heartbeat", out.heartbeat, to_duration);
  in.read("lease", out.lease, to_lease);
  in.read("on_isolation", out.on_isolation, to_word<isolation_action>);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_unit(const value& v, unit_config& out) {
  object_reader in{v};
  in.read_required("local_address", out.local_address, to_address);
  in.read("nodes", out.nodes, to_list{to_name});
  in.read("floating", out.floating, to_text);
  in.finish();
  return v.what->kind == node_kind::object;
}

/// RFC 5065.
bool to_confederation(const value& v, confederation_config& out) {
  const to_whole<protocol::as_number> to_as{0, 0xffffffffU};
  object_reader in{v};
  in.read_required("identifier", out.identifier, to_as);
  in.read_required("members", out.members, to_set{to_as});
  in.finish();
  return v.what->kind == node_kind::object;
}

/// Policies by name; every one that can be read.
bool to_policies(const value& v,
                 std::map<std::string, rib::policy_definition>& out) {
  if (!v.is(node_kind::object, "an object of policies"))
    return false;
  for (const auto& child : v.what->children) {
    const auto named = v.member(child);
    if (is_reserved_policy_name(child.key) || child.key.empty())
      named.fail_at_key("cannot be a policy's name");
    to_policy(named, out[child.key]);
  }
  return true;
}

class router_reader {
public:
  explicit router_reader(restart_mode mode) : mode_(mode) {}

  bool operator()(const value& v, router& out) const {
    constexpr std::uint64_t most = 0xffffffffU;
    if (!v.is(node_kind::object, "an object"))
      return true; // keeps the place of those behind it
    object_reader in{v};
    in.read_required("name", out.name, to_name);
    in.read_required("asn", out.asn, to_whole<protocol::as_number>{0, most});
    in.read_required("router_id", out.router_id, to_router_id);
    in.read("confederation", out.confederation, to_confederation);
    in.read("cluster_id", out.cluster_id, to_router_id);
    in.read("shards", out.shards, to_whole<std::uint16_t>{0, 256});
    in.read("always_compare_med", out.always_compare_med, to_boolean);
    in.read("med_missing_worst", out.med_missing_worst, to_boolean);
    in.read("graceful_shutdown", out.graceful_shutdown, to_boolean);
    in.read("listen", out.listen, to_list{to_endpoint});
    in.read("units", out.units, to_list{to_unit});
    in.read("originate", out.originate, to_list{to_prefix});
    in.read("policies", out.policies, to_policies);
    in.find("defaults");
    if (const auto groups = in.find("groups"))
      read_group_names(*groups, out);
    neighbor_source source{v, mode_};
    const auto to_neighbor = [&source](const value& own, neighbor& result) {
      source.read(own, result);
      return true; // keeps the place of those behind it
    };
    in.read("neighbors", out.neighbors, to_list{to_neighbor});
    in.finish();
    return true;
  }

private:
  static void read_group_names(const value& groups, router& out) {
    for (const auto& group : groups.what->children)
      out.groups.push_back(group.key);
  }

  restart_mode mode_;
};

} // namespace

configuration read_configuration(const node& root, report& errors) {
  configuration result;
  const value top{&root, {}, &errors};
  object_reader in{top};
  in.read("admin", result.admin, to_admin);
  in.read("log", result.log, to_log);
  in.read("data_dir", result.data_dir, to_text);
  in.read("on_sigterm", result.on_sigterm, to_word<sigterm_action>);
  in.read("fault_injection", result.fault_injection, to_boolean);
  in.read("threads", result.threads, to_threads);
  in.read("supervision", result.supervision, to_supervision);
  in.read("cluster", result.cluster, to_cluster);
  // A cluster that cannot be read is one all the same.
  const bool clustered = root.find("cluster") != nullptr;
  const auto mode = clustered ? restart_mode::full : restart_mode::helper;
  in.read_required("routers", result.routers, to_list{router_reader{mode}});
  in.finish();
  return result;
}

} // namespace troupe::config
