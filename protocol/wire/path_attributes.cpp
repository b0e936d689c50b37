#include "protocol/wire/path_attributes.hpp"

#include "protocol/check.hpp"
#include "protocol/wire/attribute_codec.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

std::string_view name_of(origin_type origin) {
  switch (origin) {
  case origin_type::igp:
    return "igp";
  case origin_type::egp:
    return "egp";
  case origin_type::incomplete:
    return "incomplete";
  }
  return "unknown";
}

void path_attributes::clear() {
  origin = origin_type::igp;
  as_path.clear();
  next_hop.reset();
  link_local_next_hop.reset();
  med.reset();
  local_pref.reset();
  atomic_aggregate = false;
  aggregator.reset();
  communities.clear();
  originator_id.reset();
  cluster_list.clear();
  extended_communities.clear();
  aigp.reset();
  other_aigp_tlvs.clear();
  large_communities.clear();
  only_to_customer.reset();
  unknown.clear();
  partial = 0;
}

void attribute_result::clear() {
  attributes.clear();
  action = verdict::accept;
  errors.clear();
  reset.reset();
}

// -- Decoding ---------------------------------------------------------------

namespace {

// RFC 4271 §6: the data is empty unless §6.3 asks for the erroneous attribute.
bool carries_attribute(update_subcode subcode) {
  switch (subcode) {
  case update_subcode::unrecognized_well_known_attribute:
  case update_subcode::missing_well_known_attribute:
  case update_subcode::attribute_flags_error:
  case update_subcode::attribute_length_error:
  case update_subcode::invalid_origin_attribute:
  case update_subcode::invalid_next_hop_attribute:
  case update_subcode::optional_attribute_error:
    return true;
  case update_subcode::unspecific:
  case update_subcode::malformed_attribute_list:
  case update_subcode::invalid_network_field:
  case update_subcode::malformed_as_path:
    return false;
  }
  return false;
}

// RFC 7606 §3 (c): treat-as-withdraw unless the attribute's own document says
// otherwise, as that of AIGP does (RFC 7311 §3.2).
verdict verdict_on_flags(const attribute_rule& rule) {
  return rule.code == attribute_code::aigp
             ? rule.on_error
             : strongest(verdict::treat_as_withdraw, rule.on_error);
}

} // namespace

void attribute_decoder::report(verdict action, update_subcode subcode,
                               std::string_view reason) {
  result_.errors.push_back({raw_.code, action, subcode, reason});
  result_.action = strongest(result_.action, action);
  if (action <= verdict::attribute_discard)
    return;
  const auto as_notification = [&] {
    // RFC 4271 §6.3: the erroneous attribute (type, length and value).
    const auto data = carries_attribute(subcode) ? raw_.whole : byte_span{};
    return make_error(subcode, reason, {data.begin(), data.end()});
  };
  if (action == verdict::session_reset && !result_.reset)
    result_.reset = as_notification();
  if (!strong_)
    strong_ = as_notification();
}

void attribute_decoder::malformed(std::string_view reason) {
  report(rule_->on_error, rule_->subcode, reason);
}

namespace {

// LOCAL_PREF is spoken throughout a confederation (RFC 4271 §5.1.5), what route
// reflection adds within one AS only (RFC 4456 §8).
bool may_come_from(peer_kind kind, const attribute_rule& rule) {
  return !rule.internal_only || kind == peer_kind::internal
         || (kind == peer_kind::confederation
             && rule.code == attribute_code::local_pref);
}

bool has_sound_flags(const raw_attribute& raw, const attribute_rule& rule) {
  constexpr std::uint8_t category = flag_optional | flag_transitive;
  return (raw.flags & category) == rule.flags;
}

bool has_sound_length(const raw_attribute& raw, const attribute_rule& rule) {
  const auto length = static_cast<std::uint32_t>(raw.value.size());
  return length >= rule.min_length && length <= rule.max_length
         && (rule.unit == 1 || length % rule.unit == 0); // a slow division
}

// Whether a Partial bit is kept: AS4_PATH and AS4_AGGREGATOR are merged away.
bool keeps_partial(const attribute_rule& rule) {
  return rule.flags == optional_transitive
         && rule.code != attribute_code::as4_path
         && rule.code != attribute_code::as4_aggregator;
}

} // namespace

