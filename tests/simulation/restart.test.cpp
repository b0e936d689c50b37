// Routes that outlive their session: graceful restart from both sides (RFC
// 4724, RFC 8538, RFC 9494), limits of prefixes, and a peer that does not read.
#include "protocol/wire/path_attributes.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <algorithm>

namespace troupe::test {

using namespace std::chrono_literals;

namespace {

constexpr auto ipv4 = protocol::ipv4_unicast;

/// A router of AS 65000 + n at 10.3.0.n with neighbours, as JSON.
std::string router(int n, const std::string& originate,
                   const std::string& neighbors) {
  const auto id = std::to_string(n);
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
  "log": { "level": "info" }, "routers": [ { "name": "r", "asn": )"
         + std::to_string(65000 + n) + R"(, "router_id": "10.3.0.)" + id
         + R"(", "listen": ["10.3.0.)" + id + R"(:179"], "originate": [)"
         + originate + R"(], "defaults": { "local_address": "10.3.0.)" + id
         + R"(", "multihop": 255, "timers": { "connect_retry": "1s" },
      "families": { "ipv4_unicast": { "import": "accept", "export": "accept" } }
    }, "neighbors": [)"
         + neighbors + "] } ] }";
}

std::string neighbor(const std::string& name, int n,
                     const std::string& more = "") {
  return R"({ "name": ")" + name + R"(", "address": "10.3.0.)"
         + std::to_string(n) + R"(", "remote_asn": )"
         + std::to_string(65000 + n) + more + " }";
}

constexpr auto full = R"(, "graceful_restart": { "mode": "full",
    "restart_time": "60s", "stale_time": "90s" })";
constexpr auto routes_of_b = R"("20.2.0.0/16", "20.3.0.0/16")";

/// A restarting peer b (2), a helper (1) in the middle, and a watcher c (3).
class GracefulRestart : public simulation {
protected:
  void start(const std::string& helper_options = "",
             const std::string& b_options = full) {
    helper = std::make_unique<simulated_node>(
        *this, configuration_of(router(1, "",
                                       neighbor("b", 2, helper_options) + ", "
                                           + neighbor("c", 3))));
    watcher = std::make_unique<simulated_node>(
        *this, configuration_of(router(3, "", neighbor("hub", 1))));
    b_options_ = b_options;
    start_b(routes_of_b, false);
    ASSERT_TRUE(pass_until([&] { return seen() == 2; }, 10s));
  }
  void start_b(const std::string& originate, bool restarted) {
    b = std::make_unique<simulated_node>(
        *this,
        configuration_of(router(2, originate, neighbor("hub", 1, b_options_))),
        log::level::warn, restarted);
  }
  std::uint64_t seen() { return watcher->prefixes(ipv4); }
  std::uint64_t held() { return helper->prefixes(ipv4); }
  /// Messages with routes that the watcher has had.
  std::uint64_t updates() {
    return watcher->neighbor("hub").report.counters->received.updates;
  }

  std::unique_ptr<simulated_node> helper, watcher, b;

private:
  std::string b_options_;
};

} // namespace

TEST_F(GracefulRestart, NobodyNoticesAPeerThatComesBackAsItWas) {
  start();
  const auto before = updates();
  b->stop(true); // closes TCP, says nothing
  pass(5s);
  EXPECT_NE(helper->state("b"), "Established");
  EXPECT_EQ(held(), 2U);
  EXPECT_EQ(helper->neighbor("b").families.at(ipv4).received, 2U);
  start_b(routes_of_b, true);
  ASSERT_TRUE(pass_until([&] { return helper->state("b") == "Established"; },
                         20s, 100ms));
  pass(5s);
  EXPECT_EQ(held(), 2U);
  EXPECT_EQ(seen(), 2U);
  EXPECT_EQ(updates(), before);
}

TEST_F(GracefulRestart, WhatIsNotToldAgainGoesWithEndOfRib) { // RFC 4724 §4.2
  start();
  b->stop(true);
  pass(2s);
  start_b(R"("20.3.0.0/16")", true);
  ASSERT_TRUE(pass_until([&] { return seen() == 1; }, 30s, 100ms));
  EXPECT_EQ(helper->state("b"), "Established");
  EXPECT_EQ(held(), 1U);
}

