#include "config/compare.hpp"

#include <algorithm>
#include <utility>

namespace troupe::config {

namespace {

/// What a changed field asks for.
enum class effect : std::uint8_t {
  live,
  import_again,
  export_again,
  both_again,
  reset
};

class comparison {
public:
  explicit comparison(neighbor_changed& result) : result_(result) {}

  template <class T>
  void field(const std::string& name, effect e, const T& before,
             const T& after) {
    if (before == after)
      return;
    result_.fields.push_back(name);
    switch (e) {
    case effect::live:
      break;
    case effect::import_again:
      result_.import_again = true;
      break;
    case effect::export_again:
      result_.export_again = true;
      break;
    case effect::both_again:
      result_.import_again = true;
      result_.export_again = true;
      break;
    case effect::reset:
      result_.reset = true;
      break;
    }
  }

private:
  neighbor_changed& result_;
};

void compare_transport(const neighbor& a, const neighbor& b, comparison& in) {
  in.field("group", effect::live, a.group, b.group);
  in.field("description", effect::live, a.description, b.description);
  in.field("address", effect::reset, a.address, b.address);
  in.field("address", effect::reset, a.range, b.range);
  in.field("dynamic_limit", effect::live, a.dynamic_limit, b.dynamic_limit);
  in.field("max_memory", effect::live, a.max_memory, b.max_memory);
  in.field("malformed_nlri", effect::live, a.malformed_nlri, b.malformed_nlri);
  in.field("interface", effect::reset, a.interface, b.interface);
  in.field("port", effect::reset, a.port, b.port);
  in.field("remote_asn", effect::reset, a.remote, b.remote);
  in.field("local_address", effect::reset, a.local_address, b.local_address);
  in.field("local_port", effect::reset, a.local_port, b.local_port);
  in.field("passive", effect::live, a.passive, b.passive);
  in.field("enabled", effect::live, a.enabled, b.enabled);
  in.field("multihop", effect::reset, a.multihop, b.multihop);
  in.field("min_ttl", effect::reset, a.min_ttl, b.min_ttl);
  in.field("md5_key", effect::reset, a.md5_key, b.md5_key);
  in.field("tcp_ao", effect::reset, a.tcp_ao, b.tcp_ao);
}

void compare_timers(const timer_config& a, const timer_config& b,
                    comparison& in) {
  in.field("timers.hold", effect::reset, a.hold, b.hold); // said in the OPEN
  in.field("timers.keepalive", effect::live, a.keepalive, b.keepalive);
  in.field("timers.connect_retry", effect::live, a.connect_retry,
           b.connect_retry);
  in.field("timers.idle_hold", effect::live, a.idle_hold, b.idle_hold);
  in.field("timers.delay_open", effect::live, a.delay_open, b.delay_open);
  in.field("timers.send_hold", effect::live, a.send_hold, b.send_hold);
  in.field("timers.connect_retry_jitter", effect::live, a.connect_retry_jitter,
           b.connect_retry_jitter);
  in.field("timers.idle_hold_jitter", effect::live, a.idle_hold_jitter,
           b.idle_hold_jitter);
}

/// Its capabilities are said in the OPEN (RFC 4724, RFC 8538, RFC 9494).
void compare_graceful_restart(const graceful_restart_config& a,
                              const graceful_restart_config& b,
                              comparison& in) {
  const std::string name = "graceful_restart.";
  in.field(name + "mode", effect::reset, a.mode, b.mode);
  in.field(name + "restart_time", effect::reset, a.restart_time,
           b.restart_time);
  in.field(name + "stale_time", effect::live, a.stale_time, b.stale_time);
  in.field(name + "forwarding", effect::reset, a.forwarding, b.forwarding);
  in.field(name + "notification", effect::reset, a.notification,
           b.notification);
  in.field(name + "long_lived_stale_time", effect::reset,
           a.long_lived_stale_time, b.long_lived_stale_time);
}

/// What is said in our OPEN, or asked of the peer's.
void compare_session(const neighbor& a, const neighbor& b, comparison& in) {
  in.field("extended_messages", effect::reset, a.extended_messages,
           b.extended_messages);
  in.field("enhanced_route_refresh", effect::reset, a.enhanced_route_refresh,
           b.enhanced_route_refresh);
  in.field("required_capabilities", effect::reset, a.required_capabilities,
           b.required_capabilities);
  compare_graceful_restart(a.graceful_restart, b.graceful_restart, in);
  in.field("role", effect::reset, a.role, b.role);
  in.field("strict_role", effect::reset, a.strict_role, b.strict_role);
  in.field("route_reflector_client", effect::reset, a.route_reflector_client,
           b.route_reflector_client);
  in.field("route_server_client", effect::reset, a.route_server_client,
           b.route_server_client);
  in.field("deterministic_collision_resolution", effect::live,
           a.deterministic_collision_resolution,
           b.deterministic_collision_resolution);
  in.field("local_as", effect::reset, a.local_as, b.local_as);
}

/// What is done to the routes, whatever their family.
void compare_routes(const neighbor& a, const neighbor& b, comparison& in,
                    const router_differences& around) {
  in.field("enforce_first_as", effect::import_again, a.enforce_first_as,
           b.enforce_first_as);
  in.field("allow_own_as", effect::import_again, a.allow_own_as,
           b.allow_own_as);
  in.field("local_as_prepend", effect::export_again, a.local_as_prepend,
           b.local_as_prepend);
  in.field("as_override", effect::export_again, a.as_override, b.as_override);
  in.field("remove_private_as", effect::export_again, a.remove_private_as,
           b.remove_private_as);
  in.field("next_hop_self", effect::export_again, a.next_hop_self,
           b.next_hop_self);
  in.field("third_party_next_hop", effect::export_again, a.third_party_next_hop,
           b.third_party_next_hop);
  in.field("aigp", effect::both_again, a.aigp, b.aigp);
  // It may be the router's.
  in.field(
      "graceful_shutdown", effect::both_again,
      std::pair{a.graceful_shutdown, in_graceful_shutdown(around.before(), a)},
      std::pair{b.graceful_shutdown, in_graceful_shutdown(around.after(), b)});
  in.field("honor_graceful_shutdown", effect::import_again,
           a.honor_graceful_shutdown, b.honor_graceful_shutdown);
}

using named_chain = std::optional<rib::chain_definition>;

bool same_meaning(const named_chain& a, const named_chain& b,
                  const router_differences& around) {
  return a == b && !(b && around.touch(*b));
}

void compare_family(const std::string& name, const family_config& a,
                    const family_config& b, comparison& in,
                    const router_differences& around) {
  in.field(name + ".next_hop", effect::export_again, a.next_hop, b.next_hop);
  in.field(name + ".import", effect::import_again, true,
           same_meaning(a.import_policy, b.import_policy, around));
  in.field(name + ".export", effect::export_again, true,
           same_meaning(a.export_policy, b.export_policy, around));
  in.field(name + ".max_prefixes", effect::live, a.max_prefixes,
           b.max_prefixes);
  in.field(name + ".default_originate", effect::export_again,
           a.default_originate, b.default_originate);
  in.field(name + ".add_path.receive", effect::reset, a.add_path.receive,
           b.add_path.receive);
  in.field(name + ".add_path.send", effect::reset, a.add_path.send,
           b.add_path.send);
}

void compare_families(const neighbor& a, const neighbor& b, comparison& in,
                      const router_differences& around) {
  auto all = a.families;
  all.insert(b.families.begin(), b.families.end());
  for (const auto& [family, unused] : all) {
    const auto name = "families." + protocol::to_string(family);
    const auto old = a.families.find(family);
    const auto now = b.families.find(family);
    if (old == a.families.end() || now == b.families.end())
      in.field(name, effect::reset, true, false);
    else
      compare_family(name, old->second, now->second, in, around);
  }
}

} // namespace

router_differences::router_differences(const router& before,
                                       const router& after)
    : before_(before), after_(after) {
  for (const auto& [name, definition] : after.policies) {
    const auto old = before.policies.find(name);
    if (old == before.policies.end() || old->second != definition)
      changed_.insert(name);
  }
}

bool router_differences::touch(const rib::chain_definition& chain) const {
  return std::any_of(chain.begin(), chain.end(), [this](const auto& step) {
    const auto* named = std::get_if<rib::policy_name>(&step);
    return named && changed_.contains(named->name);
  });
}

neighbor_changed compare(const neighbor& before, const neighbor& after,
                         const router_differences& around) {
  neighbor_changed result;
  result.name = after.name;
  comparison in{result};
  compare_transport(before, after, in);
  compare_timers(before.timers, after.timers, in);
  compare_session(before, after, in);
  compare_routes(before, after, in, around);
  compare_families(before, after, in, around);
  // From an address to a range both changed, which is one field.
  auto& fields = result.fields;
  fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
  return result;
}

} // namespace troupe::config
