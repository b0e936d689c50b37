#include "protocol/wire/capability.hpp"

#include "protocol/overloaded.hpp"

#include <optional>

namespace troupe::protocol::wire {

namespace {

constexpr std::uint16_t restarted_bit = 0x8000;
constexpr std::uint16_t notification_bit = 0x4000;
constexpr std::uint16_t restart_time_mask = 0x0fff;
constexpr std::uint8_t forwarding_bit = 0x80;

family read_family(reader& r) {
  const auto afi = r.u16();
  return {afi, r.u8()};
}

multiprotocol_capability read_multiprotocol(reader& r) {
  const auto afi = r.u16();
  r.u8(); // reserved
  return {{afi, r.u8()}};
}

extended_next_hop_capability read_extended_next_hop(reader& r) {
  extended_next_hop_capability result;
  while (!r.empty()) {
    const auto afi = r.u16();
    const auto safi = r.u16(); // two octets here (RFC 8950 §4)
    const auto next_hop_afi = r.u16();
    if (!r.failed() && safi <= 0xff)
      result.entries.push_back(
          {{afi, static_cast<std::uint8_t>(safi)}, next_hop_afi});
  }
  return result;
}

graceful_restart_capability read_graceful_restart(reader& r) {
  graceful_restart_capability result;
  const auto head = r.u16();
  result.restarted = (head & restarted_bit) != 0;
  result.notification = (head & notification_bit) != 0;
  result.restart_time = std::chrono::seconds{head & restart_time_mask};
  while (!r.empty()) {
    const auto f = read_family(r);
    const bool preserved = (r.u8() & forwarding_bit) != 0;
    if (!r.failed())
      result.entries.push_back({f, preserved});
  }
  return result;
}

long_lived_graceful_restart_capability read_long_lived(reader& r) {
  long_lived_graceful_restart_capability result;
  while (!r.empty()) {
    const auto f = read_family(r);
    const bool preserved = (r.u8() & forwarding_bit) != 0;
    const auto high = std::uint32_t{r.u8()} << 16;
    const std::chrono::seconds time{high | r.u16()};
    if (!r.failed())
      result.entries.push_back({f, preserved, time});
  }
  return result;
}

add_path_capability read_add_path(reader& r) {
  add_path_capability result;
  while (!r.empty()) {
    const auto f = read_family(r);
    const auto mode = r.u8();
    if (!r.failed() && mode >= 1 && mode <= 3) // RFC 7911 §4
      result.entries.push_back({f, static_cast<add_path_mode>(mode)});
  }
  return result;
}

capability read_known(capability_code code, reader& r) {
  switch (code) {
  case capability_code::multiprotocol:
    return read_multiprotocol(r);
  case capability_code::route_refresh:
    return route_refresh_capability{};
  case capability_code::extended_next_hop:
    return read_extended_next_hop(r);
  case capability_code::extended_message:
    return extended_message_capability{};
  case capability_code::role:
    return role_capability{static_cast<bgp_role>(r.u8())};
  case capability_code::graceful_restart:
    return read_graceful_restart(r);
  case capability_code::four_octet_as:
    return four_octet_as_capability{r.u32()};
  case capability_code::add_path:
    return read_add_path(r);
  case capability_code::enhanced_route_refresh:
    return enhanced_route_refresh_capability{};
  case capability_code::long_lived_graceful_restart:
    return read_long_lived(r);
  }
  return unknown_capability{static_cast<std::uint8_t>(code),
                            {r.rest().begin(), r.rest().end()}};
}

bool is_known(std::uint8_t code) {
  switch (static_cast<capability_code>(code)) {
  case capability_code::multiprotocol:
  case capability_code::route_refresh:
  case capability_code::extended_next_hop:
  case capability_code::extended_message:
  case capability_code::role:
  case capability_code::graceful_restart:
  case capability_code::four_octet_as:
  case capability_code::add_path:
  case capability_code::enhanced_route_refresh:
  case capability_code::long_lived_graceful_restart:
    return true;
  }
  return false;
}

void write_family(family f, writer& w) {
  w.u16(f.afi);
  w.u8(f.safi);
}

void write_value(const capability& c, writer& w) {
  std::visit(overloaded{
                 [&](const multiprotocol_capability& x) {
                   w.u16(x.address_family.afi);
                   w.u8(0);
                   w.u8(x.address_family.safi);
                 },
                 [](const route_refresh_capability&) {},
                 [&](const extended_next_hop_capability& x) {
                   for (const auto& entry : x.entries) {
                     w.u16(entry.nlri_family.afi);
                     w.u16(entry.nlri_family.safi);
                     w.u16(entry.next_hop_afi);
                   }
                 },
                 [](const extended_message_capability&) {},
                 [&](const role_capability& x) {
                   w.u8(static_cast<std::uint8_t>(x.role));
                 },
                 [&](const graceful_restart_capability& x) {
                   TROUPE_CHECK(x.restart_time.count() >= 0
                                    && x.restart_time.count()
                                           <= restart_time_mask,
                                "restart time out of range");
                   w.u16(static_cast<std::uint16_t>(
                       (x.restarted ? restarted_bit : 0)
                       | (x.notification ? notification_bit : 0)
                       | static_cast<int>(x.restart_time.count())));
                   for (const auto& entry : x.entries) {
                     write_family(entry.address_family, w);
                     w.u8(entry.forwarding_preserved ? forwarding_bit : 0);
                   }
                 },
                 [&](const four_octet_as_capability& x) { w.u32(x.as); },
                 [&](const add_path_capability& x) {
                   for (const auto& entry : x.entries) {
                     write_family(entry.address_family, w);
                     w.u8(static_cast<std::uint8_t>(entry.mode));
                   }
                 },
                 [](const enhanced_route_refresh_capability&) {},
                 [&](const long_lived_graceful_restart_capability& x) {
                   for (const auto& entry : x.entries) {
                     const auto time = entry.stale_time.count();
                     TROUPE_CHECK(time >= 0 && time <= 0xffffff,
                                  "long-lived stale time out of range");
                     write_family(entry.address_family, w);
                     w.u8(entry.forwarding_preserved ? forwarding_bit : 0);
                     w.u8(static_cast<std::uint8_t>(time >> 16));
                     w.u16(static_cast<std::uint16_t>(time & 0xffff));
                   }
                 },
                 [&](const unknown_capability& x) { w.bytes(x.value); },
             },
             c);
}

} // namespace

std::string_view name_of(bgp_role role) {
  switch (role) {
  case bgp_role::provider:
    return "provider";
  case bgp_role::route_server:
    return "route-server";
  case bgp_role::route_server_client:
    return "route-server-client";
  case bgp_role::customer:
    return "customer";
  case bgp_role::peer:
    return "peer";
  }
  return "unassigned";
}

bool roles_match(bgp_role local, bgp_role remote) {
  switch (local) {
  case bgp_role::provider:
    return remote == bgp_role::customer;
  case bgp_role::customer:
    return remote == bgp_role::provider;
  case bgp_role::route_server:
    return remote == bgp_role::route_server_client;
  case bgp_role::route_server_client:
    return remote == bgp_role::route_server;
  case bgp_role::peer:
    return remote == bgp_role::peer;
  }
  return false;
}

std::uint8_t code_of(const capability& c) {
  const auto known = [](capability_code code) {
    return static_cast<std::uint8_t>(code);
  };
  return std::visit(
      overloaded{
          [&](const multiprotocol_capability&) {
            return known(capability_code::multiprotocol);
          },
          [&](const route_refresh_capability&) {
            return known(capability_code::route_refresh);
          },
          [&](const extended_next_hop_capability&) {
            return known(capability_code::extended_next_hop);
          },
          [&](const extended_message_capability&) {
            return known(capability_code::extended_message);
          },
          [&](const role_capability&) { return known(capability_code::role); },
          [&](const graceful_restart_capability&) {
            return known(capability_code::graceful_restart);
          },
          [&](const four_octet_as_capability&) {
            return known(capability_code::four_octet_as);
          },
          [&](const add_path_capability&) {
            return known(capability_code::add_path);
          },
          [&](const enhanced_route_refresh_capability&) {
            return known(capability_code::enhanced_route_refresh);
          },
          [&](const long_lived_graceful_restart_capability&) {
            return known(capability_code::long_lived_graceful_restart);
          },
          [](const unknown_capability& x) { return x.code; },
      },
      c);
}

outcome<capability> decode_capability(std::uint8_t code, byte_span value) {
  if (!is_known(code))
    return capability{unknown_capability{code, {value.begin(), value.end()}}};
  reader r{value};
  auto result = read_known(static_cast<capability_code>(code), r);
  if (!r.failed() && r.empty())
    return result;
  return make_error(open_subcode::unspecific, "capability length is wrong");
}

void encode_capability(const capability& c, std::vector<std::uint8_t>& out) {
  writer w{out};
  w.u8(code_of(c));
  const auto length = w.reserve_u8();
  write_value(c, w);
  w.patch_u8(length);
}

} // namespace troupe::protocol::wire
