#include "protocol/wire/aigp.hpp"
#include "protocol/wire/attribute_codec.hpp"
#include "protocol/wire/update.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

namespace {

// An AS_PATH is bounded so that we can always prepend to it and widen it
// without leaving the 65535 bytes of an attribute: 15,000 ASes.
constexpr std::size_t longest_path = 60000;

bool is_usable_next_hop(const ip_address& address) {
  if (address.is_unspecified() || address.is_multicast())
    return false;
  // 0/8 and 240/4 are no host addresses (RFC 4271 §6.3).
  return address.is_v6()
         || (address.bytes()[0] != 0 && address.bytes()[0] < 240);
}

// -- RFC 4271 §5.1 ----------------------------------------------------------

void decode_origin(attribute_decoder& d, const raw_attribute& raw) {
  if (raw.value[0] > 2)
    return d.malformed("undefined ORIGIN");
  d.attributes().origin = static_cast<origin_type>(raw.value[0]);
}

void encode_origin(attribute_encoder& e) {
  e.write([&](writer& w) {
    w.u8(static_cast<std::uint8_t>(e.attributes().origin));
  });
}

void decode_as_path(attribute_decoder& d, const raw_attribute& raw) {
  const as_path_view path{raw.value,
                          d.context().as4 ? as_width::four : as_width::two};
  const auto found = path.survey();
  if (!found.well_formed)
    return d.malformed("AS_PATH has a malformed segment"); // RFC 7606 §7.2
  if (found.holds_zero)
    return d.malformed("AS_PATH holds AS 0"); // RFC 7607 §2
  const auto kind = d.context().kind;
  if (kind == peer_kind::external && found.confederation) // RFC 5065 §5
    return d.malformed("AS_PATH of an external neighbour holds a "
                       "confederation");
  if (kind == peer_kind::confederation && !path.first_member()) // RFC 5065 §5
    return d.malformed("AS_PATH of a member AS does not begin with a "
                       "confederation sequence");
  if (found.widened_size > longest_path && !d.trusted())
    return d.malformed("AS_PATH is too long to be passed on");
  d.attributes().as_path.assign_well_formed(path);
}

void encode_as_path(attribute_encoder& e) {
  const auto& path = e.attributes().as_path;
  if (e.options().as4)
    e.write_bytes(path.bytes());
  else
    e.write_bytes(path.two_octet_bytes());
}

void decode_next_hop(attribute_decoder& d, const raw_attribute& raw) {
  const auto address = *ip_address::from_bytes(raw.value);
  if (!d.trusted() && !is_usable_next_hop(address)) {
    // RFC 4760 §3: without NLRI of its own it is to be ignored; some speakers
    // send 0.0.0.0 beside MP_REACH_NLRI.
    if (d.context().classic_nlri)
      d.malformed("NEXT_HOP is no host address");
    return;
  }
  d.pieces().classic_next_hop = address;
}

void encode_next_hop(attribute_encoder& e) {
  const auto& next_hop = e.attributes().next_hop;
  if (e.options().next_hop && next_hop && next_hop->is_v4())
    e.write_bytes(next_hop->bytes());
}

template <std::optional<std::uint32_t> path_attributes::*Field>
void decode_number(attribute_decoder& d, const raw_attribute& raw) {
  d.attributes().*Field = reader{raw.value}.u32();
}

template <std::optional<std::uint32_t> path_attributes::*Field>
void encode_number(attribute_encoder& e) {
  if (const auto& number = e.attributes().*Field)
    e.write([&](writer& w) { w.u32(*number); });
}

void decode_atomic_aggregate(attribute_decoder& d, const raw_attribute&) {
  d.attributes().atomic_aggregate = true;
}

void encode_atomic_aggregate(attribute_encoder& e) {
  if (e.attributes().atomic_aggregate)
    e.write_bytes({});
}

void decode_aggregator(attribute_decoder& d, const raw_attribute& raw) {
  if (raw.value.size() != (d.context().as4 ? 8U : 6U)) // RFC 7606 §7.7
    return d.malformed("AGGREGATOR has a wrong length");
  reader r{raw.value};
  aggregator value;
  value.as = d.context().as4 ? r.u32() : r.u16();
  value.address = router_id{r.u32()};
  if (value.as == 0) // RFC 7607 §2
    return d.malformed("AGGREGATOR holds AS 0");
  d.attributes().aggregator = value;
}

void encode_aggregator(attribute_encoder& e) {
  if (const auto& value = e.attributes().aggregator)
    e.write([&](writer& w) {
      if (e.options().as4)
        w.u32(value->as);
      else
        w.u16(static_cast<std::uint16_t>(value->as > 0xffff ? as_trans
                                                            : value->as));
      w.u32(value->address.value);
    });
}

// -- Communities: RFC 1997, RFC 4360, RFC 8092 --------------------------------

void decode_communities(attribute_decoder& d, const raw_attribute& raw) {
  auto& list = d.attributes().communities;
  list.reserve(raw.value.size() / 4);
  const auto* const end = raw.value.data() + raw.value.size();
  for (const auto* at = raw.value.data(); at != end; at += 4)
    list.push_back({load<std::uint32_t>(at)});
}

void encode_communities(attribute_encoder& e) {
  if (const auto& list = e.attributes().communities; !list.empty())
    e.write([&](writer& w) {
      for (const auto each : list)
        w.u32(each.value);
    });
}

void decode_extended(attribute_decoder& d, const raw_attribute& raw) {
  auto& list = d.attributes().extended_communities;
  list.reserve(raw.value.size() / 8);
  for (reader r{raw.value}; !r.empty();)
    list.push_back({r.u64()});
}

void encode_extended(attribute_encoder& e) {
  if (const auto& list = e.attributes().extended_communities; !list.empty())
    e.write([&](writer& w) {
      for (const auto each : list)
        w.u64(each.value);
    });
}

// RFC 8092 §5: repetitions are removed; the order is kept.
void remove_repetitions(std::vector<large_community>& list) {
  auto sorted = list;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end())
    return;
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<bool> kept(sorted.size(), false);
  const auto is_repeated = [&](const large_community& each) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), each);
    const auto index = static_cast<std::size_t>(at - sorted.begin());
    const bool repeated = kept[index];
    kept[index] = true;
    return repeated;
  };
  std::vector<large_community> result;
  for (const auto& each : list)
    if (!is_repeated(each))
      result.push_back(each);
  list = std::move(result);
}

