#pragma once

#include "cluster/unit.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

// Which node should own which unit (DESIGN §6). Every node computes it from
// what it knows and claims what is its own; where views differ, leases decide.
namespace troupe::cluster {

/// What the configuration says of a unit.
struct unit_rule {
  unit what;
  /// Who may own it, in order of preference; empty: any node.
  std::vector<std::string> nodes;
  bool floating = false; ///< its owner adds the address to an interface
};

/// What is known of a node that is alive and runs sessions.
struct candidate {
  /// It holds all that every stream has told: only such a node may own a unit.
  bool in_step = false;
  /// It has been so for long enough that units may come back to it.
  bool settled = false;
  bool draining = false;                    ///< its units are to go elsewhere
  std::set<protocol::ip_address> addresses; ///< that it has
};

using candidates = std::map<std::string, candidate>; ///< by name
using owners = std::map<unit, std::string>;

/// The node that should own a unit; empty where none can.
///
/// A node may own it that is in step, does not drain, is listed where there is
/// a list, and has the address or may float it. Of these: `moved_to`, where an
/// operator has said so; else the first of the list; else the one that
/// rendezvous hashing gives, which spreads units evenly and moves few when a
/// node comes or goes. `owner`, who has it now, keeps it until a better one has
/// settled: a node that comes and goes must not take sessions along each time.
std::string place(const unit_rule& rule, const candidates& nodes,
                  const std::string& owner, const std::string& moved_to);

} // namespace troupe::cluster
