#include "protocol/wire/open.hpp"

#include "protocol/wire/message.hpp"
#include "tests/protocol/wire_generators.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

using namespace testing;
using std::chrono::seconds;

namespace {

// Version 4, AS 65001, hold 90 s, id 10.0.0.1, then the optional part.
byte_vector body(std::string_view optional_part) {
  return join({hex("04 fde9 005a 0a000001"), hex(optional_part)});
}

void expect_error(const byte_vector& bytes, unsigned subcode,
                  const byte_vector& data = {}) {
  const auto open = decode_open(bytes);
  ASSERT_FALSE(open.has_value()) << to_hex(bytes);
  EXPECT_EQ(open.error().code, notification_code::open_message_error);
  EXPECT_EQ(open.error().subcode, subcode) << open.error().reason;
  EXPECT_EQ(open.error().data, data);
}

byte_vector body_of(const open_message& open) {
  byte_vector out;
  encode_open(open, out);
  out.erase(out.begin(), out.begin() + header_size);
  return out;
}

} // namespace

TEST(Open, ReadsTheFixedFields) { // RFC 4271 §4.2
  const auto open = decode_open(body("00"));
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->my_as, 65001U);
  EXPECT_EQ(open->my_as_field, 65001);
  EXPECT_EQ(open->hold_time, seconds{90});
  EXPECT_EQ(to_string(open->identifier), "10.0.0.1");
  EXPECT_TRUE(open->capabilities.empty());
}

TEST(Open, TakesTheRealAsFromTheCapability) { // RFC 6793 §4.1, §9
  const auto open =
      decode_open(hex("04 5ba0 005a 0a000001 08 0206 4104 fa56ea01"));
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->my_as, 4200000001U);
  EXPECT_EQ(open->my_as_field, as_trans);
}

TEST(Open, ReadsCapabilitiesFromSeveralParameters) { // RFC 5492 §4
  const auto open = decode_open(body("0c 0202 0200 0206 0104 0001 00 01"));
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->capabilities,
            (std::vector<capability>{route_refresh_capability{},
                                     multiprotocol_capability{ipv4_unicast}}));
}

TEST(Open, WritesOneParameterInTheOrderOfTheVector) {
  open_message open{4, 65001, 0, seconds{90}, router_id{0x0a000001}, {}};
  open.capabilities = {route_refresh_capability{},
                       multiprotocol_capability{ipv4_unicast}};
  EXPECT_EQ(to_hex(body_of(open)), "04fde9005a0a0000010a0208020001040001"
                                   "0001");
}

TEST(Open, KeepsARepeatedCapabilityOnce) { // RFC 5492 §4
  const auto open = decode_open(body("08 0206 0200 0200 4600"));
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->capabilities.size(), 2U);
}

TEST(Open, FindsTheLastOfDifferentInstances) { // RFC 4724 §3
  const auto open = decode_open(body("0a 0208 4002 0078 4002 000a"));
  ASSERT_TRUE(open.has_value());
  ASSERT_NE(open->find<graceful_restart_capability>(), nullptr);
  EXPECT_EQ(open->find<graceful_restart_capability>()->restart_time,
            seconds{10});
}

TEST(Open, RefusesAnotherVersionWithOurs) { // RFC 4271 §6.2
  auto bytes = body("00");
  for (const std::uint8_t version :
       std::initializer_list<std::uint8_t>{0, 3, 5, 255}) {
    bytes[0] = version;
    expect_error(bytes, 1, {0, 4});
  }
}

TEST(Open, RefusesAsZero) { // RFC 7607 §2
  expect_error(hex("04 0000 005a 0a000001 00"), 2);
  expect_error(hex("04 5ba0 005a 0a000001 08 0206 4104 00000000"), 2);
}

TEST(Open, RefusesIdentifierZero) { // RFC 6286 §2.2
  expect_error(hex("04 fde9 005a 00000000 00"), 3);
}

TEST(Open, RefusesHoldTimesOfOneAndTwoSeconds) { // RFC 4271 §6.2
  expect_error(hex("04 fde9 0001 0a000001 00"), 6);
  expect_error(hex("04 fde9 0002 0a000001 00"), 6);
  EXPECT_TRUE(decode_open(hex("04 fde9 0000 0a000001 00")).has_value());
  EXPECT_TRUE(decode_open(hex("04 fde9 0003 0a000001 00")).has_value());
}

TEST(Open, RefusesAnUnknownParameter) { // RFC 4271 §6.2
  expect_error(body("03 0101 00"), 4);
  expect_error(body("06 0202 0200 0300"), 4);
}

