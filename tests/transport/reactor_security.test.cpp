#include "actors/transport/socket_address.hpp"
#include "tests/transport/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace troupe::transport {
namespace {

using namespace testing;

/// How long an attempt may go unanswered before the test believes that it never
/// will be: a SYN is sent again after 1 s, so this is one SYN.
constexpr auto unanswered = 300ms;

protocol::prefix net(const char* text) {
  return *protocol::prefix::parse(text);
}

/// Sets a key on a socket of the test, by the system's own means. 0 or errno.
int set_key(const raw_socket& s, const protocol::endpoint& peer,
            const std::string& key) {
  tcp_md5sig request{};
  auto address = to_socket_address(peer);
  std::memcpy(&request.tcpm_addr, &address.storage, sizeof(address.storage));
  request.tcpm_keylen = static_cast<std::uint16_t>(key.size());
  std::copy(key.begin(), key.end(), request.tcpm_key);
  auto result =
      ::setsockopt(s.fd(), IPPROTO_TCP, TCP_MD5SIG, &request, sizeof(request));
  return result == 0 ? 0 : errno;
}

bool kernel_has_md5() {
  auto probe = raw_socket::make();
  auto error = set_key(probe, at("127.0.0.1:0"), "probe");
  return error != ENOPROTOOPT && error != EOPNOTSUPP;
}

raw_socket from(const char* source) {
  auto local = at(source);
  auto result = raw_socket::make(local.address.is_v6());
  auto name = to_socket_address(local);
  EXPECT_EQ(::bind(result.fd(), name.data(), name.size), 0);
  return result;
}

struct ReactorMd5 : ::testing::Test {
  void SetUp() override {
    if (kernel_has_md5())
      return;
    // Then the operator must be told, and nothing may go unprotected.
    socket_options options;
    options.keys = {{net("127.0.0.2/32"), "secret"}};
    auto result = s.net.listen(at("127.0.0.1:0"), options, s.events.sink());
    EXPECT_NE(result.message.find("this kernel has no TCP MD5 signatures"),
              std::string::npos);
    GTEST_SKIP() << "this kernel has no TCP MD5 signatures";
  }

  /// Connects to the listener with this key (none if empty); an errno.
  int knock(const char* source, const std::string& key) {
    auto peer = from(source);
    if (!key.empty()) {
      EXPECT_EQ(set_key(peer, s.where, key), 0);
    }
    return peer.connect(s.where, unanswered);
  }
  /// Lets the reactor dial the listener; the errno, 0 if it is up.
  int dial(const std::vector<peer_key>& keys) {
    connect_options options;
    options.remote = s.where;
    options.options.keys = keys;
    options.timeout = unanswered;
    auto outcome = std::make_shared<std::promise<int>>();
    auto id = s.net.connect(options, [outcome](const event& e) {
      const auto* failed = std::get_if<connect_failed>(&e);
      outcome->set_value(failed != nullptr ? failed->error : 0);
    });
    auto error = outcome->get_future().get();
    s.net.abort(id);
    return error;
  }

