#include "protocol/wire/nlri.hpp"

#include "tests/protocol/wire_generators.hpp"

namespace troupe::protocol::wire {

using namespace testing;

namespace {

byte_vector encoded(const std::vector<nlri>& prefixes, bool add_path) {
  byte_vector out;
  for (const auto& each : prefixes)
    encode_nlri(each, add_path, out);
  return out;
}

// How many are read before the failure; nothing without a failure.
std::optional<std::size_t> failure(std::string_view bytes, family f,
                                   bool add_path = false) {
  const auto raw = hex(bytes);
  nlri_reader r{raw, f, add_path};
  std::size_t count = 0;
  for (nlri each; r.next(each);)
    ++count;
  EXPECT_EQ(is_valid_nlri(raw, f, add_path), !r.failed());
  return r.failed() ? std::optional{count} : std::nullopt;
}

} // namespace

TEST(NlriReader, ReadsPrefixes) { // RFC 4271 §4.3
  EXPECT_EQ(nlri_of(hex("00 08 0a 18 c00002 20 c0000201"), ipv4_unicast, false),
            (std::vector<nlri>{v4("0.0.0.0/0"), v4("10.0.0.0/8"),
                               v4("192.0.2.0/24"), v4("192.0.2.1/32")}));
  EXPECT_EQ(nlri_of(hex("20 20010db8 00"), ipv6_unicast, false),
            (std::vector<nlri>{v6("2001:db8::/32"), v6("::/0")}));
}

TEST(NlriReader, ReadsPathIds) { // RFC 7911 §3
  EXPECT_EQ(
      nlri_of(hex("00000001 08 0a ffffffff 00"), ipv4_unicast, true),
      (std::vector<nlri>{v4("10.0.0.0/8", 1), v4("0.0.0.0/0", 0xffffffff)}));
}

TEST(NlriReader, ClearsHostBits) { // RFC 4271 §4.3
  EXPECT_EQ(nlri_of(hex("09 0aff 01 ff"), ipv4_unicast, false),
            (std::vector<nlri>{v4("10.128.0.0/9"), v4("128.0.0.0/1")}));
  // With and without bytes behind it: both ways of loading.
  EXPECT_EQ(nlri_of(hex("09 0aff 20 ffffffff 20 ffffffff 20 ffffffff"),
                    ipv4_unicast, false)[0],
            v4("10.128.0.0/9"));
}

TEST(NlriReader, FailsAtALengthThatTheFamilyDoesNotHave) { // RFC 7606 §5.3
  EXPECT_EQ(failure("08 0a 21 0a00000000", ipv4_unicast), 1U);
  EXPECT_EQ(failure("ff 0a00000000", ipv4_unicast), 0U);
  EXPECT_EQ(failure("81 " + std::string(34, '0'), ipv6_unicast), 0U);
  EXPECT_EQ(failure("80 " + std::string(32, '0'), ipv6_unicast), std::nullopt);
}

TEST(NlriReader, FailsWhereBytesAreMissing) { // RFC 7606 §5.3
  EXPECT_EQ(failure("08", ipv4_unicast), 0U);
  EXPECT_EQ(failure("08 0a 18 c000", ipv4_unicast), 1U);
  EXPECT_EQ(failure("00000001", ipv4_unicast, true), 0U);
  EXPECT_EQ(failure("00000001 08", ipv4_unicast, true), 0U);
  EXPECT_EQ(failure("0000 00", ipv4_unicast, true), 0U);
  EXPECT_EQ(failure("00000001 00", ipv4_unicast, true), std::nullopt);
}

TEST(NlriReader, FailsForAFamilyThatItCannotRead) {
  EXPECT_EQ(failure("00", family{25, 70}), 0U);
  EXPECT_EQ(failure("00", family{1, 128}), 0U);
  EXPECT_EQ(failure("", family{25, 70}), std::nullopt);
}

TEST(NlriReader, StopsForGood) {
  const auto bytes = hex("21 08 0a");
  nlri_reader r{bytes, ipv4_unicast, false};
  nlri each;
  EXPECT_FALSE(r.next(each));
  EXPECT_TRUE(r.failed());
  EXPECT_FALSE(r.next(each));
  EXPECT_TRUE(r.rest().empty());
}

TEST(Nlri, SurvivesTheRoundTrip) {
  for (const auto f : {ipv4_unicast, ipv6_unicast})
    for (const bool add_path : {false, true})
      EXPECT_TRUE(rc::check([=] {
        const auto prefixes = *any_nlri(f, add_path, 20);
        const auto bytes = encoded(prefixes, add_path);
        std::size_t size = 0;
        for (const auto& each : prefixes)
          size += nlri_size(each, add_path);
        RC_ASSERT(bytes.size() == size);
        RC_ASSERT(nlri_of(bytes, f, add_path) == prefixes);
        RC_ASSERT(is_valid_nlri(bytes, f, add_path));
      }));
}

TEST(Nlri, ReadsRandomBytesLikeTheValidator) {
  EXPECT_TRUE(rc::check([] {
    const auto bytes = *any_bytes(60);
    const auto f = *rc::gen::element(ipv4_unicast, ipv6_unicast);
    const bool add_path = *rc::gen::arbitrary<bool>();
    nlri_reader r{bytes, f, add_path};
    std::size_t count = 0;
    for (nlri each; r.next(each); ++count) {
      auto cleared = each.address;
      clear_host_bits(cleared, each.length);
      RC_ASSERT(cleared == each.address);
    }
    RC_ASSERT(count <= bytes.size());
    RC_ASSERT(r.failed() == !is_valid_nlri(bytes, f, add_path));
  }));
}

TEST(Nlri, ConvertsToAPrefixAndBack) {
  const auto p = prefix::parse("2001:db8:8000::/33").value();
  EXPECT_EQ(to_prefix(to_nlri(p, 7), ipv6_unicast), p);
  EXPECT_EQ(to_nlri(p, 7).path_id, 7U);
  EXPECT_EQ(to_string(to_prefix(v4("192.0.2.0/24"), ipv4_unicast)),
            "192.0.2.0/24");
  EXPECT_THROW(to_prefix({}, {25, 70}), check_failure);
}

TEST(ClearHostBits, KeepsExactlyTheLeadingBits) {
  for (unsigned length = 0; length <= 128; ++length) {
    std::array<std::uint8_t, 16> bytes{};
    bytes.fill(0xff);
    clear_host_bits(bytes, length);
    for (unsigned bit = 0; bit < 128; ++bit)
      EXPECT_EQ((bytes[bit / 8] & 0x80U >> bit % 8) != 0, bit < length)
          << length << ' ' << bit;
  }
}

} // namespace troupe::protocol::wire
