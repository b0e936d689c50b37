#include "config/load.hpp"

#include "tests/config/config_support.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace troupe::config::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> lines(const load_result& result) {
  std::vector<std::string> out;
  for (const auto& m : result.messages)
    out.push_back(to_string(m));
  return out;
}

constexpr auto ipv4 = protocol::ipv4_unicast;
constexpr auto ipv6 = protocol::ipv6_unicast;

// -- positions ----------------------------------------------------------------

TEST(Load, NamesFileLineColumnAndPathOfEveryMistake) {
  const auto result = load_json(R"(// a comment
{
  /* another,
     longer one */
  "data_dir": "data", "surprise": 1,
  "routers": [
    { "name": "one", "asn": "65001", "router_id": "10.0.0.1",
      "neighbors": [
        { "name": "a", "address": "127.0.0.2/33",
          "timers": { "hold": "90", "idle_holt": "1s" } } ] } ]
})");
  EXPECT_FALSE(result.value);
  EXPECT_THAT(
      lines(result),
      ElementsAre(
          "test.json:5:23: error: surprise: is no known key",
          "test.json:7:29: error: routers[0].asn: must be a whole number from "
          "0 to 4294967295",
          "test.json:9:9: error: routers[0].neighbors[0].remote_asn: is "
          "missing",
          "test.json:9:35: error: routers[0].neighbors[0].address: must be a "
          "prefix, as in \"192.0.2.0/24\"",
          "test.json:10:31: error: routers[0].neighbors[0].timers.hold: must "
          "be a string of a whole number and a unit, as in \"100ms\", "
          "\"90s\", \"2m\", \"1h\" or \"1d\", at most 365 days",
          "test.json:10:37: error: routers[0].neighbors[0].timers.idle_holt: "
          "is no known key; did you mean \"idle_hold\"?"));
}

TEST(Load, NamesThePositionsOfYaml) {
  const auto result = load_yaml("# a comment\n"
                                "routers:\n"
                                "  - name: one\n"
                                "    asn: many\n"
                                "    router_id: 10.0.0.1\n"
                                "    neighbors:\n"
                                "      - { name: a, address: 10.0.0.2,\n"
                                "          porta: 1 }\n");
  EXPECT_THAT(
      lines(result),
      ElementsAre("test.yaml:4:10: error: routers[0].asn: must be a whole "
                  "number from 0 to 4294967295",
                  "test.yaml:7:9: warning: routers[0].neighbors[0]: no family "
                  "is on: the session carries no routes",
                  "test.yaml:8:11: error: routers[0].neighbors[0].porta: is "
                  "no known key; did you mean \"port\"?"));
}

TEST(Load, TellsWhatAGroupSaysWrongOnceAndThere) {
  const auto result = load_json(R"({ "routers": [ { "name": "one",
    "asn": 65001, "router_id": "10.0.0.1",
    "groups": { "g.x": { "timers": { "hold": "9s", "keepalive": "9s" } } },
    "defaults": { "remote_asn": 65001, "families": { "ipv4_unicast": {} },
                  "min_ttl": 256, "multihop": 2 },
    "neighbors": [
      { "name": "a", "address": "127.0.0.2", "group": "g.x" },
      { "name": "b", "address": "127.0.0.3", "group": "g.x" } ] } ] })");
  EXPECT_THAT(lines(result),
              ElementsAre("test.json:3:65: error: routers[0].groups.g.x."
                          "timers.keepalive: must be less than the hold time, "
                          "which is 9s (for routers[0].neighbors[0])",
                          "test.json:5:30: error: routers[0].defaults."
                          "min_ttl: must be a whole number from 0 to 255"));
}

TEST(Load, ReportsUnknownGroupsAndBadTemplates) {
  const auto result = load_json(R"({ "routers": [ { "name": "one",
    "asn": 65001, "router_id": "10.0.0.1",
    "defaults": { "name": "x" },
    "groups": { "g": { "address": "10.0.0.1", "group": "h" } },
    "neighbors": [
      { "name": "a", "address": "127.0.0.2", "group": "nobody",
        "remote_asn": 65001, "families": { "ipv4_unicast": {} } } ] } ] })");
  EXPECT_THAT(
      texts(result.messages),
      ElementsAre("error routers[0].defaults.name: is no known key",
                  "error routers[0].groups.g.address: is no known key",
                  "error routers[0].groups.g.group: is no known key",
                  "error routers[0].neighbors[0].group: names a group that is "
                  "not defined"));
}

