#include "protocol/wire/path_attributes.hpp"

#include "tests/protocol/wire_generators.hpp"

namespace troupe::protocol::wire {

using namespace testing;

namespace {

decode_context with_nlri() {
  decode_context context;
  context.classic_nlri = true;
  return context;
}

attribute_result decode(const byte_vector& raw,
                        const decode_context& context = with_nlri()) {
  return decode_attributes(raw, context);
}

byte_vector encode(const path_attributes& attributes,
                   const encode_options& options = {}) {
  byte_vector out;
  EXPECT_TRUE(encode_attributes(attributes, options, out));
  return out;
}

byte_vector without(unsigned code) {
  byte_vector result;
  const auto base = mandatory_attributes();
  attribute_walker walker{base};
  for (raw_attribute raw; walker.next(raw);)
    if (raw.code != code)
      result.insert(result.end(), raw.whole.begin(), raw.whole.end());
  return result;
}

std::vector<unsigned> codes_of(byte_span raw) {
  std::vector<unsigned> codes;
  attribute_walker walker{raw};
  for (raw_attribute each; walker.next(each);)
    codes.push_back(each.code);
  EXPECT_FALSE(walker.failed());
  return codes;
}

} // namespace

// -- The walker
// -----------------------------------------------------------------

TEST(AttributeWalker, ReadsBothLengthForms) { // RFC 4271 §4.3
  const auto raw = hex("400101 00 50020002 0102");
  attribute_walker walker{raw};
  raw_attribute each;
  ASSERT_TRUE(walker.next(each));
  EXPECT_EQ(each.code, 1);
  EXPECT_EQ(to_hex(each.value), "00");
  EXPECT_EQ(to_hex(each.whole), "40010100");
  ASSERT_TRUE(walker.next(each));
  EXPECT_EQ(each.flags, 0x50);
  EXPECT_EQ(to_hex(each.value), "0102");
  EXPECT_FALSE(walker.next(each));
  EXPECT_FALSE(walker.failed());
}

TEST(AttributeWalker, FailsWhereAnAttributeDoesNotFit) { // RFC 7606 §4
  for (const auto* text : {"40", "4001", "400101", "500100", "50010001",
                           "400102 00", "50010002 00"}) {
    const auto raw = hex(text);
    attribute_walker walker{raw};
    raw_attribute each;
    EXPECT_FALSE(walker.next(each)) << text;
    EXPECT_TRUE(walker.failed()) << text;
  }
}

// -- Decoding
// ---------------------------------------------------------------------

namespace {

byte_vector every_attribute() {
  return join({mandatory_attributes(),
               hex("80040400000007 40050400000064 400600"
                   "c007080000fde9c0000201 e00804fde90001 8009040a000001"
                   "800a080a0000020a000003 c010080002fde900000064"
                   "801a1601000b000000000000000a 01000b000000000000000b"
                   "c0200c0000fde90000000100000002 c023040000fde9"
                   "d0630003010203")});
}

} // namespace

TEST(DecodeAttributes, ReadsEveryField) {
  auto context = with_nlri();
  context.kind = peer_kind::internal;
  const auto result = decode(every_attribute(), context);
  EXPECT_EQ(result.action, verdict::accept);
  const auto& a = result.attributes;
  EXPECT_EQ(a.origin, origin_type::igp);
  EXPECT_EQ(a.as_path, path_of({65001}));
  EXPECT_EQ(a.next_hop, address("192.0.2.1"));
  EXPECT_EQ(a.med, 7U);
  EXPECT_EQ(a.local_pref, 100U);
  EXPECT_TRUE(a.atomic_aggregate);
  EXPECT_EQ(a.aggregator, (aggregator{65001, router_id{0xc0000201}}));
  EXPECT_EQ(a.communities, std::vector<community>{{0xfde90001}});
  EXPECT_EQ(a.originator_id, router_id{0x0a000001});
  EXPECT_EQ(a.cluster_list,
            (std::vector{router_id{0x0a000002}, router_id{0x0a000003}}));
  EXPECT_EQ(a.extended_communities.at(0).value, 0x0002fde900000064U);
  EXPECT_EQ(a.aigp, 10U);
  EXPECT_EQ(a.other_aigp_tlvs, hex("01000b000000000000000b"));
  EXPECT_EQ(a.large_communities, (std::vector<large_community>{{65001, 1, 2}}));
  EXPECT_EQ(a.only_to_customer, 65001U);
  EXPECT_EQ(a.unknown,
            (std::vector<unknown_attribute>{{0xe0, 99, byte_vector{1, 2, 3}}}));
  EXPECT_EQ(a.partial, std::uint64_t{1} << 8);
}

TEST(DecodeAttributes, ForgetsWhatAUsedResultHeld) {
  attribute_result used;
  auto context = with_nlri();
  context.kind = peer_kind::internal;
  decode_attributes(every_attribute(), context, used);
  used.clear();
  EXPECT_EQ(used, attribute_result{});
  // A link-local next hop, a flaw and a reset.
  context.classic_nlri = false;
  decode_attributes(join({hex("800e2a 0002 01 20"
                              "20010db8000000000000000000000001"
                              "fe800000000000000000000000000001 00 20 20010db8"
                              "40630101"),
                          mandatory_attributes()}),
                    context, used);
  EXPECT_TRUE(used.attributes.link_local_next_hop);
  EXPECT_TRUE(used.reset);
  EXPECT_FALSE(used.errors.empty());
  used.clear();
  EXPECT_EQ(used, attribute_result{});
}

TEST(DecodeAttributes, WantsTheMandatoryOnes) { // RFC 7606 §3 (d)
  for (const unsigned code : {1U, 2U, 3U}) {
    const auto result = decode(without(code));
    EXPECT_EQ(result.action, verdict::treat_as_withdraw) << code;
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors[0].code, code);
    EXPECT_EQ(result.errors[0].subcode,
              update_subcode::missing_well_known_attribute);
  }
  EXPECT_EQ(decode({}).errors.size(), 3U); // CVE-2023-41358
  EXPECT_EQ(decode({}, {}).action, verdict::accept);
}

