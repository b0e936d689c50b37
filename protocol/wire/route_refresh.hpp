#pragma once

#include "protocol/outcome.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/reader.hpp"

#include <vector>

namespace troupe::protocol::wire {

/// The octet between AFI and SAFI (RFC 7313 §3.2); a received one may be any
/// other, which is then ignored.
enum class route_refresh_kind : std::uint8_t {
  request = 0,
  begin = 1,
  end = 2,
};

/// ROUTE-REFRESH (RFC 2918 §3, RFC 7313 §3.2).
struct route_refresh_message {
  family address_family;
  route_refresh_kind kind = route_refresh_kind::request;
  /// What follows for an ORF (RFC 5291); kept, not understood.
  std::vector<std::uint8_t> trailing;

  friend bool operator==(const route_refresh_message&,
                         const route_refresh_message&) = default;
};

/// Decodes the body of a ROUTE-REFRESH. Where enhanced route refresh was agreed
/// upon, a begin or end whose length is not 4 is 7/1 with the whole message as
/// data (RFC 7313 §5). Else a body shorter than 4 is 1/2 with the length field
/// as data (RFC 4271 §6.1).
outcome<route_refresh_message> decode_route_refresh(byte_span body,
                                                    bool enhanced);

/// Appends a whole ROUTE-REFRESH.
void encode_route_refresh(const route_refresh_message& message,
                          std::vector<std::uint8_t>& out);

} // namespace troupe::protocol::wire
