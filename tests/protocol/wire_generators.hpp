#pragma once

#include "protocol/wire/notification.hpp"
#include "protocol/wire/open.hpp"
#include "protocol/wire/path_attributes.hpp"
#include "protocol/wire/route_refresh.hpp"
#include "tests/protocol/wire_support.hpp"

#include <rapidcheck.h>

namespace troupe::protocol::wire::testing {

// Small domains on purpose: repetitions, ties and boundaries must occur.

rc::Gen<byte_vector> any_bytes(std::size_t most);
/// What decode_open yields: AS and identifier not 0, capabilities each once.
rc::Gen<open_message> any_open();
rc::Gen<notification_message> any_notification();
rc::Gen<route_refresh_message> any_route_refresh();
/// Of one family, host bits clear; path ids are 0 unless `add_path`.
rc::Gen<std::vector<nlri>> any_nlri(family f, bool add_path, std::size_t most);
/// Without confederations unless asked for.
rc::Gen<as_path> any_path(bool confederations = false);
/// What decode_attributes yields of an internal session; the next hop is of
/// this version of IP.
rc::Gen<path_attributes> any_attributes(bool ipv6_next_hop);

} // namespace troupe::protocol::wire::testing
