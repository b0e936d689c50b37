#include "config/read_neighbor.hpp"

#include "config/defaults.hpp"
#include "config/read_policy.hpp"

#include <charconv>

namespace troupe::config {

namespace {

bool to_remote_asn(const value& v, remote_asn& out) {
  constexpr auto most = 0xffffffffU;
  const auto& text = v.what->text;
  if (const auto number = whole_number(*v.what); number && *number <= most) {
    out = {remote_asn::kind::number, static_cast<protocol::as_number>(*number)};
    return true;
  }
  if (v.what->kind == node_kind::string
      && (text == "any" || text == "internal" || text == "external")) {
    out.what = text == "any"        ? remote_asn::kind::any
               : text == "internal" ? remote_asn::kind::internal
                                    : remote_asn::kind::external;
    return true;
  }
  return v.fail("must be an AS number, \"any\", \"internal\" or \"external\"");
}

bool to_factor(const value& v, double& out) {
  if (!v.is(node_kind::number, "a number"))
    return false;
  const auto& text = v.what->text;
  const auto result =
      std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc{} || v.fail("is too large or too small");
}

bool to_jitter(const value& v, jitter& out) {
  std::vector<double> factors;
  if (!to_list{to_factor}(v, factors))
    return false;
  if (factors.size() != 2)
    return v.fail("must be two numbers, the least and the most factor, as in "
                  "[0.75, 1.0]");
  out = {factors[0], factors[1]};
  return true;
}

bool to_paths_sent(const value& v, std::uint16_t& out) {
  if (v.what->kind == node_kind::string && v.what->text == "all") {
    out = add_path_config::all;
    return true;
  }
  const auto number = whole_number(*v.what);
  if (!number || *number >= add_path_config::all)
    return v.fail("must be a number of paths up to 65534, or \"all\"");
  out = static_cast<std::uint16_t>(*number);
  return true;
}

bool to_key(const value& v, std::string& out) {
  return to_free_text(v, out)
         && ((!out.empty() && out.size() <= 80)
             || v.fail("must have 1 to 80 bytes"));
}

/// Takes the layers of an object down to the first that switches it off.
std::vector<value> switched_on(const std::vector<value>& layers,
                               std::string_view what_it_must_be) {
  std::vector<value> result;
  for (const auto& layer : layers) {
    if (layer.what->kind == node_kind::boolean && layer.what->text == "false")
      break;
    if (layer.is(node_kind::object, what_it_must_be))
      result.push_back(layer);
  }
  return result;
}

void read_timers(object_reader& in, timer_config& out) {
  object_reader timers{in.find_all("timers")};
  timers.read("hold", out.hold, to_duration);
  out.keepalive = default_keepalive(out.hold);
  out.send_hold = default_send_hold(out.hold);
  timers.read("keepalive", out.keepalive, to_duration);
  timers.read("connect_retry", out.connect_retry, to_duration);
  timers.read("idle_hold", out.idle_hold, to_duration);
  timers.read("delay_open", out.delay_open, to_duration);
  timers.read("send_hold", out.send_hold, to_duration);
  timers.read("connect_retry_jitter", out.connect_retry_jitter, to_jitter);
  timers.read("idle_hold_jitter", out.idle_hold_jitter, to_jitter);
  timers.finish();
}

void read_graceful_restart(object_reader& in, graceful_restart_config& out) {
  object_reader restart{in.find_all("graceful_restart")};
  restart.read("mode", out.mode, to_word<restart_mode>);
  restart.read("restart_time", out.restart_time, to_duration);
  restart.read("stale_time", out.stale_time, to_duration);
  restart.read("forwarding", out.forwarding, to_word<forwarding_state>);
  restart.read("notification", out.notification, to_boolean);
  restart.read("long_lived_stale_time", out.long_lived_stale_time, to_duration);
  restart.finish();
}

void read_tcp_ao(object_reader& in, std::optional<tcp_ao_config>& out) {
  const auto layers = switched_on(
      in.find_all("tcp_ao"), "an object, or false for a neighbour without");
  if (layers.empty())
    return;
  out.emplace();
  object_reader ao{layers};
  ao.read("id", out->id, to_whole<std::uint8_t>{0, 255});
  ao.read("algorithm", out->algorithm, to_word<tcp_ao_algorithm>);
  ao.read("key", out->key, to_key);
  ao.finish();
}

void read_transport(object_reader& in, neighbor& out) {
  in.read("interface", out.interface, to_text);
  in.read("port", out.port, to_whole<std::uint16_t>{1, 65535});
  in.read("local_address", out.local_address, to_address);
  in.read("local_port", out.local_port, to_whole<std::uint16_t>{0, 65535});
  in.read("passive", out.passive, to_boolean);
  in.read("enabled", out.enabled, to_boolean);
  in.read("multihop", out.multihop, to_whole<std::uint8_t>{1, 255});
  in.read("min_ttl", out.min_ttl, to_whole<std::uint8_t>{0, 255});
  in.read("md5_key", out.md5_key, to_key);
  read_tcp_ao(in, out.tcp_ao);
  in.read("dynamic_limit", out.dynamic_limit,
          to_whole<std::uint32_t>{1, 100000});
  in.read("max_memory", out.max_memory,
          to_whole<std::uint32_t>{0, 0xffffffffU});
  in.read("malformed_nlri", out.malformed_nlri, to_word<malformed_nlri_action>);
}

/// What the OPEN says or is asked for, and what the peer is to us.
void read_session(object_reader& in, neighbor& out) {
  in.read("extended_messages", out.extended_messages, to_boolean);
  in.read("enhanced_route_refresh", out.enhanced_route_refresh, to_boolean);
  in.read("required_capabilities", out.required_capabilities,
          to_set{to_word<required_capability>});
  in.read("role", out.role, to_word<bgp_role>);
  in.read("strict_role", out.strict_role, to_boolean);
  in.read("route_reflector_client", out.route_reflector_client, to_boolean);
  in.read("route_server_client", out.route_server_client, to_boolean);
  in.read("deterministic_collision_resolution",
          out.deterministic_collision_resolution, to_boolean);
}

/// What is done to the routes.
void read_route_switches(object_reader& in, neighbor& out) {
  constexpr std::uint64_t most = 0xffffffffU;
  in.read("enforce_first_as", out.enforce_first_as, to_boolean);
  in.read("allow_own_as", out.allow_own_as, to_whole<std::uint8_t>{0, 10});
  in.read("local_as", out.local_as, to_whole<protocol::as_number>{0, most});
  in.read("local_as_prepend", out.local_as_prepend, to_boolean);
  in.read("as_override", out.as_override, to_boolean);
  in.read("remove_private_as", out.remove_private_as, to_boolean);
  in.read("next_hop_self", out.next_hop_self, to_boolean);
  in.read("third_party_next_hop", out.third_party_next_hop, to_boolean);
  in.read("aigp", out.aigp, to_boolean);
  in.read("graceful_shutdown", out.graceful_shutdown, to_boolean);
  in.read("honor_graceful_shutdown", out.honor_graceful_shutdown, to_boolean);
}

/// A number is the limit alone.
bool to_max_prefixes(const value& v, max_prefixes_config& out) {
  const to_whole<std::uint32_t> to_limit{1, 0xffffffffU};
  if (v.what->kind == node_kind::number)
    return to_limit(v, out.limit);
  if (!v.is(node_kind::object, "a number, an object, or false for no limit"))
    return false;
  object_reader in{v};
  in.read("limit", out.limit, to_limit);
  in.read("count", out.count, to_word<prefix_count>);
  in.read("warn_at", out.warn_at, to_whole<std::uint8_t>{1, 100});
  in.read("action", out.action, to_word<max_prefixes_action>);
  in.read("restart_after", out.restart_after, to_duration);
  in.finish();
  return true;
}

void read_max_prefixes(object_reader& in,
                       std::optional<max_prefixes_config>& out) {
  const auto layers = in.find_all("max_prefixes");
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    auto merged = out.value_or(max_prefixes_config{});
    if (layer->what->kind == node_kind::boolean && layer->what->text == "false")
      out.reset();
    else if (to_max_prefixes(*layer, merged))
      out = merged;
  }
}

/// The same value, of which others tell what is wrong.
value quietly(value v) {
  v.errors = nullptr;
  return v;
}

} // namespace

