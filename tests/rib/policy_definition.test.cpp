#include "rib/policy_definition.hpp"

#include "protocol/wire/communities.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace troupe::rib {
namespace {

protocol::prefix parsed(const char* text) {
  return *protocol::prefix::parse(text);
}

// -- prefix_range -------------------------------------------------------------

TEST(PrefixRange, HasThreeForms) {
  const auto p = parsed("10.0.0.0/8");
  EXPECT_EQ(prefix_range::parse("10.0.0.0/8"), (prefix_range{p, 8, 8}));
  EXPECT_EQ(prefix_range::parse("10.0.0.0/8+"), (prefix_range{p, 8, 32}));
  EXPECT_EQ(prefix_range::parse("10.0.0.0/8{16,24}"),
            (prefix_range{p, 16, 24}));
  EXPECT_EQ(prefix_range::parse("::/0+"),
            (prefix_range{parsed("::/0"), 0, 128}));
}

TEST(PrefixRange, RefusesEverythingElse) {
  for (const auto* text :
       {"", "10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8++",
        "10.0.0.0/8{16}", "10.0.0.0/8{7,24}", "10.0.0.0/8{24,16}",
        "10.0.0.0/8{16,33}", "10.0.0.0/8{16,24", "10.0.0.0/8{16,24}+",
        "10.0.0.0/8{16,24}{1,2}", "10.0.0.0/8{,24}", "10.0.0.0/8 {16,24}",
        "::/0{0,129}", "10.0.0.0/8{-1,24}"})
    EXPECT_EQ(prefix_range::parse(text), std::nullopt) << text;
}

TEST(PrefixRange, IsPrintedInItsShortestForm) {
  for (const auto* text : {"10.0.0.0/8", "10.0.0.0/8+", "10.0.0.0/8{16,24}",
                           "::/0{0,64}", "10.0.0.1/32"})
    EXPECT_EQ(to_string(*prefix_range::parse(text)), text);
  EXPECT_EQ(to_string(*prefix_range::parse("10.0.0.0/8{8,8}")), "10.0.0.0/8");
  EXPECT_EQ(to_string(*prefix_range::parse("10.0.0.0/8{8,32}")), "10.0.0.0/8+");
}

// -- prefix_list --------------------------------------------------------------

/// Addresses of few bits, at both ends of the address, so that ranges meet.
protocol::prefix arbitrary_prefix() {
  if (*rc::gen::arbitrary<bool>()) {
    const auto bits = *rc::gen::inRange(0U, 16U);
    return {protocol::ip_address::v4(bits << 28 | bits),
            *rc::gen::elementOf(std::vector{0U, 1U, 2U, 3U, 4U, 30U, 32U})};
  }
  std::array<std::uint8_t, 16> bytes{};
  for (const std::size_t i : {0U, 7U, 8U, 15U})
    bytes[i] = static_cast<std::uint8_t>(*rc::gen::inRange(0, 4));
  return {
      protocol::ip_address::v6(bytes),
      *rc::gen::elementOf(std::vector{0U, 7U, 8U, 63U, 64U, 65U, 127U, 128U})};
}

prefix_range arbitrary_range() {
  auto range = prefix_range::exactly(arbitrary_prefix());
  const unsigned most = range.covering.address().is_v4() ? 32 : 128;
  const auto length = [&](unsigned least) {
    return static_cast<std::uint8_t>(*rc::gen::inRange(least, most + 1));
  };
  if (*rc::gen::arbitrary<bool>()) {
    range.shortest = length(range.shortest);
    range.longest = length(range.shortest);
  }
  return range;
}

TEST(PrefixList, FindsWhatItsRangesMatch) {
  EXPECT_TRUE(rc::check([] {
    std::vector<prefix_range> ranges;
    const auto count = *rc::gen::inRange(0, 12);
    for (int i = 0; i < count; ++i)
      ranges.push_back(arbitrary_range());
    const prefix_list list{ranges};
    for (int i = 0; i < 30; ++i) {
      const auto p = arbitrary_prefix();
      const bool expected =
          std::any_of(ranges.begin(), ranges.end(),
                      [&](const auto& range) { return range.matches(p); });
      RC_ASSERT(list.matches(p) == expected);
    }
  }));
}

TEST(PrefixList, PrintsAndReadsItsRanges) {
  EXPECT_TRUE(rc::check([] {
    const auto range = arbitrary_range();
    RC_ASSERT(prefix_range::parse(to_string(range)) == range);
  }));
}

TEST(PrefixList, HoldsAHundredThousandEntries) {
  std::vector<prefix_range> ranges;
  for (std::uint32_t i = 0; i < 100000; ++i)
    ranges.push_back(prefix_range::exactly(
        {protocol::ip_address::v4(0x0b000000 + (i << 9)), 24}));
  const prefix_list list{ranges};
  for (std::uint32_t i = 0; i < 100000; ++i) {
    const auto address = protocol::ip_address::v4(0x0b000000 + (i << 9));
    EXPECT_TRUE(list.matches({address, 24}));
    EXPECT_FALSE(list.matches({address, 23}));
    const auto beside = protocol::ip_address::v4(0x0b000100 + (i << 9));
    EXPECT_FALSE(list.matches({beside, 24}));
  }
}

TEST(PrefixList, IsEqualByValue) {
  const std::vector ranges{*prefix_range::parse("10.0.0.0/8"),
                           *prefix_range::parse("::/0")};
  const prefix_list one{ranges};
  EXPECT_EQ(one, prefix_list{ranges});
  EXPECT_EQ(one.hash(), prefix_list{ranges}.hash());
  EXPECT_FALSE(one == prefix_list{});
  EXPECT_EQ(prefix_list{}, prefix_list{std::vector<prefix_range>{}});
  EXPECT_EQ(prefix_list{}.hash(),
            prefix_list{std::vector<prefix_range>{}}.hash());
  EXPECT_FALSE(prefix_list{}.matches(parsed("10.0.0.0/8")));
}

// -- numbers and communities --------------------------------------------------

TEST(AsRange, IsANumberOrTwo) {
  EXPECT_EQ(as_range::parse("1"), (as_range{1, 1}));
  EXPECT_EQ(as_range::parse("64512-65534"), (as_range{64512, 65534}));
  EXPECT_EQ(as_range::parse("0-4294967295"), (as_range{0, 4294967295}));
  for (const auto* text :
       {"", "-", "1-", "-1", "2-1", "1-2-3", "4294967296", "AS1", "1 - 2"})
    EXPECT_EQ(as_range::parse(text), std::nullopt) << text;
  for (const auto* text : {"1", "64512-65534"})
    EXPECT_EQ(to_string(*as_range::parse(text)), text);
}

TEST(CommunityPattern, HasTwoPartsOrAName) {
  EXPECT_EQ(community_pattern::parse("1:2"),
            (community_pattern{0x00010002, 0xffffffff}));
  EXPECT_EQ(community_pattern::parse("1:*"),
            (community_pattern{0x00010000, 0xffff0000}));
  EXPECT_EQ(community_pattern::parse("*:2"),
            (community_pattern{0x00000002, 0x0000ffff}));
  EXPECT_EQ(community_pattern::parse("*:*"), (community_pattern{0, 0}));
  for (const auto* text : {"", "1", ":", "1:", ":1", "65536:1", "1:65536",
                           "1:2:3", "a:b", "**:1", "internet"})
    EXPECT_EQ(community_pattern::parse(text), std::nullopt) << text;
}

TEST(CommunityPattern, KnowsTheWellKnownOnes) {
  const std::pair<const char*, protocol::wire::community> known[] = {
      {"no_export", protocol::wire::no_export},
      {"no_advertise", protocol::wire::no_advertise},
      {"no_export_subconfed", protocol::wire::no_export_subconfed},
      {"no_peer", protocol::wire::no_peer},
      {"blackhole", protocol::wire::blackhole},
      {"graceful_shutdown", protocol::wire::graceful_shutdown}};
  for (const auto& [name, expected] : known) {
    const auto parsed = community_pattern::parse(name);
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->value, expected.value) << name;
    EXPECT_TRUE(parsed->is_exact());
  }
}

TEST(CommunityPattern, ReadsWhatItPrints) {
  for (const auto* text : {"1:2", "1:*", "*:2", "*:*", "65535:65281"})
    EXPECT_EQ(to_string(*community_pattern::parse(text)), text);
}

TEST(LargeCommunityPattern, HasThreeParts) {
  for (const auto* text : {"1:2:3", "4294967295:*:0", "*:*:*"}) {
    const auto parsed = large_community_pattern::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(to_string(*parsed), text);
  }
  for (const auto* text : {"", "1", "1:2", "1:2:", ":2:3", "1:2:3:4",
                           "4294967296:1:1", "1::3", "a:b:c"})
    EXPECT_EQ(large_community_pattern::parse(text), std::nullopt) << text;
}

} // namespace
} // namespace troupe::rib
