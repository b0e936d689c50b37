// What the rules of a session do to well-formed routes: roles, loops, next
// hops, graceful shutdown, AIGP.

#include "rib/import_rules.hpp"

#include "rib/shard_table.hpp"
#include "tests/rib/import_support.hpp"

namespace troupe::rib {

using namespace import_support;
using wire::bgp_role;

namespace {

constexpr protocol::as_number other_as = 65009;

class ImportRules : public import_fixture {
protected:
  /// The one run of an UPDATE for 20.0.0.0/8 with these attributes.
  route_run run(const wire::path_attributes& a) {
    const auto routes = ipv4(announcement(a, {"20.0.0.0/8"}));
    EXPECT_EQ(routes.runs.size(), 1U);
    return routes.runs.at(0);
  }
  bool rejects(const wire::path_attributes& a) {
    return run(a).flags == path_flag::rejected;
  }
  wire::path_attributes kept(const wire::path_attributes& a) {
    return wire::decode_canonical(pool[run(a).attributes].bytes());
  }
};

wire::path_attributes with_otc(std::optional<protocol::as_number> otc,
                               std::vector<protocol::as_number> path = {peer_as,
                                                                        5}) {
  auto a = route(std::move(path));
  a.only_to_customer = otc;
  return a;
}

wire::path_attributes shut_down_route() {
  auto a = route({peer_as});
  a.communities = {wire::graceful_shutdown};
  return a;
}

} // namespace

// -- roles --------------------------------------------------------------------

// RFC 9234 §5, ingress: for each of our roles, what comes of a route without
// OTC, with that of the peer, and with another one. 0: a leak.
TEST_F(ImportRules, FollowTheIngressProcedureOfEveryRole) {
  struct row {
    std::optional<bgp_role> ours;
    std::optional<protocol::as_number> without, of_peer, of_other;
  };
  constexpr protocol::as_number leak = 0;
  const row rows[] = {
      {bgp_role::provider, std::nullopt, leak, leak},
      {bgp_role::route_server, std::nullopt, leak, leak},
      {bgp_role::peer, peer_as, peer_as, leak},
      {bgp_role::customer, peer_as, peer_as, other_as},
      {bgp_role::route_server_client, peer_as, peer_as, other_as},
      {std::nullopt, std::nullopt, peer_as, other_as},
  };
  for (const auto& r : rows) {
    settings.role = r.ours;
    SCOPED_TRACE(r.ours ? name_of(*r.ours) : "no role");
    const std::pair<std::optional<protocol::as_number>,
                    std::optional<protocol::as_number>>
        cases[] = {{std::nullopt, r.without},
                   {peer_as, r.of_peer},
                   {other_as, r.of_other}};
    for (const auto& [received, expected] : cases) {
      const auto a = with_otc(received);
      EXPECT_EQ(rejects(a), expected == leak);
      if (expected != leak) {
        EXPECT_EQ(kept(a).only_to_customer, expected);
      }
    }
  }
}

TEST_F(ImportRules, NoteAndCountALeak) { // RFC 9234 §5
  settings.role = bgp_role::provider;
  auto i = make();
  EXPECT_FALSE(i.update(announcement(with_otc(peer_as), {"20.0.0.0/8"})));
  ASSERT_EQ(i.notes().size(), 1U);
  EXPECT_EQ(i.notes()[0].attribute, 35);
  EXPECT_EQ(i.notes()[0].verdict, protocol::verdict::accept);
  EXPECT_EQ(i.counters().leaks, 1U);
  EXPECT_EQ(i.counters().rejected, 1U);
  EXPECT_EQ(i.counters().loops, 0U);
}

TEST_F(ImportRules, AddOtcToASetOnce) {
  settings.role = bgp_role::customer;
  auto i = make();
  const auto body = announcement(route({peer_as, 5}), {"20.0.0.0/8"});
  EXPECT_FALSE(i.update(body));
  EXPECT_FALSE(i.update(body));
  EXPECT_EQ(i.counters().pool_hits, 1U);
  EXPECT_EQ(pool.stats().sets, 2U); // as received and with OTC
  const auto batches = i.take(1);
  ASSERT_EQ(batches.at(0).batch->ipv4.runs.size(), 1U);
}

TEST_F(ImportRules, AddOtcToIpv6RoutesToo) { // RFC 9234 §5
  settings.role = bgp_role::peer;
  auto i = make();
  EXPECT_FALSE(i.update(announcement(route({peer_as}, "2001:db8::1"),
                                     {"3fff::/20"}, ipv6_unicast)));
  const auto batches = i.take(1);
  const auto set = batches.at(0).batch->ipv6.runs.at(0).attributes;
  EXPECT_EQ(wire::decode_canonical(pool[set].bytes()).only_to_customer,
            peer_as);
}

TEST_F(ImportRules, AddOtcBeforeAPolicyThatLooksAtPrefixes) {
  settings.role = bgp_role::customer;
  const policy_library library;
  settings.families[ipv4_unicast].policy = *library.make(
      {prefix_list{{prefix_range::exactly(*prefix::parse("20.0.0.0/8"))}}});
  EXPECT_EQ(kept(route({peer_as})).only_to_customer, peer_as);
}

TEST_F(ImportRules, GiveBackWhatTheyTagged) {
  settings.role = bgp_role::customer;
  {
    auto i = make();
    for (protocol::as_number as = 1; as != 50; ++as)
      EXPECT_FALSE(
          i.update(announcement(route({peer_as, as}), {"20.0.0.0/8"})));
    i.change(settings);
    EXPECT_FALSE(i.update(announcement(route({peer_as, 7}), {"20.0.0.0/8"})));
  }
  EXPECT_EQ(pool.stats().sets, 0U);
}

// RFC 9234 §5: the malformed attribute withdraws (RFC 7606 §2).
TEST_F(ImportRules, TreatAMalformedOtcAsWithdrawal) {
  settings.role = bgp_role::customer;
  auto body = announcement(with_otc(5), {"20.0.0.0/8"});
  // OTC is the last attribute, four octets before a prefix of two.
  const auto length = body.size() - 2 - 5;
  ASSERT_EQ(body.at(length + 0), 4U);
  body[length] = 3;
  body.erase(body.end() - 3);
  --body[3];
  const auto r = ipv4(body);
  EXPECT_EQ(r.runs.at(0).attributes, attribute_ref::none);
}

// -- loops --------------------------------------------------------------------

// RFC 4271 §9.1.2, with as many turns as the operator allows.
TEST_F(ImportRules, CountOurOwnAsUpToWhatIsAllowed) {
  for (unsigned allowed = 0; allowed <= 3; ++allowed) {
    settings.allow_own_as = allowed;
    for (unsigned times = 0; times <= 4; ++times) {
      auto a = route({peer_as, 9});
      a.as_path.prepend(own_as, times);
      a.as_path.prepend(peer_as);
      EXPECT_EQ(rejects(a), times > allowed) << times << " of " << allowed;
    }
  }
}

TEST_F(ImportRules, CountEveryAsNumberOfOurs) {
  settings.further_own_as = {64999};
  EXPECT_TRUE(rejects(route({peer_as, own_as})));
  EXPECT_TRUE(rejects(route({peer_as, 64999})));
  settings.allow_own_as = 1;
  EXPECT_FALSE(rejects(route({peer_as, own_as})));
  EXPECT_FALSE(rejects(route({peer_as, 64999})));
  EXPECT_TRUE(rejects(route({peer_as, 64999, own_as})));
}

TEST_F(ImportRules, FindOurAsInASetToo) {
  auto a = route({});
  const std::vector<wire::as_segment> segments{
      {wire::segment_type::as_sequence, {peer_as}},
      {wire::segment_type::as_set, {7, own_as}}};
  a.as_path = wire::as_path{std::span<const wire::as_segment>{segments}};
  EXPECT_TRUE(rejects(a));
}

// An UPDATE whose announcements loop still withdraws what it withdraws, and
// replaces what it replaces (RFC 4271 §9.1.2: the route is not eligible, the
// older one is gone by §3.1).
TEST_F(ImportRules, LetALoopWithdrawAndReplaceAsItSays) {
  shard_table table{pool};
  table.neighbor_up(settings.neighbor);
  auto i = make();
  const auto tell = [&](const bytes& body) {
    EXPECT_FALSE(i.update(body));
    for (const auto& each : i.take(1))
      table.apply(*each.batch, 0);
  };
  const auto rows = [&](route_view view) {
    return table.query({.view = view}).rows;
  };
  tell(announcement(route({peer_as}),
                    {"20.0.0.0/8", "21.0.0.0/8", "22.0.0.0/8"}));
  EXPECT_EQ(rows(route_view::loc).size(), 3U);
  // Withdraws 20/8 and announces 21/8 through us.
  const auto loop = announcement(route({peer_as, own_as}), {"21.0.0.0/8"});
  bytes body{0, 2, 8, 20};
  body.insert(body.end(), loop.begin() + 2, loop.end());
  tell(body);
  const auto left = rows(route_view::loc);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].prefix, prefix::parse("22.0.0.0/8"));
  const auto rejected = rows(route_view::rejected);
  ASSERT_EQ(rejected.size(), 1U);
  EXPECT_EQ(rejected[0].prefix, prefix::parse("21.0.0.0/8"));
  const auto held = table.counts(neighbor_index{1}, ipv4_unicast);
  EXPECT_EQ(held.received, 2U);
  EXPECT_EQ(held.accepted, 1U);
  // The way out of the loop is the route again.
  tell(announcement(route({peer_as, 4}), {"21.0.0.0/8"}));
  EXPECT_EQ(rows(route_view::loc).size(), 2U);
  EXPECT_EQ(table.check(), "");
}

