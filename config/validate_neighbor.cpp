#include "config/duration.hpp"
#include "config/findings.hpp"
#include "config/words.hpp"
#include "rib/policy_definition.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

using namespace std::chrono_literals;
using protocol::peer_kind;

bool whole_seconds(milliseconds duration) {
  return duration % 1s == 0ms;
}

void check_hold(const timer_config& t, const std::string& path, findings& out) {
  // RFC 4271 §4.2: two octets of seconds, 0 or at least 3.
  if (!whole_seconds(t.hold) || t.hold > 65535s
      || (t.hold != 0ms && t.hold < 3s))
    out.error(below(path, "hold"),
              "must be 0s, or whole seconds from 3s to 65535s");
  const auto where = below(path, "keepalive");
  if (t.hold == 0ms && t.keepalive != 0ms)
    out.error(where, "with a hold time of 0s no KEEPALIVE is sent; leave it "
                     "out");
  else if (t.hold != 0ms && t.keepalive >= t.hold)
    out.error(where, "must be less than the hold time, which is "
                         + duration_text(t.hold));
  else if (t.hold != 0ms && t.keepalive < 1s) // RFC 4271 §4.4
    out.error(where, "must be 1s or more");
  // RFC 9687 §4.4: more than the hold time.
  if (t.send_hold != 0ms && (t.send_hold <= t.hold || t.send_hold < 1s))
    out.error(below(path, "send_hold"),
              "must be 0s, or more than the hold time and 1s or more");
}

void check_jitter(const jitter& j, const std::string& path, findings& out) {
  // Written so that a NaN fails.
  if (!(j.least > 0 && j.least <= j.most && j.most <= 10))
    out.error(path, "must be [least, most] with 0 < least <= most <= 10");
}

void check_timers(const timer_config& t, const std::string& path,
                  findings& out) {
  check_hold(t, path, out);
  if (t.connect_retry < 10ms || t.connect_retry > 24h)
    out.error(below(path, "connect_retry"), "must be from 10ms to 24h");
  if (t.idle_hold < 0ms || t.idle_hold > 24h)
    out.error(below(path, "idle_hold"), "must be from 0s to 24h");
  if (t.delay_open < 0ms || t.delay_open > 4min)
    out.error(below(path, "delay_open"), "must be from 0s to 4m");
  check_jitter(t.connect_retry_jitter, below(path, "connect_retry_jitter"),
               out);
  check_jitter(t.idle_hold_jitter, below(path, "idle_hold_jitter"), out);
}

void check_graceful_restart(const graceful_restart_config& g,
                            const std::string& path, findings& out) {
  // RFC 4724 §3: twelve bits of seconds.
  if (!whole_seconds(g.restart_time) || g.restart_time < 1s
      || g.restart_time > 4095s)
    out.error(below(path, "restart_time"),
              "must be whole seconds from 1s to 4095s");
  if (g.stale_time < g.restart_time || g.stale_time > 24h)
    out.error(below(path, "stale_time"),
              "must be the restart_time or more, and at most 24h");
  // RFC 9494 §3: three octets of seconds.
  const auto long_lived = g.long_lived_stale_time;
  const auto where = below(path, "long_lived_stale_time");
  if (!whole_seconds(long_lived) || long_lived < 0s || long_lived > 16777215s)
    out.error(where, "must be whole seconds from 0s to 16777215s");
  if (long_lived != 0ms && g.mode == restart_mode::off)
    out.error(where, "needs graceful restart, whose mode is \"off\"");
}

bool is_host(const protocol::ip_address& a) {
  return !a.is_unspecified() && !a.is_multicast();
}

/// The peer is whoever answers on the link, with its link-local address.
void check_unnumbered(const neighbor& n, const std::string& path,
                      findings& out) {
  if (n.local_address && n.local_address->is_v4())
    out.error(below(path, "local_address"),
              "must be an IPv6 address: an unnumbered neighbour has no other");
  if (n.multihop > 1)
    out.error(below(path, "multihop"), "must be 1: an unnumbered neighbour is "
                                       "on the link");
}

void check_addresses(const neighbor& n, const std::string& path,
                     findings& out) {
  if (!n.address && !n.range && n.interface.empty())
    out.error(below(path, "address"), "is missing");
  if (n.address && !is_host(*n.address))
    out.error(below(path, "address"), "must be a host's address");
  if (n.range && n.range->address().is_multicast())
    out.error(below(path, "address"), "must be a range of host addresses");
  if (n.address && n.address->is_v6() && n.address->is_link_local()
      && n.interface.empty())
    out.error(below(path, "interface"),
              "must be given with a link-local address");
  const auto bad = [](char c) { return c == '/' || c <= ' ' || c == 0x7f; };
  if (n.interface.size() > 15
      || std::any_of(n.interface.begin(), n.interface.end(), bad))
    out.error(below(path, "interface"),
              "must be 1 to 15 characters without '/' and spaces");
  if (!n.address && !n.range)
    check_unnumbered(n, path, out);
  if (!n.local_address)
    return;
  const auto where = below(path, "local_address");
  if (!is_host(*n.local_address))
    out.error(where, "must be a host's address");
  const bool v4 = n.local_address->is_v4();
  if ((n.address && n.address->is_v4() != v4)
      || (n.range && n.range->address().is_v4() != v4))
    out.error(where, "must be of the same family as the address");
}

