#include "rib/key.hpp"

#include <algorithm>

namespace troupe::rib {

using protocol::ip_address;
using protocol::prefix;

prefix to_prefix(const ipv4_key& key) {
  return {ip_address::v4(key.address), key.length};
}

prefix to_prefix(const ipv6_key& key) {
  return {ip_address::v6(key.address), key.length};
}

template <>
ipv4_key to_key<ipv4_key>(const prefix& p) {
  return {p.address().v4_value(), static_cast<std::uint8_t>(p.length())};
}

template <>
ipv6_key to_key<ipv6_key>(const prefix& p) {
  ipv6_key key;
  const auto raw = p.address().bytes();
  std::copy_n(raw.begin(), std::min(raw.size(), key.address.size()),
              key.address.begin());
  key.length = static_cast<std::uint8_t>(p.length());
  return key;
}

} // namespace troupe::rib
