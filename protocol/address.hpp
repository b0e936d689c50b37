#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::protocol {

/// An IPv4 or IPv6 address; a value of 17 bytes, ordered IPv4 first.
class ip_address {
public:
  /// The unspecified IPv4 address.
  ip_address() = default;
  /// An IPv4 address in host byte order.
  static ip_address v4(std::uint32_t value);
  /// An IPv6 address from its 16 bytes.
  static ip_address v6(std::span<const std::uint8_t, 16> bytes);
  /// Reads a dotted quad or RFC 4291 text, no scope and no port; nothing if
  /// the text is neither.
  static std::optional<ip_address> parse(std::string_view text);
  /// From 4 or 16 bytes in network order; nothing for any other length.
  static std::optional<ip_address> from_bytes(std::span<const std::uint8_t> b);

  bool is_v4() const { return !v6_; }
  bool is_v6() const { return v6_; }
  /// The address in network order: 4 or 16 bytes, owned by this object.
  std::span<const std::uint8_t> bytes() const {
    return {bytes_.data(), v6_ ? 16U : 4U};
  }
  /// The IPv4 address in host byte order; 0 for IPv6.
  std::uint32_t v4_value() const;
  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_multicast() const;
  /// fe80::/10 or 169.254/16.
  bool is_link_local() const;

  friend auto operator<=>(const ip_address&, const ip_address&) = default;

private:
  bool v6_ = false;
  std::array<std::uint8_t, 16> bytes_{};
};

/// RFC 5952 text for IPv6, a dotted quad for IPv4.
std::string to_string(const ip_address& address);

/// An address prefix; host bits are zero (canonical) by construction.
class prefix {
public:
  /// 0.0.0.0/0.
  prefix() = default;
  /// Clears the host bits; `length` beyond 32 or 128 is taken as that bound.
  prefix(const ip_address& address, unsigned length);
  /// Reads "ADDRESS/LENGTH"; nothing if it is malformed. Host bits must be
  /// zero when `strict`, else they are cleared.
  static std::optional<prefix> parse(std::string_view text, bool strict = true);

  const ip_address& address() const { return address_; }
  unsigned length() const { return length_; }
  /// Whether the address lies within this prefix (same family only).
  bool contains(const ip_address& a) const;
  /// Whether the other prefix is this one or a more specific one.
  bool contains(const prefix& other) const;

  friend auto operator<=>(const prefix&, const prefix&) = default;

private:
  ip_address address_;
  std::uint8_t length_ = 0;
};

/// "ADDRESS/LENGTH".
std::string to_string(const prefix& p);

/// A transport address: what a socket is bound or connected to.
struct endpoint {
  ip_address address;
  std::uint16_t port = 0;
  /// The interface scope of a link-local address, 0 elsewhere.
  std::uint32_t scope_id = 0;

  /// Reads "ADDR:PORT" or "[V6]:PORT"; nothing if it is malformed.
  static std::optional<endpoint> parse(std::string_view text);
  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

/// "ADDR:PORT" or "[V6]:PORT", with a scope "[V6%SCOPE]:PORT".
std::string to_string(const endpoint& e);

} // namespace troupe::protocol
