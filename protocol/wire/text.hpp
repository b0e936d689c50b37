#pragma once

#include "protocol/wire/negotiation.hpp"
#include "protocol/wire/notification.hpp"
#include "protocol/wire/open.hpp"
#include "protocol/wire/route_refresh.hpp"
#include "protocol/wire/update.hpp"

#include <string>

namespace troupe::protocol::wire {

// The renderings of messages in the log (`message_contents`). Each is bounded:
// long lists are cut and say so.

/// "[ff, ff, 0, 13, 4]": hex without leading zeros.
std::string hex_dump(byte_span bytes);

/// "Open [ version: 4, asn: 23456, hold_time: 6, id: 2, parameters: ... ]".
std::string to_text(const open_message& message);
/// "Update[ treat-as-withdraw: (false) withdrawn(empty) ... ]".
std::string to_text(const update_view& update, const negotiated& session);
/// "Notification [ Cease/Administrative Shutdown (6/2), ... ]".
std::string to_text(const notification_message& message);
/// "RouteRefresh [ ... ]".
std::string to_text(const route_refresh_message& message);

/// One message of any type by the rules of this session; for one that cannot
/// be read, the error and the bytes.
std::string to_text(const frame& message, const negotiated& session);

} // namespace troupe::protocol::wire
