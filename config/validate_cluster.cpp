#include "config/duration.hpp"
#include "config/findings.hpp"

#include <algorithm>
#include <set>

namespace troupe::config {

namespace {

void validate_nodes(const cluster_config& cluster, findings& out) {
  std::set<std::string> names;
  std::set<protocol::endpoint> addresses;
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
    const auto& node = cluster.nodes[i];
    const auto where = at_index("cluster.nodes", i);
    if (!node.name.empty() && !names.insert(node.name).second)
      out.error(below(where, "name"), "is the name of another node too");
    if (node.address.address.is_unspecified()
        || node.address.address.is_multicast())
      out.error(below(where, "address"),
                "must be an address that the other nodes can reach");
    else if (!addresses.insert(node.address).second)
      out.error(below(where, "address"), "is the address of another node too");
    if (!cluster.tls && !node.address.address.is_loopback())
      out.error(below(where, "address"),
                "beyond loopback the nodes need cluster.tls");
  }
  const bool works = std::any_of(cluster.nodes.begin(), cluster.nodes.end(),
                                 [](const auto& n) { return !n.witness; });
  if (!works)
    out.error("cluster.nodes", "needs a node that is no witness");
}

void validate_lease(const cluster_config& cluster, findings& out) {
  constexpr milliseconds one_second{1000};
  constexpr milliseconds one_minute{60000};
  const auto& lease = cluster.lease;
  if (cluster.heartbeat < one_second || cluster.heartbeat > one_minute)
    out.error("cluster.heartbeat", "must be from 1s to 1m");
  if (lease.duration < one_second || lease.duration > 60 * one_minute)
    out.error("cluster.lease.duration", "must be from 1s to 1h");
  const bool etcd = lease.kind == lease_kind::etcd;
  if (etcd && lease.endpoints.empty())
    out.error("cluster.lease.endpoints", "must name an etcd server");
  if (!etcd && !lease.endpoints.empty())
    out.error("cluster.lease.endpoints", "is only for leases of kind etcd");
  for (std::size_t i = 0; i < lease.endpoints.size(); ++i)
    if (!lease.endpoints[i].starts_with("http://")
        && !lease.endpoints[i].starts_with("https://"))
      out.error(at_index("cluster.lease.endpoints", i),
                "must begin with http:// or https://");
  if (!etcd && cluster.nodes.size() == 2)
    out.warning("cluster.nodes",
                "two nodes have no majority when one is lost: add a witness");
}

} // namespace

void validate_cluster(const configuration& c, findings& out) {
  if (!c.cluster)
    return;
  validate_nodes(*c.cluster, out);
  validate_lease(*c.cluster, out);
}

} // namespace troupe::config
