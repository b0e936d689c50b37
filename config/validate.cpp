#include "config/validate.hpp"

#include "config/findings.hpp"
#include "rib/policy.hpp"

#include <algorithm>
#include <set>

namespace troupe::config {

namespace {

constexpr std::size_t longest_unix_path = 107; // sockaddr_un, unix(7)

void validate_admin(const admin_config& admin, const std::string& path,
                    findings& out) {
  for (std::size_t i = 0; i < admin.listen.size(); ++i) {
    const auto where = at_index(below(path, "listen"), i);
    const auto& listener = admin.listen[i];
    const auto first =
        std::find(admin.listen.begin(), admin.listen.end(), listener);
    if (first != admin.listen.begin() + static_cast<std::ptrdiff_t>(i))
      out.error(where, "is given twice");
    if (const auto* socket = std::get_if<unix_path>(&listener)) {
      if (socket->path.empty() || socket->path.size() > longest_unix_path)
        out.error(where, "must be a path of 1 to "
                             + std::to_string(longest_unix_path) + " bytes");
    } else if (!std::get<protocol::endpoint>(listener).address.is_loopback()) {
      if (!admin.tls)
        out.error(where, "beyond loopback the admin endpoint needs tls");
      else
        out.warning(where, "anyone who reaches this address can read what the "
                           "admin endpoint shows");
    }
  }
  if (admin.tls && admin.tls->certificate.empty())
    out.error(below(path, "tls.certificate"), "must not be empty");
  if (admin.tls && admin.tls->key.empty())
    out.error(below(path, "tls.key"), "must not be empty");
}

void validate_supervision(const supervision_config& s, findings& out) {
  constexpr std::chrono::milliseconds longest{3600000};
  const auto bounded = [&](const char* key, std::chrono::milliseconds value,
                           std::chrono::milliseconds least) {
    if (value < least || value > longest)
      out.error(below("supervision", key),
                "must be " + std::to_string(least.count()) + "ms to 1h");
  };
  bounded("within", s.within, std::chrono::milliseconds{1000});
  bounded("first_backoff", s.first_backoff, std::chrono::milliseconds{10});
  bounded("longest_backoff", s.longest_backoff, std::chrono::milliseconds{10});
  if (s.longest_backoff < s.first_backoff)
    out.error("supervision.longest_backoff",
              "must not be less than first_backoff");
}

/// A rule of ours: faults are never injected from outside.
void refuse_injection(const admin_config& admin, const std::string& path,
                      findings& out) {
  for (const auto& listener : admin.listen) {
    const auto* address = std::get_if<protocol::endpoint>(&listener);
    if (address && !address->address.is_loopback())
      out.error(path, "cannot be on while the admin endpoint listens on "
                          + to_string(*address)
                          + ", which is no loopback address");
  }
}

/// RFC 5065 §4: the identifier, our member AS and the others all differ.
void validate_confederation(const router& r, const std::string& path,
                            findings& out) {
  const auto& [identifier, members] = *r.confederation;
  const auto of_all = below(path, "identifier");
  if (!is_usable(identifier))
    out.error(of_all, "0 and 23456 are reserved");
  if (identifier == r.asn)
    out.error(of_all, "must not be the router's asn, which is its member AS");
  const auto of_members = below(path, "members");
  if (!std::all_of(members.begin(), members.end(), is_usable))
    out.error(of_members, "0 and 23456 are reserved");
  if (members.contains(r.asn))
    out.error(of_members, "are the other member ASes, without the router's "
                          "own asn");
  if (members.contains(identifier))
    out.error(of_members, "must not hold the identifier");
}

void validate_units(const configuration& c, const router& r,
                    const std::string& path, findings& out) {
  for (std::size_t i = 0; i < r.units.size(); ++i) {
    const auto& unit = r.units[i];
    const auto where = at_index(below(path, "units"), i);
    if (unit.local_address.is_unspecified()
        || unit.local_address.is_multicast())
      out.error(below(where, "local_address"), "must be a host's address");
    if (unit.floating.size() > 15)
      out.error(below(where, "floating"),
                "an interface has a name of at most 15 bytes");
    for (std::size_t j = 0; j < unit.nodes.size(); ++j) {
      const auto& name = unit.nodes[j];
      const auto name_path = at_index(below(where, "nodes"), j);
      if (!c.cluster || !for_node(c, name))
        out.error(name_path, "names a node that is not defined");
      const auto first = std::find(unit.nodes.begin(), unit.nodes.end(), name);
      if (first != unit.nodes.begin() + static_cast<std::ptrdiff_t>(j))
        out.error(name_path, "is given twice");
    }
  }
}

void validate_originate(const router& r, const std::string& path,
                        findings& out) {
  std::set<protocol::prefix> known;
  for (std::size_t i = 0; i < r.originate.size(); ++i) {
    const auto& p = r.originate[i];
    const auto where = at_index(below(path, "originate"), i);
    if (!known.insert(p).second)
      out.error(where, "is given twice");
    if (p.address().is_multicast())
      out.error(where, "multicast prefixes are no unicast routes");
  }
}

void validate_policies(const router& r, const std::string& path,
                       findings& out) {
  const auto policies = path + ".policies.";
  for (const auto& mistake : rib::policy_library::check(r.policies))
    out.error(
        below(at_index(policies + mistake.policy, mistake.rule), mistake.field),
        mistake.text);
  for (const auto& [name, definition] : r.policies)
    for (std::size_t i = 0; i < definition.rules.size(); ++i) {
      const auto& rule = definition.rules[i];
      if (rule.set.is_empty() && rule.then == rib::policy_action::next)
        out.warning(at_index(policies + name, i),
                    "has no effect: it sets nothing and does not decide");
    }
}

} // namespace

bool is_usable(protocol::as_number as) {
  return as != 0 && as != protocol::as_trans;
}

bool overlap(const protocol::endpoint& a, const protocol::endpoint& b) {
  return a.port == b.port && a.address.is_v4() == b.address.is_v4()
         && (a.address == b.address || a.address.is_unspecified()
             || b.address.is_unspecified());
}

void validate_daemon(const configuration& c, findings& out) {
  validate_admin(c.admin, "admin", out);
  if (c.data_dir.empty())
    out.error("data_dir", "must not be empty");
  if (c.fault_injection)
    refuse_injection(c.admin, "fault_injection", out);
  validate_supervision(c.supervision, out);
  if (c.cluster)
    for (std::size_t i = 0; i < c.cluster->nodes.size(); ++i) {
      const auto& node = c.cluster->nodes[i];
      if (!node.admin)
        continue;
      const auto where = at_index("cluster.nodes", i);
      validate_admin(*node.admin, where + ".admin", out);
      if (c.fault_injection)
        refuse_injection(*node.admin, "fault_injection", out);
    }
  if (c.routers.empty())
    out.warning("routers", "is empty: the daemon has nothing to do");
}

void validate_router(const configuration& c, std::size_t index, findings& out) {
  const auto& r = c.routers[index];
  const auto path = at_index("routers", index);
  if (!is_usable(r.asn))
    out.error(below(path, "asn"), "0 and 23456 are reserved");
  if (r.router_id.value == 0)
    out.error(below(path, "router_id"), "must not be 0.0.0.0");
  if (r.cluster_id && r.cluster_id->value == 0)
    out.error(below(path, "cluster_id"), "must not be 0.0.0.0");
  if (r.confederation)
    validate_confederation(r, below(path, "confederation"), out);
  if (r.shards > 256)
    out.error(below(path, "shards"), "must be 256 or less");
  validate_units(c, r, path, out);
  validate_originate(r, path, out);
  validate_policies(r, path, out);
}

std::vector<message> validate(const configuration& c) {
  findings out;
  validate_daemon(c, out);
  validate_cluster(c, out);
  validate_names(c, out);
  validate_listeners(c, out);
  validate_peers(c, out);
  validate_link_keys(c, out);
  for (std::size_t i = 0; i < c.routers.size(); ++i) {
    validate_router(c, i, out);
    const auto& r = c.routers[i];
    const auto path = at_index("routers", i) + ".neighbors";
    for (std::size_t j = 0; j < r.neighbors.size(); ++j)
      validate_neighbor(r, r.neighbors[j], at_index(path, j), out);
  }
  return out.take();
}

} // namespace troupe::config