void decode_large(attribute_decoder& d, const raw_attribute& raw) {
  auto& list = d.attributes().large_communities;
  list.reserve(raw.value.size() / 12);
  for (reader r{raw.value}; !r.empty();) {
    large_community each;
    each.global = r.u32();
    each.local1 = r.u32();
    each.local2 = r.u32();
    list.push_back(each);
  }
  remove_repetitions(list);
}

void encode_large(attribute_encoder& e) {
  if (const auto& list = e.attributes().large_communities; !list.empty())
    e.write([&](writer& w) {
      for (const auto& each : list) {
        w.u32(each.global);
        w.u32(each.local1);
        w.u32(each.local2);
      }
    });
}

// -- Route reflection: RFC 4456 §8
// ----------------------------------------------

void decode_originator_id(attribute_decoder& d, const raw_attribute& raw) {
  d.attributes().originator_id = router_id{reader{raw.value}.u32()};
}

void encode_originator_id(attribute_encoder& e) {
  if (const auto& id = e.attributes().originator_id)
    e.write([&](writer& w) { w.u32(id->value); });
}

void decode_cluster_list(attribute_decoder& d, const raw_attribute& raw) {
  for (reader r{raw.value}; !r.empty();)
    d.attributes().cluster_list.push_back(router_id{r.u32()});
}

void encode_cluster_list(attribute_encoder& e) {
  if (const auto& list = e.attributes().cluster_list; !list.empty())
    e.write([&](writer& w) {
      for (const auto each : list)
        w.u32(each.value);
    });
}

// -- Multiprotocol: RFC 4760, RFC 2545, RFC 8950
// --------------------------------

// 4, 16 or 32 bytes; the last are a global and a link-local address (RFC 2545
// §3). A link-local one alone, as some speakers send it beside an unspecified
// one, is the next hop itself.
void read_mp_next_hop(attribute_decoder& d, byte_span bytes) {
  std::optional<ip_address> link_local;
  if (bytes.size() == 32) {
    link_local = ip_address::from_bytes(bytes.subspan(16));
    bytes = bytes.first(16);
    if (!link_local->is_link_local())
      link_local.reset();
  }
  auto address = *ip_address::from_bytes(bytes);
  if (address.is_unspecified() && link_local) {
    address = *link_local;
    link_local.reset();
  }
  if (!d.trusted() && !is_usable_next_hop(address))
    return d.report(verdict::treat_as_withdraw,
                    update_subcode::invalid_next_hop_attribute,
                    "next hop of MP_REACH_NLRI is no host address");
  d.pieces().mp_next_hop = address;
  d.pieces().mp_link_local = link_local;
}

