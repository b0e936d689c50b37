#include "protocol/wire/route_refresh.hpp"

#include "protocol/wire/message.hpp"
#include "protocol/wire/writer.hpp"

namespace troupe::protocol::wire {

namespace {

// RFC 7313 §5: the data is the complete message.
decode_error wrong_length_of_mark(byte_span body) {
  std::vector<std::uint8_t> whole;
  const auto start = begin_message(message_type::route_refresh, whole);
  writer{whole}.bytes(body);
  end_message(start, whole);
  return make_error(route_refresh_subcode::invalid_message_length,
                    "ROUTE-REFRESH has a wrong length", std::move(whole));
}

decode_error too_short(byte_span body) {
  std::vector<std::uint8_t> length;
  writer{length}.u16(static_cast<std::uint16_t>(header_size + body.size()));
  return make_error(header_subcode::bad_message_length,
                    "ROUTE-REFRESH is too short", std::move(length));
}

} // namespace

outcome<route_refresh_message> decode_route_refresh(byte_span body,
                                                    bool enhanced) {
  reader r{body};
  route_refresh_message message;
  message.address_family.afi = r.u16();
  message.kind = static_cast<route_refresh_kind>(r.u8());
  message.address_family.safi = r.u8();
  const bool marker = message.kind == route_refresh_kind::begin
                      || message.kind == route_refresh_kind::end;
  if (enhanced && marker && (r.failed() || !r.empty()))
    return wrong_length_of_mark(body);
  if (r.failed())
    return too_short(body);
  message.trailing.assign(r.rest().begin(), r.rest().end());
  return message;
}

void encode_route_refresh(const route_refresh_message& message,
                          std::vector<std::uint8_t>& out) {
  const auto start = begin_message(message_type::route_refresh, out);
  writer w{out};
  w.u16(message.address_family.afi);
  w.u8(static_cast<std::uint8_t>(message.kind));
  w.u8(message.address_family.safi);
  w.bytes(message.trailing);
  end_message(start, out);
}

} // namespace troupe::protocol::wire
