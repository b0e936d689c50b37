#include "tests/rib/export_world.hpp"

#include <gtest/gtest.h>

namespace troupe::rib::testing {
namespace {

using namespace protocol;
using events = std::vector<std::string>;

std::string policy_prefix(unsigned i) {
  return "10.0." + std::to_string(i) + ".0/24";
}

export_settings with_policy(const policy_rule& rule) {
  auto s = accept_all_settings();
  const policy_library library{{{"p", {{rule}}}}};
  auto chain = library.make({policy_name{"p"}, policy_action::accept});
  s.families[ipv4_unicast].policy = chain.value();
  return s;
}

policy_rule for_prefix(const char* range) {
  policy_rule rule;
  rule.match.prefixes = prefix_list{{*prefix_range::parse(range)}};
  return rule;
}

wire::path_attributes told(const receiver& r, const char* p) {
  const auto found = r.table.find(*prefix::parse(p));
  EXPECT_NE(found, r.table.end());
  return found == r.table.end() ? wire::path_attributes{}
                                : wire::decode_canonical(found->second);
}

TEST(ExportPolicy, RejectsByPrefix) {
  auto rule = for_prefix("10.0.0.0/8+");
  rule.then = policy_action::reject;
  export_world::options o;
  o.settings = with_policy(rule);
  export_world w{o};
  w.join(1);
  const auto set = w.set(simple_path(65001));
  w.announce("10.1.0.0/16", set, 9);
  w.announce("11.1.0.0/16", set, 9);
  w.settle();
  EXPECT_EQ(w.peer(1).events, events{"+11.1.0.0/16"});
}

TEST(ExportPolicy, ChangesAttributesByPrefixWithoutMixingThem) {
  auto rule = for_prefix("10.0.0.0/8+");
  rule.set.communities.add = {{65000U << 16 | 1}};
  rule.set.med = 5;
  export_world::options o;
  o.settings = with_policy(rule);
  export_world w{o};
  w.join(1);
  auto a = simple_path(65001);
  a.med = 5; // what was received goes no further, what is set does
  const auto set = w.set(a);
  w.announce("10.1.0.0/16", set, 9);
  w.announce("11.1.0.0/16", set, 9);
  w.settle();
  const auto changed = told(w.peer(1), "10.1.0.0/16");
  EXPECT_EQ(changed.communities.size(), 1U);
  EXPECT_EQ(changed.med, 5U);
  EXPECT_EQ(wire::to_string(changed.as_path), "65000 65001");
  const auto same = told(w.peer(1), "11.1.0.0/16");
  EXPECT_TRUE(same.communities.empty());
  EXPECT_EQ(same.med, std::nullopt);
}

TEST(ExportPolicy, SetsNextHopPathAndCommunitiesForWholeSets) {
  policy_rule rule;
  rule.set.prepend = 2;
  rule.set.next_hop = *ip_address::parse("203.0.113.9");
  export_world::options o;
  o.settings = with_policy(rule);
  export_world w{o};
  w.join(1);
  const auto set = w.set(simple_path(65001));
  for (unsigned i = 0; i < 100; ++i)
    w.announce(policy_prefix(i), set, 9);
  w.settle();
  const auto a = told(w.peer(1), "10.0.5.0/24");
  EXPECT_EQ(wire::to_string(a.as_path), "65000 65000 65000 65001");
  EXPECT_EQ(a.next_hop, ip_address::parse("203.0.113.9"));
  EXPECT_EQ(w.peer(1).sizes.size(), 3U) << "one UPDATE, two End-of-RIBs";
}

TEST(ExportPolicy, TellsNothingWithoutAPolicy) { // RFC 8212
  export_world::options o;
  o.settings.families[ipv4_unicast].policy = {};
  export_world w{o};
  w.join(1);
  w.announce("10.0.0.0/8", w.set(simple_path(65001)), 9);
  w.settle();
  EXPECT_TRUE(w.peer(1).table.empty());
}

TEST(ExportPolicy, SeesTheNameOfTheSource) {
  policy_rule rule;
  rule.match.neighbor = std::vector<std::string>{"r9"};
  rule.then = policy_action::reject;
  export_world::options o;
  o.settings = with_policy(rule);
  export_world w{o};
  neighbor_facts facts;
  facts.index = neighbor_index{9};
  facts.name = "r9";
  w.group->set_source(facts);
  w.join(1);
  const auto set = w.set(simple_path(65001));
  w.announce("10.0.0.0/8", set, 9);
  w.announce("11.0.0.0/8", set, 8);
  w.settle();
  EXPECT_EQ(w.peer(1).events, events{"+11.0.0.0/8"});
}

} // namespace
} // namespace troupe::rib::testing
