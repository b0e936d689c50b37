#pragma once

#include "actors/transport/transport.hpp"
#include "config/schema.hpp"

#include <optional>

namespace troupe::actors {

/// What the connections of a neighbour are signed with, for the peers that it
/// stands for; nothing where no key is configured.
inline std::optional<transport::peer_key>
transport_key(const config::neighbor& n, const protocol::prefix& peers) {
  using transport::key_scheme;
  if (!n.md5_key.empty())
    return transport::peer_key{peers, n.md5_key, key_scheme::md5, 0};
  if (!n.tcp_ao)
    return std::nullopt;
  const auto scheme =
      n.tcp_ao->algorithm == config::tcp_ao_algorithm::hmac_sha_1_96
          ? key_scheme::ao_hmac_sha_1_96
          : key_scheme::ao_aes_128_cmac_96;
  return transport::peer_key{peers, n.tcp_ao->key, scheme, n.tcp_ao->id};
}

} // namespace troupe::actors
