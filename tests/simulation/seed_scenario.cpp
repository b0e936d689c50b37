#include "tests/simulation/seed_scenario.hpp"

#include "source_dir.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>

namespace troupe::test {

using nlohmann::json;

namespace {

std::string replaced(const std::string& text, const char* pattern,
                     const char* by) {
  return std::regex_replace(text, std::regex{pattern}, by);
}

/// What is received, what is sent and the rest go side by side: in the seed
/// they are written by different threads.
std::string stream_of(const json& r, const std::string& text) {
  const auto unit = r.value("unit", std::string{});
  if (unit != "connection_tcp")
    return unit;
  if (text.starts_with("recv ") && text.find("loop") == text.npos
      && text.find("IO error") == text.npos)
    return unit + " received";
  if (text.starts_with("sending "))
    return unit + " sent";
  return unit;
}

} // namespace

record_kind kind_of(const json& r) {
  auto text = r.value("msg", std::string{});
  text = replaced(text, " thread", "");
  text = replaced(text, "\\(os error \\d+\\)", "(os error N)");
  text = replaced(text, "conn_id:? [0-9a-f]{8}", "conn_id X");
  text = replaced(text, "\\d+\\.\\d+\\.\\d+\\.\\d+(:\\d+)?", "A");
  text = replaced(text, "id: [0-9A.]+", "id: N");
  record_kind kind;
  kind.stream = stream_of(r, text);
  kind.text = text;
  kind.level = r.value("level", 0);
  if (r.contains("event"))
    kind.text += " [" + r["event"].get<std::string>() + "]";
  for (const auto& [key, value] : r.items())
    kind.fields.push_back(key);
  return kind;
}

std::vector<json> seed_records() {
  std::vector<json> all;
  std::ifstream in{std::string{TROUPE_SOURCE_DIR}
                   + "/../shared/reference/seed-log.jsonl"};
  for (std::string line; std::getline(in, line);)
    if (auto r = json::parse(line, nullptr, false); r.is_object())
      all.push_back(std::move(r));
  return all;
}

std::vector<std::string> missing_from(const std::vector<json>& ours,
                                      const std::vector<json>& seed) {
  std::map<std::string, std::vector<record_kind>> streams;
  for (const auto& r : ours) {
    auto kind = kind_of(r);
    streams[kind.stream].push_back(std::move(kind));
  }
  std::map<std::string, std::size_t> position;
  std::vector<std::string> missing;
  for (const auto& r : seed) {
    const auto wanted = kind_of(r);
    const auto& stream = streams[wanted.stream];
    auto& at = position[wanted.stream];
    const auto found = std::find_if(
        stream.begin() + static_cast<std::ptrdiff_t>(at), stream.end(),
        [&](const record_kind& k) {
          if (k.text != wanted.text || k.level != wanted.level)
            return false;
          const std::set<std::string> has{k.fields.begin(), k.fields.end()};
          return std::all_of(wanted.fields.begin(), wanted.fields.end(),
                             [&](const auto& f) { return has.contains(f); });
        });
    if (found == stream.end())
      missing.push_back(wanted.stream + ": " + wanted.text + " (level "
                        + std::to_string(wanted.level) + ")");
    else
      at = static_cast<std::size_t>(found - stream.begin()) + 1;
  }
  return missing;
}

namespace {

std::string router(const std::string& base, int own, int peer,
                   const std::string& extra, const std::string& neighbor) {
  const auto self = base + '.' + std::to_string(own);
  const auto other = base + '.' + std::to_string(peer);
  return R"({ "admin": { "listen": [] }, "log": { "level": "trace" },
  "data_dir": "/tmp/troupe-seed-r)"
         + std::to_string(own) + R"(",
  "routers": [ { "name": "r)"
         + std::to_string(own) + R"(", "asn": 420000000)" + std::to_string(own)
         + R"(, "router_id": "0.0.0.)" + std::to_string(own)
         + R"(", "listen": [")" + self + R"(:10179"], )" + extra + R"(
    "neighbors": [ { "name": "r)"
         + std::to_string(peer) + R"(", "address": ")" + other
         + R"(", "port": 10179, "local_address": ")" + self + R"(",
      "timers": { "hold": "6s", "keepalive": "3s", "connect_retry": "1s",
                  "idle_hold": "0s", "idle_hold_jitter": [0.75, 1.0],
                  "connect_retry_jitter": [1.0, 1.0] }, )"
         + neighbor + " } ] } ] }";
}

} // namespace

std::string seed_r1(const std::string& base, const std::string& next_hop,
                    bool announces) {
  return router(
      base, 1, 2, announces ? R"("originate": ["3fff:db8:1::/48"],)" : "",
      R"("passive": true, "families": { "ipv6_unicast":
                   { "next_hop": ")"
          + next_hop + R"(", "import": "accept", "export": "accept" } })");
}

std::string seed_r2(const std::string& base) {
  return router(base, 2, 1, "",
                R"("families": { "ipv6_unicast":
                   { "next_hop": "3fff:db8:4::1", "import": "accept",
                     "export": "accept" } })");
}

} // namespace troupe::test
