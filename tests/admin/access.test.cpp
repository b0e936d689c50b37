#include "admin/access.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace troupe::admin {

namespace {

httplib::Request request(const std::string& host,
                         const std::string& from = "127.0.0.1") {
  httplib::Request q;
  q.set_header("Host", host.c_str());
  q.remote_addr = from;
  return q;
}

access_rules without_token() {
  return access_rules{config::admin_config{}};
}

} // namespace

TEST(Access, AHostThatIsANameIsRefused) {
  const auto rules = without_token();
  for (const char* good : {"127.0.0.1", "127.0.0.1:4676", "localhost",
                           "localhost:4676", "[::1]:4676", "192.0.2.7:80"})
    EXPECT_FALSE(rules.refuses(request(good), false)) << good;
  // A page of evil.example whose name points at us (DNS rebinding).
  for (const char* bad : {"evil.example", "evil.example:4676", "localhost.x"})
    EXPECT_TRUE(rules.refuses(request(bad), false)) << bad;
  EXPECT_FALSE(rules.refuses(request("evil.example"), true)); // Unix socket
}

TEST(Access, AnotherOriginIsRefused) {
  const auto rules = without_token();
  auto q = request("127.0.0.1:4676");
  q.set_header("Origin", "http://evil.example");
  EXPECT_TRUE(rules.refuses(q, false));
  auto own = request("127.0.0.1:4676");
  own.set_header("Origin", "http://127.0.0.1:4676");
  EXPECT_FALSE(rules.refuses(own, false));
}

TEST(Access, WithoutATokenFileOnlyThisHostMayChange) {
  const auto rules = without_token();
  EXPECT_FALSE(rules.refuses_change(request("127.0.0.1"), false));
  EXPECT_FALSE(rules.refuses_change(request("[::1]", "::1"), false));
  EXPECT_TRUE(rules.refuses_change(request("192.0.2.1", "192.0.2.9"), false));
  EXPECT_FALSE(rules.refuses_change(request("x", ""), true));
}

TEST(Access, ATokenIsAskedForWhereOneIsConfigured) {
  const std::string path = ::testing::TempDir() + "troupe-token";
  std::ofstream{path} << "secret\n";
  config::admin_config c;
  c.token_file = path;
  const access_rules rules{c};
  EXPECT_TRUE(rules.refuses_change(request("127.0.0.1"), false));
  for (const char* wrong : {"Bearer", "Bearer secre", "Bearer secretx", "x"}) {
    auto q = request("127.0.0.1");
    q.set_header("Authorization", wrong);
    EXPECT_TRUE(rules.refuses_change(q, false)) << wrong;
  }
  auto q = request("192.0.2.1", "192.0.2.9");
  q.set_header("Authorization", "Bearer secret");
  EXPECT_FALSE(rules.refuses_change(q, false));
  // A token that cannot be read opens nothing.
  std::remove(path.c_str());
  auto empty = request("127.0.0.1");
  empty.set_header("Authorization", "Bearer ");
  EXPECT_TRUE(rules.refuses_change(empty, false));
}

} // namespace troupe::admin