// -- next hops ----------------------------------------------------------------

struct hop_case {
  const char* next_hop;
  bool usable;               ///< on a session that is no loopback
  bool usable_over_loopback; ///< on one between loopback addresses
  bool is_malformed = false; ///< withdrawn: no host address (RFC 7606 §7.3)
};

// RFC 4271 §5.1.3 and §6.3: such a route is ignored, the session goes on.
TEST_F(ImportRules, IgnoreRoutesToANextHopThatLeadsNowhere) {
  const hop_case cases[] = {
      {"10.0.0.1", true, true},
      {"192.0.2.1", false, false}, // our own
      {"127.0.0.1", false, true},
      {"127.255.255.254", false, true},
      {"128.0.0.1", true, true},
      {"223.255.255.1", true, true},
      {"0.0.0.0", false, false, true},
      {"0.1.2.3", false, false, true},
      {"224.0.0.1", false, false, true},
      {"239.1.1.1", false, false, true},
      {"240.0.0.1", false, false, true},
      {"255.255.255.255", false, false, true},
  };
  for (const auto& c : cases)
    for (const bool loopback : {false, true}) {
      settings.neighbor.address =
          *ip_address::parse(loopback ? "127.0.0.2" : "10.0.0.2");
      const auto r = run(route({peer_as}, c.next_hop));
      SCOPED_TRACE(c.next_hop);
      EXPECT_EQ(r.attributes == attribute_ref::none, c.is_malformed);
      if (c.is_malformed)
        continue;
      EXPECT_EQ(r.flags == 0, loopback ? c.usable_over_loopback : c.usable);
      EXPECT_EQ(notes.empty(), r.flags == 0);
    }
}

