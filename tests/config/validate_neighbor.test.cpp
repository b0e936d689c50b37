#include "tests/config/validation_rule.hpp"

namespace troupe::config::testing {
namespace {

class NeighborRule : public ::testing::TestWithParam<rule> {};

TEST_P(NeighborRule, IsToldOnceWithItsPath) {
  expect_rule(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    NeighborAddress, NeighborRule,
    ::testing::Values(
        rule{"NamesAreUniqueInTheDaemon",
             {{c + "/name", R"("a")"}},
             "error " + c_path + ".name: \"a\" is the name of another"},
        rule{"TwoNeighborsForOneConnection",
             {{b + "/address", R"("127.0.0.2")"}},
             "error " + b_path
                 + ".address: a connection could be this "
                   "neighbour's or that of "
                 + a_path},
        rule{"TwoIdenticalRanges",
             {{b + "/address", R"("127.0.8.0/24")"},
              {a + "/address", R"("127.0.8.0/24")"}},
             "error " + b_path + ".address: a connection could be"},
        rule{"TwoUnnumberedNeighborsOnOneInterface",
             {{a + "/address", ""},
              {a + "/local_address", ""},
              {a + "/interface", R"("eth0")"},
              {b + "/address", ""},
              {b + "/interface", R"("eth0")"}},
             "error " + b_path + ".interface: a connection could be"},
        rule{"AddressIsAHosts",
             {{a + "/address", R"("0.0.0.0")"}},
             "error " + a_path + ".address: must be a host's"},
        rule{"AddressIsNoMulticast",
             {{a + "/address", R"("224.0.0.5")"}},
             "error " + a_path + ".address: must be a host's"},
        rule{"RangeIsNoMulticast",
             {{c + "/address", R"("ff00::/8")"}},
             "error " + c_path + ".address: must be a range of host"},
        rule{"LinkLocalNeedsAnInterface",
             {{b + "/address", R"("fe80::1")"}},
             "error " + b_path + ".interface: must be given"},
        rule{"InterfaceNameTooLong",
             {{b + "/interface", quoted(std::string(16, 'x'))}},
             "error " + b_path + ".interface: must be 1 to 15"},
        rule{"InterfaceNameWithSlash",
             {{b + "/interface", R"("eth/0")"}},
             "error " + b_path + ".interface: must be 1 to 15"},
        rule{"LocalAddressIsAHosts",
             {{b + "/local_address", R"("0.0.0.0")"}},
             "error " + b_path + ".local_address: must be a host's"},
        rule{"LocalAddressOfTheOtherFamily",
             {{b + "/local_address", R"("::1")"}},
             "error " + b_path + ".local_address: must be of the same"},
        rule{"LocalAddressOfTheOtherFamilyThanTheRange",
             {{c + "/local_address", R"("127.0.0.1")"}},
             "error " + c_path + ".local_address: must be of the same"},
        rule{"RangeMustSayItsAs",
             {{c + "/remote_asn", ""}},
             "error " + c_path + ".remote_asn: is missing"},
        rule{"NoAddressAtAll",
             {{b + "/address", ""}},
             "error " + b_path + ".address: is missing"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    NeighborTimers, NeighborRule,
    ::testing::Values(
        rule{"HoldOfTwoSeconds",
             {{a + "/timers", R"({"hold": "2s", "keepalive": "1s"})"}},
             "error " + a_path + ".timers.hold: must be 0s"},
        rule{"HoldOfAFraction",
             {{a + "/timers", R"({"hold": "3500ms"})"}},
             "error " + a_path + ".timers.hold: must be 0s"},
        rule{"HoldBeyondTwoOctets",
             {{a + "/timers", R"({"hold": "65536s"})"}},
             "error " + a_path + ".timers.hold: must be 0s"},
        rule{"KeepaliveNotLessThanHold",
             {{a + "/timers/keepalive", R"("9s")"}},
             "error " + a_path
                 + ".timers.keepalive: must be less than the "
                   "hold time, which is 9s"},
        rule{"KeepaliveWithoutHold",
             {{a + "/timers", R"({"hold": "0s", "keepalive": "3s"})"}},
             "error " + a_path + ".timers.keepalive: with a hold time of 0s"},
        rule{"KeepaliveBelowASecond",
             {{a + "/timers/keepalive", R"("900ms")"}},
             "error " + a_path + ".timers.keepalive: must be 1s or more"},
        rule{"SendHoldNotMoreThanHold",
             {{a + "/timers/send_hold", R"("9s")"}},
             "error " + a_path + ".timers.send_hold: must be 0s, or more"},
        rule{"SendHoldBelowASecond",
             {{a + "/timers", R"({"hold": "0s", "send_hold": "10ms"})"}},
             "error " + a_path + ".timers.send_hold: must be 0s, or more"},
        rule{"ConnectRetryOfNothing",
             {{a + "/timers/connect_retry", R"("0s")"}},
             "error " + a_path + ".timers.connect_retry: must be from"},
        rule{"ConnectRetryTooLong",
             {{a + "/timers/connect_retry", R"("25h")"}},
             "error " + a_path + ".timers.connect_retry: must be from"},
        rule{"IdleHoldTooLong",
             {{a + "/timers/idle_hold", R"("25h")"}},
             "error " + a_path + ".timers.idle_hold: must be from"},
        rule{"DelayOpenTooLong",
             {{a + "/timers/delay_open", R"("5m")"}},
             "error " + a_path + ".timers.delay_open: must be from"},
        rule{"JitterOutOfOrder",
             {{a + "/timers/connect_retry_jitter", "[1.0, 0.75]"}},
             "error " + a_path + ".timers.connect_retry_jitter: must be ["},
        rule{"JitterOfZero",
             {{a + "/timers/idle_hold_jitter", "[0, 1]"}},
             "error " + a_path + ".timers.idle_hold_jitter: must be ["},
        rule{"JitterTooLarge",
             {{a + "/timers/idle_hold_jitter", "[1, 11]"}},
             "error " + a_path + ".timers.idle_hold_jitter: must be ["},
        rule{"RestartTimeBeyondTwelveBits",
             {{a + "/graceful_restart",
               R"({"restart_time": "4096s", "stale_time": "2h"})"}},
             "error " + a_path + ".graceful_restart.restart_time: must be"},
        rule{"RestartTimeOfAFraction",
             {{a + "/graceful_restart", R"({"restart_time": "1500ms"})"}},
             "error " + a_path + ".graceful_restart.restart_time: must be"},
        rule{"RestartTimeOfNothing",
             {{a + "/graceful_restart", R"({"restart_time": "0s"})"}},
             "error " + a_path + ".graceful_restart.restart_time: must be"},
        rule{"StaleTimeBelowRestartTime",
             {{a + "/graceful_restart", R"({"stale_time": "119s"})"}},
             "error " + a_path + ".graceful_restart.stale_time: must be"},
        rule{"StaleTimeTooLong",
             {{a + "/graceful_restart", R"({"stale_time": "25h"})"}},
             "error " + a_path + ".graceful_restart.stale_time: must be"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    NeighborSession, NeighborRule,
    ::testing::Values(
        rule{"RemoteAsnZero",
             {{a + "/remote_asn", "0"}},
             "error " + a_path + ".remote_asn: 0 and 23456"},
        rule{"RemoteAsnTrans",
             {{a + "/remote_asn", "23456"}},
             "error " + a_path + ".remote_asn: 0 and 23456"},
        rule{"MinTtlBeyondMultihop",
             {{a + "/multihop", "3"}, {a + "/min_ttl", "254"}},
             "error " + a_path + ".min_ttl: must be 253 or less"},
        rule{"Md5KeyTooLong",
             {{a + "/md5_key", quoted(std::string(81, 'x'))}},
             "error " + a_path + ".md5_key: must have 1 to 80"},
        rule{"Md5KeyEmpty",
             {{a + "/md5_key", R"("")"}},
             "error " + a_path + ".md5_key: must have 1 to 80"},
        rule{"LocalAsZero",
             {{a + "/local_as", "0"}},
             "error " + a_path + ".local_as: 0 and 23456"},
        rule{"LocalAsOfAnInternalNeighbor",
             {{a + "/local_as", "65002"},
              {a + "/families" + "/ipv4_unicast/import", R"("accept")"}},
             "error " + a_path + ".local_as: is for external"},
        rule{"RoleOfAnInternalNeighbor",
             {{b + "/role", R"("peer")"}},
             "error " + b_path + ".role: is for external"},
        rule{"ReflectorClientOutside",
             {{a + "/route_reflector_client", "true"}},
             "error " + a_path + ".route_reflector_client: is for internal"},
        rule{"RouteServerClientInside",
             {{b + "/route_server_client", "true"}},
             "error " + b_path + ".route_server_client: is for external"},
        rule{"ReflectorAndRouteServerClient",
             {{a + "/remote_asn", R"("any")"},
              {a + "/route_reflector_client", "true"},
              {a + "/route_server_client", "true"}},
             "error " + a_path + ".route_server_client: cannot be together"},
        rule{"RouteServerClientWithAnotherRole",
             {{a + "/route_server_client", "true"}, {a + "/role", R"("peer")"}},
             "error " + a_path + ".role: towards a route server client"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    NeighborFamily, NeighborRule,
    ::testing::Values(
        rule{"NoFamily",
             {{b + "/families", "{}"}},
             "warning " + b_path + ": no family is on"},
        rule{"NextHopIsAHosts",
             {{a + v4 + "/next_hop", R"("0.0.0.0")"}},
             "error " + a_path + ".families.ipv4_unicast.next_hop: must be a"},
        rule{
            "Ipv4NextHopForIpv6",
            {{a + "/families/ipv6_unicast",
              R"({"next_hop": "192.0.2.1", "import": "accept", "export": "accept"})"}},
            "error " + a_path
                + ".families.ipv6_unicast.next_hop: must be an "
                  "IPv6"},
        rule{"Ipv6OverIpv4WithoutNextHop",
             {{a + "/families/ipv6_unicast",
               R"({"import": "accept", "export": "accept"})"}},
             "warning " + a_path + ".families.ipv6_unicast: IPv6 routes over"},
        rule{"UnknownPolicy",
             {{a + v4 + "/import", R"("q")"}},
             "error " + a_path
                 + ".families.ipv4_unicast.import: names the "
                   "policy \"q\""},
        rule{"UnknownPolicyInAList",
             {{a + v4 + "/export", R"(["p", "q"])"}},
             "error " + a_path
                 + ".families.ipv4_unicast.export: names the "
                   "policy \"q\""},
        rule{"EmptyChain",
             {{a + v4 + "/export", "[]"}},
             "error " + a_path
                 + ".families.ipv4_unicast.export: must not be "
                   "empty"},
        rule{"NothingBehindReject",
             {{a + v4 + "/export", R"(["reject", "p"])"}},
             "warning " + a_path
                 + ".families.ipv4_unicast.export: what "
                   "stands behind"},
        rule{"MaxPrefixesOfNone",
             {{a + v4 + "/max_prefixes", "0"}},
             "error " + a_path + ".families.ipv4_unicast.max_prefixes: must"},
        rule{"ExternalWithoutPolicies",
             {{a + v4, "{}"}},
             "warning " + a_path
                 + ".families.ipv4_unicast: without \"import\" "
                   "and"},
        rule{"ExternalWithoutImport",
             {{a + v4 + "/import", ""}},
             "warning " + a_path
                 + ".families.ipv4_unicast: without \"import\" "
                   "nothing"},
        rule{"ExternalWithoutExport",
             {{a + v4 + "/export", ""}},
             "warning " + a_path
                 + ".families.ipv4_unicast: without \"export\" "
                   "nothing"},
        rule{"PerhapsExternalWithoutPolicies",
             {{b + "/remote_asn", ""}},
             "warning " + b_path + ".families.ipv4_unicast: without"}),
    name_of);

} // namespace
} // namespace troupe::config::testing
