#include "rib/policy.hpp"

#include "protocol/check.hpp"

#include <gmock/gmock.h>

#include <functional>

namespace troupe::rib {
namespace {

using protocol::ip_address;
using protocol::wire::as_path;
using protocol::wire::as_segment;
using protocol::wire::path_attributes;
using protocol::wire::segment_type;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

protocol::prefix prefix(const char* text) {
  return *protocol::prefix::parse(text);
}

prefix_list prefixes(std::initializer_list<const char*> texts) {
  std::vector<prefix_range> ranges;
  for (const auto* text : texts)
    ranges.push_back(*prefix_range::parse(text));
  return prefix_list{ranges};
}

path_attributes route() {
  path_attributes a;
  a.as_path = as_path{std::vector<protocol::as_number>{65001, 65002, 65003}};
  a.next_hop = ip_address::parse("10.0.0.1");
  a.communities = {{65001U << 16 | 5}, {65001U << 16 | 6}};
  a.large_communities = {{65001, 1, 2}};
  return a;
}

/// A neighbour's route and all that a policy sees of it.
struct world {
  protocol::prefix to = prefix("192.0.2.0/24");
  path_attributes attributes = route();
  neighbor_facts source{};
  protocol::as_number prepend_as = 65001;

  world() { source.name = "n1"; }
  policy_input input() const { return {&to, attributes, source, prepend_as}; }
};

/// A chain of one policy "p" of these rules.
policy_chain chain_of(std::vector<policy_rule> rules) {
  const policy_library library{{{"p", {std::move(rules)}}}};
  return *library.make({policy_name{"p"}});
}

policy_rule accept_if(policy_match match) {
  policy_rule rule;
  rule.match = std::move(match);
  rule.then = policy_action::accept;
  return rule;
}

policy_match with_path(std::string expression) {
  policy_match match;
  match.as_path = std::move(expression);
  return match;
}

bool accepts(const policy_match& match, const world& w) {
  return chain_of({accept_if(match)}).evaluate(w.input()).accepted;
}

// -- chains -------------------------------------------------------------------

TEST(PolicyChain, RejectsAllByDefault) {
  const policy_chain chain;
  EXPECT_TRUE(chain.rejects_all());
  EXPECT_FALSE(chain.accepts_all());
  const auto result = chain.evaluate(world{}.input());
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.decided_by, "end of policy");
}

TEST(PolicyChain, AcceptsOrRejectsAll) {
  const auto all = policy_chain::accept_all();
  EXPECT_TRUE(all.accepts_all());
  EXPECT_FALSE(all.rejects_all());
  EXPECT_FALSE(all.depends_on_prefix());
  EXPECT_TRUE(all.evaluate(world{}.input()).accepted);
  EXPECT_EQ(all.evaluate(world{}.input()).decided_by, "accept");
  const auto none = policy_chain::reject_all();
  EXPECT_TRUE(none.rejects_all());
  EXPECT_FALSE(none.evaluate(world{}.input()).accepted);
  EXPECT_EQ(none.evaluate(world{}.input()).decided_by, "reject");
}

TEST(PolicyChain, AcceptsTheListedPrefixesAndLetsOthersGoOn) {
  const policy_library library{{}};
  const auto chain = *library.make({prefixes({"192.0.2.0/24"})});
  EXPECT_TRUE(chain.depends_on_prefix());
  world w;
  EXPECT_TRUE(chain.evaluate(w.input()).accepted);
  EXPECT_EQ(chain.evaluate(w.input()).decided_by, "allow");
  w.to = prefix("192.0.2.0/25");
  EXPECT_EQ(chain.evaluate(w.input()).decided_by, "end of policy");
  const auto longer =
      *library.make({prefixes({"10.0.0.0/8"}), policy_action::accept});
  EXPECT_EQ(longer.evaluate(w.input()).decided_by, "accept");
}

TEST(PolicyChain, NamesTheRuleThatDecided) {
  policy_rule named = accept_if({});
  named.name = "all others";
  policy_rule first;
  first.match.communities = {{*community_pattern::parse("1:1")}};
  first.then = policy_action::reject;
  const auto chain = chain_of({first, named});
  world w;
  EXPECT_EQ(chain.evaluate(w.input()).decided_by, "p[1] all others");
  w.attributes.communities = {{1U << 16 | 1}};
  const auto result = chain.evaluate(w.input());
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.decided_by, "p[0]");
}

