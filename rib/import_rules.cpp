#include "rib/import_rules.hpp"

#include "protocol/wire/attributes.hpp"
#include "rib/own_as.hpp"

#include <algorithm>

namespace troupe::rib {

namespace wire = protocol::wire;
using wire::attribute_code;
using wire::byte_span;

namespace {

protocol::router_id id_at(byte_span bytes, std::size_t at) {
  wire::reader r{bytes.subspan(at, 4)};
  return protocol::router_id{r.u32()};
}

bool is_ipv4_mapped(byte_span ipv6) {
  return std::all_of(ipv6.begin(), ipv6.begin() + 10,
                     [](std::uint8_t b) { return b == 0; })
         && ipv6[10] == 0xff && ipv6[11] == 0xff;
}

/// Judges one attribute after the other until one is refused.
class rules_judge {
public:
  explicit rules_judge(const import_settings& settings) : s_(settings) {}

  void take(const wire::raw_attribute& each) {
    if (each.is(attribute_code::as_path))
      as_path(each.value);
    else if (each.is(attribute_code::next_hop))
      next_hop(each.code, each.value);
    else if (each.is(attribute_code::mp_reach_nlri)) // family, length, next hop
      next_hop(each.code, each.value.subspan(4, 16));
    else if (each.is(attribute_code::originator_id))
      originator_id(each.value);
    else if (each.is(attribute_code::cluster_list))
      cluster_list(each.value);
    else if (each.is(attribute_code::only_to_customer))
      only_to_customer(id_at(each.value, 0).value);
  }
  bool refused() const { return verdict_.why != refusal::none; }
  const rules_verdict& verdict() const { return verdict_; }

private:
  void refuse(refusal why, std::uint8_t attribute, std::string_view reason) {
    verdict_.why = why;
    verdict_.attribute = attribute;
    verdict_.reason = reason;
  }

  // RFC 4271 §9.1.2, as often as the operator lets it happen.
  void as_path(byte_span value) {
    const wire::as_path_view path{value, wire::as_width::four};
    auto found = count_own_as(path, s_);
    for (const auto as : s_.further_own_as)
      found += path.count(as);
    if (found > s_.allow_own_as)
      refuse(refusal::loop, wire::number_of(attribute_code::as_path),
             "our own AS is in the path");
  }

  // RFC 4271 §5.1.3 and §6.3; the decoder has refused what is no host address.
  void next_hop(std::uint8_t code, byte_span bytes) {
    const auto own = s_.local_address.bytes();
    if (std::equal(bytes.begin(), bytes.end(), own.begin(), own.end()))
      return refuse(refusal::next_hop, code, "the next hop is our own address");
    const auto address = *protocol::ip_address::from_bytes(bytes);
    if (address.is_loopback() && !s_.neighbor.address.is_loopback())
      return refuse(refusal::next_hop, code, "the next hop is a loopback");
    if (address.is_v6() && is_ipv4_mapped(bytes))
      refuse(refusal::next_hop, code, "the next hop is an IPv4 address");
  }

  // RFC 4456 §8: the route has been here before.
  void originator_id(byte_span value) {
    if (id_at(value, 0) == s_.local_id)
      refuse(refusal::loop, wire::number_of(attribute_code::originator_id),
             "the route is our own");
  }

  void cluster_list(byte_span value) {
    for (std::size_t at = 0; at + 4 <= value.size(); at += 4)
      if (id_at(value, at) == s_.cluster_id)
        return refuse(refusal::loop,
                      wire::number_of(attribute_code::cluster_list),
                      "our cluster is in the list");
  }

  // RFC 9234 §5, the first two rules of ingress. Both families that we import
  // are among those that the rules are for.
  void only_to_customer(protocol::as_number value) {
    verdict_.has_otc = true;
    if (!s_.role)
      return;
    const auto code = wire::number_of(attribute_code::only_to_customer);
    switch (*s_.role) {
    case wire::bgp_role::provider:
    case wire::bgp_role::route_server:
      return refuse(refusal::leak, code, "a customer leaks the route");
    case wire::bgp_role::peer:
      if (value != s_.neighbor.as)
        refuse(refusal::leak, code, "a peer leaks the route");
      return;
    case wire::bgp_role::customer:
    case wire::bgp_role::route_server_client:
      return;
    }
  }

  const import_settings& s_;
  rules_verdict verdict_;
};

} // namespace

rules_verdict judge_by_rules(byte_span canonical,
                             const import_settings& settings) {
  rules_judge judge{settings};
  wire::attribute_walker walker{canonical};
  for (wire::raw_attribute each; !judge.refused() && walker.next(each);)
    judge.take(each);
  return judge.verdict();
}

bool adds_otc(const import_settings& settings) {
  if (!settings.role)
    return false;
  switch (*settings.role) {
  case wire::bgp_role::customer:
  case wire::bgp_role::peer:
  case wire::bgp_role::route_server_client:
    return true;
  case wire::bgp_role::provider:
  case wire::bgp_role::route_server:
    return false;
  }
  return false;
}

} // namespace troupe::rib
