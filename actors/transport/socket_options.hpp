#pragma once

#include "actors/transport/transport.hpp"

namespace troupe::transport {

/// Whether the lease allows to connect, accept and write at this time
/// (nanoseconds of the transport's clock).
bool lease_allows(const lease_end& l, std::int64_t now);

/// The TTL or hop limit to send: what is asked for, or 255 with GTSM (RFC 5082
/// §3), or 0 for the system's default.
std::uint8_t ttl_to_send(const socket_options& options);

/// Binds a socket to an interface; does nothing where the name is empty.
std::optional<option_error> bind_to_interface(int fd, const std::string& name);

/// Sets the TTL to send and the least TTL to accept, or takes both back.
std::optional<option_error> set_ttl(int fd, bool v6,
                                    const socket_options& options);

/// What holds for every socket: no Nagle, no keep-alive probes, and the buffer
/// size if it is not 0.
std::optional<option_error> set_common(int fd, int buffer_size);

/// Everything that must hold before `bind` and `listen`, but the keys.
std::optional<option_error> prepare_listener(int fd, bool v6,
                                             const socket_options& options);

/// Everything that must hold before `connect`, and the source address.
std::optional<option_error> prepare_attempt(int fd,
                                            const connect_options& options);

/// Why a listener could not be bound, in words that help the operator.
std::string listen_error_text(const protocol::endpoint& local, int error);

/// The TTL or hop limit of the SYN that an accepted socket came with; nothing
/// where the kernel did not keep it. Works once per socket.
std::optional<std::uint8_t> take_syn_ttl(int fd);

} // namespace troupe::transport
