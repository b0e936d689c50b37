#include "rib/export_transform.hpp"

#include "protocol/check.hpp"
#include "protocol/wire/attributes.hpp"

#include <algorithm>

namespace troupe::rib {

using protocol::wire::attribute_code;
using protocol::wire::attribute_walker;
using protocol::wire::byte_span;
using protocol::wire::raw_attribute;

namespace {

// Puts an address behind what the hop has already.
void append(wire_next_hop& hop, const protocol::ip_address& address) {
  const auto bytes = address.bytes();
  std::copy(bytes.begin(), bytes.end(), hop.bytes.begin() + hop.size);
  hop.size = static_cast<std::uint8_t>(hop.size + bytes.size());
}

// The next hop that a canonical set holds, with the link-local one behind it.
wire_next_hop next_hop_of(byte_span canonical) {
  attribute_walker walker{canonical};
  raw_attribute a;
  while (walker.next(a)) {
    byte_span bytes;
    if (a.is(attribute_code::next_hop))
      bytes = a.value;
    else if (a.is(attribute_code::mp_reach_nlri) && a.value.size() > 4
             && a.value.size() - 4 >= a.value[3])
      bytes = a.value.subspan(4, a.value[3]);
    if (bytes.size() == 4 || bytes.size() == 16 || bytes.size() == 32) {
      wire_next_hop hop;
      std::copy(bytes.begin(), bytes.end(), hop.bytes.begin());
      hop.size = static_cast<std::uint8_t>(bytes.size());
      return hop;
    }
  }
  return {};
}

// RFC 9234 §5, the first rule of egress: what OTC towards a customer, a peer or
// a client of a route server is set to.
protocol::as_number otc_of(const export_settings& s) {
  using protocol::wire::bgp_role;
  const bool marks = s.role == bgp_role::provider || s.role == bgp_role::peer
                     || s.role == bgp_role::route_server;
  return marks ? s.local_as : 0;
}

told_options options_of(const export_settings& s) {
  told_options o;
  o.external = s.kind == protocol::peer_kind::external;
  o.confederation = s.kind == protocol::peer_kind::confederation;
  o.local_as = s.local_as;
  o.further_as = s.further_as;
  o.overridden_as = s.overridden_as;
  o.remove_private_as = s.remove_private_as;
  o.kept_private_as = s.kept_private_as;
  o.transparent = s.route_server_client;
  o.aigp = s.aigp;
  o.only_to_customer = otc_of(s);
  // RFC 8326 §4: internal peers see it by LOCAL_PREF.
  o.add_graceful_shutdown = o.external && s.graceful_shutdown;
  return o;
}

} // namespace

export_transform::export_transform(const export_settings& settings,
                                   protocol::family family)
    : options_(options_of(settings)),
      graceful_shutdown_(settings.graceful_shutdown), family_(family) {
  options_.as4 = settings.as4;
  const auto found = settings.families.find(family);
  if (found == settings.families.end())
    return;
  keep_next_hop_ = found->second.keep_next_hop;
  shared_ = found->second.shared;
  extended_next_hop_ = found->second.extended_next_hop;
  if (!found->second.next_hop)
    return;
  wire_next_hop own;
  append(own, *found->second.next_hop);
  const auto& link_local = found->second.link_local_next_hop;
  if (link_local && link_local->is_v6() && own.size == 16)
    append(own, *link_local);
  if (is_usable(own))
    own_hop_ = own;
}

bool export_transform::is_usable(const wire_next_hop& hop) const {
  const auto bytes = hop.span();
  if (std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b == 0; }))
    return false;
  if (hop.size == 4)
    return family_.afi == 1;
  return family_.afi == 2 || extended_next_hop_;
}

// RFC 4271 §5.1.3: the address of another router on the subnet that we share
// with the peer; his own is no next hop for him.
bool export_transform::is_third_party(const protocol::ip_address& hop) const {
  return shared_ && shared_->third_party_for && shared_->subnet.contains(hop)
         && hop != *shared_->third_party_for;
}

wire_next_hop export_transform::next_hop(byte_span canonical,
                                         std::uint8_t traits) const {
  const bool keep =
      keep_next_hop_ || (traits & export_trait::own_next_hop) != 0;
  if (!keep && !shared_)
    return own_hop_;
  auto hop = next_hop_of(canonical);
  const auto first = protocol::ip_address::from_bytes(
      hop.span().first(std::min<std::size_t>(hop.size, 16)));
  // A link-local one means nothing on another link.
  const bool link_local = first && first->is_v6() && first->is_link_local();
  if (!first || link_local || !is_usable(hop)
      || !(keep || is_third_party(*first)))
    return own_hop_;
  // RFC 2545 §3: the link-local one behind it is for the subnet only.
  if (hop.size == 32 && !(shared_ && shared_->subnet.contains(*first)))
    hop.size = 16;
  return hop;
}

bool export_transform::has_next_hop(byte_span canonical,
                                    std::uint8_t traits) const {
  return own_hop_.size != 0 || next_hop(canonical, traits).size != 0;
}

told_options export_transform::options_for(const attribute_set& set,
                                           std::uint8_t traits) const {
  const auto& summary = set.summary();
  auto o = options_;
  o.strip_confederation =
      o.external && (summary.flags & attribute_flag::has_confederation) != 0;
  o.local_pref = graceful_shutdown_ ? 0 : summary.local_pref; // RFC 8326 §4
  o.keep_med = o.transparent || (traits & export_trait::own_med) != 0;
  o.add_no_export = (traits & export_trait::no_export) != 0;
  return o;
}

told_attributes export_transform::run(const attribute_set& set,
                                      std::uint8_t traits) {
  const auto bytes = set.bytes();
  const auto room = told_room(bytes.size());
  if (out_.size() < room)
    out_.resize(room);
  told_attributes told;
  told.next_hop = next_hop(bytes, traits);
  TROUPE_CHECK(told.next_hop.size != 0, "a route without next hop is told");
  told.multiprotocol = family_.afi != 1 || told.next_hop.size != 4;
  auto o = options_for(set, traits);
  o.place = told.multiprotocol ? hop_place::outside : hop_place::attribute;
  o.hop = told.next_hop;
  const auto size = write_told(o, bytes, out_.data(), path_);
  told.bytes = byte_span{out_}.first(size);
  return told;
}

std::vector<std::uint8_t>
export_transform::canonical(const attribute_set& set,
                            std::uint8_t traits) const {
  const auto bytes = set.bytes();
  std::vector<std::uint8_t> out(told_room(bytes.size()));
  std::vector<std::uint8_t> path;
  auto o = options_for(set, traits);
  o.as4 = true;
  o.place = hop_place::canonical_stub;
  o.hop = next_hop(bytes, traits);
  out.resize(write_told(o, bytes, out.data(), path));
  return out;
}

} // namespace troupe::rib
