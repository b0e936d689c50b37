#include "config/derive.hpp"

#include "rib/policy.hpp"

namespace troupe::config {

namespace wire = protocol::wire;
namespace fsm = protocol::fsm;
using protocol::family;
using protocol::peer_kind;

namespace {

protocol::as_number own_as(const router& r, const neighbor& n) {
  return n.local_as.value_or(r.asn);
}

wire::bgp_role on_wire(bgp_role role) {
  switch (role) {
  case bgp_role::provider:
    return wire::bgp_role::provider;
  case bgp_role::route_server:
    return wire::bgp_role::route_server;
  case bgp_role::route_server_client:
    return wire::bgp_role::route_server_client;
  case bgp_role::customer:
    return wire::bgp_role::customer;
  case bgp_role::peer:
    return wire::bgp_role::peer;
  }
  return wire::bgp_role::peer;
}

/// Our AS numbers beside the one that this session knows: what was sent by the
/// router's own, or by the confederation's, has been here before.
std::vector<protocol::as_number> further_own_as(const router& r,
                                                protocol::as_number local_as) {
  std::vector<protocol::as_number> all;
  if (r.asn != local_as)
    all.push_back(r.asn);
  if (r.confederation && r.confederation->identifier != local_as)
    all.push_back(r.confederation->identifier);
  return all;
}

std::vector<wire::capability> capabilities(const router& r, const neighbor& n,
                                           const protocol::ip_address& peer) {
  std::vector<wire::capability> all;
  for (const auto& [f, unused] : n.families)
    all.emplace_back(wire::multiprotocol_capability{f});
  all.emplace_back(wire::route_refresh_capability{});
  // RFC 8950 is of use only where the session itself runs over IPv6.
  if (peer.is_v6() && n.families.contains(protocol::ipv4_unicast))
    all.emplace_back(wire::extended_next_hop_capability{
        {{protocol::ipv4_unicast, protocol::ipv6_unicast.afi}}});
  if (n.extended_messages)
    all.emplace_back(wire::extended_message_capability{});
  // RFC 9234 §4: for external sessions.
  if (n.role && known_kind(r, n) != peer_kind::internal)
    all.emplace_back(wire::role_capability{on_wire(*n.role)});
  all.emplace_back(wire::four_octet_as_capability{own_as(r, n)});
  wire::add_path_capability add_path;
  for (const auto& [f, own] : n.families)
    if (own.add_path.receive)
      add_path.entries.push_back({f, wire::add_path_mode::receive});
  if (!add_path.entries.empty())
    all.emplace_back(std::move(add_path));
  return all;
}

fsm::jitter_range range_of(const jitter& j) {
  return {j.least, j.most};
}

rib::policy_chain compiled(const router& r,
                           const rib::chain_definition& chain) {
  return rib::policy_library{r.policies}.make(chain).value_or(
      rib::policy_chain::reject_all());
}

/// The next hop that we put into a family's routes, if we put one there.
std::optional<protocol::ip_address> next_hop(family f, const family_config& own,
                                             const session_facts& facts) {
  if (own.next_hop)
    return own.next_hop;
  const auto& local = facts.local_address;
  const bool wants_v4 = f == protocol::ipv4_unicast;
  if (local.is_v4() == wants_v4 || (wants_v4 && facts.agreed.extended_next_hop))
    return local;
  return std::nullopt;
}

} // namespace

fsm::settings fsm_settings(const router& r, const neighbor& n,
                           const protocol::ip_address& peer) {
  fsm::settings s;
  s.open.my_as = own_as(r, n);
  s.open.hold_time =
      std::chrono::duration_cast<std::chrono::seconds>(n.timers.hold);
  s.open.identifier = r.router_id;
  s.open.capabilities = capabilities(r, n, peer);
  if (n.remote.what == remote_asn::kind::number)
    s.remote_as = n.remote.number;
  if (n.remote.what == remote_asn::kind::internal)
    s.remote_kind = peer_kind::internal;
  if (n.remote.what == remote_asn::kind::external)
    s.remote_kind = peer_kind::external;
  s.strict_role = n.strict_role;
  s.passive = n.passive || n.is_dynamic();
  s.deterministic_collision_resolution = n.deterministic_collision_resolution;
  s.connect_retry = n.timers.connect_retry;
  s.connect_retry_jitter = range_of(n.timers.connect_retry_jitter);
  s.idle_hold = n.timers.idle_hold;
  s.idle_hold_jitter = range_of(n.timers.idle_hold_jitter);
  s.delay_open = n.timers.delay_open;
  s.keepalive = n.timers.keepalive;
  return s;
}

rib::decision_options decision_options(const router& r) {
  return {r.always_compare_med, r.med_missing_worst};
}

rib::import_settings import_settings(const router& r, const neighbor& n,
                                     const session_facts& facts) {
  rib::import_settings s;
  s.neighbor.index = facts.index;
  s.neighbor.name = n.name;
  s.neighbor.address = facts.peer_address;
  s.neighbor.identifier = facts.agreed.peer_id;
  s.neighbor.as = facts.agreed.peer_as;
  s.neighbor.kind = facts.agreed.kind;
  s.local_as = own_as(r, n);
  s.further_own_as = further_own_as(r, s.local_as);
  s.allow_own_as = n.allow_own_as;
  s.local_id = r.router_id;
  s.cluster_id = r.cluster_id.value_or(r.router_id);
  s.local_address = facts.local_address;
  s.as4 = facts.agreed.as4;
  s.extended_next_hop = facts.agreed.extended_next_hop;
  s.enforce_first_as = n.enforce_first_as;
  if (n.role && s.neighbor.kind == peer_kind::external)
    s.role = on_wire(*n.role);
  s.aigp = aigp_session(r, n, s.neighbor.kind, s.neighbor.as);
  s.honor_graceful_shutdown = n.honor_graceful_shutdown;
  s.shards = facts.shards;
  for (const auto& agreed : facts.agreed.families) {
    const auto own = n.families.find(agreed.address_family);
    if (own == n.families.end())
      continue;
    s.families[agreed.address_family] = {
        agreed.add_path_receive,
        compiled(r, import_chain(own->second, facts.agreed.kind))};
  }
  return s;
}

rib::export_settings export_settings(const router& r, const neighbor& n,
                                     const session_facts& facts) {
  rib::export_settings s;
  s.kind = facts.agreed.kind;
  s.local_as = own_as(r, n);
  s.as4 = facts.agreed.as4;
  s.max_message_size = facts.agreed.max_message_size();
  for (const auto& agreed : facts.agreed.families) {
    const auto own = n.families.find(agreed.address_family);
    if (own == n.families.end())
      continue;
    rib::export_family f;
    f.next_hop = next_hop(agreed.address_family, own->second, facts);
    f.keep_next_hop = s.kind == peer_kind::internal && !n.next_hop_self
                      && !own->second.next_hop;
    f.add_path = agreed.add_path_send;
    f.extended_next_hop = facts.agreed.extended_next_hop;
    f.policy = compiled(r, export_chain(own->second, facts.agreed.kind));
    s.families[agreed.address_family] = std::move(f);
  }
  return s;
}

std::vector<std::string> not_in_force(const neighbor& n) {
  std::vector<std::string> all;
  const auto say = [&](bool set, const char* key) {
    if (set)
      all.push_back(std::string{key} + " has no effect in this version");
  };
  const neighbor defaults;
  say(!(n.graceful_restart == defaults.graceful_restart), "graceful_restart");
  say(n.route_reflector_client, "route_reflector_client");
  say(n.route_server_client, "route_server_client");
  say(n.as_override, "as_override");
  say(n.remove_private_as, "remove_private_as");
  say(n.timers.send_hold != defaults.timers.send_hold
          && n.timers.send_hold != 2 * n.timers.hold,
      "timers.send_hold");
  for (const auto& [f, own] : n.families) {
    say(own.max_prefixes.has_value(), "max_prefixes");
    say(own.add_path.send != 0, "add_path.send");
  }
  return all;
}

} // namespace troupe::config
