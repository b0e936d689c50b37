#include "protocol/wire/text.hpp"

#include "protocol/wire/packer.hpp"
#include "tests/protocol/wire_generators.hpp"

namespace troupe::protocol::wire {

using namespace testing;

namespace {

std::string text_of(const byte_vector& body,
                    const negotiated& session = plain_session()) {
  const auto update = read_update(body, session);
  EXPECT_TRUE(update.has_value());
  return update ? to_text(*update, session) : "";
}

} // namespace

TEST(HexDump, HasNoLeadingZeros) {
  EXPECT_EQ(hex_dump(hex("ff 00 13 04")), "[ff, 0, 13, 4]");
  EXPECT_EQ(hex_dump({}), "[]");
}

TEST(HexDump, IsBounded) {
  const auto text = hex_dump(byte_vector(65535, 0xff));
  EXPECT_LT(text.size(), 20000U);
  EXPECT_NE(text.find(", and 61439 more]"), text.npos);
}

TEST(Text, ShowsEveryCapability) {
  open_message open{4, 65001, 65001, std::chrono::seconds{90}, router_id{1},
                    {}};
  open.capabilities = {
      extended_next_hop_capability{{{ipv4_unicast, 2}}},
      extended_message_capability{},
      role_capability{bgp_role::customer},
      graceful_restart_capability{true,
                                  false,
                                  std::chrono::seconds{120},
                                  {{ipv4_unicast, true}, {{25, 70}, false}}},
      enhanced_route_refresh_capability{},
      unknown_capability{73, {1, 2}}};
  EXPECT_EQ(to_text(open),
            "Open [ version: 4, asn: 65001, hold_time: 90, id: 1, parameters: "
            "[ Capabilities [ Extended Next Hop [ 1/1 via IPv6 ], Extended "
            "Message, Role customer, Graceful Restart [ restarted: true, "
            "notification: false, time: 120, 1/1 preserved, 25/70 lost ], "
            "Enhanced Route Refresh, Unknown 73 [1, 2], ]] ]");
  open.capabilities.clear();
  EXPECT_EQ(to_text(open), "Open [ version: 4, asn: 65001, hold_time: 90, id: "
                           "1, parameters: [ ] ]");
}

TEST(Text, ShowsAnUpdate) {
  EXPECT_EQ(text_of(update_body(hex("0814"), mandatory_attributes(),
                                hex("080a 18c00002"))),
            "Update[ treat-as-withdraw: (false) withdrawn(20.0.0.0/8) "
            "path_attributes: (origin: igp, as4-path: [65001], next-hop: "
            "192.0.2.1) nlri(10.0.0.0/8, 192.0.2.0/24) ]");
}

TEST(Text, ShowsEveryAttribute) {
  auto session = plain_session();
  session.kind = peer_kind::internal;
  const auto body = update_body(
      {},
      join({mandatory_attributes(),
            hex("80040400000007 40050400000064 400600"
                "c007080000fde9c0000201 c00808fde90001ffffff01"
                "8009040a000001 800a080a0000020a000003"
                "c010080002fde900000064 c0200c0000fde90000000100000002"
                "c023040000fde9 c06302aa01")}),
      hex("080a"));
  EXPECT_EQ(text_of(body, session),
            "Update[ treat-as-withdraw: (false) withdrawn(empty) "
            "path_attributes: (origin: igp, as4-path: [65001], next-hop: "
            "192.0.2.1, med: 7, local-pref: 100, atomic-aggregate, aggregator: "
            "65001 192.0.2.1, communities: [65001:1 no-export], originator-id: "
            "10.0.0.1, cluster-list: [10.0.0.2 10.0.0.3], "
            "extended-communities: [rt:65001:100], large-communities: "
            "[65001:1:2], only-to-customer: 65001, unknown-99: [aa, 1]) "
            "nlri(10.0.0.0/8) ]");
}

TEST(Text, ShowsTreatAsWithdraw) { // RFC 7606 §2
  const auto text =
      text_of(update_body({}, hex("40010109 40020602010000fde9"), hex("080a")));
  EXPECT_NE(text.find("treat-as-withdraw: (true)"), text.npos);
}

TEST(Text, ShowsPathIds) { // RFC 7911
  auto session = plain_session();
  session.families[0].add_path_receive = true;
  EXPECT_NE(
      text_of(update_body({}, mandatory_attributes(), hex("00000007 08 0a")),
              session)
          .find("nlri(10.0.0.0/8 id 7)"),
      std::string::npos);
}

TEST(Text, ShowsAigp) { // RFC 7311 §3
  const auto body = update_body(
      {}, join({mandatory_attributes(), hex("801a0b01000b000000000000012c")}),
      hex("080a"));
  const auto update = read_update(body, plain_session());
  ASSERT_TRUE(update);
  EXPECT_NE(to_text(*update, plain_session()).find(", aigp: 300)"),
            std::string::npos);
}

TEST(Text, CutsLongLists) {
  std::vector<nlri> prefixes;
  for (std::uint32_t i = 0; i < 900; ++i)
    prefixes.push_back(to_nlri({ip_address::v4(0x0a000000 + 256 * i), 24}));
  byte_vector out;
  pack_withdrawals({}, prefixes, out);
  const auto text = to_text(frames_of(out, 4096).at(0), plain_session());
  EXPECT_LT(text.size(), 2000U);
  EXPECT_NE(text.find(", and 836 more)"), text.npos) << text;
}

TEST(Text, ShowsNotifications) {
  EXPECT_EQ(to_text(notification_message{notification_code::cease, 2,
                                         shutdown_data("bye")}),
            "Notification [ Cease/Administrative Shutdown (6/2), text: bye, "
            "data: [3, 62, 79, 65] ]");
  EXPECT_EQ(to_text(notification_message{
                notification_code::hold_timer_expired, 0, {}}),
            "Notification [ Hold Timer Expired (4/0), data: [] ]");
}

TEST(Text, ShowsRouteRefresh) {
  EXPECT_EQ(to_text(route_refresh_message{
                ipv6_unicast, route_refresh_kind::begin, {}}),
            "RouteRefresh [ family: 2/1, subtype: 1 ]");
}

TEST(Text, ShowsBytesThatItCannotRead) {
  auto bytes = hex("ffffffffffffffffffffffffffffffff 0019 02 0009 0000 0000");
  const auto text = to_text(frames_of(bytes, 4096).at(0), plain_session());
  EXPECT_EQ(text.find("UPDATE that cannot be read: UPDATE Message Error/"
                      "Malformed Attribute List (3/1)"),
            0U)
      << text;
  EXPECT_NE(text.find("[ff, ff,"), text.npos);
}

TEST(Text, SurvivesRandomMessages) {
  EXPECT_TRUE(rc::check([] {
    const auto body = *any_bytes(60);
    const auto type = *rc::gen::element(
        message_type::open, message_type::update, message_type::notification,
        message_type::keepalive, message_type::route_refresh);
    RC_ASSERT(!to_text(frame{type, body, body}, plain_session()).empty());
  }));
}

} // namespace troupe::protocol::wire
