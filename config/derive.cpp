#include "config/derive.hpp"

#include "rib/policy.hpp"

namespace troupe::config {

namespace wire = protocol::wire;
namespace fsm = protocol::fsm;
using protocol::family;
using protocol::peer_kind;

namespace {

std::chrono::seconds in_seconds(milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time);
}

/// Whether we say that forwarding outlives a restart of ours: we forward
/// nothing ourselves that one could stop.
bool keeps_forwarding(const graceful_restart_config& own) {
  return own.mode == restart_mode::full
         && own.forwarding != forwarding_state::lost;
}

/// RFC 4724 §3: a helper names no family.
wire::graceful_restart_capability restart_capability(const neighbor& n,
                                                     bool restarted) {
  const auto& own = n.graceful_restart;
  const bool full = own.mode == restart_mode::full;
  wire::graceful_restart_capability c{
      full && restarted, own.notification, in_seconds(own.restart_time), {}};
  if (full)
    for (const auto& [f, unused] : n.families)
      c.entries.push_back({f, keeps_forwarding(own)});
  return c;
}

/// RFC 9494 §3.1.
wire::long_lived_graceful_restart_capability
long_lived_capability(const neighbor& n) {
  const auto& own = n.graceful_restart;
  wire::long_lived_graceful_restart_capability c;
  for (const auto& [f, unused] : n.families)
    c.entries.push_back(
        {f, keeps_forwarding(own), in_seconds(own.long_lived_stale_time)});
  return c;
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

/// The router's own AS where this session knows another one: what was sent by
/// it has been here before. A confederation is looked for in any case.
std::vector<protocol::as_number> further_own_as(const router& r,
                                                protocol::as_number local_as) {
  if (r.confederation || r.asn == local_as)
    return {};
  return {r.asn};
}

/// What we say of a family in the ADD-PATH capability (RFC 7911 §4).
std::optional<wire::add_path_mode> offered(const add_path_config& own) {
  if (own.send == 0)
    return own.receive ? std::optional{wire::add_path_mode::receive}
                       : std::nullopt;
  return own.receive ? wire::add_path_mode::both : wire::add_path_mode::send;
}

std::vector<wire::capability> capabilities(const router& r, const neighbor& n,
                                           const protocol::ip_address& peer,
                                           bool restarted) {
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
  const auto kind = known_kind(r, n);
  if (n.role && kind.value_or(peer_kind::external) == peer_kind::external)
    all.emplace_back(wire::role_capability{on_wire(*n.role)});
  const auto& own = n.graceful_restart;
  if (own.mode != restart_mode::off)
    all.emplace_back(restart_capability(n, restarted));
  all.emplace_back(wire::four_octet_as_capability{our_as(r, n)});
  wire::add_path_capability add_path;
  for (const auto& [f, family] : n.families)
    if (const auto mode = offered(family.add_path))
      add_path.entries.push_back({f, *mode});
  if (!add_path.entries.empty())
    all.emplace_back(std::move(add_path));
  if (n.enhanced_route_refresh)
    all.emplace_back(wire::enhanced_route_refresh_capability{});
  if (own.mode != restart_mode::off && own.long_lived_stale_time.count() != 0)
    all.emplace_back(long_lived_capability(n));
  return all;
}

/// What a peer must announce, as a capability to look for and to answer with.
wire::capability required(required_capability wanted) {
  switch (wanted) {
  case required_capability::ipv4_unicast:
    return wire::multiprotocol_capability{protocol::ipv4_unicast};
  case required_capability::ipv6_unicast:
    return wire::multiprotocol_capability{protocol::ipv6_unicast};
  case required_capability::route_refresh:
    return wire::route_refresh_capability{};
  case required_capability::enhanced_route_refresh:
    return wire::enhanced_route_refresh_capability{};
  case required_capability::four_octet_as:
    return wire::four_octet_as_capability{};
  case required_capability::extended_messages:
    return wire::extended_message_capability{};
  case required_capability::graceful_restart:
    return wire::graceful_restart_capability{};
  case required_capability::add_path:
    return wire::add_path_capability{};
  case required_capability::extended_next_hop:
    return wire::extended_next_hop_capability{};
  case required_capability::role:
    return wire::role_capability{};
  }
  return wire::unknown_capability{};
}

fsm::jitter_range range_of(const jitter& j) {
  return {j.least, j.most};
}

rib::policy_chain compiled(const router& r,
                           const rib::chain_definition& chain) {
  return rib::policy_library{r.policies}.make(chain).value_or(
      rib::policy_chain::reject_all());
}

/// Whether the peer is external and on the subnet of our address.
bool is_on_our_subnet(const neighbor& n, const session_facts& facts) {
  return facts.agreed.kind == peer_kind::external && n.multihop == 1
         && facts.subnet && facts.subnet->contains(facts.peer_address);
}

/// Sets the next hop that we put into a family's routes, if we put one there.
/// For a peer on our subnet our link-local address stands behind the global one
/// (RFC 2545 §3). Between link-local addresses it is our global one with the
/// link-local one behind it, or the link-local one alone where there is no
/// other: sixteen octets, which all known peers understand.
void set_next_hop(family f, const neighbor& n, const family_config& own,
                  const session_facts& facts, rib::export_family& out) {
  const auto& local = facts.local_address;
  const bool wants_v4 = f == protocol::ipv4_unicast;
  if (own.next_hop)
    out.next_hop = own.next_hop;
  else if (local.is_v4() == wants_v4
           || (wants_v4 && facts.agreed.extended_next_hop))
    out.next_hop = local;
  if (!out.next_hop || own.next_hop || local.is_v4())
    return;
  if (!local.is_link_local()) {
    if (is_on_our_subnet(n, facts))
      out.link_local_next_hop = facts.link_local;
  } else if (facts.global_address) {
    out.next_hop = facts.global_address;
    out.link_local_next_hop = local;
  }
}

} // namespace

fsm::settings fsm_settings(const router& r, const neighbor& n,
                           const protocol::ip_address& peer, bool restarted) {
  fsm::settings s;
  s.open.my_as = our_as(r, n);
  s.open.hold_time =
      std::chrono::duration_cast<std::chrono::seconds>(n.timers.hold);
  s.open.identifier = r.router_id;
  s.open.capabilities = capabilities(r, n, peer, restarted);
  for (const auto wanted : n.required_capabilities)
    s.required.push_back(required(wanted));
  s.helps_restart = n.graceful_restart.mode != restart_mode::off;
  if (n.remote.what == remote_asn::kind::number)
    s.remote_as = n.remote.number;
  if (n.remote.what == remote_asn::kind::internal)
    s.remote_kind = peer_kind::internal;
  if (n.remote.what == remote_asn::kind::external)
    s.remote_kind = peer_kind::external;
  if (r.confederation) {
    s.remote_kind = known_kind(r, n);
    const auto& others = r.confederation->members;
    s.confederation_members.assign(others.begin(), others.end());
    s.confederation_members.push_back(r.asn);
  }
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
  s.local_as = our_as(r, n);
  if (r.confederation)
    s.confederation = {r.confederation->identifier, r.asn};
  s.further_own_as = further_own_as(r, s.local_as);
  s.allow_own_as = n.allow_own_as;
  s.local_id = r.router_id;
  s.cluster_id = r.cluster_id.value_or(r.router_id);
  s.neighbor.reflector_client =
      n.route_reflector_client && s.neighbor.kind == peer_kind::internal;
  s.local_address = facts.local_address;
  s.as4 = facts.agreed.as4;
  s.extended_next_hop = facts.agreed.extended_next_hop;
  s.enforce_first_as = n.enforce_first_as;
  if (n.role && s.neighbor.kind == peer_kind::external)
    s.role = on_wire(*n.role);
  s.aigp = aigp_session(r, n, s.neighbor.kind, s.neighbor.as);
  s.honor_graceful_shutdown = n.honor_graceful_shutdown;
  s.graceful_shutdown = in_graceful_shutdown(r, n);
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

namespace {

/// What is done to AS paths towards an external peer.
void set_path_rules(const router& r, const neighbor& n,
                    protocol::as_number peer_as, rib::export_settings& s) {
  if (n.local_as && n.local_as_prepend)
    s.further_as = r.confederation ? r.confederation->identifier : r.asn;
  if (n.as_override)
    s.overridden_as = peer_as;
  s.remove_private_as = n.remove_private_as;
  if (n.remove_private_as && protocol::is_private_as(peer_as))
    s.kept_private_as = peer_as;
  s.route_server_client = n.route_server_client;
  if (n.role)
    s.role = on_wire(*n.role);
}

rib::export_family export_family(const router& r, const neighbor& n,
                                 const wire::negotiated_family& agreed,
                                 const session_facts& facts) {
  const auto& own = n.families.at(agreed.address_family);
  const auto kind = facts.agreed.kind;
  rib::export_family f;
  set_next_hop(agreed.address_family, n, own, facts, f);
  f.keep_next_hop = (kind != peer_kind::external || n.route_server_client)
                    && !n.next_hop_self && !own.next_hop;
  // Without a third party all clients of a route server share a group.
  if (is_on_our_subnet(n, facts)
      && (n.third_party_next_hop || f.keep_next_hop)) {
    f.shared = {*facts.subnet, std::nullopt};
    if (n.third_party_next_hop)
      f.shared->third_party_for = facts.peer_address;
  }
  f.default_originate = own.default_originate;
  f.add_path = agreed.add_path_send;
  if (f.add_path)
    f.paths = own.add_path.send;
  f.per_client = n.route_server_client;
  f.extended_next_hop = facts.agreed.extended_next_hop;
  f.policy = compiled(r, export_chain(own, kind));
  return f;
}

} // namespace

rib::export_settings export_settings(const router& r, const neighbor& n,
                                     const session_facts& facts) {
  rib::export_settings s;
  s.kind = facts.agreed.kind;
  s.local_as = our_as(r, n);
  if (s.kind == peer_kind::external)
    set_path_rules(r, n, facts.agreed.peer_as, s);
  if (s.kind == peer_kind::internal) {
    s.reflector_client = n.route_reflector_client;
    s.cluster_id = r.cluster_id.value_or(r.router_id);
  }
  s.graceful_shutdown = in_graceful_shutdown(r, n);
  s.aigp = aigp_session(r, n, s.kind, facts.agreed.peer_as);
  s.long_lived = facts.agreed.long_lived.has_value();
  s.as4 = facts.agreed.as4;
  s.max_message_size = facts.agreed.max_message_size();
  for (const auto& agreed : facts.agreed.families)
    if (n.families.contains(agreed.address_family))
      s.families[agreed.address_family] = export_family(r, n, agreed, facts);
  return s;
}

} // namespace troupe::config