void attribute_decoder::take() {
  rule_ = find_rule(raw_.code);
  if (seen(raw_.code))
    return repeated();
  seen_[raw_.code / 64] |= std::uint64_t{1} << (raw_.code % 64);
  if (rule_)
    take_known();
  else
    take_unknown();
}

// RFC 7606 §3 (g).
void attribute_decoder::repeated() {
  const bool multiprotocol = raw_.is(attribute_code::mp_reach_nlri)
                             || raw_.is(attribute_code::mp_unreach_nlri);
  report(multiprotocol ? verdict::session_reset : verdict::attribute_discard,
         update_subcode::malformed_attribute_list, "attribute is repeated");
}

// RFC 7311 §3.3: without AIGP_SESSION it is as an unknown one that is not
// transitive.
bool attribute_decoder::is_ignored() const {
  return (raw_.is(attribute_code::aigp) && !context_.aigp)
         || (raw_.is(attribute_code::mp_reach_nlri) && !context_.reach)
         || (raw_.is(attribute_code::mp_unreach_nlri) && !context_.unreach);
}

void attribute_decoder::take_known() {
  if (is_ignored())
    return;
  if (!may_come_from(context_.kind, *rule_) || !has_sound_flags(raw_, *rule_)
      || !has_sound_length(raw_, *rule_))
    return unfit();
  const auto flaws = result_.errors.size();
  rule_->decode(*this, raw_);
  if ((raw_.flags & flag_partial) != 0 && result_.errors.size() == flaws
      && keeps_partial(*rule_))
    attributes().partial |= std::uint64_t{1} << raw_.code;
}

// What is wrong with an attribute before its value is looked at.
void attribute_decoder::unfit() {
  if (!may_come_from(context_.kind, *rule_)) // RFC 7606 §7.5, §7.9, §7.10
    return report(verdict::attribute_discard, update_subcode::unspecific,
                  "attribute of an external neighbour");
  if (!has_sound_flags(raw_, *rule_)) // RFC 7606 §3 (c), §5.3
    return report(verdict_on_flags(*rule_),
                  update_subcode::attribute_flags_error,
                  "attribute flags conflict with the type");
  report(rule_->on_error, update_subcode::attribute_length_error,
         "attribute has a wrong length");
}

void attribute_decoder::take_unknown() {
  if ((raw_.flags & flag_optional) == 0) // RFC 4271 §6.3
    return report(verdict::session_reset,
                  update_subcode::unrecognized_well_known_attribute,
                  "unrecognized well-known attribute");
  if ((raw_.flags & flag_transitive) == 0)
    return; // RFC 4271 §9: quietly ignored
  auto& list = attributes().unknown;
  const auto at = std::find_if(
      list.begin(), list.end(),
      [&](const unknown_attribute& each) { return each.code > raw_.code; });
  list.insert(at, {optional_transitive | flag_partial,
                   raw_.code,
                   {raw_.value.begin(), raw_.value.end()}});
}

// RFC 6793 §4.2.3.
void attribute_decoder::merge_old_speaker() {
  auto& value = attributes();
  const auto& as4 = pieces_.as4_aggregator;
  if (as4 && value.aggregator) {
    if (value.aggregator->as != as_trans)
      return; // an old speaker has aggregated since
    value.aggregator = as4;
  }
  if (pieces_.as4_path)
    value.as_path = merge_as4_path(value.as_path, *pieces_.as4_path);
}

void attribute_decoder::choose_next_hop() {
  const bool classic =
      context_.source == next_hop_source::classic || !pieces_.mp_next_hop;
  attributes().next_hop =
      classic ? pieces_.classic_next_hop : pieces_.mp_next_hop;
  if (!classic)
    attributes().link_local_next_hop = pieces_.mp_link_local;
}

void attribute_decoder::require(attribute_code code, std::string_view reason) {
  if (seen(number_of(code)))
    return;
  // RFC 4271 §6.3: the data is the type of the attribute.
  const std::array<std::uint8_t, 1> type{number_of(code)};
  raw_ = {0, number_of(code), {}, type};
  report(verdict::treat_as_withdraw, // RFC 7606 §3 (d)
         update_subcode::missing_well_known_attribute, reason);
}

