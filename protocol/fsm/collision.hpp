#pragma once

#include "protocol/error.hpp"
#include "protocol/fsm/state.hpp"
#include "protocol/types.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>

namespace troupe::protocol::fsm {

/// One side of a session as collision resolution compares it: by BGP
/// identifier (RFC 4271 §6.8), and by AS number where those are equal
/// (RFC 6286 §2.3).
struct speaker {
  router_id identifier;
  as_number as = 0;
  friend auto operator<=>(const speaker&, const speaker&) = default;
};

/// A registered connection as the resolution sees it.
struct contender {
  connection_id connection{};
  direction way = direction::inbound;
  phase reached = phase::open_sent;
  friend bool operator==(const contender&, const contender&) = default;
};

/// What becomes of a TCP connection that has just come up.
enum class admission : std::uint8_t {
  accepted,         ///< it is registered, alone or as a competitor
  third_connection, ///< two compete already: Cease 6/5
  same_direction,   ///< one of the same side exists already: Cease 6/5
  established_wins  ///< the session is up and keeps its connection: Cease 6/7
};

/// The NOTIFICATION for a connection that was not accepted (RFC 4486 §3);
/// nothing for `accepted`.
std::optional<decode_error> refusal(admission a);

/// Decides between the connections of one neighbour (RFC 4271 §6.8). It holds
/// no connection; it is told which exist and answers which remain.
class collision_resolver {
public:
  /// `deterministic` lets the identifiers decide even against a session that is
  /// set up (CollisionDetectEstablishedState, RFC 4271 §8.1.1); otherwise a
  /// session that is set up wins.
  collision_resolver(speaker local, bool deterministic)
      : local_(local), deterministic_(deterministic) {}

  /// Whether a new connection may join the 0..2 registered ones, which it
  /// never harms.
  admission admit(std::span<const contender> registered, direction way) const;

  /// Which of two connections of opposite directions is to be closed with
  /// Cease 6/7 now that `receiver` has got a valid OPEN from `remote`.
  connection_id loser(const contender& receiver, const contender& other,
                      const speaker& remote) const;

  /// Whether `other` is to be closed with Cease 6/7 now that its competitor has
  /// got its KEEPALIVE. If not, its OPEN will decide.
  bool confirmed_wins() const { return !deterministic_; }

private:
  speaker local_;
  bool deterministic_;
};

} // namespace troupe::protocol::fsm
