// More than the best path in virtual time: ADD-PATH (RFC 7911), the best path
// of each client of a route server (RFC 7947 §2.3), marked refreshes (RFC
// 7313).
//
//   one, 65001 ---+
//   two, 65002 ---+--- hub, 65010 --- last, 65020

#include "protocol/wire/path_attributes.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <algorithm>

namespace troupe::test {

using namespace std::chrono_literals;

namespace {

std::string address(int n) {
  return "10.1.0." + std::to_string(n);
}

/// One peer. `own` and `families` are fields of the neighbour and its family.
std::string neighbor(int own, int peer, const std::string& fields = "",
                     const std::string& family = R"("export": "accept")") {
  return R"({ "name": "to)" + std::to_string(peer) + R"(", "address": ")"
         + address(peer) + R"(", "local_address": ")" + address(own)
         + R"(", "multihop": 255, "passive": )"
         + (peer < own ? "true" : "false")
         + R"(, "timers": { "hold": "9s", "connect_retry": "1s",
                            "connect_retry_jitter": [1.0, 1.0] }, )"
         + fields + R"("families": { "ipv4_unicast": { "import": "accept", )"
         + family + " } } }";
}

std::string router(int own, const std::string& originate,
                   const std::string& neighbors) {
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
  "log": { "level": "warn" }, "routers": [ { "name": "r", "asn": )"
         + std::to_string(65000 + own) + R"(, "router_id": "10.9.0.)"
         + std::to_string(own) + R"(", "listen": [")" + address(own)
         + R"(:179"], "originate": )" + originate + R"(,
         "policies": { "not-of-one": [
           { "match": { "as_path": "^65001" }, "then": "reject" },
           { "then": "accept" } ] },
         "neighbors": [)"
         + neighbors + "] } ] }";
}

constexpr auto shared = R"(["20.0.0.0/16"])";

class Paths : public simulation {
protected:
  using node_ptr = std::unique_ptr<simulated_node>;

  node_ptr start(const std::string& text) {
    return std::make_unique<simulated_node>(*this, configuration_of(text));
  }
  std::uint64_t paths(simulated_node& node) {
    return node.totals().families[protocol::ipv4_unicast].paths;
  }
  /// The AS paths of what a node has, or tells a neighbour; sorted.
  std::vector<std::string> as_paths(simulated_node& node,
                                    const std::string& view,
                                    const std::string& peer = "") {
    actors::routes_query query;
    query.view = view;
    query.neighbor = peer;
    std::vector<std::string> all;
    for (const auto& [row] : node.routes(query).routes)
      all.push_back(
          to_string(protocol::wire::decode_canonical(row.attributes).as_path));
    std::sort(all.begin(), all.end());
    return all;
  }
};

using texts = std::vector<std::string>;

} // namespace

TEST_F(Paths, AllAreToldWhereThatIsAgreedUpon) { // RFC 7911
  auto one = start(router(1, shared, neighbor(1, 10)));
  auto two = start(router(2, shared, neighbor(2, 10)));
  const auto several = R"("export": "accept", "add_path": { "send": "all" })";
  auto hub = start(router(10, "[]",
                          neighbor(10, 1) + "," + neighbor(10, 2) + ","
                              + neighbor(10, 20, "", several)));
  const auto receiving = router(
      20, "[]", neighbor(20, 10, "", R"("add_path": { "receive": true })"));
  auto last = start(receiving);
  ASSERT_TRUE(pass_until([&] { return paths(*last) == 2; }, 20s));
  EXPECT_EQ(as_paths(*last, "received"), (texts{"65010 65001", "65010 65002"}));
  EXPECT_EQ(as_paths(*hub, "advertised", "to20"),
            (texts{"65010 65001", "65010 65002"}));
  // The others did not agree: they get the best one that is not theirs.
  EXPECT_EQ(as_paths(*two, "received"), (texts{"", "65010 65001"}));

  // A path that is not the best goes, and only that one.
  const auto updates =
      last->neighbor("to10").report.counters->received.updates.load();
  two->stop();
  ASSERT_TRUE(pass_until([&] { return paths(*last) == 1; }, 20s));
  EXPECT_EQ(as_paths(*last, "received"), texts{"65010 65001"});
  EXPECT_EQ(last->neighbor("to10").report.counters->received.updates.load(),
            updates + 1);

  // A new session: its first sync tells all of them again.
  two = start(router(2, shared, neighbor(2, 10)));
  ASSERT_TRUE(pass_until([&] { return paths(*last) == 2; }, 20s));
  last->stop();
  pass(2s);
  last = start(receiving);
  EXPECT_TRUE(pass_until([&] { return paths(*last) == 2; }, 20s));
}

