#pragma once

#include "actors/log/record.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::log {

/// What is the same in all lines of a process.
struct origin {
  std::string name = "troupe";
  std::string hostname;
  std::int64_t pid = 0;
};

/// One JSON object without a line end: msg v name level time hostname pid, the
/// record's fields, unit module component.
std::string render_json(const record& r, const origin& from,
                        std::chrono::system_clock::time_point time);

/// One line for people, without a line end: time, level, unit, what the record
/// is about (neighbor, connection), message, the other fields as key=value.
std::string render_text(const record& r,
                        std::chrono::system_clock::time_point time);

/// RFC 3339 in UTC with nine digits of fraction and a Z.
std::string render_time(std::chrono::system_clock::time_point time);

/// Appends a JSON string with its quotation marks. Bytes that are not UTF-8
/// become U+FFFD, one per maximal ill-formed part (Unicode 15 §3.9).
void append_json_string(std::string& out, std::string_view text);

/// Bytes as "[ff, 0, 1a]", as the messages' dumps are written.
std::string hex_list(std::span<const std::uint8_t> bytes);

/// "Connection refused (os error 111)".
std::string os_error_text(int error);

} // namespace troupe::log
