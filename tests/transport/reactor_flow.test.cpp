#include "tests/transport/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <future>
#include <sys/socket.h>
#include <thread>

namespace troupe::transport {
namespace {

using namespace testing;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
/// A read may begin with one byte of the window left.
constexpr std::size_t most_unconsumed = mib + 64 * kib;

/// Small kernel buffers, so that a few messages fill them.
reactor_options small_buffers() {
  reactor_options result;
  result.buffer_size = 8192;
  return result;
}

/// The messages of a stream; a failure if it is none.
std::vector<bytes> split(const bytes& stream) {
  std::vector<bytes> result;
  for (std::size_t at = 0; at < stream.size();) {
    if (stream.size() - at < 19 || stream[at] != 0xff) {
      ADD_FAILURE() << "no message at " << at;
      return result;
    }
    auto size = std::size_t{stream[at + 16]} * 256 + stream[at + 17];
    if (size > stream.size() - at) {
      ADD_FAILURE() << "cut message at " << at;
      return result;
    }
    auto first = stream.begin() + static_cast<std::ptrdiff_t>(at);
    result.emplace_back(first, first + static_cast<std::ptrdiff_t>(size));
    at += size;
  }
  return result;
}

/// Queues bulk messages until the kernel takes no more.
void fill_up(stage& s, socket_id id, std::size_t count = 100) {
  for (std::size_t i = 0; i < count; ++i)
    s.net.send(id, whole(share(message(2, 4096, static_cast<std::uint8_t>(i)))),
               priority::bulk);
  ASSERT_TRUE(eventually([&] { return s.net.stats().bytes_out > 0; }));
  ASSERT_GT(s.net.output_pending(id), 0U);
}

/// Stops the thread of a reactor within a sink until it is released.
class roadblock {
public:
  explicit roadblock(stage& s) {
    connect_options nowhere;
    nowhere.remote = at("127.0.0.1:1");
    nowhere.local = at("192.0.2.1:0"); // fails at once
    s.net.connect(nowhere, [this](const event&) {
      reached_.set_value();
      go_on_.get_future().wait();
    });
    reached_.get_future().wait();
  }
  void release() { go_on_.set_value(); }

private:
  std::promise<void> reached_;
  std::promise<void> go_on_;
};

TEST(ReactorFlow, AConsumerThatHoldsBackHoldsTheSenderBack) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  auto data = random_bytes(1, 16 * mib);
  std::thread sender([&] {
    peer.send_all(data);
    peer.close();
  });
  std::size_t consumed = 0;
  while (consumed < data.size()) {
    auto aim = std::min(consumed + mib, data.size());
    ASSERT_TRUE(s.events.wait_for_bytes(id, aim));
    EXPECT_LE(s.events.size_received_by(id) - consumed, most_unconsumed);
    s.net.consumed(id, aim - consumed);
    consumed = aim;
  }
  auto end = s.events.next_of<closed>(id);
  sender.join();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error, 0);
  EXPECT_EQ(s.events.received_by(id), data);
}

TEST(ReactorFlow, NothingIsReadBeyondTheWindow) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  std::thread sender([&] { peer.send_all(bytes(16 * mib)); });
  ASSERT_TRUE(s.events.wait_for_bytes(id, mib));
  // What arrives now stays in the kernel: the peer's sending thread waits, and
  // further rounds of the reactor read nothing.
  ASSERT_TRUE(eventually([&] { return s.net.input_pending(id); }));
  auto before = s.net.stats().reads.load();
  EXPECT_TRUE(sleeps(s.net));
  EXPECT_EQ(s.net.stats().reads, before);
  EXPECT_LE(s.events.size_received_by(id), most_unconsumed);
  s.net.abort(id);
  sender.join();
}

TEST(ReactorFlow, WhatIsHandedOverHasNoSlack) {
  std::mutex mutex;
  std::vector<shared_bytes> kept;
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  ASSERT_EQ(peer.connect(s.where), 0);
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  auto record = s.events.sink();
  s.net.adopt(in->socket, [&](event e) {
    if (auto* r = std::get_if<received>(&e)) {
      std::lock_guard lock(mutex);
      kept.push_back(r->bytes);
    }
    record(std::move(e));
  });
  std::size_t sum = 0;
  for (std::size_t size : {1UL, 19UL, 17 * kib, 100 * kib}) {
    peer.send_all(bytes(size));
    sum += size;
    ASSERT_TRUE(s.events.wait_for_bytes(in->socket, sum));
  }
  std::lock_guard lock(mutex);
  for (const auto& b : kept)
    EXPECT_EQ(b->capacity(), b->size());
}