  stage s;
};

TEST_F(ReactorMd5, InboundPerHost) {
  socket_options options;
  options.keys = {{net("127.0.0.2/32"), "secret"}};
  s.listen(at("127.0.0.1:0"), options);
  EXPECT_EQ(knock("127.0.0.2:0", "secret"), 0);
  EXPECT_EQ(knock("127.0.0.2:0", "geheim"), ETIMEDOUT);
  EXPECT_EQ(knock("127.0.0.2:0", ""), ETIMEDOUT);
  // Another host has no key, and may not use one.
  EXPECT_EQ(knock("127.0.0.3:0", ""), 0);
  EXPECT_EQ(knock("127.0.0.3:0", "secret"), ETIMEDOUT);
  EXPECT_TRUE(eventually([&] { return s.net.stats().accepted == 2; }));
}

TEST_F(ReactorMd5, InboundPerPrefixTheLongestWins) {
  socket_options options;
  options.keys = {{net("127.1.0.0/16"), "range"},
                  {net("127.1.0.2/32"), "host"}};
  s.listen(at("127.0.0.1:0"), options);
  EXPECT_EQ(knock("127.1.9.9:0", "range"), 0);
  EXPECT_EQ(knock("127.1.9.9:0", "host"), ETIMEDOUT);
  EXPECT_EQ(knock("127.1.9.9:0", ""), ETIMEDOUT);
  EXPECT_EQ(knock("127.1.0.2:0", "host"), 0);
  EXPECT_EQ(knock("127.1.0.2:0", "range"), ETIMEDOUT);
}

TEST_F(ReactorMd5, InboundOverIpv6) {
  socket_options options;
  options.keys = {{net("::1/128"), "secret"}, {net("127.0.0.2/32"), "x"}};
  s.listen(at("[::1]:0"), options);
  EXPECT_EQ(knock("[::1]:0", "secret"), 0);
  EXPECT_EQ(knock("[::1]:0", ""), ETIMEDOUT);
}

TEST_F(ReactorMd5, OutboundPerHostAndPerPrefix) {
  socket_options options;
  options.keys = {{net("127.0.0.1/32"), "secret"}};
  s.listen(at("127.0.0.1:0"), options);
  EXPECT_EQ(dial({{net("127.0.0.1/32"), "secret"}}), 0);
  EXPECT_EQ(dial({{net("127.0.0.0/8"), "secret"}}), 0);
  EXPECT_EQ(
      dial({{net("127.0.0.0/8"), "other"}, {net("127.0.0.1/32"), "secret"}}),
      0);
  EXPECT_EQ(dial({{net("127.0.0.1/32"), "geheim"}}), ETIMEDOUT);
  EXPECT_EQ(dial({{net("127.2.0.0/16"), "secret"}}), ETIMEDOUT);
  EXPECT_EQ(dial({}), ETIMEDOUT);
}

TEST_F(ReactorMd5, AProtectedAttemptDoesNotMeetAnUnprotectedListener) {
  s.listen();
  EXPECT_EQ(dial({{net("127.0.0.1/32"), "secret"}}), ETIMEDOUT);
}

TEST_F(ReactorMd5, BytesFlowUnderAKey) {
  socket_options options;
  options.keys = {{net("127.0.0.0/8"), "secret"}};
  s.listen(at("127.0.0.1:0"), options);
  connect_options to;
  to.remote = s.where;
  to.options = options;
  auto id = s.net.connect(to, s.events.sink());
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  s.net.adopt(in->socket, s.events.sink());
  s.net.adopt(id, s.events.sink());
  auto data = random_bytes(1, 500'000);
  s.net.send(id, whole(share(data)), priority::bulk);
  ASSERT_TRUE(s.events.wait_for_bytes(in->socket, data.size()));
  EXPECT_EQ(s.events.received_by(in->socket), data);
}

TEST_F(ReactorMd5, KeysOfAListenerChange) {
  socket_options options;
  options.keys = {{net("127.0.0.2/32"), "one"},
                  {net("127.0.0.3/32"), "three"},
                  {net("127.1.0.0/16"), "range"}};
  s.listen(at("127.0.0.1:0"), options);
  options.keys = {{net("127.0.0.2/32"), "two"}, {net("127.0.0.4/32"), "four"}};
  EXPECT_FALSE(s.net.change(*s.listener, options));
  EXPECT_EQ(knock("127.0.0.2:0", "one"), ETIMEDOUT);
  EXPECT_EQ(knock("127.0.0.2:0", "two"), 0);
  EXPECT_EQ(knock("127.0.0.3:0", ""), 0);
  EXPECT_EQ(knock("127.0.0.4:0", "four"), 0);
  EXPECT_EQ(knock("127.1.2.3:0", ""), 0);
}

TEST_F(ReactorMd5, WhoseKeyCouldNotBeSetIsNotLetIn) {
  s.listen();
  socket_options options;
  options.keys = {{net("127.0.0.2/32"), std::string(81, 'x')},
                  {net("127.0.0.3/32"), "fine"}};
  auto error = s.net.change(*s.listener, options);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error, EINVAL);
  EXPECT_NE(error->message.find("127.0.0.2/32"), std::string::npos);
  EXPECT_EQ(knock("127.0.0.3:0", "fine"), 0);
  EXPECT_EQ(knock("127.0.0.4:0", ""), 0);
  auto peer = from("127.0.0.2:0");
  auto refused = peer.connect(s.where);
  if (refused == 0)
    peer.read_all(&refused);
  EXPECT_EQ(refused, ECONNRESET);
  EXPECT_TRUE(eventually([&] { return s.net.stats().accepted == 2; }));
}

TEST_F(ReactorMd5, BadKeysAreNamed) {
  for (const auto& key : {std::string(), std::string(81, 'x')}) {
    socket_options options;
    options.keys = {{net("127.0.0.2/32"), key}};
    auto result = s.net.listen(at("127.0.0.1:0"), options, s.events.sink());
    ASSERT_TRUE(result.listener); // for the others
    EXPECT_NE(result.message.find("127.0.0.2/32 must have 1 to 80 bytes"),
              std::string::npos)
        << result.message;
    connect_options to;
    to.remote = at("127.0.0.2:1");
    to.options = options;
    auto failed =
        s.events.next_of<connect_failed>(s.net.connect(to, s.events.sink()));
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->error, EINVAL);
    EXPECT_FALSE(failed->message.empty());
  }
}

// -- GTSM (RFC 5082) ----------------------------------------------------------

struct gtsm_case {
  const char* name;
  const char* address;
  int level;
  int ttl;
};

struct ReactorGtsm : ::testing::TestWithParam<gtsm_case> {
  bool v6() const { return GetParam().level == IPPROTO_IPV6; }
  raw_socket peer_with_ttl(int ttl) const {
    auto result = raw_socket::make(v6());
    EXPECT_TRUE(result.set(GetParam().level, GetParam().ttl, ttl));
    return result;
  }
  static socket_options required() {
    socket_options result;
    result.min_ttl = 255;
    return result;
  }

