#pragma once

#include "protocol/outcome.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/reader.hpp"
#include "protocol/wire/writer.hpp"

#include <chrono>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::protocol::wire {

/// Capability codes that we know (RFC 5492, IANA "Capability Codes").
enum class capability_code : std::uint8_t {
  multiprotocol = 1,
  route_refresh = 2,
  extended_next_hop = 5,
  extended_message = 6,
  role = 9,
  graceful_restart = 64,
  four_octet_as = 65,
  add_path = 69,
  enhanced_route_refresh = 70,
  long_lived_graceful_restart = 71,
};

/// RFC 4760 §8.
struct multiprotocol_capability {
  family address_family;
  friend bool operator==(const multiprotocol_capability&,
                         const multiprotocol_capability&) = default;
};

/// RFC 2918 §2.
struct route_refresh_capability {
  friend bool operator==(const route_refresh_capability&,
                         const route_refresh_capability&) = default;
};

/// RFC 8950 §4: NLRI of a family may have a next hop of another family.
struct extended_next_hop_capability {
  struct entry {
    family nlri_family;
    std::uint16_t next_hop_afi = 0;
    friend bool operator==(const entry&, const entry&) = default;
  };
  std::vector<entry> entries;
  friend bool operator==(const extended_next_hop_capability&,
                         const extended_next_hop_capability&) = default;
};

/// RFC 8654 §3.
struct extended_message_capability {
  friend bool operator==(const extended_message_capability&,
                         const extended_message_capability&) = default;
};

/// The local AS's role towards the neighbour (RFC 9234 §4.1); a received one
/// may hold any octet.
enum class bgp_role : std::uint8_t {
  provider = 0,
  route_server = 1,
  route_server_client = 2,
  customer = 3,
  peer = 4,
};

/// "provider", "route-server", ...; "unassigned" for other octets.
std::string_view name_of(bgp_role role);
/// Whether the pair is one of RFC 9234 §4.2.
bool roles_match(bgp_role local, bgp_role remote);

/// RFC 9234 §4.1.
struct role_capability {
  bgp_role role = bgp_role::peer;
  friend bool operator==(const role_capability&,
                         const role_capability&) = default;
};

/// RFC 4724 §3, with the N bit of RFC 8538 §2.
struct graceful_restart_capability {
  struct entry {
    family address_family;
    bool forwarding_preserved = false;
    friend bool operator==(const entry&, const entry&) = default;
  };
  /// The R bit: the sender has restarted.
  bool restarted = false;
  /// The N bit: graceful restart also behind a NOTIFICATION.
  bool notification = false;
  /// 0 to 4095 s.
  std::chrono::seconds restart_time{0};
  std::vector<entry> entries;
  friend bool operator==(const graceful_restart_capability&,
                         const graceful_restart_capability&) = default;
};

/// RFC 9494 §3.1.
struct long_lived_graceful_restart_capability {
  struct entry {
    family address_family;
    bool forwarding_preserved = false;
    std::chrono::seconds stale_time{0}; ///< 0 to 16777215 s
    friend bool operator==(const entry&, const entry&) = default;
  };
  std::vector<entry> entries;
  friend bool
  operator==(const long_lived_graceful_restart_capability&,
             const long_lived_graceful_restart_capability&) = default;
};

/// RFC 6793 §3.
struct four_octet_as_capability {
  as_number as = 0;
  friend bool operator==(const four_octet_as_capability&,
                         const four_octet_as_capability&) = default;
};

/// What the sender of an ADD-PATH capability is able to do (RFC 7911 §4).
enum class add_path_mode : std::uint8_t { receive = 1, send = 2, both = 3 };

/// RFC 7911 §4. Entries with another mode are ignored on receipt.
struct add_path_capability {
  struct entry {
    family address_family;
    add_path_mode mode = add_path_mode::receive;
    friend bool operator==(const entry&, const entry&) = default;
  };
  std::vector<entry> entries;
  friend bool operator==(const add_path_capability&,
                         const add_path_capability&) = default;
};

/// RFC 7313 §3.1.
struct enhanced_route_refresh_capability {
  friend bool operator==(const enhanced_route_refresh_capability&,
                         const enhanced_route_refresh_capability&) = default;
};

/// One that we do not know; kept as it is, at most 255 bytes.
struct unknown_capability {
  std::uint8_t code = 0;
  std::vector<std::uint8_t> value;
  friend bool operator==(const unknown_capability&,
                         const unknown_capability&) = default;
};

using capability =
    std::variant<multiprotocol_capability, route_refresh_capability,
                 extended_next_hop_capability, extended_message_capability,
                 role_capability, graceful_restart_capability,
                 four_octet_as_capability, add_path_capability,
                 enhanced_route_refresh_capability,
                 long_lived_graceful_restart_capability, unknown_capability>;

/// The capability's code on the wire.
std::uint8_t code_of(const capability& c);

/// Decodes the value of one capability. A known one whose length is wrong is
/// 2/0; an unknown one is kept.
outcome<capability> decode_capability(std::uint8_t code, byte_span value);

/// Appends code, length and value. A value beyond 255 bytes is our mistake.
void encode_capability(const capability& c, std::vector<std::uint8_t>& out);

} // namespace troupe::protocol::wire
