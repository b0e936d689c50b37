#include "config/schema.hpp"

#include "tests/config/config_support.hpp"

#include <gmock/gmock.h>

namespace troupe::config::testing {
namespace {

using protocol::peer_kind;
using rib::policy_action;
using ::testing::ElementsAre;

remote_asn number(protocol::as_number as) {
  return {remote_asn::kind::number, as};
}

TEST(KnownKind, ComparesTheAsNumbers) {
  router r;
  r.asn = 65001;
  neighbor n;
  EXPECT_EQ(known_kind(r, n), std::nullopt);
  n.remote = number(65001);
  EXPECT_EQ(known_kind(r, n), peer_kind::internal);
  n.remote = number(65002);
  EXPECT_EQ(known_kind(r, n), peer_kind::external);
  n.remote = {remote_asn::kind::internal, 0};
  EXPECT_EQ(known_kind(r, n), peer_kind::internal);
  n.remote = {remote_asn::kind::external, 0};
  EXPECT_EQ(known_kind(r, n), peer_kind::external);
}

TEST(KnownKind, TakesTheLocalAsForOurs) {
  router r;
  r.asn = 65001;
  neighbor n;
  n.local_as = 65010;
  n.remote = number(65001);
  EXPECT_EQ(known_kind(r, n), peer_kind::external);
  n.remote = number(65010);
  EXPECT_EQ(known_kind(r, n), peer_kind::internal);
}

TEST(KnownKind, TellsTheMembersOfAConfederation) { // RFC 5065 §4
  router r;
  r.asn = 65010;
  r.confederation = {100, {65011, 65012}};
  const auto of = [&](remote_asn remote) {
    neighbor n;
    n.remote = remote;
    return std::pair{known_kind(r, n), our_as(r, n)};
  };
  using kind = std::optional<peer_kind>;
  const auto pair = [](peer_kind k, protocol::as_number as) {
    return std::pair{kind{k}, as};
  };
  EXPECT_EQ(of(number(65010)), pair(peer_kind::internal, 65010));
  EXPECT_EQ(of({remote_asn::kind::internal, 0}),
            pair(peer_kind::internal, 65010));
  EXPECT_EQ(of(number(65012)), pair(peer_kind::confederation, 65010));
  EXPECT_EQ(of(number(65013)), pair(peer_kind::external, 100));
  EXPECT_EQ(of({remote_asn::kind::external, 0}),
            pair(peer_kind::external, 100));
  EXPECT_EQ(of({}), pair(peer_kind::external, 100));
}

TEST(PolicyInForce, IsWhatWasSaid) {
  family_config f;
  f.import_policy = {policy_action::accept};
  f.export_policy = {rib::policy_name{"p"}};
  for (const auto kind :
       {peer_kind::external, peer_kind::internal, peer_kind::confederation}) {
    EXPECT_EQ(import_chain(f, kind), *f.import_policy);
    EXPECT_EQ(export_chain(f, kind), *f.export_policy);
  }
}

TEST(PolicyInForce, RejectsOutsideAndAcceptsInsideByDefault) { // RFC 8212
  const family_config f;
  EXPECT_THAT(import_chain(f, peer_kind::external),
              ElementsAre(rib::chain_step{policy_action::reject}));
  EXPECT_THAT(export_chain(f, peer_kind::external),
              ElementsAre(rib::chain_step{policy_action::reject}));
  for (const auto kind : {peer_kind::internal, peer_kind::confederation}) {
    EXPECT_THAT(import_chain(f, kind),
                ElementsAre(rib::chain_step{policy_action::accept}));
    EXPECT_THAT(export_chain(f, kind),
                ElementsAre(rib::chain_step{policy_action::accept}));
  }
}

TEST(ForNode, AppliesTheOverridesOfTheNode) {
  const auto value = loaded(patched({{"/cluster", R"({ "nodes": [
      { "name": "x", "address": "127.0.1.1:51" },
      { "name": "y", "address": "127.0.1.2:51", "data_dir": "data-y",
        "admin": { "listen": [] } },
      { "name": "z", "address": "127.0.1.3:51" } ] })"}}));
  EXPECT_EQ(for_node(value, "x"), value);
  auto expected = value;
  expected.data_dir = "data-y";
  expected.admin.listen.clear();
  EXPECT_EQ(for_node(value, "y"), expected);
  EXPECT_EQ(for_node(value, "nobody"), std::nullopt);
  EXPECT_EQ(for_node(loaded(sound()), "x"), std::nullopt);
}

TEST(Find, NamesRoutersAndNeighbors) {
  const auto value = loaded(sound());
  const auto* r = find_router(value, "one");
  ASSERT_NE(r, nullptr);
  EXPECT_EQ(r->asn, 65001U);
  ASSERT_NE(find_neighbor(*r, "b"), nullptr);
  EXPECT_EQ(find_neighbor(*r, "b")->name, "b");
  EXPECT_EQ(find_neighbor(*r, "c"), nullptr);
  EXPECT_EQ(find_router(value, "three"), nullptr);
}

} // namespace
} // namespace troupe::config::testing
