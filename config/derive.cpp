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
  s.local_id = r.router_id;
  s.cluster_id = r.cluster_id.value_or(r.router_id);
  s.local_address = facts.local_address;
  s.as4 = facts.agreed.as4;
  s.extended_next_hop = facts.agreed.extended_next_hop;
  s.enforce_first_as = n.enforce_first_as;
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
  say(n.role.has_value(), "role");
  say(n.route_reflector_client, "route_reflector_client");
  say(n.route_server_client, "route_server_client");
  say(n.as_override, "as_override");
  say(n.remove_private_as, "remove_private_as");
  say(n.timers.send_hold != defaults.timers.send_hold
          && n.timers.send_hold != 2 * n.timers.hold,
      "timers.send_hold");
  say(n.tcp_ao.has_value(), "tcp_ao");
  say(!n.enhanced_route_refresh, "enhanced_route_refresh");
  say(!n.required_capabilities.empty(), "required_capabilities");
  say(!n.graceful_restart.notification, "graceful_restart.notification");
  say(n.graceful_restart.long_lived_stale_time.count() != 0,
      "graceful_restart.long_lived_stale_time");
  say(n.strict_role, "strict_role");
  say(n.allow_own_as != 0, "allow_own_as");
  say(n.local_as_prepend, "local_as_prepend");
  say(n.third_party_next_hop, "third_party_next_hop");
  say(n.aigp.value_or(false), "aigp");
  say(n.graceful_shutdown.value_or(false), "graceful_shutdown");
  say(!n.honor_graceful_shutdown, "honor_graceful_shutdown");
  for (const auto& [f, own] : n.families) {
    say(own.max_prefixes.has_value(), "max_prefixes");
    say(own.add_path.send != 0, "add_path.send");
    say(own.default_originate, "default_originate");
  }
  return all;
}

std::vector<std::string> not_in_force(const router& r) {
  std::vector<std::string> all;
  const auto say = [&](bool set, const char* key) {
    if (set)
      all.push_back(std::string{key} + " has no effect in this version");
  };
  say(r.confederation.has_value(), "confederation");
  say(r.always_compare_med, "always_compare_med");
  say(r.med_missing_worst, "med_missing_worst");
  say(r.graceful_shutdown, "graceful_shutdown");
  return all;
}

} // namespace troupe::config
