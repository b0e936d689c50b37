#include "rib/table/attribute_ager.hpp"

#include "protocol/wire/path_attributes.hpp"
#include "rib/import.hpp"

#include <algorithm>
#include <vector>

namespace troupe::rib::table {

namespace wire = protocol::wire;

attribute_ref attribute_ager::age(attribute_pool& pool, attribute_ref set) {
  if (from_.get() == set)
    return to_.get();
  forget();
  auto attributes = wire::decode_canonical(pool[set].bytes());
  const auto has = [&](wire::community c) {
    return std::ranges::find(attributes.communities, c)
           != attributes.communities.end();
  };
  pool.retain(set);
  from_ = attribute_handle{pool, set};
  if (has(wire::no_llgr))
    return attribute_ref::none;
  if (!has(wire::llgr_stale))
    attributes.communities.push_back(wire::llgr_stale);
  std::vector<std::uint8_t> bytes;
  // No room for a community more: the route goes, as one that may not age.
  if (wire::encode_attributes(attributes, {}, bytes))
    to_ = attribute_handle{pool, pool.intern(bytes, summarize(attributes))};
  return to_.get();
}

} // namespace troupe::rib::table
