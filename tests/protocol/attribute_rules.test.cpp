// What each attribute may look like and what happens where it does not: one
// row per case of RFC 7606 §7.

#include "protocol/wire/path_attributes.hpp"
#include "tests/protocol/wire_support.hpp"

namespace troupe::protocol::wire {

using namespace testing;

namespace {

constexpr auto accept = verdict::accept;
constexpr auto discard = verdict::attribute_discard;
constexpr auto withdraw = verdict::treat_as_withdraw;
constexpr auto reset = verdict::session_reset;

decode_context external(bool as4 = true) {
  decode_context context;
  context.as4 = as4;
  context.classic_nlri = true;
  return context;
}

decode_context internal() {
  auto context = external();
  context.kind = peer_kind::internal;
  return context;
}

// Replaces or adds an attribute in the mandatory ones.
byte_vector with(unsigned flags, unsigned code, const byte_vector& value) {
  byte_vector result;
  attribute_walker walker{byte_span{}};
  const auto base = mandatory_attributes();
  walker = attribute_walker{base};
  for (raw_attribute raw; walker.next(raw);)
    if (raw.code != code)
      result.insert(result.end(), raw.whole.begin(), raw.whole.end());
  return join({result, attribute(flags, code, value)});
}

struct row {
  std::string_view name;
  unsigned flags;
  unsigned code;
  std::string_view value;
  verdict external;
  verdict internal;
};

const row rows[] = {
    {"ORIGIN egp", 0x40, 1, "01", accept, accept},
    {"ORIGIN undefined", 0x40, 1, "03", withdraw, withdraw}, // §7.1
    {"ORIGIN empty", 0x40, 1, "", withdraw, withdraw},
    {"ORIGIN long", 0x40, 1, "0000", withdraw, withdraw},
    {"ORIGIN optional", 0xc0, 1, "00", withdraw, withdraw}, // §3 (c)
    {"ORIGIN not transitive", 0x00, 1, "00", withdraw, withdraw},
    {"ORIGIN partial", 0x60, 1, "00", accept, accept},
    {"ORIGIN unused flags", 0x4f, 1, "00", accept, accept},
    {"AS_PATH", 0x40, 2, "0201 0000fde9", accept, accept},
    {"AS_PATH empty", 0x40, 2, "", accept, accept},
    {"AS_PATH overrun", 0x40, 2, "0202 0000fde9", withdraw, withdraw}, // §7.2
    {"AS_PATH underrun", 0x40, 2, "0201 0000fde9 02", withdraw, withdraw},
    {"AS_PATH empty segment", 0x40, 2, "0200", withdraw, withdraw},
    {"AS_PATH segment type", 0x40, 2, "0501 0000fde9", withdraw, withdraw},
    {"AS_PATH AS 0", 0x40, 2, "0201 00000000", withdraw, withdraw}, // 7607
    {"AS_PATH confederation", 0x40, 2, "0301 0000fde9", withdraw, accept},
    {"AS_PATH flags", 0x80, 2, "", withdraw, withdraw},
    {"NEXT_HOP", 0x40, 3, "c0000201", accept, accept},
    {"NEXT_HOP short", 0x40, 3, "c00002", withdraw, withdraw}, // §7.3
    {"NEXT_HOP long", 0x40, 3, "c000020100", withdraw, withdraw},
    {"NEXT_HOP unspecified", 0x40, 3, "00000000", withdraw, withdraw},
    {"NEXT_HOP multicast", 0x40, 3, "e0000001", withdraw, withdraw},
    {"NEXT_HOP broadcast", 0x40, 3, "ffffffff", withdraw, withdraw},
    {"NEXT_HOP loopback", 0x40, 3, "7f000001", accept, accept},
    {"MED", 0x80, 4, "00000001", accept, accept},
    {"MED short", 0x80, 4, "000001", withdraw, withdraw}, // §7.4
    {"MED transitive", 0xc0, 4, "00000001", withdraw, withdraw},
    {"LOCAL_PREF", 0x40, 5, "00000064", discard, accept}, // §7.5
    {"LOCAL_PREF short", 0x40, 5, "000064", discard, withdraw},
    {"LOCAL_PREF flags", 0xc0, 5, "00000064", discard, withdraw},
    {"ATOMIC_AGGREGATE", 0x40, 6, "", accept, accept},
    {"ATOMIC_AGGREGATE long", 0x40, 6, "00", discard, discard}, // §7.6
    {"ATOMIC_AGGREGATE flags", 0xc0, 6, "", withdraw, withdraw},
    {"AGGREGATOR", 0xc0, 7, "0000fde9 c0000201", accept, accept},
    {"AGGREGATOR partial", 0xe0, 7, "0000fde9 c0000201", accept, accept},
    {"AGGREGATOR short", 0xc0, 7, "fde9 c0000201", discard, discard}, // §7.7
    {"AGGREGATOR odd", 0xc0, 7, "00fde9 c0000201", discard, discard},
    {"AGGREGATOR AS 0", 0xc0, 7, "00000000 c0000201", discard, discard},
    {"AGGREGATOR flags", 0x40, 7, "0000fde9 c0000201", withdraw, withdraw},
    {"COMMUNITIES", 0xc0, 8, "fde90001 fde90002", accept, accept},
    {"COMMUNITIES empty", 0xc0, 8, "", withdraw, withdraw}, // §7.8
    {"COMMUNITIES odd", 0xc0, 8, "fde90001 fde9", withdraw, withdraw},
    {"COMMUNITIES flags", 0x80, 8, "fde90001", withdraw, withdraw},
    {"ORIGINATOR_ID", 0x80, 9, "0a000001", discard, accept}, // §7.9
    {"ORIGINATOR_ID short", 0x80, 9, "0a0000", discard, withdraw},
    {"CLUSTER_LIST", 0x80, 10, "0a000001 0a000002", discard, accept}, // §7.10
    {"CLUSTER_LIST empty", 0x80, 10, "", discard, withdraw},
    {"CLUSTER_LIST odd", 0x80, 10, "0a000001 0a", discard, withdraw},
    {"MP_UNREACH", 0x80, 15, "000201", accept, accept},
    {"MP_UNREACH short", 0x80, 15, "0002", reset, reset}, // §5.3
    {"MP_UNREACH flags", 0xc0, 15, "000201", reset, reset},
    {"EXTENDED", 0xc0, 16, "0002fde900000064", accept, accept},
    {"EXTENDED unknown type", 0xc0, 16, "ee02fde900000064", accept, accept},
    {"EXTENDED empty", 0xc0, 16, "", withdraw, withdraw}, // §7.14
    {"EXTENDED odd", 0xc0, 16, "0002fde9000000", withdraw, withdraw},
    {"AS4_PATH", 0xc0, 17, "0201 00011170", discard, discard}, // 6793 §6
    {"AS4_AGGREGATOR", 0xc0, 18, "00011170 c0000201", discard, discard},
    {"AIGP", 0x80, 26, "01 000b 000000000000000a", accept, accept},
    {"AIGP twice", 0x80, 26,
     "01 000b 000000000000000a 01 000b ffffffffffffffff", accept, accept},
    {"AIGP and unknown", 0x80, 26, "07 0003 01 000b 000000000000000a", accept,
     accept},
    {"AIGP unknown alone", 0x80, 26, "07 0004 ff", accept, accept},
    {"AIGP transitive", 0xc0, 26, "01 000b 000000000000000a", discard,
     discard}, // 7311 §3.2
    {"AIGP well-known", 0x40, 26, "01 000b 000000000000000a", discard, discard},
    {"AIGP empty", 0x80, 26, "", discard, discard},
    {"AIGP short", 0x80, 26, "01 000a 0000000000000a", discard, discard},
    {"AIGP cut", 0x80, 26, "01 000b 00000000000000", discard, discard},
    {"AIGP second cut", 0x80, 26, "01 000b 000000000000000a 0700", discard,
     discard},
    {"AIGP without a length", 0x80, 26, "07 0002", discard, discard},
    {"AIGP highest", 0x80, 26, "01 000b ffffffffffffffff", discard, discard},
    {"LARGE", 0xc0, 32, "0000fde9 00000001 00000002", accept, accept},
    {"LARGE empty", 0xc0, 32, "", withdraw, withdraw}, // 8092 §6
    {"LARGE odd", 0xc0, 32, "0000fde9 00000001", withdraw, withdraw},
    {"OTC", 0xc0, 35, "0000fde9", accept, accept},
    {"OTC short", 0xc0, 35, "00fde9", withdraw, withdraw}, // 9234 §5
    {"OTC flags", 0x40, 35, "0000fde9", withdraw, withdraw},
    {"unknown optional", 0x80, 99, "0102", accept, accept}, // 4271 §9
    {"unknown transitive", 0xc0, 99, "0102", accept, accept},
    {"unknown and empty", 0xc0, 99, "", accept, accept},
    {"unknown well-known", 0x40, 99, "0102", reset, reset}, // 4271 §6.3
};

} // namespace

// RFC 7606 §3, §5.3, §7.1, §7.2, §7.3, §7.4, §7.5, §7.6, §7.7, §7.8, §7.9,
// §7.10, §7.14; RFC 6793 §6; RFC 8092 §6; RFC 9234 §5; RFC 4271 §9
TEST(AttributeRules, GiveTheVerdictOfRfc7606) {
  for (const auto& each : rows) {
    const auto raw = with(each.flags, each.code, hex(each.value));
    EXPECT_EQ(decode_attributes(raw, external()).action, each.external)
        << each.name << " from an external neighbour";
    EXPECT_EQ(decode_attributes(raw, internal()).action, each.internal)
        << each.name << " from an internal neighbour";
  }
}

TEST(AttributeRules, ResetExactlyWithANotification) {
  for (const auto& each : rows) {
    const auto raw = with(each.flags, each.code, hex(each.value));
    const auto result = decode_attributes(raw, external());
    EXPECT_EQ(result.reset.has_value(), result.action == reset) << each.name;
    EXPECT_EQ(result.errors.empty(), result.action == accept) << each.name;
    if (result.reset) {
      EXPECT_EQ(result.reset->code, notification_code::update_message_error);
      EXPECT_EQ(result.reset->data,
                attribute(each.flags, each.code, hex(each.value)));
    }
  }
}

// Without NLRI nothing proves that the NLRI were found (RFC 7606 §5.2). What
// NEXT_HOP says is then ignored (RFC 4760 §3), its form is not.
TEST(AttributeRules, ResetWhereNothingIsAnnounced) {
  for (const auto& each : rows) {
    auto context = external();
    context.classic_nlri = false;
    const auto raw = with(each.flags, each.code, hex(each.value));
    const auto result = decode_attributes(raw, context);
    const bool ignored =
        each.code == 3 && each.flags == 0x40 && each.value.size() == 8;
    if (ignored)
      EXPECT_EQ(result.action, accept) << each.name;
    else
      EXPECT_EQ(result.action,
                each.external >= withdraw ? reset : each.external)
          << each.name;
    EXPECT_EQ(result.reset.has_value(), result.action == reset) << each.name;
  }
}

// RFC 4271 §6: the data is empty where §6.3 does not ask for the attribute.
TEST(AttributeRules, GiveNoDataThatNobodyAsksFor) {
  auto context = external();
  context.classic_nlri = false;
  const auto reset_by = [&](std::uint8_t code, std::string_view value) {
    const auto result =
        decode_attributes(attribute(0x40, code, hex(value)), context);
    return result.reset.value_or(decode_error{});
  };
  const auto path = reset_by(2, "0901 0000fde9");
  EXPECT_EQ(path.subcode, 11);
  EXPECT_TRUE(path.data.empty());
  const auto origin = reset_by(1, "03");
  EXPECT_EQ(origin.subcode, 6);
  EXPECT_EQ(origin.data, attribute(0x40, 1, hex("03")));
}

TEST(AttributeRules, AreOnePerCodeInAscendingOrder) {
  unsigned last = 0;
  for (const auto& rule : attribute_rules()) {
    EXPECT_GT(number_of(rule.code), last);
    last = number_of(rule.code);
    EXPECT_EQ(find_rule(number_of(rule.code)), &rule);
    EXPECT_EQ(attribute_name(number_of(rule.code)), rule.name);
  }
  EXPECT_EQ(find_rule(99), nullptr);
  EXPECT_EQ(attribute_name(99), "UNKNOWN");
}

TEST(AttributeRules, NameTheSubcodeOfAReset) { // RFC 4271 §6.3
  struct expected {
    unsigned flags;
    unsigned code;
    std::string_view value;
    unsigned subcode;
  };
  auto context = external();
  context.classic_nlri = false; // so that everything resets
  for (const auto& each :
       {expected{0x40, 99, "00", 2}, expected{0xc0, 1, "00", 4},
        expected{0x40, 1, "0000", 5}, expected{0x40, 1, "09", 6},
        expected{0x40, 3, "000000", 5}, expected{0xc0, 8, "", 5},
        expected{0x80, 14, "0002011000000000", 9},
        expected{0x40, 2, "0200", 11}}) {
    const auto result = decode_attributes(
        with(each.flags, each.code, hex(each.value)), context);
    ASSERT_TRUE(result.reset.has_value()) << each.code;
    EXPECT_EQ(result.reset->subcode, each.subcode) << each.code;
  }
}

// -- Old speakers (RFC 6793) --------------------------------------------------

namespace {

attribute_result old_speaker(std::string_view attributes) {
  return decode_attributes(
      join({hex("40010100 400304c0000201"), hex(attributes)}), external(false));
}

} // namespace

TEST(OldSpeaker, HasTwoOctetsInPathAndAggregator) { // RFC 6793 §4.2.3
  const auto result = old_speaker("40020402 01fde9 c00706fde9c0000201");
  EXPECT_EQ(result.action, accept);
  EXPECT_EQ(result.attributes.as_path, path_of({65001}));
  EXPECT_EQ(result.attributes.aggregator,
            (aggregator{65001, router_id{0xc0000201}}));
}

TEST(OldSpeaker, HasItsPathMerged) { // RFC 6793 §4.2.3
  const auto result = old_speaker("4002060202fde95ba0 c011060201fa56ea01");
  EXPECT_EQ(result.action, accept);
  EXPECT_EQ(result.attributes.as_path, path_of({65001, 4200000001}));
}

TEST(OldSpeaker, LosesAMalformedAs4Path) { // RFC 6793 §6, CVE-2026-41643
  for (const auto* as4 :
       {"c011060202fa56ea01", "c0110602005ba00000", "c01106020100000000",
        "c0110402015ba0", "c01106070100011170", "c01107020100011170ff"}) {
    const auto result = old_speaker(std::string{"4002060202fde95ba0"} + as4);
    EXPECT_EQ(result.action, discard) << as4;
    EXPECT_EQ(result.attributes.as_path, path_of({65001, as_trans}));
  }
}

TEST(AttributeRules, TellTheMembersOfAConfederationFromOthers) {
  auto member = external();
  member.kind = peer_kind::confederation;
  const auto verdict_on = [&](const char* path) {
    return decode_attributes(with(0x40, 2, hex(path)), member).action;
  };
  // RFC 5065 §5: the first segment is an AS_CONFED_SEQUENCE.
  EXPECT_EQ(verdict_on("0301 0000fde9"), accept);
  EXPECT_EQ(verdict_on("0301 0000fde9 0201 00000001"), accept);
  EXPECT_EQ(verdict_on("0201 00000001"), withdraw);
  EXPECT_EQ(verdict_on("0201 00000001 0301 0000fde9"), withdraw);
  EXPECT_EQ(verdict_on("0401 0000fde9"), withdraw);
  EXPECT_EQ(verdict_on(""), withdraw);
}

TEST(AttributeRules, LetOnlyLocalPrefPassFromAnotherMember) {
  auto member = external();
  member.kind = peer_kind::confederation;
  const auto result =
      decode_attributes(join({with(0x40, 2, hex("0301 0000fde9")),
                              hex("80040400000007 400504000000c8 8009040a000001"
                                  "800a040a000002")}),
                        member);
  EXPECT_EQ(result.action, discard);
  EXPECT_EQ(result.attributes.local_pref, 200U); // RFC 4271 §5.1.5
  EXPECT_EQ(result.attributes.med, 7U);
  EXPECT_EQ(result.attributes.originator_id, std::nullopt); // RFC 4456 §8
  EXPECT_TRUE(result.attributes.cluster_list.empty());
}

TEST(OldSpeaker, LosesAConfederationInAs4Path) { // RFC 6793 §6
  const auto result =
      old_speaker("4002060202fde95ba0 c0110c03010000fc00 0201fa56ea01");
  EXPECT_EQ(result.action, accept);
  EXPECT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.attributes.as_path, path_of({65001, 4200000001}));
}

TEST(OldSpeaker, HasItsAggregatorReplaced) { // RFC 6793 §4.2.3
  const auto result = old_speaker("4002060202fde95ba0 c007065ba0c0000201 "
                                  "c011060201fa56ea01 c01208fa56ea01c0000202");
  EXPECT_EQ(result.action, accept);
  EXPECT_EQ(result.attributes.aggregator,
            (aggregator{4200000001, router_id{0xc0000202}}));
  EXPECT_EQ(result.attributes.as_path, path_of({65001, 4200000001}));
}

TEST(OldSpeaker, ThatAggregatedItselfInvalidatesBoth) { // RFC 6793 §4.2.3
  const auto result = old_speaker("4002060202fde95ba0 c00706fde9c0000201 "
                                  "c011060201fa56ea01 c01208fa56ea01c0000202");
  EXPECT_EQ(result.attributes.aggregator,
            (aggregator{65001, router_id{0xc0000201}}));
  EXPECT_EQ(result.attributes.as_path, path_of({65001, as_trans}));
}

} // namespace troupe::protocol::wire