TEST(Load, ReportsDuplicateKeysInBothForms) {
  EXPECT_THAT(lines(load_json("{ \"data_dir\": \"a\",\n"
                              "  \"routers\": [],\n"
                              "  \"data_dir\": \"b\" }")),
              ElementsAre("test.json:3:3: error: data_dir: is given twice, "
                          "before in line 1"));
  EXPECT_THAT(
      texts(
          load_yaml("routers: []\nlog: {level: info, level: warn}\n").messages),
      ElementsAre("error log.level: is given twice, before in line 2"));
}

// -- syntax -------------------------------------------------------------------

TEST(Load, GoesOnBehindSyntaxErrors) {
  const auto result = load_json("{\n"
                                "  \"data_dir\": \"data\"\n"
                                "  \"log\": { \"level\": info, },\n"
                                "  'routers': [],\n"
                                "  \"admin\": { \"listen\": [1 2] }\n"
                                "  \"surprise\": true\n"
                                "}");
  EXPECT_THAT(
      lines(result),
      ElementsAre(
          "test.json:3:3: error: a comma or '}' must stand here",
          "test.json:3:21: error: log.level: a text stands in double quotes",
          "test.json:3:25: error: log: no comma may stand behind the last "
          "value",
          "test.json:4:3: error: a key in double quotes must stand here",
          "test.json:5:25: error: admin.listen[0]: must be an address and a "
          "port, as in \"192.0.2.1:179\" or \"[2001:db8::1]:179\", not a "
          "number",
          "test.json:5:27: error: admin.listen[1]: a comma or ']' must stand "
          "here",
          "test.json:5:27: error: admin.listen[1]: must be an address and a "
          "port, as in \"192.0.2.1:179\" or \"[2001:db8::1]:179\", not a "
          "number",
          "test.json:6:3: error: a comma or '}' must stand here",
          "test.json:6:3: error: surprise: is no known key"));
}

struct syntax_case {
  std::string text;
  std::string message; ///< a part of one
};

TEST(Load, NamesEachKindOfSyntaxError) {
  const syntax_case cases[] = {
      {"", ": error: the text ends where a value must stand"},
      {"  \n ", ":2:2: error: the text ends where a value must stand"},
      {"{", ":1:1: error: this is not closed before the text ends"},
      {"{\"a\": [1,\n", ":2:1: error: a[1]: the text ends where"},
      {"{} x", ":1:4: error: nothing may follow the outermost value"},
      {"{\"a\" 1}", ":1:6: error: a: a colon must stand between"},
      {"{\"a\": \"x\n\"}", ":1:7: error: a: the string that begins here"},
      {"/* x", ":1:1: error: the comment that begins here has no end"},
      {R"({"a": "\q"})", ":1:9: error: a: no such escape sequence"},
      {R"({"a": "\u12g4"})", ":1:9: error: a: \\u needs four"},
      {R"({"a": "\ud800"})", ":1:9: error: a: \\u needs four"},
      {R"({"a": 01})", ":1:7: error: a: a text stands in double quotes"},
      {R"({"a": .5})", ":1:7: error: a: a text stands in double quotes"},
      {R"({"a": @})", ":1:7: error: a: a value must stand here"},
      {"{\"a\": \"\xff\"}", ":1:8: error: the text is not UTF-8"},
      {"{\"a\": \"\xc0\x80\"}", ":1:8: error: the text is not UTF-8"},
      {"{\"a\": \"\xed\xa0\x80\"}", ":1:8: error: the text is not UTF-8"},
      {std::string("{\"a\": \"\x01\"}"), ":1:8: error: control characters"}};
  for (const auto& [text, expected] : cases) {
    const auto result = load_json(text);
    EXPECT_THAT(lines(result), Contains(HasSubstr(expected))) << text;
    EXPECT_FALSE(result.value);
  }
}

TEST(Load, StopsAfterManySyntaxErrors) {
  std::string text = "{";
  for (int i = 0; i < 10000; ++i)
    text += "@,\n";
  const auto result = load_json(text);
  EXPECT_EQ(result.messages.size(), 21U);
}

TEST(Load, NamesSyntaxErrorsOfYaml) {
  const syntax_case cases[] = {
      {"", ": error: holds no configuration"},
      {"routers: [\n", "test.yaml:2:1: error: "},
      {"a: b: c\n", "test.yaml:1:5: error: "},
      {"routers: []\n---\nrouters: []\n", ":2:1: error: only one YAML"},
      {"routers: *nobody\n", "test.yaml:1:10: error: "},
      {"a: &x [ *x ]\n", "error: a[0]: an alias may not stand within"},
      {"[1]: 2\n", "error: a key must be a string"},
      {"? [1]\n: 2\n", "error: a key must be a string"},
      {"routers: !!binary aGk=\n", "error: routers: the tag"},
      {"a\tb: \x01\n", "test.yaml:1:6: error: control characters"}};
  for (const auto& [text, expected] : cases) {
    const auto result = load_yaml(text);
    EXPECT_THAT(lines(result), Contains(HasSubstr(expected))) << text;
    EXPECT_FALSE(result.value);
  }
}

