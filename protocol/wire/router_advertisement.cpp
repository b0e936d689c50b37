#include "protocol/wire/router_advertisement.hpp"

#include "protocol/wire/writer.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

namespace {

constexpr std::uint8_t router_advertisement_type = 134;
/// What no router between us can have left as it is.
constexpr std::uint8_t unforwarded_hop_limit = 255;

/// RFC 4861 §4.6: options come in units of eight octets, at least one.
bool options_are_sound(reader r) {
  while (!r.empty()) {
    r.u8(); // type
    const std::size_t units = r.u8();
    if (units == 0)
      return false;
    r.take(units * 8 - 2);
  }
  return !r.failed();
}

} // namespace

std::optional<router_advertisement>
decode_router_advertisement(const icmp_packet& packet) {
  const bool from_the_link = packet.source.is_v6()
                             && packet.source.is_link_local()
                             && packet.hop_limit == unforwarded_hop_limit;
  reader r{packet.message};
  const auto type = r.u8();
  const auto code = r.u8();
  r.u16(); // checksum
  r.u16(); // current hop limit and flags
  const std::chrono::seconds lifetime{r.u16()};
  r.u64(); // reachable time and retransmission timer
  if (!from_the_link || r.failed() || type != router_advertisement_type
      || code != 0 || !options_are_sound(r))
    return std::nullopt;
  return router_advertisement{lifetime};
}

std::vector<std::uint8_t>
encode_router_advertisement(const router_advertisement& advertisement) {
  std::vector<std::uint8_t> out;
  writer w{out};
  w.u8(router_advertisement_type);
  w.u8(0);  // code
  w.u16(0); // checksum
  w.u16(0); // current hop limit and flags
  w.u16(static_cast<std::uint16_t>(std::clamp<std::int64_t>(
      advertisement.router_lifetime.count(), 0, 0xffff)));
  w.u64(0); // reachable time and retransmission timer
  return out;
}

} // namespace troupe::protocol::wire
