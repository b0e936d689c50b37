#include "tests/protocol/wire_generators.hpp"

#include <algorithm>

namespace troupe::protocol::wire::testing {

namespace {

// A seed that rapidcheck picks makes a whole value: far quicker than picking
// every octet, and a failure still names its seed.
class dice {
public:
  explicit dice(std::uint64_t seed) : state_{seed} {}

  // 0 to `bound` - 1.
  std::size_t below(std::size_t bound) {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t x = state_;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return static_cast<std::size_t>((x ^ x >> 31) % bound);
  }
  bool coin() { return below(2) == 0; }
  template <class T>
  T of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  // Up to `most` of what `make()` yields.
  template <class Make>
  auto list(std::size_t most, Make make) {
    std::vector<decltype(make())> result;
    for (auto left = below(most + 1); left > 0; --left)
      result.push_back(make());
    return result;
  }
  template <class Make>
  auto perhaps(Make make) {
    return coin() ? std::optional{make()} : std::nullopt;
  }

private:
  std::uint64_t state_;
};

template <class Make>
auto from_seed(Make make) {
  return rc::gen::map(rc::gen::noShrink(rc::gen::resize(
                          100, rc::gen::arbitrary<std::uint64_t>())),
                      [make](std::uint64_t seed) {
                        dice d{seed};
                        return make(d);
                      });
}

byte_vector octets(dice& d, std::size_t most) {
  return d.list(most, [&] {
    return d.of<std::uint8_t>({0, 1, 2, 4, 0x40, 0x80, 0xc0, 0xff});
  });
}

family some_family(dice& d) {
  return d.of({ipv4_unicast, ipv6_unicast, family{1, 2}, family{25, 70}});
}

as_number some_as(dice& d) {
  return d.of<as_number>({1, 2, 23456, 65001, 65535, 65536, 4200000001});
}

std::uint32_t small_number(dice& d) {
  return d.of<std::uint32_t>({0, 1, 2, 100, 0xffffffff});
}

capability some_capability(dice& d) {
  switch (d.below(11)) {
  case 0:
    return multiprotocol_capability{some_family(d)};
  case 1:
    return route_refresh_capability{};
  case 2:
    return extended_next_hop_capability{d.list(3, [&] {
      return extended_next_hop_capability::entry{some_family(d), 2};
    })};
  case 3:
    return extended_message_capability{};
  case 4:
    return role_capability{static_cast<bgp_role>(d.below(6))};
  case 5:
    return graceful_restart_capability{
        d.coin(), d.coin(), std::chrono::seconds{d.of({0, 120, 4095})},
        d.list(3, [&] {
          return graceful_restart_capability::entry{some_family(d), d.coin()};
        })};
  case 6:
    return add_path_capability{d.list(3, [&] {
      return add_path_capability::entry{
          some_family(d), static_cast<add_path_mode>(1 + d.below(3))};
    })};
  case 7:
    return enhanced_route_refresh_capability{};
  case 9:
    return long_lived_graceful_restart_capability{
        {{ipv4_unicast, true, std::chrono::seconds{0xffffff}},
         {ipv6_unicast, false, std::chrono::seconds{1}}}};
  default:
    return unknown_capability{d.of<std::uint8_t>({0, 72, 73, 131, 255}),
                              octets(d, 255)};
  }
}

open_message some_open(dice& d) {
  open_message open;
  const bool wide = d.coin();
  open.my_as = wide ? some_as(d) : d.of<as_number>({1, 23456, 65535});
  open.my_as_field = as_field(open.my_as);
  open.hold_time = std::chrono::seconds{d.of({0, 3, 90, 65535})};
  open.identifier = router_id{d.of<std::uint32_t>({1, 2, 0xffffffff})};
  for (auto& each : d.list(12, [&] { return some_capability(d); }))
    if (std::find(open.capabilities.begin(), open.capabilities.end(), each)
        == open.capabilities.end())
      open.capabilities.push_back(std::move(each));
  if (wide) {
    const auto at = d.below(open.capabilities.size() + 1);
    open.capabilities.insert(open.capabilities.begin()
                                 + static_cast<std::ptrdiff_t>(at),
                             four_octet_as_capability{open.my_as});
  }
  return open;
}

route_refresh_message some_route_refresh(dice& d) {
  route_refresh_message message;
  message.address_family = some_family(d);
  message.kind = static_cast<route_refresh_kind>(d.below(5));
  if (message.kind != route_refresh_kind::begin
      && message.kind != route_refresh_kind::end)
    message.trailing = octets(d, 20);
  return message;
}

nlri some_nlri(dice& d, family f, bool add_path) {
  nlri result;
  result.length = static_cast<std::uint8_t>(d.below(max_prefix_length(f) + 1U));
  for (std::size_t i = 0; i < (result.length + 7U) / 8; ++i)
    result.address[i] = d.of<std::uint8_t>({0, 1, 10, 0xff});
  clear_host_bits(result.address, result.length);
  if (add_path)
    result.path_id = d.of<std::uint32_t>({0, 1, 2, 0xffffffff});
  return result;
}

as_path some_path(dice& d, bool confederations) {
  const auto segments = d.list(4, [&] {
    as_segment segment;
    segment.type =
        static_cast<segment_type>(1 + d.below(confederations ? 4 : 2));
    segment.numbers = d.list(5, [&] { return some_as(d); });
    return segment;
  });
  return as_path{std::span<const as_segment>{segments}};
}

std::vector<unknown_attribute> some_unknown(dice& d) {
  std::vector<unknown_attribute> result;
  for (const std::uint8_t code :
       std::initializer_list<std::uint8_t>{11, 23, 28, 40, 128, 255})
    if (d.below(4) == 0)
      result.push_back(
          {optional_transitive | flag_partial, code, octets(d, 300)});
  return result;
}

std::vector<large_community> some_large(dice& d) {
  auto result = d.list(4, [&] {
    return large_community{small_number(d), small_number(d), 7};
  });
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

path_attributes some_attributes(dice& d, bool ipv6_next_hop) {
  path_attributes a;
  a.origin = static_cast<origin_type>(d.below(3));
  a.as_path = some_path(d, false);
  a.next_hop = address(ipv6_next_hop ? "2001:db8::1" : "192.0.2.1");
  if (ipv6_next_hop && d.coin())
    a.link_local_next_hop = address("fe80::1");
  a.med = d.perhaps([&] { return small_number(d); });
  a.local_pref = d.perhaps([&] { return small_number(d); });
  a.atomic_aggregate = d.coin();
  a.aggregator = d.perhaps([&] {
    return aggregator{some_as(d), router_id{small_number(d)}};
  });
  a.communities = d.list(70, [&] { return community{small_number(d)}; });
  a.originator_id = d.perhaps([&] { return router_id{small_number(d)}; });
  a.cluster_list = d.list(3, [&] { return router_id{small_number(d)}; });
  a.extended_communities =
      d.list(3, [&] { return extended_community{small_number(d)}; });
  a.aigp = d.perhaps([&] { return std::uint64_t{small_number(d)}; });
  if (d.below(4) == 0) // a TLV of an unknown type
    a.other_aigp_tlvs = {7, 0, 4, 1};
  a.large_communities = some_large(d);
  a.only_to_customer = d.perhaps([&] { return some_as(d); });
  a.unknown = some_unknown(d);
  if (a.aggregator && d.coin())
    a.partial |= 1U << 7;
  if (!a.communities.empty() && d.coin())
    a.partial |= 1U << 8;
  return a;
}

} // namespace

rc::Gen<byte_vector> any_bytes(std::size_t most) {
  return from_seed([=](dice& d) { return octets(d, most); });
}

rc::Gen<open_message> any_open() {
  return from_seed(some_open);
}

rc::Gen<notification_message> any_notification() {
  return from_seed([](dice& d) {
    return notification_message{static_cast<notification_code>(d.below(256)),
                                static_cast<std::uint8_t>(d.below(256)),
                                octets(d, 300)};
  });
}

rc::Gen<route_refresh_message> any_route_refresh() {
  return from_seed(some_route_refresh);
}

rc::Gen<std::vector<nlri>> any_nlri(family f, bool add_path, std::size_t most) {
  return from_seed([=](dice& d) {
    return d.list(most, [&] { return some_nlri(d, f, add_path); });
  });
}

rc::Gen<as_path> any_path(bool confederations) {
  return from_seed([=](dice& d) { return some_path(d, confederations); });
}

rc::Gen<path_attributes> any_attributes(bool ipv6_next_hop) {
  return from_seed([=](dice& d) { return some_attributes(d, ipv6_next_hop); });
}

} // namespace troupe::protocol::wire::testing
