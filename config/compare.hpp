#pragma once

#include "config/diff.hpp"
#include "config/schema.hpp"

#include <set>
#include <string>

namespace troupe::config {

/// Which named policies of a router are not what they were.
class policy_differences {
public:
  policy_differences(const router& before, const router& after);
  /// Whether a chain that reads the same means something else.
  bool touch(const rib::chain_definition& chain) const;

private:
  std::set<std::string> changed_;
};

/// What changed from one neighbour to another of the same name, and what must
/// be done about it; no fields where nothing did. `router` is left empty.
neighbor_changed compare(const neighbor& before, const neighbor& after,
                         const policy_differences& policies);

} // namespace troupe::config
