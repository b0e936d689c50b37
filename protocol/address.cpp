#include "protocol/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace troupe::protocol {

namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != end
      || value > most)
    return std::nullopt;
  return value;
}

} // namespace

ip_address ip_address::v4(std::uint32_t value) {
  ip_address result;
  for (std::size_t i = 0; i < 4; ++i)
    result.bytes_[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  return result;
}

ip_address ip_address::v6(std::span<const std::uint8_t, 16> bytes) {
  ip_address result;
  result.v6_ = true;
  std::copy(bytes.begin(), bytes.end(), result.bytes_.begin());
  return result;
}

std::optional<ip_address> ip_address::parse(std::string_view text) {
  const std::string terminated{text}; // inet_pton wants a terminator
  if (terminated.size() != text.size() || text.find('\0') != text.npos)
    return std::nullopt;
  std::array<std::uint8_t, 16> raw{};
  if (inet_pton(AF_INET, terminated.c_str(), raw.data()) == 1)
    return from_bytes({raw.data(), 4});
  if (inet_pton(AF_INET6, terminated.c_str(), raw.data()) == 1)
    return from_bytes(raw);
  return std::nullopt;
}

std::optional<ip_address>
ip_address::from_bytes(std::span<const std::uint8_t> b) {
  if (b.size() != 4 && b.size() != 16)
    return std::nullopt;
  ip_address result;
  result.v6_ = b.size() == 16;
  std::copy(b.begin(), b.end(), result.bytes_.begin());
  return result;
}

std::uint32_t ip_address::v4_value() const {
  std::uint32_t value = 0;
  if (!v6_)
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8 | bytes_[i];
  return value;
}

bool ip_address::is_unspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(),
                     [](std::uint8_t b) { return b == 0; });
}

bool ip_address::is_loopback() const {
  if (!v6_)
    return bytes_[0] == 127;
  return bytes_[15] == 1
         && std::all_of(bytes_.begin(), bytes_.begin() + 15,
                        [](std::uint8_t b) { return b == 0; });
}

bool ip_address::is_multicast() const {
  return v6_ ? bytes_[0] == 0xff : (bytes_[0] & 0xf0U) == 0xe0U;
}

bool ip_address::is_link_local() const {
  return v6_ ? bytes_[0] == 0xfe && (bytes_[1] & 0xc0U) == 0x80U
             : bytes_[0] == 169 && bytes_[1] == 254;
}

std::string to_string(const ip_address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int domain = address.is_v4() ? AF_INET : AF_INET6;
  inet_ntop(domain, address.bytes().data(), text.data(), text.size());
  return text.data();
}

prefix::prefix(const ip_address& address, unsigned length) {
  const auto raw = address.bytes();
  const unsigned bits =
      std::min<unsigned>(length, static_cast<unsigned>(raw.size()) * 8);
  std::array<std::uint8_t, 16> masked{};
  for (unsigned i = 0; i * 8 < bits; ++i) {
    const unsigned kept = std::min(8U, bits - i * 8);
    masked[i] = static_cast<std::uint8_t>(raw[i] & (0xff00U >> kept));
  }
  address_ = *ip_address::from_bytes({masked.data(), raw.size()});
  length_ = static_cast<std::uint8_t>(bits);
}

std::optional<prefix> prefix::parse(std::string_view text, bool strict) {
  const auto slash = text.find('/');
  if (slash == text.npos)
    return std::nullopt;
  const auto address = ip_address::parse(text.substr(0, slash));
  if (!address)
    return std::nullopt;
  const auto length =
      parse_number(text.substr(slash + 1), address->is_v4() ? 32 : 128);
  if (!length)
    return std::nullopt;
  const prefix result{*address, *length};
  if (strict && result.address() != *address)
    return std::nullopt;
  return result;
}

bool prefix::contains(const ip_address& a) const {
  return a.is_v4() == address_.is_v4()
         && prefix{a, length_}.address() == address_;
}

bool prefix::contains(const prefix& other) const {
  return other.length_ >= length_ && contains(other.address_);
}

std::string to_string(const prefix& p) {
  return to_string(p.address()) + '/' + std::to_string(p.length());
}

std::optional<endpoint> endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos)
    return std::nullopt;
  auto host = text.substr(0, colon);
  const bool bracketed =
      host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  const auto address = ip_address::parse(host);
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!address || !port || address->is_v6() != bracketed)
    return std::nullopt;
  return endpoint{*address, static_cast<std::uint16_t>(*port), 0};
}

std::string to_string(const endpoint& e) {
  auto host = to_string(e.address);
  if (e.scope_id != 0)
    host += '%' + std::to_string(e.scope_id);
  return (e.address.is_v6() ? '[' + host + ']' : host) + ':'
         + std::to_string(e.port);
}

} // namespace troupe::protocol
