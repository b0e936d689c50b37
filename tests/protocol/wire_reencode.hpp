#pragma once

#include "protocol/wire/message.hpp"
#include "protocol/wire/negotiation.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::protocol::wire::testing {

/// Decodes a message and writes what was understood anew: nothing if it cannot
/// be read. An UPDATE may become several messages, one for each of withdrawals,
/// multiprotocol withdrawals, announcements and multiprotocol announcements of
/// IPv4 and IPv6 unicast; one that is treated as withdraw announces nothing.
std::optional<std::vector<std::uint8_t>> reencode(const frame& message,
                                                  const negotiated& session);

} // namespace troupe::protocol::wire::testing