TEST(PolicyChain, TriesOnePolicyAfterTheOther) {
  policy_rule tag;
  tag.set.local_pref = 7;
  const policy_library library{
      {{"tag", {{tag}}}, {"empty", {}}, {"all", {{accept_if({})}}}}};
  const auto chain = *library.make(
      {policy_name{"tag"}, policy_name{"empty"}, policy_name{"all"}});
  const auto result = chain.evaluate(world{}.input());
  EXPECT_TRUE(result.accepted);
  EXPECT_EQ(result.decided_by, "all[0]");
  ASSERT_TRUE(result.modified);
  EXPECT_EQ(result.modified->local_pref, 7U);
  EXPECT_EQ(library.make({policy_name{"nobody"}}), std::nullopt);
}

TEST(PolicyChain, KnowsWhatItDependsOn) {
  policy_match by_prefix;
  by_prefix.prefixes = prefixes({"10.0.0.0/8"});
  policy_match by_neighbor;
  by_neighbor.neighbor = {{"n1"}};
  policy_match by_source;
  by_source.source = {{route_source_kind::local}};
  EXPECT_TRUE(chain_of({accept_if(by_prefix)}).depends_on_prefix());
  EXPECT_FALSE(chain_of({accept_if(by_prefix)}).depends_on_source());
  EXPECT_TRUE(chain_of({accept_if(by_neighbor)}).depends_on_source());
  EXPECT_TRUE(chain_of({accept_if(by_source)}).depends_on_source());
  EXPECT_FALSE(chain_of({accept_if(by_source)}).depends_on_prefix());
  // What stands behind a decision for all is never reached.
  const auto cut = chain_of({accept_if({}), accept_if(by_prefix)});
  EXPECT_FALSE(cut.depends_on_prefix());
  EXPECT_TRUE(cut.accepts_all());
}

TEST(PolicyChain, DoesNotClaimToAcceptAllWhereItChangesOrMayReject) {
  policy_rule changing = accept_if({});
  changing.set.med = 1;
  EXPECT_FALSE(chain_of({changing}).accepts_all());
  policy_rule rejecting = accept_if({});
  rejecting.match.as_path = "x";
  rejecting.then = policy_action::reject;
  EXPECT_FALSE(chain_of({rejecting, accept_if({})}).accepts_all());
  EXPECT_TRUE(chain_of({rejecting}).rejects_all());
  policy_rule conditional = accept_if({});
  conditional.match.as_path = "x";
  EXPECT_FALSE(chain_of({conditional}).rejects_all());
  EXPECT_FALSE(chain_of({conditional}).accepts_all());
}

TEST(PolicyChain, MustBeGivenThePrefixItDependsOn) {
  policy_match match;
  match.prefixes = prefixes({"10.0.0.0/8"});
  const auto chain = chain_of({accept_if(match)});
  world w;
  auto input = w.input();
  input.prefix = nullptr;
  EXPECT_THROW(chain.evaluate(input), check_failure);
}

TEST(PolicyChain, IsEqualByWhatItDoes) {
  policy_match match;
  match.prefixes = prefixes({"10.0.0.0/8", "::/0+"});
  match.as_path = "^1";
  policy_rule rule = accept_if(match);
  const auto one = chain_of({rule});
  const auto same = chain_of({rule});
  EXPECT_EQ(one, same);
  EXPECT_EQ(one.hash(), same.hash());
  rule.match.prefixes = prefixes({"10.0.0.0/8", "::/0"});
  EXPECT_NE(one, chain_of({rule}));
  EXPECT_NE(one.hash(), chain_of({rule}).hash());
  EXPECT_NE(policy_chain::accept_all(), policy_chain::reject_all());
  EXPECT_EQ(policy_chain{}, policy_chain{});
}

TEST(PolicyChain, HasTheSameHashInEveryRun) {
  EXPECT_EQ(policy_chain::accept_all().hash(), 7002719415819255809U);
}

