#include "protocol/wire/open.hpp"

#include "protocol/wire/message.hpp"
#include "protocol/wire/writer.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

namespace {

constexpr std::uint8_t capabilities_parameter = 2; // RFC 5492 §4
constexpr std::uint8_t extended_length = 255;      // RFC 9072 §2

decode_error malformed(std::string_view reason) {
  return make_error(open_subcode::unspecific, reason);
}

std::optional<decode_error> read_capabilities(byte_span parameter,
                                              std::vector<capability>& into) {
  reader r{parameter};
  while (!r.empty()) {
    const auto code = r.u8();
    const auto value = r.take(r.u8());
    if (r.failed())
      return malformed("capability exceeds its parameter");
    auto c = decode_capability(code, value);
    if (!c)
      return std::move(c).error();
    if (std::find(into.begin(), into.end(), *c) == into.end())
      into.push_back(*std::move(c));
  }
  return std::nullopt;
}

// The optional parameters in either form; `extended`: with lengths of two
// octets.
std::optional<decode_error> read_parameters(byte_span parameters, bool extended,
                                            std::vector<capability>& into) {
  reader r{parameters};
  while (!r.empty()) {
    const auto type = r.u8();
    const std::size_t length = extended ? r.u16() : r.u8();
    const auto value = r.take(length);
    if (r.failed())
      return malformed("optional parameter exceeds the OPEN");
    if (type != capabilities_parameter)
      return make_error(open_subcode::unsupported_optional_parameter,
                        "optional parameter holds no capabilities");
    if (auto error = read_capabilities(value, into))
      return error;
  }
  return std::nullopt;
}

std::optional<decode_error> read_optional_part(reader& r,
                                               std::vector<capability>& into) {
  const std::size_t short_length = r.u8();
  const bool extended = short_length != 0 && !r.failed() && !r.empty()
                        && r.rest()[0] == extended_length;
  if (extended)
    r.u8();
  const auto parameters = r.take(extended ? r.u16() : short_length);
  if (r.failed() || !r.empty())
    return malformed("optional parameters do not fit the OPEN");
  return read_parameters(parameters, extended, into);
}

std::optional<decode_error> check_fields(const open_message& open) {
  if (open.my_as == 0) // RFC 7607 §2
    return make_error(open_subcode::bad_peer_as, "AS 0");
  if (open.identifier.value == 0)
    return make_error(open_subcode::bad_bgp_identifier, "BGP identifier 0");
  if (open.hold_time.count() == 1 || open.hold_time.count() == 2)
    return make_error(open_subcode::unacceptable_hold_time,
                      "hold time below 3 s");
  return std::nullopt;
}

} // namespace

outcome<open_message> decode_open(byte_span body) {
  reader r{body};
  open_message open;
  open.version = r.u8();
  if (!r.failed() && open.version != bgp_version)
    return make_error(open_subcode::unsupported_version_number,
                      "BGP version is not 4", {0, bgp_version});
  open.my_as_field = r.u16();
  open.my_as = open.my_as_field;
  open.hold_time = std::chrono::seconds{r.u16()};
  open.identifier = router_id{r.u32()};
  if (auto error = read_optional_part(r, open.capabilities))
    return *std::move(error);
  if (const auto* as4 = open.find<four_octet_as_capability>())
    open.my_as = as4->as;
  if (auto error = check_fields(open))
    return *std::move(error);
  return open;
}

void encode_open(const open_message& message, std::vector<std::uint8_t>& out) {
  TROUPE_CHECK(message.hold_time.count() >= 0
                   && message.hold_time.count() <= 0xffff,
               "hold time out of range");
  std::vector<std::uint8_t> capabilities;
  for (const auto& each : message.capabilities)
    encode_capability(each, capabilities);
  const auto start = begin_message(message_type::open, out);
  writer w{out};
  w.u8(message.version);
  w.u16(as_field(message.my_as));
  w.u16(static_cast<std::uint16_t>(message.hold_time.count()));
  w.u32(message.identifier.value);
  const std::size_t size = capabilities.size();
  if (size == 0) {
    w.u8(0);
  } else if (size + 2 <= 255) {
    w.u8(static_cast<std::uint8_t>(size + 2));
    w.u8(capabilities_parameter);
    w.u8(static_cast<std::uint8_t>(size));
  } else {
    TROUPE_CHECK(size + 35 <= standard_message_size, "OPEN is too long");
    w.u8(255);
    w.u8(extended_length);
    w.u16(static_cast<std::uint16_t>(size + 3));
    w.u8(capabilities_parameter);
    w.u16(static_cast<std::uint16_t>(size));
  }
  w.bytes(capabilities);
  end_message(start, out);
}

peer_kind kind_of(as_number local_as, as_number remote_as,
                  std::span<const as_number> members) {
  if (local_as == remote_as)
    return peer_kind::internal;
  return std::find(members.begin(), members.end(), remote_as) != members.end()
             ? peer_kind::confederation
             : peer_kind::external;
}

namespace {

std::string_view wants(peer_kind kind) {
  switch (kind) {
  case peer_kind::external:
    return "an external AS is configured";
  case peer_kind::internal:
    return "an internal AS is configured";
  case peer_kind::confederation:
    return "another member AS of the confederation is configured";
  }
  return "another AS is configured";
}

std::optional<decode_error> check_as(const open_message& open,
                                     const open_expectations& expected) {
  const auto kind = kind_of(expected.local_as, open.my_as, expected.members);
  if (expected.remote_as && *expected.remote_as != open.my_as)
    return make_error(open_subcode::bad_peer_as, "not the configured AS");
  if (expected.kind && *expected.kind != kind)
    return make_error(open_subcode::bad_peer_as, wants(*expected.kind));
  if (kind == peer_kind::internal
      && open.identifier == expected.local_id) // RFC 6286 §2.2
    return make_error(open_subcode::bad_bgp_identifier,
                      "our own BGP identifier");
  return std::nullopt;
}

std::optional<decode_error> check_role(const open_message& open,
                                       const open_expectations& expected) {
  // Roles are for external sessions, and not recommended within a confederation
  // (RFC 9234 §5).
  if (!expected.role
      || kind_of(expected.local_as, open.my_as, expected.members)
             != peer_kind::external)
    return std::nullopt;
  const role_capability* remote = nullptr;
  for (const auto& each : open.capabilities) {
    const auto* role = std::get_if<role_capability>(&each);
    if (role && remote && role->role != remote->role)
      return make_error(open_subcode::role_mismatch, "more than one role");
    if (role)
      remote = role;
  }
  if (!remote && expected.strict_role)
    return make_error(open_subcode::role_mismatch, "role is missing");
  if (remote && !roles_match(*expected.role, remote->role))
    return make_error(open_subcode::role_mismatch, "roles do not correspond");
  return std::nullopt;
}

} // namespace

std::optional<decode_error> validate_open(const open_message& open,
                                          const open_expectations& expected) {
  if (auto error = check_fields(open))
    return error;
  if (auto error = check_as(open, expected))
    return error;
  return check_role(open, expected);
}

} // namespace troupe::protocol::wire
