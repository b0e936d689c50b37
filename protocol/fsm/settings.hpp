#pragma once

#include "protocol/types.hpp"
#include "protocol/wire/open.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace troupe::protocol::fsm {

using std::chrono::milliseconds;

/// A timer's interval is multiplied by a number drawn from [least, most]
/// (RFC 4271 §10). Bounds in the wrong order are swapped, negative ones are 0.
struct jitter_range {
  double least = 1.0;
  double most = 1.0;
  friend bool operator==(const jitter_range&, const jitter_range&) = default;
};

/// What the operator has said about one neighbour, as far as the machine needs
/// it (the session attributes of RFC 4271 §8). No value makes it fail: negative
/// times count as 0.
struct settings {
  /// Our OPEN as it goes out: AS, identifier, hold time, and the capabilities,
  /// which name the families that we offer.
  wire::open_message open;
  /// The neighbour's AS, where it is configured as a number: 2/2 for another.
  std::optional<as_number> remote_as;
  /// Where the kind of session is configured: 2/2 for another one.
  std::optional<peer_kind> remote_kind;
  /// All member ASes of our confederation, our own among them; empty outside of
  /// one (wire::kind_of).
  std::vector<as_number> confederation_members;
  /// The neighbour's identifier, where it is configured: 2/3 for another one.
  std::optional<router_id> remote_id;
  /// Whether a neighbour without a role is refused, where our OPEN names a role
  /// (RFC 9234 §4.2).
  bool strict_role = false;

  /// Capabilities that the neighbour must announce: 2/7 without one of them
  /// (RFC 5492 §3). A family counts as it stands, of others only the code.
  std::vector<wire::capability> required;
  /// Whether a peer with graceful restart that connects anew takes the place of
  /// its established session (RFC 4724 §5).
  bool helps_restart = false;

  /// Whether Idle is left without an operator (AllowAutomaticStart): at
  /// `automatic_start` and after a failure.
  bool start_automatically = true;
  /// Never connect, only wait (PassiveTcpEstablishment).
  bool passive = false;
  /// Let identifiers decide a collision with a session that is set up
  /// (CollisionDetectEstablishedState); otherwise that session wins.
  bool deterministic_collision_resolution = false;
  /// Lengthen the idle hold time with each failure (DampPeerOscillations).
  bool damp_peer_oscillations = true;
  /// Tell a peer why its connection ends even before our OPEN is out
  /// (SendNOTIFICATIONwithoutOPEN).
  bool send_notification_without_open = true;

  /// At least 1 ms. An attempt may take a third of it.
  milliseconds connect_retry{5000};
  jitter_range connect_retry_jitter{0.75, 1.0};
  /// How long Idle lasts after the first failure; 0 leaves it at once.
  milliseconds idle_hold{0};
  jitter_range idle_hold_jitter{0.75, 1.0};
  /// From the second failure in a row on Idle lasts twice as long as before,
  /// at least 1 s, at most this time or `idle_hold` if that is longer; then
  /// jitter is applied.
  milliseconds idle_hold_limit{120000};
  /// Established for so long, a session is stable: its next failure counts as
  /// the first one again. 0: as soon as it is Established.
  milliseconds stable_time{60000};
  /// How long we wait for the peer's OPEN before we send ours; 0: not at all.
  milliseconds delay_open{0};
  /// How long we wait for the peer's OPEN after we have sent ours, "a large
  /// value" (RFC 4271 §8.2.2); 0 counts as 4 minutes.
  milliseconds open_hold_time{240000};
  /// The interval of KEEPALIVEs unless negotiation makes it shorter
  /// (wire::negotiate); 0: a third of the hold time.
  milliseconds keepalive{0};
  jitter_range keepalive_jitter;

  friend bool operator==(const settings&, const settings&) = default;
};

} // namespace troupe::protocol::fsm
