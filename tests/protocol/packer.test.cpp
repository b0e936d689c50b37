#include "protocol/wire/packer.hpp"

#include "protocol/wire/update.hpp"
#include "tests/protocol/wire_generators.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

using namespace testing;

namespace {

byte_vector canonical(const path_attributes& attributes) {
  byte_vector out;
  EXPECT_TRUE(encode_attributes(attributes, {}, out));
  return out;
}

path_attributes some_attributes(std::string_view next_hop) {
  path_attributes value;
  value.as_path = path_of({65001, 65002});
  value.next_hop = address(next_hop);
  value.communities = {{0xfde90001}};
  return value;
}

std::vector<nlri> many(std::size_t count) {
  std::vector<nlri> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(to_nlri(
        {ip_address::v4(static_cast<std::uint32_t>(0x0a000000 + 256 * i)),
         24}));
  return result;
}

// Everything that the messages announce or withdraw, with the attributes of
// each message.
struct contents {
  std::vector<nlri> announced;
  std::vector<nlri> withdrawn;
  std::vector<path_attributes> attributes;
  std::vector<std::size_t> sizes;
};

contents read_all(byte_span stream, const packing_options& options) {
  contents result;
  negotiated session = plain_session();
  session.kind = peer_kind::internal;
  session.extended_next_hop = true;
  for (auto& each : session.families)
    each.add_path_receive = options.add_path;
  const auto append = [&](std::vector<nlri>& to, byte_span bytes, family f) {
    const auto found = nlri_of(bytes, f, options.add_path);
    to.insert(to.end(), found.begin(), found.end());
  };
  for (const auto& message :
       frames_of(stream, std::max<std::size_t>(options.max_message_size, 19))) {
    const auto update = read_update(message.body, session);
    EXPECT_TRUE(update.has_value());
    if (!update)
      continue;
    EXPECT_EQ(update->attributes.action, verdict::accept);
    result.sizes.push_back(message.whole.size());
    append(result.announced, update->sections.nlri, ipv4_unicast);
    append(result.withdrawn, update->sections.withdrawn, ipv4_unicast);
    if (update->mp.reach)
      append(result.announced, update->mp.reach->nlri,
             update->mp.reach->address_family);
    if (update->mp.unreach)
      append(result.withdrawn, update->mp.unreach->withdrawn,
             update->mp.unreach->address_family);
    if (update->mp.reach || !update->sections.nlri.empty())
      result.attributes.push_back(update->attributes.attributes);
  }
  return result;
}

struct shape {
  family f;
  bool ipv6_next_hop;
};

shape any_shape() {
  return *rc::gen::element(shape{ipv4_unicast, false},
                           shape{ipv4_unicast, true},
                           shape{ipv6_unicast, true});
}

} // namespace

TEST(Packer, WritesIpv4IntoTheFieldsOfTheUpdate) { // RFC 4271 §4.3
  byte_vector out;
  const auto result =
      pack_announcements({}, canonical(some_attributes("192.0.2.1")),
                         std::vector{v4("10.0.0.0/8")}, out);
  EXPECT_EQ(result.messages, 1U);
  EXPECT_EQ(to_hex(byte_span{out}.subspan(16)), "003802"
                                                "0000"
                                                "001f"
                                                "40010100"
                                                "40020a02020000fde90000fdea"
                                                "400304c0000201"
                                                "c00804fde90001"
                                                "080a");
}

TEST(Packer, WritesMpReachFirst) { // RFC 7606 §5.1
  byte_vector out;
  const packing_options options{ipv6_unicast, false, 4096};
  pack_announcements(options, canonical(some_attributes("2001:db8::1")),
                     std::vector{v6("2001:db8::/32"), v6("::/0")}, out);
  EXPECT_EQ(to_hex(byte_span{out}.subspan(16)),
            "004d02"
            "0000"
            "0036"
            "800e1b"
            "000201"
            "10"
            "20010db8000000000000000000000001"
            "00"
            "2020010db8"
            "00"
            "40010100"
            "40020a02020000fde90000fdea"
            "c00804fde90001");
}

