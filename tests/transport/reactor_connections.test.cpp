#include "actors/transport/socket_options.hpp"
#include "tests/transport/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <thread>

namespace troupe::transport {
namespace {

using namespace testing;

TEST(Reactor, CarriesBytesBothWays) {
  stage s;
  s.listen();
  auto c = s.connect();
  auto hello = bytes{1, 2, 3};
  auto answer = bytes{4, 5, 6, 7};
  s.net.send(c.client, whole(share(hello)), priority::bulk);
  ASSERT_TRUE(s.events.wait_for_bytes(c.server, 3));
  s.net.send(c.server, whole(share(answer)), priority::urgent);
  ASSERT_TRUE(s.events.wait_for_bytes(c.client, 4));
  EXPECT_EQ(s.events.received_by(c.server), hello);
  EXPECT_EQ(s.events.received_by(c.client), answer);
  EXPECT_EQ(s.events.next_of<written>(c.client)->bytes, 3U);
  EXPECT_EQ(s.events.size_written_by(c.server), 0U); // urgent is not counted
  EXPECT_EQ(s.net.stats().bytes_in, 7U);
  EXPECT_EQ(s.net.stats().bytes_out, 7U);
}

TEST(Reactor, TellsBothEndsTheirAddresses) {
  stage s;
  s.listen(at("127.0.0.2:0"));
  connect_options options;
  options.remote = s.where;
  options.local = at("127.0.0.3:0");
  auto id = s.net.connect(options, s.events.sink());
  auto up = s.events.next_of<connected>(id);
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(up && in);
  EXPECT_EQ(in->listener, s.listener);
  EXPECT_EQ(to_string(up->local.address), "127.0.0.3");
  EXPECT_EQ(up->remote, s.where);
  EXPECT_EQ(in->remote, up->local);
  EXPECT_EQ(in->local, s.where);
}

TEST(Reactor, SpeaksIpv6) {
  stage s;
  s.listen(at("[::1]:0"));
  auto c = s.connect();
  s.net.send(c.server, whole(share({9})), priority::bulk);
  ASSERT_TRUE(s.events.wait_for_bytes(c.client, 1));
}

TEST(Reactor, DialsFromAFixedPortAgainAndAgain) {
  stage s;
  s.listen();
  auto free = raw_socket::listening(at("127.0.0.1:0").address).local();
  for (auto i = 0; i < 3; ++i) {
    connect_options options;
    options.remote = s.where;
    options.local = free;
    auto id = s.net.connect(options, s.events.sink());
    auto up = s.events.next_of<connected>(id);
    ASSERT_TRUE(up) << "round " << i;
    EXPECT_EQ(up->local, free);
    auto in = s.events.next<accepted>();
    ASSERT_TRUE(in);
    s.net.adopt(in->socket, s.events.sink());
    s.net.abort(id);
    EXPECT_TRUE(s.events.next_of<closed>(in->socket));
  }
}

TEST(Reactor, SetsTheOptionsOfItsSockets) {
  stage s;
  auto peer = raw_socket::listening(at("127.0.0.1:0").address);
  ASSERT_TRUE(peer.set(IPPROTO_TCP, TCP_SAVE_SYN, 1));
  connect_options options;
  options.remote = peer.local();
  options.options.ttl = 7;
  options.options.interface = "lo";
  auto id = s.net.connect(options, s.events.sink());
  ASSERT_TRUE(s.events.next_of<connected>(id));
  auto end = peer.accept();
  EXPECT_EQ(take_syn_ttl(end.fd()), 7); // set before the first packet
  s.net.send(id, whole(share({1})), priority::bulk);
  EXPECT_EQ(end.read(1), bytes{1}); // sending needs no owner
}

TEST(Reactor, SaysWhichInterfaceIsMissing) {
  reactor net;
  socket_options options;
  options.interface = "no-such-if";
  recorder events;
  auto result = net.listen(at("127.0.0.1:0"), options, events.sink());
  EXPECT_FALSE(result.listener);
  EXPECT_EQ(result.error, ENODEV);
  EXPECT_NE(result.message.find("'no-such-if'"), std::string::npos);
}

TEST(Reactor, SaysWhyItCannotListen) {
  stage s;
  s.listen();
  auto twice = s.net.listen(s.where, {}, s.events.sink());
  EXPECT_FALSE(twice.listener);
  EXPECT_EQ(twice.error, EADDRINUSE);
  EXPECT_EQ(twice.message,
            "cannot listen on " + to_string(s.where) + ": the port is in use");
  auto foreign = s.net.listen(at("192.0.2.1:0"), {}, s.events.sink());
  EXPECT_EQ(foreign.error, EADDRNOTAVAIL);
  EXPECT_EQ(foreign.message, "cannot listen on 192.0.2.1:0: no interface has "
                             "this address");
}

TEST(Reactor, ListensAgainAtOnceAfterItsListenerWasClosed) {
  stage s;
  s.listen();
  for (auto i = 0; i < 20; ++i) {
    auto c = s.connect();
    s.net.close_listener(*s.listener);
    auto again = s.net.listen(s.where, {}, s.events.sink());
    ASSERT_TRUE(again.listener) << again.message;
    s.listener = again.listener;
    // What was accepted before lives on.
    s.net.send(c.client, whole(share({1})), priority::bulk);
    ASSERT_TRUE(s.events.wait_for_bytes(c.server, 1));
  }
}

TEST(Reactor, SeparatesTheFamiliesOfOnePort) {
  stage s;
  s.listen(at("[::]:0"));
  protocol::endpoint v4{at("0.0.0.0:0").address, s.where.port, 0};
  auto result = s.net.listen(v4, {}, s.events.sink());
  EXPECT_TRUE(result.listener) << result.message;
}

TEST(Reactor, ReportsARefusedAttempt) {
  reactor net;
  recorder events;
  connect_options options;
  // Bound, but nobody listens there.
  auto closed_port = raw_socket::listening(at("127.0.0.1:0").address).local();
  options.remote = closed_port;
  auto id = net.connect(options, events.sink());
  auto failed = events.next_of<connect_failed>(id);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error, ECONNREFUSED);
  EXPECT_EQ(net.stats().connect_failed, 1U);
}

TEST(Reactor, ReportsAnUnusableSource) {
  reactor net;
  recorder events;
  connect_options options;
  options.remote = at("127.0.0.1:1");
  options.local = at("192.0.2.1:0");
  auto failed =
      events.next_of<connect_failed>(net.connect(options, events.sink()));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error, EADDRNOTAVAIL);
  EXPECT_NE(failed->message.find("192.0.2.1"), std::string::npos);
}