void decode_mp_reach(attribute_decoder& d, const raw_attribute& raw) {
  reader r{raw.value};
  mp_reach found;
  auto& f = found.address_family;
  f.afi = r.u16();
  f.safi = r.u8();
  found.next_hop = r.take(r.u8());
  r.u8(); // reserved
  if (r.failed())
    return d.malformed("next hop exceeds MP_REACH_NLRI");
  d.pieces().mp_nlri = !r.empty();
  if (!has_known_next_hop_length(found, d.context().extended_next_hop))
    return d.malformed("next hop of MP_REACH_NLRI has a wrong length");
  if (f == ipv4_unicast || f == ipv6_unicast)
    read_mp_next_hop(d, found.next_hop);
}

void encode_mp_reach(attribute_encoder& e) {
  const auto& a = e.attributes();
  if (!e.options().next_hop || !a.next_hop || a.next_hop->is_v4())
    return;
  const bool two = a.link_local_next_hop && a.link_local_next_hop->is_v6();
  e.write([&](writer& w) {
    w.u16(ipv6_unicast.afi);
    w.u8(ipv6_unicast.safi);
    w.u8(two ? 32 : 16);
    w.bytes(a.next_hop->bytes());
    if (two)
      w.bytes(a.link_local_next_hop->bytes());
    w.u8(0); // reserved
  });
}

// The routes that it withdraws are no attribute of a route.
void decode_mp_unreach(attribute_decoder&, const raw_attribute&) {}
void encode_mp_unreach(attribute_encoder&) {}

// -- Old speakers: RFC 6793
// -----------------------------------------------------

void decode_as4_path(attribute_decoder& d, const raw_attribute& raw) {
  if (d.context().as4)
    return d.malformed("AS4_PATH from a four-octet speaker"); // §6
  const as_path_view path{raw.value, as_width::four};
  const auto found = path.survey();
  if (!found.well_formed)
    return d.malformed("AS4_PATH has a malformed segment"); // §6
  if (found.holds_zero)
    return d.malformed("AS4_PATH holds AS 0"); // RFC 7607 §2
  auto& value = d.pieces().as4_path.emplace();
  value.assign_well_formed(path);
  if (!found.confederation)
    return;
  d.report(verdict::accept, update_subcode::unspecific,
           "AS4_PATH holds a confederation"); // §6
  value = value.without_confederation();
}

void encode_as4_path(attribute_encoder& e) {
  const auto& path = e.attributes().as_path;
  if (e.options().as4 || !path.needs_four_octets())
    return;
  const auto visible = path.without_confederation();
  if (visible.needs_four_octets())
    e.write_bytes(visible.bytes());
}

void decode_as4_aggregator(attribute_decoder& d, const raw_attribute& raw) {
  if (d.context().as4)
    return d.malformed("AS4_AGGREGATOR from a four-octet speaker");
  reader r{raw.value};
  aggregator value;
  value.as = r.u32();
  value.address = router_id{r.u32()};
  if (value.as == 0) // RFC 7607 §2
    return d.malformed("AS4_AGGREGATOR holds AS 0");
  d.pieces().as4_aggregator = value;
}

void encode_as4_aggregator(attribute_encoder& e) {
  const auto& value = e.attributes().aggregator;
  if (e.options().as4 || !value || value->as <= 0xffff)
    return;
  e.write([&](writer& w) {
    w.u32(value->as);
    w.u32(value->address.value);
  });
}

// -- RFC 7311 ---------------------------------------------------------------

void decode_aigp(attribute_decoder& d, const raw_attribute& raw) {
  auto found = read_aigp(raw.value);
  if (!found)
    return d.malformed("AIGP has a malformed TLV"); // §3.2
  d.attributes().aigp = found->metric;
  d.attributes().other_aigp_tlvs = std::move(found->others);
}

void encode_aigp(attribute_encoder& e) {
  const auto& a = e.attributes();
  if (a.aigp || !a.other_aigp_tlvs.empty())
    e.write([&](writer& w) {
      if (a.aigp)
        write_aigp_metric(*a.aigp, w);
      w.bytes(a.other_aigp_tlvs);
    });
}

// -- The table ----------------------------------------------------------------

constexpr std::uint16_t any = 0xffff;
using enum attribute_code;
using enum update_subcode;
constexpr auto withdraw = verdict::treat_as_withdraw;
constexpr auto discard = verdict::attribute_discard;
constexpr auto reset = verdict::session_reset;

