#include "actors/link_watch.hpp"

#include "actors/transport/fake_transport.hpp"
#include "protocol/wire/router_advertisement.hpp"

#include <gmock/gmock.h>

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

protocol::ip_address ip(const char* text) {
  return *protocol::ip_address::parse(text);
}

const auto all_nodes = ip("ff02::1");

/// A watch over eth0, whose other end the test speaks for.
struct LinkWatch : ::testing::Test {
  LinkWatch() { plug_in(); }
  void plug_in(std::uint32_t index = 3, bool up = true) {
    net.set_interface("eth0", {index, up, ip("fe80::1"), {}, {}});
  }
  link_watch::news look(link_watch::time at) {
    now = at;
    return watch.look(now);
  }
  /// A router advertises itself; what the watch says to that.
  link_watch::news advertise(const char* from, std::uint8_t hop_limit = 255) {
    last = {};
    net.hear("eth0", {{},
                      ip(from),
                      hop_limit,
                      protocol::wire::encode_router_advertisement({})});
    net.deliver();
    return last;
  }

  transport::fake_transport net;
  link_watch::time now{0};
  link_watch::news last;
  link_watch watch{net, "eth0", 7, [this](const transport::link_message& m) {
                     last = watch.hear(m, now);
                   }};
};

} // namespace

TEST_F(LinkWatch, AdvertisesItselfAtOnceAndThenEveryFewSeconds) {
  EXPECT_THAT(look(0ms).warning, IsEmpty());
  EXPECT_THAT(net.sent_on("eth0"), ElementsAre(all_nodes));
  EXPECT_EQ(watch.waiting_for(), "waiting for a router advertisement on eth0");
  for (auto at = 1s; at <= 60s; at += 1s)
    look(at);
  EXPECT_GE(net.sent_on("eth0").size(), 6U);
  EXPECT_LE(net.sent_on("eth0").size(), 20U);
}

TEST_F(LinkWatch, AnswersAPeerThatIsNewAtOnce) { // RFC 4861 §6.2.6
  look(0ms);
  EXPECT_THAT(advertise("fe80::2").warning, IsEmpty());
  EXPECT_EQ(watch.peer(), ip("fe80::2"));
  EXPECT_THAT(net.sent_on("eth0"), ElementsAre(all_nodes, ip("fe80::2")));
  advertise("fe80::2");
  EXPECT_EQ(net.sent_on("eth0").size(), 2U);
}

TEST_F(LinkWatch, KeepsTheFirstRouterAndTellsOfAnotherOnce) {
  look(0ms);
  advertise("fe80::2");
  EXPECT_THAT(advertise("fe80::3").warning,
              HasSubstr("another router on eth0: fe80::3; the neighbor stays "
                        "fe80::2"));
  EXPECT_THAT(advertise("fe80::3").warning, IsEmpty());
  EXPECT_EQ(watch.peer(), ip("fe80::2"));
}

TEST_F(LinkWatch, DoesNotBelieveWhatHasBeenForwarded) {
  look(0ms);
  advertise("fe80::2", 254);
  EXPECT_FALSE(watch.peer());
}

TEST_F(LinkWatch, LosesAPeerThatIsSilent) {
  look(0ms);
  advertise("fe80::2");
  look(29s);
  EXPECT_TRUE(watch.peer());
  const auto news = look(31s);
  EXPECT_FALSE(watch.peer());
  EXPECT_FALSE(news.link_lost);
  EXPECT_THAT(news.warning, HasSubstr("eth0"));
}

TEST_F(LinkWatch, WaitsForItsInterface) {
  net.remove_interface("eth0");
  EXPECT_EQ(look(0ms).warning, "there is no interface eth0");
  EXPECT_THAT(look(1s).warning, IsEmpty()); // told once
  EXPECT_EQ(watch.index(), 0U);
  plug_in(3, false);
  EXPECT_EQ(look(2s).warning, "interface eth0 is down");
  EXPECT_EQ(watch.waiting_for(), "interface eth0 is down");
  EXPECT_THAT(net.sent_on("eth0"), IsEmpty());
  plug_in();
  EXPECT_THAT(look(3s).warning, IsEmpty());
  EXPECT_EQ(watch.index(), 3U);
  EXPECT_THAT(net.sent_on("eth0"), ElementsAre(all_nodes));
}

TEST_F(LinkWatch, LosesThePeerWithItsInterface) {
  look(0ms);
  advertise("fe80::2");
  plug_in(3, false);
  auto news = look(1s);
  EXPECT_TRUE(news.link_lost);
  EXPECT_EQ(news.warning, "interface eth0 is down");
  EXPECT_FALSE(watch.peer());
  plug_in();
  EXPECT_FALSE(look(2s).link_lost);
  advertise("fe80::2");
  EXPECT_TRUE(watch.peer());
  // Another interface of the same name.
  plug_in(4);
  news = look(3s);
  EXPECT_TRUE(news.link_lost);
  EXPECT_FALSE(watch.peer());
  EXPECT_EQ(watch.index(), 4U);
}

TEST_F(LinkWatch, TriesAgainUntilTheInterfaceHasAnAddress) {
  net.set_interface("eth0", {3, true, {}, {}, {}});
  EXPECT_EQ(look(0ms).warning, "interface eth0 has no link-local address yet");
  EXPECT_THAT(look(1s).warning, IsEmpty());
  plug_in();
  look(2s);
  EXPECT_THAT(net.sent_on("eth0"), ElementsAre(all_nodes));
  EXPECT_EQ(watch.waiting_for(), "waiting for a router advertisement on eth0");
}

} // namespace troupe::actors
