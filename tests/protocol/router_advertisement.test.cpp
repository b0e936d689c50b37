#include "protocol/wire/router_advertisement.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace troupe::protocol::wire {
namespace {

using bytes = std::vector<std::uint8_t>;
using std::chrono::seconds;

const ip_address link_local = *ip_address::parse("fe80::1");

std::optional<router_advertisement>
decode(const bytes& message, const ip_address& source = link_local,
       std::uint8_t hop_limit = 255) {
  return decode_router_advertisement({source, hop_limit, message});
}

/// What FRR 8.4 sends for an unnumbered neighbour, lifetime 30 s, with the MTU
/// of the link (RFC 4861 §4.6.4) added.
bytes with_options() {
  return {134, 0, 0x01, 0x6e, 64,   0,    0,    30,   0, 0, 0, 0, 0, 0, 0, 0,
          1,   1, 0xce, 0x1c, 0xc7, 0x6e, 0xa4, 0x0d, 5, 1, 0, 0, 0, 0, 5, 220};
}

} // namespace

TEST(RouterAdvertisement, SaysThatWeAreNoDefaultRouter) {
  // RFC 4861 §4.2, §6.2.3: type, code, checksum, hop limit, flags, lifetime,
  // timers.
  EXPECT_EQ(encode_router_advertisement({}),
            (bytes{134, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(RouterAdvertisement, IsReadWithItsOptions) {
  const auto read = decode(with_options());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->router_lifetime, seconds{30});
}

TEST(RouterAdvertisement, FromElsewhereIsDiscarded) { // RFC 4861 §6.1.2
  const auto good = with_options();
  EXPECT_TRUE(decode(good));
  EXPECT_FALSE(decode(good, link_local, 254)); // has been forwarded
  EXPECT_FALSE(decode(good, *ip_address::parse("2001:db8::1")));
  EXPECT_FALSE(decode(good, *ip_address::parse("::")));
  EXPECT_FALSE(decode(good, *ip_address::parse("169.254.0.1")));
}

TEST(RouterAdvertisement, OfAnotherTypeOrCodeIsDiscarded) {
  auto message = with_options();
  message[0] = 133;
  EXPECT_FALSE(decode(message));
  message[0] = 134;
  message[1] = 1;
  EXPECT_FALSE(decode(message));
}

TEST(RouterAdvertisement, CutAnywhereButBetweenOptionsIsDiscarded) {
  const auto whole = with_options();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const bool sound = size == 16 || size == 24 || size == 32;
    EXPECT_EQ(decode({whole.begin(),
                      whole.begin() + static_cast<std::ptrdiff_t>(size)})
                  .has_value(),
              sound)
        << size;
  }
}

TEST(RouterAdvertisement, AnOptionOfLengthZeroSpoilsIt) { // RFC 4861 §4.6
  auto message = with_options();
  message[25] = 0;
  EXPECT_FALSE(decode(message));
}

RC_GTEST_PROP(RouterAdvertisement, OfAnyBytesIsReadOrDiscarded,
              (const bytes& noise)) {
  if (const auto read = decode(noise))
    RC_ASSERT(read->router_lifetime <= seconds{0xffff});
}

RC_GTEST_PROP(RouterAdvertisement, ComesBackAsItWasSent,
              (std::uint16_t lifetime)) {
  const router_advertisement sent{seconds{lifetime}};
  RC_ASSERT(decode(encode_router_advertisement(sent)) == sent);
}

} // namespace troupe::protocol::wire
