#include "protocol/wire/negotiation.hpp"

#include <gtest/gtest.h>

namespace troupe::protocol::wire {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

open_message open_with(std::vector<capability> capabilities,
                       as_number as = 65001, seconds hold = seconds{90}) {
  return {4, as, as_field(as), hold, router_id{as}, std::move(capabilities)};
}

const capability mp_v4 = multiprotocol_capability{ipv4_unicast};
const capability mp_v6 = multiprotocol_capability{ipv6_unicast};

capability add_path(family f, add_path_mode mode) {
  return add_path_capability{{{f, mode}}};
}

negotiated agree(std::vector<capability> local,
                 std::vector<capability> remote) {
  return negotiate(open_with(std::move(local), 65000),
                   open_with(std::move(remote)), seconds{30});
}

milliseconds keepalive(seconds local, seconds remote, milliseconds configured) {
  return negotiate(open_with({}, 65000, local), open_with({}, 65001, remote),
                   configured)
      .keepalive_time;
}

} // namespace

TEST(Negotiate, TakesFamiliesThatBothName) { // RFC 4760 §8
  const auto result = agree({mp_v6, mp_v4}, {mp_v6});
  EXPECT_FALSE(result.has(ipv4_unicast));
  EXPECT_TRUE(result.has(ipv6_unicast));
  EXPECT_EQ(agree({mp_v6, mp_v4}, {mp_v4, mp_v6, mp_v6}).families.size(), 2U);
  EXPECT_TRUE(agree({mp_v6}, {mp_v4}).families.empty());
}

TEST(Negotiate, TakesIpv4FromAPeerThatNamesNoFamily) {
  EXPECT_TRUE(agree({mp_v4, mp_v6}, {}).has(ipv4_unicast));
  EXPECT_FALSE(agree({mp_v4, mp_v6}, {}).has(ipv6_unicast));
  EXPECT_TRUE(agree({mp_v6}, {}).families.empty());
  EXPECT_TRUE(agree({}, {}).families.empty());
}

TEST(Negotiate, NeedsBothSidesForFourOctetAs) { // RFC 6793 §4.1
  const capability as4 = four_octet_as_capability{65001};
  EXPECT_TRUE(agree({as4}, {as4}).as4);
  EXPECT_FALSE(agree({as4}, {}).as4);
  EXPECT_FALSE(agree({}, {as4}).as4);
}

TEST(Negotiate, AgreesOnAddPathPerFamilyAndDirection) { // RFC 7911 §4
  using enum add_path_mode;
  const auto direction = [](add_path_mode local, add_path_mode remote) {
    const auto result = agree({mp_v4, mp_v6, add_path(ipv4_unicast, local)},
                              {mp_v4, mp_v6, add_path(ipv4_unicast, remote)});
    EXPECT_FALSE(result.find(ipv6_unicast)->add_path_receive);
    EXPECT_FALSE(result.find(ipv6_unicast)->add_path_send);
    return *result.find(ipv4_unicast);
  };
  EXPECT_EQ(direction(receive, send),
            (negotiated_family{ipv4_unicast, true, false}));
  EXPECT_EQ(direction(send, receive),
            (negotiated_family{ipv4_unicast, false, true}));
  EXPECT_EQ(direction(both, both),
            (negotiated_family{ipv4_unicast, true, true}));
  EXPECT_EQ(direction(receive, receive),
            (negotiated_family{ipv4_unicast, false, false}));
  EXPECT_EQ(direction(both, receive),
            (negotiated_family{ipv4_unicast, false, true}));
}

TEST(Negotiate, NeedsBothSidesForExtendedNextHop) { // RFC 8950 §4
  const capability c = extended_next_hop_capability{{{ipv4_unicast, 2}}};
  const capability other = extended_next_hop_capability{{{{1, 128}, 2}}};
  EXPECT_TRUE(agree({c}, {other, c}).extended_next_hop);
  EXPECT_FALSE(agree({c}, {other}).extended_next_hop);
  EXPECT_FALSE(agree({}, {c}).extended_next_hop);
}

TEST(Negotiate, BoundsMessagesBothWays) { // RFC 8654 §4
  const capability c = extended_message_capability{};
  EXPECT_EQ(agree({c}, {c}).max_message_size(), 65535U);
  EXPECT_EQ(agree({c}, {c}).max_receive_size(), 65535U);
  EXPECT_EQ(agree({c}, {}).max_message_size(), 4096U);
  EXPECT_EQ(agree({c}, {}).max_receive_size(), 65535U);
  EXPECT_EQ(agree({}, {c}).max_message_size(), 4096U);
  EXPECT_EQ(agree({}, {c}).max_receive_size(), 4096U);
}

TEST(Negotiate, KnowsWhatThePeerAnswers) { // RFC 2918 §4, RFC 7313 §4
  const capability refresh = route_refresh_capability{};
  const capability enhanced = enhanced_route_refresh_capability{};
  EXPECT_TRUE(agree({}, {refresh}).route_refresh);
  EXPECT_FALSE(agree({refresh}, {}).route_refresh);
  EXPECT_TRUE(agree({enhanced}, {enhanced}).enhanced_route_refresh);
  EXPECT_FALSE(agree({enhanced}, {refresh}).enhanced_route_refresh);
}

