#include "config/findings.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace troupe::config {

namespace {

using protocol::endpoint;
using protocol::ip_address;

/// Where an address is listened on.
struct listener {
  endpoint address;
  std::string path;
};

/// The listeners of the daemon.
class listener_set {
public:
  /// The listener that this one cannot stand beside; null if there is none.
  /// One that is the same shares the socket.
  const listener* conflict(const endpoint& e) const {
    const auto found = by_port_.find({e.port, e.address.is_v4()});
    if (found == by_port_.end())
      return nullptr;
    const auto& other = e.address.is_unspecified() ? found->second.specific
                                                   : found->second.wildcard;
    return other ? &*other : nullptr;
  }
  const listener* same(const endpoint& e) const {
    const auto found = all_.find(e);
    return found == all_.end() ? nullptr : &found->second;
  }
  void add(const endpoint& e, const std::string& path) {
    all_.emplace(e, listener{e, path});
    auto& known = by_port_[{e.port, e.address.is_v4()}];
    auto& kind = e.address.is_unspecified() ? known.wildcard : known.specific;
    if (!kind)
      kind = listener{e, path};
  }

private:
  /// The first of each kind is enough: a specific address can only conflict
  /// with a wildcard.
  struct first_of_kind {
    std::optional<listener> wildcard;
    std::optional<listener> specific;
  };
  std::map<std::pair<std::uint16_t, bool>, first_of_kind> by_port_;
  std::map<endpoint, listener> all_;
};

void check_router_listeners(const configuration& c, listener_set& all,
                            findings& out) {
  for (std::size_t i = 0; i < c.routers.size(); ++i) {
    const auto& r = c.routers[i];
    std::set<endpoint> own;
    for (std::size_t j = 0; j < r.listen.size(); ++j) {
      const auto path = at_index(at_index("routers", i) + ".listen", j);
      const auto& e = r.listen[j];
      if (e.address.is_multicast())
        out.error(path, "must be a host's address");
      if (!own.insert(e).second)
        out.error(path, "is given twice");
      else if (const auto* other = all.conflict(e))
        out.error(path, "cannot be bound beside " + to_string(other->address)
                            + " of " + other->path);
      all.add(e, path);
    }
  }
}

void check_other_listener(const endpoint& e, const std::string& path,
                          const listener_set& all, findings& out) {
  const auto* other = all.same(e);
  other = other ? other : all.conflict(e);
  if (other)
    out.error(path, "cannot be bound beside " + to_string(other->address)
                        + " of " + other->path);
}

void check_admin_listeners(const admin_config& admin, const std::string& path,
                           const listener_set& all, findings& out) {
  for (std::size_t i = 0; i < admin.listen.size(); ++i)
    if (const auto* e = std::get_if<endpoint>(&admin.listen[i]))
      check_other_listener(*e, at_index(path + ".listen", i), all, out);
}

/// From where the sessions of a neighbour may come: an address, or any.
std::vector<ip_address> local_addresses(const router& r, const neighbor& n,
                                        bool v4) {
  if (n.local_address)
    return {*n.local_address};
  std::vector<ip_address> result;
  for (const auto& e : r.listen)
    if (e.address.is_v4() == v4 && !e.address.is_unspecified())
      result.push_back(e.address);
    else if (e.address.is_v4() == v4)
      return {ip_address{}};
  if (result.empty())
    result.emplace_back();
  return result;
}

/// The interface that tells a neighbour's connections from others': only
/// link-local addresses may be there on several.
std::string link_of(const neighbor& n) {
  const auto& a =
      n.range ? n.range->address() : n.address.value_or(ip_address{});
  const bool on_a_link = n.is_unnumbered() || (a.is_v6() && a.is_link_local());
  return on_a_link ? n.interface : std::string {};
}

/// Finds connections that two neighbours could claim.
class claims {
public:
  /// Claims connections from `peer` on an interface to one of `locals`
  /// (unspecified: any); the path of who has a claim on them already.
  template <class Peer>
  std::optional<std::string> add(const std::string& interface, const Peer& peer,
                                 const std::vector<ip_address>& locals,
                                 const std::string& path) {
    std::optional<std::string> other;
    auto& known = by_peer_[{interface, peer}];
    for (const auto& local : locals) {
      if (!other && !known.empty() && local.is_unspecified())
        other = known.begin()->second;
      if (const auto any = known.find(ip_address{});
          !other && any != known.end())
        other = any->second;
      if (const auto same = known.find(local); !other && same != known.end())
        other = same->second;
    }
    for (const auto& local : locals)
      known.emplace(local.is_unspecified() ? ip_address{} : local, path);
    return other;
  }

private:
  using peer_key = std::pair<std::string, std::string>;
  std::map<peer_key, std::map<ip_address, std::string>> by_peer_;
};

bool has_unnumbered_key(const configuration& c) {
  return std::ranges::any_of(c.routers, [](const router& r) {
    return std::ranges::any_of(r.neighbors, [](const neighbor& n) {
      return n.is_unnumbered() && (!n.md5_key.empty() || n.tcp_ao);
    });
  });
}

} // namespace