// Code, name, flags, verdict, shortest, longest, unit, subcode, internal only.
// clang-format off
constexpr std::array rules{
    attribute_rule{origin, "ORIGIN", well_known, withdraw, // RFC 7606 §7.1
                   1, 1, 1, invalid_origin_attribute, false,
                   decode_origin, encode_origin},
    attribute_rule{as_path, "AS_PATH", well_known, withdraw, // §7.2
                   0, any, 1, malformed_as_path, false,
                   decode_as_path, encode_as_path},
    attribute_rule{next_hop, "NEXT_HOP", well_known, withdraw, // §7.3
                   4, 4, 1, invalid_next_hop_attribute, false,
                   decode_next_hop, encode_next_hop},
    attribute_rule{multi_exit_disc, "MULTI_EXIT_DISC",
                   optional_non_transitive, withdraw, // §7.4
                   4, 4, 1, optional_attribute_error, false,
                   decode_number<&path_attributes::med>,
                   encode_number<&path_attributes::med>},
    attribute_rule{local_pref, "LOCAL_PREF", well_known, withdraw, // §7.5
                   4, 4, 1, attribute_length_error, true,
                   decode_number<&path_attributes::local_pref>,
                   encode_number<&path_attributes::local_pref>},
    attribute_rule{atomic_aggregate, "ATOMIC_AGGREGATE", well_known,
                   discard, // §7.6
                   0, 0, 1, attribute_length_error, false,
                   decode_atomic_aggregate, encode_atomic_aggregate},
    attribute_rule{attribute_code::aggregator, "AGGREGATOR",
                   optional_transitive, discard, // §7.7
                   6, 8, 2, optional_attribute_error, false,
                   decode_aggregator, encode_aggregator},
    attribute_rule{communities, "COMMUNITIES", optional_transitive,
                   withdraw, // §7.8
                   4, any, 4, optional_attribute_error, false,
                   decode_communities, encode_communities},
    attribute_rule{originator_id, "ORIGINATOR_ID", optional_non_transitive,
                   withdraw, // §7.9
                   4, 4, 1, optional_attribute_error, true,
                   decode_originator_id, encode_originator_id},
    attribute_rule{cluster_list, "CLUSTER_LIST", optional_non_transitive,
                   withdraw, // §7.10
                   4, any, 4, optional_attribute_error, true,
                   decode_cluster_list, encode_cluster_list},
    attribute_rule{mp_reach_nlri, "MP_REACH_NLRI", optional_non_transitive,
                   reset, // §5.3, §7.11
                   5, any, 1, optional_attribute_error, false,
                   decode_mp_reach, encode_mp_reach},
    attribute_rule{mp_unreach_nlri, "MP_UNREACH_NLRI",
                   optional_non_transitive, reset, // §5.3
                   3, any, 1, optional_attribute_error, false,
                   decode_mp_unreach, encode_mp_unreach},
    attribute_rule{extended_communities, "EXTENDED_COMMUNITIES",
                   optional_transitive, withdraw, // §7.14
                   8, any, 8, optional_attribute_error, false,
                   decode_extended, encode_extended},
    attribute_rule{as4_path, "AS4_PATH", optional_transitive,
                   discard, // RFC 6793 §6
                   6, any, 2, optional_attribute_error, false,
                   decode_as4_path, encode_as4_path},
    attribute_rule{as4_aggregator, "AS4_AGGREGATOR", optional_transitive,
                   discard, // RFC 6793 §6
                   8, 8, 1, optional_attribute_error, false,
                   decode_as4_aggregator, encode_as4_aggregator},
    attribute_rule{attribute_code::aigp, "AIGP", optional_non_transitive,
                   discard, // RFC 7311 §3.2
                   3, any, 1, optional_attribute_error, false,
                   decode_aigp, encode_aigp},
    attribute_rule{large_communities, "LARGE_COMMUNITY", optional_transitive,
                   withdraw, // RFC 8092 §6
                   12, any, 12, optional_attribute_error, false,
                   decode_large, encode_large},
    attribute_rule{only_to_customer, "ONLY_TO_CUSTOMER", optional_transitive,
                   withdraw, // RFC 9234 §5
                   4, 4, 1, optional_attribute_error, false,
                   decode_number<&path_attributes::only_to_customer>,
                   encode_number<&path_attributes::only_to_customer>},
};
// clang-format on

constexpr auto index_rules() {
  std::array<const attribute_rule*, 256> index{};
  for (const auto& rule : rules)
    index[number_of(rule.code)] = &rule;
  return index;
}

constexpr bool is_ascending() {
  for (std::size_t i = 1; i < rules.size(); ++i)
    if (rules[i].code <= rules[i - 1].code)
      return false;
  return number_of(rules.back().code) < 64; // path_attributes::partial
}
static_assert(is_ascending());

} // namespace

std::span<const attribute_rule> attribute_rules() {
  return rules;
}

constexpr std::array<const attribute_rule*, 256> rules_by_code = index_rules();

std::string_view attribute_name(std::uint8_t code) {
  const auto* rule = find_rule(code);
  return rule ? rule->name : "UNKNOWN";
}

} // namespace troupe::protocol::wire