TEST_F(ImportRules, IgnoreIpv6RoutesToANextHopThatLeadsNowhere) {
  settings.local_address = *ip_address::parse("2001:db8::9");
  const hop_case cases[] = {
      {"2001:db8::1", true, true},
      {"2001:db8::9", false, false}, // our own
      {"fe80::1", true, true},
      {"::1", false, true},
      {"::ffff:192.0.2.7", false, false},
      {"::", false, false, true},
      {"ff02::1", false, false, true},
  };
  for (const auto& c : cases)
    for (const bool loopback : {false, true}) {
      settings.neighbor.address =
          *ip_address::parse(loopback ? "::1" : "2001:db8::2");
      SCOPED_TRACE(c.next_hop);
      auto i = make();
      EXPECT_FALSE(i.update(announcement(route({peer_as}, c.next_hop),
                                         {"3fff::/20"}, ipv6_unicast)));
      const auto batches = i.take(1);
      const auto& r = batches.at(0).batch->ipv6.runs.at(0);
      EXPECT_EQ(r.attributes == attribute_ref::none, c.is_malformed);
      if (c.is_malformed)
        continue;
      const bool usable = loopback ? c.usable_over_loopback : c.usable;
      EXPECT_EQ(r.flags == 0, usable);
      EXPECT_EQ(i.counters().bad_next_hops, usable ? 0U : 1U);
      EXPECT_EQ(i.counters().loops, 0U);
    }
}

// -- the first AS -------------------------------------------------------------

// RFC 4271 §6.3 with RFC 7606 §7.2; RFC 5065 §5: a confederation's segment of
// an external peer is malformed, also where another session made it known.
TEST_F(ImportRules, RefuseAConfederationInFrontOfAnExternalPath) {
  auto a = route({});
  const std::vector<wire::as_segment> segments{
      {wire::segment_type::confed_sequence, {64512}},
      {wire::segment_type::as_sequence, {peer_as}}};
  a.as_path = wire::as_path{std::span<const wire::as_segment>{segments}};
  settings.neighbor.kind = protocol::peer_kind::internal;
  EXPECT_NE(run(a).attributes, attribute_ref::none);
  settings.neighbor.kind = protocol::peer_kind::external;
  EXPECT_EQ(run(a).attributes, attribute_ref::none);
  ASSERT_FALSE(notes.empty());
  EXPECT_EQ(notes[0].verdict, protocol::verdict::treat_as_withdraw);
}

