#include "protocol/fsm/collision.hpp"

#include <algorithm>

namespace troupe::protocol::fsm {

namespace {

bool is_set_up(const contender& c) {
  return c.reached >= phase::session_setup;
}

} // namespace

std::optional<decode_error> refusal(admission a) {
  switch (a) {
  case admission::accepted:
    return std::nullopt;
  case admission::third_connection:
    return make_error(cease_subcode::connection_rejected,
                      "two connections compete already");
  case admission::same_direction:
    return make_error(cease_subcode::connection_rejected,
                      "a connection of this direction exists already");
  case admission::established_wins:
    return make_error(cease_subcode::connection_collision_resolution,
                      "the session is up on another connection");
  }
  return std::nullopt;
}

admission collision_resolver::admit(std::span<const contender> registered,
                                    direction way) const {
  if (registered.size() >= 2)
    return admission::third_connection;
  const auto same = [way](const contender& c) { return c.way == way; };
  const bool up = std::ranges::any_of(registered, is_set_up);
  // RFC 4271 §6.8: "Unless allowed via configuration, a connection collision
  // with an existing BGP connection that is in the Established state causes
  // closing of the newly created connection."
  if (up && (!deterministic_ || std::ranges::any_of(registered, same)))
    return admission::established_wins;
  if (std::ranges::any_of(registered, same))
    return admission::same_direction;
  return admission::accepted;
}

connection_id collision_resolver::loser(const contender& receiver,
                                        const contender& other,
                                        const speaker& remote) const {
  if (is_set_up(other) && !deterministic_)
    return receiver.connection;
  // RFC 4271 §6.8: the connection remains that the speaker with the higher
  // identifier has initiated; RFC 6286 §2.3: else that with the larger AS.
  const auto kept = local_ < remote ? direction::inbound : direction::outbound;
  return receiver.way == kept ? other.connection : receiver.connection;
}

} // namespace troupe::protocol::fsm
