#pragma once

#include "actors/transport/handles.hpp"

#include <span>

namespace troupe::transport {

/// Binds a raw ICMPv6 socket to an interface that hears router advertisements
/// and nothing else, and puts it into the handle.
std::optional<option_error> open_link_socket(const std::string& interface,
                                             link_handle& link);

/// See `transport::send_on_link`; the caller holds the lock of the link.
std::optional<option_error>
send_on_link_socket(const link_handle& link, const protocol::ip_address& to,
                    const std::vector<std::uint8_t>& message);

/// Takes one message out of the socket, by way of the buffer; nothing if none
/// is left. The caller holds the lock of the link.
std::optional<link_message> receive_from_link(const link_handle& link,
                                              std::span<std::uint8_t> buffer);

} // namespace troupe::transport
