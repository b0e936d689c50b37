#include "actors/log/records.hpp"
#include "source_dir.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

// Each line of the seed log, read back into arguments and written by our
// functions, has to come out as it was.

namespace troupe::log {
namespace {

using json = nlohmann::ordered_json;

/// Reads a seed line back into our arguments.
class seed_line {
public:
  explicit seed_line(const std::string& text) : line_(json::parse(text)) {
    clock_ = get("session_clock");
    connection_clock_ = get("connection_clock");
    state_ = get("fsm_state");
    neighbor_ = get("neighbor");
    name_ = get("neighbor_name");
    direction_ = get("direction");
    read_endpoints();
  }

  std::string get(const char* key) const {
    return line_.contains(key) && line_[key].is_string()
               ? line_[key].get<std::string>()
               : std::string();
  }
  std::string message() const { return get("msg"); }
  bool has_connection() const { return line_.contains("connection_clock"); }
  const json& line() const { return line_; }

  session_context session() const {
    auto t = timers(clock_);
    return {state_, {t.resolution, t.timer[0], t.timer[1]}, neighbor_, name_};
  }
  connection_context connection() const {
    auto t = timers(connection_clock_);
    return {id_,
            local_,
            peer_,
            direction_,
            {t.resolution, t.timer[0], t.timer[1], t.timer[2]},
            socket_};
  }

private:
  struct timer_values {
    std::chrono::nanoseconds resolution{0};
    timer_view timer[3];
  };

  static std::chrono::nanoseconds span(const std::string& seconds) {
    return std::chrono::round<std::chrono::milliseconds>(
        std::chrono::duration<double>(std::stod(seconds)));
  }
  static timer_values timers(const std::string& text) {
    static const std::regex resolution("resolution: ([0-9.]+)s");
    static const std::regex timer("interval: ([0-9.]+)s, enabled: (\\w+), "
                                  "remaining: ([0-9.]+)s");
    timer_values result;
    std::smatch m;
    if (std::regex_search(text, m, resolution))
      result.resolution = span(m[1]);
    std::size_t n = 0;
    for (std::sregex_iterator i(text.begin(), text.end(), timer), end; i != end;
         ++i, ++n)
      result.timer[n] = {span((*i)[1]), (*i)[2] == "true", span((*i)[3])};
    return result;
  }
  void read_endpoints() {
    static const std::regex pair("\\(([^ ]+), ([^ ]+)\\)");
    static const std::regex stream(
        "addr: ([^ ]+), peer: ([^ ]+), fd: ([0-9]+)");
    auto text = get("connection");
    std::smatch m;
    if (std::regex_search(text, m, pair)
        || std::regex_search(text, m, stream)) {
      local_ = m[1];
      peer_ = m[2];
      socket_ = m.size() > 3 ? std::stoull(m[3]) : 0;
    }
    for (auto key : {"local", "connection_local"})
      if (line_.contains(key))
        local_ = get(key);
    for (auto key : {"peer", "connection_peer"})
      if (line_.contains(key))
        peer_ = get(key);
    auto id = get("connection_id");
    std::from_chars(id.data(), id.data() + id.size(), id_, 16);
  }

  json line_;
  std::string clock_, connection_clock_, state_, neighbor_, name_, direction_,
      local_, peer_;
  std::uint32_t id_ = 0;
  std::uint64_t socket_ = 0;
};

/// How a seed line is written with our functions.
struct rewriter {
  std::regex pattern;
  std::function<void(logger&, const seed_line&, const std::smatch&)> write;
};

std::vector<std::uint8_t> bytes_of(const std::string& dump) {
  static const std::regex byte("[0-9a-f]+");
  std::vector<std::uint8_t> bytes;
  for (std::sregex_iterator i(dump.begin(), dump.end(), byte), end; i != end;
       ++i)
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoul(i->str(), nullptr, 16)));
  return bytes;
}

using line = const seed_line&;
using match = const std::smatch&;

std::vector<rewriter> session_rewriters() {
  auto r = [](const char* text) { return std::regex(text); };
  return {
      {r("starting peer state machine"),
       [](logger& l, line s, match) {
         log_session_started(l, s.session(), s.get("params"));
       }},
      {r("starting connect attempt"),
       [](logger& l, line s, match) { log_connect_attempt(l, s.session()); }},
      {r("spawned new connector thread"),
       [](logger& l, line s, match) { log_connector_spawned(l, s.session()); }},
      {r("connector thread completed successfully"),
       [](logger& l, line s, match) {
         log_connector_completed(l, s.session(), s.get("context"));
       }},
      {r("fsm transition (.*) -> (.*)"),
       [](logger& l, line s, match m) {
         log_fsm_transition(l, s.session(), m[1].str(), m[2].str());
       }},
      {r("received fsm event(.*)"),
       [](logger& l, line s, match) {
         if (s.has_connection())
           log_fsm_event(l, s.session(), s.connection(), s.get("event"));
         else
           log_fsm_event(l, s.session(), s.get("event"));
       }},
      {r("unexpected admin fsm event .*"),
       [](logger& l, line s, match) {
         log_unexpected_admin_event(l, s.session(), s.get("event"));
       }},
      {r("accepted .*"),
       [](logger& l, line s, match m) {
         auto c = s.connection();
         EXPECT_NE(m.str().find(std::string(c.peer)), std::string::npos);
         log_connection_accepted(l, s.session(), c);
       }},
  };
}