TEST(ReactorFlow, ASenderWithCreditHoldsLittleWhateverThePeerReads) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  constexpr std::size_t total = 32 * mib;
  constexpr std::size_t credit = 2 * mib;
  auto piece = share(random_bytes(2, 64 * kib));
  std::thread reader([&] {
    bytes expected = *piece;
    for (std::size_t i = 0; i < total / piece->size(); ++i)
      ASSERT_EQ(peer.read(piece->size()), expected);
  });
  for (std::size_t queued = 0; queued < total;) {
    if (queued - s.events.size_written_by(id) + piece->size() > credit) {
      ASSERT_TRUE(s.events.next_of<written>(id));
      continue;
    }
    s.net.send(id, whole(piece), priority::bulk);
    queued += piece->size();
    ASSERT_LE(s.net.output_pending(id), credit);
  }
  reader.join();
  EXPECT_TRUE(
      eventually([&] { return s.events.size_written_by(id) == total; }));
  EXPECT_EQ(s.net.output_pending(id), 0U);
}

TEST(ReactorFlow, UrgentBytesOvertakeAtAMessageBoundary) {
  stage s(small_buffers());
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  fill_up(s, id, 100);
  s.net.send(id, whole(share(message(4, 19))), priority::urgent);
  EXPECT_TRUE(sleeps(s.net)); // the peer does not read yet
  auto all = split(peer.read(100 * 4096 + 19));
  ASSERT_EQ(all.size(), 101U);
  auto urgent = std::find(all.begin(), all.end(), message(4, 19));
  EXPECT_LT(urgent - all.begin(), 100);
  if (urgent != all.end())
    all.erase(urgent);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(all[i], message(2, 4096, static_cast<std::uint8_t>(i)));
}

TEST(ReactorFlow, AStalledPeerIsAbortedAndEverythingIsFreed) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  auto before = open_descriptors();
  auto big = share(bytes(64 * mib));
  std::weak_ptr<const bytes> watch = big;
  s.net.send(id, whole(big), priority::bulk);
  big.reset();
  ASSERT_TRUE(eventually([&] { return s.net.stats().bytes_out > 0; }));
  EXPECT_FALSE(watch.expired());
  s.net.abort(id);
  EXPECT_TRUE(eventually([&] { return watch.expired(); }));
  EXPECT_TRUE(eventually([&] { return open_descriptors() + 1 == before; }));
  EXPECT_EQ(s.net.output_pending(id), 0U);
  auto error = 0;
  peer.read_all(&error);
  EXPECT_EQ(error, ECONNRESET);
  EXPECT_EQ(s.events.untaken(), 0U);
}

TEST(ReactorFlow, CloseWritesTheNotificationBehindTheCurrentMessage) {
  stage s(small_buffers());
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  auto before = open_descriptors();
  // Unread input must not turn our FIN into a RST.
  s.net.pause(id);
  ASSERT_TRUE(peer.send_all(message(2, 1000)));
  fill_up(s, id, 100);
  s.net.send(id, whole(share(message(3, 21))), priority::urgent);
  s.net.close(id);
  auto error = 0;
  auto all = split(peer.read_all(&error));
  EXPECT_EQ(error, 0);
  ASSERT_GE(all.size(), 1U);
  EXPECT_LT(all.size(), 100U); // the other bulk messages were dropped
  EXPECT_EQ(all.back(), message(3, 21));
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    EXPECT_EQ(all[i], message(2, 4096, static_cast<std::uint8_t>(i)));
  peer.close();
  EXPECT_TRUE(eventually([&] { return open_descriptors() + 2 == before; }));
  EXPECT_EQ(s.net.stats().aborted, 0U);
  EXPECT_EQ(s.events.untaken(), 0U);
}

TEST(ReactorFlow, CloseEndsWithAResetWhereThePeerDoesNotRead) {
  auto options = small_buffers();
  options.close_timeout = 30ms;
  stage s(options);
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  auto buffer = share(message(2, 60'000));
  std::weak_ptr<const bytes> watch = buffer;
  for (auto i = 0; i < 100; ++i)
    s.net.send(id, whole(buffer), priority::urgent);
  buffer.reset();
  s.net.close(id);
  EXPECT_TRUE(eventually([&] { return s.net.stats().aborted == 1; }));
  EXPECT_TRUE(eventually([&] { return watch.expired(); }));
  auto error = 0;
  peer.read_all(&error);
  EXPECT_EQ(error, ECONNRESET);
}

TEST(ReactorFlow, CloseOfAnUnadoptedSocketSendsWhatItWasGiven) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  ASSERT_EQ(peer.connect(s.where), 0);
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  s.net.send(in->socket, whole(share(message(3, 21))), priority::urgent);
  s.net.close(in->socket);
  auto error = 0;
  EXPECT_EQ(peer.read_all(&error), message(3, 21));
  EXPECT_EQ(error, 0);
}

TEST(ReactorFlow, APauseKeepsBytesInTheKernel) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  EXPECT_FALSE(s.net.input_pending(id));
  s.net.pause(id);
  peer.send_all(bytes{1, 2, 3});
  EXPECT_TRUE(eventually([&] { return s.net.input_pending(id); }));
  // The FIN behind unread bytes waits as well, and costs no CPU.
  peer.close();
  EXPECT_TRUE(sleeps(s.net));
  EXPECT_EQ(s.events.size_received_by(id), 0U);
  EXPECT_EQ(s.events.untaken(), 0U);
  s.net.resume(id);
  auto end = s.events.next_of<closed>(id);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error, 0);
  EXPECT_EQ(s.events.received_by(id), (bytes{1, 2, 3}));
}

