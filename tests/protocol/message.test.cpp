#include "protocol/wire/message.hpp"

#include "tests/protocol/wire_support.hpp"

#include <rapidcheck.h>

namespace troupe::protocol::wire {

using namespace testing;

namespace {

byte_vector header(unsigned length, unsigned type) {
  byte_vector bytes(16, 0xff);
  bytes.push_back(static_cast<std::uint8_t>(length >> 8));
  bytes.push_back(static_cast<std::uint8_t>(length));
  bytes.push_back(static_cast<std::uint8_t>(type));
  return bytes;
}

} // namespace

TEST(NextFrame, WaitsForTheWholeHeader) { // RFC 4271 §4.1
  auto bytes = header(19, 4);
  bytes.pop_back();
  const auto found = next_frame(bytes, standard_message_size);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->has_value());
}

TEST(NextFrame, WaitsForTheWholeBody) {
  auto bytes = header(23, 2);
  bytes.resize(22);
  const auto found = next_frame(bytes, standard_message_size);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->has_value());
}

TEST(NextFrame, RefersToTheBuffer) {
  auto bytes = header(23, 2);
  bytes.resize(40, 7);
  const auto found = next_frame(bytes, standard_message_size);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->type, message_type::update);
  EXPECT_EQ((*found)->whole.data(), bytes.data());
  EXPECT_EQ((*found)->whole.size(), 23U);
  EXPECT_EQ((*found)->body.data(), bytes.data() + 19);
  EXPECT_EQ((*found)->body.size(), 4U);
}

TEST(NextFrame, AnswersABadMarkerWithNotSynchronized) { // RFC 4271 §6.1
  for (std::size_t i = 0; i < 16; ++i) {
    auto bytes = header(19, 4);
    bytes[i] = 0xfe;
    const auto found = next_frame(bytes, standard_message_size);
    ASSERT_FALSE(found.has_value()) << i;
    EXPECT_EQ(found.error().code, notification_code::message_header_error);
    EXPECT_EQ(found.error().subcode, 1);
    EXPECT_TRUE(found.error().data.empty());
  }
}

TEST(NextFrame, AnswersABadLengthWithTheLengthField) { // RFC 4271 §6.1
  struct bad {
    unsigned length;
    unsigned type;
  };
  for (const auto& each :
       {bad{0, 4}, bad{18, 4}, bad{20, 4}, bad{28, 1}, bad{22, 2}, bad{20, 3},
        bad{18, 5}, bad{4097, 2}, bad{4097, 1}, bad{65535, 3}}) {
    const auto found =
        next_frame(header(each.length, each.type), standard_message_size);
    ASSERT_FALSE(found.has_value()) << each.length << ' ' << each.type;
    EXPECT_EQ(found.error().subcode, 2);
    EXPECT_EQ(found.error().data,
              (byte_vector{static_cast<std::uint8_t>(each.length >> 8),
                           static_cast<std::uint8_t>(each.length)}));
  }
}

TEST(NextFrame, AcceptsTheBoundsOfEachType) {
  struct good {
    unsigned length;
    unsigned type;
  };
  for (const auto& each :
       {good{19, 4}, good{29, 1}, good{4096, 1}, good{23, 2}, good{4096, 2},
        good{21, 3}, good{4096, 3}, good{19, 5}, good{4096, 5}})
    EXPECT_TRUE(
        next_frame(header(each.length, each.type), standard_message_size)
            .has_value())
        << each.length << ' ' << each.type;
}

TEST(NextFrame, TakesLongMessagesOnlyWhereWeAnnouncedThem) { // RFC 8654 §4
  const auto accepts = [](unsigned length, unsigned type) {
    return next_frame(header(length, type), extended_message_size).has_value();
  };
  EXPECT_TRUE(accepts(65535, 2));
  EXPECT_TRUE(accepts(65535, 3));
  EXPECT_TRUE(accepts(65535, 5));
  EXPECT_FALSE(accepts(4097, 1)); // OPEN and KEEPALIVE never
  EXPECT_FALSE(accepts(20, 4));
}

TEST(NextFrame, AnswersAnUnknownTypeWithTheTypeOctet) { // RFC 4271 §6.1
  for (const unsigned type : {0U, 6U, 77U, 255U}) {
    const auto found = next_frame(header(19, type), standard_message_size);
    ASSERT_FALSE(found.has_value()) << type;
    EXPECT_EQ(found.error().subcode, 3);
    EXPECT_EQ(found.error().data,
              (byte_vector{static_cast<std::uint8_t>(type)}));
  }
}

TEST(NextFrame, NeverReachesBeyondTheBuffer) {
  EXPECT_TRUE(rc::check([] {
    auto bytes = header(*rc::gen::inRange(0U, 64U), *rc::gen::inRange(0U, 7U));
    const auto rest = *rc::gen::inRange<std::size_t>(0, 64);
    bytes.resize(*rc::gen::inRange<std::size_t>(0, 19 + rest), 0);
    const auto found = next_frame(bytes, standard_message_size);
    if (found && *found) {
      RC_ASSERT((*found)->whole.size() <= bytes.size());
      RC_ASSERT((*found)->body.size() + header_size == (*found)->whole.size());
    }
  }));
}

TEST(BehindMessage, IsWhatFollowsAWholeMessage) {
  byte_vector buffer;
  encode_keepalive(buffer);
  encode_keepalive(buffer);
  const byte_span two{buffer};
  EXPECT_EQ(behind_message(two).data(), buffer.data() + 19);
  EXPECT_EQ(behind_message(two).size(), 19U);
  EXPECT_TRUE(behind_message(two.subspan(19)).empty()) << "nothing follows";
  for (std::size_t size = 0; size != 19; ++size)
    EXPECT_TRUE(behind_message(two.first(size)).empty());
  buffer[17] = 39; // longer than what is there
  EXPECT_TRUE(behind_message(buffer).empty());
  buffer[17] = 18; // shorter than a header
  EXPECT_TRUE(behind_message(buffer).empty());
}

TEST(Keepalive, IsNineteenBytes) { // RFC 4271 §4.4
  byte_vector out;
  encode_keepalive(out);
  EXPECT_EQ(to_hex(out), "ffffffffffffffffffffffffffffffff001304");
}

TEST(MessageType, HasAName) {
  EXPECT_EQ(name_of(message_type::open), "OPEN");
  EXPECT_EQ(name_of(message_type::route_refresh), "ROUTE-REFRESH");
}

} // namespace troupe::protocol::wire
