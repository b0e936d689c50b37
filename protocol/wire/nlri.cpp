#include "protocol/wire/nlri.hpp"

#include "protocol/check.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

bool is_valid_nlri(byte_span bytes, family f, bool add_path) {
  const unsigned longest = max_prefix_length(f);
  const std::size_t id_size = add_path ? 4 : 0;
  std::size_t at = 0;
  while (at < bytes.size()) {
    at += id_size;
    if (at >= bytes.size() || bytes[at] > longest || longest == 0)
      return false;
    at += 1 + (bytes[at] + 7U) / 8;
  }
  return at == bytes.size();
}

nlri to_nlri(const prefix& p, std::uint32_t path_id) {
  nlri result;
  const auto bytes = p.address().bytes();
  std::copy(bytes.begin(), bytes.end(), result.address.begin());
  result.length = static_cast<std::uint8_t>(p.length());
  result.path_id = path_id;
  return result;
}

prefix to_prefix(const nlri& n, family f) {
  TROUPE_CHECK(f.afi == 1 || f.afi == 2, "the family has no addresses");
  const byte_span bytes{n.address.data(), f.afi == 1 ? 4U : 16U};
  return {*ip_address::from_bytes(bytes), n.length};
}

} // namespace troupe::protocol::wire