void check_transport(const neighbor& n, const std::string& path,
                     findings& out) {
  if (n.port == 0 && !n.range)
    out.error(below(path, "port"), "must be from 1 to 65535");
  if (n.range && n.dynamic_limit == 0)
    out.error(below(path, "dynamic_limit"), "must be 1 or more");
  if (n.multihop == 0)
    out.error(below(path, "multihop"), "must be from 1 to 255");
  // RFC 5082: what was sent with 255 arrives over n hops with 256 - n.
  if (n.min_ttl > 256 - n.multihop)
    out.error(below(path, "min_ttl"),
              "must be " + std::to_string(256 - n.multihop)
                  + " or less with multihop " + std::to_string(n.multihop));
  if (n.md5_key.size() > 80)
    out.error(below(path, "md5_key"), "must have 1 to 80 bytes");
  if (!n.tcp_ao)
    return;
  const auto ao = below(path, "tcp_ao");
  if (n.tcp_ao->key.empty() || n.tcp_ao->key.size() > 80)
    out.error(below(ao, "key"), "must be given, with 1 to 80 bytes");
  if (!n.md5_key.empty()) // RFC 5925 §1: it replaces TCP-MD5
    out.error(ao, "cannot be together with md5_key");
}

/// Whether the peer is known to be of another member AS.
bool in_confederation(const router& r, const neighbor& n) {
  return n.remote.what == remote_asn::kind::number
         && is_confederation_peer(r, n.remote.number);
}

void check_as_numbers(const router& r, const neighbor& n,
                      const std::string& path, findings& out) {
  const bool number = n.remote.what == remote_asn::kind::number;
  if (number && !is_usable(n.remote.number))
    out.error(below(path, "remote_asn"), "0 and 23456 are reserved");
  if (number && r.confederation && n.remote.number != r.asn
      && n.remote.number == r.confederation->identifier)
    out.error(below(path, "remote_asn"),
              "is the identifier of our own confederation; give a member AS");
  if (r.confederation && n.remote.what == remote_asn::kind::any)
    out.warning(below(path, "remote_asn"),
                "leaves open whether the neighbour is in the confederation; "
                "it is taken to be outside");
  if (n.allow_own_as > 10)
    out.error(below(path, "allow_own_as"), "must be from 0 to 10");
  if (n.local_as_prepend && !n.local_as)
    out.error(below(path, "local_as_prepend"), "needs a local_as");
  if (!n.local_as)
    return;
  const auto where = below(path, "local_as");
  if (!is_usable(*n.local_as))
    out.error(where, "0 and 23456 are reserved");
  if (known_kind(r, n) == peer_kind::internal)
    out.error(where, "is for external neighbours");
  if (in_confederation(r, n))
    out.error(where, "is for neighbours outside the confederation");
}

void check_external(const router& r, const neighbor& n, const std::string& path,
                    findings& out) {
  const bool internal = known_kind(r, n) == peer_kind::internal;
  const auto refuse = [&](bool set, const char* key) {
    if (internal && set)
      out.error(below(path, key), "is for external neighbours");
  };
  refuse(n.role.has_value(), "role");                   // RFC 9234
  refuse(n.route_server_client, "route_server_client"); // RFC 7947
  refuse(n.as_override, "as_override");
  refuse(n.third_party_next_hop, "third_party_next_hop"); // RFC 4271 §5.1.3
  if (n.third_party_next_hop && n.multihop > 1)
    out.warning(below(path, "third_party_next_hop"),
                "has no effect with multihop: there is no shared subnet");
}

void check_roles(const router& r, const neighbor& n, const std::string& path,
                 findings& out) {
  if (n.strict_role && !n.role)
    out.error(below(path, "strict_role"), "needs a role"); // RFC 9234 §4.2
  if (n.role && in_confederation(r, n))                    // RFC 9234 §5
    out.warning(below(path, "role"),
                "is not recommended within a confederation (RFC 9234)");
  if (n.route_reflector_client && known_kind(r, n) == peer_kind::external)
    out.error(below(path, "route_reflector_client"),
              "is for internal neighbours"); // RFC 4456
  if (n.route_reflector_client && n.route_server_client)
    out.error(below(path, "route_server_client"),
              "cannot be together with route_reflector_client");
  if (n.route_server_client && n.role && *n.role != bgp_role::route_server)
    out.error(below(path, "role"),
              "towards a route server client it must be \"route_server\"");
}

/// Whether the peer's address is known to be of IPv4.
bool over_v4(const neighbor& n) {
  return (n.address && n.address->is_v4())
         || (n.range && n.range->address().is_v4());
}

