#include "tests/simulation/seed_scenario.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <cstdlib>
#include <fstream>

namespace troupe::test {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto first_hop = "3fff:db8:4::1";
constexpr auto second_hop = "3fff:ffff:ffff:ffff::ffff:fffe";

std::vector<json> parsed(const std::vector<std::string>& lines) {
  std::vector<json> all;
  for (const auto& line : lines)
    all.push_back(json::parse(line));
  return all;
}

class SeedScenario : public simulation {};

} // namespace

TEST_F(SeedScenario, ShowsEveryKindOfRecordInTheSeedsOrder) {
  const auto seed = seed_records();
  if (seed.empty()) {
    if (std::getenv("CI") != nullptr)
      FAIL() << "the seed log is not at hand";
    GTEST_SKIP() << "the seed log is not at hand";
  }
  simulated_node r1{*this,
                    configuration_of(seed_r1("10.0.4", first_hop, false))};
  simulated_node r2{*this, configuration_of(seed_r2("10.0.4"))};
  const auto began = elapsed();
  ASSERT_TRUE(
      pass_until([&] { return r2.state("r1") == "Established"; }, 50ms, 1ms));
  EXPECT_LE(elapsed() - began, 50ms);

  // r1 announces 1 s after Established, with another next hop 1 s later.
  pass(1s);
  r1.apply(configuration_of(seed_r1("10.0.4", first_hop, true)));
  EXPECT_EQ(r2.prefixes(protocol::ipv6_unicast), 1U);
  pass(1s);
  r1.apply(configuration_of(seed_r1("10.0.4", second_hop, true)));
  actors::routes_query ipv6_routes;
  ipv6_routes.family = protocol::ipv6_unicast;
  const auto page = r2.routes(ipv6_routes);
  ASSERT_EQ(page.routes.size(), 1U);
  const auto route =
      protocol::wire::decode_canonical(page.routes[0].row.attributes);
  ASSERT_TRUE(route.next_hop);
  EXPECT_EQ(to_string(*route.next_hop), second_hop);

  // r2's first KEEPALIVE after 3 s: r1 closes without a word.
  const auto sent = [&] {
    return r2.neighbor("r1").report.counters->sent.keepalives.load();
  };
  const auto before = sent();
  ASSERT_TRUE(pass_until([&] { return sent() > before; }, 2s, 1ms));
  const auto lost_at = elapsed();
  r1.stop(true);
  // At once, not when some thread has been joined.
  EXPECT_NE(r2.state("r1"), "Established");
  EXPECT_EQ(elapsed(), lost_at);
  EXPECT_EQ(r2.prefixes(protocol::ipv6_unicast), 0U);
  pass(900ms);
  r2.stop();

  if (const auto* keep = std::getenv("TROUPE_KEEP_LOG")) {
    std::ofstream out{keep};
    for (const auto& line : r2.log().lines())
      out << line << "\n";
  }
  const auto missing = missing_from(parsed(r2.log().lines()), seed);
  EXPECT_EQ(missing, std::vector<std::string>{});
}

} // namespace troupe::test
