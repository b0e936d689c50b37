#include "protocol/address.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace troupe::protocol {

namespace {

ip_address read(std::string_view text) {
  const auto address = ip_address::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(ip_address{});
}

/// Few bits that are set, so that runs of zeros of every length happen.
rc::Gen<ip_address> any_address() {
  return rc::gen::exec([] {
    std::array<std::uint8_t, 16> bytes{};
    for (auto& b : bytes)
      b = *rc::gen::weightedElement<std::uint8_t>(
          {{6, 0}, {1, 1}, {1, 0xfe}, {1, 0xff}});
    const std::size_t size = *rc::gen::element<std::size_t>(4, 16);
    return *ip_address::from_bytes({bytes.data(), size});
  });
}

} // namespace

TEST(IpAddress, IsReadInEveryForm) { // RFC 4291 §2.2
  const auto same = read("2001:db8::8:800:200c:417a");
  EXPECT_EQ(read("2001:DB8:0:0:8:800:200C:417A"), same);
  EXPECT_EQ(read("2001:0db8:0000:0000:0008:0800:200c:417a"), same);
  EXPECT_EQ(read("2001:db8:0:0:8:800:32.12.65.122"), same);
  EXPECT_TRUE(read("::").is_unspecified());
  EXPECT_TRUE(read("0:0:0:0:0:0:0:1").is_loopback());
  EXPECT_EQ(read("192.0.2.1").v4_value(), 0xc0000201U);
}

TEST(IpAddress, IsNotReadFromOtherText) {
  for (const auto* text :
       {"", " ", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ",
        "1.2.3.4/32", ":", ":::", "1::2::3", "12345::", "g::", "fe80::1%eth0",
        "[::1]", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1.2.3"})
    EXPECT_FALSE(ip_address::parse(text)) << text;
  EXPECT_FALSE(ip_address::parse(std::string_view{"::1\0", 4}));
  const std::array<std::uint8_t, 5> five{};
  EXPECT_FALSE(ip_address::from_bytes(five));
}

TEST(IpAddress, HasOneText) { // RFC 5952 §4, §5
  for (const auto* text :
       {"2001:db8::1", "2001:db8:0:1:1:1:1:1", "2001:db8::1:0:0:1", "::", "::1",
        "2001:0:0:1::1", "fe80::", "::ffff:192.0.2.1", "0.0.0.0", "10.0.0.1"})
    EXPECT_EQ(to_string(read(text)), text);
  EXPECT_EQ(to_string(read("2001:0DB8:0:0:1:0:0:1")), "2001:db8::1:0:0:1");
  EXPECT_EQ(to_string(read("2001:db8::0:1")), "2001:db8::1");
}

TEST(IpAddress, KnowsItsScope) { // RFC 4291 §2.4
  EXPECT_TRUE(read("ff02::1").is_multicast());
  EXPECT_TRUE(read("239.255.255.255").is_multicast());
  EXPECT_FALSE(read("240.0.0.1").is_multicast());
  EXPECT_FALSE(read("fe80::1").is_multicast());
  EXPECT_TRUE(read("fe80::1").is_link_local());
  EXPECT_TRUE(read("febf::1").is_link_local());
  EXPECT_FALSE(read("fec0::1").is_link_local());
  EXPECT_TRUE(read("169.254.0.1").is_link_local());
  EXPECT_FALSE(read("169.255.0.1").is_link_local());
  EXPECT_TRUE(read("127.1.2.3").is_loopback());
  EXPECT_FALSE(read("::2").is_loopback());
  EXPECT_FALSE(read("::1:0").is_loopback());
}

RC_GTEST_PROP(IpAddress, SurvivesItsText, ()) {
  const auto address = *any_address();
  RC_ASSERT(ip_address::parse(to_string(address)) == address);
}

TEST(Prefix, HasNoHostBits) {
  EXPECT_EQ(to_string(prefix{read("192.0.2.77"), 26}), "192.0.2.64/26");
  EXPECT_EQ(to_string(prefix{read("192.0.2.77"), 99}), "192.0.2.77/32");
  EXPECT_EQ(to_string(prefix{read("2001:db8:ffff::"), 33}),
            "2001:db8:8000::/33");
  EXPECT_EQ(prefix::parse("10.1.2.3/8", false), prefix::parse("10.0.0.0/8"));
  for (const auto* text : {"10.1.2.3/8", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33",
                           "::/129", "10.0.0.0/-1", "10.0.0.0/8 ", "/8"})
    EXPECT_FALSE(prefix::parse(text)) << text;
}

RC_GTEST_PROP(Prefix, ContainsItsAddressesAndNoOthers, ()) {
  const auto address = *any_address();
  const auto other = *any_address();
  const prefix p{address, *rc::gen::inRange(0U, 129U)};
  RC_ASSERT(p.contains(address));
  RC_ASSERT(p.contains(p));
  RC_ASSERT(prefix::parse(to_string(p)) == p);
  RC_ASSERT(
      p.contains(other)
      == (other.is_v4() == address.is_v4() && prefix(other, p.length()) == p));
}

TEST(Endpoint, IsReadWithItsPort) {
  EXPECT_EQ(endpoint::parse("192.0.2.1:179"),
            (endpoint{read("192.0.2.1"), 179}));
  EXPECT_EQ(endpoint::parse("[::1]:65535"), (endpoint{read("::1"), 65535}));
  EXPECT_EQ(to_string(endpoint{read("fe80::1"), 179, 3}), "[fe80::1%3]:179");
  for (const auto* text : {"", ":179", "192.0.2.1", "192.0.2.1:65536",
                           "[192.0.2.1]:1", "::1:179", "[::1]", "[::1]:x"})
    EXPECT_FALSE(endpoint::parse(text)) << text;
}

} // namespace troupe::protocol