TEST(DecodeAttributes, WantsNoNextHopBesideMpReach) { // RFC 4760 §3
  const auto reach =
      hex("800e1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8");
  const auto result = decode(join({reach, without(3)}), {});
  EXPECT_EQ(result.action, verdict::accept);
  EXPECT_EQ(result.attributes.next_hop, address("2001:db8::1"));
  const auto missing = decode(join({reach, without(1)}), {});
  EXPECT_EQ(missing.action, verdict::treat_as_withdraw);
}

TEST(DecodeAttributes, KeepsTheFirstOfARepeatedAttribute) { // RFC 7606 §3 (g)
  const auto result =
      decode(join({mandatory_attributes(), hex("80040400000001 80040400000002"
                                               "c06301aa c06301bb")}));
  EXPECT_EQ(result.action, verdict::attribute_discard);
  EXPECT_EQ(result.attributes.med, 1U);
  EXPECT_EQ(result.attributes.unknown.size(), 1U);
  EXPECT_EQ(result.attributes.unknown.at(0).value, byte_vector{0xaa});
}

TEST(DecodeAttributes, ResetsWhereMpReachIsRepeated) { // RFC 7606 §3 (g)
  const auto twice = hex("800f03000201 800f03000201");
  const auto result = decode(join({twice, mandatory_attributes()}));
  ASSERT_TRUE(result.reset.has_value());
  EXPECT_EQ(result.reset->subcode, 1);
}

TEST(DecodeAttributes, WithdrawsWhereTheyEndWithinOne) { // RFC 7606 §4
  const auto cut = join({mandatory_attributes(), hex("c00808fde90001")});
  EXPECT_EQ(decode(cut).action, verdict::treat_as_withdraw);
  EXPECT_EQ(decode(cut, {}).action, verdict::session_reset); // §5.2
  EXPECT_EQ(decode(cut, {}).reset->subcode, 1);
}

TEST(DecodeAttributes, TakesTheStrongestVerdict) { // RFC 7606 §3 (h)
  const auto result = decode(join(
      {mandatory_attributes(), hex("400601ff c00803fde900 400504000000ff")}));
  EXPECT_EQ(result.action, verdict::treat_as_withdraw);
  EXPECT_EQ(result.errors.size(), 3U);
}

TEST(DecodeAttributes, RemovesRepeatedLargeCommunities) { // RFC 8092 §5
  const auto result = decode(
      join({mandatory_attributes(),
            hex("c02030 000000020000000200000002 000000010000000100000001"
                "000000020000000200000002 000000010000000100000001")}));
  EXPECT_EQ(result.attributes.large_communities,
            (std::vector<large_community>{{2, 2, 2}, {1, 1, 1}}));
}

TEST(DecodeAttributes, BoundsTheAsPath) { // "very long AS_PATH"
  const auto path = [](std::size_t segments) {
    byte_vector value;
    for (std::size_t i = 0; i < segments; ++i) {
      value.insert(value.end(), {2, 255});
      for (int k = 0; k < 255; ++k)
        value.insert(value.end(), {0, 1});
    }
    return attribute(0x40, 2, value);
  };
  auto context = with_nlri();
  context.as4 = false;
  EXPECT_EQ(decode(join({without(2), path(58)}), context).action,
            verdict::accept);
  EXPECT_EQ(decode(join({without(2), path(60)}), context).action,
            verdict::treat_as_withdraw);
}

// -- Next hops
// ----------------------------------------------------------------------

