#include "tests/admin/server_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>

// What does not end with one answer: events, clients that go on for ever, and
// the files of the page.
namespace troupe::admin {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

using Streams = server_fixture;

/// Reads an event stream until it has this text.
std::string read_until(httplib::Client http, const std::string& text,
                       const httplib::Headers& headers = {}) {
  std::string all;
  http.Get("/v1/events", headers, [&](const char* data, std::size_t size) {
    all.append(data, size);
    return all.find(text) == all.npos;
  });
  return all;
}

/// A TCP connection to a port of this host; what to do with it is the test's.
class raw_client {
public:
  explicit raw_client(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    connected_ =
        ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
  }
  ~raw_client() { ::close(socket_); }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  bool connected() const { return connected_; }
  bool say(const std::string& text) {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL)
           == static_cast<ssize_t>(text.size());
  }
  /// All that comes until the end.
  std::string read_all() {
    std::string all;
    std::array<char, 4096> part{};
    for (;;) {
      const auto got = ::recv(socket_, part.data(), part.size(), 0);
      if (got <= 0)
        return all;
      all.append(part.data(), static_cast<std::size_t>(got));
    }
  }

private:
  int socket_;
  bool connected_ = false;
};

} // namespace

TEST_F(Streams, EventsComeAsTheyHappen) {
  serve();
  std::atomic<bool> done{false};
  // A new client begins with now: it must be there first.
  std::thread events{[&] {
    while (!done) {
      registry->events().add(actors::actor_event{
          "node/rib", "restart_scheduled", 2, "boom\nand more", 100ms});
      registry->events().add(actors::session_change{
          "node/session.r2", "main", "r2", "Idle", "Connect", ""});
      std::this_thread::sleep_for(1ms);
    }
  }};
  const auto text = read_until(client(), "r2");
  done = true;
  events.join();
  EXPECT_THAT(text, HasSubstr("event: actor\n"));
  EXPECT_THAT(text, HasSubstr("event: session\n"));
  const auto begin = text.find("data: {");
  const auto data =
      json::parse(text.substr(begin + 6, text.find('\n', begin) - begin - 6));
  EXPECT_EQ(data["actor"], "node/rib");
  EXPECT_EQ(data["kind"], "restart_scheduled");
  EXPECT_EQ(data["reason"], "boom\nand more");
  EXPECT_EQ(data["delay_ms"], 100);
}

TEST_F(Streams, WhoComesBackIsToldWhatItMissed) {
  serve();
  for (int i = 1; i <= 5; ++i)
    registry->events().add(
        actors::actor_event{"a" + std::to_string(i), "ended", 1, {}, {}});
  const auto text = read_until(client(), "\"a5\"", {{"Last-Event-ID", "3"}});
  EXPECT_THAT(text, Not(HasSubstr("\"a3\"")));
  EXPECT_THAT(text, HasSubstr("id: 4\n"));
  EXPECT_THAT(text, HasSubstr("id: 5\n"));
}

TEST_F(Streams, ThereIsABoundOfEventStreams) {
  serve();
  std::vector<std::unique_ptr<raw_client>> open;
  for (int i = 0; i < 32; ++i) {
    open.push_back(std::make_unique<raw_client>(port));
    ASSERT_TRUE(
        open.back()->say("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n"
                         "\r\n"));
  }
  const auto refused = [&] {
    auto http = client();
    std::string first;
    const auto result = http.Get(
        "/v1/events",
        [&](const httplib::Response& r) {
          return r.status == 503; // the body only of a refusal
        },
        [&](const char*, std::size_t) { return true; });
    return result && result->status == 503;
  };
  while (!refused()) // each of them has to be noticed first
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(get("/v1/actors")->status, 200); // everything else goes on
  open.clear();
  while (refused())
    std::this_thread::sleep_for(1ms);
}

