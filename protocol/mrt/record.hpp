#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::protocol::mrt {

using byte_span = std::span<const std::uint8_t>;

/// Where and when a record was written: the common header (RFC 6396 §2), with
/// the microseconds of the extended one (§3), 0 where there is none.
struct record_header {
  std::uint32_t seconds = 0;
  std::uint32_t microseconds = 0;
  std::uint16_t type = 0;
  std::uint16_t subtype = 0;
};

/// One route of a table, the old way (RFC 6396 §4.2). AS numbers in the
/// attributes have two octets.
struct table_dump {
  std::uint16_t view = 0;
  std::uint16_t sequence = 0;
  prefix destination;
  /// Seconds since 1970 when the route was heard.
  std::uint32_t originated = 0;
  ip_address peer;
  as_number peer_as = 0;
  /// Path attributes as in an UPDATE; they point into the reader's bytes.
  byte_span attributes;
};

/// A peer that the entries of a table refer to (RFC 6396 §4.3.1).
struct table_peer {
  router_id id;
  ip_address address;
  as_number as = 0;
};

/// The peers of the table that follows (RFC 6396 §4.3.1).
struct peer_index_table {
  router_id collector;
  /// Points into the reader's bytes; any octets.
  std::string_view view_name;
  std::vector<table_peer> peers;
};

/// What one peer says of a prefix (RFC 6396 §4.3.4, RFC 8050 §4).
struct rib_entry {
  /// Into the peers of the last peer_index_table; not checked against it.
  std::uint16_t peer_index = 0;
  /// Seconds since 1970 when the route was heard.
  std::uint32_t originated = 0;
  std::optional<std::uint32_t> path_id;
  /// Path attributes, AS numbers of four octets. MP_REACH_NLRI is usually
  /// shortened to its next hop. They point into the reader's bytes.
  byte_span attributes;
};

/// Everything known of one prefix (RFC 6396 §4.3.2).
struct rib {
  std::uint32_t sequence = 0;
  family routes;
  prefix destination;
  std::vector<rib_entry> entries;
};

/// Who spoke with whom (RFC 6396 §4.4).
struct conversation {
  as_number peer_as = 0;
  as_number local_as = 0;
  std::uint16_t interface_index = 0;
  ip_address peer;
  ip_address local;
};

/// A BGP message of a session (RFC 6396 §4.4.2, §4.4.3, RFC 8050 §3).
struct bgp_message {
  conversation between;
  /// Whether AS numbers in the message have four octets.
  bool four_octet_as = false;
  /// Whether the session used ADD-PATH.
  bool add_path = false;
  /// Whether the collector itself sent the message.
  bool local = false;
  /// The whole message with its header; not looked into. It points into the
  /// reader's bytes.
  byte_span message;
};

/// A change of a session's state (RFC 6396 §4.4.1): 1 Idle .. 6 Established.
struct bgp_state_change {
  conversation between;
  std::uint16_t old_state = 0;
  std::uint16_t new_state = 0;
};

/// A record of a type or subtype that is not read here.
struct unknown_record {
  byte_span body;
};

/// A record whose body breaks its format; the next one can be read.
struct malformed_record {
  /// What is wrong; static text.
  std::string_view reason;
  byte_span body;
};

/// One record. It must not outlive the bytes that it was read from.
struct record {
  record_header header;
  std::variant<unknown_record, malformed_record, table_dump, peer_index_table,
               rib, bgp_message, bgp_state_change>
      body;
};

} // namespace troupe::protocol::mrt
