#pragma once

#include "config/schema.hpp"

#include <string>
#include <variant>
#include <vector>

namespace troupe::config {

/// Fields of the daemon itself that changed: "admin", "log", "data_dir",
/// "on_sigterm", "fault_injection", "threads", "supervision",
/// "cluster".
struct daemon_changed {
  std::vector<std::string> fields;
  friend bool operator==(const daemon_changed&,
                         const daemon_changed&) = default;
};

struct router_removed {
  std::string router;
  friend bool operator==(const router_removed&,
                         const router_removed&) = default;
};

struct router_added {
  std::string router;
  friend bool operator==(const router_added&, const router_added&) = default;
};

/// Fields of a router that changed, its neighbours, originated prefixes and
/// policies aside: "asn", "confederation", "router_id", "cluster_id", "shards",
/// "always_compare_med", "med_missing_worst", "graceful_shutdown" (which is
/// also a change of the neighbours that take it from the router), "listen",
/// "units".
struct router_changed {
  std::string router;
  std::vector<std::string> fields;
  /// All sessions must be reset: the asn, confederation, router_id, cluster_id
  /// or the number of shards changed.
  bool restart = false;
  /// Paths compare otherwise: every prefix must be decided again.
  bool decide_again = false;
  friend bool operator==(const router_changed&,
                         const router_changed&) = default;
};

struct neighbor_removed {
  std::string router;
  std::string name;
  friend bool operator==(const neighbor_removed&,
                         const neighbor_removed&) = default;
};

struct neighbor_added {
  std::string router;
  std::string name;
  friend bool operator==(const neighbor_added&,
                         const neighbor_added&) = default;
};

struct neighbor_changed {
  std::string router;
  std::string name;
  /// Paths below the neighbour: "timers.hold", "families.ipv4_unicast.import".
  std::vector<std::string> fields;
  /// The session must be reset: what was said at its start changed.
  bool reset = false;
  /// What was received must be judged again (import policy, first AS, ...).
  bool import_again = false;
  /// What was told must be worked out again (export policy, next hop, ...).
  bool export_again = false;
  friend bool operator==(const neighbor_changed&,
                         const neighbor_changed&) = default;
};

/// Prefixes that a router no longer, and newly, originates.
struct originate_changed {
  std::string router;
  std::vector<protocol::prefix> removed;
  std::vector<protocol::prefix> added;
  friend bool operator==(const originate_changed&,
                         const originate_changed&) = default;
};

using change = std::variant<daemon_changed, router_removed, neighbor_removed,
                            router_changed, originate_changed, neighbor_changed,
                            router_added, neighbor_added>;

/// What must be done to get from one configuration to the other; what did not
/// change is not there. In the order of `change`: what goes is named before
/// what comes, so addresses are free again. An added or removed router stands
/// for all that it holds. A changed named policy is a change of the families
/// that use it. Order within lists of neighbours, routers, listeners and
/// originated prefixes does not count.
std::vector<change> diff(const configuration& before,
                         const configuration& after);

/// One line for the log: "neighbor r1 changed: timers.hold (reset)".
std::string to_string(const change& c);

} // namespace troupe::config