TEST(Open, RefusesTruncatedParametersAndCapabilities) {
  expect_error(body("05 0202 0200"), 0);    // optional part beyond the OPEN
  expect_error(body("04 0202 0200 00"), 0); // bytes behind it
  expect_error(body("04 0203 0200"), 0);    // parameter beyond the part
  expect_error(body("05 0203 0200 01"), 0); // half a capability
  expect_error(body("04 0202 0203"), 0);    // capability beyond the parameter
  expect_error(body("01 02"), 0);           // parameter without length
  expect_error(hex("04 fde9 005a 0a0000"), 0);
  expect_error(hex(""), 0);
}

// RFC 4271 §6.2, and §6: where no data is asked for there is none.
TEST(Open, RefusesACapabilityOfWrongLength) {
  expect_error(body("07 0205 0103 000100"), 0);
  expect_error(body("05 0203 0201 00"), 0);
  expect_error(body("07 0205 4103 000001"), 0);
  expect_error(body("05 0203 4001 00"), 0);
  expect_error(body("07 0205 4503 000101"), 0);
  expect_error(body("04 0202 0900"), 0);
}

TEST(Open, IgnoresAnAddPathEntryOfUnknownMode) { // RFC 7911 §4
  const auto open = decode_open(body("0c 020a 4508 00010104 00020103"));
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->capabilities, (std::vector<capability>{add_path_capability{
                                    {{ipv6_unicast, add_path_mode::both}}}}));
}

TEST(Open, ReadsTheExtendedForm) { // RFC 9072 §2
  // The first length is to be ignored as long as it is not 0.
  for (const auto* length : {"ff", "01"}) {
    const auto open =
        decode_open(body(std::string{length} + "ff 0005 02 0002 0200"));
    ASSERT_TRUE(open.has_value()) << length;
    EXPECT_EQ(open->capabilities,
              (std::vector<capability>{route_refresh_capability{}}));
  }
  const auto none = decode_open(body("ff ff 0000"));
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(none->capabilities.empty());
}

TEST(Open, RefusesATruncatedExtendedForm) { // CVE-2022-40302, 40318, 43681
  expect_error(body("ff ff"), 0);
  expect_error(body("ff ff 00"), 0);
  expect_error(body("ff ff 0002 00 01"), 0);
  expect_error(body("ff ff 0006 02 0002 0200"), 0);
  expect_error(body("ff ff 0005 02 0003 0200"), 0);
  expect_error(hex("04 fde9 005a 0a000001 ff"), 0);
}

TEST(Open, UsesTheExtendedFormOnlyWhenNeeded) { // RFC 9072 §2
  open_message open{4, 65001, 65001, seconds{90}, router_id{1}, {}};
  open.capabilities = {unknown_capability{200, byte_vector(251, 7)}};
  EXPECT_EQ(body_of(open)[9], 255); // 2 + 253 octets still fit
  EXPECT_EQ(body_of(open)[10], 2);
  open.capabilities.push_back(route_refresh_capability{});
  const auto extended = body_of(open);
  EXPECT_EQ(to_hex(byte_span{extended}.subspan(9, 7)), "ffff0102"
                                                       "0200ff");
  const auto read = decode_open(extended);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, open);
}

TEST(Open, SurvivesTheRoundTrip) {
  EXPECT_TRUE(rc::check([] {
    const auto open = *any_open();
    byte_vector out;
    encode_open(open, out);
    const auto framed = next_frame(out, standard_message_size);
    RC_ASSERT(framed && framed->has_value());
    RC_ASSERT((*framed)->type == message_type::open);
    const auto read = decode_open((*framed)->body);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == open);
  }));
}

TEST(Open, SurvivesRandomBytes) {
  EXPECT_TRUE(rc::check([] {
    auto bytes = body("");
    const auto tail = *any_bytes(40);
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    const auto open = decode_open(bytes);
    if (open)
      RC_ASSERT(*decode_open(body_of(*open)) == *open);
  }));
}

// -- validate_open ----------------------------------------------------------

namespace {

open_message from_as(as_number as) {
  return {4, as, as_field(as), seconds{90}, router_id{2}, {}};
}

unsigned subcode_of(const open_message& open,
                    const open_expectations& expected) {
  const auto error = validate_open(open, expected);
  if (!error)
    return 0;
  EXPECT_EQ(error->code, notification_code::open_message_error);
  return error->subcode;
}

} // namespace