TEST_F(ImportRules, WantTheFirstAsInASequence) { // RFC 4271 §6.3
  auto a = route({});
  EXPECT_EQ(run(a).attributes, attribute_ref::none); // an empty path
  const std::vector<wire::as_segment> set{
      {wire::segment_type::as_set, {peer_as}}};
  a.as_path = wire::as_path{std::span<const wire::as_segment>{set}};
  EXPECT_EQ(run(a).attributes, attribute_ref::none);
  settings.neighbor.kind = protocol::peer_kind::internal;
  EXPECT_NE(run(route({77})).attributes, attribute_ref::none);
}

// -- graceful shutdown --------------------------------------------------------

TEST_F(ImportRules, MakeARouteThatIsShutDownTheLastChoice) { // RFC 8326 §4.2
  EXPECT_EQ(kept(shut_down_route()).local_pref, 0U);
  EXPECT_EQ(kept(shut_down_route()).communities.size(), 1U);
  EXPECT_EQ(kept(route({peer_as})).local_pref, std::nullopt);
  settings.honor_graceful_shutdown = false;
  EXPECT_EQ(kept(shut_down_route()).local_pref, std::nullopt);
  settings.honor_graceful_shutdown = true;
  settings.neighbor.kind = protocol::peer_kind::internal;
  auto a = shut_down_route();
  a.local_pref = 70;
  EXPECT_EQ(kept(a).local_pref, 70U);
}

TEST_F(ImportRules, ShutDownAllOfASessionThatWeAreAboutToEnd) { // 8326 §4
  settings.graceful_shutdown = true;
  EXPECT_EQ(kept(route({peer_as})).local_pref, 0U);
  settings.honor_graceful_shutdown = false;
  EXPECT_EQ(kept(route({peer_as})).local_pref, 0U);
  settings.neighbor.kind = protocol::peer_kind::internal;
  auto a = route({peer_as});
  a.local_pref = 70;
  EXPECT_EQ(kept(a).local_pref, 70U);
}

TEST_F(ImportRules, ShutDownBehindThePolicy) { // RFC 8326 §4
  policy_rule rule;
  rule.set.local_pref = 300;
  rule.then = policy_action::accept;
  const policy_library library{{{"up", policy_definition{{rule}}}}};
  settings.families[ipv4_unicast].policy = *library.make({policy_name{"up"}});
  EXPECT_EQ(kept(shut_down_route()).local_pref, 0U);
  EXPECT_EQ(kept(route({peer_as})).local_pref, 300U);
  settings.families[ipv4_unicast].policy = policy_chain::reject_all();
  EXPECT_TRUE(rejects(shut_down_route()));
}

TEST_F(ImportRules, ShutDownWhatAPolicyTagsOrNotWhatItCleans) {
  const auto gshut = *community_pattern::parse("65535:0");
  policy_rule rule;
  rule.then = policy_action::accept;
  rule.set.communities.add = {gshut};
  const auto policy_of = [&] {
    const policy_library library{{{"p", policy_definition{{rule}}}}};
    return *library.make({policy_name{"p"}});
  };
  settings.families[ipv4_unicast].policy = policy_of();
  EXPECT_EQ(kept(route({peer_as})).local_pref, 0U);
  rule.set.communities = {};
  rule.set.communities.remove = {gshut};
  settings.families[ipv4_unicast].policy = policy_of();
  EXPECT_EQ(kept(shut_down_route()).local_pref, std::nullopt);
}

// -- AIGP ---------------------------------------------------------------------

TEST_F(ImportRules, TakeAigpOnlyWhereItIsSpoken) { // RFC 7311 §3.3
  auto a = route({peer_as});
  a.aigp = 40;
  settings.aigp = true;
  EXPECT_EQ(kept(a).aigp, 40U);
  EXPECT_NE(summary(run(a).attributes).flags & attribute_flag::has_aigp, 0);
  // The set is known now, and still is not this session's.
  settings.aigp = false;
  EXPECT_EQ(kept(a).aigp, std::nullopt);
  EXPECT_EQ(summary(run(a).attributes).flags & attribute_flag::has_aigp, 0);
  EXPECT_TRUE(notes.empty());
}

} // namespace troupe::rib
