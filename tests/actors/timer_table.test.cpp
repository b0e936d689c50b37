#include "actors/timer_table.hpp"

#include <gtest/gtest.h>

namespace troupe::actors {

using namespace std::chrono_literals;

namespace {

using table = timer_table<int>;
const table::time_point start{1h};

} // namespace

TEST(TimerTable, ATimerThatIsArmedAnewNeedsNoSecondMessage) {
  table t;
  const auto first = t.arm(1, start, 10s);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->delay, 10s);
  // A hold timer restarted by every message: nothing is sent.
  for (int i = 1; i < 100; ++i)
    EXPECT_FALSE(t.arm(1, start + i * 100ms, 10s));
  const auto early = t.due(1, first->generation, start + 10s);
  EXPECT_FALSE(early.expired);
  ASSERT_TRUE(early.again);
  EXPECT_EQ(early.again->delay, 9900ms);
  EXPECT_TRUE(t.due(1, early.again->generation, start + 19900ms).expired);
}

TEST(TimerTable, AShorterTimerMakesTheOlderMessageStale) {
  table t;
  const auto slow = t.arm(1, start, 10s);
  const auto quick = t.arm(1, start, 1s);
  ASSERT_TRUE(slow && quick);
  EXPECT_TRUE(t.due(1, quick->generation, start + 1s).expired);
  const auto late = t.due(1, slow->generation, start + 10s);
  EXPECT_FALSE(late.expired);
  EXPECT_FALSE(late.again);
}

TEST(TimerTable, ADisarmedOrErasedTimerNeverExpires) {
  table t;
  const auto one = t.arm(1, start, 1s);
  const auto two = t.arm(2, start, 1s);
  t.disarm(1);
  t.erase(2);
  EXPECT_FALSE(t.due(1, one->generation, start + 2s).expired);
  EXPECT_FALSE(t.due(2, two->generation, start + 2s).expired);
  // An erased timer that comes back is not taken for its forerunner.
  const auto again = t.arm(2, start, 5s);
  ASSERT_TRUE(again);
  EXPECT_NE(again->generation, two->generation);
}

TEST(TimerTable, TellsWhatIsLeft) {
  table t;
  EXPECT_EQ(t.remaining(1, start), 0s);
  EXPECT_TRUE(t.arm(1, start, 3s));
  EXPECT_TRUE(t.armed(1));
  EXPECT_EQ(t.remaining(1, start + 1s), 2s);
  EXPECT_EQ(t.remaining(1, start + 4s), 0s);
  t.disarm(1);
  EXPECT_FALSE(t.armed(1));
  EXPECT_EQ(t.remaining(1, start), 0s);
}

} // namespace troupe::actors
