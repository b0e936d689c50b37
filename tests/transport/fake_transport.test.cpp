#include "actors/transport/fake_peer.hpp"
#include "tests/transport/support.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cerrno>

namespace troupe::transport {
namespace {

using namespace testing;

/// Two sockets' worth of notes, for one thread.
struct notebook {
  event_sink sink() {
    return [this](event e) { events.push_back(std::move(e)); };
  }
  template <class Event>
  std::vector<Event> all() const {
    std::vector<Event> result;
    for (const auto& e : events)
      if (const auto* x = std::get_if<Event>(&e))
        result.push_back(*x);
    return result;
  }
  bytes input() const {
    bytes result;
    for (const auto& r : all<received>())
      result.insert(result.end(), r.bytes->begin(), r.bytes->end());
    return result;
  }
  std::vector<event> events;
};

protocol::ip_address ip(const char* text) {
  return *protocol::ip_address::parse(text);
}

/// The daemon's side of a net: a listener on 10.0.0.1:179 and what it notes.
struct FakeTransport : ::testing::Test {
  /// The daemon dials `to` and adopts.
  socket_id dial(const protocol::endpoint& to,
                 const socket_options& options = {}) {
    connect_options o;
    o.remote = to;
    o.local = at("10.0.0.1:0");
    o.options = options;
    return net.connect(o, notes.sink());
  }
  void listen(const socket_options& options = {}) {
    auto result = net.listen(at("10.0.0.1:179"), options, notes.sink());
    ASSERT_TRUE(result.listener);
    listener = *result.listener;
  }
  /// A peer connects and the daemon adopts.
  socket_id take(fake_peer& from) {
    from.connect(at("10.0.0.1:179"));
    net.deliver();
    auto id = notes.all<accepted>().back().socket;
    net.adopt(id, notes.sink());
    net.deliver();
    return id;
  }

