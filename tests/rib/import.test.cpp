#include "tests/rib/import_support.hpp"

namespace troupe::rib {

using namespace import_support;

using Import = import_fixture;

TEST_F(Import, AnUpdateBecomesOneRunHoweverManyPrefixesItHas) {
  const auto r =
      ipv4(announcement(route({peer_as, 5}), {"20.0.0.0/8", "20.1.0.0/16"}));
  ASSERT_EQ(r.runs.size(), 1U);
  EXPECT_EQ(r.runs[0].count, 2U);
  EXPECT_EQ(r.runs[0].flags, 0);
  EXPECT_EQ(r.keys[1], (ipv4_key{0x14010000, 16}));
  EXPECT_EQ(summary(r.runs[0].attributes).neighbor_as, peer_as);
  EXPECT_EQ(summary(r.runs[0].attributes).as_path_length, 2);
}

TEST_F(Import, TheSameBytesAreDecodedOnce) {
  auto i = make();
  const auto body = announcement(route({peer_as}), {"20.0.0.0/8"});
  EXPECT_FALSE(i.update(body));
  EXPECT_FALSE(i.update(body));
  EXPECT_EQ(i.counters().pool_misses, 1U);
  EXPECT_EQ(i.counters().pool_hits, 1U);
  EXPECT_EQ(pool.stats().sets, 1U);
  const auto batches = i.take(7);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].batch->ipv4.runs.size(), 1U); // joined
  EXPECT_EQ(batches[0].batch->bytes, 7U);
}

TEST_F(Import, ReferencesAreGivenBack) {
  {
    auto i = make();
    EXPECT_FALSE(i.update(announcement(route({peer_as}), {"20.0.0.0/8"})));
    EXPECT_FALSE(i.update(announcement(route({peer_as, 7}), {"20.0.0.0/8"})));
    EXPECT_EQ(pool.stats().sets, 2U);
    const auto taken = i.take(1);
    EXPECT_FALSE(i.update(announcement(route({peer_as, 8}), {"20.0.0.0/8"})));
  }
  EXPECT_EQ(pool.stats().sets, 0U);
}