TEST(Negotiate, KeepsThePeersRestartAndRole) {
  const graceful_restart_capability restart{
      true, true, seconds{120}, {{ipv4_unicast, true}}};
  const auto result = agree({}, {restart, role_capability{bgp_role::customer}});
  EXPECT_EQ(result.graceful_restart, restart);
  EXPECT_EQ(result.remote_role, bgp_role::customer);
  EXPECT_EQ(agree({}, {}).graceful_restart, std::nullopt);
}

TEST(Negotiate, NeedsBothSidesForLongerRestarts) {
  const graceful_restart_capability plain{
      false, false, seconds{120}, {{ipv4_unicast, true}}};
  auto notifying = plain;
  notifying.notification = true; // RFC 8538 §2
  EXPECT_TRUE(agree({notifying}, {notifying}).restart_on_notification);
  EXPECT_FALSE(agree({notifying}, {plain}).restart_on_notification);
  EXPECT_FALSE(agree({plain}, {notifying}).restart_on_notification);
  // RFC 9494 §4.1, §4.5: the plain one must be there as well.
  const long_lived_graceful_restart_capability longer{
      {{ipv4_unicast, true, seconds{3600}}}};
  EXPECT_EQ(agree({plain, longer}, {plain, longer}).long_lived, longer);
  EXPECT_FALSE(agree({plain}, {plain, longer}).long_lived);
  EXPECT_FALSE(agree({plain, longer}, {plain}).long_lived);
  EXPECT_FALSE(agree({plain, longer}, {longer}).long_lived);
  EXPECT_FALSE(agree({longer}, {plain, longer}).long_lived);
}

TEST(Negotiate, TellsInternalFromExternal) { // RFC 4271 §1.1
  const auto external =
      negotiate(open_with({}, 65000), open_with({}, 65001), seconds{30});
  EXPECT_EQ(external.kind, peer_kind::external);
  EXPECT_EQ(external.local_as, 65000U);
  EXPECT_EQ(external.peer_as, 65001U);
  EXPECT_EQ(external.peer_id, router_id{65001});
  EXPECT_EQ(negotiate(open_with({}, 4200000001), open_with({}, 4200000001),
                      seconds{30})
                .kind,
            peer_kind::internal);
}

TEST(Negotiate, KnowsTheMembersOfOurConfederation) { // RFC 5065 §4
  const std::vector<as_number> members{65010, 65011, 65012};
  const auto kind = [&](as_number local, as_number remote) {
    return negotiate(open_with({}, local), open_with({}, remote), seconds{30},
                     members)
        .kind;
  };
  EXPECT_EQ(kind(65010, 65011), peer_kind::confederation);
  EXPECT_EQ(kind(65010, 65010), peer_kind::internal);
  EXPECT_EQ(kind(100, 200), peer_kind::external);
  // Without a confederation a member's number is any other.
  EXPECT_EQ(
      negotiate(open_with({}, 65010), open_with({}, 65011), seconds{30}).kind,
      peer_kind::external);
}

TEST(Negotiate, TakesTheSmallerHoldTime) { // RFC 4271 §4.2
  const auto hold = [](seconds a, seconds b) {
    return negotiate(open_with({}, 1, a), open_with({}, 2, b), seconds{30})
        .hold_time;
  };
  EXPECT_EQ(hold(seconds{90}, seconds{180}), seconds{90});
  EXPECT_EQ(hold(seconds{90}, seconds{9}), seconds{9});
}

TEST(Negotiate, SwitchesTimersOffWhereOneSideSaysZero) { // RFC 4271 §4.2
  for (const auto& [a, b] : {std::pair{0, 90}, {90, 0}, {0, 0}}) {
    const auto result = negotiate(open_with({}, 1, seconds{a}),
                                  open_with({}, 2, seconds{b}), seconds{30});
    EXPECT_EQ(result.hold_time, seconds{0});
    EXPECT_EQ(result.keepalive_time, milliseconds{0});
  }
}

TEST(Negotiate, KeepsTheConfiguredKeepaliveTimeWithinBounds) {
  EXPECT_EQ(keepalive(seconds{90}, seconds{180}, seconds{30}), seconds{30});
  EXPECT_EQ(keepalive(seconds{6}, seconds{6}, seconds{3}), seconds{3});
  // The peer lowers our hold time: a third of it (RFC 4271 §4.4).
  EXPECT_EQ(keepalive(seconds{90}, seconds{9}, seconds{30}), seconds{3});
  EXPECT_EQ(keepalive(seconds{90}, seconds{9}, seconds{1}), seconds{1});
  // None or a useless one is configured.
  EXPECT_EQ(keepalive(seconds{90}, seconds{90}, seconds{0}), seconds{30});
  EXPECT_EQ(keepalive(seconds{3}, seconds{3}, seconds{30}), seconds{1});
  EXPECT_EQ(keepalive(seconds{4}, seconds{4}, seconds{0}), milliseconds{1333});
}

} // namespace troupe::protocol::wire