TEST_F(GracefulRestart, APeerThatStaysAwayLosesItsRoutesInTime) {
  start();
  b->stop(true);
  pass(55s, 1s);
  EXPECT_EQ(seen(), 2U);
  pass(10s, 1s);
  EXPECT_EQ(seen(), 0U);
  EXPECT_EQ(held(), 0U);
}

TEST_F(GracefulRestart, ACeaseForGoodKeepsNothing) { // RFC 8538: Hard Reset
  start();
  b->stop(false);
  ASSERT_TRUE(pass_until([&] { return seen() == 0; }, 5s));
}

TEST_F(GracefulRestart, WithoutTheModeNothingIsKept) {
  start(R"(, "graceful_restart": { "mode": "off" })");
  b->stop(true);
  ASSERT_TRUE(pass_until([&] { return seen() == 0; }, 5s));
}

TEST_F(GracefulRestart, APeerThatOnlyHelpsIsNotWaitedFor) { // RFC 4724 §3
  start("", "");
  b->stop(true);
  ASSERT_TRUE(pass_until([&] { return seen() == 0; }, 5s));
}

TEST_F(GracefulRestart, LostForwardingEndsTheWaitAtOnce) { // RFC 4724 §4.2
  start();
  b->stop(true);
  pass(2s);
  b = std::make_unique<simulated_node>(
      *this, configuration_of(router(2, "", neighbor("hub", 1, R"(,
        "graceful_restart": { "mode": "full", "forwarding": "lost" })"))),
      log::level::warn, true);
  ASSERT_TRUE(pass_until([&] { return seen() == 0; }, 20s, 100ms));
}

TEST_F(GracefulRestart, ARestartedRouterTellsNothingBeforeItHasHeardAll) {
  // RFC 4724 §4.1: selection is deferred until every peer has sent
  // End-of-RIB.
  const auto hub =
      router(1, R"("20.9.0.0/16")",
             neighbor("b", 2, full) + ", " + neighbor("c", 3, full));
  helper = std::make_unique<simulated_node>(*this, configuration_of(hub),
                                            log::level::warn, true);
  watcher = std::make_unique<simulated_node>(
      *this, configuration_of(router(3, "", neighbor("hub", 1))));
  ASSERT_TRUE(pass_until([&] { return watcher->state("hub") == "Established"; },
                         10s, 100ms));
  pass(10s, 100ms);
  EXPECT_EQ(seen(), 0U);
  b = std::make_unique<simulated_node>(
      *this, configuration_of(router(2, routes_of_b, neighbor("hub", 1))));
  ASSERT_TRUE(pass_until([&] { return seen() == 3; }, 20s, 100ms));
}

TEST_F(GracefulRestart, ARestartedRouterDoesNotWaitForEver) {
  const auto hub =
      router(1, R"("20.9.0.0/16")",
             neighbor("b", 2, full) + ", " + neighbor("c", 3, full));
  helper = std::make_unique<simulated_node>(*this, configuration_of(hub),
                                            log::level::warn, true);
  watcher = std::make_unique<simulated_node>(
      *this, configuration_of(router(3, "", neighbor("hub", 1))));
  pass(55s, 1s);
  EXPECT_EQ(seen(), 0U);
  ASSERT_TRUE(pass_until([&] { return seen() == 1; }, 10s, 100ms));
}

// -- long-lived stale routes (RFC 9494) ---------------------------------------

namespace {

constexpr auto long_lived = R"(, "graceful_restart": { "mode": "full",
    "restart_time": "60s", "stale_time": "90s",
    "long_lived_stale_time": "100s" })";

/// As above, and d (4), who does not know long-lived stale routes.
class LongLived : public GracefulRestart {
protected:
  void SetUp() override {
    helper = std::make_unique<simulated_node>(
        *this, configuration_of(router(1, "",
                                       neighbor("b", 2, long_lived) + ", "
                                           + neighbor("c", 3, long_lived) + ", "
                                           + neighbor("d", 4))));
    watcher = std::make_unique<simulated_node>(
        *this, configuration_of(router(3, "", neighbor("hub", 1, long_lived))));
    old = std::make_unique<simulated_node>(
        *this, configuration_of(router(4, "", neighbor("hub", 1))));
    start_long_lived(false);
    ASSERT_TRUE(
        pass_until([&] { return seen() == 2 && old_sees() == 2; }, 10s));
  }
  void start_long_lived(bool restarted) {
    b = std::make_unique<simulated_node>(
        *this,
        configuration_of(
            router(2, routes_of_b, neighbor("hub", 1, long_lived))),
        log::level::warn, restarted);
  }
  std::uint64_t old_sees() { return old->prefixes(ipv4); }
  /// How many of the watcher's routes have the community LLGR_STALE.
  std::ptrdiff_t stale() {
    actors::routes_query query;
    query.family = ipv4;
    const auto page = watcher->routes(query);
    return std::count_if(
        page.routes.begin(), page.routes.end(), [](const auto& each) {
          const auto all =
              protocol::wire::decode_canonical(each.row.attributes).communities;
          return std::find(all.begin(), all.end(), protocol::wire::llgr_stale)
                 != all.end();
        });
  }

  std::unique_ptr<simulated_node> old;
};

} // namespace

