#include "protocol/wire/communities.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace troupe::protocol::wire {

TEST(Community, GoesBothWays) { // RFC 1997
  EXPECT_EQ(to_string(community{0xfde90064}), "65001:100");
  EXPECT_EQ(parse_community("65001:100"), community{0xfde90064});
  EXPECT_EQ(parse_community("4259905636"), community{0xfde90064});
  EXPECT_TRUE(rc::check([] {
    const community c{*rc::gen::element<std::uint32_t>(0, 1, 0xffff, 0x10000)
                      + *rc::gen::element<std::uint32_t>(0, 0xffff0000)};
    RC_ASSERT(parse_community(to_string(c)) == c);
  }));
}

TEST(Community, KnowsTheWellKnownOnes) {
  for (const auto c : {no_export, no_advertise, no_export_subconfed, no_peer,
                       blackhole, graceful_shutdown, llgr_stale, no_llgr})
    EXPECT_EQ(parse_community(to_string(c)), c);
  EXPECT_EQ(to_string(no_export), "no-export");
  EXPECT_EQ(parse_community("65535:65281"), no_export);
}

TEST(Community, RefusesOtherText) {
  for (const auto* text : {"", ":", "1:", ":1", "65536:1", "1:65536", "1:2:3",
                           "no-exports", "-1:1", "1: 1", "4294967296", "+1:1"})
    EXPECT_EQ(parse_community(text), std::nullopt) << text;
}

// RFC 4360 §3.1, §3.2, §4, §5, RFC 5668 §2
TEST(ExtendedCommunity, GoesBothWays) {
  struct row {
    std::uint64_t value;
    std::string_view text;
  };
  for (const auto& each : {row{0x0002fde900000064, "rt:65001:100"},
                           row{0x0003fde9ffffffff, "soo:65001:4294967295"},
                           row{0x0102c00002010007, "rt:192.0.2.1:7"},
                           row{0x0202fa56ea010064, "rt:4200000001:100"},
                           row{0x0302000000000001, "0x0302000000000001"},
                           row{0x0202000000010064, "0x0202000000010064"},
                           row{0x4002fde900000064, "0x4002fde900000064"}}) {
    EXPECT_EQ(to_string(extended_community{each.value}), each.text);
    EXPECT_EQ(parse_extended_community(each.text),
              extended_community{each.value});
  }
}

TEST(ExtendedCommunity, SurvivesItsText) {
  EXPECT_TRUE(rc::check([] {
    const auto octet = [] {
      return std::uint64_t{*rc::gen::element<std::uint8_t>(0, 1, 2, 3, 0xff)};
    };
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i)
      value = value << 8 | octet();
    RC_ASSERT(parse_extended_community(to_string(extended_community{value}))
              == extended_community{value});
  }));
}

TEST(ExtendedCommunity, RefusesOtherText) {
  for (const auto* text :
       {"", "rt", "rt:1", "rt:1:2:3", "xx:1:2", "rt:70000:65536", "rt:1.2.3:4",
        "rt:1.2.3.4.5:6", "rt:1.2.3.256:4", "rt:1.2.3.4:65536", "0x12",
        "0x000000000000000g", "rt:1:4294967296"})
    EXPECT_EQ(parse_extended_community(text), std::nullopt) << text;
}

TEST(ExtendedCommunity, TellsWhetherItIsTransitive) { // RFC 4360 §2
  EXPECT_TRUE(extended_community{0x0002000000000000}.is_transitive());
  EXPECT_FALSE(extended_community{0x4002000000000000}.is_transitive());
}

TEST(LargeCommunity, GoesBothWays) { // RFC 8092 §4
  const large_community c{4200000001, 0, 4294967295};
  EXPECT_EQ(to_string(c), "4200000001:0:4294967295");
  EXPECT_EQ(parse_large_community(to_string(c)), c);
  for (const auto* text : {"", "1:2", "1:2:3:4", "1:2:x", "4294967296:0:0"})
    EXPECT_EQ(parse_large_community(text), std::nullopt) << text;
}

} // namespace troupe::protocol::wire
