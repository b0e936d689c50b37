#include "protocol/wire/update.hpp"

#include "protocol/wire/writer.hpp"

#include <utility>

namespace troupe::protocol::wire {

namespace {

decode_error attribute_error_of(update_subcode subcode, std::string_view reason,
                                const raw_attribute& raw) {
  return make_error(subcode, reason, {raw.whole.begin(), raw.whole.end()});
}

// The family at the head of a multiprotocol attribute, if it is there.
std::optional<family> family_of(const raw_attribute& raw) {
  reader r{raw.value};
  family f;
  f.afi = r.u16();
  f.safi = r.u8();
  return r.failed() ? std::nullopt : std::optional{f};
}

bool has_sound_flags(const raw_attribute& raw, mp_sections& into) {
  constexpr std::uint8_t category = flag_optional | flag_transitive;
  if ((raw.flags & category) == optional_non_transitive)
    return true;
  into.flaws.push_back(
      {attribute_error_of(update_subcode::attribute_flags_error,
                          "attribute flags conflict with the type", raw),
       family_of(raw)});
  return false;
}

void too_short(const raw_attribute& raw, std::string_view reason,
               mp_sections& into) {
  into.flaws.push_back(
      {attribute_error_of(update_subcode::optional_attribute_error, reason,
                          raw),
       family_of(raw)});
}

// RFC 7606 §3 (g).
void repeated(std::string_view reason, mp_sections& into) {
  into.flaws.push_back(
      {make_error(update_subcode::malformed_attribute_list, reason),
       std::nullopt});
}

void take_reach(raw_attribute raw, mp_sections& into) {
  if (!has_sound_flags(raw, into))
    return;
  reader r{raw.value};
  mp_reach found;
  found.address_family.afi = r.u16();
  found.address_family.safi = r.u8();
  found.next_hop = r.take(r.u8());
  r.u8(); // reserved (RFC 4760 §3)
  if (r.failed())
    return too_short(raw, "MP_REACH_NLRI is too short", into);
  found.nlri = r.rest();
  found.attribute = raw;
  into.reach = found;
}

void take_unreach(raw_attribute raw, mp_sections& into) {
  if (!has_sound_flags(raw, into))
    return;
  reader r{raw.value};
  mp_unreach found;
  found.address_family.afi = r.u16();
  found.address_family.safi = r.u8();
  if (r.failed())
    return too_short(raw, "MP_UNREACH_NLRI is too short", into);
  found.withdrawn = r.rest();
  found.attribute = raw;
  into.unreach = found;
}

// Whether the NLRI are sound. Those of a family that is not in use are skipped,
// whatever they are, as the import does.
bool is_sound(byte_span nlri, family f, const negotiated& session) {
  const auto* agreed = session.find(f);
  return agreed == nullptr || max_prefix_length(f) == 0
         || is_valid_nlri(nlri, f, agreed->add_path_receive);
}

std::optional<decode_error> check_nlri(const update_sections& sections,
                                       const mp_sections& mp,
                                       const negotiated& session) {
  const auto* classic = session.find(ipv4_unicast);
  const bool classic_ids = classic != nullptr && classic->add_path_receive;
  if ((!sections.withdrawn.empty()
       && !is_valid_nlri(sections.withdrawn, ipv4_unicast, classic_ids))
      || !is_valid_nlri(sections.nlri, ipv4_unicast, classic_ids))
    return classic_nlri_error();
  if (mp.reach) {
    const auto f = mp.reach->address_family;
    if (!is_sound(mp.reach->nlri, f, session))
      return mp_nlri_error(mp.reach->attribute);
  }
  if (mp.unreach) {
    const auto f = mp.unreach->address_family;
    if (!is_sound(mp.unreach->withdrawn, f, session))
      return mp_nlri_error(mp.unreach->attribute);
  }
  return std::nullopt;
}

} // namespace

void mp_sections::clear() {
  reach.reset();
  unreach.reset();
  truncated = false;
  flaws.clear();
}

mp_sections locate_mp(byte_span attributes) {
  mp_sections result;
  locate_mp(attributes, result);
  return result;
}

void locate_mp(byte_span attributes, mp_sections& result) {
  result.clear();
  bool reach_seen = false;
  bool unreach_seen = false;
  attribute_walker walker{attributes};
  for (raw_attribute raw; walker.next(raw);) {
    if (raw.is(attribute_code::mp_reach_nlri)) {
      if (std::exchange(reach_seen, true))
        repeated("MP_REACH_NLRI is repeated", result);
      else
        take_reach(raw, result);
    } else if (raw.is(attribute_code::mp_unreach_nlri)) {
      if (std::exchange(unreach_seen, true))
        repeated("MP_UNREACH_NLRI is repeated", result);
      else
        take_unreach(raw, result);
    }
  }
  result.truncated = walker.failed();
}

decode_error classic_nlri_error() {
  return make_error(update_subcode::invalid_network_field, "malformed NLRI");
}

decode_error mp_nlri_error(const raw_attribute& attribute) {
  return attribute_error_of(update_subcode::optional_attribute_error,
                            "malformed NLRI in a multiprotocol attribute",
                            attribute);
}

bool has_known_next_hop_length(const mp_reach& reach, bool extended_next_hop) {
  const auto size = reach.next_hop.size();
  const bool ipv6 = size == 16 || size == 32;
  if (reach.address_family == ipv4_unicast)
    return size == 4 || (extended_next_hop && ipv6);
  return reach.address_family != ipv6_unicast || ipv6;
}

decode_error mp_next_hop_error(const raw_attribute& attribute) {
  return attribute_error_of(update_subcode::optional_attribute_error,
                            "next hop of MP_REACH_NLRI has a wrong length",
                            attribute);
}

std::optional<family> end_of_rib(const update_sections& sections,
                                 const mp_sections& mp) {
  if (!sections.withdrawn.empty() || !sections.nlri.empty())
    return std::nullopt;
  if (sections.attributes.empty())
    return ipv4_unicast;
  if (!mp.unreach || !mp.unreach->withdrawn.empty()
      || mp.unreach->attribute.whole.size() != sections.attributes.size())
    return std::nullopt;
  return mp.unreach->address_family;
}

void encode_end_of_rib(family f, std::vector<std::uint8_t>& out) {
  const auto start = begin_message(message_type::update, out);
  writer w{out};
  w.u16(0);
  const auto length = w.reserve_u16();
  if (f != ipv4_unicast) {
    w.u8(optional_non_transitive);
    w.u8(number_of(attribute_code::mp_unreach_nlri));
    w.u8(3);
    w.u16(f.afi);
    w.u8(f.safi);
  }
  w.patch_u16(length);
  end_message(start, out);
}

decode_context context_of(const negotiated& session) {
  decode_context context;
  context.as4 = session.as4;
  context.kind = session.kind;
  context.extended_next_hop = session.extended_next_hop;
  return context;
}

std::optional<decode_error>
read_update(byte_span body, const negotiated& session, update_view& view) {
  auto sections = split_update(body);
  if (!sections)
    return std::move(sections).error();
  view.sections = *sections;
  locate_mp(view.sections.attributes, view.mp);
  if (!view.mp.flaws.empty())
    return view.mp.flaws.front().error;
  if (auto error = check_nlri(view.sections, view.mp, session))
    return error;
  auto context = context_of(session);
  context.classic_nlri = !view.sections.nlri.empty();
  if (context.classic_nlri)
    context.source = next_hop_source::classic;
  decode_attributes(view.sections.attributes, context, view.attributes);
  if (view.attributes.reset)
    return view.attributes.reset;
  view.end_of_rib = end_of_rib(view.sections, view.mp);
  return std::nullopt;
}

outcome<update_view> read_update(byte_span body, const negotiated& session) {
  // Filled in place: it is too large to be moved around.
  outcome<update_view> result{std::in_place};
  if (auto error = read_update(body, session, *result))
    result = *std::move(error);
  return result;
}

} // namespace troupe::protocol::wire
