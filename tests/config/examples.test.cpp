#include "source_dir.hpp"
#include "tests/config/config_support.hpp"
#include "tests/support/read_file.hpp"

#include <gmock/gmock.h>

#include <filesystem>

namespace troupe::config::testing {
namespace {

using ::testing::IsEmpty;

std::vector<std::filesystem::path> examples() {
  const auto folder = std::filesystem::path{TROUPE_SOURCE_DIR} / "examples";
  std::vector<std::filesystem::path> result;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    result.push_back(entry.path());
  return result;
}

TEST(Examples, LoadWithoutErrorOrWarning) {
  EXPECT_GE(examples().size(), 4U);
  for (const auto& path : examples()) {
    const auto result = load_file(path.string());
    EXPECT_TRUE(result.value) << path;
    EXPECT_THAT(texts(result.messages), IsEmpty()) << path;
  }
}

TEST(Examples, StartQuicklyWithTwoRoutersThatPeerWithEachOther) {
  const auto result =
      load_file(std::string{TROUPE_SOURCE_DIR} + "/examples/quickstart.json");
  ASSERT_TRUE(result.value);
  const auto& routers = result.value->routers;
  ASSERT_EQ(routers.size(), 2U);
  for (const std::size_t i : {0U, 1U}) {
    const auto& own = routers[i];
    const auto& other = routers[1 - i];
    ASSERT_EQ(own.neighbors.size(), 1U);
    const auto& n = own.neighbors[0];
    EXPECT_EQ(n.name, other.name);
    EXPECT_EQ(n.remote.number, other.asn);
    EXPECT_EQ(n.address, other.listen.at(0).address);
    EXPECT_EQ(n.port, other.listen.at(0).port);
    EXPECT_EQ(n.local_address, own.listen.at(0).address);
    EXPECT_GE(own.listen.at(0).port, 1024); // no privileges
    EXPECT_FALSE(own.originate.empty());
    EXPECT_EQ(n.families.size(), 2U);
  }
  EXPECT_FALSE(result.value->data_dir.starts_with('/'));
}

} // namespace
} // namespace troupe::config::testing
