#include "actors/transport/commands.hpp"
#include "actors/transport/interfaces.hpp"
#include "actors/transport/poller.hpp"
#include "actors/transport/socket_address.hpp"
#include "actors/transport/socket_options.hpp"
#include "actors/transport/tcp_keys.hpp"
#include "tests/transport/support.hpp"

#include <gtest/gtest.h>

namespace troupe::transport {
namespace {

using namespace testing;

TEST(SocketAddress, GoesToTheKernelAndBack) {
  auto scoped = at("[fe80::1]:179");
  scoped.scope_id = 7;
  for (const auto& e : {at("192.0.2.1:179"), at("[2001:db8::1]:65535"), scoped})
    EXPECT_EQ(to_endpoint(to_socket_address(e)), e);
}

TEST(SocketAddress, IsUnspecifiedForWhatIsNoSocket) {
  EXPECT_EQ(local_endpoint(-1), protocol::endpoint{});
  EXPECT_EQ(remote_endpoint(-1), protocol::endpoint{});
}

TEST(SocketAddress, KnowsTheSubnetOfAnAddressOfOurs) {
  const auto subnet = [](const char* local) {
    const auto found =
        interface_attachment(*protocol::ip_address::parse(local));
    EXPECT_FALSE(found && found->link_local) << "the loopback has none";
    return found ? std::optional{found->subnet} : std::nullopt;
  };
  EXPECT_EQ(subnet("127.0.0.1"), protocol::prefix::parse("127.0.0.0/8"));
  EXPECT_EQ(subnet("::1"), std::nullopt) << "nobody else is in it";
  EXPECT_EQ(subnet("192.0.2.77"), std::nullopt) << "not ours";
  EXPECT_EQ(subnet("0.0.0.0"), std::nullopt);
}

TEST(TimerQueue, GivesTimersInTheirOrderAndOncePerId) {
  timer_queue timers;
  timer_queue::clock::time_point zero{};
  timers.arm(1, zero + 30s);
  timers.arm(2, zero + 20s);
  timers.arm(3, zero + 10s);
  timers.arm(3, zero + 40s); // replaces
  timers.cancel(2);
  timers.cancel(9);
  EXPECT_EQ(timers.next(), zero + 30s);
  EXPECT_FALSE(timers.take_due(zero + 29s));
  EXPECT_EQ(timers.take_due(zero + 50s), 1U);
  EXPECT_EQ(timers.take_due(zero + 50s), 3U);
  EXPECT_FALSE(timers.take_due(zero + 50s));
  EXPECT_FALSE(timers.next());
}

TEST(CommandQueue, WakesTheLoopOnlyIfItSleeps) {
  command_queue queue;
  std::vector<command::any> taken;
  EXPECT_FALSE(queue.push(command::stop{}));
  EXPECT_FALSE(queue.prepare_sleep()); // there is something to do
  queue.take(taken);
  EXPECT_EQ(taken.size(), 1U);
  EXPECT_TRUE(queue.prepare_sleep());
  EXPECT_TRUE(queue.push(command::stop{}));
  EXPECT_FALSE(queue.push(command::stop{})); // it is awake already
  EXPECT_FALSE(queue.prepare_sleep());
}

TEST(SocketOptions, TheLongestPrefixHasTheKey) {
  auto net = [](const char* text) { return *protocol::prefix::parse(text); };
  std::vector<peer_key> keys{{net("10.0.0.0/8"), "wide"},
                             {net("10.1.0.0/16"), "narrow"},
                             {net("::/0"), "six"}};
  auto find = [&](const char* text) {
    const auto* key = find_peer_key(keys, *protocol::ip_address::parse(text));
    return key == nullptr ? std::string("none") : key->key;
  };
  EXPECT_EQ(find("10.1.2.3"), "narrow");
  EXPECT_EQ(find("10.2.2.3"), "wide");
  EXPECT_EQ(find("192.0.2.1"), "none");
  EXPECT_EQ(find("2001:db8::1"), "six");
}

TEST(SocketOptions, GtsmSendsWithTheHighestTtl) { // RFC 5082 §3
  socket_options options;
  EXPECT_EQ(ttl_to_send(options), 0);
  options.min_ttl = 254;
  EXPECT_EQ(ttl_to_send(options), 255);
  options.ttl = 64;
  EXPECT_EQ(ttl_to_send(options), 64);
}

} // namespace
} // namespace troupe::transport
