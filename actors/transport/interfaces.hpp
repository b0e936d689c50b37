#pragma once

#include "actors/transport/transport.hpp"

namespace troupe::transport {

/// See `transport::find_interface`.
std::optional<interface_status> interface_named(const std::string& name);

/// The name of the interface with this index; empty if there is none.
std::string interface_name(std::uint32_t index);

/// See `transport::global_address`.
std::optional<protocol::ip_address>
interface_global_address(std::uint32_t index);

/// The link-local IPv6 address of the interface with this index, whether it may
/// be used yet or not.
std::optional<protocol::ip_address>
interface_link_local_address(std::uint32_t index);

/// See `transport::attachment_of`.
std::optional<attachment>
interface_attachment(const protocol::ip_address& local);

} // namespace troupe::transport
