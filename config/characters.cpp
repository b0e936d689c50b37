#include "config/parse.hpp"

namespace troupe::config {

namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

bool is_continuation(unsigned byte) {
  return (byte & 0xc0U) == 0x80U;
}

/// The length of the UTF-8 character at `i` (RFC 3629 §4); 0 if it is none.
std::size_t character_length(std::string_view text, std::size_t i) {
  const unsigned first = byte_at(text, i);
  const unsigned second = byte_at(text, i + 1);
  if (first < 0x80)
    return 1;
  if (first < 0xc2 || first > 0xf4 || !is_continuation(second))
    return 0;
  if (first < 0xe0)
    return 2;
  const bool overlong =
      (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_large = first == 0xf4 && second >= 0x90;
  if (overlong || surrogate || too_large
      || !is_continuation(byte_at(text, i + 2)))
    return 0;
  if (first < 0xf0)
    return 3;
  return is_continuation(byte_at(text, i + 3)) ? 4 : 0;
}

bool is_control(unsigned byte) {
  return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')
         || byte == 0x7f;
}

} // namespace

bool check_characters(std::string_view text, report& errors) {
  position at{1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const auto length = character_length(text, i);
    const bool control = length == 1 && is_control(byte_at(text, i));
    if (length == 0 || control) {
      errors.error(at, "",
                   control ? "control characters are not allowed"
                           : "the text is not UTF-8");
      return false;
    }
    const bool line_end = text[i] == '\n';
    at.line += line_end ? 1 : 0;
    at.column = line_end ? 1 : at.column + static_cast<std::uint32_t>(length);
    i += length;
  }
  return true;
}

} // namespace troupe::config
