#pragma once

#include "protocol/outcome.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/attributes.hpp"
#include "protocol/wire/message.hpp"
#include "protocol/wire/negotiation.hpp"
#include "protocol/wire/nlri.hpp"
#include "protocol/wire/path_attributes.hpp"

#include <optional>

namespace troupe::protocol::wire {

/// The three fields of an UPDATE (RFC 4271 §4.3); refer to its body.
struct update_sections {
  /// IPv4 unicast.
  byte_span withdrawn;
  byte_span attributes;
  /// IPv4 unicast.
  byte_span nlri;
};

/// Cuts the body of an UPDATE into its fields: 3/1 if the lengths exceed it
/// (RFC 4271 §6.3, RFC 7606 §3 (b)).
inline outcome<update_sections> split_update(byte_span body) {
  reader r{body};
  update_sections sections;
  sections.withdrawn = r.take(r.u16());
  sections.attributes = r.take(r.u16());
  if (r.failed())
    return make_error(update_subcode::malformed_attribute_list,
                      "field lengths exceed the UPDATE");
  sections.nlri = r.rest();
  return sections;
}

/// MP_REACH_NLRI (RFC 4760 §3); refers to the message.
struct mp_reach {
  family address_family;
  byte_span next_hop;
  byte_span nlri;
  raw_attribute attribute;
};

/// MP_UNREACH_NLRI (RFC 4760 §4); refers to the message.
struct mp_unreach {
  family address_family;
  byte_span withdrawn;
  raw_attribute attribute;
};

/// What is wrong with a multiprotocol attribute.
struct mp_flaw {
  /// 3/1 an attribute twice (RFC 7606 §3 (g)), 3/4 its flags, 3/9 its content
  /// (RFC 7606 §5.3).
  decode_error error;
  /// The family that it is about; nothing where the session must be reset.
  std::optional<family> address_family;
};

/// The attributes of the UPDATE that a buffer begins with, if it has NLRI of
/// its own behind them; empty for all else. Checks nothing but that it is
/// whole.
inline byte_span attributes_of_update(byte_span buffer) {
  constexpr std::size_t type_at = header_size - 1;
  if (buffer.size() < header_size
      || buffer[type_at] != static_cast<std::uint8_t>(message_type::update))
    return {};
  const auto length = length_in(buffer);
  if (length < header_size || length > buffer.size())
    return {};
  const auto sections =
      split_update(buffer.subspan(header_size, length - header_size));
  return sections && !sections->nlri.empty() ? sections->attributes
                                             : byte_span{};
}

/// The multiprotocol attributes of an UPDATE.
struct mp_sections {
  std::optional<mp_reach> reach;
  std::optional<mp_unreach> unreach;
  /// The attributes end within an attribute (RFC 7606 §4): treat-as-withdraw
  /// where there are NLRI, else a reset; decode_attributes says which.
  bool truncated = false;
  /// In the order of the message. Each calls for a reset, or for the end of its
  /// family (RFC 4760 §7); the attribute is not among the above.
  std::vector<mp_flaw> flaws;

  /// Back to one without anything.
  void clear();
};

/// Finds the multiprotocol attributes, wherever they stand. Neither next hop
/// nor NLRI are looked into: those of a family that is not spoken are ignored.
mp_sections locate_mp(byte_span attributes);
/// The same into a result that is used again; what it held is gone.
void locate_mp(byte_span attributes, mp_sections& result);

/// The error of malformed NLRI: 3/10 in the fields of the UPDATE (RFC 4271
/// §6.3), 3/9 in a multiprotocol attribute (RFC 4760 §7).
decode_error classic_nlri_error();
/// \copydoc classic_nlri_error
decode_error mp_nlri_error(const raw_attribute& attribute);

/// Whether the next hop has a length that its family may have, or that we know
/// none (RFC 4760 §3, RFC 2545 §3, RFC 8950 §3).
bool has_known_next_hop_length(const mp_reach& reach, bool extended_next_hop);
/// The error of another length (RFC 7606 §7.11).
decode_error mp_next_hop_error(const raw_attribute& attribute);

/// The family whose End-of-RIB this UPDATE is (RFC 4724 §2): empty for IPv4
/// unicast, or nothing but an MP_UNREACH_NLRI without NLRI.
std::optional<family> end_of_rib(const update_sections& sections,
                                 const mp_sections& mp);
/// Appends a whole End-of-RIB.
void encode_end_of_rib(family f, std::vector<std::uint8_t>& out);

/// Everything about an UPDATE; refers to its body. For the log, for tests and
/// for whoever is in no hurry; the hot path takes the parts.
struct update_view {
  update_sections sections;
  mp_sections mp;
  /// For the NLRI of `sections` if there are any, else of MP_REACH_NLRI.
  attribute_result attributes;
  std::optional<family> end_of_rib;
};

/// What decode_attributes has to know about this session.
decode_context context_of(const negotiated& session);

/// Reads an UPDATE completely: an error wherever the session is to be reset,
/// malformed NLRI included. NLRI of families other than IPv4 and IPv6 are not
/// looked into.
outcome<update_view> read_update(byte_span body, const negotiated& session);
/// The same into a view that is used again and keeps its memory, for reading
/// one UPDATE after the other. What it holds counts only without an error.
std::optional<decode_error>
read_update(byte_span body, const negotiated& session, update_view& view);

} // namespace troupe::protocol::wire