TEST(PolicyChain, DiffersWhereAnyFieldOfARuleDiffers) {
  const std::vector<std::function<void(policy_rule&)>> edits = {
      [](auto& r) { r.name = "x"; },
      [](auto& r) { r.match.prefixes = prefix_list{}; },
      [](auto& r) { r.match.as_path = "x"; },
      [](auto& r) { r.match.communities.emplace(); },
      [](auto& r) { r.match.large_communities.emplace(); },
      [](auto& r) { r.match.origin_as.emplace(); },
      [](auto& r) { r.match.neighbor.emplace(); },
      [](auto& r) { r.match.next_hop.emplace(); },
      [](auto& r) { r.match.source.emplace(); },
      [](auto& r) { r.set.local_pref = 1; },
      [](auto& r) { r.set.med = 1; },
      [](auto& r) { r.set.communities.set.emplace(); },
      [](auto& r) { r.set.communities.add.emplace_back(); },
      [](auto& r) { r.set.communities.remove.emplace_back(); },
      [](auto& r) { r.set.large_communities.set.emplace(); },
      [](auto& r) { r.set.large_communities.add.emplace_back(); },
      [](auto& r) { r.set.large_communities.remove.emplace_back(); },
      [](auto& r) { r.set.prepend = 1; },
      [](auto& r) { r.set.next_hop = ip_address{}; },
      [](auto& r) { r.then = policy_action::reject; }};
  std::vector<policy_chain> chains{chain_of({policy_rule{}})};
  for (const auto& edit : edits) {
    policy_rule rule;
    edit(rule);
    chains.push_back(chain_of({rule}));
  }
  for (std::size_t i = 0; i < chains.size(); ++i)
    for (std::size_t j = 0; j < chains.size(); ++j) {
      EXPECT_EQ(chains[i] == chains[j], i == j) << i << ' ' << j;
      EXPECT_EQ(chains[i].hash() == chains[j].hash(), i == j);
    }
}

TEST(PolicyLibrary, ToldWhichExpressionIsWrong) {
  policy_rule wrong;
  wrong.match.as_path = "(1";
  const std::map<std::string, policy_definition> definitions = {
      {"good", {{accept_if({})}}}, {"bad", {{accept_if({}), wrong}}}};
  const auto errors = policy_library::check(definitions);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].policy, "bad");
  EXPECT_EQ(errors[0].rule, 1U);
  EXPECT_EQ(errors[0].field, "match.as_path");
  EXPECT_THROW(policy_library{definitions}, check_failure);
}

// -- match --------------------------------------------------------------------

TEST(PolicyMatch, LooksAtThePrefix) {
  policy_match match;
  match.prefixes = prefixes({"192.0.2.0/24", "10.0.0.0/8+"});
  world w;
  EXPECT_TRUE(accepts(match, w));
  w.to = prefix("10.1.0.0/16");
  EXPECT_TRUE(accepts(match, w));
  w.to = prefix("192.0.3.0/24");
  EXPECT_FALSE(accepts(match, w));
}

TEST(PolicyMatch, SearchesThePathAsText) {
  world w;
  for (const auto* expression :
       {"^65001 ", " 65003$", "\\b65002\\b", "^65001 65002 65003$"})
    EXPECT_TRUE(accepts(with_path(expression), w)) << expression;
  for (const auto* expression : {"^65002", "6500$", "\\b6500\\b"})
    EXPECT_FALSE(accepts(with_path(expression), w)) << expression;
  w.attributes.as_path = as_path{};
  EXPECT_TRUE(accepts(with_path("^$"), w));
  w.attributes.as_path = as_path{std::vector<as_segment>{
      {segment_type::as_sequence, {1}}, {segment_type::as_set, {2, 3}}}};
  EXPECT_TRUE(accepts(with_path("^1 \\{2,3\\}$"), w));
}

TEST(PolicyMatch, LooksForAnyOfTheCommunities) {
  const auto match = [](std::initializer_list<const char*> texts) {
    policy_match m;
    m.communities.emplace();
    for (const auto* text : texts)
      m.communities->push_back(*community_pattern::parse(text));
    return m;
  };
  const world w;
  EXPECT_TRUE(accepts(match({"65001:5"}), w));
  EXPECT_TRUE(accepts(match({"1:1", "65001:*"}), w));
  EXPECT_TRUE(accepts(match({"*:6"}), w));
  EXPECT_FALSE(accepts(match({"65001:7", "65002:*"}), w));
  EXPECT_FALSE(accepts(match({}), w));
}

