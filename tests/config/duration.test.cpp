#include "config/duration.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace troupe::config {
namespace {

using namespace std::chrono_literals;

TEST(Duration, HasAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("0s"), 0ms);
  EXPECT_EQ(parse_duration("100ms"), 100ms);
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("365d"), 365 * 24h);
}

TEST(Duration, IsNothingElse) {
  for (const auto* text :
       {"", "90", "s", "-1s", "+1s", " 1s", "1s ", "1 s", "1.5s", "1S", "1min",
        "1m30s", "366d", "99999999999999999999s", "9223372036854775807h"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, IsPrintedInTheLargestUnitThatFits) {
  EXPECT_EQ(duration_text(0ms), "0s");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
  EXPECT_EQ(duration_text(90s), "90s");
  EXPECT_EQ(duration_text(120s), "2m");
  EXPECT_EQ(duration_text(48h), "2d");
}

TEST(Duration, ReadsWhatItPrints) {
  EXPECT_TRUE(rc::check([] {
    const auto count = *rc::gen::inRange<std::int64_t>(0, 1000);
    const auto factor = *rc::gen::element<std::int64_t>(1, 250, 1000, 60000);
    const std::chrono::milliseconds duration{count * factor};
    RC_ASSERT(parse_duration(duration_text(duration)) == duration);
  }));
}

} // namespace
} // namespace troupe::config
