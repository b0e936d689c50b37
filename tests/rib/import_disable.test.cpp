// What a family costs whose routes cannot be read (RFC 7606 §2, RFC 4760 §7).

#include "tests/rib/import_support.hpp"

namespace troupe::rib {

using namespace import_support;

namespace {

class ImportDisable : public import_fixture {
protected:
  /// An UPDATE of these attributes behind those of a route, and of NLRI.
  static bytes update(std::initializer_list<bytes> multiprotocol,
                      const bytes& nlri = {}, const bytes& withdrawn = {}) {
    bytes attributes;
    EXPECT_TRUE(wire::encode_attributes(route({peer_as}), {}, attributes));
    for (const auto& each : multiprotocol)
      attributes.insert(attributes.end(), each.begin(), each.end());
    bytes body{0, static_cast<std::uint8_t>(withdrawn.size())};
    body.insert(body.end(), withdrawn.begin(), withdrawn.end());
    body.insert(body.end(), {0, static_cast<std::uint8_t>(attributes.size())});
    body.insert(body.end(), attributes.begin(), attributes.end());
    body.insert(body.end(), nlri.begin(), nlri.end());
    return body;
  }
  /// A disabled family is all that the next batch is about.
  void expect_taken_back(importer& i, protocol::family family) {
    const auto batches = i.take(1);
    ASSERT_EQ(batches.size(), 1U);
    const auto& v4 = batches[0].batch->ipv4;
    const auto& v6 = batches[0].batch->ipv6;
    const bool is_v4 = family == ipv4_unicast;
    EXPECT_EQ(v4.begins_round && v4.ends_round, is_v4);
    EXPECT_EQ(v6.begins_round && v6.ends_round, !is_v4);
    EXPECT_TRUE(v4.keys.empty() && v6.keys.empty());
  }

  const bytes v4_route{8, 20};
  const bytes v6_route{24, 0x20, 1, 0x0d};
  const bytes good_reach{0x80, 14, 25, 0, 2,  1,    16, 0x20, 1, 0xd,
                         0xb8, 0,  0,  0, 0,  0,    0,  0,    0, 0,
                         0,    0,  1,  0, 24, 0x20, 1,  0x0d};
  // A prefix that is longer than IPv6 has any.
  const bytes bad_reach = [this] {
    auto b = good_reach;
    b[b.size() - 4] = 129;
    return b;
  }();
  const bytes bad_unreach{0x80, 15, 5, 0, 2, 1, 129, 0};
  const bytes good_unreach{0x80, 15, 7, 0, 2, 1, 24, 0x20, 1, 0x0d};
};

} // namespace

TEST_F(ImportDisable, AFlawIsConfinedToTheFamilyThatItIsAbout) {
  auto i = make();
  const auto confined_to = [&](const bytes& body) {
    const auto error = i.update(body);
    EXPECT_TRUE(error);
    return error ? error->confined_to : std::nullopt;
  };
  ASSERT_FALSE(i.update(update({good_reach, good_unreach}, v4_route)));
  auto wrong_flags = good_reach;
  wrong_flags[0] = 0xc0;
  const bytes short_reach{0x80, 14, 3, 0, 2, 1};
  const bytes wrong_next_hop{0x80, 14, 10, 0, 2, 1, 5, 1, 2, 3, 4, 5, 0};
  for (const auto& flawed :
       {bad_reach, bad_unreach, wrong_flags, short_reach, wrong_next_hop})
    EXPECT_EQ(confined_to(update({flawed})), ipv6_unicast);
  // RFC 7606 §3 (g), §5.2, §5.3: these end the session.
  const bytes without_family{0x80, 15, 2, 0, 2};
  EXPECT_EQ(confined_to(update({good_reach, good_reach})), std::nullopt);
  EXPECT_EQ(confined_to(update({wrong_flags, good_reach})), ipv6_unicast)
      << "the first flaw counts";
  EXPECT_EQ(confined_to(update({without_family})), std::nullopt);
  EXPECT_EQ(confined_to(update({}, {33, 1, 2, 3, 4, 5})), std::nullopt);
  settings.families.erase(ipv6_unicast);
  auto without = make();
  const auto off = without.update(update({wrong_flags}));
  ASSERT_TRUE(off);
  EXPECT_EQ(off->confined_to, std::nullopt) << "there is nothing to disable";
}

TEST_F(ImportDisable, WhatWasToldIsTakenBackAndTheRestGoesOn) {
  auto i = make();
  ASSERT_FALSE(i.update(update({good_reach})));
  const auto before = i.take(1);
  const auto mixed = update({bad_reach, bad_unreach}, v4_route);
  ASSERT_TRUE(i.update(mixed));
  i.disable(ipv6_unicast);
  expect_taken_back(i, ipv6_unicast);
  // The same UPDATE again, for what else it says.
  ASSERT_FALSE(i.update(mixed));
  const auto after = i.take(1);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].batch->ipv4.keys.size(), 1U);
  EXPECT_TRUE(after[0].batch->ipv6.keys.empty());
  EXPECT_EQ(
      pool[after[0].batch->ipv4.runs.at(0).attributes].summary().neighbor_as,
      peer_as);
}

