#include "admin/access.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::admin {

namespace {

httplib::Request request(const std::string& host,
                         const std::string& from = "127.0.0.1") {
  httplib::Request q;
  q.set_header("Host", host.c_str());
  q.remote_addr = from;
  return q;
}

const std::string no_file = "/nonexistent/troupe/token";

std::string fresh_path(const char* name) {
  auto path = ::testing::TempDir() + "troupe-" + name + '-'
              + std::to_string(::getpid());
  std::remove(path.c_str());
  return path;
}

std::string content_of(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST(Access, AHostThatIsANameIsRefused) {
  const access_rules rules{no_file};
  for (const char* good : {"127.0.0.1", "127.0.0.1:4676", "localhost",
                           "localhost:4676", "[::1]:4676", "192.0.2.7:80"})
    EXPECT_FALSE(rules.refuses(request(good), false)) << good;
  // A page of evil.example whose name points at us (DNS rebinding).
  for (const char* bad : {"evil.example", "evil.example:4676", "localhost.x"})
    EXPECT_TRUE(rules.refuses(request(bad), false)) << bad;
  EXPECT_FALSE(rules.refuses(request("evil.example"), true)); // Unix socket
}

TEST(Access, AnotherOriginIsRefused) {
  const access_rules rules{no_file};
  auto q = request("127.0.0.1:4676");
  q.set_header("Origin", "http://evil.example");
  EXPECT_TRUE(rules.refuses(q, false));
  auto own = request("127.0.0.1:4676");
  own.set_header("Origin", "http://127.0.0.1:4676");
  EXPECT_FALSE(rules.refuses(own, false));
}

TEST(Access, AChangeNeedsTheToken) {
  const auto path = fresh_path("token");
  std::ofstream{path} << "secret\n";
  const access_rules rules{path};
  EXPECT_EQ(rules.refuses_change(request("127.0.0.1"), false)->status, 401);
  for (const char* wrong : {"Bearer", "Bearer secre", "Bearer secretx", "x",
                            "Bearer secret ", "bearer secret"}) {
    auto q = request("127.0.0.1");
    q.set_header("Authorization", wrong);
    EXPECT_EQ(rules.refuses_change(q, false)->status, 401) << wrong;
  }
  auto q = request("192.0.2.1", "192.0.2.9");
  q.set_header("Authorization", "Bearer secret");
  EXPECT_FALSE(rules.refuses_change(q, false));
  EXPECT_FALSE(rules.refuses_change(request("x", ""), true)); // Unix socket
  std::remove(path.c_str());
}

TEST(Access, ATokenThatCannotBeReadOpensNothing) {
  for (const auto& path : {no_file, fresh_path("empty")}) {
    if (path != no_file)
      std::ofstream{path} << "\n";
    const access_rules rules{path};
    for (const char* said : {"", "Bearer ", "Bearer"}) {
      auto q = request("127.0.0.1");
      q.set_header("Authorization", said);
      EXPECT_EQ(rules.refuses_change(q, false)->status, 403);
    }
  }
}

TEST(Access, ATokenIsMadeOnceAndForUsAlone) {
  const auto path = fresh_path("made");
  EXPECT_EQ(make_token(path), std::nullopt);
  const auto token = content_of(path);
  EXPECT_EQ(token.size(), 65U);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(make_token(path), std::nullopt);
  EXPECT_EQ(content_of(path), token); // that of the operator stays
  std::remove(path.c_str());
  EXPECT_EQ(make_token(path), std::nullopt);
  EXPECT_NE(content_of(path), token);
  std::remove(path.c_str());
  EXPECT_TRUE(make_token("/proc/troupe/token"));
}

TEST(Access, TheTokenLiesInTheDataDirectoryUnlessSaid) {
  config::configuration c;
  c.data_dir = "/var/lib/x";
  EXPECT_EQ(token_file_of(c), "/var/lib/x/token");
  c.admin.token_file = "/etc/token";
  EXPECT_EQ(token_file_of(c), "/etc/token");
}

} // namespace troupe::admin