std::vector<rewriter> later_session_rewriters() {
  auto r = [](const char* text) { return std::regex(text); };
  return {
      {r("sending keepalive"),
       [](logger& l, line s, match) {
         log_sending_keepalive(l, s.session(), s.connection());
       }},
      {r("keepalive received .*"),
       [](logger& l, line s, match) {
         log_keepalive_received(l, s.session(), s.connection());
       }},
      {r("received update .*"),
       [](logger& l, line s, match) {
         log_update_received(l, s.session(), s.connection(),
                             s.get("message_contents"));
       }},
      {r("rx (.*) \\(conn_id.*"),
       [](logger& l, line s, match m) {
         log_connection_lost(l, s.session(), s.connection(), m[1].str());
       }},
      {r("session runner .* received shutdown request.*"),
       [](logger& l, line s, match) {
         log_session_shutdown_requested(l, s.session());
       }},
      {r("session runner .* caught shutdown flag"),
       [](logger& l, line s, match) {
         log_session_shutdown_caught(l, s.session());
       }},
      {r("session runner .*: shutdown start"),
       [](logger& l, line s, match) {
         log_session_shutdown_start(l, s.session());
       }},
      {r("joining connector thread during shutdown"),
       [](logger& l, line s, match) { log_joining_connector(l, s.session()); }},
      {r("session runner .*: shutdown complete"),
       [](logger& l, line s, match) {
         log_session_shutdown_complete(l, s.session());
       }},
  };
}

std::vector<rewriter> other_rewriters() {
  auto r = [](const char* text) { return std::regex(text); };
  return {
      {r("spawning session for (.*)"),
       [](logger& l, line, match m) { log_spawning_session(l, m[1].str()); }},
      {r("router \\(asn: (.*), id: (.*)\\) received.*"),
       [](logger& l, line, match m) {
         log_router_shutdown(
             l, static_cast<std::uint32_t>(std::stoul(m[1].str())), m[2].str());
       }},
      {r("dispatcher started"),
       [](logger& l, line s, match) {
         log_dispatcher_started(l, s.get("listen_address"));
       }},
      {r("listener bind: .*"),
       [](logger& l, line s, match) {
         log_listener_bind(l, s.get("listen_address"));
       }},
      {r("dispatcher received shutdown request.*"),
       [](logger& l, line s, match) {
         log_dispatcher_shutdown(l, s.get("listen_address"));
       }},
      {r("starting connection attempt to .*"),
       [](logger& l, line s, match) {
         log_connecting(l, s.get("peer"),
                        std::chrono::milliseconds(
                            s.line()["timeout"].get<std::int64_t>()));
       }},
      {r("connection attempt to .* failed: (.*)"),
       [](logger& l, line s, match m) {
         log_connecting_failed(l, s.get("peer"), m[1].str());
       }},
      {r("connection to .* established .*"),
       [](logger& l, line s, match) {
         log_connection_established(l, s.connection());
       }},
  };
}

std::vector<rewriter> socket_rewriters() {
  auto r = [](const char* text) { return std::regex(text); };
  return {
      {r("spawning recv loop for .*"),
       [](logger& l, line s, match) {
         log_receive_loop_started(l, s.connection());
       }},
      {r("recv (\\w+) message msg from .*"),
       [](logger& l, line s, match m) {
         log_message_received(l, s.connection(), m[1].str(),
                              s.get("message_contents"));
       }},
      {r("sending (\\w+) message msg"),
       [](logger& l, line s, match m) {
         log_message_sent(l, s.connection(), m[1].str(),
                          s.get("message_contents"));
       }},
      {r("sending (\\w+) message msg with header"),
       [](logger& l, line s, match m) {
         log_message_bytes_sent(l, s.connection(), m[1].str(),
                                bytes_of(s.get("message_contents")));
       }},
      {r("recv_msg IO error .*"),
       [](logger& l, line s, match) {
         log_receive_error(l, s.connection(), s.get("error"));
       }},
      {r("recv loop closed .*"),
       [](logger& l, line s, match) {
         log_receive_loop_closed(l, s.connection());
       }},
      {r("dropping connection .*"),
       [](logger& l, line s, match) {
         log_connection_dropped(l, s.connection(),
                                s.line()["dropped"].get<bool>());
       }},
  };
}

/// What we write for a seed line; nothing if no function of ours fits.
std::optional<json> rewritten(const seed_line& seed) {
  std::vector<rewriter> all;
  for (auto& some : {session_rewriters(), later_session_rewriters(),
                     other_rewriters(), socket_rewriters()})
    all.insert(all.end(), some.begin(), some.end());
  auto sink = std::make_shared<capture_sink>();
  logger l(sink, {.level = level::trace, .from = {}, .now = {}});
  auto text = seed.message();
  std::smatch m;
  for (auto& r : all)
    if (std::regex_match(text, m, r.pattern))
      r.write(l, seed, m);
  if (sink->lines().size() != 1)
    return std::nullopt;
  return json::parse(sink->lines()[0]);
}

TEST(LogRecords, AreThoseOfTheSeedLog) {
  std::ifstream file(TROUPE_SOURCE_DIR "/../shared/reference/seed-log.jsonl");
  if (!file) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "no seed log";
    GTEST_SKIP() << "no seed log here";
  }
  int lines = 0;
  for (std::string text; std::getline(file, text); ++lines) {
    seed_line seed(text);
    auto ours = rewritten(seed);
    ASSERT_TRUE(ours) << text;
    auto expected = seed.line();
    // What differs on purpose: the process, and the word "thread".
    for (auto key : {"name", "time", "hostname", "pid"})
      expected[key] = (*ours)[key];
    expected["msg"] = std::regex_replace(
        seed.message(), std::regex("connector thread"), "connector");
    EXPECT_EQ(ours->dump(), expected.dump());
  }
  EXPECT_EQ(lines, 64);
}

} // namespace
} // namespace troupe::log
