#include "protocol/wire/negotiation.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

namespace {

template <class Capability>
bool both(const open_message& local, const open_message& remote) {
  return local.find<Capability>() && remote.find<Capability>();
}

// Ascending, each once.
std::vector<family> families_of(const open_message& open) {
  std::vector<family> result;
  for (const auto& each : open.capabilities)
    if (const auto* mp = std::get_if<multiprotocol_capability>(&each))
      result.push_back(mp->address_family);
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

// Whether this side names the family with this mode (or both).
bool offers(const open_message& open, family f, add_path_mode mode) {
  const auto wanted = static_cast<unsigned>(mode);
  for (const auto& each : open.capabilities)
    if (const auto* add_path = std::get_if<add_path_capability>(&each))
      for (const auto& entry : add_path->entries)
        if (entry.address_family == f
            && (static_cast<unsigned>(entry.mode) & wanted) != 0)
          return true;
  return false;
}

bool offers_ipv6_next_hop(const open_message& open) {
  constexpr extended_next_hop_capability::entry wanted{ipv4_unicast, 2};
  for (const auto& each : open.capabilities)
    if (const auto* c = std::get_if<extended_next_hop_capability>(&each))
      if (std::find(c->entries.begin(), c->entries.end(), wanted)
          != c->entries.end())
        return true;
  return false;
}

void agree_on_families(const open_message& local, const open_message& remote,
                       negotiated& result) {
  auto theirs = families_of(remote);
  if (theirs.empty())
    theirs.push_back(ipv4_unicast);
  for (const auto f : families_of(local)) {
    if (!std::binary_search(theirs.begin(), theirs.end(), f))
      continue;
    negotiated_family agreed{f};
    agreed.add_path_receive = offers(local, f, add_path_mode::receive)
                              && offers(remote, f, add_path_mode::send);
    agreed.add_path_send = offers(local, f, add_path_mode::send)
                           && offers(remote, f, add_path_mode::receive);
    result.families.push_back(agreed);
  }
}

void agree_on_restart(const open_message& local, const open_message& remote,
                      negotiated& result) {
  const auto* ours = local.find<graceful_restart_capability>();
  const auto* theirs = remote.find<graceful_restart_capability>();
  if (ours == nullptr || theirs == nullptr)
    return;
  result.restart_on_notification = ours->notification && theirs->notification;
  const auto* long_lived =
      remote.find<long_lived_graceful_restart_capability>();
  if (long_lived != nullptr
      && local.find<long_lived_graceful_restart_capability>() != nullptr)
    result.long_lived = *long_lived;
}

void agree_on_times(const open_message& local, const open_message& remote,
                    std::chrono::milliseconds keepalive, negotiated& result) {
  const auto hold = std::min(local.hold_time, remote.hold_time);
  result.hold_time = hold;
  if (hold.count() == 0)
    return; // RFC 4271 §4.2: no KEEPALIVE either
  const std::chrono::milliseconds third = std::chrono::milliseconds{hold} / 3;
  const bool lowered = hold < local.hold_time;
  if (keepalive.count() <= 0 || keepalive >= hold)
    keepalive = third;
  result.keepalive_time = lowered ? std::min(keepalive, third) : keepalive;
}

} // namespace

negotiated negotiate(const open_message& local, const open_message& remote,
                     std::chrono::milliseconds keepalive,
                     std::span<const as_number> members) {
  negotiated result;
  result.as4 = both<four_octet_as_capability>(local, remote);
  agree_on_families(local, remote, result);
  result.extended_next_hop =
      offers_ipv6_next_hop(local) && offers_ipv6_next_hop(remote);
  result.extended_message_send =
      both<extended_message_capability>(local, remote);
  result.extended_message_receive =
      local.find<extended_message_capability>() != nullptr;
  result.route_refresh = remote.find<route_refresh_capability>() != nullptr;
  result.enhanced_route_refresh =
      both<enhanced_route_refresh_capability>(local, remote);
  if (const auto* restart = remote.find<graceful_restart_capability>())
    result.graceful_restart = *restart;
  agree_on_restart(local, remote, result);
  if (const auto* role = remote.find<role_capability>())
    result.remote_role = role->role;
  agree_on_times(local, remote, keepalive, result);
  result.local_as = local.my_as;
  result.peer_as = remote.my_as;
  result.peer_id = remote.identifier;
  result.kind = kind_of(local.my_as, remote.my_as, members);
  return result;
}

} // namespace troupe::protocol::wire