TEST(Load, ReadsEscapesAndAByteOrderMark) {
  const auto result =
      load_json("\xef\xbb\xbf{\"data_dir\": \"\\u00e4\\ud83d\\ude00\\/\\\"\","
                "\"routers\": []}");
  ASSERT_TRUE(result.value);
  EXPECT_EQ(result.value->data_dir, "\xc3\xa4\xf0\x9f\x98\x80/\"");
}

// -- forms --------------------------------------------------------------------

TEST(Load, TellsTheFormByTheFileName) {
  EXPECT_EQ(format_of("a.yaml"), format::yaml);
  EXPECT_EQ(format_of("a.yml"), format::yaml);
  EXPECT_EQ(format_of("a.json"), format::json);
  EXPECT_EQ(format_of("a.conf"), format::json);
}

TEST(Load, ReadsYamlAndJsonAlike) {
  const auto yaml = load_yaml(R"(
data_dir: data
routers:
  - name: one
    asn: 65001
    router_id: 10.0.0.1
    listen: ["127.0.0.1:1790"]
    originate: [192.0.2.0/24]
    policies:
      p:
        - match: { as_path: ^65002 }
          then: accept
    neighbors:
      - name: a
        address: 127.0.0.2
        remote_asn: 65002
        local_address: 127.0.0.1
        timers: { hold: 9s, keepalive: "3s" }
        families:
          ipv4_unicast: { import: accept, export: [p, reject] }
      - name: b
        address: 127.0.0.3
        remote_asn: 65001
        families: { ipv4_unicast: {} }
  - name: two
    asn: 65002
    router_id: '10.0.0.2'
    listen:
      - 127.0.0.2:1790
    neighbors:
      - name: c
        address: 2001:db8::/64
        remote_asn: external
        families:
          ipv6_unicast:
            import: reject
            export: accept
)");
  EXPECT_THAT(lines(yaml), IsEmpty());
  ASSERT_TRUE(yaml.value);
  EXPECT_EQ(*yaml.value, loaded(sound()));
}

TEST(Load, ReadsJsonAsYamlToo) {
  const auto result = load_yaml(sound().dump());
  ASSERT_TRUE(result.value) << ::testing::PrintToString(lines(result));
  EXPECT_EQ(*result.value, loaded(sound()));
}

TEST(Load, LetsYamlAliasesStandForWhatTheyName) {
  const auto result = load_yaml(R"(
routers:
  - name: one
    asn: 65001
    router_id: 10.0.0.1
    neighbors:
      - name: a
        address: 127.0.0.2
        remote_asn: 65001
        families: &families { ipv4_unicast: { max_prefixes: 7 } }
      - name: b
        address: 127.0.0.3
        remote_asn: 65001
        families: *families
)");
  ASSERT_TRUE(result.value) << ::testing::PrintToString(lines(result));
  const auto& neighbors = result.value->routers[0].neighbors;
  EXPECT_EQ(neighbors[1].families.at(ipv4).max_prefixes->limit, 7U);
  EXPECT_EQ(neighbors[0].families, neighbors[1].families);
}

TEST(Load, KeepsYamlStringsStrings) {
  const auto result = load_yaml("data_dir: \"65000\"\nrouters: []\n");
  ASSERT_TRUE(result.value);
  EXPECT_EQ(result.value->data_dir, "65000");
  EXPECT_THAT(texts(load_yaml("data_dir: 65000\nrouters: []\n").messages),
              Contains("error data_dir: must be a string, not a number"));
}

// -- merging ------------------------------------------------------------------

configuration merged() {
  const auto result = load_json(R"({ "routers": [ { "name": "one",
    "asn": 65001, "router_id": "10.0.0.1",
    "defaults": {
      "remote_asn": 65001, "multihop": 7, "description": "default",
      "timers": { "hold": "60s", "idle_hold": "1s", "delay_open": "1s" },
      "graceful_restart": { "mode": "off" },
      "families": { "ipv4_unicast": { "max_prefixes": 10, "import": "reject",
                                      "add_path": { "receive": true } },
                    "ipv6_unicast": { "max_prefixes": 20 } } },
    "groups": { "g": {
      "multihop": 8, "timers": { "idle_hold": "2s", "delay_open": "2s" },
      "families": { "ipv4_unicast": { "import": "accept", "export": "accept" },
                    "ipv6_unicast": { "max_prefixes": 21 } } } },
    "neighbors": [
      { "name": "a", "address": "127.0.0.2", "group": "g",
        "timers": { "delay_open": "3s" },
        "families": { "ipv4_unicast": { "export": "reject",
                                        "add_path": { "send": 2 } },
                      "ipv6_unicast": false } },
      { "name": "b", "address": "127.0.0.3" } ] } ] })");
  EXPECT_THAT(lines(result), IsEmpty());
  return result.value.value_or(configuration{});
}