namespace {

attribute_result reach(std::string_view family_and_next_hop,
                       bool extended_next_hop = false) {
  decode_context context;
  context.extended_next_hop = extended_next_hop;
  const auto value = join({hex(family_and_next_hop), hex("00 08 0a")});
  return decode(join({attribute(0x80, 14, value), without(3)}), context);
}

constexpr auto global = "20010db8000000000000000000000001";
constexpr auto link_local = "fe800000000000000000000000000001";
constexpr auto none = "00000000000000000000000000000000";

std::string text(std::initializer_list<const char*> parts) {
  std::string result;
  for (const auto* part : parts)
    result += part;
  return result;
}

} // namespace

TEST(NextHop, MayBeGlobalAndLinkLocal) { // RFC 2545 §3
  const auto result = reach(text({"00020120", global, link_local}));
  EXPECT_EQ(result.action, verdict::accept);
  EXPECT_EQ(result.attributes.next_hop, address("2001:db8::1"));
  EXPECT_EQ(result.attributes.link_local_next_hop, address("fe80::1"));
}

TEST(NextHop, MayBeLinkLocalOnly) {
  const auto alone = reach(text({"00020110", link_local}));
  EXPECT_EQ(alone.attributes.next_hop, address("fe80::1"));
  const auto beside_none = reach(text({"00020120", none, link_local}));
  EXPECT_EQ(beside_none.attributes.next_hop, address("fe80::1"));
  EXPECT_EQ(beside_none.attributes.link_local_next_hop, std::nullopt);
}

TEST(NextHop, IgnoresASecondAddressThatIsNotLinkLocal) {
  const auto result = reach(text({"00020120", global, none}));
  EXPECT_EQ(result.action, verdict::accept);
  EXPECT_EQ(result.attributes.link_local_next_hop, std::nullopt);
}

TEST(NextHop, WithdrawsWhereItIsNoHost) { // RFC 4271 §6.3
  EXPECT_EQ(reach(text({"00020110", none})).action, verdict::treat_as_withdraw);
  EXPECT_EQ(reach("00020110 ff020000000000000000000000000001").action,
            verdict::treat_as_withdraw);
}

TEST(NextHop, ResetsWhereItsLengthIsUnexpected) { // RFC 7606 §7.11
  EXPECT_EQ(reach("00020104 c0000201").action, verdict::session_reset);
  EXPECT_EQ(reach("00020100").action, verdict::session_reset);
  EXPECT_EQ(reach(text({"00020118", global, "0000000000000000"})).action,
            verdict::session_reset);
  EXPECT_EQ(reach(text({"00020120", global})).action, verdict::session_reset);
  EXPECT_EQ(reach(text({"00010110", global})).action, verdict::session_reset);
  EXPECT_EQ(reach("00010104 c0000201").attributes.next_hop,
            address("192.0.2.1"));
}

TEST(NextHop, MayBeIpv6ForIpv4WhereAgreed) { // RFC 8950 §3
  EXPECT_EQ(reach(text({"00010110", global}), true).attributes.next_hop,
            address("2001:db8::1"));
  EXPECT_EQ(reach(text({"00010120", global, link_local}), true).action,
            verdict::accept);
}

TEST(NextHop, OfAnotherFamilyIsNotRead) {
  const auto result = reach("0019460c 000000000000000000000000");
  EXPECT_EQ(result.action, verdict::accept);
  EXPECT_EQ(result.attributes.next_hop, std::nullopt);
}

TEST(NextHop, OfBothKindsIsChosenByTheSource) {
  const auto both = join(
      {hex("800e1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8"),
       mandatory_attributes()});
  auto context = with_nlri();
  EXPECT_EQ(decode(both, context).attributes.next_hop, address("2001:db8::1"));
  context.source = next_hop_source::classic;
  EXPECT_EQ(decode(both, context).attributes.next_hop, address("192.0.2.1"));
}

// As some speakers send it beside MP_REACH_NLRI.
TEST(NextHop, IsIgnoredWithoutNlriOfItsOwn) { // RFC 4760 §3
  const auto message = join({attribute(0x40, 3, hex("00000000")), without(3),
                             hex("800e1a 0002 01 10 "
                                 "20010db8000000000000000000000001 00 "
                                 "20 20010db8")});
  const auto result = decode(message, {});
  EXPECT_EQ(result.action, verdict::accept);
  EXPECT_EQ(result.attributes.next_hop, address("2001:db8::1"));
  EXPECT_EQ(decode(message, with_nlri()).action, verdict::treat_as_withdraw);
}

// -- Encoding
// -------------------------------------------------------------------------

