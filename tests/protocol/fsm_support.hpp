#pragma once

#include "protocol/fsm/session_fsm.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Words for tests of the session state machine. The local speaker is AS 65001
/// with identifier 10.0.0.1, the peer AS 65002; the peer's identifier decides
/// who wins a collision.
namespace troupe::protocol::fsm::test {

using namespace std::chrono_literals;

inline constexpr connection_id first{1};
inline constexpr connection_id second{2};
inline constexpr connection_id third{3};
inline constexpr connection_id stranger{9};

inline constexpr router_id local_identifier{0x0a000001};
inline constexpr router_id lower_identifier{0x09000001};
inline constexpr router_id higher_identifier{0x0b000001};

/// An OPEN of this AS and identifier for IPv4 unicast.
wire::open_message an_open(as_number as, router_id identifier,
                           std::chrono::seconds hold = 90s);
/// The peer's OPEN; its identifier is the lower one.
wire::open_message peer_open(std::chrono::seconds hold = 90s);

/// Every time differs, no jitter; Idle lasts 10 s.
settings plain_settings();

/// Every event's name: its title, and for connection events a connection.
event event_named(std::string_view title, connection_id c = first);
/// The titles of all session events, and of all connection events.
const std::vector<std::string_view>& session_titles();
const std::vector<std::string_view>& connection_titles();

/// Sends the events one by one; returns the actions of the last one.
actions run(session_fsm& machine, std::initializer_list<event> events);

/// The actions in short, in order, without `connection_ends`, `transition` and
/// what belongs to `first`: "+hold" arms, "-hold" disarms, "6/2" notifies,
/// "#2" marks another connection.
std::string summary(const actions& all);

/// The transitions only: "idle -> connect, connect -> open sent".
std::string transitions(const actions& all);

/// The actions of one kind, in order.
template <class Action>
std::vector<Action> all_of(const actions& all) {
  std::vector<Action> found;
  for (const auto& a : all)
    if (const auto* x = std::get_if<Action>(&a))
      found.push_back(*x);
  return found;
}

/// How long the timer was armed for, the last time; nothing if it was not.
std::optional<milliseconds> armed(const actions& all, timer which);

// -- the way to a state -------------------------------------------------------

/// Waiting in Idle for its first start.
session_fsm fresh(const settings& s = plain_settings());
session_fsm in_connect(const settings& s = plain_settings());
session_fsm in_active(settings s = plain_settings());
/// `first` is outbound.
session_fsm in_open_sent(const settings& s = plain_settings());
session_fsm in_open_confirm(const settings& s = plain_settings());
session_fsm in_session_setup(const settings& s = plain_settings());
session_fsm in_established(const settings& s = plain_settings());
/// `first`, outbound, has reached `reached`; `second`, inbound, OpenSent.
session_fsm in_collision(phase reached, const settings& s = plain_settings());

} // namespace troupe::protocol::fsm::test
