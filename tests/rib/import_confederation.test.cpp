// Import in a confederation (RFC 5065). We are its member 65000, the peer is
// its member 65001; outside we all are 100.

#include "protocol/wire/packer.hpp"
#include "rib/import.hpp"

#include <gtest/gtest.h>

namespace troupe::rib {

namespace wire = protocol::wire;
using protocol::ipv4_unicast;
using protocol::peer_kind;
using enum wire::segment_type;

namespace {

constexpr protocol::as_number own_as = 65000;
constexpr protocol::as_number peer_as = 65001;

using segments = std::vector<wire::as_segment>;

wire::path_attributes route(const segments& path) {
  wire::path_attributes a;
  a.as_path = wire::as_path{std::span<const wire::as_segment>{path}};
  a.next_hop = protocol::ip_address::parse("10.0.0.1");
  return a;
}

/// The body of an UPDATE that announces 20.0.0.0/8.
std::vector<std::uint8_t> announcement(const wire::path_attributes& a) {
  std::vector<std::uint8_t> canonical, message;
  EXPECT_TRUE(wire::encode_attributes(a, {}, canonical));
  const auto n = wire::to_nlri(*protocol::prefix::parse("20.0.0.0/8"));
  wire::pack_announcements({ipv4_unicast, false, 4096}, canonical, {&n, 1},
                           message);
  return {message.begin() + 19, message.end()};
}

class ImportConfederation : public ::testing::Test {
protected:
  ImportConfederation() {
    settings.neighbor.index = neighbor_index{1};
    settings.neighbor.name = "peer";
    settings.neighbor.as = peer_as;
    settings.neighbor.kind = peer_kind::confederation;
    settings.local_as = own_as;
    settings.local_id = {0x0a000001};
    settings.confederation = {100, own_as};
    settings.families[ipv4_unicast] = {false, policy_chain::accept_all()};
  }
  /// What becomes of the route of an UPDATE.
  route_run imported(const wire::path_attributes& a, const import_settings& s) {
    importer i{pool, s};
    EXPECT_FALSE(i.update(announcement(a)));
    errors = i.notes().size();
    for (auto& each : i.take(1))
      keep.push_back(each.batch);
    return keep.back()->ipv4.runs.at(0);
  }
  route_run imported(const wire::path_attributes& a) {
    return imported(a, settings);
  }
  /// On a session within our member AS.
  route_run imported_within(const wire::path_attributes& a) {
    auto other = settings;
    other.neighbor.kind = peer_kind::internal;
    other.neighbor.as = own_as;
    return imported(a, other);
  }
  bool is_withdrawn(const segments& path) {
    return imported(route(path)).attributes == attribute_ref::none;
  }
  bool is_rejected(const segments& path) {
    return (imported(route(path)).flags & path_flag::rejected) != 0;
  }
  const attribute_summary& summary(const route_run& run) {
    return pool[run.attributes].summary();
  }

