#include "rib/policy_definition.hpp"

#include <charconv>
#include <string>
#include <utility>

namespace troupe::rib {

namespace {

std::optional<std::uint32_t> parse_number(std::string_view text,
                                          std::uint32_t most) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != end
      || value > most)
    return std::nullopt;
  return value;
}

using text_pair = std::pair<std::string_view, std::string_view>;

/// What stands before and after the first separator; nothing without one.
std::optional<text_pair> split(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == text.npos)
    return std::nullopt;
  return text_pair{text.substr(0, at), text.substr(at + 1)};
}

std::uint8_t longest_of(const protocol::prefix& p) {
  return p.address().is_v4() ? 32 : 128;
}

constexpr std::pair<std::string_view, std::uint32_t> well_known[] = {
    {"graceful_shutdown", 0xffff0000U},   // RFC 8326
    {"llgr_stale", 0xffff0006U},          // RFC 9494
    {"no_llgr", 0xffff0007U},             // RFC 9494
    {"blackhole", 0xffff029aU},           // RFC 7999
    {"no_export", 0xffffff01U},           // RFC 1997
    {"no_advertise", 0xffffff02U},        // RFC 1997
    {"no_export_subconfed", 0xffffff03U}, // RFC 1997
    {"no_peer", 0xffffff04U},             // RFC 3765
};

} // namespace

prefix_range prefix_range::exactly(const protocol::prefix& p) {
  const auto length = static_cast<std::uint8_t>(p.length());
  return {p, length, length};
}

std::optional<prefix_range> prefix_range::parse(std::string_view text) {
  const bool or_longer = text.ends_with('+');
  if (or_longer)
    text.remove_suffix(1);
  std::optional<text_pair> lengths;
  if (const auto parts = split(text, '{');
      parts && !or_longer && text.ends_with('}')) {
    lengths = split(parts->second.substr(0, parts->second.size() - 1), ',');
    if (!lengths)
      return std::nullopt;
    text = parts->first;
  }
  const auto covering = protocol::prefix::parse(text);
  if (!covering)
    return std::nullopt;
  auto result = exactly(*covering);
  if (or_longer)
    result.longest = longest_of(*covering);
  if (!lengths)
    return result;
  const auto shortest = parse_number(lengths->first, longest_of(*covering));
  const auto longest = parse_number(lengths->second, longest_of(*covering));
  if (!shortest || !longest || *shortest < covering->length()
      || *longest < *shortest)
    return std::nullopt;
  result.shortest = static_cast<std::uint8_t>(*shortest);
  result.longest = static_cast<std::uint8_t>(*longest);
  return result;
}

bool prefix_range::matches(const protocol::prefix& p) const {
  return p.length() >= shortest && p.length() <= longest
         && covering.contains(p);
}

std::string to_string(const prefix_range& range) {
  auto text = to_string(range.covering);
  const bool from_itself = range.shortest == range.covering.length();
  if (from_itself && range.longest == range.shortest)
    return text;
  if (from_itself && range.longest == longest_of(range.covering))
    return text + '+';
  return text + '{' + std::to_string(range.shortest) + ','
         + std::to_string(range.longest) + '}';
}

std::optional<as_range> as_range::parse(std::string_view text) {
  constexpr auto most = 0xffffffffU;
  const auto parts = split(text, '-').value_or(text_pair{text, text});
  const auto first = parse_number(parts.first, most);
  const auto last = parse_number(parts.second, most);
  if (!first || !last || *last < *first)
    return std::nullopt;
  return as_range{*first, *last};
}

std::string to_string(const as_range& range) {
  const auto first = std::to_string(range.first);
  return range.first == range.last ? first
                                   : first + '-' + std::to_string(range.last);
}

std::optional<community_pattern>
community_pattern::parse(std::string_view text) {
  for (const auto& [name, value] : well_known)
    if (text == name)
      return community_pattern{value, 0xffffffffU};
  const auto parts = split(text, ':');
  if (!parts)
    return std::nullopt;
  community_pattern result{0, 0};
  for (const auto& part : {parts->first, parts->second}) {
    result.value <<= 16;
    result.mask <<= 16;
    if (part == "*")
      continue;
    const auto number = parse_number(part, 0xffff);
    if (!number)
      return std::nullopt;
    result.value |= *number;
    result.mask |= 0xffffU;
  }
  return result;
}

std::string to_string(const community_pattern& pattern) {
  std::string text;
  for (const unsigned shift : {16U, 0U}) {
    const bool any = ((pattern.mask >> shift) & 0xffffU) == 0;
    text += any ? "*" : std::to_string((pattern.value >> shift) & 0xffffU);
    if (shift > 0)
      text += ':';
  }
  return text;
}

std::optional<large_community_pattern>
large_community_pattern::parse(std::string_view text) {
  large_community_pattern result;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto parts = split(text, ':');
    if (parts.has_value() != (i < 2))
      return std::nullopt;
    const auto part = parts ? parts->first : text;
    if (part != "*") {
      result.parts[i] = parse_number(part, 0xffffffffU);
      if (!result.parts[i])
        return std::nullopt;
    }
    if (parts)
      text = parts->second;
  }
  return result;
}

std::string to_string(const large_community_pattern& pattern) {
  std::string text;
  for (const auto& part : pattern.parts)
    text += (text.empty() ? "" : ":") + (part ? std::to_string(*part) : "*");
  return text;
}

std::string to_string(route_source_kind kind) {
  switch (kind) {
  case route_source_kind::local:
    return "local";
  case route_source_kind::internal:
    return "internal";
  case route_source_kind::external:
    return "external";
  }
  return "external";
}

std::string to_string(policy_action action) {
  switch (action) {
  case policy_action::accept:
    return "accept";
  case policy_action::reject:
    return "reject";
  case policy_action::next:
    return "next";
  }
  return "next";
}

} // namespace troupe::rib
