#include "protocol/mrt/reader.hpp"

#include "protocol/wire/nlri.hpp"
#include "protocol/wire/reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::protocol::mrt {
namespace {

using body = decltype(record::body);

// RFC 6396 §4
enum class type : std::uint16_t {
  table_dump = 12,
  table_dump_v2 = 13,
  bgp4mp = 16,
  bgp4mp_extended = 17,
};

constexpr std::uint16_t address_family_ipv4 = 1;
constexpr std::uint16_t address_family_ipv6 = 2;

ip_address read_address(wire::reader& in, bool ipv6) {
  return ip_address::from_bytes(in.take(ipv6 ? 16 : 4)).value_or(ip_address{});
}

as_number read_as(wire::reader& in, bool four_octets) {
  return four_octets ? in.u32() : in.u16();
}

/// A prefix as in an UPDATE; fails the reader on a bad one.
prefix read_packed_prefix(wire::reader& in, family routes) {
  wire::nlri_reader prefixes{in.rest(), routes, false};
  wire::nlri first;
  if (!prefixes.next(first)) {
    in.fail();
    return {};
  }
  in.take(in.remaining() - prefixes.rest().size());
  return wire::to_prefix(first, routes);
}

/// What a structure is: `content`, or what it lacks.
template <class Content>
body finish(const wire::reader& in, byte_span whole, Content&& content) {
  if (in.failed())
    return malformed_record{"shorter than its fields, or a bad length", whole};
  if (!in.empty())
    return malformed_record{"octets behind the last field", whole};
  return std::forward<Content>(content);
}

// RFC 6396 §4.2; the subtype is the address family.
body read_table_dump(std::uint16_t subtype, byte_span whole) {
  if (subtype != address_family_ipv4 && subtype != address_family_ipv6)
    return unknown_record{whole};
  const bool ipv6 = subtype == address_family_ipv6;
  wire::reader in{whole};
  table_dump out;
  out.view = in.u16();
  out.sequence = in.u16();
  const auto address = read_address(in, ipv6);
  const unsigned length = in.u8();
  if (length > (ipv6 ? 128U : 32U))
    in.fail();
  out.destination = {address, length};
  in.u8(); // status: always 1, to be ignored
  out.originated = in.u32();
  out.peer = read_address(in, ipv6);
  out.peer_as = in.u16();
  out.attributes = in.take(in.u16());
  return finish(in, whole, std::move(out));
}

// RFC 6396 §4.3.1
body read_peer_index_table(byte_span whole) {
  wire::reader in{whole};
  peer_index_table out;
  out.collector = router_id{in.u32()};
  const auto name = in.take(in.u16());
  out.view_name = {reinterpret_cast<const char*>(name.data()), name.size()};
  const std::size_t count = in.u16();
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    const unsigned kind = in.u8();
    table_peer peer;
    peer.id = router_id{in.u32()};
    peer.address = read_address(in, (kind & 1U) != 0);
    peer.as = read_as(in, (kind & 2U) != 0);
    out.peers.push_back(peer);
  }
  return finish(in, whole, std::move(out));
}

// RFC 6396 §4.3.2, RFC 8050 §4
body read_rib(family routes, bool add_path, byte_span whole) {
  wire::reader in{whole};
  rib out;
  out.routes = routes;
  out.sequence = in.u32();
  out.destination = read_packed_prefix(in, routes);
  const std::size_t count = in.u16();
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    rib_entry entry;
    entry.peer_index = in.u16();
    entry.originated = in.u32();
    if (add_path)
      entry.path_id = in.u32();
    entry.attributes = in.take(in.u16());
    out.entries.push_back(entry);
  }
  return finish(in, whole, std::move(out));
}

