// Input that took real networks or daemons down, and what it may do here.

#include "protocol/wire/update.hpp"
#include "tests/protocol/wire_reencode.hpp"
#include "tests/protocol/wire_support.hpp"

namespace troupe::protocol::wire {

using namespace testing;

namespace {

// The reaction to an UPDATE that announces 10.0.0.0/8 with the mandatory
// attributes and these.
verdict reaction(std::string_view attributes,
                 const negotiated& session = plain_session()) {
  const auto update = read_update(
      update_body({}, join({mandatory_attributes(), hex(attributes)}),
                  hex("080a")),
      session);
  return update ? update->attributes.action : verdict::session_reset;
}

verdict whole_reaction(const byte_vector& attributes, const byte_vector& nlri) {
  const auto update =
      read_update(update_body({}, attributes, nlri), plain_session());
  return update ? update->attributes.action : verdict::session_reset;
}

} // namespace

// 2023-06: a corrupt deprecated attribute 28 tore down sessions across
// continents (CVE-2023-4481, CVE-2023-38283, CVE-2023-40457).
TEST(Incident, EntropyLabelIsPassedOn) {
  EXPECT_EQ(reaction("e01c00"), verdict::accept);
  EXPECT_EQ(reaction("c01c03ff00ff"), verdict::accept);
}

TEST(Incident, TunnelEncapsulationIsPassedOn) { // CVE-2023-38802
  EXPECT_EQ(reaction("c01704 0008ffff"), verdict::accept);
}

TEST(Incident, PrefixSidOfZerosIsPassedOn) { // 2025-05-20
  EXPECT_EQ(reaction("c02808 0000000000000000"), verdict::accept);
}

TEST(Incident, NlriWithoutAttributesAreWithdrawn) { // CVE-2023-41358
  EXPECT_EQ(whole_reaction({}, hex("080a")), verdict::treat_as_withdraw);
}

TEST(Incident, ShortMpReachResets) { // CVE-2023-46752
  for (const auto* value :
       {"", "00", "0002", "000201", "00020110", "0002011020010db8"})
    EXPECT_EQ(whole_reaction(attribute(0x80, 14, hex(value)), {}),
              verdict::session_reset)
        << value;
}

TEST(Incident, OnlyAnUnknownAttributeIsWithdrawn) { // CVE-2023-47235
  EXPECT_EQ(whole_reaction(hex("c01f0100"), hex("080a")),
            verdict::treat_as_withdraw);
}

TEST(Incident, EndOfRibWithAttributesIsHarmless) { // CVE-2023-47234
  const auto update = read_update(
      update_body({}, join({hex("800f03000201"), mandatory_attributes()}), {}),
      plain_session());
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->end_of_rib, std::nullopt);
  EXPECT_EQ(whole_reaction(join({hex("800f03000201"), hex("40010109")}), {}),
            verdict::session_reset); // RFC 7606 §5.2
}

TEST(Incident, ShortAigpIsIgnored) { // CVE-2023-41359
  EXPECT_EQ(reaction("801a0101"), verdict::attribute_discard);
  EXPECT_EQ(reaction("801a00"), verdict::attribute_discard);
}

TEST(Incident, As4PathOfConfederationsIsReduced) { // 2009
  auto session = plain_session();
  session.as4 = false;
  const auto update = read_update(
      update_body({},
                  hex("40010100 400206 02 02 fde9 5ba0 400304c0000201"
                      "c0110c 0301 0000fc00 0201 fa56ea01"),
                  hex("080a")),
      session);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->attributes.action, verdict::accept);
  EXPECT_EQ(to_string(update->attributes.attributes.as_path),
            "65001 4200000001");
}

TEST(Incident, LongAttributesOfExtendedMessagesAreRead) { // FRR, GoBGP, BIRD
  const auto raw =
      join({mandatory_attributes(), attribute(0xc0, 8, byte_vector(60000, 1))});
  const auto update =
      read_update(update_body({}, raw, hex("080a")), plain_session());
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->attributes.attributes.communities.size(), 15000U);
}

TEST(Incident, LongAsPathsAreBounded) { // bird2 <= 2.19.2
  byte_vector value;
  for (int segment = 0; segment < 64; ++segment) {
    value.insert(value.end(), {2, 250});
    for (int i = 0; i < 250; ++i)
      value.insert(value.end(), {0, 0, 0xfd, 0xe9});
  }
  const auto raw =
      join({hex("40010100"), attribute(0x40, 2, value), hex("400304c0000201")});
  EXPECT_EQ(whole_reaction(raw, hex("080a")), verdict::treat_as_withdraw);
}

// What we pass on must be readable for others (OpenBGPD portable #64): the same
// message comes out of two passes.
TEST(Incident, OurOwnEncodingIsStable) {
  const auto raw =
      join({mandatory_attributes(), hex("e01c00 c0080800000001"
                                        "00000002 c01704ffff0000")});
  const auto body = update_body({}, raw, hex("080a"));
  const auto once = reencode({message_type::update, body, {}}, plain_session());
  ASSERT_TRUE(once.has_value());
  const auto twice =
      reencode(frames_of(*once, standard_message_size).at(0), plain_session());
  EXPECT_EQ(twice, once);
}

} // namespace troupe::protocol::wire