bool is_offered(const neighbor& n, required_capability c) {
  using enum required_capability;
  const auto& on = n.families;
  switch (c) {
  case ipv4_unicast:
    return on.contains(protocol::ipv4_unicast);
  case ipv6_unicast:
    return on.contains(protocol::ipv6_unicast);
  case route_refresh:
  case four_octet_as:
    return true;
  case enhanced_route_refresh:
    return n.enhanced_route_refresh;
  case extended_messages:
    return n.extended_messages;
  case graceful_restart:
    return n.graceful_restart.mode != restart_mode::off;
  case add_path:
    return std::any_of(on.begin(), on.end(), [](const auto& f) {
      return !(f.second.add_path == add_path_config{});
    });
  case extended_next_hop:
    return on.contains(protocol::ipv4_unicast) && !over_v4(n);
  case role:
    return n.role.has_value();
  }
  return true;
}

void check_capabilities(const neighbor& n, const std::string& path,
                        findings& out) {
  for (const auto c : n.required_capabilities)
    if (!is_offered(n, c))
      out.warning(below(path, "required_capabilities"),
                  '"' + word_for(c) + "\" is required, but not offered");
}

void check_chain(const router& r,
                 const std::optional<rib::chain_definition>& chain,
                 const std::string& path, findings& out) {
  if (!chain)
    return;
  if (chain->empty())
    out.error(path, "must not be empty; write \"reject\" to reject all");
  for (const auto& step : *chain) {
    const auto* named = std::get_if<rib::policy_name>(&step);
    if (named && !r.policies.contains(named->name))
      out.error(path, "names the policy \"" + named->name
                          + "\", which is not defined");
    const auto* action = std::get_if<rib::policy_action>(&step);
    if (action && *action == rib::policy_action::next)
      out.error(path, "\"next\" decides nothing");
    if (action && &step != &chain->back())
      out.warning(path, "what stands behind \"" + to_string(*action)
                            + "\" is never reached");
  }
}

struct family_place {
  protocol::family family;
  std::string path;
};

void check_next_hop(const router& r, const neighbor& n, const family_config& f,
                    const family_place& place, findings& out) {
  const auto& [family, path] = place;
  const bool v6 = family == protocol::ipv6_unicast;
  const auto where = below(path, "next_hop");
  if (f.next_hop && !is_host(*f.next_hop))
    out.error(where, "must be a host's address");
  else if (f.next_hop && v6 && f.next_hop->is_v4())
    out.error(where, "must be an IPv6 address for IPv6 routes");
  const bool ours_to_set =
      n.next_hop_self || known_kind(r, n) != peer_kind::internal;
  if (!f.next_hop && v6 && over_v4(n) && ours_to_set)
    out.warning(path,
                "IPv6 routes over an IPv4 session cannot be told without a "
                "next_hop");
}

void check_max_prefixes(const max_prefixes_config& m, const std::string& path,
                        findings& out) {
  if (m.limit == 0)
    out.error(below(path, "limit"), "must be given, 1 or more");
  if (m.warn_at == 0 || m.warn_at > 100)
    out.error(below(path, "warn_at"), "must be from 1 to 100");
  const bool restart = m.action == max_prefixes_action::restart;
  if (restart && (m.restart_after < 1s || m.restart_after > 24h))
    out.error(below(path, "restart_after"),
              "must be from 1s to 24h with the action \"restart\"");
  if (!restart && m.restart_after != 0ms)
    out.error(below(path, "restart_after"), "is for the action \"restart\"");
}

void check_family(const router& r, const neighbor& n,
                  const std::pair<const protocol::family, family_config>& f,
                  const std::string& path, findings& out) {
  const auto& [family, config] = f;
  check_next_hop(r, n, config, {family, path}, out);
  check_chain(r, config.import_policy, below(path, "import"), out);
  check_chain(r, config.export_policy, below(path, "export"), out);
  if (config.max_prefixes)
    check_max_prefixes(*config.max_prefixes, below(path, "max_prefixes"), out);
  if (known_kind(r, n) == peer_kind::internal)
    return;
  const bool import = config.import_policy.has_value();
  const bool exports = config.export_policy.has_value();
  // RFC 8212.
  if (!import && !exports)
    out.warning(path, "without \"import\" and \"export\" an external "
                      "neighbour is taken and told nothing (RFC 8212)");
  else if (!import)
    out.warning(path, "without \"import\" nothing is taken from an external "
                      "neighbour (RFC 8212)");
  else if (!exports)
    out.warning(path, "without \"export\" nothing is told to an external "
                      "neighbour (RFC 8212)");
}

} // namespace

void validate_neighbor(const router& r, const neighbor& n,
                       const std::string& path, findings& out) {
  check_addresses(n, path, out);
  check_transport(n, path, out);
  check_as_numbers(r, n, path, out);
  check_timers(n.timers, below(path, "timers"), out);
  check_graceful_restart(n.graceful_restart, below(path, "graceful_restart"),
                         out);
  check_external(r, n, path, out);
  check_roles(r, n, path, out);
  check_capabilities(n, path, out);
  if (n.families.empty())
    out.warning(path, "no family is on: the session carries no routes");
  for (const auto& family : n.families)
    check_family(r, n, family,
                 path + ".families." + protocol::to_string(family.first), out);
}

} // namespace troupe::config