body read_table_dump_v2(std::uint16_t subtype, byte_span whole) {
  switch (subtype) {
  case 1:
    return read_peer_index_table(whole);
  case 2:
    return read_rib(ipv4_unicast, false, whole);
  case 4:
    return read_rib(ipv6_unicast, false, whole);
  case 8:
    return read_rib(ipv4_unicast, true, whole);
  case 10:
    return read_rib(ipv6_unicast, true, whole);
  default:
    return unknown_record{whole};
  }
}

/// What a subtype of BGP4MP says of the record (RFC 6396 §4.4, RFC 8050 §3).
struct bgp4mp_form {
  std::uint16_t subtype;
  bool state_change;
  bool four_octet_as;
  bool local;
  bool add_path;
};
constexpr std::array bgp4mp_forms{
    bgp4mp_form{0, true, false, false, false},
    bgp4mp_form{1, false, false, false, false},
    bgp4mp_form{4, false, true, false, false},
    bgp4mp_form{5, true, true, false, false},
    bgp4mp_form{6, false, false, true, false},
    bgp4mp_form{7, false, true, true, false},
    bgp4mp_form{8, false, false, false, true},
    bgp4mp_form{9, false, true, false, true},
    bgp4mp_form{10, false, false, true, true},
    bgp4mp_form{11, false, true, true, true},
};

conversation read_conversation(wire::reader& in, bool four_octet_as) {
  conversation out;
  out.peer_as = read_as(in, four_octet_as);
  out.local_as = read_as(in, four_octet_as);
  out.interface_index = in.u16();
  const auto address_family = in.u16();
  if (address_family != address_family_ipv4
      && address_family != address_family_ipv6) {
    in.fail();
    return out;
  }
  out.peer = read_address(in, address_family == address_family_ipv6);
  out.local = read_address(in, address_family == address_family_ipv6);
  return out;
}

// RFC 6396 §4.4
body read_bgp4mp(std::uint16_t subtype, byte_span whole) {
  const auto form =
      std::find_if(bgp4mp_forms.begin(), bgp4mp_forms.end(),
                   [&](const auto& f) { return f.subtype == subtype; });
  if (form == bgp4mp_forms.end())
    return unknown_record{whole};
  wire::reader in{whole};
  const auto between = read_conversation(in, form->four_octet_as);
  if (form->state_change) {
    bgp_state_change out{between, in.u16(), in.u16()};
    return finish(in, whole, out);
  }
  bgp_message out{between, form->four_octet_as, form->add_path, form->local,
                  in.take_rest()};
  return finish(in, whole, out);
}

body read_body(const record_header& header, byte_span whole) {
  switch (static_cast<type>(header.type)) {
  case type::table_dump:
    return read_table_dump(header.subtype, whole);
  case type::table_dump_v2:
    return read_table_dump_v2(header.subtype, whole);
  case type::bgp4mp:
  case type::bgp4mp_extended:
    return read_bgp4mp(header.subtype, whole);
  }
  return unknown_record{whole};
}

} // namespace

bool reader::next(record& out) {
  if (!error_.empty() || offset_ == bytes_.size())
    return false;
  wire::reader in{bytes_.subspan(offset_)};
  out.header = {in.u32(), 0, in.u16(), in.u16()};
  const std::size_t length = in.u32();
  if (in.failed()) {
    error_ = "the file ends within a header";
    return false;
  }
  if (length > max_body_size) {
    error_ = "a record longer than any real one";
    return false;
  }
  auto whole = in.take(length);
  if (in.failed()) {
    error_ = "the file ends within a record";
    return false;
  }
  offset_ = bytes_.size() - in.remaining();
  if (static_cast<type>(out.header.type) == type::bgp4mp_extended) {
    // RFC 6396 §3: the microseconds count as part of the length.
    wire::reader extended{whole};
    out.header.microseconds = extended.u32();
    if (extended.failed()) {
      out.body = malformed_record{"no microseconds", whole};
      return true;
    }
    whole = extended.rest();
  }
  out.body = read_body(out.header, whole);
  return true;
}

} // namespace troupe::protocol::mrt