neighbor_source::neighbor_source(const value& of_router,
                                 restart_mode default_mode)
    : router_(of_router), default_mode_(default_mode) {
  if (const node* defaults = router_.what->find("defaults")) {
    defaults_ = router_.member(*defaults);
    check_template(*defaults_);
  }
  const node* groups = router_.what->find("groups");
  if (!groups)
    return;
  groups_ = router_.member(*groups);
  if (!groups_->is(node_kind::object, "an object of groups"))
    return;
  for (const auto& group : groups->children)
    check_template(groups_->member(group));
}

void neighbor_source::check_template(const value& v) {
  neighbor ignored;
  object_reader in{v};
  read_fields(in, ignored, purpose::a_template);
  in.finish();
}

void neighbor_source::read(const value& own, neighbor& out) {
  if (!own.is(node_kind::object, "an object"))
    return;
  std::vector<value> layers{own};
  if (const node* group = own.what->find("group")) {
    const node* found = groups_ ? groups_->what->find(group->text) : nullptr;
    if (found && group->kind == node_kind::string)
      layers.push_back(quietly(groups_->member(*found)));
    else if (group->kind == node_kind::string)
      own.member(*group).fail("names a group that is not defined");
  }
  if (defaults_)
    layers.push_back(quietly(*defaults_));
  object_reader in{layers};
  out.graceful_restart.mode = default_mode_;
  read_fields(in, out, purpose::a_neighbor);
  in.finish();
}

