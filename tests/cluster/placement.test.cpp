#include "cluster/placement.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace troupe::cluster {
namespace {

const auto here = *protocol::ip_address::parse("10.0.0.1");

unit_rule rule(std::vector<std::string> listed = {}, bool floating = false) {
  return {{"main", here}, std::move(listed), floating};
}

candidate able(bool settled = true) {
  return {.in_step = true,
          .settled = settled,
          .draining = false,
          .addresses = {here}};
}

TEST(Placement, TheFirstOfTheListThatCan) {
  candidates nodes{{"a", able()}, {"b", able()}, {"c", able()}};
  EXPECT_EQ(place(rule({"c", "a"}), nodes, {}, {}), "c");
  nodes.erase("c");
  EXPECT_EQ(place(rule({"c", "a"}), nodes, {}, {}), "a");
  nodes.erase("a");
  EXPECT_EQ(place(rule({"c", "a"}), nodes, {}, {}), ""); // b is not listed
}

TEST(Placement, OnlyWhoHasTheAddressOrMayFloatIt) {
  candidates nodes{{"a", able()}, {"b", able()}};
  nodes["a"].addresses.clear();
  EXPECT_EQ(place(rule(), nodes, {}, {}), "b");
  EXPECT_EQ(place(rule({"a", "b"}, true), nodes, {}, {}), "a");
  nodes["b"].addresses.clear();
  EXPECT_EQ(place(rule(), nodes, "a", "a"), "");
}

TEST(Placement, OnlyWhoIsInStepAndDoesNotDrain) {
  candidates nodes{{"a", able()}, {"b", able()}};
  nodes["a"].in_step = false;
  EXPECT_EQ(place(rule({"a", "b"}), nodes, {}, {}), "b");
  nodes["b"].draining = true;
  EXPECT_EQ(place(rule({"a", "b"}), nodes, "b", "b"), "");
}

TEST(Placement, WhoHasItKeepsItUntilABetterOneHasSettled) {
  candidates nodes{{"a", able(false)}, {"b", able()}};
  EXPECT_EQ(place(rule({"a", "b"}), nodes, "b", {}), "b");
  nodes["a"].settled = true;
  EXPECT_EQ(place(rule({"a", "b"}), nodes, "b", {}), "a");
  // Where nobody has it, it need not have settled.
  nodes["a"].settled = false;
  EXPECT_EQ(place(rule({"a", "b"}), nodes, {}, {}), "a");
  nodes["b"].draining = true;
  EXPECT_EQ(place(rule({"a", "b"}), nodes, "b", {}), "a");
}

TEST(Placement, WhereAnOperatorMovesItAsLongAsThatCan) {
  candidates nodes{{"a", able()}, {"b", able()}};
  EXPECT_EQ(place(rule({"a", "b"}), nodes, "a", "b"), "b");
  nodes.erase("b");
  EXPECT_EQ(place(rule({"a", "b"}), nodes, "b", "b"), "a");
}

// Rendezvous hashing: who goes takes only what was his along, and nobody has
// far more than his share.
TEST(Placement, SpreadsUnitsAndMovesFew) {
  const std::vector<std::string> names{"a", "b", "c", "d", "e"};
  constexpr std::uint32_t units = 1000;
  const auto nodes_with = [](const std::vector<std::string>& present,
                             protocol::ip_address address) {
    candidates nodes;
    for (const auto& name : present) {
      nodes[name] = able();
      nodes[name].addresses = {address};
    }
    return nodes;
  };
  std::map<std::string, unsigned> share;
  for (std::uint32_t i = 0; i != units; ++i) {
    const auto address = *protocol::ip_address::parse(
        "10.0." + std::to_string(i / 250) + '.' + std::to_string(i % 250));
    const unit_rule each{{"main", address}, {}, false};
    const auto all = place(each, nodes_with(names, address), {}, {});
    ++share[all];
    for (const auto& gone : names) {
      auto left = names;
      std::erase(left, gone);
      const auto now = place(each, nodes_with(left, address), {}, {});
      if (gone != all) {
        EXPECT_EQ(now, all);
      }
    }
  }
  for (const auto& name : names) {
    EXPECT_GT(share[name], units / 5 - 60) << name;
    EXPECT_LT(share[name], units / 5 + 60) << name;
  }
  // Sessions must not move with a new version.
  EXPECT_EQ(place(rule(), nodes_with(names, here), {}, {}), "b");
}

} // namespace
} // namespace troupe::cluster
