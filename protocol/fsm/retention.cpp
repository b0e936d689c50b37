#include "protocol/fsm/retention.hpp"

#include <algorithm>

namespace troupe::protocol::fsm {

namespace {

/// The restart time of a family: 0 where the capability does not name it (RFC
/// 9494 §4.2).
std::chrono::seconds restart_time(const wire::negotiated& agreed, family f) {
  const auto& capability = *agreed.graceful_restart;
  const auto& named = capability.entries;
  const bool named_it =
      std::any_of(named.begin(), named.end(),
                  [&](const auto& e) { return e.address_family == f; });
  return named_it ? capability.restart_time : std::chrono::seconds{0};
}

bool is_hard_reset(const decode_error& notification) {
  return notification.code == notification_code::cease
         && notification.subcode
                == static_cast<std::uint8_t>(cease_subcode::hard_reset);
}

bool may_be_a_restart(const wire::negotiated& agreed, const ending& why) {
  switch (why.reason) {
  case end_reason::tcp_failure:
  case end_reason::superseded:
    return true;
  case end_reason::manual_stop:
  case end_reason::manual_reset:
  case end_reason::automatic_stop:
  case end_reason::unacceptable_open:
  case end_reason::setup_failed:
    return false;
  case end_reason::notification_received:
  case end_reason::hold_timer:
  case end_reason::send_hold_timer:
  case end_reason::malformed_message:
  case end_reason::unexpected_message:
  case end_reason::collision:
    return agreed.restart_on_notification
           && !(why.notification && is_hard_reset(*why.notification));
  }
  return false;
}

} // namespace

retention retained(const wire::negotiated& agreed, bool helps,
                   const ending& why) {
  retention result;
  if (!helps || !agreed.graceful_restart || !may_be_a_restart(agreed, why))
    return result;
  for (const auto& each : agreed.families) {
    const auto f = each.address_family;
    const retention::kept kept{f, restart_time(agreed, f),
                               agreed.long_lived_stale_time(f)};
    if (kept.restart_time.count() != 0 || kept.long_lived.count() != 0)
      result.families.push_back(kept);
  }
  return result;
}

bool is_forwarding(const wire::negotiated& agreed, family f) {
  if (!agreed.graceful_restart)
    return false;
  const auto says_so = [&](const auto& e) {
    return e.address_family == f && e.forwarding_preserved;
  };
  const auto& named = agreed.graceful_restart->entries;
  if (std::any_of(named.begin(), named.end(), says_so))
    return true;
  return agreed.long_lived
         && std::any_of(agreed.long_lived->entries.begin(),
                        agreed.long_lived->entries.end(), says_so);
}

} // namespace troupe::protocol::fsm