  stage s;
};

TEST_P(ReactorGtsm, TheListenerDoesNotAnswerFromAfar) {
  s.listen(at(GetParam().address), required());
  EXPECT_EQ(peer_with_ttl(64).connect(s.where, unanswered), ETIMEDOUT);
  EXPECT_EQ(peer_with_ttl(254).connect(s.where, unanswered), ETIMEDOUT);
  EXPECT_EQ(peer_with_ttl(255).connect(s.where, unanswered), 0);
  EXPECT_TRUE(eventually([&] { return s.net.stats().accepted == 1; }));
}

TEST_P(ReactorGtsm, TheRuleOfAListenerChanges) {
  s.listen(at(GetParam().address), required());
  EXPECT_FALSE(s.net.change(*s.listener, {}));
  EXPECT_EQ(peer_with_ttl(64).connect(s.where, unanswered), 0);
  EXPECT_FALSE(s.net.change(*s.listener, required()));
  EXPECT_EQ(peer_with_ttl(64).connect(s.where, unanswered), ETIMEDOUT);
}

TEST_P(ReactorGtsm, AnAttemptIgnoresAnswersFromAfar) {
  for (auto ttl : {64, 255}) {
    auto peer = raw_socket::listening(at(GetParam().address).address);
    ASSERT_TRUE(peer.set(GetParam().level, GetParam().ttl, ttl));
    connect_options to;
    to.remote = peer.local();
    to.options = required();
    to.timeout = unanswered;
    auto id = s.net.connect(to, s.events.sink());
    if (ttl == 255) {
      EXPECT_TRUE(s.events.next_of<connected>(id));
    } else {
      auto failed = s.events.next_of<connect_failed>(id);
      ASSERT_TRUE(failed);
      EXPECT_EQ(failed->error, ETIMEDOUT);
    }
  }
}

TEST_P(ReactorGtsm, BytesThatCameBeforeTheRuleDoNotSlipThrough) {
  // The listener serves others too, so it lets everybody connect.
  s.listen(at(GetParam().address));
  auto far = peer_with_ttl(64);
  ASSERT_EQ(far.connect(s.where), 0);
  ASSERT_TRUE(far.send_all(message(1, 29)));
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  ASSERT_TRUE(eventually([&] { return s.net.input_pending(in->socket); }));
  auto error = s.net.configure(in->socket, required());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error, EPERM);
  EXPECT_NE(error->message.find("TTL 64"), std::string::npos);
  // Whoever does not care gets no unprotected connection either.
  s.net.adopt(in->socket, s.events.sink());
  auto end = s.events.next_of<closed>(in->socket);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->error, ENOTCONN);
  EXPECT_EQ(s.events.size_received_by(in->socket), 0U);
  auto reset = 0;
  far.read_all(&reset);
  EXPECT_EQ(reset, ECONNRESET);
}

TEST_P(ReactorGtsm, ANearPeerWhosePacketsComeFromAfarIsNotHeard) {
  s.listen(at(GetParam().address));
  auto peer = peer_with_ttl(255);
  ASSERT_EQ(peer.connect(s.where), 0);
  auto in = s.events.next<accepted>();
  ASSERT_TRUE(in);
  EXPECT_FALSE(s.net.configure(in->socket, required()));
  s.net.adopt(in->socket, s.events.sink());
  ASSERT_TRUE(peer.send_all(bytes{1}));
  ASSERT_TRUE(s.events.wait_for_bytes(in->socket, 1));
  ASSERT_TRUE(peer.set(GetParam().level, GetParam().ttl, 64));
  ASSERT_TRUE(peer.send_all(bytes{2}));
  // Sent again, so it was not taken the first time.
  ASSERT_TRUE(eventually([&] {
    tcp_info info{};
    socklen_t size = sizeof(info);
    ::getsockopt(peer.fd(), IPPROTO_TCP, TCP_INFO, &info, &size);
    return info.tcpi_total_retrans > 0;
  }));
  EXPECT_EQ(s.events.size_received_by(in->socket), 1U);
  EXPECT_FALSE(s.net.input_pending(in->socket));
  ASSERT_TRUE(peer.set(GetParam().level, GetParam().ttl, 255));
  EXPECT_TRUE(s.events.wait_for_bytes(in->socket, 2));
}

INSTANTIATE_TEST_SUITE_P(
    Families, ReactorGtsm,
    ::testing::Values(gtsm_case{"Ipv4", "127.0.0.1:0", IPPROTO_IP, IP_TTL},
                      gtsm_case{"Ipv6", "[::1]:0", IPPROTO_IPV6,
                                IPV6_UNICAST_HOPS}),
    [](const auto& i) { return i.param.name; });

} // namespace
} // namespace troupe::transport