TEST_F(Paths, AClientGetsTheBestThatItMayBeTold) { // RFC 7947 §2.3
  auto one = start(router(1, shared, neighbor(1, 10)));
  auto two = start(router(2, shared, neighbor(2, 10)));
  const std::string client = R"("route_server_client": true, )";
  const auto filtered = R"("export": "not-of-one")";
  auto hub =
      start(router(10, "[]",
                   neighbor(10, 1, client) + "," + neighbor(10, 2, client) + ","
                       + neighbor(10, 20, client, filtered)));
  auto last = start(
      router(20, "[]", neighbor(20, 10, R"("enforce_first_as": false, )")));
  const auto told = [&](const char* peer) {
    const auto all = as_paths(*hub, "advertised", peer);
    return all.size() == 1 ? all.front() : std::to_string(all.size());
  };
  const auto ends_in = [&](const char* peer, const char* as) {
    return told(peer).ends_with(as);
  };
  ASSERT_TRUE(pass_until(
      [&] {
        return ends_in("to1", "65002") && ends_in("to2", "65001")
               && ends_in("to20", "65002");
      },
      20s))
      << told("to1") << ", " << told("to2") << ", " << told("to20");
  EXPECT_EQ(paths(*last), 1U);
  // The best one goes; the filtered client hears nothing, the others do.
  one->stop();
  ASSERT_TRUE(pass_until([&] { return told("to2") == "0"; }, 20s));
  EXPECT_TRUE(ends_in("to20", "65002"));
  EXPECT_EQ(paths(*last), 1U);
}

// Its new group counts what is written to it from its own first byte on.
TEST_F(Paths, ANeighborThatMovedToAnotherGroupIsToldOn) {
  auto one = start(router(1, shared, neighbor(1, 10)));
  auto two = start(router(2, shared, neighbor(2, 10)));
  const auto text = [](const std::string& policy) {
    return router(10, "[]",
                  neighbor(10, 1) + "," + neighbor(10, 2) + ","
                      + neighbor(10, 20, "",
                                 R"("add_path": { "send": 2 }, "export": ")"
                                     + policy + '"'));
  };
  auto hub = start(text("accept"));
  auto last = start(router(
      20, "[]", neighbor(20, 10, "", R"("add_path": { "receive": true })")));
  ASSERT_TRUE(pass_until([&] { return paths(*last) == 2; }, 20s));
  hub->apply(configuration_of(text("not-of-one")));
  ASSERT_TRUE(pass_until([&] { return paths(*last) == 1; }, 20s));
  EXPECT_EQ(as_paths(*last, "received"), texts{"65010 65002"});
  for (const auto* more : {R"(["20.0.0.0/16", "21.0.0.0/16"])", shared}) {
    two->apply(configuration_of(router(2, more, neighbor(2, 10))));
    ASSERT_TRUE(pass_until(
        [&] { return paths(*last) == (more == shared ? 1U : 2U); }, 20s));
  }
  EXPECT_EQ(last->neighbor("to10").report.flaps, 0U);
}

TEST_F(Paths, ARefreshIsMarkedAndLosesNothing) { // RFC 7313 §4
  auto one =
      start(router(1, R"(["20.0.0.0/16", "21.0.0.0/16"])", neighbor(1, 10)));
  auto hub = start(router(10, "[]", neighbor(10, 1) + "," + neighbor(10, 20)));
  auto last = start(router(20, "[]", neighbor(20, 10)));
  ASSERT_TRUE(pass_until([&] { return paths(*last) == 2; }, 20s));
  const auto refreshes = [&] {
    return last->neighbor("to10")
        .report.counters->received.route_refreshes.load();
  };
  EXPECT_EQ(refreshes(), 0U);
  caf::anon_send(last->handle(),
                 actors::neighbor_command{
                     "to10", {actors::session_command::kind::refresh, {}, {}}});
  ASSERT_TRUE(pass_until([&] { return refreshes() == 2; }, 20s));
  EXPECT_EQ(hub->neighbor("to20").report.counters->sent.route_refreshes.load(),
            2U);
  pass(2s);
  EXPECT_EQ(refreshes(), 2U);
  EXPECT_EQ(paths(*last), 2U);
}

} // namespace troupe::test
