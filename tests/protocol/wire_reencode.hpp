#pragma once

#include "protocol/wire/message.hpp"
#include "protocol/wire/negotiation.hpp"
#include "protocol/wire/nlri.hpp"
#include "protocol/wire/notification.hpp"
#include "protocol/wire/open.hpp"
#include "protocol/wire/path_attributes.hpp"
#include "protocol/wire/route_refresh.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace troupe::protocol::wire::testing {

/// Decodes a message and writes what was understood anew: nothing if it cannot
/// be read. An UPDATE may become several messages, one for each of withdrawals,
/// multiprotocol withdrawals, announcements and multiprotocol announcements of
/// IPv4 and IPv6 unicast; one that is treated as withdraw announces nothing.
std::optional<std::vector<std::uint8_t>> reencode(const frame& message,
                                                  const negotiated& session);

/// What a stream of messages says, as far as `reencode` keeps it: equal for a
/// message and what `reencode` makes of it.
struct meaning {
  /// `my_as_field` is left out: the encoder derives it.
  std::vector<open_message> opens;
  std::vector<notification_message> notifications;
  std::vector<route_refresh_message> refreshes;
  std::size_t keepalives = 0;
  std::vector<family> ends_of_rib;
  std::map<family, std::vector<nlri>> withdrawn;
  std::map<family, std::vector<nlri>> announced;
  /// Of the announcements, each once in a row.
  std::vector<path_attributes> attributes;

  friend bool operator==(const meaning&, const meaning&) = default;
};

/// The meaning of whole messages; nothing if one of them cannot be read.
std::optional<meaning> meaning_of(byte_span stream, const negotiated& session);
/// Adds what one message says; false if it cannot be read.
bool add_meaning(const frame& message, const negotiated& session, meaning& to);

} // namespace troupe::protocol::wire::testing