void validate_names(const configuration& c, findings& out) {
  std::set<std::string> routers;
  std::set<std::string> neighbors;
  std::set<ip_address> units;
  for (std::size_t i = 0; i < c.routers.size(); ++i) {
    const auto& r = c.routers[i];
    const auto path = at_index("routers", i);
    if (!r.name.empty() && !routers.insert(r.name).second)
      out.error(below(path, "name"), "is the name of another router too");
    for (std::size_t j = 0; j < r.neighbors.size(); ++j) {
      const auto& name = r.neighbors[j].name;
      if (!name.empty() && !neighbors.insert(name).second)
        out.error(at_index(path + ".neighbors", j) + ".name",
                  "\"" + name + "\" is the name of another neighbour too");
    }
    for (std::size_t j = 0; j < r.units.size(); ++j)
      if (!units.insert(r.units[j].local_address).second)
        out.error(at_index(path + ".units", j) + ".local_address",
                  "is the address of another unit too");
  }
}

void validate_listeners(const configuration& c, findings& out) {
  listener_set all;
  check_router_listeners(c, all, out);
  check_admin_listeners(c.admin, "admin", all, out);
  if (!c.cluster)
    return;
  for (std::size_t i = 0; i < c.cluster->nodes.size(); ++i) {
    const auto& node = c.cluster->nodes[i];
    const auto path = at_index("cluster.nodes", i);
    check_other_listener(node.address, below(path, "address"), all, out);
    const auto& admin = node.admin ? *node.admin : c.admin;
    if (node.admin)
      check_admin_listeners(admin, below(path, "admin"), all, out);
    for (const auto& own : admin.listen)
      if (const auto* e = std::get_if<endpoint>(&own);
          e && overlap(*e, node.address))
        out.error(below(path, "address"),
                  "is an address of the node's admin endpoint too");
  }
}

void validate_link_keys(const configuration& c, findings& out) {
  const bool any_address = has_unnumbered_key(c);
  struct first_one {
    const neighbor& who;
    std::string path;
  };
  std::map<std::string, first_one> known;
  for (std::size_t i = 0; i < c.routers.size(); ++i)
    for (std::size_t j = 0; j < c.routers[i].neighbors.size(); ++j) {
      const auto& n = c.routers[i].neighbors[j];
      if (link_of(n).empty())
        continue;
      const auto path = at_index(at_index("routers", i) + ".neighbors", j);
      const auto who = n.address && !any_address ? to_string(*n.address) : "";
      const auto& other =
          known.try_emplace(who, first_one{n, path}).first->second;
      const bool same_md5 = other.who.md5_key == n.md5_key;
      if (!same_md5 || other.who.tcp_ao != n.tcp_ao)
        out.error(below(path, same_md5 ? "tcp_ao" : "md5_key"),
                  "must be that of " + other.path
                      + ": keys belong to addresses, and on another link this "
                        "neighbour's may be the same");
    }
}

void validate_peers(const configuration& c, findings& out) {
  claims known;
  for (std::size_t i = 0; i < c.routers.size(); ++i) {
    const auto& r = c.routers[i];
    for (std::size_t j = 0; j < r.neighbors.size(); ++j) {
      const auto& n = r.neighbors[j];
      const auto path = at_index(at_index("routers", i) + ".neighbors", j);
      std::optional<std::string> other;
      if (n.address)
        other = known.add(link_of(n), to_string(*n.address),
                          local_addresses(r, n, n.address->is_v4()), path);
      else if (n.range)
        other =
            known.add(link_of(n), to_string(*n.range),
                      local_addresses(r, n, n.range->address().is_v4()), path);
      else if (!n.interface.empty())
        other = known.add(link_of(n), std::string{"unnumbered"}, {ip_address{}},
                          path);
      if (!other)
        continue;
      const bool unnumbered = n.is_unnumbered();
      out.error(below(path, unnumbered ? "interface" : "address"),
                "a connection could be this neighbour's or that of " + *other
                    + (unnumbered ? "; give one of them another interface"
                                  : "; give both a local_address of their "
                                    "own"));
    }
  }
}

} // namespace troupe::config
