#include "protocol/wire/notification.hpp"

#include "protocol/wire/route_refresh.hpp"
#include "tests/protocol/wire_generators.hpp"

namespace troupe::protocol::wire {

using namespace testing;

namespace {

notification_message shutdown(const byte_vector& data, unsigned subcode = 2) {
  return {notification_code::cease, static_cast<std::uint8_t>(subcode), data};
}

notification_message shutdown(std::string_view text) {
  return shutdown(shutdown_data(text));
}

frame framed(const byte_vector& bytes) {
  return frames_of(bytes, extended_message_size).at(0);
}

} // namespace

TEST(Notification, IsTheDecodeErrorOnTheWire) { // RFC 4271 §4.5
  byte_vector out;
  encode_notification(
      make_error(header_subcode::bad_message_length, "x", {0x10, 0x01}), out);
  EXPECT_EQ(to_hex(out), "ffffffffffffffffffffffffffffffff0017030102"
                         "1001");
}

TEST(Notification, ReadsUnknownCodes) {
  const auto read = decode_notification(hex("4d 03 aabb"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(static_cast<unsigned>(read->code), 0x4dU);
  EXPECT_EQ(read->subcode, 3);
  EXPECT_EQ(read->data, hex("aabb"));
}

TEST(Notification, TellsThatItIsTooShort) {
  EXPECT_FALSE(decode_notification(hex("06")).has_value());
  EXPECT_FALSE(decode_notification({}).has_value());
}

TEST(Notification, SurvivesTheRoundTrip) {
  EXPECT_TRUE(rc::check([] {
    const auto message = *any_notification();
    byte_vector out;
    encode_notification(message, out);
    const auto read = decode_notification(framed(out).body);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == message);
  }));
}

TEST(Notification, CutsDataToTheSizeOfAMessage) { // RFC 8654 §5
  byte_vector out;
  encode_notification(shutdown(byte_vector(60000, 1)), out);
  EXPECT_EQ(out.size(), 4096U);
  const auto error =
      make_error(update_subcode::unspecific, "", byte_vector(65535, 1));
  out.clear();
  encode_notification(error, out);
  EXPECT_EQ(out.size(), 4096U);
  out.clear();
  encode_notification(error, out, extended_message_size);
  EXPECT_EQ(out.size(), 65535U);
}

TEST(ShutdownText, GoesBothWays) { // RFC 9003 §2
  EXPECT_EQ(shutdown_text(shutdown("maintenance, back at 22:00")),
            "maintenance, back at 22:00");
  EXPECT_EQ(shutdown_text(shutdown("Wartung \u00fc\u20ac\U0001f40c")),
            "Wartung \u00fc\u20ac\U0001f40c");
  EXPECT_EQ(shutdown_text(shutdown(shutdown_data("reset"), 4)), "reset");
}

TEST(ShutdownText, IsNothingElsewhere) {
  EXPECT_EQ(shutdown_text(shutdown("")), std::nullopt);
  EXPECT_EQ(shutdown_text(shutdown(byte_vector{})), std::nullopt);
  EXPECT_EQ(shutdown_text(shutdown(hex("0541"))), std::nullopt); // too short
  EXPECT_EQ(shutdown_text(shutdown(hex("0141"), 6)), std::nullopt);
  EXPECT_EQ(
      shutdown_text({notification_code::hold_timer_expired, 2, hex("0141")}),
      std::nullopt);
}

TEST(ShutdownText, IsSafeForALog) { // RFC 9003 §2, RFC 3629 §4
  EXPECT_EQ(shutdown_text(shutdown(hex("03 410a42"))), "A?B");
  EXPECT_EQ(shutdown_text(shutdown(hex("04 1b5b324a"))), "?[2J");
  EXPECT_EQ(shutdown_text(shutdown(hex("02 c29b"))), "?");     // C1 control
  EXPECT_EQ(shutdown_text(shutdown(hex("02 c0af"))), "??");    // overlong
  EXPECT_EQ(shutdown_text(shutdown(hex("03 eda080"))), "???"); // surrogate
  EXPECT_EQ(shutdown_text(shutdown(hex("04 f4908080"))), "????");
  EXPECT_EQ(shutdown_text(shutdown(hex("02 41e2"))), "A?"); // cut
}

TEST(ShutdownData, IsCutAtACharacter) { // RFC 9003 §2
  const auto data = shutdown_data(std::string(254, 'a') + "\u00fc");
  EXPECT_EQ(data[0], 254);
  EXPECT_EQ(data.size(), 255U);
  EXPECT_EQ(shutdown_data(std::string(300, 'a')).size(), 256U);
}

TEST(HardReset, WrapsAnotherNotification) { // RFC 8538 §3.1
  const auto inner = shutdown("upgrade");
  const auto outer = hard_reset(inner);
  EXPECT_EQ(outer.subcode, 9);
  EXPECT_EQ(unwrap_hard_reset(outer), inner);
  EXPECT_EQ(shutdown_text(outer), "upgrade");
  EXPECT_EQ(unwrap_hard_reset(inner), std::nullopt);
  EXPECT_EQ(unwrap_hard_reset({notification_code::cease, 9, {6}}),
            std::nullopt);
  EXPECT_EQ(shutdown_text(hard_reset(outer)), std::nullopt);
}

// -- ROUTE-REFRESH ------------------------------------------------------------

TEST(RouteRefresh, IsAfiSubtypeSafi) { // RFC 2918 §3, RFC 7313 §3.2
  byte_vector out;
  encode_route_refresh({ipv6_unicast, route_refresh_kind::begin, {}}, out);
  EXPECT_EQ(to_hex(out), "ffffffffffffffffffffffffffffffff001705"
                         "00020101");
}

TEST(RouteRefresh, SurvivesTheRoundTrip) {
  EXPECT_TRUE(rc::check([] {
    const auto message = *any_route_refresh();
    byte_vector out;
    encode_route_refresh(message, out);
    const auto read = decode_route_refresh(framed(out).body, true);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == message);
  }));
}

TEST(RouteRefresh, AnswersAWrongLengthWithTheWholeMessage) { // RFC 7313 §5
  for (const auto* body : {"0001010100", "00010201ffff", "000101", "000102"}) {
    const auto read = decode_route_refresh(hex(body), true);
    ASSERT_FALSE(read.has_value()) << body;
    EXPECT_EQ(read.error().code, notification_code::route_refresh_error);
    EXPECT_EQ(read.error().subcode, 1);
    EXPECT_EQ(framed(read.error().data).type, message_type::route_refresh);
    EXPECT_EQ(to_hex(framed(read.error().data).body), body);
  }
}

// CVE-2023-41360, RFC 4271 §6.1
TEST(RouteRefresh, AnswersATruncatedBodyWithTheLengthField) {
  for (const auto* body : {"", "00", "0001", "000100", "0001ff"}) {
    const auto read = decode_route_refresh(hex(body), true);
    ASSERT_FALSE(read.has_value()) << body;
    EXPECT_EQ(read.error().code, notification_code::message_header_error);
    EXPECT_EQ(read.error().subcode, 2);
    const auto size = static_cast<std::uint8_t>(19 + hex(body).size());
    EXPECT_EQ(read.error().data, (byte_vector{0, size}));
  }
}

// RFC 7313 §5: "applicable only when [it] has received" the capability.
TEST(RouteRefresh, KnowsNoMarksUnlessTheyWereAgreedUpon) {
  const auto read = decode_route_refresh(hex("0001010100"), false);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->trailing, hex("00"));
  const auto cut = decode_route_refresh(hex("000101"), false);
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code, notification_code::message_header_error);
}

TEST(RouteRefresh, KeepsAnOrfUnread) { // RFC 5291 §4
  const auto read = decode_route_refresh(hex("00010001 01400000"), true);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->kind, route_refresh_kind::request);
  EXPECT_EQ(read->trailing, hex("01400000"));
}

} // namespace troupe::protocol::wire