void attribute_decoder::check_mandatory() {
  if (!context_.classic_nlri && !pieces_.mp_nlri)
    return;
  require(attribute_code::origin, "ORIGIN is missing");
  require(attribute_code::as_path, "AS_PATH is missing");
  if (context_.classic_nlri)
    require(attribute_code::next_hop, "NEXT_HOP is missing");
}

// RFC 7606 §5.2: without reachable NLRI nothing tells that the NLRI were found.
void attribute_decoder::judge() {
  const bool reachable = context_.classic_nlri || pieces_.mp_nlri;
  if (reachable || result_.reset || !strong_)
    return;
  result_.action = verdict::session_reset;
  result_.reset = strong_;
}

void attribute_decoder::decode(byte_span raw) {
  attribute_walker walker{raw};
  while (walker.next(raw_))
    take();
  raw_ = {};
  if (walker.failed()) // RFC 7606 §4
    report(verdict::treat_as_withdraw, update_subcode::malformed_attribute_list,
           "attributes end within an attribute");
  merge_old_speaker();
  choose_next_hop();
  check_mandatory();
  judge();
}

void decode_attributes(byte_span raw, const decode_context& context,
                       attribute_result& result) {
  result.clear();
  attribute_decoder{context, result}.decode(raw);
}

attribute_result decode_attributes(byte_span raw,
                                   const decode_context& context) {
  attribute_result result;
  decode_attributes(raw, context, result);
  return result;
}

path_attributes decode_canonical(byte_span canonical) {
  decode_context context;
  context.kind = peer_kind::internal;
  context.extended_next_hop = true;
  attribute_result result;
  attribute_decoder{context, result, true}.decode(canonical);
  TROUPE_CHECK(result.errors.empty(), "the attributes are not canonical");
  return std::move(result.attributes);
}

// -- Encoding ---------------------------------------------------------------

std::uint8_t attribute_encoder::flags() const {
  const bool partial = (attributes_.partial >> code_ & 1U) != 0
                       && rule_->flags == optional_transitive;
  return static_cast<std::uint8_t>(rule_->flags | (partial ? flag_partial : 0));
}

std::size_t attribute_encoder::begin(std::uint8_t flags) {
  const auto start = writer_.position();
  writer_.u8(flags);
  writer_.u8(code_);
  writer_.u8(0);
  return start;
}

// RFC 4271 §4.3: two octets of length only where one does not do.
void attribute_encoder::end(std::size_t start) {
  auto& out = writer_.out();
  const auto length = out.size() - start - 3;
  if (length > 0xffff) {
    fits_ = false;
    return;
  }
  if (length <= 0xff) {
    out[start + 2] = static_cast<std::uint8_t>(length);
    return;
  }
  out[start] |= flag_extended_length;
  out[start + 2] = static_cast<std::uint8_t>(length >> 8);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(start + 3),
             static_cast<std::uint8_t>(length));
}

void attribute_encoder::write_unknown(const unknown_attribute& unknown) {
  TROUPE_CHECK(!find_rule(unknown.code), "the attribute is a known one");
  constexpr std::uint8_t kept = flag_optional | flag_transitive | flag_partial;
  code_ = unknown.code;
  const auto start = begin(unknown.flags & kept);
  writer_.bytes(unknown.value);
  end(start);
}

bool attribute_encoder::encode() {
  auto unknown = attributes_.unknown.begin();
  const auto write_unknown_below = [&](unsigned code) {
    for (; unknown != attributes_.unknown.end() && unknown->code < code;
         ++unknown)
      write_unknown(*unknown);
  };
  for (const auto& rule : attribute_rules()) {
    write_unknown_below(number_of(rule.code));
    rule_ = &rule;
    code_ = number_of(rule.code);
    rule.encode(*this);
  }
  write_unknown_below(256);
  return fits_;
}

bool encode_attributes(const path_attributes& attributes,
                       const encode_options& options,
                       std::vector<std::uint8_t>& out) {
  const auto start = out.size();
  const bool fits = attribute_encoder{attributes, options, out}.encode();
  if (fits && out.size() - start <= 0xffff)
    return true;
  out.resize(start);
  return false;
}

} // namespace troupe::protocol::wire
