#pragma once

#include "protocol/outcome.hpp"
#include "protocol/wire/reader.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::protocol::wire {

/// Message types: RFC 4271 §4.1, RFC 2918 §3.
enum class message_type : std::uint8_t {
  open = 1,
  update = 2,
  notification = 3,
  keepalive = 4,
  route_refresh = 5,
};

/// "OPEN", "UPDATE", ...
std::string_view name_of(message_type type);

/// Marker, length, type (RFC 4271 §4.1).
inline constexpr std::size_t header_size = 19;
/// The most that a message may have without RFC 8654, and an OPEN or a
/// KEEPALIVE at all.
inline constexpr std::size_t standard_message_size = 4096;
/// The most that a message may have with RFC 8654.
inline constexpr std::size_t extended_message_size = 65535;

/// One whole message within a receive buffer; refers to that buffer.
struct frame {
  message_type type = message_type::keepalive;
  /// What follows the header.
  byte_span body;
  /// Header and body.
  byte_span whole;
};

/// The length that a header of 19 bytes or more says, whatever it is worth.
inline std::size_t length_in(byte_span header) {
  return static_cast<std::size_t>(header[16] << 8 | header[17]);
}

namespace detail {
decode_error header_error(byte_span header, std::size_t max_message_size);

// Bounds of a message's length (RFC 4271 §6.1, RFC 8654 §4); an unknown type
// has those of the header, as has ROUTE-REFRESH, whose decoder knows what a
// short one calls for.
constexpr std::size_t shortest(unsigned type) {
  constexpr std::array<std::uint8_t, 6> sizes{19, 29, 23, 21, 19, 19};
  return type < sizes.size() ? sizes[type] : header_size;
}
constexpr std::size_t longest(unsigned type, std::size_t max_message_size) {
  if (type == static_cast<unsigned>(message_type::keepalive))
    return header_size;
  if (type == static_cast<unsigned>(message_type::open))
    return standard_message_size;
  return max_message_size;
}
} // namespace detail

/// Cuts the first message off a receive buffer without copying.
///
/// Nothing while the message is incomplete; an error (RFC 4271 §6.1) as soon
/// as the 19 bytes of the header show it: 1/1 marker, 1/2 length with the
/// length field as data, 1/3 type with the type octet as data.
/// `max_message_size` is what we accept from this peer: standard_message_size,
/// or extended_message_size where we have announced RFC 8654.
inline outcome<std::optional<frame>> next_frame(byte_span buffer,
                                                std::size_t max_message_size) {
  if (buffer.size() < header_size)
    return std::optional<frame>{};
  std::array<std::uint64_t, 2> marker{};
  std::memcpy(marker.data(), buffer.data(), 16);
  const auto length = length_in(buffer);
  const unsigned type = buffer[18];
  if ((marker[0] & marker[1]) != ~std::uint64_t{0} || type - 1U > 4U
      || length < detail::shortest(type)
      || length > detail::longest(type, max_message_size))
    return detail::header_error(buffer.first(header_size), max_message_size);
  if (buffer.size() < length)
    return std::optional<frame>{};
  return std::optional<frame>{frame{
      static_cast<message_type>(type),
      buffer.subspan(header_size, length - header_size), buffer.first(length)}};
}

/// What stands behind the first message of a receive buffer, by the length that
/// its header names; empty where it is not there as a whole.
inline byte_span behind_message(byte_span buffer) {
  if (buffer.size() < header_size)
    return {};
  const auto length = length_in(buffer);
  return length < header_size || length > buffer.size()
             ? byte_span{}
             : buffer.subspan(length);
}

/// Appends marker, a length of zero and the type; returns where the message
/// begins, for end_message.
std::size_t begin_message(message_type type, std::vector<std::uint8_t>& out);
/// Patches the length of the message that begins at `start`. More than
/// extended_message_size is our mistake.
void end_message(std::size_t start, std::vector<std::uint8_t>& out);

/// Appends a KEEPALIVE (RFC 4271 §4.4).
void encode_keepalive(std::vector<std::uint8_t>& out);

} // namespace troupe::protocol::wire
