#include "tests/config/config_support.hpp"

#include "tests/config/validation_rule.hpp"

#include <gmock/gmock.h>

namespace troupe::config::testing {

json sound() {
  return json::parse(R"({
    "data_dir": "data",
    "routers": [
      { "name": "one", "asn": 65001, "router_id": "10.0.0.1",
        "listen": ["127.0.0.1:1790"],
        "originate": ["192.0.2.0/24"],
        "policies": { "p": [ { "match": { "as_path": "^65002" },
                               "then": "accept" } ] },
        "neighbors": [
          { "name": "a", "address": "127.0.0.2", "remote_asn": 65002,
            "local_address": "127.0.0.1",
            "timers": { "hold": "9s", "keepalive": "3s" },
            "families": { "ipv4_unicast": { "import": "accept",
                                            "export": ["p", "reject"] } } },
          { "name": "b", "address": "127.0.0.3", "remote_asn": 65001,
            "families": { "ipv4_unicast": {} } } ] },
      { "name": "two", "asn": 65002, "router_id": "10.0.0.2",
        "listen": ["127.0.0.2:1790"],
        "neighbors": [
          { "name": "c", "address": "2001:db8::/64", "remote_asn": "external",
            "families": { "ipv6_unicast": { "import": "reject",
                                            "export": "accept" } } } ] }
    ] })");
}

json patched(const std::vector<patch>& patches) {
  auto result = sound();
  for (const auto& [pointer, value] : patches) {
    const json::json_pointer where{pointer};
    if (value.empty())
      result.at(where.parent_pointer()).erase(where.back());
    else
      result[where] = json::parse(value);
  }
  return result;
}

load_result load_json(const std::string& text) {
  return load(text, "test.json");
}

load_result load_yaml(const std::string& text) {
  return load(text, "test.yaml");
}

configuration loaded(const json& value) {
  auto result = load_json(value.dump(2));
  EXPECT_TRUE(result.value) << ::testing::PrintToString(texts(result.messages));
  return result.value.value_or(configuration{});
}

std::vector<std::string> texts(const std::vector<message>& messages) {
  std::vector<std::string> result;
  for (const auto& m : messages)
    result.push_back((m.level == severity::error ? "error " : "warning ")
                     + m.path + ": " + m.text);
  return result;
}

void expect_rule(const rule& r) {
  using ::testing::ElementsAre;
  using ::testing::StartsWith;
  const auto text = patched(r.patches).dump(2);
  const auto result = load_json(text);
  EXPECT_THAT(texts(result.messages), ElementsAre(StartsWith(r.message)))
      << text;
  EXPECT_EQ(result.value.has_value(), !r.message.starts_with("error"));
  for (const auto& m : result.messages)
    EXPECT_GT(m.line, 0U);
}

} // namespace troupe::config::testing
