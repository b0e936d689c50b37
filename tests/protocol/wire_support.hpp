#pragma once

#include "protocol/wire/message.hpp"
#include "protocol/wire/negotiation.hpp"
#include "protocol/wire/nlri.hpp"
#include "protocol/wire/path_attributes.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::protocol::wire::testing {

using byte_vector = std::vector<std::uint8_t>;

/// Bytes from hex digits; blanks, colons, commas and brackets are skipped.
byte_vector hex(std::string_view text);
/// Hex digits, lower case, two to an octet.
std::string to_hex(byte_span bytes);
/// The parts one behind the other.
byte_vector join(std::initializer_list<byte_vector> parts);

/// One attribute in its shortest form.
byte_vector attribute(unsigned flags, unsigned code, const byte_vector& value);
/// ORIGIN igp, AS_PATH 65001 (four octets), NEXT_HOP 192.0.2.1.
byte_vector mandatory_attributes();
/// The body of an UPDATE.
byte_vector update_body(const byte_vector& withdrawn,
                        const byte_vector& attributes, const byte_vector& nlri);

/// Cuts a stream into whole messages; reports a failure of the test where a
/// message is malformed or bytes are left over.
std::vector<frame> frames_of(byte_span stream, std::size_t max_message_size);
/// All prefixes of one family's NLRI; reports a failure if malformed.
std::vector<nlri> nlri_of(byte_span bytes, family f, bool add_path);

/// An external four-octet session that speaks IPv4 and IPv6 unicast.
negotiated plain_session();

nlri v4(std::string_view text, std::uint32_t path_id = 0);
nlri v6(std::string_view text, std::uint32_t path_id = 0);
ip_address address(std::string_view text);
as_path path_of(std::initializer_list<as_number> sequence);

} // namespace troupe::protocol::wire::testing
