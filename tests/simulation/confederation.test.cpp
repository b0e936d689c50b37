// A confederation in virtual time (RFC 5065): two member ASes and the world
// around them.
//
//   m1, 65010 --- m2, 65011 --- inner, 65011
//       |             |
//   left, 200     right, 300            outside the confederation is AS 100

#include "tests/simulation/simulated_node.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

namespace {

struct place {
  int number; ///< of the address and the identifier
  int asn;
  int other_member = 0; ///< of our confederation; 0: outside of it
};

constexpr place left{1, 200};
constexpr place m1{2, 65010, 65011};
constexpr place m2{3, 65011, 65010};
constexpr place inner{4, 65011, 65010};
constexpr place right{5, 300};

std::string address(const place& p) {
  return "10.1.0." + std::to_string(p.number);
}

std::string prefix_of(const place& p) {
  return "20." + std::to_string(p.number) + ".0.0/16";
}

/// One peer, with what it says it is. A lower number dials a higher one.
std::string neighbor(const place& own, const place& peer, int remote_asn,
                     const std::string& families) {
  return R"({ "name": "to)" + std::to_string(peer.number) + R"(", "address": ")"
         + address(peer) + R"(", "local_address": ")" + address(own)
         + R"(", "multihop": 255, "remote_asn": )" + std::to_string(remote_asn)
         + R"(, "passive": )" + (peer.number < own.number ? "true" : "false")
         + R"(, "timers": { "hold": "9s", "connect_retry": "1s",
                            "connect_retry_jitter": [1.0, 1.0] },
              "families": { "ipv4_unicast": )"
         + families + " } }";
}

/// The defaults of the kind are in force within, everything passes outside.
constexpr auto within = "{}";
constexpr auto outside = R"({ "import": "accept", "export": "accept" })";

std::string router(const place& own, const std::string& neighbors) {
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
  "log": { "level": "warn" }, "routers": [ { "name": "r", "asn": )"
         + std::to_string(own.asn) + R"(, "router_id": "10.9.0.)"
         + std::to_string(own.number) + R"(", "listen": [")" + address(own)
         + R"(:179"], "originate": [")" + prefix_of(own)
         + R"("], "neighbors": [)" + neighbors + "] } ] }";
}

class Confederation : public simulation {
protected:
  using node_ptr = std::unique_ptr<simulated_node>;

  void start_all() {
    start(left, neighbor(left, m1, 100, outside));
    start(m1, neighbor(m1, left, 200, outside) + ","
                  + neighbor(m1, m2, 65011, within));
    start(m2, neighbor(m2, m1, 65010, within) + ","
                  + neighbor(m2, inner, 65011, within) + ","
                  + neighbor(m2, right, 300, outside));
    start(inner, neighbor(inner, m2, 65011, within));
    start(right, neighbor(right, m2, 100, outside));
  }
  void start(const place& p, const std::string& neighbors) {
    auto c = *configuration_of(router(p, neighbors));
    if (p.other_member != 0)
      c.routers.at(0).confederation = {
          100, {static_cast<protocol::as_number>(p.other_member)}};
    nodes[p.number] = std::make_unique<simulated_node>(
        *this, std::make_shared<const config::configuration>(std::move(c)));
  }
  /// Whether each of them has the prefixes of all.
  bool all_known() {
    for (auto& [number, node] : nodes)
      if (node->prefixes(protocol::ipv4_unicast) != nodes.size())
        return false;
    return true;
  }
  /// The best path that one of them has to a prefix of another one.
  protocol::wire::path_attributes route(const place& at, const place& of) {
    for (const auto& [row] : nodes.at(at.number)->routes({}).routes)
      if (row.best && to_string(row.prefix) == prefix_of(of))
        return protocol::wire::decode_canonical(row.attributes);
    throw std::runtime_error("no route to " + prefix_of(of));
  }
  std::string path(const place& at, const place& of) {
    return to_string(route(at, of).as_path);
  }

  std::map<int, node_ptr> nodes;
};

} // namespace

TEST_F(Confederation, MembersSeeTheWayWithinAndOthersOneAs) { // RFC 5065 §4.1
  start_all();
  ASSERT_TRUE(pass_until([&] { return all_known(); }, 20s));
  using protocol::peer_kind;
  const auto kind = [&](const place& at, const char* peer) {
    return nodes.at(at.number)->neighbor(peer).report.negotiated->kind;
  };
  EXPECT_EQ(kind(m1, "to3"), peer_kind::confederation);
  EXPECT_EQ(kind(m1, "to1"), peer_kind::external);
  EXPECT_EQ(kind(inner, "to3"), peer_kind::internal);
  EXPECT_EQ(nodes.at(left.number)->neighbor("to2").report.negotiated->peer_as,
            100U);

  EXPECT_EQ(path(m1, left), "200");
  EXPECT_EQ(path(m2, left), "(65010) 200");
  EXPECT_EQ(path(inner, left), "(65010) 200"); // from a member to iBGP
  EXPECT_EQ(path(right, left), "100 200");
  EXPECT_EQ(path(m1, inner), "(65011)"); // from iBGP to a member
  EXPECT_EQ(path(left, inner), "100");
  EXPECT_EQ(path(left, right), "100 300");
  EXPECT_EQ(path(right, m1), "100");
  EXPECT_EQ(path(m1, m2), "(65011)");
}

TEST_F(Confederation, NextHopAndLocalPrefPassTheMembers) { // RFC 5065 §5.2
  start_all();
  ASSERT_TRUE(pass_until([&] { return all_known(); }, 20s));
  for (const auto& at : {m2, inner}) {
    const auto a = route(at, left);
    EXPECT_EQ(to_string(*a.next_hop), address(left));
    EXPECT_EQ(a.local_pref, 100U);
  }
  EXPECT_EQ(to_string(*route(right, left).next_hop), address(m2));
  EXPECT_EQ(route(right, left).local_pref, std::nullopt);
}

// Without the list of members m1 takes m2 for a stranger, as whom it presents
// the confederation; m2 expects a member.
TEST_F(Confederation, TheMembersMustKnowEachOther) { // RFC 5065 §4
  const place stranger{2, 65010, 65019};
  start(stranger, neighbor(stranger, m2, 65011, outside));
  start(m2, neighbor(m2, stranger, 65010, within));
  pass(5s);
  EXPECT_NE(nodes.at(m2.number)->state("to2"), "Established");
  const auto last = nodes.at(m2.number)->neighbor("to2").report;
  EXPECT_FALSE(last.negotiated);
  EXPECT_EQ(nodes.at(m2.number)->prefixes(protocol::ipv4_unicast), 1U);
}

TEST_F(Confederation, ALinkThatGoesTakesTheRoutesBehindItAlong) {
  start_all();
  ASSERT_TRUE(pass_until([&] { return all_known(); }, 20s));
  nodes.at(left.number)->stop();
  EXPECT_TRUE(pass_until(
      [&] {
        return nodes.at(right.number)->prefixes(protocol::ipv4_unicast) == 4
               && nodes.at(inner.number)->prefixes(protocol::ipv4_unicast) == 4;
      },
      20s));
}

} // namespace troupe::test