TEST_F(ImportDisable, WhatIsToldLaterIsIgnoredWhateverItIs) {
  auto i = make();
  i.disable(ipv6_unicast);
  expect_taken_back(i, ipv6_unicast);
  auto origin_9 = update({good_reach});
  origin_9[7] = 9; // would withdraw
  const bytes end_of_rib{0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1};
  for (const auto& body :
       {update({good_reach}), update({bad_reach}), update({good_unreach}),
        update({bad_reach, bad_unreach}), origin_9, end_of_rib}) {
    EXPECT_FALSE(i.update(body));
    EXPECT_TRUE(i.ends_of_rib().empty());
    EXPECT_TRUE(i.take(1).empty());
  }
  EXPECT_EQ(i.counters().announced + i.counters().withdrawn, 0U);
  EXPECT_EQ(i.counters().not_negotiated, 6U);
  // A repeated attribute still ends the session (RFC 7606 §3 (g)).
  EXPECT_TRUE(i.update(update({good_reach, good_reach})));
  i.begin_round(ipv6_unicast);
  i.end_round(ipv6_unicast);
  EXPECT_TRUE(i.take(1).empty());
  EXPECT_FALSE(i.update(update({}, v4_route)));
  EXPECT_EQ(i.take(1).size(), 1U);
}

TEST_F(ImportDisable, ItIsForAsLongAsTheSession) {
  auto i = make();
  i.disable(ipv6_unicast);
  const auto first = i.take(1);
  i.change(settings); // a reload with another policy
  EXPECT_FALSE(i.update(update({good_reach})));
  EXPECT_TRUE(i.take(1).empty());
  auto next = make();
  EXPECT_FALSE(next.update(update({good_reach})));
  EXPECT_EQ(next.take(1).size(), 1U);
}

// The next hop of what is ignored is none of other routes.
TEST_F(ImportDisable, AKnownSetWithTheIgnoredNextHopIsNotTaken) {
  auto i = make();
  ASSERT_FALSE(i.update(announcement(route({peer_as}, "2001:db8::1"),
                                     {"3fff::/20"}, ipv6_unicast)));
  const auto kept = i.take(1);
  i.disable(ipv6_unicast);
  const auto taken_back = i.take(1);
  // Without NEXT_HOP, and an MP_REACH_NLRI without routes: that set's bytes.
  bytes attributes;
  ASSERT_TRUE(
      wire::encode_attributes(route({peer_as}, "2001:db8::1"), {}, attributes));
  bytes body{0, 0, 0, static_cast<std::uint8_t>(attributes.size())};
  body.insert(body.end(), attributes.begin(), attributes.end());
  body.insert(body.end(), v4_route.begin(), v4_route.end());
  EXPECT_FALSE(i.update(body));
  const auto batches = i.take(1);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].batch->ipv4.runs.at(0).attributes, attribute_ref::none)
      << "NEXT_HOP is missing: treat-as-withdraw";
}

TEST_F(ImportDisable, Ipv4IsIgnoredInTheFieldsOfTheUpdateAsWell) {
  settings.families[ipv4_unicast].add_path = true;
  auto i = make();
  const bytes v4_reach{0x80, 14, 11, 0, 1, 1, 4, 10, 0, 0, 9, 0, 33, 21};
  const auto error = i.update(update({v4_reach}));
  ASSERT_TRUE(error);
  ASSERT_EQ(error->confined_to, ipv4_unicast);
  i.disable(ipv4_unicast);
  expect_taken_back(i, ipv4_unicast);
  EXPECT_FALSE(i.update(update({v4_reach}, v4_route, v4_route)));
  EXPECT_FALSE(i.update(update({}, {0, 0, 0, 1, 8, 20})));
  EXPECT_FALSE(i.update(update({}, {0, 0, 0, 1, 99})));
  EXPECT_TRUE(i.take(1).empty());
  EXPECT_FALSE(i.update(update({good_reach}, v4_route)));
  const auto batches = i.take(1);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].batch->ipv6.keys.size(), 1U);
  EXPECT_TRUE(batches[0].batch->ipv4.keys.empty());
}

} // namespace troupe::rib
