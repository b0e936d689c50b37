#include "tests/transport/support.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <sys/resource.h>

namespace troupe::transport {
namespace {

using namespace testing;

TEST(ReactorLimits, FiveHundredPairsExchangeRandomBytes) {
  constexpr std::size_t pairs = 500;
  auto before = open_descriptors();
  {
    reactor_options options;
    options.threads = 2;
    stage s(options);
    s.listen();
    std::vector<connection> all;
    std::set<socket_id> ids;
    for (std::size_t i = 0; i < pairs; ++i) {
      all.push_back(s.connect());
      ids.insert({all.back().client, all.back().server});
    }
    ASSERT_EQ(ids.size(), 2 * pairs);
    std::vector<bytes> data;
    for (std::uint32_t i = 0; i < 2 * pairs; ++i)
      data.push_back(random_bytes(i, 1000 + i * 37 % 40'000));
    for (std::size_t i = 0; i < pairs; ++i) {
      s.net.send(all[i].client, whole(share(data[i])), priority::bulk);
      s.net.send(all[i].server, whole(share(data[i + pairs])), priority::bulk);
    }
    for (std::size_t i = 0; i < pairs; ++i) {
      const auto& there = data[i];
      const auto& back = data[i + pairs];
      ASSERT_TRUE(s.events.wait_for_bytes(all[i].server, there.size()));
      ASSERT_TRUE(s.events.wait_for_bytes(all[i].client, back.size()));
      ASSERT_EQ(s.events.received_by(all[i].server), there);
      ASSERT_EQ(s.events.received_by(all[i].client), back);
    }
    // One end of each pair ends, in one of two ways; the other end is told.
    for (std::size_t i = 0; i < pairs; ++i) {
      if (i % 2 == 0)
        s.net.abort(all[i].client);
      else
        s.net.close(all[i].client);
    }
    for (std::size_t i = 0; i < pairs; ++i) {
      auto end = s.events.next_of<closed>(all[i].server);
      ASSERT_TRUE(end);
      EXPECT_EQ(end->error, i % 2 == 0 ? ECONNRESET : 0);
    }
    EXPECT_EQ(s.events.untaken(), 0U);
  }
  EXPECT_EQ(open_descriptors(), before);
}

/// Lowers the number of descriptors that the process may have.
class descriptor_limit {
public:
  explicit descriptor_limit(std::size_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    auto lower = before_;
    lower.rlim_cur = open_descriptors() + more;
    // The listing itself needed one; the count has no holes below it.
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~descriptor_limit() { lift(); }
  descriptor_limit(const descriptor_limit&) = delete;
  descriptor_limit& operator=(const descriptor_limit&) = delete;
  void lift() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
  rlimit before_{};
};

/// Fills holes in the descriptor table, so that the limit counts exactly.
std::vector<raw_socket> fill_holes() {
  std::vector<raw_socket> result;
  auto highest = static_cast<int>(open_descriptors()) - 1;
  for (;;) {
    auto s = raw_socket::make();
    auto fd = s.fd();
    if (fd >= highest)
      return result;
    result.push_back(std::move(s));
    ++highest;
  }
}

TEST(ReactorLimits, WithoutDescriptorsItRefusesPausesAndRecovers) {
  constexpr std::size_t count = 40;
  reactor_options options;
  options.adopt_timeout = 10min; // the descriptors stay in use
  stage s(options);
  s.listen();
  std::vector<raw_socket> peers;
  for (std::size_t i = 0; i < count; ++i)
    peers.push_back(raw_socket::make());
  auto holes = fill_holes();
  auto begin = std::chrono::steady_clock::now();
  {
    descriptor_limit limit(4);
    for (auto& p : peers) {
      auto error = p.connect(s.where);
      EXPECT_TRUE(error == 0 || error == ECONNRESET) << error;
    }
    EXPECT_TRUE(eventually([&] {
      return s.net.stats().accepted + s.net.stats().refused == count;
    }));
    // Our own attempts say what is wrong.
    connect_options to;
    to.remote = s.where;
    auto failed =
        s.events.next_of<connect_failed>(s.net.connect(to, s.events.sink()));
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->error, EMFILE);
    EXPECT_FALSE(failed->message.empty());
    auto none = s.net.listen(at("127.0.0.1:0"), {}, s.events.sink());
    EXPECT_EQ(none.error, EMFILE);
  }
  EXPECT_GE(s.net.stats().accepted, 1U);
  EXPECT_LT(s.net.stats().accepted, 10U);
  EXPECT_GE(s.net.stats().refused, count - 10);
  // At most one pause each 100 ms: no busy loop.
  auto time = std::chrono::steady_clock::now() - begin;
  auto pauses = s.net.stats().accept_pauses.load();
  EXPECT_GE(pauses, 1U);
  EXPECT_LE(pauses, static_cast<std::size_t>(time / 100ms) + 1);
  for (auto i = s.net.stats().accepted.load(); i > 0; --i) {
    auto in = s.events.next<accepted>();
    ASSERT_TRUE(in);
    s.net.abort(in->socket);
  }
  peers.resize(0);
  auto late = raw_socket::make();
  ASSERT_EQ(late.connect(s.where), 0);
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  s.net.adopt(in->socket, s.events.sink());
  late.send_all(bytes{1});
  EXPECT_TRUE(s.events.wait_for_bytes(in->socket, 1));
}

TEST(ReactorLimits, TheDestructorEndsEverything) {
  auto before = open_descriptors();
  auto other = raw_socket::listening(at("127.0.0.1:0").address);
  auto buffer = share(bytes(16 * 1024 * 1024));
  recorder events;
  raw_socket waiting = raw_socket::make();
  raw_socket open = raw_socket::make();
  {
    stage s;
    s.listen();
    ASSERT_EQ(waiting.connect(s.where), 0);
    ASSERT_TRUE(s.events.next<accepted>());
    auto id = s.accept(open);
    s.net.send(id, whole(buffer), priority::bulk);
    connect_options to;
    to.remote = other.local();
    s.net.connect(to, events.sink());
  }
  EXPECT_EQ(buffer.use_count(), 1);
  auto error = 0;
  EXPECT_EQ(waiting.read_all(&error), bytes{});
  open.read_all(&error);
  waiting.close();
  open.close();
  other.close();
  EXPECT_EQ(open_descriptors(), before);
}

TEST(ReactorLimits, TheDestructorFlushesWhatIsClosing) {
  raw_socket peer = raw_socket::make();
  std::chrono::steady_clock::time_point begin;
  {
    stage s;
    s.listen();
    auto id = s.accept(peer);
    s.net.send(id, whole(share(message(3, 21))), priority::urgent);
    s.net.close(id);
    begin = std::chrono::steady_clock::now();
  }
  // The peer did not even close: the time of `close` is the limit.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_EQ(peer.read_all(), message(3, 21));
}

TEST(ReactorLimits, NoEventFollowsTheDestructor) {
  for (auto i = 0; i < 50; ++i) {
    std::atomic<bool> gone{false};
    std::atomic<int> late{0};
    raw_socket peer = raw_socket::make();
    {
      reactor net;
      auto sink = [&](const event&) { late += gone ? 1 : 0; };
      auto l = net.listen(at("127.0.0.1:0"), {}, sink);
      ASSERT_EQ(peer.connect(l.bound), 0);
      peer.send_all(bytes(1000));
    }
    gone = true;
    EXPECT_EQ(late, 0);
  }
}

} // namespace
} // namespace troupe::transport
