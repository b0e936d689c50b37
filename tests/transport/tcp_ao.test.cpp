#include "actors/transport/socket_address.hpp"
#include "tests/transport/support.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <future>
#include <netinet/in.h>
#include <sys/socket.h>

namespace troupe::transport {
namespace {

using namespace testing;

// RFC 5925. Where the kernel has no TCP-AO, nobody who must sign gets a
// connection, everybody else does, and the error says what is missing. Where it
// has it, keys decide as those of TCP-MD5 do.

constexpr auto unanswered = 300ms;

peer_key ao(const char* peers, const std::string& key, std::uint8_t id = 1,
            key_scheme scheme = key_scheme::ao_hmac_sha_1_96) {
  return {*protocol::prefix::parse(peers), key, scheme, id};
}

struct TcpAo : ::testing::Test {
  /// The errno of an attempt that the reactor makes, 0 if it is up.
  connect_failed dial(const std::vector<peer_key>& keys) {
    connect_options options;
    options.remote = s.where;
    options.options.keys = keys;
    options.timeout = unanswered;
    auto outcome = std::make_shared<std::promise<connect_failed>>();
    const auto id = s.net.connect(options, [outcome](const event& e) {
      const auto* failed = std::get_if<connect_failed>(&e);
      outcome->set_value(failed != nullptr ? *failed : connect_failed{});
    });
    auto failed = outcome->get_future().get();
    s.net.abort(id);
    return failed;
  }
  bool listen(const std::vector<peer_key>& keys) {
    socket_options options;
    options.keys = keys;
    const auto result =
        s.net.listen(at("127.0.0.1:0"), options, s.events.sink());
    EXPECT_TRUE(result.listener);
    s.listener = result.listener;
    s.where = result.bound;
    message = result.message;
    return result.error == 0;
  }
  /// What a peer at this address, without keys, meets: an errno, or 0.
  int knock(const char* source) {
    auto peer = raw_socket::make();
    const auto name = to_socket_address(at(source));
    EXPECT_EQ(::bind(peer.fd(), name.data(), name.size), 0);
    auto error = peer.connect(s.where, unanswered);
    if (error == 0)
      peer.read_all(&error);
    return error;
  }

  stage s;
  std::string message;
};

TEST_F(TcpAo, NobodyIsUnprotected) {
  const bool has_ao = listen({ao("127.0.0.2/32", "secret")});
  if (!has_ao) {
    EXPECT_EQ(message, "cannot set the TCP-AO key of 127.0.0.2/32: this kernel "
                       "has no TCP-AO (CONFIG_TCP_AO, since Linux 6.7)");
  }
  EXPECT_EQ(knock("127.0.0.2:0"), has_ao ? ETIMEDOUT : ECONNRESET);
  EXPECT_EQ(s.net.stats().accepted, 0U);
  auto other = raw_socket::make();
  EXPECT_EQ(other.connect(s.where), 0);
  EXPECT_TRUE(eventually([&] { return s.net.stats().accepted == 1; }));
}

// RFC 5925 §3.1, RFC 5926 §3.2
TEST_F(TcpAo, AnAttemptIsSignedOrNotMade) {
  for (const auto scheme :
       {key_scheme::ao_hmac_sha_1_96, key_scheme::ao_aes_128_cmac_96}) {
    const bool has_ao = listen({ao("127.0.0.1/32", "secret", 7, scheme)});
    const auto failed = dial({ao("127.0.0.0/8", "secret", 7, scheme)});
    if (!has_ao) {
      EXPECT_EQ(failed.error, ENOPROTOOPT);
      EXPECT_EQ(failed.message,
                "cannot set the TCP-AO key of 127.0.0.1/32: this kernel has no "
                "TCP-AO (CONFIG_TCP_AO, since Linux 6.7)");
      EXPECT_EQ(s.net.stats().accepted, 0U);
      continue;
    }
    EXPECT_EQ(failed.error, 0) << failed.message;
    EXPECT_EQ(dial({ao("127.0.0.1/32", "geheim", 7, scheme)}).error, ETIMEDOUT);
    EXPECT_EQ(dial({ao("127.0.0.1/32", "secret", 8, scheme)}).error, ETIMEDOUT);
    EXPECT_EQ(dial({}).error, ETIMEDOUT);
  }
}

TEST_F(TcpAo, AKeyMayGiveWayToOneOfMd5) {
  listen({ao("127.0.0.2/32", "secret")});
  socket_options options;
  options.keys = {{*protocol::prefix::parse("127.0.0.2/32"), "md5"}};
  EXPECT_FALSE(s.net.change(*s.listener, options));
  EXPECT_NE(knock("127.0.0.2:0"), 0);
  EXPECT_FALSE(s.net.change(*s.listener, {}));
  auto peer = raw_socket::make();
  const auto name = to_socket_address(at("127.0.0.2:0"));
  ASSERT_EQ(::bind(peer.fd(), name.data(), name.size), 0);
  EXPECT_EQ(peer.connect(s.where), 0);
}

TEST_F(TcpAo, BadKeysAreNamed) {
  EXPECT_FALSE(listen({ao("127.0.0.2/32", std::string(81, 'x'))}));
  EXPECT_EQ(message, "the TCP-AO key of 127.0.0.2/32 must have 1 to 80 bytes");
}

} // namespace
} // namespace troupe::transport