  attribute_pool pool;
  import_settings settings;
  std::vector<std::shared_ptr<route_batch>> keep;
  std::size_t errors = 0;
};

} // namespace

TEST_F(ImportConfederation, TakesWhatAnotherMemberTells) {
  auto a = route({{confed_sequence, {peer_as}}, {as_sequence, {7, 8}}});
  a.local_pref = 250;
  a.med = 4;
  const auto run = imported(a);
  EXPECT_EQ(run.flags, 0);
  EXPECT_EQ(errors, 0U);
  EXPECT_EQ(summary(run).local_pref, 250U); // RFC 4271 §5.1.5
  EXPECT_EQ(summary(run).med, 4U);
  EXPECT_EQ(summary(run).as_path_length, 2); // RFC 5065 §5.3
  EXPECT_EQ(summary(run).neighbor_as, 7U);
}

TEST_F(ImportConfederation, TheNeighborAsOfAPathWithinItIsOurs) { // §5.3
  const auto run = imported(route({{confed_sequence, {peer_as, 65002}}}));
  EXPECT_EQ(summary(run).neighbor_as, 0U);
  EXPECT_EQ(summary(run).as_path_length, 0);
}

TEST_F(ImportConfederation, APathOfAMemberBeginsWithAMember) { // §5
  settings.enforce_first_as = false;
  for (auto a : {route({{as_sequence, {peer_as}}}),
                 route({{confed_set, {peer_as}}}), route({})}) {
    a.local_pref = 100;
    EXPECT_EQ(imported(a).attributes, attribute_ref::none);
    // Also where an internal peer has told the same bytes.
    EXPECT_NE(imported_within(a).attributes, attribute_ref::none);
    EXPECT_EQ(imported(a).attributes, attribute_ref::none);
  }
  EXPECT_FALSE(is_withdrawn({{confed_sequence, {65009}}}));
}

TEST_F(ImportConfederation, TheFirstMemberIsThePeersWhereThatIsEnforced) {
  const segments foreign{{confed_sequence, {65009}}, {as_sequence, {peer_as}}};
  EXPECT_TRUE(is_withdrawn(foreign));
  EXPECT_EQ(errors, 1U);
  EXPECT_FALSE(is_withdrawn({{confed_sequence, {peer_as, 65009}}}));
  settings.enforce_first_as = false;
  EXPECT_FALSE(is_withdrawn(foreign));
}

TEST_F(ImportConfederation, NobodyOutsideTellsMembers) { // §5, RFC 7606 §7.2
  settings.neighbor.kind = peer_kind::external;
  settings.local_as = 100;
  settings.enforce_first_as = false;
  const std::vector<segments> malformed{
      {{confed_sequence, {peer_as}}},
      {{confed_set, {peer_as}}},
      {{as_sequence, {peer_as}}, {confed_sequence, {65002}}}};
  for (const auto& path : malformed) {
    EXPECT_TRUE(is_withdrawn(path));
    // Also where somebody within has told the same bytes.
    EXPECT_NE(imported_within(route(path)).attributes, attribute_ref::none);
    EXPECT_TRUE(is_withdrawn(path));
  }
  EXPECT_FALSE(is_withdrawn({{as_sequence, {peer_as}}}));
}

TEST_F(ImportConfederation, ALoopIsOurMemberAsOrTheIdentifier) { // §4
  const auto behind = [](wire::as_segment last) {
    return segments{{confed_sequence, {peer_as}}, std::move(last)};
  };
  EXPECT_TRUE(is_rejected({{confed_sequence, {peer_as, own_as}}}));
  EXPECT_TRUE(is_rejected(behind({confed_set, {9, own_as}})));
  EXPECT_TRUE(is_rejected(behind({as_sequence, {9, 100}})));
  EXPECT_TRUE(is_rejected(behind({as_set, {100}})));
  // Outside of the confederation 65000 is somebody else's private number.
  EXPECT_FALSE(is_rejected(behind({as_sequence, {9, own_as}})));
  EXPECT_FALSE(is_rejected(behind({as_sequence, {9}})));
}

TEST_F(ImportConfederation, ALoopSeenOutsideOfItIsTheIdentifierOrLocalAs) {
  settings.neighbor.kind = peer_kind::external;
  settings.local_as = 100;
  EXPECT_TRUE(is_rejected({{as_sequence, {peer_as, 100}}}));
  EXPECT_FALSE(is_rejected({{as_sequence, {peer_as, own_as}}}));
  settings.local_as = 300; // `local_as` of the neighbour
  EXPECT_TRUE(is_rejected({{as_sequence, {peer_as, 300}}}));
  EXPECT_TRUE(is_rejected({{as_sequence, {peer_as, 100}}}));
}

TEST_F(ImportConfederation, WhatAPolicyPrependsStaysWithinIt) { // §4.1
  policy_rule rule;
  rule.set.prepend = 2;
  rule.then = policy_action::accept;
  const policy_library library{{{"p", policy_definition{{rule}}}}};
  settings.families[ipv4_unicast].policy = *library.make({policy_name{"p"}});
  const auto run =
      imported(route({{confed_sequence, {peer_as}}, {as_sequence, {7}}}));
  EXPECT_EQ(
      to_string(wire::decode_canonical(pool[run.attributes].bytes()).as_path),
      "(65001 65001 65001) 7");
}

} // namespace troupe::rib
