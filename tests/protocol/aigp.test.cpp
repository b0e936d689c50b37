#include "protocol/wire/aigp.hpp"

#include "protocol/wire/path_attributes.hpp"
#include "tests/protocol/wire_generators.hpp"
#include "tests/protocol/wire_support.hpp"

namespace troupe::protocol::wire {

using namespace testing;

namespace {

byte_vector written(std::uint64_t metric) {
  byte_vector out;
  writer w{out};
  write_aigp_metric(metric, w);
  return out;
}

/// An UPDATE's attributes with this AIGP attribute.
byte_vector with_aigp(unsigned flags, const byte_vector& value) {
  return join({mandatory_attributes(), attribute(flags, 26, value)});
}

decode_context context(bool aigp) {
  decode_context result;
  result.classic_nlri = true;
  result.aigp = aigp;
  return result;
}

} // namespace

TEST(Aigp, IsATlvOfElevenOctets) { // RFC 7311 §3
  EXPECT_EQ(written(0x0102030405060708), hex("01 000b 0102030405060708"));
  const auto read = read_aigp(written(300));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->metric, 300U);
  EXPECT_TRUE(read->others.empty());
}

TEST(Aigp, IsCutAtEveryOctet) { // RFC 7311 §3.2
  const auto whole = join({written(7), hex("09 0005 0102")});
  for (std::size_t size = 0; size != whole.size(); ++size) {
    const auto read = read_aigp(byte_span{whole}.first(size));
    // What ends between two TLVs is whole.
    EXPECT_EQ(read.has_value(), size == 0 || size == 11) << size;
  }
}

TEST(Aigp, CountsTheFirstTlvAndKeepsTheOthers) { // RFC 7311 §3
  const auto read = read_aigp(
      join({hex("02 0003"), written(5), written(6), hex("1f0004aa")}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->metric, 5U);
  EXPECT_EQ(read->others, join({hex("02 0003"), written(6), hex("1f0004aa")}));
}

TEST(Aigp, MayHoldTheHighestMetricOnlyBehindTheFirst) { // RFC 7311 §3.2
  EXPECT_FALSE(read_aigp(written(highest_aigp)));
  EXPECT_TRUE(read_aigp(written(highest_aigp - 1)));
  EXPECT_TRUE(read_aigp(join({written(5), written(highest_aigp)})));
}

// RFC 7311 §3.3: as an unknown attribute that is not transitive, so even a
// malformed one is worth no word.
TEST(Aigp, IsIgnoredWhereItIsNotSpoken) {
  const std::pair<unsigned, byte_vector> cases[] = {
      {0x80, written(5)}, {0x80, hex("01")}, {0xc0, written(5)}};
  for (const auto& [flags, value] : cases) {
    const auto result =
        decode_attributes(with_aigp(flags, value), context(false));
    EXPECT_EQ(result.action, verdict::accept);
    EXPECT_TRUE(result.errors.empty());
    EXPECT_EQ(result.attributes.aigp, std::nullopt);
  }
}

TEST(Aigp, IsLeftOutWhereItIsMalformed) { // RFC 7311 §3.2
  const auto result =
      decode_attributes(with_aigp(0xc0, written(5)), context(true));
  EXPECT_EQ(result.action, verdict::attribute_discard);
  EXPECT_EQ(result.attributes.aigp, std::nullopt);
  EXPECT_TRUE(result.attributes.next_hop);
}

TEST(Aigp, HasOneCanonicalForm) {
  const auto result = decode_attributes(
      with_aigp(0x80, join({hex("02 0003"), written(5)})), context(true));
  byte_vector canonical;
  ASSERT_TRUE(encode_attributes(result.attributes, {}, canonical));
  EXPECT_EQ(canonical, with_aigp(0x80, join({written(5), hex("02 0003")})));
  EXPECT_EQ(decode_canonical(canonical), result.attributes);
}

TEST(AigpProperty, IsFoundInCanonicalAttributes) {
  EXPECT_TRUE(rc::check([] {
    const auto a = *any_attributes(*rc::gen::arbitrary<bool>());
    byte_vector canonical;
    RC_ASSERT(encode_attributes(a, {}, canonical));
    RC_ASSERT(aigp_metric(canonical) == a.aigp);
  }));
}

TEST(AigpProperty, OfRandomBytesLosesNone) {
  EXPECT_TRUE(rc::check([] {
    const auto bytes = *any_bytes(40);
    const auto read = read_aigp(bytes);
    if (!read)
      return;
    const std::size_t own = read->metric ? 11 : 0;
    RC_ASSERT(own + read->others.size() == bytes.size());
    const auto again = read_aigp(read->others);
    RC_ASSERT(read->metric || (again && again->others == read->others));
  }));
}

} // namespace troupe::protocol::wire