  fake_transport net{1};
  notebook notes;
  listener_id listener{};
  fake_peer peer{net, ip("10.0.0.2")};
};

TEST_F(FakeTransport, NothingHappensWithoutAStep) {
  listen();
  peer.connect(at("10.0.0.1:179"));
  EXPECT_TRUE(notes.events.empty());
  EXPECT_FALSE(peer.connected());
  EXPECT_TRUE(net.deliver());
  EXPECT_TRUE(peer.connected());
  ASSERT_EQ(notes.all<accepted>().size(), 1U);
  EXPECT_EQ(to_string(notes.all<accepted>()[0].remote.address), "10.0.0.2");
  EXPECT_FALSE(net.step());
}

TEST_F(FakeTransport, APeerConversesWithTheDaemon) {
  listen();
  auto id = take(peer);
  peer.send(message(1, 29));
  net.deliver();
  EXPECT_EQ(notes.input(), message(1, 29));
  net.send(id, whole(share(message(1, 40))), priority::bulk);
  net.send(id, whole(share(message(4, 19))), priority::urgent);
  EXPECT_EQ(net.output_pending(id), 59U);
  net.deliver();
  EXPECT_EQ(net.output_pending(id), 0U);
  EXPECT_EQ(peer.take_message(), message(4, 19)); // overtook
  EXPECT_EQ(peer.take_message(), message(1, 40));
  EXPECT_EQ(peer.take_message(), std::nullopt);
  EXPECT_EQ(net.sent(id).size(), 59U);
  EXPECT_EQ(notes.all<written>().at(0).bytes, 40U);
}

TEST_F(FakeTransport, TheDaemonDialsAPeer) {
  ASSERT_TRUE(peer.listen());
  auto id = dial(at("10.0.0.2:179"));
  net.deliver();
  ASSERT_EQ(notes.all<connected>().size(), 1U);
  EXPECT_EQ(notes.all<connected>()[0].socket, id);
  EXPECT_EQ(peer.accepted(), 1U);
  EXPECT_EQ(net.peer_of(id), peer.socket());
}

TEST_F(FakeTransport, RefusesWhereNobodyListensOrTheTestSaysSo) {
  dial(at("10.0.0.9:179"));
  net.deliver();
  ASSERT_EQ(notes.all<connect_failed>().size(), 1U);
  EXPECT_EQ(notes.all<connect_failed>()[0].error, ECONNREFUSED);
  ASSERT_TRUE(peer.listen());
  net.refuse(at("10.0.0.2:179"), EHOSTUNREACH);
  dial(at("10.0.0.2:179"));
  net.deliver();
  EXPECT_EQ(notes.all<connect_failed>().at(1).error, EHOSTUNREACH);
  net.refuse(at("10.0.0.2:179"), 0);
  dial(at("10.0.0.2:179"));
  net.deliver();
  EXPECT_EQ(notes.all<connected>().size(), 1U);
}

TEST_F(FakeTransport, AnAttemptTimesOutByTheTestsClock) {
  ASSERT_TRUE(peer.listen());
  net.ignore(at("10.0.0.2:179"));
  dial(at("10.0.0.2:179"));
  EXPECT_FALSE(net.deliver());
  net.advance(4999ms);
  EXPECT_FALSE(net.deliver());
  net.advance(1ms);
  EXPECT_TRUE(net.deliver());
  ASSERT_EQ(notes.all<connect_failed>().size(), 1U);
  EXPECT_EQ(notes.all<connect_failed>()[0].error, ETIMEDOUT);
  EXPECT_TRUE(net.sockets().empty());
}

TEST_F(FakeTransport, AStalledPeerFillsTheLineAndThenTheQueue) {
  listen();
  auto id = take(peer);
  peer.stall();
  net.set_line_capacity(1000);
  net.send(id, whole(share(bytes(5000, 7))), priority::bulk);
  net.deliver();
  EXPECT_EQ(net.output_pending(id), 4000U);
  EXPECT_EQ(peer.pending(), 0U);
  EXPECT_TRUE(net.input_pending(*peer.socket()));
  peer.unstall();
  net.deliver();
  EXPECT_EQ(net.output_pending(id), 0U);
  EXPECT_EQ(peer.take(), bytes(5000, 7));
}

TEST_F(FakeTransport, ReadCreditHoldsTheSenderBack) {
  listen();
  auto id = take(peer);
  peer.send(bytes(5'000'000, 1));
  net.deliver();
  auto window = 1024UL * 1024;
  EXPECT_GE(notes.input().size(), window);
  EXPECT_LT(notes.input().size(), window + 64UL * 1024);
  EXPECT_TRUE(net.input_pending(id));
  while (net.input_pending(id)) {
    net.consumed(id, window);
    net.deliver();
  }
  EXPECT_EQ(notes.input().size(), 5'000'000U);
}

TEST_F(FakeTransport, PausesAreKept) {
  listen();
  auto id = take(peer);
  net.pause(id);
  peer.send({1, 2});
  peer.close();
  net.deliver();
  EXPECT_TRUE(net.input_pending(id));
  EXPECT_TRUE(notes.all<closed>().empty());
  net.resume(id);
  net.deliver();
  EXPECT_EQ(notes.input(), (bytes{1, 2}));
  ASSERT_EQ(notes.all<closed>().size(), 1U);
  EXPECT_EQ(notes.all<closed>()[0].error, 0);
}

TEST_F(FakeTransport, ThePeersEndIsSeenDuringAPauseIfNothingIsUnread) {
  listen();
  auto id = take(peer);
  net.pause(id);
  peer.abort();
  net.deliver();
  ASSERT_EQ(notes.all<closed>().size(), 1U);
  EXPECT_EQ(notes.all<closed>()[0].error, ECONNRESET);
}

TEST_F(FakeTransport, CloseFlushesTheUrgentBytesAndSendsAFin) {
  listen();
  auto id = take(peer);
  net.send(id, whole(share(bytes(100'000, 1))), priority::bulk);
  net.send(id, whole(share(message(3, 21))), priority::urgent);
  net.close(id);
  net.deliver();
  EXPECT_EQ(peer.take(), message(3, 21));
  EXPECT_EQ(peer.closed(), 0);
  EXPECT_FALSE(net.alive(id));
  EXPECT_TRUE(notes.all<closed>().empty());
}

TEST_F(FakeTransport, CloseEndsWithAResetWhereThePeerDoesNotRead) {
  listen();
  auto id = take(peer);
  peer.stall();
  net.set_line_capacity(10);
  net.send(id, whole(share(message(3, 21))), priority::urgent);
  net.close(id);
  net.deliver();
  EXPECT_TRUE(net.alive(id));
  net.advance(1s);
  EXPECT_FALSE(net.alive(id));
  peer.unstall();
  net.deliver();
  EXPECT_EQ(peer.take().size(), 10U);
  EXPECT_EQ(peer.closed(), ECONNRESET);
}

TEST_F(FakeTransport, AbortTellsThePeerAndNobodyElse) {
  listen();
  auto id = take(peer);
  peer.send({1});
  net.abort(id);
  net.deliver();
  EXPECT_EQ(peer.closed(), ECONNRESET);
  EXPECT_TRUE(notes.all<received>().empty());
  EXPECT_TRUE(notes.all<closed>().empty());
  EXPECT_TRUE(net.sockets().empty());
}

TEST_F(FakeTransport, EventsOfAnAbortedSocketAreDroppedEvenIfTheyWereDue) {
  listen();
  auto id = take(peer);
  peer.send({1});
  ASSERT_TRUE(net.step()); // onto the line
  ASSERT_TRUE(net.step()); // read, the event is due
  net.abort(id);
  net.deliver();
  EXPECT_TRUE(notes.all<received>().empty());
}

TEST_F(FakeTransport, AResetIsSeenAtBothEnds) {
  listen();
  auto id = take(peer);
  peer.send({1});
  net.reset(id, ETIMEDOUT);
  net.deliver();
  EXPECT_EQ(peer.closed(), ETIMEDOUT);
  ASSERT_EQ(notes.all<closed>().size(), 1U);
  EXPECT_EQ(notes.all<closed>()[0].error, ETIMEDOUT);
  EXPECT_TRUE(notes.input().empty());
}

TEST_F(FakeTransport, ACutLineSwallowsEverything) {
  listen();
  auto id = take(peer);
  net.cut(id);
  peer.send({1});
  net.send(id, whole(share({2})), priority::bulk);
  net.deliver();
  peer.abort();
  net.deliver();
  EXPECT_TRUE(notes.input().empty());
  EXPECT_TRUE(notes.all<closed>().empty());
  EXPECT_FALSE(net.input_pending(id));
  EXPECT_TRUE(net.alive(id));
}

TEST_F(FakeTransport, UnadoptedSocketsAreAbortedAndLateOwnersAreTold) {
  listen();
  peer.connect(at("10.0.0.1:179"));
  net.deliver();
  auto id = notes.all<accepted>().at(0).socket;
  net.advance(10s);
  net.deliver();
  EXPECT_EQ(peer.closed(), ECONNRESET);
  net.adopt(id, notes.sink());
  net.deliver();
  ASSERT_EQ(notes.all<closed>().size(), 1U);
  EXPECT_EQ(notes.all<closed>()[0].error, ENOTCONN);
}

TEST_F(FakeTransport, AListenerChangesHands) {
  listen();
  fake_peer other(net, ip("10.0.0.3"));
  take(peer);
  other.connect(at("10.0.0.1:179"));
  net.deliver();
  other.send({5});
  fake_peer gone(net, ip("10.0.0.5"));
  gone.connect(at("10.0.0.1:179"));
  net.deliver();
  gone.close();
  net.deliver();
  notebook heir;
  EXPECT_TRUE(net.take_over(listener, heir.sink()));
  net.deliver();
  ASSERT_EQ(heir.all<accepted>().size(), 1U);
  net.adopt(heir.all<accepted>()[0].socket, heir.sink());
  net.deliver();
  EXPECT_EQ(heir.input(), bytes{5});
  fake_peer third(net, ip("10.0.0.4"));
  third.connect(at("10.0.0.1:179"));
  net.deliver();
  net.close_listener(listener);
  net.deliver();
  EXPECT_EQ(third.closed(), ECONNRESET); // nobody would adopt it
  EXPECT_FALSE(other.closed());
  EXPECT_FALSE(net.take_over(listener, heir.sink()));
  heir.events.clear();
  other.connect(at("10.0.0.1:179"));
  net.deliver();
  EXPECT_EQ(other.connect_error(), ECONNREFUSED);
}

TEST_F(FakeTransport, ListensOncePerPort) {
  listen();
  auto second = net.listen(at("0.0.0.0:179"), {}, notes.sink());
  EXPECT_EQ(second.error, EADDRINUSE);
  EXPECT_FALSE(second.message.empty());
  EXPECT_TRUE(net.listen(at("[::]:179"), {}, notes.sink()).listener);
}

TEST_F(FakeTransport, KeysMustAgree) {
  socket_options right;
  right.keys = {{*protocol::prefix::parse("10.0.0.0/24"), "secret"}};
  socket_options wrong;
  wrong.keys = {{*protocol::prefix::parse("10.0.0.1/32"), "geheim"}};
  listen(right);
  peer.connect(at("10.0.0.1:179"));
  net.deliver();
  EXPECT_FALSE(peer.connected());
  peer.connect(at("10.0.0.1:179"), wrong);
  net.deliver();
  EXPECT_FALSE(peer.connected());
  peer.connect(at("10.0.0.1:179"), right);
  net.deliver();
  EXPECT_TRUE(peer.connected());
}

TEST_F(FakeTransport, GtsmIsChecked) {
  socket_options gtsm;
  gtsm.min_ttl = 255;
  socket_options ours; // the SYN-ACK has to pass the peer's check
  ours.ttl = 255;
  listen(ours);
  peer.connect(at("10.0.0.1:179"));
  net.deliver();
  auto id = notes.all<accepted>().at(0).socket;
  EXPECT_TRUE(net.configure(id, gtsm));
  EXPECT_FALSE(net.alive(id));
  peer.connect(at("10.0.0.1:179"), gtsm);
  net.deliver();
  id = notes.all<accepted>().at(1).socket;
  EXPECT_FALSE(net.configure(id, gtsm));
  net.change(listener, gtsm);
  peer.connect(at("10.0.0.1:179"));
  net.deliver();
  EXPECT_FALSE(peer.connected());
}

TEST_F(FakeTransport, NothingIsWrittenAfterTheLease) {
  auto end = std::make_shared<std::atomic<std::int64_t>>(1'000'000'000);
  socket_options options;
  options.lease = end;
  listen(options);
  auto id = take(peer);
  net.advance(1s);
  net.send(id, whole(share({1})), priority::bulk);
  net.deliver();
  EXPECT_EQ(peer.pending(), 0U);
  ASSERT_EQ(notes.all<closed>().size(), 1U);
  EXPECT_EQ(notes.all<closed>()[0].error, ECANCELED);
}

TEST_F(FakeTransport, PiecesDependOnTheSeedAndNothingIsLost) {
  auto run = [](std::uint64_t seed) {
    fake_transport n(seed);
    notebook b;
    n.listen(at("10.0.0.1:179"), {}, b.sink());
    fake_peer p(n, ip("10.0.0.2"));
    p.connect(at("10.0.0.1:179"));
    n.deliver();
    n.adopt(b.all<accepted>().at(0).socket, b.sink());
    n.fragment(7);
    p.send(random_bytes(3, 500));
    n.deliver();
    EXPECT_EQ(b.input(), random_bytes(3, 500));
    std::vector<std::size_t> sizes;
    for (const auto& r : b.all<received>())
      sizes.push_back(r.bytes->size());
    return sizes;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
  EXPECT_GT(run(1).size(), 70U);
}

TEST_F(FakeTransport, UrgentMessagesNeverCutAMessageHoweverSmallThePieces) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    fake_transport n(seed);
    notebook b;
    n.listen(at("10.0.0.1:179"), {}, b.sink());
    fake_peer p(n, ip("10.0.0.2"));
    p.connect(at("10.0.0.1:179"));
    n.deliver();
    auto id = b.all<accepted>().at(0).socket;
    n.adopt(id, b.sink());
    n.fragment(30);
    std::size_t expected = 0;
    auto count = *rc::gen::inRange(1, 20);
    for (auto i = 0; i < count; ++i) {
      auto urgent = *rc::gen::arbitrary<bool>();
      auto type = urgent ? std::uint8_t{4} : std::uint8_t{2};
      auto size = *rc::gen::inRange<std::size_t>(19, 80);
      n.send(id, whole(share(message(type, size))),
             urgent ? priority::urgent : priority::bulk);
      expected += size;
      auto steps = *rc::gen::inRange(0, 5);
      for (auto k = 0; k < steps; ++k)
        n.step();
    }
    n.deliver();
    RC_ASSERT(n.sent(id).size() == expected);
    auto messages = 0;
    while (auto m = p.take_message()) {
      RC_ASSERT((*m)[0] == 0xff && (m->at(18) == 2 || m->at(18) == 4));
      ++messages;
    }
    RC_ASSERT(messages == count);
    RC_ASSERT(p.pending() == 0U);
  }));
}

} // namespace
} // namespace troupe::transport
