#include "protocol/wire/as_path.hpp"

#include "tests/protocol/wire_generators.hpp"

#include <numeric>

namespace troupe::protocol::wire {

using namespace testing;
using enum segment_type;

namespace {

as_path from(std::initializer_list<as_segment> segments) {
  return as_path{
      std::span<const as_segment>{segments.begin(), segments.size()}};
}

as_path_view two(const byte_vector& bytes) {
  return {bytes, as_width::two};
}

std::vector<as_number> flat(const as_path& path) {
  std::vector<as_number> numbers;
  for (const auto& segment : path.segments())
    numbers.insert(numbers.end(), segment.numbers.begin(),
                   segment.numbers.end());
  return numbers;
}

} // namespace

TEST(AsPathView, TellsMalformedPaths) { // RFC 7606 §7.2
  EXPECT_TRUE(two(hex("")).is_well_formed());
  EXPECT_TRUE(two(hex("0201fde9 01020001 0002")).is_well_formed());
  EXPECT_FALSE(two(hex("0202fde9")).is_well_formed());    // overrun
  EXPECT_FALSE(two(hex("0201fde9 02")).is_well_formed()); // underrun
  EXPECT_FALSE(two(hex("0200")).is_well_formed());        // empty segment
  EXPECT_FALSE(two(hex("0001fde9")).is_well_formed());    // type 0
  EXPECT_FALSE(two(hex("0501fde9")).is_well_formed());    // type 5
  EXPECT_FALSE(as_path_view(hex("0201fde9"), as_width::four).is_well_formed());
}

TEST(AsPath, CountsASetOnceAndAConfederationNever) { // RFC 4271 §9.1.2.2
  EXPECT_EQ(as_path{}.length(), 0U);
  EXPECT_EQ(from({{as_sequence, {1, 2, 2}}, {as_set, {3, 4}}}).length(), 4U);
  EXPECT_EQ(
      from({{confed_sequence, {1, 2}}, {confed_set, {3}}, {as_sequence, {4}}})
          .length(),
      1U); // RFC 5065 §5.3
}

TEST(AsPath, FindsAnAsAnywhere) { // RFC 4271 §9.1.2
  const auto path = from({{as_sequence, {1, 2}}, {as_set, {4200000001}}});
  EXPECT_TRUE(path.contains(1));
  EXPECT_TRUE(path.contains(4200000001));
  EXPECT_FALSE(path.contains(3));
  EXPECT_EQ(from({{as_sequence, {7, 7}}, {as_set, {7}}}).view().count(7), 3U);
}

TEST(AsPath, KnowsTheNeighbourAndTheOrigin) {
  EXPECT_EQ(path_of({5, 6, 7}).first_as(), 5U);
  EXPECT_EQ(path_of({5, 6, 7}).view().origin_as(), 7U);
  EXPECT_EQ(as_path{}.first_as(), std::nullopt);
  EXPECT_EQ(as_path{}.view().origin_as(), std::nullopt);
  EXPECT_EQ(from({{as_set, {5}}}).first_as(), std::nullopt);
  EXPECT_EQ(from({{as_sequence, {5}}, {as_set, {6}}}).view().origin_as(),
            std::nullopt);
  // A confederation is one's own AS (RFC 5065 §5.3).
  EXPECT_EQ(from({{confed_sequence, {9}}, {as_sequence, {5}}}).first_as(), 5U);
}

TEST(AsPath, PrependsIntoALeadingSequence) { // RFC 4271 §5.1.2
  auto path = path_of({2});
  path.prepend(1, 2);
  EXPECT_EQ(path, path_of({1, 1, 2}));
  path = {};
  path.prepend(4200000001);
  EXPECT_EQ(path, path_of({4200000001}));
  path.prepend(7, 0);
  EXPECT_EQ(path, path_of({4200000001}));
}

TEST(AsPath, PrependsAMemberAsToAConfederation) { // RFC 5065 §4.1 b
  auto path = path_of({2});
  path.prepend(65010, 2, confed_sequence);
  EXPECT_EQ(path,
            from({{confed_sequence, {65010, 65010}}, {as_sequence, {2}}}));
  path.prepend(65011, 1, confed_sequence);
  EXPECT_EQ(path.segments().at(0).numbers,
            (std::vector<as_number>{65011, 65010, 65010}));
  path = from({{confed_set, {1}}});
  path.prepend(65010, 1, confed_sequence);
  EXPECT_EQ(path, from({{confed_sequence, {65010}}, {confed_set, {1}}}));
  path = from({{confed_sequence, std::vector<as_number>(255, 7)}});
  path.prepend(65010, 1, confed_sequence);
  EXPECT_EQ(path.segments().at(0).numbers, std::vector<as_number>{65010});
  EXPECT_EQ(path.segments().at(1).numbers.size(), 255U);
  path.prepend(9);
  EXPECT_EQ(path.first_as(), 9U);
}

TEST(AsPath, KnowsTheMemberThatToldTheRoute) { // RFC 5065 §4.1 b
  const auto member = [](const as_path& path) {
    return path.view().first_member();
  };
  EXPECT_EQ(member(from({{confed_sequence, {7, 8}}, {as_sequence, {1}}})), 7U);
  EXPECT_EQ(member(from({{as_sequence, {1}}, {confed_sequence, {7}}})),
            std::nullopt);
  EXPECT_EQ(member(from({{confed_set, {7}}})), std::nullopt);
  EXPECT_EQ(member(as_path{}), std::nullopt);
}

TEST(AsPath, PrependsANewSequenceBeforeASet) {
  auto path = from({{as_set, {2}}});
  path.prepend(1);
  EXPECT_EQ(path, from({{as_sequence, {1}}, {as_set, {2}}}));
}

TEST(AsPath, PrependsANewSequenceWhereTheFirstIsFull) { // RFC 4271 §5.1.2
  std::vector<as_number> numbers(255);
  std::iota(numbers.begin(), numbers.end(), 1U);
  as_path path{std::span<const as_number>{numbers}};
  path.prepend(999);
  ASSERT_EQ(path.segments().size(), 2U);
  EXPECT_EQ(path.segments()[0].numbers, std::vector<as_number>{999});
  EXPECT_TRUE(path.view().is_well_formed());
  EXPECT_EQ(path.length(), 256U);
}

TEST(AsPath, SplitsALongSequence) {
  const std::vector<as_number> numbers(600, 7);
  const as_path path{std::span<const as_number>{numbers}};
  EXPECT_TRUE(path.view().is_well_formed());
  EXPECT_EQ(path.length(), 600U);
  EXPECT_EQ(path.segments().size(), 3U);
}

TEST(AsPath, PutsAsTransIntoTheTwoOctetForm) { // RFC 6793 §4.2.2
  EXPECT_EQ(to_hex(path_of({1, 4200000001, 65535}).two_octet_bytes()), "0203"
                                                                       "0001"
                                                                       "5ba0"
                                                                       "ffff");
  EXPECT_TRUE(path_of({1, 65536}).needs_four_octets());
  EXPECT_FALSE(path_of({1, 65535}).needs_four_octets());
}

TEST(AsPath, ReadsBothWidthsAlike) {
  EXPECT_TRUE(rc::check([] {
    const auto path = *any_path(true);
    RC_ASSERT(as_path::from_view(path.view()) == path);
    if (!path.needs_four_octets())
      RC_ASSERT(as_path::from_view(two(path.two_octet_bytes())) == path);
    const auto segments = path.segments();
    RC_ASSERT(as_path{std::span<const as_segment>{segments}} == path);
  }));
}

// -- AS4_PATH -----------------------------------------------------------------

TEST(MergeAs4Path, PutsTheLeadingPartBeforeAs4Path) { // RFC 6793 §4.2.3
  const auto merged =
      merge_as4_path(path_of({300, 400, as_trans, 100}), path_of({70000, 100}));
  EXPECT_EQ(merged, path_of({300, 400, 70000, 100}));
}

TEST(MergeAs4Path, IgnoresALongerAs4Path) { // RFC 6793 §4.2.3
  EXPECT_EQ(merge_as4_path(path_of({as_trans}), path_of({70000, 100})),
            path_of({as_trans}));
}

TEST(MergeAs4Path, TakesAs4PathWhereBothAreEquallyLong) {
  EXPECT_EQ(merge_as4_path(path_of({as_trans, 1}), path_of({70000, 1})),
            path_of({70000, 1}));
}

TEST(MergeAs4Path, TakesAWholeSetForOneAs) {
  const auto path = from({{as_set, {1, 2, 3}}, {as_sequence, {as_trans}}});
  EXPECT_EQ(merge_as4_path(path, path_of({70000})),
            from({{as_set, {1, 2, 3}}, {as_sequence, {70000}}}));
}

TEST(MergeAs4Path, KeepsALeadingConfederation) { // RFC 6793 §4.2.3
  const auto path =
      from({{confed_sequence, {64512}}, {as_sequence, {300, as_trans}}});
  EXPECT_EQ(merge_as4_path(path, path_of({70000})),
            from({{confed_sequence, {64512}}, {as_sequence, {300, 70000}}}));
  EXPECT_EQ(merge_as4_path(path, path_of({300, 70000})),
            from({{confed_sequence, {64512}}, {as_sequence, {300, 70000}}}));
}

TEST(MergeAs4Path, DropsAConfederationThatTouchesNothingTaken) {
  const auto path = from({{as_sequence, {300, as_trans}},
                          {confed_set, {64512}},
                          {as_sequence, {5}}});
  EXPECT_EQ(merge_as4_path(path, path_of({70000, 5})),
            path_of({300, 70000, 5}));
}

TEST(MergeAs4Path, KeepsTheLengthOfAsPath) {
  EXPECT_TRUE(rc::check([] {
    const auto path = *any_path();
    const auto as4 = *any_path();
    const auto merged = merge_as4_path(path, as4);
    RC_ASSERT(merged.view().is_well_formed());
    RC_ASSERT(merged.length() == path.length());
    if (as4.length() > path.length())
      RC_ASSERT(merged == path);
  }));
}

// What an old speaker has passed on comes back as it was.
TEST(MergeAs4Path, RestoresWhatAnOldSpeakerPassedOn) {
  EXPECT_TRUE(rc::check([] {
    const auto path = *any_path();
    auto old = *as_path::from_view(two(path.two_octet_bytes()));
    const auto hops = *rc::gen::inRange(0U, 3U);
    auto expected = path;
    expected.prepend(65001, hops);
    old.prepend(65001, hops);
    RC_ASSERT(flat(merge_as4_path(old, path)) == flat(expected));
  }));
}

TEST(AsPath, PrintsItsSegments) {
  EXPECT_EQ(to_string(from({{as_sequence, {65001, 65002}},
                            {as_set, {1, 2}},
                            {confed_sequence, {65010, 65011}},
                            {confed_set, {65012, 65013}}})),
            "65001 65002 {1,2} (65010 65011) [65012,65013]");
  EXPECT_EQ(to_string(as_path{}), "");
}

} // namespace troupe::protocol::wire
