#include "protocol/wire/notification.hpp"

#include "protocol/wire/message.hpp"
#include "protocol/wire/writer.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

namespace {

constexpr std::size_t longest_shutdown_text = 255; // RFC 9003 §2

bool carries_text(const notification_message& message) {
  using enum cease_subcode;
  return message.code == notification_code::cease
         && (message.subcode
                 == static_cast<std::uint8_t>(administrative_shutdown)
             || message.subcode
                    == static_cast<std::uint8_t>(administrative_reset));
}

bool is_continuation(std::uint8_t octet) {
  return (octet & 0xc0U) == 0x80U;
}

// The bytes of the well-formed UTF-8 character in front; 0 if there is none.
std::size_t character_size(byte_span text) {
  const std::uint8_t first = text[0];
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xc2 ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  if (size == 0 || text.size() < size)
    return 0;
  for (std::size_t i = 1; i < size; ++i)
    if (!is_continuation(text[i]))
      return 0;
  // Overlong forms, surrogates, beyond U+10FFFF (RFC 3629 §4).
  if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f)
      || (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f))
    return 0;
  return size;
}

std::string printable(byte_span text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const bool control = (size == 1 && (text[0] < 0x20 || text[0] == 0x7f))
                         || (size == 2 && text[0] == 0xc2 && text[1] < 0xa0);
    if (size == 0 || control)
      result += '?';
    else
      result.append(text.begin(),
                    text.begin() + static_cast<std::ptrdiff_t>(size));
    text = text.subspan(std::max<std::size_t>(size, 1));
  }
  return result;
}

void encode(notification_code code, std::uint8_t subcode, byte_span data,
            std::vector<std::uint8_t>& out) {
  const auto start = begin_message(message_type::notification, out);
  writer w{out};
  w.u8(static_cast<std::uint8_t>(code));
  w.u8(subcode);
  w.bytes(data);
  end_message(start, out);
}

byte_span cut(byte_span data, std::size_t max_size) {
  return data.first(std::min(data.size(), max_size - header_size - 2));
}

} // namespace

outcome<notification_message> decode_notification(byte_span body) {
  reader r{body};
  notification_message message;
  message.code = static_cast<notification_code>(r.u8());
  message.subcode = r.u8();
  if (r.failed())
    return make_error(header_subcode::bad_message_length,
                      "NOTIFICATION is too short");
  message.data.assign(r.rest().begin(), r.rest().end());
  return message;
}

void encode_notification(const notification_message& message,
                         std::vector<std::uint8_t>& out) {
  encode(message.code, message.subcode,
         cut(message.data, standard_message_size), out);
}

void encode_notification(const decode_error& error,
                         std::vector<std::uint8_t>& out, std::size_t max_size) {
  encode(error.code, error.subcode, cut(error.data, max_size), out);
}

std::optional<std::string> shutdown_text(const notification_message& message) {
  if (const auto inner = unwrap_hard_reset(message))
    return carries_text(*inner) ? shutdown_text(*inner) : std::nullopt;
  if (!carries_text(message))
    return std::nullopt;
  reader r{message.data};
  const auto text = r.take(r.u8());
  if (r.failed() || text.empty())
    return std::nullopt;
  return printable(text);
}

std::vector<std::uint8_t> shutdown_data(std::string_view text) {
  std::size_t size = std::min(text.size(), longest_shutdown_text);
  while (size > 0 && size < text.size()
         && is_continuation(static_cast<std::uint8_t>(text[size])))
    --size;
  std::vector<std::uint8_t> data{static_cast<std::uint8_t>(size)};
  data.insert(data.end(), text.begin(),
              text.begin() + static_cast<std::ptrdiff_t>(size));
  return data;
}

notification_message hard_reset(const notification_message& inner) {
  notification_message result{
      notification_code::cease,
      static_cast<std::uint8_t>(cease_subcode::hard_reset),
      {static_cast<std::uint8_t>(inner.code), inner.subcode}};
  result.data.insert(result.data.end(), inner.data.begin(), inner.data.end());
  return result;
}

std::optional<notification_message>
unwrap_hard_reset(const notification_message& message) {
  if (message.code != notification_code::cease
      || message.subcode != static_cast<std::uint8_t>(cease_subcode::hard_reset)
      || message.data.size() < 2)
    return std::nullopt;
  return notification_message{static_cast<notification_code>(message.data[0]),
                              message.data[1],
                              {message.data.begin() + 2, message.data.end()}};
}

} // namespace troupe::protocol::wire
