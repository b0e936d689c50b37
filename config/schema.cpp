#include "config/schema.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

using rib::chain_definition;
using rib::policy_action;

chain_definition chain_or_default(const std::optional<chain_definition>& chain,
                                  protocol::peer_kind kind) {
  if (chain)
    return *chain;
  const bool external = kind == protocol::peer_kind::external;
  return {external ? policy_action::reject : policy_action::accept};
}

} // namespace

std::vector<protocol::endpoint> router::default_listen() {
  constexpr std::uint16_t bgp_port = 179;
  return {{protocol::ip_address{}, bgp_port, 0},
          {*protocol::ip_address::parse("::"), bgp_port, 0}};
}

std::optional<protocol::peer_kind> known_kind(const router& r,
                                              const neighbor& n) {
  switch (n.remote.what) {
  case remote_asn::kind::any:
    // Our own OPEN must say which of our two ASes we are (RFC 5065 §4).
    if (r.confederation)
      return protocol::peer_kind::external;
    return std::nullopt;
  case remote_asn::kind::internal:
    return protocol::peer_kind::internal;
  case remote_asn::kind::external:
    return protocol::peer_kind::external;
  case remote_asn::kind::number:
    break;
  }
  if (n.remote.number == n.local_as.value_or(r.asn))
    return protocol::peer_kind::internal;
  return is_confederation_peer(r, n.remote.number)
             ? protocol::peer_kind::confederation
             : protocol::peer_kind::external;
}

bool is_confederation_peer(const router& r, protocol::as_number peer_as) {
  return r.confederation && r.confederation->members.contains(peer_as);
}

protocol::as_number our_as(const router& r, const neighbor& n) {
  if (n.local_as)
    return *n.local_as;
  const bool external = known_kind(r, n) == protocol::peer_kind::external;
  return r.confederation && external ? r.confederation->identifier : r.asn;
}

bool aigp_session(const router& r, const neighbor& n, protocol::peer_kind k,
                  protocol::as_number peer_as) {
  return n.aigp.value_or(k == protocol::peer_kind::internal
                         || is_confederation_peer(r, peer_as));
}

bool in_graceful_shutdown(const router& r, const neighbor& n) {
  return n.graceful_shutdown.value_or(r.graceful_shutdown);
}

chain_definition import_chain(const family_config& f, protocol::peer_kind k) {
  return chain_or_default(f.import_policy, k);
}

chain_definition export_chain(const family_config& f, protocol::peer_kind k) {
  return chain_or_default(f.export_policy, k);
}

restart_mode default_restart_mode(const configuration& c) {
  return c.cluster ? restart_mode::full : restart_mode::helper;
}

std::optional<configuration> for_node(const configuration& c,
                                      const std::string& node) {
  if (!c.cluster)
    return std::nullopt;
  const auto& nodes = c.cluster->nodes;
  const auto found =
      std::find_if(nodes.begin(), nodes.end(),
                   [&](const cluster_node& n) { return n.name == node; });
  if (found == nodes.end())
    return std::nullopt;
  auto result = c;
  result.admin = found->admin.value_or(c.admin);
  result.data_dir = found->data_dir.value_or(c.data_dir);
  return result;
}

const router* find_router(const configuration& c, const std::string& name) {
  const auto found =
      std::find_if(c.routers.begin(), c.routers.end(),
                   [&](const router& r) { return r.name == name; });
  return found == c.routers.end() ? nullptr : &*found;
}

const neighbor* find_neighbor(const router& r, const std::string& name) {
  const auto found =
      std::find_if(r.neighbors.begin(), r.neighbors.end(),
                   [&](const neighbor& n) { return n.name == name; });
  return found == r.neighbors.end() ? nullptr : &*found;
}

} // namespace troupe::config
