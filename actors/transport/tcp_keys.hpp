#pragma once

#include "actors/transport/transport.hpp"

namespace troupe::transport {

/// The key of the longest prefix that contains the address, or null.
const peer_key* find_peer_key(const std::vector<peer_key>& keys,
                              const protocol::ip_address& peer);

/// The same key for one peer of the range alone.
peer_key narrowed(const peer_key& key, const protocol::ip_address& peer);

/// Sets the key of a peer or a range; EINVAL unless it has 1 to 80 bytes,
/// ENOPROTOOPT where the kernel knows nothing of the scheme.
std::optional<option_error> set_peer_key(int fd, const peer_key& key);
/// Takes it back; that there is none is no error.
std::optional<option_error> remove_peer_key(int fd, const peer_key& key);

/// Sets the keys `wanted` on a socket that has those of `present`, so that
/// nobody who keeps a key is without in between. Returns the first error;
/// `failed` has the peers of every key that could not be set.
std::optional<option_error>
replace_peer_keys(int fd, bool v6, const std::vector<peer_key>& present,
                  const std::vector<peer_key>& wanted,
                  std::vector<protocol::prefix>& failed);

} // namespace troupe::transport
