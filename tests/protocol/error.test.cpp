#include "protocol/error.hpp"

#include "protocol/check.hpp"
#include "protocol/outcome.hpp"

#include <gtest/gtest.h>

namespace troupe::protocol {

TEST(Check, ThrowsWithPlaceConditionAndText) {
  EXPECT_NO_THROW(TROUPE_CHECK(1 + 1 == 2, "arithmetic"));
  try {
    TROUPE_CHECK(1 + 1 == 3, "arithmetic");
    FAIL();
  } catch (const check_failure& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("error.test.cpp:"), what.npos) << what;
    EXPECT_NE(what.find("arithmetic"), what.npos) << what;
    EXPECT_NE(what.find("1 + 1 == 3"), what.npos) << what;
  }
}

TEST(DecodeError, KnowsItsCodeFromItsSubcode) {
  EXPECT_EQ(make_error(header_subcode::bad_message_type, "").code,
            notification_code::message_header_error);
  EXPECT_EQ(make_error(open_subcode::bad_peer_as, "").code,
            notification_code::open_message_error);
  EXPECT_EQ(make_error(update_subcode::malformed_as_path, "").code,
            notification_code::update_message_error);
  EXPECT_EQ(make_error(fsm_subcode::unexpected_in_established, "").code,
            notification_code::finite_state_machine_error);
  EXPECT_EQ(make_error(cease_subcode::hard_reset, "").code,
            notification_code::cease);
  EXPECT_EQ(make_error(route_refresh_subcode::invalid_message_length, "").code,
            notification_code::route_refresh_error);
}

TEST(DecodeError, NamesCodesAndSubcodes) {
  EXPECT_EQ(to_string(notification_code::cease, 2),
            "Cease/Administrative Shutdown (6/2)"); // RFC 4486 §3
  EXPECT_EQ(name_of(notification_code::cease, 10),  // RFC 9384 §3
            "BFD Down");
  EXPECT_EQ(to_string(notification_code::hold_timer_expired, 0),
            "Hold Timer Expired (4/0)");
  EXPECT_EQ(to_string(notification_code::open_message_error, 11),
            "OPEN Message Error/Role Mismatch (2/11)"); // RFC 9234
  EXPECT_EQ(to_string(static_cast<notification_code>(77), 3),
            "Unknown Error/Unknown (77/3)");
  EXPECT_EQ(name_of(notification_code::cease, 0), "Unspecific");
  EXPECT_EQ(name_of(notification_code::send_hold_timer_expired), // RFC 9687
            "Send Hold Timer Expired");
  EXPECT_EQ(to_string(make_error(open_subcode::bad_peer_as, "AS 0")),
            "OPEN Message Error/Bad Peer AS (2/2): AS 0");
}

TEST(Verdict, IsOrderedByStrength) { // RFC 7606 §2, §3 (h)
  EXPECT_EQ(strongest(verdict::attribute_discard, verdict::treat_as_withdraw),
            verdict::treat_as_withdraw);
  EXPECT_EQ(strongest(verdict::session_reset, verdict::afi_safi_disable),
            verdict::session_reset);
  EXPECT_EQ(name_of(verdict::treat_as_withdraw), "treat-as-withdraw");
}

TEST(Outcome, HoldsAValueOrAnError) {
  const outcome<int> value = 7;
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(*value, 7);
  EXPECT_THROW(static_cast<void>(value.error()), check_failure);

  const outcome<int> error = make_error(open_subcode::bad_peer_as, "AS 0");
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().subcode, 2);
  EXPECT_THROW(static_cast<void>(error.value()), check_failure);
}

} // namespace troupe::protocol