TEST(Reactor, GivesAnAttemptUpAfterItsTime) {
  full_listener silent;
  reactor net;
  recorder events;
  connect_options options;
  options.remote = silent.where();
  options.timeout = 50ms;
  auto before = std::chrono::steady_clock::now();
  auto id = net.connect(options, events.sink());
  auto failed = events.next_of<connect_failed>(id);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error, ETIMEDOUT);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 50ms);
}

TEST(Reactor, AnAttemptThatIsAbortedTellsNothing) {
  full_listener silent;
  recorder events;
  {
    reactor net;
    connect_options options;
    options.remote = silent.where();
    options.timeout = 20ms;
    net.abort(net.connect(options, events.sink()));
    net.close(net.connect(options, events.sink()));
    auto last = net.connect(options, events.sink());
    // Its time is over after theirs would have been.
    ASSERT_TRUE(events.next_of<connect_failed>(last));
  }
  EXPECT_EQ(events.untaken(), 0U);
}

TEST(Reactor, ReportsTheEndOfTheStreamBehindItsBytes) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  auto data = random_bytes(1, 300'000);
  peer.send_all(data);
  peer.close();
  auto end = s.events.next_of<closed>(id);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error, 0);
  EXPECT_EQ(s.events.received_by(id), data);
}

TEST(Reactor, ReportsAResetWithItsErrnoAndBehindTheBytes) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  ASSERT_EQ(peer.connect(s.where), 0);
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  peer.send_all(bytes{1, 2, 3});
  peer.reset();
  EXPECT_TRUE(sleeps(s.net));
  // It was reset before anybody adopted it.
  s.net.adopt(in->socket, s.events.sink());
  auto end = s.events.next_of<closed>(in->socket);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error, ECONNRESET);
  EXPECT_EQ(s.events.received_by(in->socket), (bytes{1, 2, 3}));
}

