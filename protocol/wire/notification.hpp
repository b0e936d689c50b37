#pragma once

#include "protocol/outcome.hpp"
#include "protocol/wire/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::protocol::wire {

/// A NOTIFICATION as received (RFC 4271 §4.5); `code` may be any octet.
struct notification_message {
  notification_code code = notification_code::cease;
  std::uint8_t subcode = 0;
  std::vector<std::uint8_t> data;

  friend bool operator==(const notification_message&,
                         const notification_message&) = default;
};

/// Decodes the body of a NOTIFICATION. Unknown codes are no error. The error
/// of a body that is too short is for the log only: a NOTIFICATION is never
/// answered (RFC 4271 §6.4).
outcome<notification_message> decode_notification(byte_span body);

/// Appends a whole NOTIFICATION. Data that would exceed
/// standard_message_size is cut.
void encode_notification(const notification_message& message,
                         std::vector<std::uint8_t>& out);
/// Appends the NOTIFICATION that this error is, cut to `max_size`: what the
/// peer takes (RFC 8654 §5).
void encode_notification(const decode_error& error,
                         std::vector<std::uint8_t>& out,
                         std::size_t max_size = standard_message_size);

/// The text that a Cease for administrative shutdown or reset carries, made
/// safe for a log: control characters and invalid UTF-8 become '?' (RFC 9003).
/// Nothing for any other NOTIFICATION, for no text, or a malformed one. Looks
/// into a hard reset (RFC 8538 §3.1).
std::optional<std::string> shutdown_text(const notification_message& message);
/// The data of such a Cease: a length octet and at most 255 bytes of UTF-8,
/// cut at a character boundary (RFC 9003 §2).
std::vector<std::uint8_t> shutdown_data(std::string_view text);

/// Wraps a code and subcode into a Cease with subcode hard reset (RFC 8538
/// §3.1).
notification_message hard_reset(const notification_message& inner);
/// What a hard reset carries; nothing if the message is no hard reset or its
/// data is too short.
std::optional<notification_message>
unwrap_hard_reset(const notification_message& message);

} // namespace troupe::protocol::wire
