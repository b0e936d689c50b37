#include "protocol/wire/update.hpp"

#include "tests/protocol/wire_generators.hpp"

namespace troupe::protocol::wire {

using namespace testing;

namespace {

const auto v6_reach =
    hex("800e1a 000201 10 20010db8000000000000000000000001 00 20 20010db8");

unsigned reset_of(const byte_vector& body,
                  const negotiated& session = plain_session()) {
  const auto update = read_update(body, session);
  if (update)
    return 0;
  EXPECT_EQ(update.error().code, notification_code::update_message_error);
  return update.error().subcode;
}

byte_vector without_mandatory(unsigned code) {
  byte_vector result;
  const auto base = mandatory_attributes();
  attribute_walker walker{base};
  for (raw_attribute raw; walker.next(raw);)
    if (raw.code != code)
      result.insert(result.end(), raw.whole.begin(), raw.whole.end());
  return result;
}

} // namespace

TEST(SplitUpdate, FindsTheThreeFields) { // RFC 4271 §4.3
  const auto body = update_body(hex("080a"), hex("400101 00"), hex("0814"));
  const auto sections = split_update(body);
  ASSERT_TRUE(sections.has_value());
  EXPECT_EQ(to_hex(sections->withdrawn), "080a");
  EXPECT_EQ(to_hex(sections->attributes), "40010100");
  EXPECT_EQ(to_hex(sections->nlri), "0814");
  EXPECT_EQ(sections->withdrawn.data(), body.data() + 2); // no copy
}

TEST(SplitUpdate, RefusesLengthsBeyondTheBody) { // RFC 7606 §3 (b)
  for (const auto* body : {"", "00", "0000", "000000", "0001", "0005 080a 0000",
                           "0000 0001", "0002 080a 0001", "ffff 0000"}) {
    const auto sections = split_update(hex(body));
    ASSERT_FALSE(sections.has_value()) << body;
    EXPECT_EQ(sections.error().subcode, 1);
  }
}

TEST(AttributesOfUpdate, AreThoseOfAWholeUpdateWithNlri) {
  const auto whole = [](const byte_vector& body,
                        message_type type = message_type::update) {
    byte_vector message;
    const auto start = begin_message(type, message);
    message.insert(message.end(), body.begin(), body.end());
    end_message(start, message);
    return message;
  };
  const auto attributes = hex("400101 00");
  const auto body = update_body(hex("080a"), attributes, hex("0814"));
  auto message = whole(body);
  EXPECT_EQ(to_hex(attributes_of_update(message)), "40010100");
  EXPECT_EQ(attributes_of_update(message).data(), message.data() + 25);
  for (std::size_t size = 0; size != message.size(); ++size)
    EXPECT_TRUE(attributes_of_update(byte_span{message}.first(size)).empty());
  message.push_back(0xff); // another message begins
  EXPECT_EQ(to_hex(attributes_of_update(message)), "40010100");
  EXPECT_TRUE(
      attributes_of_update(whole(update_body(hex("080a"), attributes, {})))
          .empty());
  EXPECT_TRUE(attributes_of_update(whole(hex("0000 0005 40010100"))).empty());
  EXPECT_TRUE(attributes_of_update(whole(body, message_type::open)).empty());
}

TEST(LocateMp, FindsBothWhereverTheyStand) { // RFC 7606 §5.1
  const auto raw = join(
      {mandatory_attributes(), v6_reach, hex("800f08 000201 20 20010db9")});
  const auto mp = locate_mp(raw);
  ASSERT_TRUE(mp.reach && mp.unreach);
  EXPECT_TRUE(mp.flaws.empty() && !mp.truncated);
  EXPECT_EQ(mp.reach->address_family, ipv6_unicast);
  EXPECT_EQ(mp.reach->next_hop.size(), 16U);
  EXPECT_EQ(nlri_of(mp.reach->nlri, ipv6_unicast, false),
            std::vector<nlri>{v6("2001:db8::/32")});
  EXPECT_EQ(nlri_of(mp.unreach->withdrawn, ipv6_unicast, false),
            std::vector<nlri>{v6("2001:db9::/32")});
}

TEST(LocateMp, FindsNothingInClassicMessages) {
  const auto raw = mandatory_attributes();
  const auto mp = locate_mp(raw);
  EXPECT_FALSE(mp.reach || mp.unreach || mp.truncated);
  EXPECT_TRUE(mp.flaws.empty());
}

TEST(LocateMp, TellsWhatResetsTheSession) { // RFC 7606 §3 (g), §5.3
  const auto subcode = [](std::string_view text) {
    const auto raw = hex(text);
    const auto mp = locate_mp(raw);
    return mp.flaws.empty() ? 0U : unsigned{mp.flaws.front().error.subcode};
  };
  EXPECT_EQ(subcode("800f03000201 800f03000101"), 1U);
  EXPECT_EQ(subcode("800e05 0019460000 800e05 0019460000"), 1U);
  EXPECT_EQ(subcode("c00f03000201"), 4U);
  EXPECT_EQ(subcode("400e05 0019460000"), 4U);
  EXPECT_EQ(subcode("800f020002"), 9U);
  EXPECT_EQ(subcode("800e0400024600"), 9U);
  EXPECT_EQ(subcode("800e05 0002010100"), 9U); // CVE-2023-46752
  EXPECT_EQ(subcode("a00f03000201"), 0U);      // Partial: not looked at
}

TEST(LocateMp, TellsWhichFamilyAFlawIsAbout) { // RFC 4760 §7
  using families = std::vector<std::optional<family>>;
  const auto flawed = [](std::string_view text) {
    const auto raw = hex(text);
    families found;
    for (const auto& flaw : locate_mp(raw).flaws)
      found.push_back(flaw.address_family);
    return found;
  };
  EXPECT_EQ(flawed("800f03000201 800f03000101"), families{std::nullopt});
  EXPECT_EQ(flawed("800f020002"), families{std::nullopt});
  EXPECT_EQ(flawed("c00f03000201"), families{ipv6_unicast});
  EXPECT_EQ(flawed("800e0400024600"), families{(family{2, 70})});
  EXPECT_EQ(flawed("c00f03000101 800e03000201"),
            (families{ipv4_unicast, ipv6_unicast}));
  EXPECT_EQ(flawed("c00f03000101 800f03000201"),
            (families{ipv4_unicast, std::nullopt}));
}

TEST(LocateMp, TellsTruncatedAttributes) { // RFC 7606 §4
  const auto raw = join({v6_reach, hex("4001")});
  const auto mp = locate_mp(raw);
  EXPECT_TRUE(mp.reach.has_value());
  EXPECT_TRUE(mp.truncated);
  EXPECT_TRUE(mp.flaws.empty());
}

TEST(EndOfRib, IsRecognisedForEveryFamily) { // RFC 4724 §2
  for (const auto f :
       {ipv4_unicast, ipv6_unicast, family{1, 2}, family{25, 70}}) {
    byte_vector out;
    encode_end_of_rib(f, out);
    const auto update = read_update(
        frames_of(out, standard_message_size).at(0).body, plain_session());
    ASSERT_TRUE(update.has_value());
    EXPECT_EQ(update->end_of_rib, f);
    EXPECT_EQ(update->attributes.action, verdict::accept);
  }
}

TEST(EndOfRib, HasTheKnownBytes) {
  byte_vector out;
  encode_end_of_rib(ipv4_unicast, out);
  EXPECT_EQ(to_hex(byte_span{out}.subspan(16)), "00170200000000");
  out.clear();
  encode_end_of_rib(ipv6_unicast, out);
  EXPECT_EQ(to_hex(byte_span{out}.subspan(16)), "001d0200000006800f03000201");
}

TEST(EndOfRib, IsNothingThatSaysMore) {
  const auto is_marker = [](const byte_vector& body) {
    const auto update = read_update(body, plain_session());
    EXPECT_TRUE(update.has_value());
    return update->end_of_rib.has_value();
  };
  EXPECT_FALSE(is_marker(update_body(hex("080a"), {}, {})));
  EXPECT_FALSE(is_marker(update_body({}, hex("800f04 000201 00"), {})));
  EXPECT_FALSE(is_marker(
      update_body({}, join({hex("800f03 000201"), hex("40010100")}), {})));
  EXPECT_FALSE(is_marker(update_body({}, mandatory_attributes(), hex("080a"))));
}

TEST(ReadUpdate, ResetsWhereNlriAreMalformed) { // RFC 7606 §5.3, §3 (j)
  const auto attributes = mandatory_attributes();
  EXPECT_EQ(reset_of(update_body({}, attributes, hex("210a000000 00"))), 10U);
  EXPECT_EQ(reset_of(update_body({}, attributes, hex("180a00"))), 10U);
  EXPECT_EQ(reset_of(update_body(hex("21"), {}, {})), 10U);
  EXPECT_EQ(reset_of(update_body({}, hex("800f05 000201 81 00"), {})), 9U);
  EXPECT_EQ(reset_of(update_body(
                {},
                join({hex("800e17 000201 10 20010db8000000000000000000000001"
                          "00 20 20"),
                      without_mandatory(3)}),
                {})),
            9U);
}

TEST(ReadUpdate, IgnoresTheNlriOfFamiliesThatItCannotRead) {
  const auto raw = update_body({}, hex("800f07 001946 ffffffff"), {});
  const auto update = read_update(raw, plain_session());
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->attributes.action, verdict::accept);
}

