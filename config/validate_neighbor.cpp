#include "config/duration.hpp"
#include "config/findings.hpp"
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
    out.error(where,
              "must be less than the hold time, which is " + to_text(t.hold));
  else if (t.hold != 0ms && t.keepalive < 1s) // RFC 4271 §4.4
    out.error(where, "must be 1s or more");
  // RFC 9687: more than the hold time.
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
}

bool is_host(const protocol::ip_address& a) {
  return !a.is_unspecified() && !a.is_multicast();
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
}

void check_as_numbers(const router& r, const neighbor& n,
                      const std::string& path, findings& out) {
  const bool number = n.remote.what == remote_asn::kind::number;
  if (number && !is_usable(n.remote.number))
    out.error(below(path, "remote_asn"), "0 and 23456 are reserved");
  if (!n.local_as)
    return;
  const auto where = below(path, "local_as");
  if (!is_usable(*n.local_as))
    out.error(where, "0 and 23456 are reserved");
  if (known_kind(r, n) == peer_kind::internal)
    out.error(where, "is for external neighbours");
}

void check_roles(const router& r, const neighbor& n, const std::string& path,
                 findings& out) {
  const auto kind = known_kind(r, n);
  if (n.role && kind == peer_kind::internal)
    out.error(below(path, "role"), "is for external neighbours"); // RFC 9234
  if (n.route_reflector_client && kind == peer_kind::external)
    out.error(below(path, "route_reflector_client"),
              "is for internal neighbours"); // RFC 4456
  if (n.route_server_client && kind == peer_kind::internal)
    out.error(below(path, "route_server_client"),
              "is for external neighbours"); // RFC 7947
  if (n.route_reflector_client && n.route_server_client)
    out.error(below(path, "route_server_client"),
              "cannot be together with route_reflector_client");
  if (n.route_server_client && n.role && *n.role != bgp_role::route_server)
    out.error(below(path, "role"),
              "towards a route server client it must be \"route_server\"");
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
  const bool v4_session = (n.address && n.address->is_v4())
                          || (n.range && n.range->address().is_v4());
  const bool ours_to_set =
      n.next_hop_self || known_kind(r, n) != peer_kind::internal;
  if (!f.next_hop && v6 && v4_session && ours_to_set)
    out.warning(path,
                "IPv6 routes over an IPv4 session cannot be told without a "
                "next_hop");
}

void check_family(const router& r, const neighbor& n,
                  const std::pair<const protocol::family, family_config>& f,
                  const std::string& path, findings& out) {
  const auto& [family, config] = f;
  check_next_hop(r, n, config, {family, path}, out);
  check_chain(r, config.import_policy, below(path, "import"), out);
  check_chain(r, config.export_policy, below(path, "export"), out);
  if (config.max_prefixes && config.max_prefixes->limit == 0)
    out.error(below(path, "max_prefixes"), "must be 1 or more");
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
  check_roles(r, n, path, out);
  if (n.families.empty())
    out.warning(path, "no family is on: the session carries no routes");
  for (const auto& family : n.families)
    check_family(r, n, family,
                 path + ".families." + protocol::to_string(family.first), out);
}

} // namespace troupe::config