// RFC 9494 §4.2, §4.3
TEST_F(LongLived, StaleRoutesAreToldToWhoKnowsThemAndGoInTime) {
  b->stop(true);
  pass(55s, 1s);
  EXPECT_EQ(seen(), 2U);
  EXPECT_EQ(old_sees(), 2U);
  EXPECT_EQ(stale(), 0);
  pass(10s, 1s);
  EXPECT_EQ(seen(), 2U);
  EXPECT_EQ(stale(), 2);
  EXPECT_EQ(old_sees(), 0U);
  pass(90s, 1s);
  EXPECT_EQ(seen(), 2U);
  pass(10s, 1s);
  EXPECT_EQ(seen(), 0U);
  EXPECT_EQ(held(), 0U);
}

TEST_F(LongLived, APeerThatComesBackLateTakesItsRoutesUpAgain) {
  b->stop(true);
  pass(65s, 1s);
  ASSERT_EQ(stale(), 2);
  start_long_lived(true);
  ASSERT_TRUE(pass_until([&] { return old_sees() == 2; }, 90s, 100ms));
  EXPECT_EQ(seen(), 2U);
  EXPECT_EQ(stale(), 0);
  pass(120s, 1s);
  EXPECT_EQ(seen(), 2U);
}

// -- limits -------------------------------------------------------------------

class MaxPrefixes : public simulation {
protected:
  static auto limited(const std::string& limit) {
    return configuration_of(
        router(1, "",
               neighbor("b", 2,
                        R"(, "families": { "ipv4_unicast": { "max_prefixes": )"
                            + limit + " } }")));
  }
  void start(const std::string& limit) {
    hub = std::make_unique<simulated_node>(*this, limited(limit),
                                           log::level::info);
    b = std::make_unique<simulated_node>(
        *this, configuration_of(
                   router(2, R"("20.1.0.0/16", "20.2.0.0/16", "20.3.0.0/16")",
                          neighbor("hub", 1))));
  }
  std::unique_ptr<simulated_node> hub, b;
};

TEST_F(MaxPrefixes, OneTooManyEndsTheSessionForGood) { // RFC 4271 §6.7
  start("2");
  ASSERT_TRUE(pass_until([&] { return hub->state("b") == "Idle"; }, 10s));
  EXPECT_NE(hub->neighbor("b").report.last_error.find("(6/1)"),
            std::string::npos);
  pass(300s, 1s);
  EXPECT_EQ(hub->state("b"), "Idle");
  EXPECT_EQ(hub->prefixes(ipv4), 0U);
}

TEST_F(MaxPrefixes, ThePeersReasonIsShownAsLongAsThereIsNoSession) {
  start("2");
  ASSERT_TRUE(pass_until([&] { return hub->state("b") == "Idle"; }, 10s));
  pass(300s, 1s);
  const auto error = b->neighbor("hub").report.last_error;
  EXPECT_NE(error.find("(6/1)"), std::string::npos) << error;
  EXPECT_NE(error.find("; since then: "), std::string::npos) << error;
}

TEST_F(MaxPrefixes, AsManyAsAllowedAreFine) {
  start("3");
  ASSERT_TRUE(pass_until([&] { return hub->prefixes(ipv4) == 3; }, 10s));
  pass(5s);
  EXPECT_EQ(hub->state("b"), "Established");
}

