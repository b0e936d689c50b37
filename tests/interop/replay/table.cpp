#include "tests/interop/replay/table.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <iterator>

namespace troupe::replay {
namespace {

namespace wire = protocol::wire;
using json = nlohmann::json;

/// Numbers only: names of well-known communities differ between daemons.
json communities_of(const wire::path_attributes& a) {
  auto out = json::array();
  for (const auto c : a.communities)
    out.push_back(std::to_string(c.value >> 16) + ":"
                  + std::to_string(c.value & 0xffffU));
  return out;
}

template <class Communities>
json texts_of(const Communities& communities) {
  auto out = json::array();
  for (const auto& c : communities)
    out.push_back(to_string(c));
  return out;
}

template <class Number>
json number_or_null(const std::optional<Number>& number) {
  return number ? json(*number) : json(nullptr);
}

json to_json(const protocol::prefix& destination,
             const wire::path_attributes& a) {
  json out;
  out["prefix"] = to_string(destination);
  out["next_hop"] = a.next_hop ? json(to_string(*a.next_hop)) : json(nullptr);
  out["as_path"] = to_string(a.as_path);
  out["origin"] = std::string{name_of(a.origin)};
  out["med"] = number_or_null(a.med);
  out["local_pref"] = number_or_null(a.local_pref);
  out["communities"] = communities_of(a);
  out["extended_communities"] = texts_of(a.extended_communities);
  out["large_communities"] = texts_of(a.large_communities);
  out["aggregator"] = a.aggregator ? json(std::to_string(a.aggregator->as) + " "
                                          + to_string(a.aggregator->address))
                                   : json(nullptr);
  out["atomic"] = a.atomic_aggregate;
  return out;
}

} // namespace

std::string table::apply(const wire::update_view& update) {
  using protocol::ipv4_unicast;
  if (update.end_of_rib)
    ++ends_of_rib_;
  if (update.attributes.action != protocol::verdict::accept)
    return "attributes that call for "
           + std::string{name_of(update.attributes.action)};
  const auto shared = std::make_shared<const wire::path_attributes>(
      update.attributes.attributes);
  if (const auto& gone = update.mp.unreach)
    if (auto error = remove(gone->withdrawn, gone->address_family);
        !error.empty())
      return error;
  if (auto error = remove(update.sections.withdrawn, ipv4_unicast);
      !error.empty())
    return error;
  if (const auto& reach = update.mp.reach)
    if (auto error = add(reach->nlri, reach->address_family, shared);
        !error.empty())
      return error;
  return add(update.sections.nlri, ipv4_unicast, shared);
}

std::string table::add(wire::byte_span nlri, protocol::family family,
                       const attributes& with) {
  wire::nlri_reader reader{nlri, family, false};
  wire::nlri each;
  while (reader.next(each))
    routes_[to_prefix(each, family)] = with;
  return reader.failed() ? "malformed NLRI" : "";
}

std::string table::remove(wire::byte_span nlri, protocol::family family) {
  wire::nlri_reader reader{nlri, family, false};
  wire::nlri each;
  while (reader.next(each))
    routes_.erase(to_prefix(each, family));
  return reader.failed() ? "malformed withdrawn NLRI" : "";
}

std::size_t table::size(protocol::family family) const {
  // IPv4 sorts first.
  const auto border = routes_.lower_bound(
      {protocol::ip_address::v6(std::array<std::uint8_t, 16>{}), 0});
  const auto ipv4 =
      static_cast<std::size_t>(std::distance(routes_.begin(), border));
  return family == protocol::ipv4_unicast ? ipv4 : routes_.size() - ipv4;
}

void table::write(std::ostream& out) const {
  for (const auto& [destination, with] : routes_)
    out << to_json(destination, *with).dump() << '\n';
}

} // namespace troupe::replay
