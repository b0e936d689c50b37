#pragma once

#include "protocol/outcome.hpp"
#include "protocol/wire/reader.hpp"

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

/// Cuts the first message off a receive buffer without copying.
///
/// Nothing while the message is incomplete; an error (RFC 4271 §6.1) as soon
/// as the 19 bytes of the header show it: 1/1 marker, 1/2 length with the
/// length field as data, 1/3 type with the type octet as data.
/// `max_message_size` is what we accept from this peer: standard_message_size,
/// or extended_message_size where we have announced RFC 8654.
outcome<std::optional<frame>> next_frame(byte_span buffer,
                                         std::size_t max_message_size);

/// Appends marker, a length of zero and the type; returns where the message
/// begins, for end_message.
std::size_t begin_message(message_type type, std::vector<std::uint8_t>& out);
/// Patches the length of the message that begins at `start`. More than
/// extended_message_size is our mistake.
void end_message(std::size_t start, std::vector<std::uint8_t>& out);

/// Appends a KEEPALIVE (RFC 4271 §4.4).
void encode_keepalive(std::vector<std::uint8_t>& out);

} // namespace troupe::protocol::wire
