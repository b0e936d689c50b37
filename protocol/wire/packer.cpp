#include "protocol/wire/packer.hpp"

#include "protocol/wire/attributes.hpp"
#include "protocol/wire/message.hpp"
#include "protocol/wire/writer.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

namespace {

// Header, both length fields.
constexpr std::size_t empty_update = header_size + 4;
// Of the attribute's value before the NLRI: family; next hop's length and the
// reserved octet.
constexpr std::size_t family_size = 3;
constexpr std::size_t reach_overhead = family_size + 2;
// The attribute's header: flags, type, one octet of length.
constexpr std::size_t short_header = 3;

std::size_t less(std::size_t from, std::size_t what) {
  return from > what ? from - what : 0;
}

// The NLRI bytes that fit into a multiprotocol attribute. `room`: bytes for the
// whole attribute. `overhead`: of its value before the NLRI. The header has two
// octets of length only if the value needs them (RFC 4271 §4.3).
std::size_t multiprotocol_capacity(std::size_t room, std::size_t overhead) {
  const auto value = less(room, short_header);
  return less(value <= 255 ? value : std::max<std::size_t>(value - 1, 255),
              overhead);
}

} // namespace

update_packer::update_packer(const packing_options& options,
                             std::vector<std::uint8_t>& out)
    : options_{options}, out_{&out} {
  TROUPE_CHECK(options.max_message_size <= extended_message_size,
               "no message is that long");
}

void update_packer::set_form(form f) {
  form_ = f;
  const auto room = less(options_.max_message_size,
                         empty_update + before_.size() + behind_.size());
  switch (f) {
  case form::nothing:
    capacity_ = 0;
    break;
  case form::classic:
  case form::withdrawn:
    capacity_ = room;
    break;
  case form::reach:
    capacity_ = multiprotocol_capacity(room, reach_overhead + next_hop_.size());
    break;
  case form::unreach:
    capacity_ = multiprotocol_capacity(room, family_size);
    break;
  }
}

void update_packer::begin_announcements(byte_span attributes) {
  finish();
  before_ = attributes;
  behind_ = {};
  next_hop_ = {};
  bool classic = false;
  attribute_walker walker{attributes};
  for (raw_attribute raw; walker.next(raw);) {
    classic = classic || raw.is(attribute_code::next_hop);
    if (!raw.is(attribute_code::mp_reach_nlri))
      continue;
    const auto at =
        static_cast<std::size_t>(raw.whole.data() - attributes.data());
    before_ = attributes.first(at);
    behind_ = attributes.subspan(at + raw.whole.size());
    TROUPE_CHECK(raw.value.size() >= reach_overhead
                     && raw.value.size() == reach_overhead + raw.value[3],
                 "MP_REACH_NLRI is no stub");
    next_hop_ = raw.value.subspan(family_size + 1, raw.value[3]);
  }
  TROUPE_CHECK(!walker.failed(), "the attributes are malformed");
  const bool ipv4 = options_.address_family == ipv4_unicast;
  TROUPE_CHECK(!next_hop_.empty() || (ipv4 && classic),
               "the family cannot have this next hop");
  set_form(next_hop_.empty() ? form::classic : form::reach);
}

void update_packer::begin_withdrawals() {
  finish();
  before_ = {};
  behind_ = {};
  next_hop_ = {};
  set_form(options_.address_family == ipv4_unicast ? form::withdrawn
                                                   : form::unreach);
}

void update_packer::start() {
  finish();
  start_ = begin_message(message_type::update, *out_);
  writer w{*out_};
  w.u16(0); // withdrawn routes length
  if (form_ == form::withdrawn)
    return;
  w.u16(static_cast<std::uint16_t>(before_.size()));
  if (form_ == form::classic) {
    w.bytes(before_);
    return;
  }
  const bool reach = form_ == form::reach;
  w.u8(optional_non_transitive | flag_extended_length);
  w.u8(number_of(reach ? attribute_code::mp_reach_nlri
                       : attribute_code::mp_unreach_nlri));
  w.u16(0); // its length, in the longer form
  w.u16(options_.address_family.afi);
  w.u8(options_.address_family.safi);
  if (reach) {
    w.u8(static_cast<std::uint8_t>(next_hop_.size()));
    w.bytes(next_hop_);
    w.u8(0); // reserved
  }
}

void update_packer::close_multiprotocol() {
  writer w{*out_};
  const auto attribute = start_ + empty_update;
  const auto value = w.position() - attribute - short_header - 1;
  if (value > 255) {
    w.set_u16(attribute + 2, value);
  } else {
    (*out_)[attribute] = optional_non_transitive;
    (*out_)[attribute + 2] = static_cast<std::uint8_t>(value);
    out_->erase(out_->begin() + static_cast<std::ptrdiff_t>(attribute + 3));
  }
  w.bytes(before_);
  w.bytes(behind_);
  w.set_u16(start_ + header_size + 2, w.position() - attribute);
}

void update_packer::finish() {
  if (used_ == 0)
    return;
  writer w{*out_};
  switch (form_) {
  case form::nothing:
  case form::classic:
    break;
  case form::withdrawn:
    w.set_u16(start_ + header_size, used_);
    w.u16(0); // total path attribute length
    break;
  case form::reach:
  case form::unreach:
    close_multiprotocol();
    break;
  }
  end_message(start_, *out_);
  used_ = 0;
  ++messages_;
}

namespace {

packing_result add_all(update_packer& packer, std::span<const nlri> prefixes) {
  packing_result result;
  for (std::size_t i = 0; i < prefixes.size(); ++i)
    if (!packer.add(prefixes[i]))
      result.too_large.push_back(i);
  packer.finish();
  result.messages = packer.messages();
  return result;
}

} // namespace

packing_result pack_announcements(const packing_options& options,
                                  byte_span attributes,
                                  std::span<const nlri> prefixes,
                                  std::vector<std::uint8_t>& out) {
  update_packer packer{options, out};
  packer.begin_announcements(attributes);
  return add_all(packer, prefixes);
}

packing_result pack_withdrawals(const packing_options& options,
                                std::span<const nlri> prefixes,
                                std::vector<std::uint8_t>& out) {
  update_packer packer{options, out};
  packer.begin_withdrawals();
  return add_all(packer, prefixes);
}

} // namespace troupe::protocol::wire
