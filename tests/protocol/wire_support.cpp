#include "tests/protocol/wire_support.hpp"

#include "protocol/wire/writer.hpp"

#include <cctype>

namespace troupe::protocol::wire::testing {

byte_vector hex(std::string_view text) {
  byte_vector result;
  unsigned value = 0;
  int digits = 0;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0)
      continue;
    const int lower = std::tolower(static_cast<unsigned char>(c));
    value =
        value << 4
        | static_cast<unsigned>(lower >= 'a' ? lower - 'a' + 10 : lower - '0');
    if (++digits % 2 == 0) {
      result.push_back(static_cast<std::uint8_t>(value));
      value = 0;
    }
  }
  TROUPE_CHECK(digits % 2 == 0, "an odd number of hex digits");
  return result;
}

std::string to_hex(byte_span bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto octet : bytes) {
    text += digits[octet >> 4];
    text += digits[octet & 0xfU];
  }
  return text;
}

byte_vector join(std::initializer_list<byte_vector> parts) {
  byte_vector result;
  for (const auto& part : parts)
    result.insert(result.end(), part.begin(), part.end());
  return result;
}

byte_vector attribute(unsigned flags, unsigned code, const byte_vector& value) {
  byte_vector result;
  writer w{result};
  const bool extended = value.size() > 255;
  w.u8(static_cast<std::uint8_t>(flags
                                 | (extended ? flag_extended_length : 0U)));
  w.u8(static_cast<std::uint8_t>(code));
  if (extended)
    w.u16(static_cast<std::uint16_t>(value.size()));
  else
    w.u8(static_cast<std::uint8_t>(value.size()));
  w.bytes(value);
  return result;
}

byte_vector mandatory_attributes() {
  return hex("40010100 40020602010000fde9 400304c0000201");
}

byte_vector update_body(const byte_vector& withdrawn,
                        const byte_vector& attributes,
                        const byte_vector& nlri) {
  byte_vector result;
  writer w{result};
  w.u16(static_cast<std::uint16_t>(withdrawn.size()));
  w.bytes(withdrawn);
  w.u16(static_cast<std::uint16_t>(attributes.size()));
  w.bytes(attributes);
  w.bytes(nlri);
  return result;
}

std::vector<frame> frames_of(byte_span stream, std::size_t max_message_size) {
  std::vector<frame> result;
  while (!stream.empty()) {
    const auto next = next_frame(stream, max_message_size);
    if (!next || !*next) {
      ADD_FAILURE() << "malformed or incomplete message";
      break;
    }
    result.push_back(**next);
    stream = stream.subspan((*next)->whole.size());
  }
  return result;
}

std::vector<nlri> nlri_of(byte_span bytes, family f, bool add_path) {
  std::vector<nlri> result;
  nlri_reader r{bytes, f, add_path};
  for (nlri each; r.next(each);)
    result.push_back(each);
  EXPECT_FALSE(r.failed());
  return result;
}

negotiated plain_session() {
  negotiated session;
  session.as4 = true;
  session.families = {{ipv4_unicast, false, false},
                      {ipv6_unicast, false, false}};
  session.local_as = 65000;
  session.peer_as = 65001;
  return session;
}

nlri v4(std::string_view text, std::uint32_t path_id) {
  return to_nlri(prefix::parse(text).value(), path_id);
}

nlri v6(std::string_view text, std::uint32_t path_id) {
  return to_nlri(prefix::parse(text).value(), path_id);
}

ip_address address(std::string_view text) {
  return ip_address::parse(text).value();
}

as_path path_of(std::initializer_list<as_number> sequence) {
  return as_path{std::span<const as_number>{sequence.begin(), sequence.size()}};
}

} // namespace troupe::protocol::wire::testing
