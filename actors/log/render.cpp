#include "actors/log/render.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <variant>

namespace troupe::log {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD

/// What a text begins with: so many bytes, and whether they are a character.
struct utf8_part {
  std::size_t size = 1;
  bool valid = false;
};

/// Unicode 15 §3.9, tables 3-7 and 3-8.
utf8_part next_part(std::string_view text) {
  auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  auto first = byte(0);
  if (first < 0x80)
    return {1, true};
  std::size_t size = 0;
  if (first >= 0xc2 && first <= 0xdf)
    size = 2;
  else if (first >= 0xe0 && first <= 0xef)
    size = 3;
  else if (first >= 0xf0 && first <= 0xf4)
    size = 4;
  else
    return {1, false};
  // The second byte tells overlong forms, surrogates and what is too large.
  auto low = first == 0xe0 ? 0xa0U : first == 0xf0 ? 0x90U : 0x80U;
  auto high = first == 0xed ? 0x9fU : first == 0xf4 ? 0x8fU : 0xbfU;
  for (std::size_t i = 1; i < size; ++i) {
    if (byte(i) < low || byte(i) > high)
      return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {size, true};
}

void append_escaped(std::string& out, char c, bool quoted) {
  switch (c) {
  case '"':
  case '\\':
    if (quoted)
      out += '\\';
    out += c;
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    break;
  }
  auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte != 0x7f) {
    out += c;
    return;
  }
  out += "\\u00";
  out += hex_digits[byte >> 4U];
  out += hex_digits[byte & 15U];
}

/// Printable and valid UTF-8; the content of a JSON string where `quoted`.
void append_content(std::string& out, std::string_view text, bool quoted) {
  while (!text.empty()) {
    auto part = next_part(text);
    if (!part.valid)
      out += replacement;
    else if (part.size == 1)
      append_escaped(out, text.front(), quoted);
    else
      out += text.substr(0, part.size);
    text.remove_prefix(part.size);
  }
}

void append_key(std::string& out, std::string_view key) {
  if (out.size() > 1)
    out += ',';
  append_json_string(out, key);
  out += ':';
}

void append_text(std::string& out, std::string_view key,
                 std::string_view text) {
  append_key(out, key);
  append_json_string(out, text);
}

void append_number(std::string& out, std::string_view key,
                   std::int64_t number) {
  append_key(out, key);
  out += std::to_string(number);
}

/// Texts as given, the rest as in JSON.
std::string plain(const value& v) {
  if (auto* text = std::get_if<std::string>(&v))
    return *text;
  if (auto* truth = std::get_if<bool>(&v))
    return *truth ? "true" : "false";
  if (auto* number = std::get_if<std::int64_t>(&v))
    return std::to_string(*number);
  return std::to_string(std::get<std::uint64_t>(v));
}

void append_value(std::string& out, const value& v) {
  if (auto* text = std::get_if<std::string>(&v))
    append_json_string(out, *text);
  else
    out += plain(v);
}

/// A value for people: quoted only where it would not be clear where it ends.
void append_plain(std::string& out, const value& v) {
  auto text = plain(v);
  auto clear =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != '=';
      });
  if (clear)
    out += text;
  else
    append_json_string(out, text);
}

const value* find(const record& r, std::string_view key) {
  for (auto& f : r.fields)
    if (f.key == key)
      return &f.value;
  return nullptr;
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_content(out, text, true);
  out += '"';
}

std::string render_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  auto second = floor<seconds>(time);
  auto fraction = duration_cast<nanoseconds>(time - second).count();
  auto since_epoch = system_clock::to_time_t(second);
  std::tm utc{};
  gmtime_r(&since_epoch, &utc);
  std::array<char, 64> text{};
  auto size =
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + size, text.size() - size, ".%09lldZ",
                static_cast<long long>(fraction));
  return text.data();
}

std::string render_json(const record& r, const origin& from,
                        std::chrono::system_clock::time_point time) {
  std::string out;
  out.reserve(512);
  out += '{';
  append_text(out, "msg", r.message);
  append_number(out, "v", 0);
  append_text(out, "name", from.name);
  append_number(out, "level", static_cast<std::int64_t>(r.severity));
  append_text(out, "time", render_time(time));
  append_text(out, "hostname", from.hostname);
  append_number(out, "pid", from.pid);
  for (auto& f : r.fields) {
    append_key(out, f.key);
    append_value(out, f.value);
  }
  append_text(out, "unit", r.unit);
  append_text(out, "module", r.module);
  append_text(out, "component", r.component);
  out += '}';
  return out;
}

std::string render_text(const record& r,
                        std::chrono::system_clock::time_point time) {
  // What a line is about, in front; what is too long to read is left out.
  constexpr std::array<std::string_view, 5> subjects{
      "neighbor_name", "neighbor", "connection_id", "listen_address",
      "fsm_state"};
  constexpr std::array<std::string_view, 2> left_out{"session_clock",
                                                     "connection_clock"};
  auto contains = [](auto& keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  auto out = render_time(time);
  std::string severity(to_string(r.severity));
  severity.resize(6, ' ');
  out += ' ';
  out += severity;
  out += r.unit;
  for (auto key : subjects) {
    if (auto* v = find(r, key)) {
      out += ' ';
      append_plain(out, *v);
    }
  }
  out += ": ";
  append_content(out, r.message, false);
  for (auto& f : r.fields) {
    if (contains(subjects, f.key) || contains(left_out, f.key))
      continue;
    out += ' ';
    out += f.key;
    out += '=';
    append_plain(out, f.value);
  }
  return out;
}

std::string hex_list(std::span<const std::uint8_t> bytes) {
  std::string out = "[";
  out.reserve(2 + 4 * bytes.size());
  for (auto byte : bytes) {
    if (out.size() > 1)
      out += ", ";
    if (byte >= 16)
      out += hex_digits[byte >> 4U];
    out += hex_digits[byte & 15U];
  }
  out += ']';
  return out;
}

std::string os_error_text(int error) {
  return std::generic_category().message(error) + " (os error "
         + std::to_string(error) + ")";
}

} // namespace troupe::log
