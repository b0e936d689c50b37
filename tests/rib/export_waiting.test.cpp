#include "tests/rib/export_world.hpp"

#include <gtest/gtest.h>

// When a group flushes: in slices, and not while its members still write.
namespace troupe::rib::testing {
namespace {

using namespace protocol;
using told = std::vector<std::string>;

std::string numbered(unsigned i) {
  return "10." + std::to_string(i / 256) + "." + std::to_string(i % 256)
         + ".0/24";
}

void announce(export_world& w, unsigned first, unsigned count, unsigned as) {
  for (unsigned i = first; i < first + count; ++i)
    w.announce(numbered(i), w.set(simple_path(as)), 200);
}

/// Everything that the shard has reaches the group, and nothing is flushed.
void take_all(export_world& w) {
  while (w.collect(0))
    w.deliver(false);
}

TEST(ExportWaiting, AFlushGoesOnInSlices) {
  export_world::options o;
  o.settings.max_message_size = 200; // less than 50 prefixes
  export_world w{o};
  w.join(1);
  w.settle();
  announce(w, 0, 300, 65001);
  take_all(w);
  const auto encodings = [&] { return w.group->statistics().encodings; };
  const auto before = encodings();
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(w.group->flush(100));
  EXPECT_EQ(encodings(), before) << "first all are looked at";
  EXPECT_EQ(w.group->pending(), 0U) << "they belong to the flush";
  auto last = before;
  unsigned slices = 1;
  for (; !w.group->flush(100); ++slices) {
    EXPECT_TRUE(w.group->is_flushing());
    EXPECT_LT(encodings() - last, 150U);
    EXPECT_EQ(w.group->check(), "");
    last = encodings();
  }
  EXPECT_EQ(slices, 3U);
  EXPECT_FALSE(w.group->is_flushing());
  EXPECT_EQ(encodings() - before, 300U);
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportWaiting, WhatChangesDuringAFlushIsToldByTheNext) {
  export_world w{{}};
  w.join(1);
  w.settle();
  announce(w, 0, 2, 65001);
  take_all(w);
  EXPECT_FALSE(w.group->flush(2)) << "looked at, and not yet encoded";
  w.announce(numbered(0), w.set(simple_path(65002)), 200);
  w.withdraw(numbered(1));
  take_all(w);
  EXPECT_EQ(w.group->pending(), 2U);
  EXPECT_TRUE(w.group->flush(2));
  EXPECT_EQ(w.group->pending(), 2U);
  w.settle();
  EXPECT_EQ(w.peer(1).events, (told{"+" + numbered(0), "+" + numbered(1),
                                    "-" + numbered(1), "+" + numbered(0)}));
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportWaiting, AFlushUnderWayEndsBeforeAMemberJoins) {
  export_world w{{}};
  w.join(1);
  w.settle();
  announce(w, 0, 50, 65001);
  take_all(w);
  EXPECT_FALSE(w.group->flush(50));
  w.join(2);
  EXPECT_FALSE(w.group->is_flushing());
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportWaiting, AFlushEndsWithTheLastMember) {
  export_world w{{}};
  w.join(1);
  w.settle();
  announce(w, 0, 50, 65001);
  take_all(w);
  EXPECT_FALSE(w.group->flush(20));
  w.leave(1);
  EXPECT_FALSE(w.group->is_flushing());
  EXPECT_EQ(w.group->check(), "");
  w.join(1);
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportWaiting, WaitsForMembersThatWrite) {
  export_world w{{}};
  w.join(1);
  w.join(2);
  w.settle();
  announce(w, 0, 10, 65001);
  take_all(w);
  EXPECT_FALSE(w.group->may_wait()) << "nobody writes";
  w.group->flush();
  w.pump(1);
  w.pump(2);
  EXPECT_TRUE(w.group->may_wait());
  w.written(1);
  EXPECT_TRUE(w.group->may_wait()) << "one still does";
  w.written(2);
  EXPECT_FALSE(w.group->may_wait());
}

TEST(ExportWaiting, DoesNotWaitAgainForOneThatIsSlow) {
  export_world w{{}};
  w.join(1);
  w.join(2);
  w.settle();
  announce(w, 0, 10, 65001);
  take_all(w);
  w.group->flush();
  w.pump(1);
  w.group->wait_no_longer();
  EXPECT_FALSE(w.group->may_wait());
  announce(w, 10, 10, 65001);
  take_all(w);
  w.group->flush();
  w.pump(1);
  EXPECT_FALSE(w.group->may_wait()) << "it has not written all since";
  w.pump(2);
  EXPECT_TRUE(w.group->may_wait()) << "the other one is as good as ever";
  w.written(2);
  w.written(1);
  announce(w, 20, 10, 65001);
  take_all(w);
  w.group->flush();
  w.pump(1);
  EXPECT_TRUE(w.group->may_wait());
}

TEST(ExportWaiting, NobodyIsWaitedForWhoIsGone) {
  export_world::options o;
  o.limits.log_bound = 100;
  export_world w{o};
  w.join(1);
  w.join(2);
  w.settle();
  announce(w, 0, 10, 65001);
  take_all(w);
  w.group->flush();
  w.pump(1);
  w.pump(2);
  w.leave(2);
  EXPECT_TRUE(w.group->may_wait());
  announce(w, 10, 200, 65001); // beyond the bound: the slow one leaves the log
  take_all(w);
  w.group->flush();
  EXPECT_EQ(w.group->statistics().resyncs, 1U);
  EXPECT_FALSE(w.group->may_wait());
}

TEST(ExportWaiting, ALostTableLeavesNothingBehind) {
  export_world::options o;
  o.batch = 50'000;
  export_world w{o};
  w.join(1);
  w.settle();
  const auto taken = [&] {
    const auto m = w.group->memory();
    return m.adj_rib_out + m.pending + m.log;
  };
  const auto none = taken();
  announce(w, 0, 40'000, 65001);
  w.settle();
  EXPECT_GT(taken(), none + 40'000U * 8);
  for (unsigned i = 0; i < 40'000; ++i)
    w.withdraw(numbered(i));
  w.settle();
  EXPECT_LT(taken(), none + 100'000U)
      << w.group->memory().adj_rib_out << ' ' << w.group->memory().pending
      << ' ' << w.group->memory().log;
  EXPECT_EQ(w.group->check(), "");
  announce(w, 0, 100, 65001);
  w.settle();
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportWaiting, SaysHowFarAMemberIsBehind) {
  export_world w{{}};
  auto& m = w.join(1);
  w.settle();
  EXPECT_EQ(w.group->backlog(m.index).bytes, 0U);
  announce(w, 0, 10, 65001);
  take_all(w);
  w.group->flush();
  const auto unread = w.group->backlog(m.index).bytes;
  EXPECT_GT(unread, 10U * 4);
  w.pump(1);
  EXPECT_EQ(w.group->backlog(m.index).bytes, unread) << "it is not written";
  w.written(1);
  EXPECT_EQ(w.group->backlog(m.index).bytes, 0U);
  EXPECT_TRUE(w.group->backlog(m.index).reads_log);
}

TEST(ExportWaiting, OneThatIsSetAsideIsToldOnlyHowItEnds) {
  export_world w{{}};
  w.join(1);
  w.join(2);
  w.settle();
  w.announce(numbered(0), w.set(simple_path(65001)), 200);
  take_all(w);
  w.group->flush();
  w.group->set_aside(w.members[1].index);
  EXPECT_EQ(w.group->statistics().resyncs, 0U) << "it has taken nothing";
  w.pump(1);
  for (unsigned as = 65002; as != 65007; ++as) {
    announce(w, 0, 1, as);
    take_all(w);
    w.group->flush();
    w.group->set_aside(w.members[1].index);
    w.pump(2);
  }
  EXPECT_EQ(w.group->statistics().resyncs, 1U);
  EXPECT_FALSE(w.group->backlog(w.members[1].index).reads_log);
  EXPECT_EQ(w.group->backlog(w.members[1].index).owed, 1U);
  w.settle();
  EXPECT_EQ(w.compare(), "");
  EXPECT_EQ(w.peer(1).events.size(), 2U) << "what it took, and the last";
  EXPECT_EQ(w.peer(2).events.size(), 6U);
}

TEST(ExportWaiting, LittleWaitsForEachMember) {
  export_world::options o;
  o.batch = 20'000;
  export_world w{o};
  w.join(1);
  w.settle();
  announce(w, 0, 10, 65001);
  take_all(w);
  w.group->flush();
  w.pump(1);
  announce(w, 0, 4095, 65002);
  take_all(w);
  EXPECT_TRUE(w.group->may_wait());
  announce(w, 4095, 1, 65002);
  take_all(w);
  EXPECT_FALSE(w.group->may_wait());
  EXPECT_EQ(w.group->pending(), 4096U);
}

} // namespace
} // namespace troupe::rib::testing