TEST(EncodeAttributes, IsCanonical) { // ascending, shortest lengths
  EXPECT_TRUE(rc::check([] {
    const auto value = *any_attributes(*rc::gen::arbitrary<bool>());
    const auto raw = encode(value);
    const auto codes = codes_of(raw);
    RC_ASSERT(std::is_sorted(codes.begin(), codes.end()));
    attribute_walker walker{raw};
    for (raw_attribute each; walker.next(each);) {
      const bool extended = (each.flags & flag_extended_length) != 0;
      RC_ASSERT(extended == (each.value.size() > 255));
    }
    RC_ASSERT(encode(decode_canonical(raw)) == raw);
  }));
}

TEST(EncodeAttributes, SurvivesTheRoundTrip) {
  EXPECT_TRUE(rc::check([] {
    const auto value = *any_attributes(*rc::gen::arbitrary<bool>());
    RC_ASSERT(decode_canonical(encode(value)) == value);
  }));
}

TEST(EncodeAttributes, SurvivesAnOldSpeaker) { // RFC 6793 §4.2.2
  EXPECT_TRUE(rc::check([] {
    auto value = *any_attributes(false);
    // AS_TRANS itself cannot be told from what it stands for.
    if (value.aggregator && value.aggregator->as == as_trans)
      value.aggregator->as = 65001;
    auto context = with_nlri();
    context.kind = peer_kind::internal;
    context.as4 = false;
    const auto result =
        decode_attributes(encode(value, {false, true}), context);
    if (!value.aggregator || value.aggregator->as > 0xffff
        || !value.as_path.needs_four_octets())
      RC_ASSERT(result.attributes == value);
    RC_ASSERT(result.action == verdict::accept);
  }));
}

TEST(EncodeAttributes, KeepsCanonicalBytesAsTheyAre) {
  const auto raw = join({mandatory_attributes(), hex("80040400000007"
                                                     "e00804fde90001")});
  EXPECT_EQ(encode(decode(raw).attributes), raw);
}

TEST(EncodeAttributes, SetsPartialOnUnknownOnes) { // RFC 4271 §9
  const auto raw = join({mandatory_attributes(), hex("c06301aa")});
  EXPECT_EQ(encode(decode(raw).attributes),
            join({mandatory_attributes(), hex("e06301aa")}));
}

TEST(EncodeAttributes, WritesAStubForAnIpv6NextHop) {
  path_attributes value;
  value.next_hop = address("2001:db8::1");
  EXPECT_EQ(to_hex(encode(value)), "40010100400200"
                                   "800e15"
                                   "00020110"
                                   "20010db8000000000000000000000001"
                                   "00");
  EXPECT_EQ(to_hex(encode(value, {true, false})), "40010100400200");
}

TEST(EncodeAttributes, RefusesWhatFitsNoMessage) {
  path_attributes value;
  value.next_hop = address("192.0.2.1");
  value.communities.resize(16384);
  byte_vector out{1, 2, 3};
  EXPECT_FALSE(encode_attributes(value, {}, out)); // 65536 bytes
  EXPECT_EQ(out, (byte_vector{1, 2, 3}));
  value.communities.resize(10000);
  value.extended_communities.resize(5000);
  EXPECT_FALSE(encode_attributes(value, {}, out)); // 80000 together
  EXPECT_EQ(out, (byte_vector{1, 2, 3}));
  value.extended_communities.clear();
  EXPECT_TRUE(encode_attributes(value, {}, out));
}

TEST(EncodeAttributes, MayBeReadBackBeforeANextHopIsSet) {
  path_attributes value;
  value.next_hop = address("0.0.0.0");
  EXPECT_EQ(decode_canonical(encode(value)), value);
  value.next_hop.reset();
  EXPECT_EQ(decode_canonical(encode(value)), value);
}

TEST(DecodeAttributes, SurvivesRandomBytes) {
  attribute_result used;
  EXPECT_TRUE(rc::check([&used] {
    byte_vector raw;
    const auto count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) {
      const auto next = attribute(
          *rc::gen::element(0x40U, 0x80U, 0xc0U, 0xe0U),
          *rc::gen::element(1U, 2U, 3U, 7U, 8U, 14U, 15U, 17U, 18U, 32U, 99U),
          *any_bytes(40));
      raw.insert(raw.end(), next.begin(), next.end());
    }
    const auto tail = *any_bytes(4);
    raw.insert(raw.end(), tail.begin(), tail.end());
    decode_context context;
    context.as4 = *rc::gen::arbitrary<bool>();
    context.classic_nlri = *rc::gen::arbitrary<bool>();
    context.kind = *rc::gen::element(peer_kind::external, peer_kind::internal,
                                     peer_kind::confederation);
    const auto result = decode_attributes(raw, context);
    RC_ASSERT(result.reset.has_value()
              == (result.action == verdict::session_reset));
    decode_attributes(raw, context, used);
    RC_ASSERT(used == result);
    const auto again = encode(result.attributes);
    RC_ASSERT(encode(decode_canonical(again)) == again);
  }));
}

} // namespace troupe::protocol::wire
