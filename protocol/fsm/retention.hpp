#pragma once

#include "protocol/fsm/action.hpp"
#include "protocol/wire/negotiation.hpp"

#include <chrono>
#include <vector>

/// Which of a peer's routes outlive its session: graceful restart as the
/// receiving speaker sees it (RFC 4724 §4.2, RFC 8538, RFC 9494 §4.2).
namespace troupe::protocol::fsm {

/// What stays of a session that has ended.
struct retention {
  struct kept {
    family address_family;
    /// How long the peer has to come back before its routes age (RFC 4724 §3).
    std::chrono::seconds restart_time{0};
    /// How long they stay from then on as long-lived stale ones; 0: not at all.
    std::chrono::seconds long_lived{0};
    friend bool operator==(const kept&, const kept&) = default;
  };
  std::vector<kept> families; ///< ascending; empty: nothing is kept

  bool empty() const { return families.empty(); }
  friend bool operator==(const retention&, const retention&) = default;
};

/// What is kept of a session that agreed on `agreed` and ended because of
/// `why`. `helps` is whether we keep routes at all.
///
/// A peer that told its restart in no capability, an operator's word and a rule
/// of ours keep nothing. Nor does a NOTIFICATION or an expired hold timer,
/// unless both sides have said that they may (the N bit of RFC 8538), and it is
/// no Hard Reset.
retention retained(const wire::negotiated& agreed, bool helps,
                   const ending& why);

/// Whether stale routes of a family may wait for End-of-RIB now that the peer
/// is back: its new capability names the family with the forwarding bit (RFC
/// 4724 §4.2).
bool is_forwarding(const wire::negotiated& agreed, family f);

} // namespace troupe::protocol::fsm
