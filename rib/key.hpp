#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>

namespace troupe::rib {

/// A packed IPv4 prefix; host bits are zero.
struct ipv4_key {
  static constexpr protocol::family family = protocol::ipv4_unicast;
  static constexpr unsigned max_length = 32;

  std::uint32_t address = 0; ///< host byte order
  std::uint8_t length = 0;

  friend auto operator<=>(const ipv4_key&, const ipv4_key&) = default;
};

/// A packed IPv6 prefix; host bits are zero.
struct ipv6_key {
  static constexpr protocol::family family = protocol::ipv6_unicast;
  static constexpr unsigned max_length = 128;

  std::array<std::uint8_t, 16> address{};
  std::uint8_t length = 0;

  friend auto operator<=>(const ipv6_key&, const ipv6_key&) = default;
};

/// Mixes 64 bits so that every input bit reaches the upper output bits.
constexpr std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0x9e3779b97f4a7c15U;
  x ^= x >> 29;
  x *= 0xbf58476d1ce4e5b9U;
  return x ^ x >> 32;
}

/// A 64-bit hash of a key; stable over runs, so that shards are too.
inline std::uint64_t hash_of(const ipv4_key& key) {
  return mix(std::uint64_t{key.address} << 8 | key.length);
}
inline std::uint64_t hash_of(const ipv6_key& key) {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), key.address.data(), 16);
  return mix(words[0] + mix(words[1] + key.length * 0x9e3779b97f4a7c15U));
}

/// The shard of `shards` that holds the key.
template <class Key>
unsigned shard_of(const Key& key, unsigned shards) {
  // The upper half picks the shard, the lower half the slot within it.
  return static_cast<unsigned>((hash_of(key) >> 32) * shards >> 32);
}

/// The prefix that a key packs.
protocol::prefix to_prefix(const ipv4_key& key);
protocol::prefix to_prefix(const ipv6_key& key);

/// Packs a prefix of the key's own family (else the result is unspecified).
template <class Key>
Key to_key(const protocol::prefix& p);
template <>
ipv4_key to_key<ipv4_key>(const protocol::prefix& p);
template <>
ipv6_key to_key<ipv6_key>(const protocol::prefix& p);

} // namespace troupe::rib
