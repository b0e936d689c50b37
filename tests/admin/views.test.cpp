#include "admin/views.hpp"

#include "admin/actor_views.hpp"
#include "protocol/wire/path_attributes.hpp"

#include <gtest/gtest.h>

namespace troupe::admin {

using nlohmann::json;
namespace wire = protocol::wire;

TEST(Views, ARouteHasTheFieldsOfTheContract) {
  wire::path_attributes a;
  const std::vector<wire::as_segment> path{
      {wire::segment_type::as_sequence, {65001, 4200000001}},
      {wire::segment_type::as_set, {1, 2}}};
  a.as_path = wire::as_path{std::span<const wire::as_segment>{path}};
  a.next_hop = protocol::ip_address::parse("10.0.0.1");
  a.med = 5;
  rib::route_row row;
  row.prefix = *protocol::prefix::parse("192.0.2.0/24");
  row.neighbor.name = "r1";
  row.best = true;
  ASSERT_TRUE(wire::encode_attributes(a, {}, row.attributes));
  actors::routes_page page;
  page.routes.push_back({row});
  page.next_cursor = "0:1";
  const auto view = json::parse(render(routes_document(page), format::json));
  EXPECT_EQ(view["next_cursor"], "0:1");
  const auto& r = view["routes"].at(0);
  EXPECT_EQ(r["prefix"], "192.0.2.0/24");
  EXPECT_EQ(r["neighbor"], "r1");
  EXPECT_EQ(r["best"], true);
  EXPECT_EQ(r["next_hop"], "10.0.0.1");
  EXPECT_EQ(r["as_path"], json::parse("[65001, 4200000001, [1, 2]]"));
  EXPECT_EQ(r["origin"], "igp");
  EXPECT_EQ(r["med"], 5);
  EXPECT_TRUE(r["local_pref"].is_null());
  EXPECT_EQ(r["communities"], json::array());
}

TEST(Views, ANeighborHasTheFieldsOfTheContract) {
  actors::neighbor_status n;
  n.router = "main";
  n.configuration.name = "r1";
  n.configuration.address = protocol::ip_address::parse("10.0.4.1");
  n.configuration.remote = {config::remote_asn::kind::number, 65001};
  n.report.state = "Established";
  n.report.last_error = "manual stop";
  n.uptime_seconds = 7;
  n.families[protocol::ipv4_unicast] = {3, 2, 1, 252};
  const auto view = neighbors_view({{n}}, "a")["neighbors"].at(0);
  EXPECT_EQ(view["router"], "main");
  EXPECT_EQ(view["name"], "r1");
  EXPECT_EQ(view["address"], "10.0.4.1");
  EXPECT_EQ(view["remote_asn"], 65001);
  EXPECT_EQ(view["state"], "Established");
  EXPECT_EQ(view["uptime_seconds"], 7);
  EXPECT_EQ(view["last_error"], "manual stop");
  EXPECT_EQ(view["owner_node"], "a");
  EXPECT_EQ(view["families"]["ipv4_unicast"],
            json::parse(
                R"({"received":3,"accepted":2,"advertised":1,"memory":252})"));
}

TEST(Views, ARangeIsShownAsItsPrefix) {
  actors::neighbor_status n;
  n.configuration.range = protocol::prefix::parse("10.0.0.0/8");
  const auto view = neighbors_view({{n}}, "")["neighbors"].at(0);
  EXPECT_EQ(view["address"], "10.0.0.0/8");
  EXPECT_TRUE(view["remote_asn"].is_null());
}

TEST(Views, AnUnnumberedNeighborShowsItsLinkAndTheAddressThatWasLearned) {
  actors::neighbor_status n;
  n.configuration.interface = "eth0";
  n.report.last_error = "waiting for a router advertisement on eth0";
  auto view = neighbors_view({{n}}, "")["neighbors"].at(0);
  EXPECT_EQ(view["address"], "eth0");
  EXPECT_EQ(view["interface"], "eth0");
  n.report.learned = protocol::ip_address::parse("fe80::2");
  view = neighbors_view({{n}}, "")["neighbors"].at(0);
  EXPECT_EQ(view["address"], "fe80::2");
  EXPECT_EQ(view["interface"], "eth0");
}

TEST(Views, ADigestHas32Digits) {
  actors::router_totals t;
  t.name = "main";
  t.families[protocol::ipv6_unicast] = {1, 2, 0xab, 0xcd};
  const auto view = rib_view({{t}, {}})["routers"].at(0);
  const auto& family = view["families"]["ipv6_unicast"];
  EXPECT_EQ(family["prefixes"], 1);
  EXPECT_EQ(family["paths"], 2);
  EXPECT_EQ(family["digest"], "00000000000000cd00000000000000ab");
}

// What groups and sets take is added up; what a neighbour's paths take is a
// part of the table, and is not.
TEST(Views, MemoryIsAddedUp) {
  actors::router_totals t;
  t.name = "main";
  t.families[protocol::ipv4_unicast] = {10, 20, 0, 0};
  t.memory = 4000;
  t.groups.push_back({1, 2, {}, {300, 20, 1}});
  rib::attribute_pool::statistics sets;
  sets.sets = 5;
  sets.bytes = 600;
  actors::neighbor_status mine;
  mine.router = "main";
  mine.configuration.name = "r1";
  mine.families[protocol::ipv4_unicast] = {1, 1, 0, 77};
  mine.families[protocol::ipv6_unicast] = {1, 1, 0, 7};
  mine.backlog.memory = 50'000;
  auto other = mine;
  other.router = "another";
  const auto view =
      memory_view({{t}, sets}, {{mine, other}}, {90'000, 10'000, 3});
  EXPECT_EQ(view["accounted_bytes"], 10'000 + 4000 + 321 + 600 + 50'000);
  EXPECT_EQ(view["resident_bytes"], 90'000);
  EXPECT_EQ(view["attribute_sets"]["bytes_per_set"], 120.0);
  const auto& router = view["routers"].at(0);
  EXPECT_EQ(router["bytes_per_path"], 200.0);
  ASSERT_EQ(router["neighbors"].size(), 1U);
  EXPECT_EQ(router["neighbors"].at(0)["path_bytes"], 84);
}

TEST(Views, TheProcessKnowsItsMemory) {
  const auto process = read_process_memory();
  EXPECT_GT(process.program, 0U);
  EXPECT_GT(process.resident, process.program);
}

TEST(Views, AnActorHasTheFieldsOfTheContract) {
  actors::actor_registry registry;
  registry.add("", actors::actor_kind::node, "");
  registry.add("node", actors::actor_kind::router, "main");
  const auto view = actors_view(registry.snapshot(), "a")["actors"];
  ASSERT_EQ(view.size(), 2U);
  const auto& r = view.at(1);
  EXPECT_EQ(r["id"], "node/router.main");
  EXPECT_EQ(r["kind"], "router");
  EXPECT_EQ(r["name"], "main");
  EXPECT_EQ(r["node"], "a");
  EXPECT_EQ(r["parent"], "node");
  for (const char* field : {"state", "messages", "uptime_seconds"})
    EXPECT_TRUE(r.contains(field)) << field;
  EXPECT_TRUE(r["mailbox"].contains("depth"));
  EXPECT_TRUE(r["mailbox"].contains("oldest_ms"));
  EXPECT_TRUE(r["handling_us"].contains("p50"));
  EXPECT_TRUE(r["handling_us"].contains("p99"));
  EXPECT_TRUE(r["restarts"].contains("count"));
  EXPECT_TRUE(r["restarts"].contains("last_reason"));
}

TEST(Views, AnErrorHasCodeMessageAndPath) {
  EXPECT_EQ(
      error_view(404, "no", "/x"),
      json::parse(R"({"error":{"code":404,"message":"no","path":"/x"}})"));
}

TEST(Views, HealthNamesEveryListener) {
  actors::health_reply h;
  h.listeners.push_back(
      {*protocol::endpoint::parse("127.0.0.1:179"), std::nullopt, "in use"});
  const auto view = health_view(h);
  EXPECT_EQ(view["ready"], false);
  EXPECT_EQ(view["listeners"].at(0)["bound"], false);
  EXPECT_EQ(view["listeners"].at(0)["error"], "in use");
}

} // namespace troupe::admin