TEST_F(Streams, AServerThatStopsWaitsForNoStream) {
  serve();
  raw_client stream{port};
  ASSERT_TRUE(stream.say("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  raw_client silent{port};
  ASSERT_TRUE(silent.say("GET /v1/rib HTTP/1.1\r\n"));
  const auto began = std::chrono::steady_clock::now();
  node->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST_F(Streams, ClientsThatNeverFinishTheirRequestHoldNobodyUp) {
  serve();
  std::vector<std::unique_ptr<raw_client>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<raw_client>(port));
    ASSERT_TRUE(slow.back()->connected());
    ASSERT_TRUE(slow.back()->say("GET /v1/rib HTTP/1.1\r\nHost: loc"));
  }
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(get("/v1/actors")->status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s);
  // They are answered 400, or just closed, when their time is over.
  std::thread dribble{[&] {
    for (int i = 0; i < 200 && slow[0]->say("a"); ++i)
      std::this_thread::sleep_for(50ms);
  }};
  for (const auto& each : slow)
    each->read_all();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
  dribble.join();
}

TEST_F(Streams, HeadersThatNeverEndAreCutOff) {
  serve();
  raw_client endless{port};
  ASSERT_TRUE(endless.say("GET /v1/rib HTTP/1.1\r\nHost: localhost\r\n"));
  std::size_t said = 0;
  while (said < 16UL * 1024 * 1024
         && endless.say("X-A: " + std::string(1000, 'a') + "\r\n"))
    said += 1007;
  EXPECT_LT(said, 16UL * 1024 * 1024);
  EXPECT_EQ(get("/v1/actors")->status, 200);
}

// What is packed small must not be unpacked: nobody asked who sends it.
TEST_F(Streams, ABodyIsTakenAsItComes) {
  serve();
  const std::string path = "/v1/neighbors/r1/disable";
  for (const char* encoding : {"gzip", "br", "deflate", "x"})
    EXPECT_EQ(post(path, "{}", {{"Content-Encoding", encoding}})->status, 202);
  std::string forms = "--b\r\n";
  while (forms.size() < 500'000)
    forms += "Content-Disposition: form-data; name=\"" + std::string(200, 'a')
             + "\";filename=\"\r\n";
  const auto began = std::chrono::steady_clock::now();
  auto http = client();
  EXPECT_EQ(http.Post(path.c_str(), {{"Authorization", "Bearer " + token()}},
                      forms, "multipart/form-data; boundary=b")
                ->status,
            400);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST_F(Streams, AnAnswerComesOnceAndWhole) {
  serve();
  for (const char* path : {"/page.js", "/v1/quarantine"}) {
    const auto whole = get(path)->body;
    for (const char* range :
         {"bytes=0-1", "bytes=0-,0-,0-", "bytes=99999999-"}) {
      const auto result = get(path, {{"Range", range}});
      EXPECT_EQ(result->status, 200) << range;
      EXPECT_EQ(result->body, whole) << range;
    }
  }
}

TEST_F(Streams, WhatFollowsABadRequestIsNoRequest) {
  serve();
  const std::string head = "POST /v1/neighbors/r1/disable HTTP/1.1\r\nHost: "
                           "localhost\r\nAuthorization: Bearer "
                           + token() + "\r\n";
  for (const char* length : {"abc", "-1", "1e3"}) {
    raw_client bad{port};
    ASSERT_TRUE(bad.say(head + "Content-Length: " + length
                        + "\r\n\r\nGET /v1/rib HTTP/1.1\r\n\r\n"));
    const auto said = bad.read_all();
    EXPECT_THAT(said, HasSubstr(" 400 ")) << length;
    EXPECT_EQ(said.find("HTTP/1.1", 8), said.npos) << length;
  }
  // Without a length there is no body, as curl -X POST sends it.
  raw_client bare{port};
  ASSERT_TRUE(bare.say(head + "Connection: close\r\n\r\n"));
  EXPECT_THAT(bare.read_all(), HasSubstr(" 202 "));
}

TEST_F(Streams, ThePageComesWithItsFilesAndAPolicy) {
  serve();
  const auto page = get("/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->get_header_value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page->get_header_value("Content-Security-Policy"),
              HasSubstr("default-src 'self'"));
  EXPECT_EQ(page->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(page->body, HasSubstr("<title>"));
  EXPECT_THAT(page->body, Not(HasSubstr("http://")));
  EXPECT_THAT(page->body, Not(HasSubstr("https://")));
  const auto code = get("/page.js");
  EXPECT_EQ(code->status, 200);
  EXPECT_EQ(code->get_header_value("Content-Type"),
            "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/page.css")->get_header_value("Content-Type"),
            "text/css; charset=utf-8");
}

TEST_F(Streams, ATraceIsForALimitedTime) {
  serve();
  const std::string path = "/v1/actors/admin/trace";
  for (const char* bad :
       {R"({"seconds":-1})", R"({"seconds":"5"})", R"({"seconds":3601})"})
    EXPECT_EQ(post(path, bad)->status, 400) << bad;
  EXPECT_EQ(post("/v1/actors/x/trace")->status, 404);
  EXPECT_EQ(post(path, "", {{"Authorization", "x"}})->status, 401);
  const auto traced = [&] {
    return cell->snapshot(std::chrono::steady_clock::now()).traced;
  };
  EXPECT_FALSE(traced());
  EXPECT_EQ(post(path)->status, 202);
  EXPECT_TRUE(traced());
  EXPECT_EQ(post(path, R"({"seconds":0})")->status, 202);
  EXPECT_FALSE(traced());
}

} // namespace troupe::admin
