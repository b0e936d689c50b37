#include "actors/transport/tcp_keys.hpp"

#include "actors/transport/socket_address.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>

namespace troupe::transport {

namespace {

constexpr std::size_t longest_key = TCP_MD5SIG_MAXKEYLEN;

/// An address has one length that makes it a host.
unsigned full_length(const protocol::ip_address& a) {
  return a.is_v4() ? 32U : 128U;
}

std::string_view name_of(key_scheme scheme) {
  return scheme == key_scheme::md5 ? "MD5" : "TCP-AO";
}

option_error failure(const peer_key& key, const std::string& what, int error) {
  auto text = "cannot " + what + " the " + std::string{name_of(key.scheme)}
              + " key of " + to_string(key.peers) + ": ";
  switch (error) {
  case ENOPROTOOPT:
  case EOPNOTSUPP:
    return {error,
            text
                + (key.scheme == key_scheme::md5
                       ? "this kernel has no TCP MD5 signatures "
                         "(CONFIG_TCP_MD5SIG)"
                       : "this kernel has no TCP-AO (CONFIG_TCP_AO, since "
                         "Linux 6.7)")};
  case ENOMEM:
    return {error, text + "no memory for more keys; raise net.core.optmem_max"};
  default:
    return {error, text + std::strerror(error)};
  }
}

// -- TCP-MD5 ------------------------------------------------------------------

/// The kernel takes an empty key as the wish to remove it. An errno, or 0.
int set_md5(int fd, const protocol::prefix& peers, const std::string& key) {
  tcp_md5sig request{};
  const auto address = to_socket_address({peers.address(), 0, 0});
  std::memcpy(&request.tcpm_addr, &address.storage, sizeof(address.storage));
  request.tcpm_keylen = static_cast<std::uint16_t>(key.size());
  std::copy(key.begin(), key.end(), request.tcpm_key);
  auto name = TCP_MD5SIG;
  if (peers.length() < full_length(peers.address())) {
    name = TCP_MD5SIG_EXT;
    request.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
    request.tcpm_prefixlen = static_cast<std::uint8_t>(peers.length());
  }
  return ::setsockopt(fd, IPPROTO_TCP, name, &request, sizeof(request)) == 0
             ? 0
             : errno;
}

// -- TCP-AO -------------------------------------------------------------------

// Linux 6.7 and later; the headers of the system may be older.
constexpr int option_add_ao_key = 38;
constexpr int option_delete_ao_key = 39;

struct alignas(8) ao_key_to_add {
  sockaddr_storage address;
  char algorithm[64];
  std::int32_t interface;
  std::uint32_t flags;
  std::uint16_t reserved;
  std::uint8_t prefix_length;
  std::uint8_t send_id;
  std::uint8_t receive_id;
  std::uint8_t mac_length;
  std::uint8_t key_flags;
  std::uint8_t key_length;
  std::uint8_t key[longest_key];
};
static_assert(sizeof(ao_key_to_add) == 288);

struct alignas(8) ao_key_to_delete {
  sockaddr_storage address;
  std::int32_t interface;
  std::uint32_t flags;
  std::uint16_t reserved;
  std::uint8_t prefix_length;
  std::uint8_t send_id;
  std::uint8_t receive_id;
  std::uint8_t current_key;
  std::uint8_t next_key;
  std::uint8_t key_flags;
};
static_assert(sizeof(ao_key_to_delete) == 144);

/// What both requests begin with and name the key by.
template <class Request>
Request ao_request(const peer_key& key) {
  Request request{};
  const auto address = to_socket_address({key.peers.address(), 0, 0});
  std::memcpy(&request.address, &address.storage, sizeof(address.storage));
  request.prefix_length = static_cast<std::uint8_t>(key.peers.length());
  request.send_id = key.id;
  request.receive_id = key.id;
  return request;
}

int add_ao(int fd, const peer_key& key) {
  auto request = ao_request<ao_key_to_add>(key);
  const std::string_view algorithm =
      key.scheme == key_scheme::ao_aes_128_cmac_96 ? "cmac(aes128)"
                                                   : "hmac(sha1)";
  std::copy(algorithm.begin(), algorithm.end(), request.algorithm);
  request.mac_length = 12; // RFC 5926 §3.2: 96 bits
  request.key_length = static_cast<std::uint8_t>(key.key.size());
  std::copy(key.key.begin(), key.key.end(), request.key);
  return ::setsockopt(fd, IPPROTO_TCP, option_add_ao_key, &request,
                      sizeof(request))
                 == 0
             ? 0
             : errno;
}

int remove_ao(int fd, const peer_key& key) {
  const auto request = ao_request<ao_key_to_delete>(key);
  return ::setsockopt(fd, IPPROTO_TCP, option_delete_ao_key, &request,
                      sizeof(request))
                 == 0
             ? 0
             : errno;
}

/// Whether the kernel takes one for another without being told to remove it:
/// TCP-MD5 has one key for a peer.
bool replaces(const peer_key& now, const peer_key& before) {
  return now.peers == before.peers && now.scheme == before.scheme
         && (now.scheme == key_scheme::md5 || now == before);
}

bool any_like(const std::vector<peer_key>& keys, const peer_key& key) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const peer_key& k) { return replaces(k, key); });
}

} // namespace

