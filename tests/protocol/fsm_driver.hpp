#pragma once

#include "protocol/fsm/session_fsm.hpp"

#include <array>
#include <cstdint>
#include <span>

/// Turns bytes into settings and events for a session machine. Half of the
/// events are those that bring it forward, so that short inputs get deep; the
/// others are any. Header-only, for property tests and the fuzzer.
namespace troupe::protocol::fsm::test {

/// Takes bytes one by one; 0 when there are none left.
class byte_source {
public:
  explicit byte_source(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::uint8_t next() {
    if (bytes_.empty())
      return 0;
    const auto value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }
  /// One of `size` numbers, from 0.
  std::size_t below(std::size_t size) { return next() % size; }
  bool flip() { return below(2) == 1; }

private:
  std::span<const std::uint8_t> bytes_;
};

/// An OPEN from a small domain: identifiers below, equal and above ours, AS
/// numbers that are right, ours and wrong, hold times, families.
inline wire::open_message drawn_open(byte_source& in) {
  using std::chrono::seconds;
  constexpr std::array<std::uint32_t, 4> identifiers{1, 2, 3, 2};
  constexpr std::array<as_number, 4> numbers{65002, 65002, 65001, 65003};
  constexpr std::array<int, 5> holds{90, 90, 0, 3, 1};
  wire::open_message m;
  m.identifier = router_id{identifiers.at(in.below(4))};
  m.my_as = numbers.at(in.below(4));
  m.my_as_field = wire::as_field(m.my_as);
  m.hold_time = seconds{holds.at(in.below(5))};
  m.capabilities = {wire::four_octet_as_capability{m.my_as}};
  if (in.below(4) != 3)
    m.capabilities.emplace_back(wire::multiprotocol_capability{ipv4_unicast});
  if (in.below(4) == 3)
    m.capabilities.emplace_back(wire::multiprotocol_capability{ipv6_unicast});
  return m;
}

inline settings drawn_settings(byte_source& in) {
  constexpr std::array<int, 4> times{0, 1, 1000, -5};
  const auto time = [&] { return milliseconds{times.at(in.below(4))}; };
  settings s;
  s.open.my_as = 65001;
  s.open.identifier = router_id{2};
  s.open.hold_time = std::chrono::seconds{in.flip() ? 90 : 0};
  s.open.capabilities = {wire::multiprotocol_capability{ipv4_unicast}};
  if (in.flip())
    s.remote_as = 65002;
  if (in.below(4) == 3)
    s.remote_id = router_id{1};
  s.start_automatically = in.below(4) != 3;
  s.passive = in.below(4) == 3;
  s.deterministic_collision_resolution = in.flip();
  s.damp_peer_oscillations = in.flip();
  s.send_notification_without_open = in.flip();
  s.connect_retry = time();
  s.idle_hold = time();
  s.idle_hold_limit = time();
  s.stable_time = time();
  s.delay_open = time();
  s.open_hold_time = time();
  s.keepalive = time();
  s.keepalive_jitter = {1.0, in.flip() ? 0.0 : 1.0};
  return s;
}

/// A connection: mostly a registered one, else one of a few names.
inline connection_id drawn_connection(const session_fsm& m, byte_source& in) {
  const auto known = m.connections();
  const auto n = in.below(8);
  if (!known.empty() && n < 6)
    return known[n % known.size()].who.connection;
  return connection_id{in.below(6)};
}

/// What brings the machine forward from where it is.
inline event next_step(const session_fsm& m, byte_source& in) {
  const auto known = m.connections();
  if (known.empty() || in.below(4) == 3) {
    if (m.current() == state::idle)
      return m.stopped() ? event{manual_start{}} : event{idle_hold_expired{}};
    const connection_id fresh{in.below(6)};
    return in.flip() ? event{tcp_connection_acked{fresh}}
                     : event{tcp_connection_confirmed{fresh}};
  }
  const auto& c = known[in.below(known.size())].who;
  switch (c.reached) {
  case phase::delaying:
    return in.flip() ? event{delay_open_expired{c.connection}}
                     : event{open_received{c.connection, drawn_open(in)}};
  case phase::open_sent:
    return open_received{c.connection, drawn_open(in)};
  case phase::open_confirm:
    return keepalive_received{c.connection};
  case phase::session_setup:
    return session_set_up{c.connection};
  case phase::established:
    return in.flip() ? event{update_received{c.connection}}
                     : event{stable_expired{}};
  }
  return manual_start{};
}

inline wire::notification_message drawn_notification(byte_source& in) {
  return in.flip()
             ? wire::notification_message{notification_code::open_message_error,
                                          1,
                                          {4}}
             : wire::notification_message{};
}

inline event any_session_event(byte_source& in) {
  switch (in.below(11)) {
  case 0:
    return automatic_start{};
  case 1:
    return manual_start{};
  case 2:
    return manual_stop{in.next(), in.flip() ? "maintenance" : "", in.flip()};
  case 3:
    return reset{};
  case 4:
    return automatic_stop{in.next(), {in.next()}};
  case 5:
    return connect_retry_expired{};
  case 6:
    return idle_hold_expired{};
  case 7:
    return stable_expired{};
  case 8:
    return tcp_connection_acked{connection_id{in.below(6)}};
  case 9:
    return tcp_connection_confirmed{connection_id{in.below(6)}};
  default:
    return connect_attempt_failed{};
  }
}

inline event any_connection_event(const session_fsm& m, byte_source& in) {
  const auto c = drawn_connection(m, in);
  switch (in.below(13)) {
  case 0:
    return hold_expired{c};
  case 1:
    return keepalive_expired{c};
  case 2:
    return delay_open_expired{c};
  case 3:
    return send_hold_expired{c};
  case 4:
    return tcp_connection_failed{c};
  case 5:
    return open_received{c, drawn_open(in)};
  case 6:
    return keepalive_received{c};
  case 7:
    return update_received{c};
  case 8:
    return route_refresh_received{c};
  case 9:
    return notification_received{c, drawn_notification(in)};
  case 10:
    return message_malformed{c, {}, in.below(6)};
  case 11:
    return session_set_up{c};
  default:
    return session_set_up_failed{c};
  }
}

inline event drawn_event(const session_fsm& m, byte_source& in) {
  switch (in.below(8)) {
  case 0:
  case 1:
    return any_session_event(in);
  case 2:
  case 3:
    return any_connection_event(m, in);
  default:
    return next_step(m, in);
  }
}

} // namespace troupe::protocol::fsm::test