TEST(Packer, WritesIpv4WithAnIpv6NextHop) { // RFC 8950 §3
  byte_vector out;
  pack_announcements({}, canonical(some_attributes("2001:db8::1")),
                     std::vector{v4("10.0.0.0/8")}, out);
  const auto read = read_all(out, {});
  EXPECT_EQ(read.announced, std::vector{v4("10.0.0.0/8")});
  EXPECT_EQ(read.attributes.at(0), some_attributes("2001:db8::1"));
  EXPECT_EQ(to_hex(byte_span{out}.subspan(23, 7)), "800e17"
                                                   "00010110");
}

TEST(Packer, WritesWithdrawals) { // RFC 4271 §4.3, RFC 4760 §4
  byte_vector out;
  pack_withdrawals({}, std::vector{v4("10.0.0.0/8")}, out);
  EXPECT_EQ(to_hex(byte_span{out}.subspan(16)), "001902"
                                                "0002"
                                                "080a"
                                                "0000");
  out.clear();
  pack_withdrawals({ipv6_unicast, false, 4096},
                   std::vector{v6("2001:db8::/32")}, out);
  EXPECT_EQ(to_hex(byte_span{out}.subspan(16)), "002202"
                                                "0000"
                                                "000b"
                                                "800f08"
                                                "000201"
                                                "2020010db8");
}

TEST(Packer, FillsEachMessage) {
  const auto prefixes = many(3000);
  const auto attributes = canonical(some_attributes("192.0.2.1"));
  byte_vector out;
  const auto result = pack_announcements({}, attributes, prefixes, out);
  const auto read = read_all(out, {});
  EXPECT_EQ(read.announced, prefixes);
  EXPECT_EQ(result.messages, read.sizes.size());
  for (std::size_t i = 0; i + 1 < read.sizes.size(); ++i)
    EXPECT_GT(read.sizes[i] + 4, 4096U); // not one more would have fitted
}

TEST(Packer, UsesLongMessagesWhereAgreed) { // RFC 8654
  const packing_options options{ipv4_unicast, false, 65535};
  const auto prefixes = many(20000);
  byte_vector out;
  pack_announcements(options, canonical(some_attributes("2001:db8::1")),
                     prefixes, out);
  const auto read = read_all(out, options);
  EXPECT_EQ(read.announced, prefixes);
  EXPECT_EQ(read.sizes.size(), 2U);
  EXPECT_GT(read.sizes.at(0) + 4, 65535U);
}

TEST(Packer, ReportsWhatDoesNotFit) { // RFC 8654 §4
  auto attributes = some_attributes("192.0.2.1");
  attributes.communities.resize(1007); // 4066 bytes with everything
  const auto raw = canonical(attributes);
  byte_vector out;
  const packing_options options{ipv4_unicast, false,
                                header_size + 4 + raw.size() + 2};
  const auto result =
      pack_announcements(options, raw,
                         std::vector{v4("10.0.0.0/24"), v4("10.0.0.0/8"),
                                     v4("10.0.1.0/24"), v4("0.0.0.0/0")},
                         out);
  EXPECT_EQ(result.too_large, (std::vector<std::size_t>{0, 2}));
  const auto read = read_all(out, options);
  EXPECT_EQ(read.announced, (std::vector{v4("10.0.0.0/8"), v4("0.0.0.0/0")}));
  EXPECT_EQ(read.sizes,
            (std::vector<std::size_t>{options.max_message_size,
                                      options.max_message_size - 1}));
}

TEST(Packer, WritesNothingForNothing) {
  byte_vector out{7};
  update_packer packer{{}, out};
  const auto raw = canonical(some_attributes("192.0.2.1"));
  packer.begin_announcements(raw);
  packer.begin_withdrawals();
  packer.finish();
  packer.finish();
  EXPECT_EQ(out, byte_vector{7});
  EXPECT_EQ(packer.messages(), 0U);
}

TEST(Packer, ChangesSetsWithinOneStream) {
  byte_vector out;
  update_packer packer{{}, out};
  const auto first = canonical(some_attributes("192.0.2.1"));
  const auto second = canonical(some_attributes("192.0.2.2"));
  packer.begin_withdrawals();
  EXPECT_TRUE(packer.add(v4("10.3.0.0/16")));
  packer.begin_announcements(first);
  EXPECT_TRUE(packer.add(v4("10.1.0.0/16")));
  packer.begin_announcements(second);
  EXPECT_TRUE(packer.add(v4("10.2.0.0/16")));
  packer.finish();
  EXPECT_EQ(packer.messages(), 3U);
  const auto read = read_all(out, {});
  EXPECT_EQ(read.withdrawn, std::vector{v4("10.3.0.0/16")});
  EXPECT_EQ(read.announced,
            (std::vector{v4("10.1.0.0/16"), v4("10.2.0.0/16")}));
  EXPECT_EQ(read.attributes.at(1).next_hop, address("192.0.2.2"));
}

