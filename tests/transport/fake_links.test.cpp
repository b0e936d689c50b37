#include "actors/transport/fake_peer.hpp"
#include "tests/transport/support.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace troupe::transport {
namespace {

protocol::ip_address ip(const char* text) {
  return *protocol::ip_address::parse(text);
}

/// Two interfaces with a cable between them.
struct FakeLinks : ::testing::Test {
  FakeLinks() {
    net.set_interface("a", {1, true, ip("fe80::1"), ip("2001:db8::1"), "b"});
    net.set_interface("b", {2, true, ip("fe80::2"), {}, "a"});
  }
  link_sink sink() {
    return [this](link_message m) { heard.push_back(std::move(m)); };
  }
  fake_transport net;
  std::vector<link_message> heard;
};

} // namespace

TEST_F(FakeLinks, WhatIsSentAtOneEndComesInAtTheOther) {
  const auto a = net.open_link("a", sink()).link.value();
  const auto b = net.open_link("b", sink()).link.value();
  EXPECT_FALSE(net.send_on_link(a, ip("ff02::1"), {1, 2, 3}));
  net.deliver();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].link, b);
  EXPECT_EQ(heard[0].source, ip("fe80::1"));
  EXPECT_EQ(heard[0].hop_limit, 255);
  EXPECT_EQ(heard[0].bytes, (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(net.sent_on("a"), std::vector{ip("ff02::1")});
}

TEST_F(FakeLinks, NothingComesOverAClosedLinkOrAnInterfaceThatIsDown) {
  const auto a = net.open_link("a", sink()).link.value();
  const auto b = net.open_link("b", sink()).link.value();
  net.set_interface("b", {2, false, ip("fe80::2"), {}, "a"});
  EXPECT_FALSE(net.send_on_link(a, ip("ff02::1"), {1}));
  EXPECT_TRUE(net.send_on_link(b, ip("ff02::1"), {1}));
  net.set_interface("b", {2, true, ip("fe80::2"), {}, "a"});
  EXPECT_FALSE(net.send_on_link(a, ip("ff02::1"), {1}));
  net.close_link(b);
  net.deliver();
  EXPECT_TRUE(heard.empty());
}

TEST_F(FakeLinks, InterfacesComeAndGo) {
  EXPECT_EQ(net.find_interface("a")->index, 1U);
  EXPECT_EQ(net.global_address(1), ip("2001:db8::1"));
  EXPECT_EQ(net.global_address(2), std::nullopt);
  net.remove_interface("a");
  EXPECT_FALSE(net.find_interface("a"));
  EXPECT_EQ(net.open_link("a", sink()).error, ENODEV);
}

TEST_F(FakeLinks, AConnectionComesInOnTheInterfaceOfTheOtherEnd) {
  std::vector<accepted> all;
  net.listen(*protocol::endpoint::parse("[fe80::2]:179"), {},
             [&](const event& e) {
               if (const auto* a = std::get_if<accepted>(&e))
                 all.push_back(*a);
             });
  connect_options o;
  o.remote = {ip("fe80::2"), 179, 1};
  net.connect(o, [](const event&) {});
  net.deliver();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].interface, "b");
  EXPECT_EQ(all[0].remote.address, ip("fe80::1"));
  EXPECT_EQ(all[0].remote.scope_id, 2U);
}

TEST(Interfaces, OfTheSystemAreFoundByName) {
  const reactor net;
  const auto loopback = net.find_interface("lo");
  ASSERT_TRUE(loopback);
  EXPECT_NE(loopback->index, 0U);
  EXPECT_TRUE(loopback->up);
  EXPECT_EQ(net.global_address(loopback->index), std::nullopt); // ::1 is none
  EXPECT_FALSE(net.find_interface("no-such-one"));
  EXPECT_FALSE(net.find_interface(""));
}

TEST(Interfaces, AnUnknownOneCannotBeOpened) {
  reactor net;
  const auto result = net.open_link("no-such-one", [](const link_message&) {});
  EXPECT_FALSE(result.link);
  EXPECT_NE(result.error, 0);
  EXPECT_NE(result.message.find("no-such-one"), std::string::npos);
}

} // namespace troupe::transport
