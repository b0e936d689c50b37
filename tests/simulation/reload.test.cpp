// A new configuration under running sessions: what changes for the neighbours
// is told to them, and no session is touched for it.
//
//   one, 65001 --- two, 65002

#include "tests/simulation/simulated_node.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

namespace {

std::string router(int own, int peer, const std::string& originate,
                   const std::string& family, bool enhanced_refresh) {
  const auto address = [](int n) { return "10.1.0." + std::to_string(n); };
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
  "log": { "level": "warn" }, "routers": [ { "name": "r", "asn": )"
         + std::to_string(65000 + own) + R"(, "router_id": "10.9.0.)"
         + std::to_string(own) + R"(", "listen": [")" + address(own)
         + R"(:179"], "originate": )" + originate + R"(,
         "policies": {
           "not-30": [ { "match": { "prefixes": ["30.0.0.0/8+"] },
                         "then": "reject" }, { "then": "accept" } ],
           "community": [ { "set": { "communities": { "add": ["65001:1"] } },
                            "then": "accept" } ] },
         "neighbors": [ { "name": "peer", "address": ")"
         + address(peer) + R"(", "local_address": ")" + address(own)
         + R"(", "multihop": 255, "passive": )" + (own == 2 ? "true" : "false")
         + R"(, "timers": { "hold": "9s", "connect_retry": "1s" },
           "enhanced_route_refresh": )"
         + (enhanced_refresh ? "true" : "false") + R"(,
           "families": { "ipv4_unicast": { )"
         + family + " } } } ] } ] }";
}

/// With and without the marks of RFC 7313 around what is told again.
class Reload : public simulation, public ::testing::WithParamInterface<bool> {
protected:
  Reload() {
    one_ = start(tell("accept"));
    two_ = start(router(2, 1, "[]", R"("import": "accept")", GetParam()));
    EXPECT_TRUE(pass_until([&] { return received() == 3; }, 20s));
  }
  static std::string tell(const std::string& policy) {
    return router(1, 2, R"(["20.0.0.0/16", "30.0.0.0/16", "30.1.0.0/16"])",
                  R"("export": ")" + policy + '"', GetParam());
  }
  std::unique_ptr<simulated_node> start(const std::string& text) {
    return std::make_unique<simulated_node>(*this, configuration_of(text));
  }
  void change(const std::string& policy) {
    one_->apply(configuration_of(tell(policy)));
  }
  std::uint64_t received() {
    return two_->totals().families[protocol::ipv4_unicast].paths;
  }
  std::size_t with_community() {
    std::size_t found = 0;
    actors::routes_query query;
    query.view = "loc";
    for (const auto& [row] : two_->routes(query).routes)
      found +=
          protocol::wire::decode_canonical(row.attributes).communities.size();
    return found;
  }

  std::unique_ptr<simulated_node> one_;
  std::unique_ptr<simulated_node> two_;
};

} // namespace

TEST_P(Reload, WhatAPolicyTellsNoMoreIsWithdrawn) {
  change("not-30");
  EXPECT_TRUE(pass_until([&] { return received() == 1; }, 20s));
  change("accept");
  EXPECT_TRUE(pass_until([&] { return received() == 3; }, 20s));
  change("reject");
  EXPECT_TRUE(pass_until([&] { return received() == 0; }, 20s));
  change("not-30");
  EXPECT_TRUE(pass_until([&] { return received() == 1; }, 20s));
  EXPECT_EQ(one_->neighbor("peer").report.counters->established.load(), 1U);
  EXPECT_EQ(one_->state("peer"), "Established");
}

TEST_P(Reload, WhatAPolicyChangesIsToldAgain) {
  auto fewest = received();
  const auto tell_all = [&](const std::string& policy, std::size_t marked) {
    change(policy);
    return pass_until(
        [&] {
          fewest = std::min(fewest, received());
          return with_community() == marked;
        },
        20s, 1ms);
  };
  EXPECT_TRUE(tell_all("community", 3));
  EXPECT_TRUE(tell_all("accept", 0));
  EXPECT_EQ(fewest, 3U) << "routes were gone for a moment";
  EXPECT_EQ(one_->state("peer"), "Established");
}

INSTANTIATE_TEST_SUITE_P(Refresh, Reload, ::testing::Bool(),
                         [](const auto& each) {
                           return each.param ? "Enhanced" : "Plain";
                         });

} // namespace troupe::test
