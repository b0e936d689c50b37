#pragma once

#include "protocol/address.hpp"
#include "protocol/error.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/as_path.hpp"
#include "protocol/wire/attributes.hpp"
#include "protocol/wire/communities.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace troupe::protocol::wire {

/// RFC 4271 §5.1.1; a lower one is preferred.
enum class origin_type : std::uint8_t { igp = 0, egp = 1, incomplete = 2 };

/// "igp", "egp", "incomplete".
std::string_view name_of(origin_type origin);

/// Who aggregated the route (RFC 4271 §5.1.7).
struct aggregator {
  as_number as = 0;
  router_id address;
  friend bool operator==(const aggregator&, const aggregator&) = default;
};

/// An attribute that we do not know but pass on: optional and transitive, with
/// the Partial bit set (RFC 4271 §9).
struct unknown_attribute {
  /// Without the bit for extended length.
  std::uint8_t flags = optional_transitive | flag_partial;
  std::uint8_t code = 0;
  std::vector<std::uint8_t> value;
  friend bool operator==(const unknown_attribute&,
                         const unknown_attribute&) = default;
};

/// The attributes of a route as a value. NLRI are no part of it.
struct path_attributes {
  origin_type origin = origin_type::igp;
  wire::as_path as_path;
  /// IPv4 from NEXT_HOP or MP_REACH_NLRI, IPv6 from MP_REACH_NLRI.
  std::optional<ip_address> next_hop;
  /// The second address of a next hop of 32 bytes (RFC 2545 §3).
  std::optional<ip_address> link_local_next_hop;
  std::optional<std::uint32_t> med;
  std::optional<std::uint32_t> local_pref;
  bool atomic_aggregate = false;
  std::optional<wire::aggregator> aggregator;
  std::vector<community> communities;
  std::optional<router_id> originator_id;
  std::vector<router_id> cluster_list;
  std::vector<extended_community> extended_communities;
  /// Of the first AIGP TLV (RFC 7311 §3).
  std::optional<std::uint64_t> aigp;
  /// The other TLVs of the AIGP attribute, as they came.
  std::vector<std::uint8_t> other_aigp_tlvs;
  /// Without repetitions (RFC 8092 §5).
  std::vector<large_community> large_communities;
  /// OTC (RFC 9234 §5).
  std::optional<as_number> only_to_customer;
  /// Ascending by code, each code once, none that has a rule.
  std::vector<unknown_attribute> unknown;
  /// Bit n: the known optional transitive attribute with code n came with the
  /// Partial bit, which must not be cleared again (RFC 4271 §5).
  std::uint64_t partial = 0;

  /// Back to a value without anything, that keeps its memory for the next one.
  void clear();
  friend bool operator==(const path_attributes&,
                         const path_attributes&) = default;
};

/// Which of the two next hops of a message belongs to the NLRI in question.
enum class next_hop_source : std::uint8_t {
  /// MP_REACH_NLRI's if the message has one, else NEXT_HOP.
  automatic,
  /// NEXT_HOP: for the NLRI field of a message that also has MP_REACH_NLRI.
  classic,
};

/// What the decoder has to know about the session and the message.
struct decode_context {
  /// AS numbers take four octets.
  bool as4 = true;
  peer_kind kind = peer_kind::external;
  /// An IPv6 next hop for IPv4 unicast is agreed upon (RFC 8950).
  bool extended_next_hop = false;
  /// AIGP is spoken (AIGP_SESSION, RFC 7311 §3.3).
  bool aigp = true;
  /// Whether the multiprotocol attributes are looked at: not those of a family
  /// that is disabled (RFC 4760 §7).
  bool reach = true;
  bool unreach = true;
  /// The NLRI field of the message is not empty, so that NEXT_HOP is mandatory.
  bool classic_nlri = false;
  next_hop_source source = next_hop_source::automatic;
};

/// One flaw and what it calls for. Never `session_reset`: see `reset`.
struct attribute_error {
  std::uint8_t code = 0;
  verdict action = verdict::accept;
  update_subcode subcode = update_subcode::unspecific;
  /// Static text.
  std::string_view reason;
  friend bool operator==(const attribute_error&,
                         const attribute_error&) = default;
};

/// What the decoder found.
struct attribute_result {
  /// Complete where `action` is at most `attribute_discard`.
  path_attributes attributes;
  /// The strongest reaction that any flaw calls for (RFC 7606 §3 (h)).
  verdict action = verdict::accept;
  /// All flaws, in the order of the message.
  std::vector<attribute_error> errors;
  /// The NOTIFICATION, exactly where `action` is `session_reset`.
  std::optional<decode_error> reset;

  /// \copydoc path_attributes::clear
  void clear();
  friend bool operator==(const attribute_result&,
                         const attribute_result&) = default;
};

/// Decodes the path attributes of an UPDATE under the rules of RFC 7606.
///
/// Attributes that are discarded, and unknown ones that are not transitive, are
/// left out. AS4_PATH and AS4_AGGREGATOR of an old speaker are merged (RFC 6793
/// §4.2.3). A repeated attribute is ignored behind its first occurrence. The
/// next hop of a family other than IPv4 and IPv6 is not read. Without any
/// reachable NLRI in the message whatever calls for more than a discard resets
/// the session (RFC 7606 §5.2).
attribute_result decode_attributes(byte_span raw,
                                   const decode_context& context);
/// The same into a result that is used again: one that keeps its memory takes
/// no allocation for most UPDATEs. What it held is gone.
void decode_attributes(byte_span raw, const decode_context& context,
                       attribute_result& result);

/// How attributes are written.
struct encode_options {
  /// Four-octet AS numbers; else AS_TRANS with AS4_PATH and AS4_AGGREGATOR
  /// (RFC 6793 §4.2.2).
  bool as4 = true;
  /// Whether the next hop is written.
  bool next_hop = true;
};

/// Appends the attributes in their canonical form: ascending by code, each
/// length in its shortest form, ORIGIN and AS_PATH always. Equal values have
/// equal bytes.
///
/// An IPv4 next hop is a NEXT_HOP. An IPv6 next hop is an MP_REACH_NLRI for
/// IPv6 unicast, whatever the NLRI will be, that ends behind the reserved octet
/// and so has no NLRI; update_packer puts the family and the NLRI in.
///
/// False, with nothing appended, if an attribute or all of them together would
/// exceed 65535 bytes: such a route fits no message.
[[nodiscard]] bool encode_attributes(const path_attributes& attributes,
                                     const encode_options& options,
                                     std::vector<std::uint8_t>& out);

/// Reads what encode_attributes wrote with four-octet AS numbers. Anything else
/// is our mistake.
path_attributes decode_canonical(byte_span canonical);

} // namespace troupe::protocol::wire
