// Export in a confederation (RFC 5065). Our member AS is 65000; outside the
// confederation is 100.

#include "tests/rib/export_support.hpp"
#include "tests/rib/export_world.hpp"

#include <gtest/gtest.h>

namespace troupe::rib::testing {
namespace {

using namespace protocol;
using protocol::wire::path_attributes;
using enum wire::segment_type;
using segments = std::vector<wire::as_segment>;

path_attributes route(const segments& path) {
  auto a = simple_path(1);
  a.as_path = wire::as_path{std::span<const wire::as_segment>{path}};
  return a;
}

export_settings towards(peer_kind kind) {
  auto s = accept_all_settings();
  s.kind = kind;
  s.local_as = kind == peer_kind::external ? 100 : 65000;
  return s;
}

/// The canonical attributes that a peer is told, read back as ours.
path_attributes told(const export_settings& s, const path_attributes& a) {
  attribute_pool pool;
  const auto set = intern(pool, a);
  export_transform t{s, ipv4_unicast};
  return wire::decode_canonical(t.canonical(pool[set.get()], 0));
}

std::string path_told(peer_kind kind, const segments& path) {
  return to_string(told(towards(kind), route(path)).as_path);
}

/// What is on the wire for a peer that speaks two-octet AS numbers.
std::map<unsigned, byte_vector> told_to_old_speaker(const path_attributes& a) {
  auto s = towards(peer_kind::confederation);
  s.as4 = false;
  attribute_pool pool;
  const auto set = intern(pool, a);
  export_transform t{s, ipv4_unicast};
  const auto bytes = t.run(pool[set.get()], 0).bytes;
  std::map<unsigned, byte_vector> all;
  wire::attribute_walker walker{bytes};
  for (wire::raw_attribute each; walker.next(each);)
    all[each.code] = {each.value.begin(), each.value.end()};
  return all;
}

} // namespace

TEST(ExportConfederation, PrependsOurMemberAsTowardsAnotherMember) { // §4.1 b
  const auto to = peer_kind::confederation;
  EXPECT_EQ(path_told(to, {{as_sequence, {7, 8}}}), "(65000) 7 8");
  EXPECT_EQ(path_told(to, {{confed_sequence, {65001}}, {as_sequence, {7}}}),
            "(65000 65001) 7");
  EXPECT_EQ(path_told(to, {{confed_set, {65001, 65002}}}),
            "(65000) [65001,65002]");
  EXPECT_EQ(path_told(to, {}), "(65000)") << "ours";
  const segments full{{confed_sequence, std::vector<as_number>(255, 9)}};
  const auto split = told(towards(to), route(full)).as_path.segments();
  ASSERT_EQ(split.size(), 2U);
  EXPECT_EQ(split[0].numbers, std::vector<as_number>{65000});
}

TEST(ExportConfederation, KeepsThePathWithinTheMemberAs) { // §4.1 a
  EXPECT_EQ(path_told(peer_kind::internal,
                      {{confed_sequence, {65001}}, {as_sequence, {7}}}),
            "(65001) 7");
}

TEST(ExportConfederation, TellsNobodyOutsideOfItsMembers) { // §4.1 c, §5
  const auto to = peer_kind::external;
  EXPECT_EQ(path_told(to, {{confed_sequence, {65001}}, {as_sequence, {7}}}),
            "100 7");
  EXPECT_EQ(path_told(to, {{confed_sequence, {65001}},
                           {confed_set, {65002}},
                           {as_set, {7, 8}}}),
            "100 {7,8}");
  EXPECT_EQ(path_told(to, {{confed_sequence, {65001, 65002}}}), "100");
  EXPECT_EQ(path_told(to, {{as_sequence, {7}}, {confed_sequence, {65001}}}),
            "100 7");
}

TEST(ExportConfederation, PassesOnWhatConcernsTheWholeConfederation) {
  auto a = route({{as_sequence, {7}}});
  a.local_pref = 250;
  a.med = 4;
  a.originator_id = router_id{7};
  a.cluster_list = {router_id{1}};
  a.extended_communities = {{0x4004000000000001U}};
  auto s = towards(peer_kind::confederation);
  s.families[ipv4_unicast].keep_next_hop = true;
  const auto received = told(s, a);
  EXPECT_EQ(received.local_pref, 250U);     // RFC 4271 §5.1.5
  EXPECT_EQ(received.med, 4U);              // RFC 5065 §5.2
  EXPECT_EQ(received.next_hop, a.next_hop); // §5.2
  EXPECT_EQ(received.extended_communities, a.extended_communities); // 4360 §6
  // They concern the member AS alone (RFC 4456 §8).
  EXPECT_EQ(received.originator_id, std::nullopt);
  EXPECT_TRUE(received.cluster_list.empty());
  a.local_pref.reset();
  EXPECT_EQ(told(s, a).local_pref, 100U);
}

TEST(ExportConfederation, LeavesMembersOutOfAs4Path) { // RFC 6793 §4.2.2
  const auto plain = told_to_old_speaker(
      route({{confed_sequence, {4200000001U}}, {as_sequence, {7}}}));
  EXPECT_EQ(plain.at(2),
            (byte_vector{3, 2, 0xfd, 0xe8, 0x5b, 0xa0, 2, 1, 0, 7}));
  EXPECT_EQ(plain.count(17), 0U) << "nothing is left to say";
  const auto large = told_to_old_speaker(
      route({{confed_sequence, {65001}}, {as_sequence, {4200000001U}}}));
  EXPECT_EQ(large.at(2),
            (byte_vector{3, 2, 0xfd, 0xe8, 0xfd, 0xe9, 2, 1, 0x5b, 0xa0}));
  EXPECT_EQ(large.at(17), (byte_vector{2, 1, 0xfa, 0x56, 0xea, 0x01}));
}

TEST(ExportConfederation, PassesRoutesBetweenMembersAndInternalPeers) {
  struct {
    peer_kind from;
    peer_kind to;
    bool passes;
  } const cases[]{
      {peer_kind::internal, peer_kind::internal, false}, // RFC 4271 §9.2.1
      {peer_kind::internal, peer_kind::confederation, true},
      {peer_kind::confederation, peer_kind::internal, true},
      {peer_kind::confederation, peer_kind::confederation, true},
      {peer_kind::confederation, peer_kind::external, true},
      {peer_kind::external, peer_kind::confederation, true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string{to_string(c.from)} + " to " + to_string(c.to));
    export_world::options o;
    o.settings = towards(c.to);
    export_world w{o};
    w.join(1);
    w.announce("10.0.0.0/8", w.set(route({{as_sequence, {7}}})), 9, c.from);
    w.settle();
    EXPECT_EQ(w.members.at(1).peer->table.size(), c.passes ? 1U : 0U);
  }
}

TEST(ExportConfederation, HeedsTheWellKnownCommunities) { // RFC 1997
  struct {
    wire::community community;
    bool to_internal;
    bool to_member;
    bool to_external;
  } const cases[]{{wire::no_advertise, false, false, false},
                  {wire::no_export_subconfed, true, false, false},
                  {wire::no_export, true, true, false},
                  {wire::community{7}, true, true, true}};
  for (const auto& c : cases)
    for (const auto& [kind, passes] :
         {std::pair{peer_kind::internal, c.to_internal},
          {peer_kind::confederation, c.to_member},
          {peer_kind::external, c.to_external}}) {
      SCOPED_TRACE(to_string(c.community) + " to " + to_string(kind));
      export_world::options o;
      o.settings = towards(kind);
      export_world w{o};
      w.join(1);
      auto a = route({{as_sequence, {7}}});
      a.communities = {c.community};
      w.announce("10.0.0.0/8", w.set(a), 9);
      w.settle();
      EXPECT_EQ(w.members.at(1).peer->table.size(), passes ? 1U : 0U);
    }
}

TEST(ExportConfederation, APolicyPrependsOurMemberAsAmongTheMembers) { // §4.1
  policy_rule rule;
  rule.set.prepend = 2;
  rule.then = policy_action::accept;
  const policy_library library{{{"p", policy_definition{{rule}}}}};
  for (const auto& [kind, path] :
       {std::pair{peer_kind::confederation, "(65000 65000 65000 65001) 7"},
        {peer_kind::external, "100 100 100 7"}}) {
    export_world::options o;
    o.settings = towards(kind);
    o.settings.families[ipv4_unicast].policy =
        *library.make({policy_name{"p"}});
    export_world w{o};
    w.join(1);
    const auto a = route({{confed_sequence, {65001}}, {as_sequence, {7}}});
    w.announce("10.0.0.0/8", w.set(a), 9);
    w.settle();
    const auto& table = w.members.at(1).peer->table;
    ASSERT_EQ(table.size(), 1U);
    EXPECT_EQ(to_string(wire::decode_canonical(table.begin()->second).as_path),
              path);
  }
}

} // namespace troupe::rib::testing