TEST(PolicyMatch, LooksForAnyOfTheLargeCommunities) {
  const auto match = [](const char* text) {
    policy_match m;
    m.large_communities = {{*large_community_pattern::parse(text)}};
    return m;
  };
  const world w;
  for (const auto* text : {"65001:1:2", "*:1:2", "65001:*:2", "65001:1:*"})
    EXPECT_TRUE(accepts(match(text), w)) << text;
  for (const auto* text : {"65002:1:2", "65001:2:2", "65001:1:3", "*:*:1"})
    EXPECT_FALSE(accepts(match(text), w)) << text;
}

TEST(PolicyMatch, LooksAtTheOriginOfThePath) {
  policy_match match;
  match.origin_as = {{{65003, 65010}}};
  world w;
  EXPECT_TRUE(accepts(match, w));
  w.attributes.as_path = as_path{std::vector<protocol::as_number>{65003, 1}};
  EXPECT_FALSE(accepts(match, w));
  w.attributes.as_path = as_path{}; // the speaker's own AS stands for it
  EXPECT_FALSE(accepts(match, w));
  w.prepend_as = 65010;
  EXPECT_TRUE(accepts(match, w));
  w.attributes.as_path =
      as_path{std::vector<as_segment>{{segment_type::as_set, {65003}}}};
  EXPECT_FALSE(accepts(match, w));
}

TEST(PolicyMatch, LooksAtTheNeighborItCameFrom) {
  policy_match match;
  match.neighbor = {{"n1", "range"}};
  world w;
  EXPECT_TRUE(accepts(match, w));
  w.source.name = "n10";
  EXPECT_FALSE(accepts(match, w));
  w.source.name = "range@10.0.0.1";
  EXPECT_TRUE(accepts(match, w));
  w.source.name = "n1";
  w.source.source = source_kind::local;
  EXPECT_FALSE(accepts(match, w));
}

TEST(PolicyMatch, LooksAtTheKindOfItsSource) {
  const auto match = [](route_source_kind kind) {
    policy_match m;
    m.source = {{kind}};
    return m;
  };
  const auto kinds = {route_source_kind::local, route_source_kind::internal,
                      route_source_kind::external};
  world w;
  const auto holds_only = [&](route_source_kind expected) {
    for (const auto kind : kinds)
      EXPECT_EQ(accepts(match(kind), w), kind == expected);
  };
  holds_only(route_source_kind::external);
  w.source.kind = protocol::peer_kind::internal;
  holds_only(route_source_kind::internal);
  for (const auto source : {source_kind::local, source_kind::fixed,
                            source_kind::api, source_kind::kernel}) {
    w.source.source = source;
    holds_only(route_source_kind::local);
  }
}

TEST(PolicyMatch, LooksAtTheNextHop) {
  policy_match match;
  match.next_hop = {{prefix("10.0.0.0/24"), prefix("2001:db8::/32")}};
  world w;
  EXPECT_TRUE(accepts(match, w));
  w.attributes.next_hop = ip_address::parse("2001:db8::1");
  EXPECT_TRUE(accepts(match, w));
  w.attributes.next_hop = ip_address::parse("10.0.1.1");
  EXPECT_FALSE(accepts(match, w));
  w.attributes.next_hop.reset();
  EXPECT_FALSE(accepts(match, w));
}

TEST(PolicyMatch, AsksForEveryFieldThatIsThere) {
  policy_match match;
  match.prefixes = prefixes({"192.0.2.0/24"});
  match.as_path = "^65001";
  EXPECT_TRUE(accepts(match, {}));
  match.communities = {{*community_pattern::parse("1:1")}};
  EXPECT_FALSE(accepts(match, {}));
}

// -- set ----------------------------------------------------------------------

policy_set setting(const std::function<void(policy_set&)>& edit) {
  policy_set set;
  edit(set);
  return set;
}

/// What is left of the route after a rule that sets this.
policy_result after(const policy_set& set, const world& w = {}) {
  auto rule = accept_if({});
  rule.set = set;
  const auto chain = chain_of({rule});
  auto result = chain.evaluate(w.input());
  result.decided_by = {};
  return result;
}

