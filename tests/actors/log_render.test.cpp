#include "actors/log/context.hpp"
#include "actors/log/logger.hpp"
#include "actors/log/render.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::log {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

// 2026-03-24T20:37:16.137978507Z
const system_clock::time_point a_time{1'774'384'636s + 137'978'507ns};

const origin here{"troupe", "edge1", 5104};

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(RenderJson, HasTheKeysInTheSeedsOrder) {
  record r{level::info,
           "fsm transition idle -> connect",
           "session_runner",
           "neighbor",
           {}};
  r.with("text", "a").with("number", -3).with("count", 3U).with("flag", true);
  EXPECT_EQ(render_json(r, here, a_time),
            R"({"msg":"fsm transition idle -> connect","v":0,"name":"troupe",)"
            R"("level":30,"time":"2026-03-24T20:37:16.137978507Z",)"
            R"("hostname":"edge1","pid":5104,"text":"a","number":-3,"count":3,)"
            R"("flag":true,"unit":"session_runner","module":"neighbor",)"
            R"("component":"bgp"})");
}

TEST(RenderTime, HasAlwaysNineDigits) { // RFC 3339
  EXPECT_EQ(render_time(a_time), "2026-03-24T20:37:16.137978507Z");
  EXPECT_EQ(render_time(system_clock::time_point{}),
            "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(render_time(system_clock::time_point{-1ns}),
            "1969-12-31T23:59:59.999999999Z");
}

TEST(JsonString, EscapesWhatJsonDemands) {
  EXPECT_EQ(json_string("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json_string("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(json_string(std::string_view("\0\x1b\x7f", 3)),
            R"("\u0000\u001b\u007f")");
  EXPECT_EQ(json_string("zürich \xf0\x9f\x9a\x80"),
            "\"zürich \xf0\x9f\x9a\x80\"");
}

TEST(JsonString, ReplacesWhatIsNotUtf8) {
  const std::string bad = "\xef\xbf\xbd";
  auto quoted = [](const std::string& s) { return '"' + s + '"'; };
  EXPECT_EQ(json_string("a\xff"
                        "b"),
            quoted("a" + bad + "b"));
  EXPECT_EQ(json_string("\x80"), quoted(bad));
  EXPECT_EQ(json_string("\xc0\xaf"), quoted(bad + bad)) << "overlong";
  EXPECT_EQ(json_string("\xed\xa0\x80"), quoted(bad + bad + bad))
      << "a surrogate";
  EXPECT_EQ(json_string("\xf4\x90\x80\x80"), quoted(bad + bad + bad + bad))
      << "beyond U+10FFFF";
  EXPECT_EQ(json_string("\xe2\x82"
                        "a"),
            quoted(bad + "a"))
      << "cut short";
  EXPECT_EQ(json_string("\xe2\x82"), quoted(bad)) << "cut short at the end";
}

TEST(JsonString, IsReadBackByAStrictReaderWhateverTheBytes) {
  EXPECT_TRUE(rc::check("any bytes", [](const std::string& bytes) {
    auto line = json_string(bytes);
    auto read = nlohmann::json::parse(line).get<std::string>();
    RC_ASSERT(line.find('\n') == std::string::npos);
    auto valid = nlohmann::json(bytes).dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
    RC_ASSERT(read == nlohmann::json::parse(valid).get<std::string>());
  }));
}

TEST(RenderText, IsOneLineWithTheSubjectInFront) {
  record r{
      level::warn, "unexpected \"event\"\n", "session_runner", "neighbor", {}};
  r.with("event", "manual start")
      .with("timeout", 333)
      .with("fsm_state", "idle")
      .with("session_clock", "SessionClock { ... }")
      .with("neighbor", "10.0.4.1")
      .with("neighbor_name", "r1");
  EXPECT_EQ(render_text(r, a_time),
            "2026-03-24T20:37:16.137978507Z warn  session_runner r1 10.0.4.1 "
            "idle: unexpected \"event\"\\n event=\"manual start\" timeout=333");
}

TEST(HexList, PrintsBytesAsTheSeedDoes) {
  const std::vector<std::uint8_t> bytes{0xff, 0, 0x33, 1};
  EXPECT_EQ(hex_list(bytes), "[ff, 0, 33, 1]");
  EXPECT_EQ(hex_list({}), "[]");
}

TEST(OsErrorText, NamesTextAndNumber) {
  EXPECT_EQ(os_error_text(ECONNREFUSED), "Connection refused (os error "
                                             + std::to_string(ECONNREFUSED)
                                             + ")");
}

TEST(Clocks, PrintAsInTheSeed) {
  EXPECT_EQ(to_string(session_clock{100ms, {1s, true, 200ms}, {}}),
            "SessionClock { resolution: 0.100s, connect_retry: Timer { "
            "interval: 1.000s, enabled: true, remaining: 0.200s }, idle_hold: "
            "Timer { interval: 0.000s, enabled: false, remaining: 0.000s } }");
  EXPECT_EQ(to_string(connection_clock{1ms, {3s, true, 2900ms}, {6s}, {}},
                      0x0014cf30),
            "ConnectionClock { conn_id: 0014cf30, resolution: 0.001s, "
            "keepalive: Timer { interval: 3.000s, enabled: true, remaining: "
            "2.900s }, hold: Timer { interval: 6.000s, enabled: false, "
            "remaining: 0.000s }, delay_open: Timer { interval: 0.000s, "
            "enabled: false, remaining: 0.000s } }");
}

TEST(Level, HasNamesThatReadBack) {
  for (auto l : {level::trace, level::debug, level::info, level::warn,
                 level::error, level::off})
    EXPECT_EQ(parse_level(to_string(l)), l);
  EXPECT_FALSE(parse_level("fatal"));
  EXPECT_EQ(parse_format("json"), format::json);
  EXPECT_EQ(parse_format("text"), format::text);
  EXPECT_FALSE(parse_format("xml"));
}

// -- logger -------------------------------------------------------------------

record a_record(level l, std::string message) {
  return {l, std::move(message), "u", "m", {}};
}

TEST(Logger, WritesWhatItsLevelAllowsAndChangesAtRunTime) {
  auto sink = std::make_shared<capture_sink>();
  logger l(sink);
  EXPECT_FALSE(l.enabled(level::debug));
  l.write(a_record(level::debug, "1"));
  l.write(a_record(level::info, "2"));
  l.set_level(level::trace);
  l.write(a_record(level::trace, "3"));
  l.set_level(level::off);
  l.write(a_record(level::error, "4"));
  ASSERT_EQ(sink->records().size(), 2U);
  EXPECT_EQ(sink->records()[0].message, "2");
  EXPECT_EQ(sink->records()[1].message, "3");
}

TEST(Logger, ChangesItsFormatAtRunTime) {
  auto sink = std::make_shared<capture_sink>();
  logger l(sink);
  l.write(a_record(level::info, "a"));
  l.set_format(format::text);
  l.write(a_record(level::info, "a"));
  EXPECT_EQ(sink->lines().at(0).front(), '{');
  EXPECT_NE(sink->lines().at(1).front(), '{');
}

TEST(Logger, TakesTheTimeThatItIsGiven) {
  auto sink = std::make_shared<capture_sink>();
  logger l(sink, {.from = here, .now = [] { return a_time; }});
  l.write(a_record(level::info, "a"));
  auto line = nlohmann::json::parse(sink->lines().at(0));
  EXPECT_EQ(line["time"], "2026-03-24T20:37:16.137978507Z");
  EXPECT_EQ(line["hostname"], "edge1");
}

TEST(Logger, KnowsItsProcess) {
  auto sink = std::make_shared<capture_sink>();
  logger l(sink);
  l.write(a_record(level::info, "a"));
  auto line = nlohmann::json::parse(sink->lines().at(0));
  EXPECT_EQ(line["pid"], getpid());
  EXPECT_FALSE(line["hostname"].get<std::string>().empty());
  EXPECT_EQ(line["name"], "troupe");
}

// -- outputs ------------------------------------------------------------------

class LogFile : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path()
            / ("troupe-log-" + std::to_string(getpid())
               + (GetParam() ? "-async" : "-sync") + ".jsonl");
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  sink_result open(std::size_t queue = 16) {
    return open_output({.to = output::target::file,
                        .path = path_,
                        .asynchronous = GetParam(),
                        .queue = queue});
  }
  std::vector<std::string> lines() const {
    std::ifstream file(path_);
    std::vector<std::string> result;
    for (std::string line; std::getline(file, line);)
      result.push_back(line);
    return result;
  }

  std::filesystem::path path_;
};

INSTANTIATE_TEST_SUITE_P(SyncAndAsync, LogFile, testing::Bool());

TEST_P(LogFile, HoldsEveryLineOfManyThreadsAfterTheEnd) {
  constexpr int threads = 4;
  constexpr int each = 300;
  {
    auto opened = open(); // the queue is much shorter than what comes
    ASSERT_TRUE(opened.sink) << opened.error;
    logger l(opened.sink);
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t)
      writers.emplace_back([&l, t] {
        for (int i = 0; i < each; ++i)
          l.write(a_record(level::info,
                           std::to_string(t) + '/' + std::to_string(i)));
      });
    for (auto& writer : writers)
      writer.join();
  }
  std::set<std::string> messages;
  for (auto& line : lines())
    messages.insert(nlohmann::json::parse(line)["msg"]);
  EXPECT_EQ(messages.size(), std::size_t{threads * each});
}

TEST_P(LogFile, HasWhatWasWrittenBeforeAFlush) {
  auto opened = open(4096);
  ASSERT_TRUE(opened.sink) << opened.error;
  logger l(opened.sink);
  for (int i = 0; i < 100; ++i)
    l.write(a_record(level::info, "{} %v \n as it is"));
  l.flush();
  ASSERT_EQ(lines().size(), 100U);
  EXPECT_EQ(nlohmann::json::parse(lines()[0])["msg"], "{} %v \n as it is");
}

TEST_P(LogFile, IsAppendedTo) {
  for (int i = 0; i < 2; ++i)
    logger(open().sink).write(a_record(level::info, "a"));
  EXPECT_EQ(lines().size(), 2U);
}

TEST(Output, SaysWhyAFileCannotBeOpened) {
  auto opened = open_output({.to = output::target::file,
                             .path = "/proc/none/of/these.log",
                             .asynchronous = false});
  EXPECT_FALSE(opened.sink);
  EXPECT_NE(opened.error.find("/proc/none/of/these.log"), std::string::npos);
}

TEST(Output, WritesWholeLinesToStandardError) {
  testing::internal::CaptureStderr();
  {
    logger l(open_output({}).sink);
    l.write(a_record(level::info, "a"));
  }
  auto text = testing::internal::GetCapturedStderr();
  ASSERT_FALSE(text.empty());
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(nlohmann::json::parse(text)["msg"], "a");
}

} // namespace
} // namespace troupe::log
