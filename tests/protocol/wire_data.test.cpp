// Real messages: nothing crashes, what can be read survives our encoder.

#include "protocol/mrt/reader.hpp"
#include "protocol/wire/text.hpp"
#include "source_dir.hpp"
#include "tests/protocol/wire_reencode.hpp"
#include "tests/protocol/wire_support.hpp"
#include "tests/support/read_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace troupe::protocol::wire {

using namespace testing;

namespace {

const std::filesystem::path data{TROUPE_SOURCE_DIR "/../shared/data"};

bool is_missing() {
  return !std::filesystem::exists(data);
}

// Whether the message can be read; then whether it stays the same through
// our encoder.
bool survives(const frame& message, const negotiated& session) {
  EXPECT_FALSE(to_text(message, session).empty());
  const auto once = reencode(message, session);
  if (!once)
    return false;
  byte_vector twice;
  for (const auto& each : frames_of(*once, extended_message_size)) {
    const auto again = reencode(each, session);
    EXPECT_TRUE(again.has_value());
    if (again)
      twice.insert(twice.end(), again->begin(), again->end());
  }
  EXPECT_EQ(to_hex(twice), to_hex(*once));
  return true;
}

} // namespace

class WireData : public ::testing::Test {
protected:
  void SetUp() override {
    if (is_missing()) {
      ASSERT_FALSE(tests::in_ci()) << data << " is missing";
      GTEST_SKIP() << data << " is missing";
    }
  }
};

TEST_F(WireData, OfMrtFilesSurvivesOurEncoder) {
  std::size_t messages = 0;
  std::size_t unreadable = 0;
  for (const auto* name :
       {"bgpdump__updates.20100722.2015.gz", "mrtparse__quagga_bgp",
        "bgpdump__updates.long_withdrawal.gz",
        "libbgpstream__ris.rrc06.updates.1427846400.gz"}) {
    const auto content = tests::read_file(data / "mrt" / name);
    ASSERT_TRUE(content.has_value()) << name;
    mrt::reader records{*content};
    for (mrt::record each; records.next(each);) {
      const auto* heard = std::get_if<mrt::bgp_message>(&each.body);
      if (heard == nullptr)
        continue;
      auto session = plain_session();
      session.as4 = heard->four_octet_as;
      for (auto& agreed : session.families)
        agreed.add_path_receive = heard->add_path;
      const auto message = next_frame(heard->message, extended_message_size);
      ASSERT_TRUE(message && *message);
      ++messages;
      unreadable += survives(**message, session) ? 0U : 1U;
    }
  }
  EXPECT_EQ(messages, 2992U);
  EXPECT_EQ(unreadable, 0U);
}

} // namespace troupe::protocol::wire
