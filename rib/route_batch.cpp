#include "rib/route_batch.hpp"

#include "protocol/wire/packer.hpp"
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
    parts.back()->incarnation = whole.incarnation;
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

template <class Key>
void tell(const attribute_pool& pool, protocol::family family,
          const family_routes<Key>& routes, std::vector<std::uint8_t>& out) {
  constexpr std::size_t any_size = 65535; // RFC 8654 §4
  const bool add_path = !routes.path_ids.empty();
  protocol::wire::update_packer packer{{family, add_path, any_size}, out};
  std::size_t next = 0;
  for (const auto& run : routes.runs) {
    if (run.attributes == attribute_ref::none)
      packer.begin_withdrawals();
    else
      packer.begin_announcements(pool[run.attributes].bytes());
    for (std::uint32_t i = 0; i != run.count; ++i, ++next)
      packer.add(protocol::wire::to_nlri(to_prefix(routes.keys[next]),
                                         add_path ? routes.path_ids[next] : 0));
  }
  packer.finish();
}

} // namespace

std::vector<std::uint8_t> to_updates(const attribute_pool& pool,
                                     const route_batch& batch) {
  std::vector<std::uint8_t> out;
  tell(pool, protocol::ipv4_unicast, batch.ipv4, out);
  tell(pool, protocol::ipv6_unicast, batch.ipv6, out);
  return out;
}

std::vector<std::shared_ptr<route_batch>> split(attribute_pool& pool,
                                                const route_batch& whole) {
  std::vector<std::shared_ptr<route_batch>> parts;
  split_family(pool, whole, &route_batch::ipv4, parts);
  split_family(pool, whole, &route_batch::ipv6, parts);
  parts.push_back(std::make_shared<route_batch>(pool));
  parts.back()->neighbor = whole.neighbor;
  parts.back()->incarnation = whole.incarnation;
  parts.back()->sequence = whole.sequence;
  return parts;
}

} // namespace troupe::rib