// What a lost session alone had comes back, whoever told routes meanwhile.
TEST_F(Import, TheSetsOfOneNeighborHavePagesOfTheirOwn) {
  settings.neighbor.index = neighbor_index{1};
  auto stays = make();
  settings.neighbor.index = neighbor_index{2};
  auto goes = std::make_unique<importer>(make());
  const auto before = pool.stats().bytes;
  // The store keeps a mebibyte of free pages.
  constexpr std::uint32_t each = 40'000;
  for (std::uint32_t i = 0; i < each; ++i) {
    EXPECT_FALSE(stays.update(
        announcement(route({peer_as, 100'000 + i}), {"20.0.0.0/8"})));
    EXPECT_FALSE(goes->update(
        announcement(route({peer_as, 200'000 + i}), {"20.0.0.0/8"})));
  }
  const auto both = pool.stats().bytes - before;
  goes.reset();
  EXPECT_EQ(pool.stats().sets, each);
  EXPECT_LT(pool.stats().bytes - before, both * 3 / 4);
}

TEST_F(Import, AWholeUpdateCanBeTakenBackUnread) {
  auto i = make();
  EXPECT_FALSE(i.update(announcement(route({peer_as}), {"20.0.0.0/8"})));
  EXPECT_FALSE(i.withdraw(
      announcement(route({peer_as, 9}), {"20.0.0.0/8", "21.0.0.0/8"})));
  EXPECT_FALSE(i.withdraw(announcement(route({peer_as}, "2001:db8::1"),
                                       {"3fff::/20"}, ipv6_unicast)));
  EXPECT_FALSE(i.withdraw(withdrawal({"22.0.0.0/8"})));
  EXPECT_FALSE(i.withdraw(withdrawal({"3fff:1000::/20"}, ipv6_unicast)));
  const auto batches = i.take(1);
  ASSERT_EQ(batches.size(), 1U);
  const auto& v4 = batches[0].batch->ipv4;
  ASSERT_EQ(v4.runs.size(), 2U);
  EXPECT_NE(v4.runs[0].attributes, attribute_ref::none);
  EXPECT_EQ(v4.runs[1].attributes, attribute_ref::none);
  EXPECT_EQ(v4.runs[1].count, 3U);
  const auto& v6 = batches[0].batch->ipv6;
  ASSERT_EQ(v6.runs.size(), 1U);
  EXPECT_EQ(v6.runs[0].attributes, attribute_ref::none);
  EXPECT_EQ(v6.keys.size(), 2U);
  EXPECT_EQ(pool.stats().sets, 1U); // nothing was interned
}

// RFC 7606 §5.3: what is to be withdrawn must be known.
TEST_F(Import, AnUpdateWhoseRoutesCannotBeReadCannotBeTakenBack) {
  auto i = make();
  EXPECT_TRUE(i.withdraw(bytes{0, 1, 33, 0, 0}));
  EXPECT_TRUE(i.withdraw(bytes{0, 9}));
  EXPECT_TRUE(i.take(1).empty());
}

TEST_F(Import, Ipv6RoutesComeInMpReachWithTheirNextHop) {
  auto i = make();
  EXPECT_FALSE(i.update(announcement(route({peer_as}, "2001:db8::1"),
                                     {"3fff::/20"}, ipv6_unicast)));
  const auto first = i.take(1);
  ASSERT_EQ(first.size(), 1U);
  const auto& r = first[0].batch->ipv6;
  ASSERT_EQ(r.keys.size(), 1U);
  const auto a = wire::decode_canonical(pool[r.runs[0].attributes].bytes());
  EXPECT_EQ(a.next_hop, ip_address::parse("2001:db8::1"));
  // Another next hop is another set, the same one is not.
  EXPECT_FALSE(i.update(announcement(route({peer_as}, "2001:db8::2"),
                                     {"3fff::/20"}, ipv6_unicast)));
  EXPECT_EQ(pool.stats().sets, 2U);
  EXPECT_FALSE(i.update(announcement(route({peer_as}, "2001:db8::1"),
                                     {"3fff:1000::/20"}, ipv6_unicast)));
  EXPECT_EQ(i.counters().pool_hits, 1U);
}

// What an UPDATE means does not depend on what others have said before.
TEST_F(Import, AKnownSetDoesNotLendItsNextHopToAnother) {
  auto i = make();
  EXPECT_FALSE(i.update(announcement(route({peer_as}), {"20.0.0.0/8"})));
  const auto before = i.take(1);
  // The same attributes, and an IPv4 next hop in MP_REACH_NLRI as well.
  bytes canonical;
  ASSERT_TRUE(wire::encode_attributes(route({peer_as}), {}, canonical));
  const auto with_reach = [&](const bytes& reach) {
    bytes body{0, 0, 0,
               static_cast<std::uint8_t>(canonical.size() + reach.size())};
    body.insert(body.end(), canonical.begin(), canonical.end());
    body.insert(body.end(), reach.begin(), reach.end());
    return body;
  };
  EXPECT_FALSE(
      i.update(with_reach({0x80, 14, 11, 0, 1, 1, 4, 10, 0, 0, 9, 0, 8, 21})));
  const auto after = i.take(1);
  const auto set = after.at(0).batch->ipv4.runs.at(0).attributes;
  EXPECT_EQ(wire::decode_canonical(pool[set].bytes()).next_hop,
            ip_address::parse("10.0.0.9"));
  // IPv6 routes cannot have it (RFC 7606 §7.11).
  EXPECT_TRUE(i.update(
      with_reach({0x80, 14, 11, 0, 2, 1, 4, 10, 0, 0, 9, 0, 8, 0x20})));
}

TEST_F(Import, AnIpv6NextHopOfIpv4RoutesMustBeAgreedUponAlsoOnAHit) {
  const auto set = route({peer_as}, "2001:db8::1"); // RFC 8950 §4
  auto i = make();
  EXPECT_FALSE(i.update(announcement(set, {"3fff::/20"}, ipv6_unicast)));
  const auto known = i.take(1);
  EXPECT_TRUE(i.update(announcement(set, {"20.0.0.0/8"})));
  settings.extended_next_hop = true;
  auto agreed = make();
  EXPECT_FALSE(agreed.update(announcement(set, {"20.0.0.0/8"})));
  EXPECT_EQ(agreed.counters().pool_hits, 1U);
}

TEST_F(Import, WithdrawalsOfBothFamiliesAreRuns) {
  EXPECT_EQ(ipv4(withdrawal({"20.0.0.0/8"})).runs[0].attributes,
            attribute_ref::none);
  auto i = make();
  EXPECT_FALSE(i.update(withdrawal({"3fff::/20"}, ipv6_unicast)));
  const auto batches = i.take(1);
  EXPECT_EQ(batches.at(0).batch->ipv6.keys.size(), 1U);
}

// Seed defect 9: an older path of the prefix must not stay (RFC 4271 §9.1.2).
TEST_F(Import, ALoopIsKeptAsRejectedSoThatItReplacesTheOlderPath) {
  const auto r =
      ipv4(announcement(route({peer_as, own_as, 9}), {"20.0.0.0/8"}));
  ASSERT_EQ(r.runs.size(), 1U);
  EXPECT_EQ(r.runs[0].flags, path_flag::rejected);
}

TEST_F(Import, AKnownSetIsHeldAgainstEachSessionsOwnAs) {
  EXPECT_EQ(
      ipv4(announcement(route({peer_as, 9}), {"20.0.0.0/8"})).runs[0].flags, 0);
  settings.local_as = 9;
  EXPECT_EQ(
      ipv4(announcement(route({peer_as, 9}), {"20.0.0.0/8"})).runs[0].flags,
      path_flag::rejected);
}

TEST_F(Import, TheFirstAsMustBeThePeersWhereThatIsEnforced) {
  const auto body = announcement(route({77, 5}), {"20.0.0.0/8"});
  const auto r = ipv4(body);
  ASSERT_EQ(r.runs.size(), 1U);
  EXPECT_EQ(r.runs[0].attributes, attribute_ref::none); // treat-as-withdraw
  settings.enforce_first_as = false;
  EXPECT_NE(ipv4(body).runs[0].attributes, attribute_ref::none);
}

// RFC 7606 §7.5: not from an external neighbour, even if the set is known.
TEST_F(Import, LocalPrefOfAnExternalPeerIsDiscardedAlsoOnAHit) {
  auto a = route({peer_as});
  a.local_pref = 500;
  const auto body = announcement(a, {"20.0.0.0/8"});
  settings.neighbor.kind = protocol::peer_kind::internal;
  settings.enforce_first_as = false;
  EXPECT_EQ(summary(ipv4(body).runs[0].attributes).local_pref, 500U);
  settings.neighbor.kind = protocol::peer_kind::external;
  EXPECT_EQ(summary(ipv4(body).runs[0].attributes).local_pref, 100U);
  EXPECT_FALSE(notes.empty());
}

// RFC 4271 §5.1.3: our own address is no next hop.
TEST_F(Import, ANextHopThatIsOurOwnAddressLeadsNowhere) {
  const auto r =
      ipv4(announcement(route({peer_as}, "192.0.2.1"), {"20.0.0.0/8"}));
  EXPECT_EQ(r.runs[0].flags, path_flag::rejected);
}

TEST_F(Import, OurOwnReflectedRouteIsRejected) { // RFC 4456 §8
  settings.neighbor.kind = protocol::peer_kind::internal;
  auto a = route({7});
  a.local_pref = 100;
  a.originator_id = settings.local_id;
  EXPECT_EQ(ipv4(announcement(a, {"20.0.0.0/8"})).runs[0].flags,
            path_flag::rejected);
  a.originator_id = protocol::router_id{1};
  a.cluster_list = {settings.cluster_id};
  EXPECT_EQ(ipv4(announcement(a, {"20.0.0.0/8"})).runs[0].flags,
            path_flag::rejected);
}

// RFC 7606 §2: seed defect 1, the withdrawal must really happen.
TEST_F(Import, AMalformedAttributeWithdrawsThePrefixesOfTheUpdate) {
  auto body = announcement(route({peer_as}), {"20.0.0.0/8", "20.1.0.0/16"});
  // ORIGIN's value stands behind two lengths and three bytes of header.
  ASSERT_EQ(body.at(5), 1U);
  body[7] = 9;
  const auto r = ipv4(body);
  ASSERT_EQ(r.runs.size(), 1U);
  EXPECT_EQ(r.runs[0].attributes, attribute_ref::none);
  EXPECT_EQ(r.runs[0].count, 2U);
  EXPECT_FALSE(notes.empty());
}

TEST_F(Import, MalformedNlriEndTheSessionAndNothingIsKept) {
  auto body = announcement(route({peer_as}), {"20.0.0.0/8"});
  body[body.size() - 2] = 33; // a prefix length that IPv4 does not have
  auto i = make();
  const auto error = i.update(body);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, protocol::notification_code::update_message_error);
  EXPECT_EQ(error->subcode, 10);
  EXPECT_TRUE(i.take(1).empty());
}

// RFC 7606 §5.2: nothing tells that the NLRI were found.
TEST_F(Import, AMalformedAttributeBesideAWithdrawalEndsTheSession) {
  const bytes unreach{0x80, 15, 6, 0, 2, 1, 0x10, 0x3f, 0xff};
  const auto body = [&](const bytes& origin) {
    bytes result{0, 0, 0,
                 static_cast<std::uint8_t>(origin.size() + unreach.size())};
    result.insert(result.end(), origin.begin(), origin.end());
    result.insert(result.end(), unreach.begin(), unreach.end());
    return result;
  };
  auto i = make();
  EXPECT_FALSE(i.update(body({})));
  EXPECT_FALSE(i.update(body({0x40, 1, 1, 0})));
  EXPECT_EQ(i.counters().withdrawn, 2U);
  EXPECT_TRUE(i.update(body({0x40, 1, 1, 9})));
  EXPECT_TRUE(i.update(body({0x40, 1, 7, 9}))); // longer than the attributes
  EXPECT_EQ(i.counters().withdrawn, 2U);
}

// Seed defect 22: routes of a family that was not negotiated are not taken.
TEST_F(Import, MulticastPrefixesAreIgnoredAndNoted) { // RFC 4271 §6.3
  auto a = route({peer_as});
  const auto v4 =
      ipv4(announcement(a, {"223.255.255.0/24", "224.0.0.0/4", "239.1.1.1/32",
                            "240.0.0.0/8", "224.0.0.0/3"}));
  EXPECT_EQ(v4.keys.size(), 3U);
  auto i = make();
  a.next_hop = ip_address::parse("3fff::1");
  EXPECT_FALSE(i.update(
      announcement(a, {"ff02::/16", "fe00::/7", "3fff::/20"}, ipv6_unicast)));
  ASSERT_EQ(i.notes().size(), 1U);
  EXPECT_EQ(i.notes()[0].verdict, protocol::verdict::accept);
  EXPECT_EQ(i.counters().announced, 2U);
  EXPECT_FALSE(i.update(announcement(a, {"3fff::/20"}, ipv6_unicast)));
  EXPECT_TRUE(i.notes().empty());
}

TEST_F(Import, RoutesOfAFamilyThatIsOffAreIgnored) {
  settings.families.erase(ipv4_unicast);
  auto i = make();
  EXPECT_FALSE(i.update(announcement(route({peer_as}), {"20.0.0.0/8"})));
  EXPECT_TRUE(i.take(1).empty());
  EXPECT_EQ(i.counters().not_negotiated, 1U);
}

TEST_F(Import, WithoutAPolicyEverythingIsRejected) { // RFC 8212
  settings.families[ipv4_unicast].policy = policy_chain{};
  EXPECT_EQ(ipv4(announcement(route({peer_as}), {"20.0.0.0/8"})).runs[0].flags,
            path_flag::rejected);
}

TEST_F(Import, APolicyThatLooksAtPrefixesJudgesEachOfThem) {
  const policy_library library;
  settings.families[ipv4_unicast].policy = *library.make(
      {prefix_list{{prefix_range::exactly(*prefix::parse("20.0.0.0/8"))}}});
  const auto r =
      ipv4(announcement(route({peer_as}), {"20.0.0.0/8", "21.0.0.0/8"}));
  ASSERT_EQ(r.runs.size(), 2U);
  EXPECT_EQ(r.runs[0].flags, 0);
  EXPECT_EQ(r.runs[1].flags, path_flag::rejected);
}

TEST_F(Import, APolicyThatSetsAttributesMakesAnotherSetOnce) {
  policy_rule rule;
  rule.set.local_pref = 300;
  rule.then = policy_action::accept;
  const policy_library library{{{"up", policy_definition{{rule}}}}};
  settings.families[ipv4_unicast].policy = *library.make({policy_name{"up"}});
  auto i = make();
  const auto body = announcement(route({peer_as}), {"20.0.0.0/8"});
  EXPECT_FALSE(i.update(body));
  EXPECT_FALSE(i.update(body));
  const auto batches = i.take(1);
  const auto& runs = batches.at(0).batch->ipv4.runs;
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(summary(runs[0].attributes).local_pref, 300U);
}

TEST_F(Import, EndOfRibIsToldToEveryShard) { // RFC 4724 §2
  settings.shards = 3;
  auto i = make();
  EXPECT_FALSE(i.update(bytes{0, 0, 0, 0}));
  EXPECT_EQ(i.ends_of_rib(), std::vector{ipv4_unicast});
  const auto batches = i.take(0);
  EXPECT_EQ(batches.size(), 3U);
  for (const auto& each : batches)
    EXPECT_TRUE(each.batch->ipv4.ends_round);
}

TEST_F(Import, ShardsGetTheirOwnPrefixesAndShareTheCredit) {
  settings.shards = 4;
  std::vector<std::string> prefixes;
  for (int n = 0; n < 64; ++n)
    prefixes.push_back("20." + std::to_string(n) + ".0.0/16");
  auto i = make();
  EXPECT_FALSE(i.update(announcement(route({peer_as}), prefixes)));
  std::size_t keys = 0, credit = 0;
  for (const auto& each : i.take(1001)) {
    keys += each.batch->ipv4.keys.size();
    credit += each.batch->bytes;
    EXPECT_EQ(each.batch->sequence, 1U);
    for (const auto& key : each.batch->ipv4.keys)
      EXPECT_EQ(shard_of(key, 4), each.shard);
  }
  EXPECT_EQ(keys, 64U);
  EXPECT_EQ(credit, 1001U);
}

TEST_F(Import, PathIdsAreKeptWhereAddPathIsSpoken) { // RFC 7911 §3
  settings.families[ipv4_unicast].add_path = true;
  bytes canonical, message;
  ASSERT_TRUE(wire::encode_attributes(route({peer_as}), {}, canonical));
  const std::vector<wire::nlri> list{
      wire::to_nlri(*prefix::parse("20.0.0.0/8"), 1),
      wire::to_nlri(*prefix::parse("20.0.0.0/8"), 2)};
  wire::pack_announcements({ipv4_unicast, true, 4096}, canonical, list,
                           message);
  const auto r = ipv4({message.begin() + 19, message.end()});
  EXPECT_EQ(r.path_ids, (std::vector<std::uint32_t>{1, 2}));
}

// RFC 6793 §4.2.3: the bytes of an old speaker are never looked up raw.
TEST_F(Import, AnOldSpeakersPathIsWidened) {
  settings.as4 = false;
  bytes attributes;
  ASSERT_TRUE(wire::encode_attributes(
      route({peer_as, 70000}), {.as4 = false, .next_hop = true}, attributes));
  bytes body{0, 0, static_cast<std::uint8_t>(attributes.size() >> 8),
             static_cast<std::uint8_t>(attributes.size())};
  body.insert(body.end(), attributes.begin(), attributes.end());
  body.insert(body.end(), {8, 20});
  const auto r = ipv4(body);
  const auto a = wire::decode_canonical(pool[r.runs[0].attributes].bytes());
  EXPECT_EQ(to_string(a.as_path), "65001 70000");
}

// What is expected is only loaded early: it may come, or another message, or
// another one in its place.
TEST_F(Import, WhatIsExpectedChangesNothing) {
  bytes stream; // as a buffer holds it
  std::vector<std::size_t> starts;
  for (unsigned n = 0; n != 40; ++n) {
    bytes canonical;
    ASSERT_TRUE(
        wire::encode_attributes(route({peer_as, 1 + n % 7}), {}, canonical));
    const std::vector<wire::nlri> list{
        wire::to_nlri(*prefix::parse("20." + std::to_string(n) + ".0.0/16"))};
    starts.push_back(stream.size());
    wire::pack_announcements({ipv4_unicast, false, 4096}, canonical, list,
                             stream);
  }
  constexpr std::size_t last_octet_of_path = 39;
  const auto play = [&](bool expects, std::size_t distance) {
    auto buffer = stream;
    auto i = make();
    for (std::size_t n = 0; n != starts.size(); ++n) {
      const auto end = n + 1 == starts.size() ? buffer.size() : starts[n + 1];
      if (expects && n + distance < starts.size())
        i.expect(std::span{buffer}.subspan(starts[n + distance]));
      if (n == 20) // another path of the same size, in the same place
        buffer[starts[n] + last_octet_of_path] = 5;
      EXPECT_FALSE(i.update(
          std::span{buffer}.subspan(starts[n] + 19, end - starts[n] - 19)));
    }
    std::vector<std::string> seen;
    const auto batches = i.take(1);
    for (const auto& [shard, batch] : batches)
      for (const auto& run : batch->ipv4.runs)
        seen.push_back(
            std::to_string(run.count) + " "
            + to_string(
                wire::decode_canonical(pool[run.attributes].bytes()).as_path));
    return seen;
  };
  const auto plain = play(false, 0);
  ASSERT_EQ(plain.size(), starts.size());
  EXPECT_EQ(plain[19], "1 65001 6");
  EXPECT_EQ(plain[20], "1 65001 5");
  for (const std::size_t distance : {0U, 1U, 2U, 3U, 7U})
    EXPECT_EQ(play(true, distance), plain) << distance;
}

} // namespace troupe::rib