TEST_F(MaxPrefixes, AnotherLimitIsInForceAtOnce) {
  start("3");
  ASSERT_TRUE(pass_until([&] { return hub->prefixes(ipv4) == 3; }, 10s));
  hub->apply(limited("4"));
  pass(5s);
  EXPECT_EQ(hub->state("b"), "Established");
  EXPECT_EQ(hub->neighbor("b").report.counters->established, 1U);
  hub->apply(limited("2"));
  ASSERT_TRUE(pass_until([&] { return hub->state("b") == "Idle"; }, 1s));
  EXPECT_NE(hub->neighbor("b").report.last_error.find("(6/1)"),
            std::string::npos);
}

TEST_F(MaxPrefixes, AWarningIsAllIfTheOperatorSaysSo) {
  start(R"({ "limit": 2, "action": "warn" })");
  ASSERT_TRUE(pass_until([&] { return hub->prefixes(ipv4) == 3; }, 10s));
  pass(5s);
  EXPECT_EQ(hub->state("b"), "Established");
}

TEST_F(MaxPrefixes, ItComesBackAfterItsTime) {
  start(R"({ "limit": 2, "action": "restart", "restart_after": "60s" })");
  ASSERT_TRUE(pass_until([&] { return hub->state("b") == "Idle"; }, 10s));
  pass(50s, 1s);
  EXPECT_EQ(hub->state("b"), "Idle");
  const auto before = hub->neighbor("b").report.counters->established.load();
  ASSERT_TRUE(pass_until(
      [&] { return hub->neighbor("b").report.counters->established > before; },
      30s, 100ms));
}

/// A peer with many routes, each of which is counted with 64 octets and those
/// of its attributes: ORIGIN, an AS_PATH of one AS, NEXT_HOP.
class MaxMemory : public simulation {
protected:
  static constexpr unsigned count = 16'384;
  static constexpr std::uint64_t memory = count * (64 + 4 + 9 + 7);

  static auto limited(unsigned mebibytes) {
    return configuration_of(router(
        1, "",
        neighbor("b", 2, R"(, "max_memory": )" + std::to_string(mebibytes))
            + ", " + neighbor("c", 3)));
  }
  void start(unsigned mebibytes) {
    std::string routes;
    for (unsigned i = 0; i != count; ++i)
      routes += (i == 0 ? "\"20." : ", \"20.") + std::to_string(i / 256) + '.'
                + std::to_string(i % 256) + ".0/24\"";
    hub = std::make_unique<simulated_node>(*this, limited(mebibytes));
    b = std::make_unique<simulated_node>(
        *this, configuration_of(router(2, routes, neighbor("hub", 1))));
    c = std::make_unique<simulated_node>(
        *this,
        configuration_of(router(3, R"("20.0.0.0/8")", neighbor("hub", 1))));
  }
  std::unique_ptr<simulated_node> hub, b, c;
};

TEST_F(MaxMemory, APeerThatTakesMoreLosesItsSessionAndNobodyElse) { // RFC 4486
  static_assert(memory > 1U << 20 && memory < 2U << 20);
  start(1);
  ASSERT_TRUE(pass_until([&] { return hub->state("b") == "Idle"; }, 10s));
  EXPECT_NE(hub->neighbor("b").report.last_error.find("(6/8)"),
            std::string::npos);
  pass(300s, 1s);
  EXPECT_EQ(hub->state("b"), "Idle");
  EXPECT_EQ(hub->prefixes(ipv4), 1U); // that of c
  EXPECT_EQ(hub->neighbor("c").report.counters->established, 1U);
}

TEST_F(MaxMemory, AllIsCountedAndAnotherLimitIsInForceAtOnce) {
  start(2);
  ASSERT_TRUE(
      pass_until([&] { return hub->prefixes(ipv4) == count + 1; }, 10s));
  pass(5s);
  EXPECT_EQ(hub->state("b"), "Established");
  EXPECT_EQ(hub->neighbor("b").families.at(ipv4).memory, memory);
  hub->apply(limited(1));
  ASSERT_TRUE(pass_until([&] { return hub->state("b") == "Idle"; }, 1s));
  EXPECT_NE(hub->neighbor("b").report.last_error.find("(6/8)"),
            std::string::npos);
}

} // namespace troupe::test
