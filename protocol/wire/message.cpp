#include "protocol/wire/message.hpp"

#include "protocol/wire/writer.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

std::string_view name_of(message_type type) {
  switch (type) {
  case message_type::open:
    return "OPEN";
  case message_type::update:
    return "UPDATE";
  case message_type::notification:
    return "NOTIFICATION";
  case message_type::keepalive:
    return "KEEPALIVE";
  case message_type::route_refresh:
    return "ROUTE-REFRESH";
  }
  return "unknown";
}

decode_error detail::header_error(byte_span header,
                                  std::size_t max_message_size) {
  if (std::any_of(header.begin(), header.begin() + 16,
                  [](std::uint8_t octet) { return octet != 0xff; }))
    return make_error(header_subcode::connection_not_synchronized,
                      "marker is not all ones");
  const auto length = length_in(header);
  const unsigned type = header[18];
  if (length < shortest(type) || length > longest(type, max_message_size))
    return make_error(header_subcode::bad_message_length,
                      "message length out of bounds", {header[16], header[17]});
  return make_error(header_subcode::bad_message_type, "unknown message type",
                    {header[18]});
}

std::size_t begin_message(message_type type, std::vector<std::uint8_t>& out) {
  const auto start = out.size();
  out.insert(out.end(), 16, 0xff);
  out.insert(out.end(), {0, 0, static_cast<std::uint8_t>(type)});
  return start;
}

void end_message(std::size_t start, std::vector<std::uint8_t>& out) {
  writer{out}.set_u16(start + 16, out.size() - start);
}

void encode_keepalive(std::vector<std::uint8_t>& out) {
  end_message(begin_message(message_type::keepalive, out), out);
}

} // namespace troupe::protocol::wire
