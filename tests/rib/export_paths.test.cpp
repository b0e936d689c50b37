#include "rib/export_paths.hpp"

#include "rib/policy_definition.hpp"
#include "tests/rib/export_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::rib::testing {
namespace {

using namespace protocol;
using events = std::vector<std::string>;

constexpr auto net = "10.0.0.0/8";

export_world::options several(std::uint16_t paths) {
  export_world::options o;
  auto& how = o.settings.families[ipv4_unicast];
  how.add_path = true;
  how.paths = paths;
  return o;
}

export_world::options per_client() {
  export_world::options o;
  o.settings.families[ipv4_unicast].per_client = true;
  return o;
}

/// The members 1, 2 and 3 are up to date, and so they are after each step.
class paths_world : public export_world {
public:
  explicit paths_world(const export_world::options& o) : export_world(o) {
    for (const unsigned n : {1U, 2U, 3U})
      join(n);
    settle();
  }
  attribute_ref path(as_number as) { return set(simple_path(as)); }
  void say(const std::vector<std::pair<attribute_ref, unsigned>>& candidates) {
    rank(net, candidates);
    collect(0);
    deliver();
    EXPECT_EQ(check_ids(), "") << "before anybody reads of it";
    settle();
    EXPECT_EQ(compare(), "");
    EXPECT_EQ(check_ids(), "");
  }
  /// What a member heard since the last call, but in which order.
  events heard(unsigned neighbor) {
    auto all = std::exchange(peer(neighbor).events, {});
    std::sort(all.begin(), all.end());
    return all;
  }
};

// -- ADD-PATH -----------------------------------------------------------------

TEST(ExportPaths, TellSeveralPathsEachUnderAnIdOfItsOwn) { // RFC 7911 §2
  paths_world w{several(export_family::all_paths)};
  w.say({{w.path(65001), 1}, {w.path(65002), 2}, {w.path(65009), 9}});
  EXPECT_EQ(w.heard(3),
            (events{"+10.0.0.0/8#1", "+10.0.0.0/8#2", "+10.0.0.0/8#3"}));
  EXPECT_EQ(w.heard(1), (events{"+10.0.0.0/8#2", "+10.0.0.0/8#3"}));
  // The ranks change, and one path: the others are not told again.
  w.say({{w.path(65009), 9}, {w.path(75001), 1}, {w.path(65002), 2}});
  EXPECT_EQ(w.heard(3), events{"+10.0.0.0/8#1"});
  EXPECT_EQ(w.heard(1), events{});
  // One goes: by its id.
  w.say({{w.path(65009), 9}, {w.path(75001), 1}});
  EXPECT_EQ(w.heard(3), events{"-10.0.0.0/8#2"});
  EXPECT_EQ(w.heard(2),
            (events{"+10.0.0.0/8#1", "+10.0.0.0/8#1", "+10.0.0.0/8#3"}));
  w.say({});
  EXPECT_EQ(w.peer(3).paths.size(), 0U);
}

TEST(ExportPaths, WithdrawAPathThatIsNotAmongTheBestAnyMore) {
  paths_world w{several(2)};
  const auto a = w.path(65001);
  const auto b = w.path(65002);
  const auto c = w.path(65009);
  w.say({{a, 1}, {b, 2}, {c, 9}});
  w.heard(3);
  w.say({{c, 9}, {a, 1}, {b, 2}});
  EXPECT_EQ(w.heard(3), (events{"+10.0.0.0/8#3", "-10.0.0.0/8#2"}));
  EXPECT_EQ(w.peer(2).paths.at(*prefix::parse(net)).size(), 2U);
}

TEST(ExportPaths, CountOnlyThoseThatTheExportPolicyAccepts) {
  paths_world w{several(2)};
  auto barred = simple_path(65005);
  barred.communities = {wire::no_export};
  w.say({{w.set(barred), 8}, {w.path(65002), 2}, {w.path(65009), 9}});
  EXPECT_EQ(w.peer(3).paths.at(*prefix::parse(net)).size(), 2U);
}

TEST(ExportPaths, TellSeveralPathsOfOneNeighbor) {
  paths_world w{several(export_family::all_paths)};
  std::vector<best_route> all;
  for (std::uint32_t id = 40; id < 43; ++id)
    all.push_back({w.path(65000 + id), neighbor_index{9}, peer_kind::external,
                   source_kind::bgp, id});
  w.rank(*prefix::parse(net), all);
  w.settle();
  all.erase(all.begin());
  w.rank(*prefix::parse(net), all);
  w.settle();
  EXPECT_EQ(w.compare(), "");
  EXPECT_EQ(w.heard(3), (events{"+10.0.0.0/8#1", "+10.0.0.0/8#2",
                                "+10.0.0.0/8#3", "-10.0.0.0/8#1"}));
}

TEST(ExportPaths, AreTheSameForOneWhoJoinsLaterAndInARefresh) {
  paths_world w{several(export_family::all_paths)};
  w.say({{w.path(65001), 1}, {w.path(65002), 2}, {w.path(65009), 9}});
  w.say({{w.path(65001), 1}, {w.path(65009), 9}});
  w.join(4, false, true);
  w.settle();
  EXPECT_EQ(w.heard(4), (events{"+10.0.0.0/8#1", "+10.0.0.0/8#3"}));
  w.group->refresh(w.members[4].index, ipv4_unicast);
  w.group->refresh(w.members[1].index, ipv4_unicast);
  w.heard(1);
  w.settle();
  EXPECT_EQ(w.peer(4).events.front(), "<");
  EXPECT_EQ(w.peer(4).events.back(), ">");
  EXPECT_EQ(w.heard(4), (events{"+10.0.0.0/8#1", "+10.0.0.0/8#3", "<", ">"}));
  EXPECT_EQ(w.heard(1), events{"+10.0.0.0/8#3"});
  EXPECT_EQ(w.compare(), "");
}

TEST(ExportPaths, UseNoIdAgainThatASlowMemberMayKnow) {
  paths_world w{several(export_family::all_paths)};
  const auto a = w.path(65001);
  w.say({{a, 8}, {w.path(65002), 9}});
  // Member 1 reads no more; path 1 goes and another one comes.
  w.rank(net, {{w.path(65002), 9}});
  w.settle({1});
  w.rank(net, {{w.path(65002), 9}, {w.path(65007), 7}});
  w.settle({1});
  EXPECT_EQ(w.check_ids(), "");
  EXPECT_EQ(w.peer(2).paths.at(*prefix::parse(net)).count(3), 1U);
  w.settle();
  EXPECT_EQ(w.compare(), "");
  // All know that 1 is gone: it may be used for another one.
  w.say({{w.path(65002), 9}, {w.path(65007), 7}, {w.path(65006), 6}});
  EXPECT_EQ(w.peer(2).paths.at(*prefix::parse(net)).count(1), 1U);
}

TEST(ExportPaths, AreWithdrawnFromAMemberThatLostTheLog) {
  auto o = several(export_family::all_paths);
  o.limits.log_bound = 300;
  o.limits.block_size = 256;
  paths_world w{o};
  w.say({{w.path(65001), 8}, {w.path(65002), 9}});
  w.rank("11.0.0.0/8", {{w.path(65001), 8}});
  w.settle({1});
  w.pump(1, 1); // and reads nothing of what follows
  for (as_number as = 65010; as < 65020; ++as) {
    w.rank(net, {{w.path(as), as % 2 + 7}, {w.path(as + 100), 6}});
    w.settle({1});
    EXPECT_EQ(w.check_ids(), "");
  }
  w.rank(net, {{w.path(65002), 5}});
  w.settle({1});
  EXPECT_GT(w.group->statistics().resyncs, 0U);
  w.settle();
  EXPECT_EQ(w.compare(), "");
  EXPECT_EQ(w.peer(1).paths.at(*prefix::parse(net)).size(), 1U);
}

TEST(ExportPaths, OfAnotherGroupAreWithdrawnFromAMemberThatMoved) {
  paths_world w{several(2)};
  w.say({{w.path(65002), 8}});
  w.join(4, true, false, 3); // ids 1 to 3 may be known to it
  w.settle();
  EXPECT_EQ(w.heard(4),
            (events{"+10.0.0.0/8#1", "-10.0.0.0/8#2", "-10.0.0.0/8#3"}));
  EXPECT_EQ(w.group->highest_path_id(), 3U) << "for the next group";
}

TEST(ExportPaths, ThatFitNoMessageLeaveTheOthersAlone) {
  auto o = several(2);
  o.settings.max_message_size = 200;
  paths_world w{o};
  auto large = simple_path(65001);
  for (unsigned i = 0; i < 45; ++i)
    large.communities.push_back({i});
  w.say({{w.path(65001), 8}, {w.path(65002), 9}});
  w.say({{w.set(large), 8}, {w.path(65002), 9}});
  EXPECT_EQ(w.group->statistics().too_big, 1U);
  EXPECT_EQ(w.peer(1).paths.at(*prefix::parse(net)).size(), 1U);
  w.say({{w.path(65001), 8}, {w.path(65002), 9}});
  EXPECT_EQ(w.peer(1).paths.at(*prefix::parse(net)).size(), 2U);
}

// -- clients of a route server ------------------------------------------------

TEST(ExportPaths, ToAClientAreTheBestThatItMayBeTold) { // RFC 7947 §2.3
  paths_world w{per_client()};
  auto barred = simple_path(65005);
  barred.communities = {wire::no_export};
  const auto a = w.path(65001);
  const auto b = w.path(65002);
  // The best is kept from all, the next one is of member 1.
  w.say({{w.set(barred), 3}, {a, 1}, {b, 2}});
  const auto only = *prefix::parse(net);
  EXPECT_EQ(w.peer(3).table.at(only), w.peer(2).table.at(only));
  EXPECT_NE(w.peer(1).table.at(only), w.peer(2).table.at(only));
  EXPECT_EQ(w.heard(1).size() + w.heard(2).size() + w.heard(3).size(), 3U);
  // The second becomes the first one: it is what member 1 has already.
  w.say({{b, 2}, {a, 1}});
  EXPECT_EQ(w.heard(1), events{});
  EXPECT_EQ(w.heard(2), events{});
  EXPECT_EQ(w.heard(3), events{"+10.0.0.0/8"});
  // What is behind matters to none but the owner of the best one.
  w.say({{b, 2}, {w.path(75001), 1}});
  EXPECT_EQ(w.heard(2), events{"+10.0.0.0/8"});
  EXPECT_EQ(w.heard(3), events{});
  w.say({{b, 2}});
  EXPECT_EQ(w.heard(1), events{});
  EXPECT_EQ(w.heard(2), events{"-10.0.0.0/8"});
  w.say({});
  EXPECT_EQ(w.heard(2), events{});
  EXPECT_EQ(w.heard(3), events{"-10.0.0.0/8"});
}

TEST(ExportPaths, ToAClientPassThePolicyOneByOne) {
  policy_rule rule;
  rule.match.as_path = "^65001";
  rule.then = policy_action::reject;
  const policy_library library{{{"p", {{rule}}}}};
  auto o = per_client();
  o.settings.families[ipv4_unicast].policy =
      library.make({policy_name{"p"}, policy_action::accept}).value();
  paths_world w{o};
  w.rank(net, {{w.path(65001), 8}, {w.path(65002), 9}});
  w.settle();
  EXPECT_EQ(w.peer(1).table.size(), 1U);
  w.rank(net, {{w.path(65001), 8}});
  w.settle();
  EXPECT_EQ(w.peer(1).table.size(), 0U);
}

TEST(ExportPaths, ToAClientAreWithdrawnWhenItsOwnIsTheOnlyOneLeft) {
  paths_world w{per_client()};
  w.join(4);
  const auto a = w.path(65001);
  w.say({{w.path(65002), 8}});
  w.say({{a, 4}});
  EXPECT_EQ(w.heard(4), (events{"+10.0.0.0/8", "-10.0.0.0/8"}));
  EXPECT_EQ(w.heard(1), (events{"+10.0.0.0/8", "+10.0.0.0/8"}));
}

// -- ids ----------------------------------------------------------------------

told_path path_of(unsigned source, std::uint32_t id = 0) {
  told_path p;
  p.what.set = attribute_ref{1};
  p.what.source = static_cast<neighbor_index>(source);
  p.id = id;
  return p;
}

std::vector<std::uint32_t> ids(const std::vector<told_path>& paths) {
  std::vector<std::uint32_t> all;
  for (const auto& p : paths)
    all.push_back(p.id);
  return all;
}

TEST(PathIds, AreKeptByAPathAndTheLowestFreeOtherwise) {
  const std::vector now{path_of(1, 2), path_of(2, 5)};
  const std::vector before{path_of(3, 1)};
  std::uint32_t highest = 9;
  std::vector next{path_of(7), path_of(2), path_of(8), path_of(3), path_of(9)};
  assign_ids(next, {now, before, true}, highest);
  EXPECT_EQ(ids(next), (std::vector<std::uint32_t>{3, 5, 4, 1, 6}));
  EXPECT_EQ(highest, 6U);
}

TEST(PathIds, AreNewOnesWhileAnOldOneMayBeKnown) {
  const std::vector now{path_of(1, 2)};
  std::uint32_t highest = 9;
  std::vector next{path_of(7), path_of(1), path_of(8)};
  assign_ids(next, {now, {}, false}, highest);
  EXPECT_EQ(ids(next), (std::vector<std::uint32_t>{10, 2, 11}));
  EXPECT_EQ(highest, 11U);
}

TEST(PathChoice, GivesEachTheBestThatAreNotItsOwn) {
  const path_choice two{2, true};
  std::vector paths{path_of(1), path_of(1), path_of(2)};
  EXPECT_FALSE(two.is_full(paths)) << "1 is told one path";
  paths.push_back(path_of(3));
  EXPECT_TRUE(two.is_full(paths));
  EXPECT_FALSE(two.tells_others(paths, 2));
  EXPECT_TRUE(two.tells(paths, 2, neighbor_index{1}));
  EXPECT_TRUE(two.tells(paths, 3, neighbor_index{1}));
  EXPECT_FALSE(two.tells(paths, 3, neighbor_index{2}));
  EXPECT_FALSE((path_choice{2, false}.tells(paths, 2, neighbor_index{1})));
}

} // namespace
} // namespace troupe::rib::testing
