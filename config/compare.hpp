#pragma once

#include "config/diff.hpp"
#include "config/schema.hpp"

#include <set>
#include <string>

namespace troupe::config {

/// What differs in a router for its neighbours: named policies, and what they
/// take from it where they say nothing. Both routers must outlive this object.
class router_differences {
public:
  router_differences(const router& before, const router& after);
  const router& before() const { return before_; }
  const router& after() const { return after_; }
  /// Whether a chain that reads the same means something else.
  bool touch(const rib::chain_definition& chain) const;

private:
  const router& before_;
  const router& after_;
  std::set<std::string> changed_; ///< policies
};

/// What changed from one neighbour to another of the same name, and what must
/// be done about it; no fields where nothing did. `router` is left empty.
neighbor_changed compare(const neighbor& before, const neighbor& after,
                         const router_differences& around);

} // namespace troupe::config