// Found by the fuzzer of import: IPv4 multicast, which nobody has asked for.
TEST(ReadUpdate, IgnoresTheNlriOfFamiliesThatAreOff) {
  const auto reach = hex("800e0f 000102 04c0000201 00 21 0a00000000");
  const auto update =
      read_update(update_body({}, join({reach, mandatory_attributes()}), {}),
                  plain_session());
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->attributes.action, verdict::accept);
}

TEST(ReadUpdate, ReadsPathIdsAsNegotiated) { // RFC 7911 §3
  auto session = plain_session();
  const auto body =
      update_body({}, mandatory_attributes(), hex("00000007 18 0a0001"));
  EXPECT_EQ(reset_of(body), 0U); // four times 0.0.0.0/0, then a bad length
  session.families[0].add_path_receive = true;
  const auto update = read_update(body, session);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(nlri_of(update->sections.nlri, ipv4_unicast, true),
            std::vector<nlri>{v4("10.0.1.0/24", 7)});
}

TEST(ReadUpdate, TakesTheNextHopOfTheNlriField) {
  const auto update = read_update(
      update_body({}, join({v6_reach, mandatory_attributes()}), hex("080a")),
      plain_session());
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->attributes.attributes.next_hop, address("192.0.2.1"));
}

TEST(ReadUpdate, KeepsWithdrawalsBesideATreatAsWithdraw) { // RFC 7606 §2
  const auto update =
      read_update(update_body(hex("080a"), without_mandatory(1), hex("0814")),
                  plain_session());
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->attributes.action, verdict::treat_as_withdraw);
  EXPECT_FALSE(update->sections.withdrawn.empty());
  EXPECT_FALSE(update->sections.nlri.empty());
}

TEST(ReadUpdate, SurvivesRandomBytes) {
  update_view used;
  EXPECT_TRUE(rc::check([&used] {
    auto session = plain_session();
    session.as4 = *rc::gen::arbitrary<bool>();
    session.families[0].add_path_receive = *rc::gen::arbitrary<bool>();
    const auto body = *rc::gen::oneOf(
        any_bytes(60), rc::gen::exec([] {
          return update_body(*any_bytes(6), *any_bytes(40), *any_bytes(10));
        }));
    const auto update = read_update(body, session);
    const auto error = read_update(body, session, used);
    RC_ASSERT(error.has_value() == !update.has_value());
    if (!update) {
      RC_ASSERT(update.error().code == notification_code::update_message_error);
      RC_ASSERT(*error == update.error());
      return;
    }
    RC_ASSERT(used.attributes == update->attributes);
    RC_ASSERT(used.end_of_rib == update->end_of_rib);
    RC_ASSERT(used.mp.truncated == update->mp.truncated);
    RC_ASSERT(used.mp.reach.has_value() == update->mp.reach.has_value());
    RC_ASSERT(used.mp.unreach.has_value() == update->mp.unreach.has_value());
  }));
}

} // namespace troupe::protocol::wire