TEST(Packer, RefusesANextHopThatTheFamilyCannotHave) {
  byte_vector out;
  update_packer packer{{ipv6_unicast, false, 4096}, out};
  const auto raw = canonical(some_attributes("192.0.2.1"));
  EXPECT_THROW(packer.begin_announcements(raw), check_failure);
}

// Around the length where a multiprotocol attribute needs a second octet of
// length, every limit is filled as far as the form allows.
TEST(Packer, MeetsEveryLimitWithBothLengthForms) {
  const std::vector<nlri> prefixes(400, v6("::/0")); // one byte each
  for (std::size_t limit = 250; limit <= 320; ++limit) {
    const packing_options options{ipv6_unicast, false, limit};
    byte_vector out;
    pack_withdrawals(options, prefixes, out);
    const auto read = read_all(out, options);
    EXPECT_EQ(read.withdrawn.size(), 400U);
    // 256 bytes of value would take one octet more: 285 cannot be met.
    const auto full = limit == 23 + 3 + 256U ? limit - 1 : limit;
    EXPECT_EQ(read.sizes.at(0), full) << limit;
  }
}

TEST(Packer, CarriesExactlyWhatWasAdded) {
  EXPECT_TRUE(rc::check([] {
    const auto form = any_shape();
    const packing_options options{form.f, *rc::gen::arbitrary<bool>(),
                                  *rc::gen::inRange<std::size_t>(19, 600)};
    const auto attributes = *any_attributes(form.ipv6_next_hop);
    const auto prefixes = *any_nlri(form.f, options.add_path, 60);
    byte_vector out;
    const auto result =
        pack_announcements(options, canonical(attributes), prefixes, out);
    std::vector<nlri> expected;
    for (std::size_t i = 0; i < prefixes.size(); ++i)
      if (std::find(result.too_large.begin(), result.too_large.end(), i)
          == result.too_large.end())
        expected.push_back(prefixes[i]);
    const auto read = read_all(out, options);
    RC_ASSERT(read.announced == expected);
    RC_ASSERT(read.withdrawn.empty());
    RC_ASSERT(read.sizes.size() == result.messages);
    for (const auto size : read.sizes)
      RC_ASSERT(size <= options.max_message_size);
    for (const auto& each : read.attributes)
      RC_ASSERT(each == attributes);
  }));
}

TEST(Packer, WithdrawsExactlyWhatWasAdded) {
  EXPECT_TRUE(rc::check([] {
    const auto f = *rc::gen::element(ipv4_unicast, ipv6_unicast);
    const packing_options options{f, *rc::gen::arbitrary<bool>(),
                                  *rc::gen::inRange<std::size_t>(60, 400)};
    const auto prefixes = *any_nlri(f, options.add_path, 60);
    byte_vector out;
    const auto result = pack_withdrawals(options, prefixes, out);
    RC_ASSERT(result.too_large.empty());
    const auto read = read_all(out, options);
    RC_ASSERT(read.withdrawn == prefixes);
    RC_ASSERT(read.announced.empty());
    for (const auto size : read.sizes)
      RC_ASSERT(size <= options.max_message_size);
  }));
}

// Whatever does not fit alone is exactly what the limit forbids.
TEST(Packer, ReportsOnlyWhatTheLimitForbids) {
  EXPECT_TRUE(rc::check([] {
    const auto form = any_shape();
    const auto attributes = canonical(*any_attributes(form.ipv6_next_hop));
    const packing_options roomy{form.f, false, 4096};
    const std::vector prefixes{form.f == ipv4_unicast ? v4("10.0.0.0/8")
                                                      : v6("2001:db8::/32")};
    byte_vector out;
    pack_announcements(roomy, attributes, prefixes, out);
    for (const std::size_t slack : {0U, 1U}) {
      byte_vector again;
      const auto result = pack_announcements(
          {form.f, false, out.size() - slack}, attributes, prefixes, again);
      RC_ASSERT(result.too_large.size() == slack);
      RC_ASSERT(again.empty() == (slack == 1));
    }
  }));
}

} // namespace troupe::protocol::wire