const peer_key* find_peer_key(const std::vector<peer_key>& keys,
                              const protocol::ip_address& peer) {
  const peer_key* best = nullptr;
  for (const auto& k : keys)
    if (k.peers.contains(peer)
        && (best == nullptr || best->peers.length() < k.peers.length()))
      best = &k;
  return best;
}

peer_key narrowed(const peer_key& key, const protocol::ip_address& peer) {
  auto own = key;
  own.peers = {peer, full_length(peer)};
  return own;
}

std::optional<option_error> set_peer_key(int fd, const peer_key& key) {
  if (key.key.empty() || key.key.size() > longest_key)
    return option_error{EINVAL, "the " + std::string{name_of(key.scheme)}
                                    + " key of " + to_string(key.peers)
                                    + " must have 1 to 80 bytes"};
  const auto error = key.scheme == key_scheme::md5
                         ? set_md5(fd, key.peers, key.key)
                         : add_ao(fd, key);
  if (error == 0)
    return std::nullopt;
  return failure(key, "set", error);
}

std::optional<option_error> remove_peer_key(int fd, const peer_key& key) {
  const auto error = key.scheme == key_scheme::md5 ? set_md5(fd, key.peers, {})
                                                   : remove_ao(fd, key);
  // Where the kernel knows no keys there is none.
  if (error == 0 || error == ENOENT || error == ENOPROTOOPT)
    return std::nullopt;
  return failure(key, "remove", error);
}

std::optional<option_error>
replace_peer_keys(int fd, bool v6, const std::vector<peer_key>& present,
                  const std::vector<peer_key>& wanted,
                  std::vector<protocol::prefix>& failed) {
  std::optional<option_error> first;
  const auto keep = [&first](std::optional<option_error> e) {
    if (e && !first)
      first = std::move(e);
  };
  const auto is_ours = [v6](const peer_key& k) {
    return k.peers.address().is_v6() == v6;
  };
  // A peer has keys of one scheme only, and TCP-AO knows a key by its id.
  for (const auto& old : present)
    if (is_ours(old) && !any_like(wanted, old)
        && std::any_of(wanted.begin(), wanted.end(),
                       [&](const peer_key& k) { return k.peers == old.peers; }))
      keep(remove_peer_key(fd, old));
  for (const auto& k : wanted) {
    const bool is_set = k.scheme != key_scheme::md5 && any_like(present, k);
    if (!is_ours(k) || is_set)
      continue;
    auto error = set_peer_key(fd, k);
    if (error)
      failed.push_back(k.peers);
    keep(std::move(error));
  }
  for (const auto& old : present)
    if (is_ours(old)
        && std::none_of(wanted.begin(), wanted.end(), [&](const peer_key& k) {
             return k.peers == old.peers;
           }))
      keep(remove_peer_key(fd, old));
  return first;
}

} // namespace troupe::transport