TEST(Reactor, ReadsALastMessageThoughItsOwnWriteFailed) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  s.net.pause(id);
  peer.send_all(message(3, 21));
  // Unread bytes at the peer turn its close into a RST.
  s.net.send(id, whole(share({1})), priority::bulk);
  ASSERT_TRUE(peer.wait_readable());
  peer.close();
  s.net.send(id, whole(share({1})), priority::bulk);
  ASSERT_TRUE(eventually([&] { return s.net.output_pending(id) == 0; }));
  EXPECT_EQ(s.net.stats().writes, 1U); // the second one failed
  s.net.resume(id);
  auto end = s.events.next_of<closed>(id);
  ASSERT_TRUE(end);
  EXPECT_NE(end->error, 0);
  EXPECT_EQ(s.events.received_by(id), message(3, 21));
}

TEST(Reactor, NothingIsReadBeforeSomebodyAdopts) {
  stage s;
  s.listen();
  auto peer = raw_socket::make();
  ASSERT_EQ(peer.connect(s.where), 0);
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  peer.send_all(bytes{1, 2, 3});
  EXPECT_TRUE(eventually([&] { return s.net.input_pending(in->socket); }));
  EXPECT_EQ(s.net.stats().reads, 0U);
  s.net.adopt(in->socket, s.events.sink());
  EXPECT_TRUE(s.events.wait_for_bytes(in->socket, 3));
  EXPECT_TRUE(eventually([&] { return !s.net.input_pending(in->socket); }));
}

TEST(Reactor, WhatNobodyAdoptsIsAborted) {
  reactor_options options;
  options.adopt_timeout = 20ms;
  stage s(options);
  s.listen();
  auto peer = raw_socket::make();
  ASSERT_EQ(peer.connect(s.where), 0);
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  auto error = 0;
  peer.read_all(&error);
  EXPECT_EQ(error, ECONNRESET);
  EXPECT_TRUE(eventually([&] { return s.net.stats().aborted == 1; }));
  // Whoever comes too late is told.
  s.net.adopt(in->socket, s.events.sink());
  auto end = s.events.next_of<closed>(in->socket);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error, ENOTCONN);
}

TEST(Reactor, AListenerGetsAnotherOwnerAndNothingIsLost) {
  for (auto threads : {1U, 3U}) {
    reactor_options options;
    options.threads = threads;
    stage s(options);
    s.listen();
    std::vector<raw_socket> peers(4);
    std::vector<accepted> first;
    for (auto& p : peers) {
      p = raw_socket::make();
      ASSERT_EQ(p.connect(s.where), 0);
      auto in = s.events.next<accepted>();
      ASSERT_TRUE(in);
      first.push_back(*in);
    }
    s.net.adopt(first[0].socket, s.events.sink());
    s.net.abort(first[1].socket);
    peers[2].send_all(bytes{7});
    peers[3].send_all(bytes{8});
    peers[3].close();
    // The first owner is gone; the third connection is nobody's, and who made
    // the fourth has given up.
    recorder heir;
    EXPECT_TRUE(s.net.take_over(*s.listener, heir.sink()));
    auto again = heir.next<accepted>();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->socket, first[2].socket);
    s.net.adopt(again->socket, heir.sink());
    EXPECT_TRUE(heir.wait_for_bytes(again->socket, 1));
    auto fifth = raw_socket::make();
    ASSERT_EQ(fifth.connect(s.where), 0);
    EXPECT_TRUE(heir.next<accepted>());
    EXPECT_EQ(heir.untaken(), 0U);
    EXPECT_EQ(s.events.untaken(), 0U);
    // The recorder of the heir ends before the reactor.
    s.net.close_listener(*s.listener);
    EXPECT_FALSE(s.net.take_over(*s.listener, s.events.sink()));
    s.net.adopt(again->socket, s.events.sink());
    int error = 0;
    fifth.read_all(&error);
    EXPECT_EQ(error, ECONNRESET); // it is nobody's any more
    peers[2].close();
    EXPECT_TRUE(s.events.next_of<closed>(again->socket));
  }
}

