#pragma once

#include "protocol/types.hpp"
#include "protocol/wire/message.hpp"
#include "protocol/wire/open.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <vector>

namespace troupe::protocol::wire {

/// A family that both sides speak.
struct negotiated_family {
  family address_family;
  /// Whether the NLRI that the peer sends carry path ids (RFC 7911 §4).
  bool add_path_receive = false;
  /// Whether the NLRI that we send carry path ids.
  bool add_path_send = false;
  friend bool operator==(const negotiated_family&,
                         const negotiated_family&) = default;
};

/// What two OPENs have agreed upon.
struct negotiated {
  /// AS numbers take four octets in AS_PATH and AGGREGATOR (RFC 6793).
  bool as4 = false;
  /// Ascending by family.
  std::vector<negotiated_family> families;
  /// IPv4 unicast may have an IPv6 next hop, both ways (RFC 8950).
  bool extended_next_hop = false;
  /// We send messages up to 65535 bytes: both sides have announced RFC 8654.
  bool extended_message_send = false;
  /// We accept messages up to 65535 bytes: we have announced RFC 8654 (§4).
  bool extended_message_receive = false;
  /// The peer answers a ROUTE-REFRESH (RFC 2918 §4).
  bool route_refresh = false;
  /// Both sides mark begin and end of a refresh (RFC 7313).
  bool enhanced_route_refresh = false;
  /// The peer's graceful restart capability, where it sent one (RFC 4724).
  std::optional<graceful_restart_capability> graceful_restart;
  /// Both sides keep routes also behind a NOTIFICATION (N bits, RFC 8538).
  bool restart_on_notification = false;
  /// The peer's long-lived graceful restart capability, where both sides sent
  /// one and the peer the plain one as well (RFC 9494 §4.1, §4.5).
  std::optional<long_lived_graceful_restart_capability> long_lived;
  /// The peer's role, where it sent one (RFC 9234).
  std::optional<bgp_role> remote_role;
  /// 0: neither hold timer nor KEEPALIVEs.
  std::chrono::seconds hold_time{0};
  /// 0 exactly if `hold_time` is 0.
  std::chrono::milliseconds keepalive_time{0};
  as_number local_as = 0;
  as_number peer_as = 0;
  router_id peer_id;
  peer_kind kind = peer_kind::external;

  /// The family's agreement; nothing if it is not spoken. Refers to this value.
  const negotiated_family* find(family f) const {
    for (const auto& each : families)
      if (each.address_family == f)
        return &each;
    return nullptr;
  }
  bool has(family f) const { return find(f) != nullptr; }
  /// How long routes of a family may stay behind the restart time; 0 where the
  /// peer said nothing (RFC 9494 §4.2).
  std::chrono::seconds long_lived_stale_time(family f) const {
    if (long_lived)
      for (const auto& each : long_lived->entries)
        if (each.address_family == f)
          return each.stale_time;
    return std::chrono::seconds{0};
  }
  /// The largest message, except OPEN and KEEPALIVE, that we may send.
  std::size_t max_message_size() const {
    return extended_message_send ? extended_message_size
                                 : standard_message_size;
  }
  /// The largest message that we accept; for next_frame.
  std::size_t max_receive_size() const {
    return extended_message_receive ? extended_message_size
                                    : standard_message_size;
  }

  friend bool operator==(const negotiated&, const negotiated&) = default;
};

/// Works out what both sides have agreed upon.
///
/// A family counts when both name it. A peer that names no family at all speaks
/// IPv4 unicast, as before RFC 4760, and gets it where we name that; our own
/// OPEN always names what we want.
///
/// The hold time is the smaller one, 0 if either is 0. The keepalive time is
/// `keepalive`, but a third of the hold time if `keepalive` is 0, is not below
/// the hold time, or exceeds that third after the peer has lowered our own
/// hold time (RFC 4271 §4.4, §10).
///
/// `members` are all member ASes of our confederation (see `kind_of`).
negotiated negotiate(const open_message& local, const open_message& remote,
                     std::chrono::milliseconds keepalive,
                     std::span<const as_number> members = {});

} // namespace troupe::protocol::wire
