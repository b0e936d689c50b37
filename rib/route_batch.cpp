#include "rib/route_batch.hpp"

#include "rib/attribute_pool.hpp"

#include <memory>

namespace troupe::rib {

namespace {

template <class Key>
void split_family(attribute_pool& pool, const route_batch& whole,
                  family_routes<Key> route_batch::*family,
                  std::vector<std::shared_ptr<route_batch>>& parts) {
  const auto& routes = whole.*family;
  const auto add = [&]() -> family_routes<Key>& {
    parts.push_back(std::make_shared<route_batch>(pool));
    parts.back()->neighbor = whole.neighbor;
    return (*parts.back()).*family;
  };
  if (routes.begins_round)
    add().begins_round = true;
  std::size_t next = 0;
  for (const auto& run : routes.runs)
    for (std::uint32_t i = 0; i != run.count; ++i, ++next) {
      auto& part = add();
      part.keys.push_back(routes.keys[next]);
      if (!routes.path_ids.empty())
        part.path_ids.push_back(routes.path_ids[next]);
      if (run.attributes != attribute_ref::none)
        pool.retain(run.attributes);
      part.runs.push_back({run.attributes, 1, run.flags});
    }
  if (routes.ends_round)
    add().ends_round = true;
}

} // namespace

std::vector<std::shared_ptr<route_batch>> split(attribute_pool& pool,
                                                const route_batch& whole) {
  std::vector<std::shared_ptr<route_batch>> parts;
  split_family(pool, whole, &route_batch::ipv4, parts);
  split_family(pool, whole, &route_batch::ipv6, parts);
  parts.push_back(std::make_shared<route_batch>(pool));
  parts.back()->neighbor = whole.neighbor;
  parts.back()->sequence = whole.sequence;
  return parts;
}

} // namespace troupe::rib
