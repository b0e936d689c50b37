#include "protocol/wire/communities.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <vector>

namespace troupe::protocol::wire {

namespace {

struct known_community {
  community value;
  std::string_view name;
};

constexpr std::array<known_community, 8> known_communities{{
    {graceful_shutdown, "graceful-shutdown"},
    {llgr_stale, "llgr-stale"},
    {no_llgr, "no-llgr"},
    {blackhole, "blackhole"},
    {no_export, "no-export"},
    {no_advertise, "no-advertise"},
    {no_export_subconfed, "no-export-subconfed"},
    {no_peer, "no-peer"},
}};

std::optional<std::uint32_t>
number(std::string_view text,
       std::uint32_t most = std::numeric_limits<std::uint32_t>::max()) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != end
      || value > most)
    return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (auto colon = text.find(':'); colon != text.npos;
       colon = text.find(':')) {
    parts.push_back(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  parts.push_back(text);
  return parts;
}

// Types of extended communities whose value is an administrator and a number.
constexpr std::uint8_t two_octet_as_specific = 0x00;  // RFC 4360 §3.1
constexpr std::uint8_t ipv4_address_specific = 0x01;  // RFC 4360 §3.2
constexpr std::uint8_t four_octet_as_specific = 0x02; // RFC 5668 §2
constexpr std::uint8_t route_target = 0x02;           // RFC 4360 §4
constexpr std::uint8_t route_origin = 0x03;           // RFC 4360 §5

std::string dotted(std::uint32_t address) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string((address >> shift) & 0xffU);
    if (shift > 0)
      text += '.';
  }
  return text;
}

std::optional<std::uint32_t> parse_dotted(std::string_view text) {
  std::uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    const auto dot = text.find('.');
    if ((dot == text.npos) != (i == 3))
      return std::nullopt;
    const auto octet = number(text.substr(0, dot), 255);
    if (!octet)
      return std::nullopt;
    address = address << 8 | *octet;
    text.remove_prefix(dot == text.npos ? text.size() : dot + 1);
  }
  return address;
}

std::string hexadecimal(std::uint64_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 60; shift >= 0; shift -= 4)
    text += digits[(value >> shift) & 0xfU];
  return text;
}

extended_community build(std::uint8_t type, std::uint8_t subtype,
                         std::uint64_t rest) {
  return {std::uint64_t{type} << 56 | std::uint64_t{subtype} << 48 | rest};
}

std::optional<extended_community> parse_specific(std::uint8_t subtype,
                                                 std::string_view administrator,
                                                 std::string_view assigned) {
  const auto low = number(assigned);
  if (!low)
    return std::nullopt;
  const bool is_address = administrator.find('.') != administrator.npos;
  const auto high =
      is_address ? parse_dotted(administrator) : number(administrator);
  if (!high)
    return std::nullopt;
  if (!is_address && *high <= 0xffff)
    return build(two_octet_as_specific, subtype,
                 std::uint64_t{*high} << 32 | *low);
  if (*low > 0xffff)
    return std::nullopt;
  return build(is_address ? ipv4_address_specific : four_octet_as_specific,
               subtype, std::uint64_t{*high} << 16 | *low);
}

} // namespace

std::string to_string(community c) {
  for (const auto& known : known_communities)
    if (known.value == c)
      return std::string{known.name};
  return std::to_string(c.value >> 16) + ':'
         + std::to_string(c.value & 0xffffU);
}

std::optional<community> parse_community(std::string_view text) {
  for (const auto& known : known_communities)
    if (known.name == text)
      return known.value;
  const auto parts = split(text);
  if (parts.size() == 1) {
    const auto value = number(text);
    return value ? std::optional{community{*value}} : std::nullopt;
  }
  if (parts.size() != 2)
    return std::nullopt;
  const auto high = number(parts[0], 0xffff);
  const auto low = number(parts[1], 0xffff);
  if (!high || !low)
    return std::nullopt;
  return community{*high << 16 | *low};
}

std::string to_string(extended_community c) {
  const auto subtype = c.subtype();
  if (subtype != route_target && subtype != route_origin)
    return hexadecimal(c.value);
  const std::string name = subtype == route_target ? "rt:" : "soo:";
  const auto low = static_cast<std::uint32_t>(c.value);
  const auto middle = static_cast<std::uint32_t>(c.value >> 16);
  switch (c.type()) {
  case two_octet_as_specific:
    return name + std::to_string((c.value >> 32) & 0xffffU) + ':'
           + std::to_string(low);
  case ipv4_address_specific:
    return name + dotted(middle) + ':' + std::to_string(low & 0xffffU);
  case four_octet_as_specific:
    // A small AS number would be read back as the two-octet form.
    if (middle > 0xffff)
      return name + std::to_string(middle) + ':'
             + std::to_string(low & 0xffffU);
    return hexadecimal(c.value);
  default:
    return hexadecimal(c.value);
  }
}

std::optional<extended_community>
parse_extended_community(std::string_view text) {
  if (text.substr(0, 2) == "0x") {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data() + 2, end, value, 16);
    if (text.size() != 18 || result.ec != std::errc{} || result.ptr != end)
      return std::nullopt;
    return extended_community{value};
  }
  const auto parts = split(text);
  if (parts.size() != 3 || (parts[0] != "rt" && parts[0] != "soo"))
    return std::nullopt;
  return parse_specific(parts[0] == "rt" ? route_target : route_origin,
                        parts[1], parts[2]);
}

std::string to_string(const large_community& c) {
  return std::to_string(c.global) + ':' + std::to_string(c.local1) + ':'
         + std::to_string(c.local2);
}

std::optional<large_community> parse_large_community(std::string_view text) {
  const auto parts = split(text);
  if (parts.size() != 3)
    return std::nullopt;
  const auto global = number(parts[0]);
  const auto local1 = number(parts[1]);
  const auto local2 = number(parts[2]);
  if (!global || !local1 || !local2)
    return std::nullopt;
  return large_community{*global, *local1, *local2};
}

} // namespace troupe::protocol::wire
