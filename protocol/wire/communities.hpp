#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::protocol::wire {

/// RFC 1997.
struct community {
  std::uint32_t value = 0;
  friend auto operator<=>(const community&, const community&) = default;
};

inline constexpr community graceful_shutdown{0xffff0000};   // RFC 8326
inline constexpr community llgr_stale{0xffff0006};          // RFC 9494
inline constexpr community no_llgr{0xffff0007};             // RFC 9494
inline constexpr community blackhole{0xffff029a};           // RFC 7999
inline constexpr community no_export{0xffffff01};           // RFC 1997
inline constexpr community no_advertise{0xffffff02};        // RFC 1997
inline constexpr community no_export_subconfed{0xffffff03}; // RFC 1997
inline constexpr community no_peer{0xffffff04};             // RFC 3765

/// "65001:100"; a well-known one by its name ("no-export").
std::string to_string(community c);
/// Reads either form, or a single number of 32 bits; nothing if malformed.
std::optional<community> parse_community(std::string_view text);

/// RFC 4360: eight octets, type first.
struct extended_community {
  std::uint64_t value = 0;

  std::uint8_t type() const { return static_cast<std::uint8_t>(value >> 56); }
  std::uint8_t subtype() const {
    return static_cast<std::uint8_t>(value >> 48);
  }
  /// Whether it may leave the AS (RFC 4360 §2: the T bit).
  bool is_transitive() const { return (type() & 0x40U) == 0; }
  friend auto operator<=>(const extended_community&,
                          const extended_community&) = default;
};

/// "rt:65001:100", "soo:192.0.2.1:7" for route target and origin in their three
/// encodings (RFC 4360 §3, §4, RFC 5668); "0x" and 16 hex digits otherwise.
std::string to_string(extended_community c);
/// Reads the forms that to_string writes; nothing if malformed. A number above
/// 65535 before the second colon takes the four-octet AS form.
std::optional<extended_community>
parse_extended_community(std::string_view text);

/// RFC 8092.
struct large_community {
  std::uint32_t global = 0;
  std::uint32_t local1 = 0;
  std::uint32_t local2 = 0;
  friend auto operator<=>(const large_community&,
                          const large_community&) = default;
};

/// "65001:1:2".
std::string to_string(const large_community& c);
/// Reads that form; nothing if malformed.
std::optional<large_community> parse_large_community(std::string_view text);

} // namespace troupe::protocol::wire