TEST(Reactor, ASinkMayAskForAnything) {
  // An echo server and its clients, all within the callbacks.
  recorder done;
  reactor_options options;
  options.threads = 2;
  reactor net(options);
  std::function<void(event)> echo = [&](event e) {
    if (auto* in = std::get_if<accepted>(&e))
      net.adopt(in->socket, echo);
    if (auto* r = std::get_if<received>(&e)) {
      net.consumed(r->socket, r->bytes->size());
      net.send(r->socket, whole(r->bytes), priority::bulk);
      if (r->bytes->back() == 0)
        net.close(r->socket);
    }
  };
  auto listener = net.listen(at("127.0.0.1:0"), {}, echo);
  ASSERT_TRUE(listener.listener);
  connect_options to;
  to.remote = listener.bound;
  auto all = done.sink();
  auto id = net.connect(to, [&](event e) {
    if (auto* up = std::get_if<connected>(&e)) {
      net.adopt(up->socket, all);
      net.send(up->socket, whole(share({1, 2, 3})), priority::bulk);
    }
  });
  ASSERT_TRUE(done.wait_for_bytes(id, 3));
  net.send(id, whole(share({0})), priority::bulk);
  auto end = done.next_of<closed>(id);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error, 0);
}

TEST(Reactor, ThreadsBlockAllSignals) {
  static std::atomic<int> seen{0};
  struct sigaction action {};
  action.sa_handler = [](int) { ++seen; };
  struct sigaction before {};
  ::sigaction(SIGUSR1, &action, &before);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  {
    stage s;
    s.listen();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // Directed at the process: any thread that does not block it would run it.
    ::kill(::getpid(), SIGUSR1);
    auto c = s.connect();
    s.net.send(c.client, whole(share({1})), priority::bulk);
    ASSERT_TRUE(s.events.wait_for_bytes(c.server, 1));
    EXPECT_EQ(seen, 0);
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  }
  EXPECT_EQ(seen, 1);
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(Reactor, CallsOnUnknownIdsDoNothing) {
  reactor net;
  constexpr socket_id nobody{12345};
  net.send(nobody, whole(share({1})), priority::bulk);
  net.consumed(nobody, 1);
  net.pause(nobody);
  net.resume(nobody);
  net.close(nobody);
  net.abort(nobody);
  EXPECT_FALSE(net.configure(nobody, {}));
  EXPECT_FALSE(net.input_pending(nobody));
  EXPECT_EQ(net.output_pending(nobody), 0U);
  EXPECT_FALSE(net.change(listener_id{12345}, {}));
  net.close_listener(listener_id{12345});
}

TEST(Reactor, ASliceOutsideItsBufferIsOurMistake) {
  stage s;
  s.listen();
  auto c = s.connect();
  auto buffer = share(bytes(10));
  EXPECT_THROW(s.net.send(c.client, {{buffer, 5, 6}}, priority::bulk),
               std::logic_error);
  EXPECT_EQ(s.net.output_pending(c.client), 0U);
}

TEST(Reactor, NoConnectAcceptOrWriteAfterTheLease) {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  auto ns = std::chrono::nanoseconds(now).count();
  auto end =
      std::make_shared<std::atomic<std::int64_t>>(ns + 3'600'000'000'000);
  stage s;
  socket_options options;
  options.lease = end;
  s.listen(at("127.0.0.1:0"), options);
  auto peer = raw_socket::make();
  auto id = s.accept(peer);
  s.net.send(id, whole(share({1})), priority::bulk);
  EXPECT_EQ(peer.read(1), bytes{1});
  *end = ns;
  s.net.send(id, whole(share({2})), priority::bulk);
  auto gone = s.events.next_of<closed>(id);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->error, ECANCELED);
  EXPECT_EQ(peer.read_all(), bytes{});
  connect_options dial;
  dial.remote = s.where;
  dial.options.lease = end;
  auto failed =
      s.events.next_of<connect_failed>(s.net.connect(dial, s.events.sink()));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error, ECANCELED);
  auto late = raw_socket::make();
  // The kernel lets it in, we do not; it may see both at once.
  auto error = late.connect(s.where);
  if (error == 0) {
    EXPECT_EQ(late.read_all(&error), bytes{});
  }
  EXPECT_EQ(error, ECONNRESET);
  EXPECT_EQ(s.net.stats().refused, 1U);
}

} // namespace
} // namespace troupe::transport