TEST(ReactorFlow, AResetBehindUnreadBytesWaitsForTheResume) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  s.net.pause(id);
  peer.send_all(bytes{1, 2, 3});
  EXPECT_TRUE(eventually([&] { return s.net.input_pending(id); }));
  peer.reset();
  EXPECT_TRUE(sleeps(s.net));
  EXPECT_EQ(s.events.untaken(), 0U);
  s.net.resume(id);
  auto end = s.events.next_of<closed>(id);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error, ECONNRESET);
  EXPECT_EQ(s.events.received_by(id), (bytes{1, 2, 3}));
}

TEST(ReactorFlow, ThePeersEndIsNoticedDuringAPause) {
  stage s;
  s.listen();
  auto polite = raw_socket::make();
  auto rude = raw_socket::make();
  auto one = s.accept(polite);
  auto two = s.accept(rude);
  s.net.pause(one);
  s.net.pause(two);
  polite.close();
  rude.reset();
  auto fin = s.events.next_of<closed>(one);
  auto rst = s.events.next_of<closed>(two);
  ASSERT_TRUE(fin && rst);
  EXPECT_EQ(fin->error, 0);
  EXPECT_EQ(rst->error, ECONNRESET);
}

TEST(ReactorFlow, ABurstOfSendsIsOneWakeUpAndFewWrites) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  roadblock stop(s);
  auto wakeups = s.net.stats().wakeups.load();
  auto writes = s.net.stats().writes.load();
  for (auto i = 0; i < 640; ++i)
    s.net.send(id, whole(share(message(2, 19))), priority::bulk);
  EXPECT_EQ(s.net.output_pending(id), 640U * 19);
  stop.release();
  EXPECT_EQ(peer.read(640 * 19).size(), 640U * 19);
  EXPECT_LE(s.net.stats().wakeups, wakeups + 1);
  EXPECT_LE(s.net.stats().writes, writes + 10); // 64 pieces each
}

TEST(ReactorFlow, ManyPiecesOfOneBufferAreOneWrite) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  auto block = share(bytes(64 * kib, 1));
  std::vector<slice> slices;
  for (std::size_t i = 0; i < 1024; ++i)
    slices.push_back({block, i * 64, 64});
  s.net.send(id, std::move(slices), priority::bulk);
  EXPECT_EQ(peer.read(block->size()), *block);
  EXPECT_EQ(s.net.stats().writes, 1U);
}

TEST(ReactorFlow, OneBusySocketDoesNotStarveAnother) {
  stage s;
  s.listen();
  auto busy = raw_socket::make();
  auto quiet = raw_socket::make();
  auto busy_id = s.accept(busy);
  auto quiet_id = s.accept(quiet);
  std::mutex mutex;
  std::size_t busy_bytes = 0;
  std::optional<std::size_t> before_quiet;
  auto record = s.events.sink();
  auto watch = [&](event e) {
    if (auto* r = std::get_if<received>(&e)) {
      s.net.consumed(r->socket, r->bytes->size());
      std::lock_guard lock(mutex);
      if (r->socket == busy_id)
        busy_bytes += r->bytes->size();
      else
        before_quiet = busy_bytes;
    }
    record(std::move(e));
  };
  s.net.adopt(busy_id, watch);
  s.net.adopt(quiet_id, watch);
  roadblock stop(s);
  // As much as the kernel takes, while nobody reads.
  bytes block(64 * kib);
  std::size_t sent = 0;
  for (;;) {
    auto n = ::send(busy.fd(), block.data(), block.size(), MSG_DONTWAIT);
    if (n <= 0)
      break;
    sent += static_cast<std::size_t>(n);
  }
  ASSERT_GT(sent, 512 * kib);
  ASSERT_TRUE(quiet.send_all(bytes{1}));
  stop.release();
  ASSERT_TRUE(s.events.wait_for_bytes(quiet_id, 1));
  ASSERT_TRUE(s.events.wait_for_bytes(busy_id, sent));
  std::lock_guard lock(mutex);
  ASSERT_TRUE(before_quiet);
  EXPECT_LE(*before_quiet, 128 * kib); // two reads
}

TEST(ReactorFlow, BothEndsMayFloodEachOther) {
  stage s;
  s.listen();
  auto c = s.connect();
  auto one = share(random_bytes(1, 8 * mib));
  auto two = share(random_bytes(2, 8 * mib));
  s.net.send(c.client, whole(one), priority::bulk);
  s.net.send(c.server, whole(two), priority::bulk);
  std::size_t at_server = 0;
  std::size_t at_client = 0;
  auto consume = [&](socket_id id, std::size_t& done) {
    auto have = s.events.size_received_by(id);
    s.net.consumed(id, have - done);
    done = have;
    return done == 8 * mib;
  };
  EXPECT_TRUE(eventually([&] {
    auto server_done = consume(c.server, at_server);
    return consume(c.client, at_client) && server_done;
  }));
  EXPECT_EQ(s.events.received_by(c.server), *one);
  EXPECT_EQ(s.events.received_by(c.client), *two);
}

} // namespace
} // namespace troupe::transport