TEST(ValidateOpen, ComparesTheAs) { // RFC 4271 §6.2
  open_expectations expected;
  expected.local_as = 65000;
  expected.local_id = router_id{1};
  EXPECT_EQ(subcode_of(from_as(65001), expected), 0U); // any
  expected.remote_as = 65001;
  EXPECT_EQ(subcode_of(from_as(65001), expected), 0U);
  EXPECT_EQ(subcode_of(from_as(65002), expected), 2U);
  expected.remote_as.reset();
  expected.kind = peer_kind::internal;
  EXPECT_EQ(subcode_of(from_as(65001), expected), 2U);
  EXPECT_EQ(subcode_of(from_as(65000), expected), 0U);
  expected.kind = peer_kind::external;
  EXPECT_EQ(subcode_of(from_as(65001), expected), 0U);
  EXPECT_EQ(subcode_of(from_as(65000), expected), 2U);
}

TEST(ValidateOpen, TellsTheMembersOfAConfederationFromOthers) { // RFC 5065 §4
  const std::vector<as_number> members{65010, 65011};
  open_expectations expected;
  expected.local_as = 65010;
  expected.local_id = router_id{2};
  expected.members = members;
  expected.kind = peer_kind::confederation;
  EXPECT_EQ(subcode_of(from_as(65011), expected), 0U);
  EXPECT_EQ(subcode_of(from_as(65010), expected), 2U); // internal
  EXPECT_EQ(subcode_of(from_as(65099), expected), 2U); // external
  // Towards others our AS is the identifier, 100.
  expected.local_as = 100;
  expected.kind = peer_kind::external;
  EXPECT_EQ(subcode_of(from_as(200), expected), 0U);
  EXPECT_EQ(subcode_of(from_as(65011), expected), 2U);
  EXPECT_EQ(subcode_of(from_as(65010), expected), 2U);
  EXPECT_EQ(subcode_of(from_as(100), expected), 2U);
}

TEST(ValidateOpen, AsksNoRoleOfAMemberOfOurConfederation) { // RFC 9234 §5
  const std::vector<as_number> members{65010, 65011};
  open_expectations expected;
  expected.local_as = 65010;
  expected.members = members;
  expected.role = bgp_role::peer;
  expected.strict_role = true;
  EXPECT_EQ(subcode_of(from_as(65011), expected), 0U);
  EXPECT_EQ(subcode_of(from_as(65012), expected), 11U);
}

TEST(ValidateOpen, RefusesOurOwnIdentifierInOurOwnAsOnly) { // RFC 6286 §2.2
  open_expectations expected;
  expected.local_as = 65000;
  expected.local_id = router_id{2};
  EXPECT_EQ(subcode_of(from_as(65000), expected), 3U);
  EXPECT_EQ(subcode_of(from_as(65001), expected), 0U);
}

TEST(ValidateOpen, RefusesAnUnacceptableHoldTime) {
  auto open = from_as(65001);
  open.hold_time = seconds{2};
  EXPECT_EQ(subcode_of(open, {}), 6U);
}

TEST(ValidateOpen, MatchesRolesAsInTheTable) { // RFC 9234 §4.2, Table 2
  using enum bgp_role;
  for (const auto local :
       {provider, route_server, route_server_client, customer, bgp_role::peer})
    for (int octet = 0; octet < 7; ++octet) {
      const auto remote = static_cast<bgp_role>(octet);
      const bool allowed =
          (local == provider && remote == customer)
          || (local == customer && remote == provider)
          || (local == route_server && remote == route_server_client)
          || (local == route_server_client && remote == route_server)
          || (local == bgp_role::peer && remote == bgp_role::peer);
      open_expectations expected;
      expected.local_as = 65000;
      expected.role = local;
      auto open = from_as(65001);
      open.capabilities = {role_capability{remote}};
      EXPECT_EQ(subcode_of(open, expected), allowed ? 0U : 11U)
          << name_of(local) << ' ' << name_of(remote);
    }
}

TEST(ValidateOpen, WantsARoleOnlyInStrictMode) { // RFC 9234 §4.2
  open_expectations expected;
  expected.local_as = 65000;
  expected.role = bgp_role::peer;
  EXPECT_EQ(subcode_of(from_as(65001), expected), 0U);
  expected.strict_role = true;
  EXPECT_EQ(subcode_of(from_as(65001), expected), 11U);
  EXPECT_EQ(subcode_of(from_as(65000), expected), 0U); // internal
}

TEST(ValidateOpen, RefusesContradictoryRoles) { // RFC 9234 §4.2
  open_expectations expected;
  expected.local_as = 65000;
  expected.role = bgp_role::peer;
  auto open = from_as(65001);
  open.capabilities = {role_capability{bgp_role::customer},
                       role_capability{bgp_role::peer}};
  EXPECT_EQ(subcode_of(open, expected), 11U);
}

} // namespace troupe::protocol::wire