TEST(Load, MergesDefaultsGroupAndNeighborFieldByField) {
  const auto value = merged();
  ASSERT_EQ(value.routers.size(), 1U);
  const auto& n = value.routers[0].neighbors[0];
  EXPECT_EQ(n.group, "g");
  EXPECT_EQ(n.description, "default");
  EXPECT_EQ(n.multihop, 8);
  EXPECT_EQ(n.timers.hold, 60s);
  EXPECT_EQ(n.timers.idle_hold, 2s);
  EXPECT_EQ(n.timers.delay_open, 3s);
  EXPECT_EQ(n.graceful_restart.mode, restart_mode::off);
  ASSERT_TRUE(n.families.contains(ipv4));
  const auto& f = n.families.at(ipv4);
  EXPECT_EQ(f.max_prefixes->limit, 10U);
  EXPECT_EQ(f.import_policy, rib::chain_definition{rib::policy_action::accept});
  EXPECT_EQ(f.export_policy, rib::chain_definition{rib::policy_action::reject});
  EXPECT_TRUE(f.add_path.receive);
  EXPECT_EQ(f.add_path.send, 2);
}

TEST(Load, SwitchesAnInheritedFamilyOffWithFalse) {
  const auto value = merged();
  ASSERT_EQ(value.routers.size(), 1U);
  EXPECT_FALSE(value.routers[0].neighbors[0].families.contains(ipv6));
}

TEST(Load, GivesANeighborWithoutAGroupTheDefaults) {
  const auto value = merged();
  ASSERT_EQ(value.routers.size(), 1U);
  const auto& n = value.routers[0].neighbors[1];
  EXPECT_EQ(n.multihop, 7);
  EXPECT_EQ(n.timers.idle_hold, 1s);
  EXPECT_EQ(n.families.at(ipv6).max_prefixes->limit, 20U);
}

TEST(Load, WorksOutWhatDependsOnTheHoldTime) { // RFC 9687 §6
  const auto value = loaded(
      patched({{"/routers/0/neighbors/0/timers", R"({ "hold": "900s" })"},
               {"/routers/0/neighbors/1/timers", R"({ "hold": "0s" })"}}));
  const auto& neighbors = value.routers[0].neighbors;
  EXPECT_EQ(neighbors[0].timers.keepalive, 300s);
  EXPECT_EQ(neighbors[0].timers.send_hold, 1800s);
  EXPECT_EQ(neighbors[1].timers.keepalive, 0s);
  EXPECT_EQ(neighbors[1].timers.send_hold, 480s);
}

TEST(Load, RestartsGracefullyInFullOnlyInACluster) {
  EXPECT_EQ(loaded(sound()).routers[0].neighbors[0].graceful_restart.mode,
            restart_mode::helper);
  const auto clustered =
      loaded(patched({{"/cluster", R"({ "nodes": [ { "name": "x",
                         "address": "127.0.1.1:51" } ] })"}}));
  EXPECT_EQ(clustered.routers[0].neighbors[0].graceful_restart.mode,
            restart_mode::full);
}

TEST(Load, MakesRangesPassive) {
  const auto value = loaded(sound());
  const auto& n = value.routers[1].neighbors[0];
  EXPECT_TRUE(n.is_dynamic());
  EXPECT_TRUE(n.passive);
  EXPECT_FALSE(value.routers[0].neighbors[0].passive);
}

// -- files --------------------------------------------------------------------

TEST(Load, SaysWhyAFileCannotBeRead) {
  const auto missing = load_file("/nonexistent/troupe.json");
  EXPECT_FALSE(missing.value);
  EXPECT_THAT(lines(missing),
              ElementsAre("/nonexistent/troupe.json: error: cannot be read: "
                          "No such file or directory"));
  EXPECT_THAT(lines(load_file("/")),
              ElementsAre(HasSubstr("/: error: cannot be read")));
}

TEST(Load, ReadsAFile) {
  const auto path =
      std::filesystem::path{::testing::TempDir()} / "troupe-load-test.json";
  std::ofstream{path} << sound().dump(2);
  const auto result = load_file(path.string());
  std::filesystem::remove(path);
  EXPECT_TRUE(result.value);
}

} // namespace
} // namespace troupe::config::testing