TEST(PolicySet, SetsPreferenceAndMed) {
  const auto result = after(setting([](auto& s) {
    s.local_pref = 7;
    s.med = 8;
  }));
  ASSERT_TRUE(result.modified);
  auto expected = route();
  expected.local_pref = 7;
  expected.med = 8;
  EXPECT_EQ(*result.modified, expected);
}

TEST(PolicySet, SaysNothingWhereNothingChanged) {
  world w;
  w.attributes.med = 8;
  EXPECT_FALSE(after(setting([](auto& s) { s.med = 8; }), w).modified);
  EXPECT_FALSE(after({}, w).modified);
}

TEST(PolicySet, ReplacesThenRemovesThenAddsCommunities) {
  policy_set set;
  set.communities.set = {{*community_pattern::parse("1:1"),
                          *community_pattern::parse("1:2"),
                          *community_pattern::parse("1:1")}};
  set.communities.remove = {*community_pattern::parse("*:2")};
  set.communities.add = {*community_pattern::parse("3:2"),
                         *community_pattern::parse("1:1")};
  const auto result = after(set);
  ASSERT_TRUE(result.modified);
  EXPECT_THAT(result.modified->communities,
              ElementsAre(protocol::wire::community{1U << 16 | 1},
                          protocol::wire::community{3U << 16 | 2}));
}

TEST(PolicySet, EditsLargeCommunities) {
  policy_set set;
  set.large_communities.remove = {*large_community_pattern::parse("*:1:*")};
  set.large_communities.add = {*large_community_pattern::parse("9:8:7")};
  const auto result = after(set);
  ASSERT_TRUE(result.modified);
  EXPECT_THAT(result.modified->large_communities,
              ElementsAre(protocol::wire::large_community{9, 8, 7}));
}

TEST(PolicySet, PrependsTheSpeakersAs) {
  const auto result = after(setting([](auto& s) { s.prepend = 2; }));
  ASSERT_TRUE(result.modified);
  EXPECT_EQ(to_string(result.modified->as_path),
            "65001 65001 65001 65002 65003");
}

TEST(PolicySet, SetsANextHopOfTheSameFamilyOnly) {
  world w;
  w.attributes.link_local_next_hop = ip_address::parse("fe80::1");
  const auto v4 = after(
      setting([](auto& s) { s.next_hop = ip_address::parse("10.0.0.9"); }), w);
  ASSERT_TRUE(v4.modified);
  EXPECT_EQ(v4.modified->next_hop, ip_address::parse("10.0.0.9"));
  EXPECT_FALSE(v4.modified->link_local_next_hop);
  EXPECT_FALSE(
      after(setting([](auto& s) { s.next_hop = ip_address::parse("::9"); }), w)
          .modified);
  w.attributes.next_hop.reset();
  EXPECT_TRUE(
      after(setting([](auto& s) { s.next_hop = ip_address::parse("::9"); }), w)
          .modified);
}

TEST(PolicySet, IsSeenByLaterRules) {
  policy_rule tag;
  tag.set.communities.add = {*community_pattern::parse("9:9")};
  tag.set.prepend = 1;
  policy_match match;
  match.communities = {{*community_pattern::parse("9:9")}};
  match.as_path = "^65001 65001 ";
  const auto chain = chain_of({tag, accept_if(match)});
  EXPECT_EQ(chain.evaluate(world{}.input()).decided_by, "p[1]");
}

TEST(PolicySet, IsForgottenWhenTheRouteIsRejected) {
  policy_rule rule;
  rule.set.med = 1;
  rule.then = policy_action::reject;
  EXPECT_FALSE(chain_of({rule}).evaluate(world{}.input()).modified);
}

TEST(PolicySet, AppliesOnlyWhereTheRuleMatches) {
  policy_rule rule = accept_if(with_path("nobody"));
  rule.set.med = 1;
  const auto result = chain_of({rule, accept_if({})}).evaluate(world{}.input());
  EXPECT_TRUE(result.accepted);
  EXPECT_FALSE(result.modified);
}

} // namespace
} // namespace troupe::rib