void neighbor_source::read_fields(object_reader& in, neighbor& out,
                                  purpose what_for) {
  const bool is_range =
      what_for == purpose::a_neighbor && read_identity(in, out);
  in.read("description", out.description, to_free_text);
  read_transport(in, out);
  read_timers(in, out.timers);
  read_graceful_restart(in, out.graceful_restart);
  read_session(in, out);
  read_route_switches(in, out);
  read_families(in, out);
  if (is_range)
    in.require("remote_asn");
  in.read("remote_asn", out.remote, to_remote_asn);
  out.passive = out.passive || is_range;
}

bool neighbor_source::read_identity(object_reader& in, neighbor& out) {
  in.read_required("name", out.name, to_name);
  in.read("group", out.group, to_text);
  const auto address = in.find("address");
  if (!address) {
    if (!in.find("interface"))
      in.require("address");
    return false;
  }
  const bool is_range = address->what->text.find('/') != std::string::npos;
  if (is_range)
    in.read("address", out.range, to_prefix);
  else
    in.read("address", out.address, to_address);
  return is_range;
}

void neighbor_source::read_families(object_reader& in, neighbor& out) {
  object_reader families{in.find_all("families")};
  for (const auto& [name, family] : words_of<protocol::family>::all) {
    const auto layers =
        switched_on(families.find_all(name),
                    "an object, or false for a family that is off");
    if (!layers.empty())
      read_family(layers, out.families[family]);
  }
  families.finish();
}

void neighbor_source::read_family(const std::vector<value>& layers,
                                  family_config& out) {
  const auto to_shared_chain = [this](const value& v,
                                      rib::chain_definition& result) {
    return chain(v, result);
  };
  object_reader in{layers};
  in.read("next_hop", out.next_hop, to_address);
  in.read("import", out.import_policy, to_shared_chain);
  in.read("export", out.export_policy, to_shared_chain);
  read_max_prefixes(in, out.max_prefixes);
  in.read("default_originate", out.default_originate, to_boolean);
  object_reader add_path{in.find_all("add_path")};
  add_path.read("receive", out.add_path.receive, to_boolean);
  add_path.read("send", out.add_path.send, to_paths_sent);
  add_path.finish();
  in.finish();
}

bool neighbor_source::chain(const value& v, rib::chain_definition& out) {
  const auto known = chains_.find(v.what);
  if (known != chains_.end()) {
    out = known->second;
    return !out.empty();
  }
  const bool ok = to_chain(v, out);
  // What is wrong in it was told just now, or will be: in the template.
  chains_[v.what] = ok ? out : rib::chain_definition{};
  return ok;
}

} // namespace troupe::config
