#include "tests/rib/export_world.hpp"

#include <gtest/gtest.h>

namespace troupe::rib::testing {
namespace {

using namespace protocol;
using events = std::vector<std::string>;

// Marked refreshes (RFC 7313 §4).

std::string nth(unsigned i) {
  return "10." + std::to_string(i / 256) + "." + std::to_string(i % 256)
         + ".0/24";
}

TEST(ExportRefresh, MarksARefreshWhereThatIsAgreedUpon) { // RFC 7313 §4
  export_world w{{}};
  w.join(1, false, true);
  w.join(2);
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.settle();
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.group->refresh(w.members[2].index, ipv4_unicast);
  w.settle();
  EXPECT_EQ(w.peer(1).events, (events{"+10.0.0.0/8", "<", "+10.0.0.0/8", ">"}));
  EXPECT_EQ(w.peer(2).events, (events{"+10.0.0.0/8", "+10.0.0.0/8"}));
  EXPECT_EQ(w.peer(1).refreshes[ipv4_unicast], 1U);
  EXPECT_EQ(w.compare(), "");
  // Of a family with no routes, and of one that is not spoken.
  w.group->refresh(w.members[1].index, ipv6_unicast);
  w.group->refresh(w.members[1].index, {25, 70});
  w.settle();
  EXPECT_EQ(w.peer(1).refreshes[ipv6_unicast], 1U);
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportRefresh, BeginsARefreshBehindEndOfRibAndBehindTheLastOne) {
  export_world w{{}}; // RFC 7313 §4
  w.group->hold_end_of_rib(0);
  w.join(1, false, true);
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.settle();
  EXPECT_EQ(w.peer(1).events, events{"+10.0.0.0/8"});
  w.group->release_end_of_rib(0);
  w.pump(1); // End-of-RIB; the refresh begins behind it
  w.written(1);
  // Two more, while the first one is under way, make one.
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.settle();
  EXPECT_EQ(w.peer(1).refreshes[ipv4_unicast], 2U);
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportRefresh, EndsTheRefreshOfASlowMemberWhenItHasEverything) {
  export_world::options o;
  o.limits.log_bound = 2000;
  o.limits.block_size = 4096;
  export_world w{o};
  w.join(1, false, true);
  const auto some = [&](unsigned from, as_number as) {
    for (unsigned i = from; i < from + 800; ++i)
      w.announce(nth(i), w.set(simple_path(as + i)), 9);
  };
  some(0, 65001);
  w.settle();
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.settle({1}); // it stops behind BoRR
  w.pump(1, 1);
  some(100, 75001);
  w.settle({1});
  EXPECT_GT(w.group->statistics().resyncs, 0U);
  EXPECT_EQ(w.peer(1).refreshes[ipv4_unicast], 0U);
  w.settle();
  EXPECT_EQ(w.peer(1).refreshes[ipv4_unicast], 1U);
  EXPECT_EQ(w.compare(), "");
}

} // namespace
} // namespace troupe::rib::testing
