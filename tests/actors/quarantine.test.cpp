#include "actors/quarantine.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace troupe::actors {
namespace {

using bytes = std::vector<std::uint8_t>;

class Quarantine : public ::testing::Test {
protected:
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static quarantined_update an_update(bytes content, std::string reason = "x") {
    quarantined_update u;
    u.at = std::chrono::system_clock::time_point{
        std::chrono::seconds{1'700'000'000 + ++count_}};
    u.router = "main";
    u.neighbor = "r\xff"; // no UTF-8
    u.peer = "10.0.0.1:179";
    u.reason = std::move(reason);
    u.bytes = std::move(content);
    return u;
  }
  std::size_t files() const {
    std::error_code none;
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& each :
         std::filesystem::directory_iterator{directory_, none})
      ++n;
    return n;
  }

  static inline int count_ = 0;
  std::string directory_ =
      ::testing::TempDir() + "troupe-quarantine-" + std::to_string(::getpid());
};

TEST_F(Quarantine, KnowsWhatItWasGivenAndNothingElse) {
  quarantine q;
  EXPECT_FALSE(q.any());
  EXPECT_FALSE(q.known(bytes{1, 2}));
  EXPECT_FALSE(q.add(an_update({1, 2}, "boom")));
  EXPECT_TRUE(q.any());
  EXPECT_EQ(q.known(bytes{1, 2}), "boom");
  EXPECT_EQ(q.known(bytes{1, 2}), "boom");
  EXPECT_FALSE(q.known(bytes{1, 2, 3}));
  ASSERT_EQ(q.list().size(), 1U);
  EXPECT_EQ(q.list()[0].seen, 3U);
  EXPECT_EQ(q.list()[0].hash, quarantine::hash_of(bytes{1, 2}));
  q.clear();
  EXPECT_FALSE(q.any());
  EXPECT_FALSE(q.known(bytes{1, 2}));
}

TEST_F(Quarantine, IsRememberedOverARestart) {
  {
    quarantine q{directory_, "1"};
    EXPECT_EQ(files(), 0U);
    EXPECT_FALSE(q.add(an_update({2, 2}, "second")));
    EXPECT_FALSE(q.add(an_update({1, 1}, "first")));
  }
  EXPECT_EQ(files(), 2U);
  quarantine again{directory_, "1"};
  EXPECT_EQ(again.known(bytes{1, 1}), "first");
  ASSERT_EQ(again.list().size(), 2U);
  EXPECT_EQ(again.list()[0].reason, "second"); // the older one
  EXPECT_EQ(again.list()[0].bytes, (bytes{2, 2}));
  EXPECT_EQ(again.list()[0].peer, "10.0.0.1:179");
  again.clear();
  EXPECT_EQ(files(), 0U);
}

// A new version may have the mistake mended.
TEST_F(Quarantine, AnotherVersionTriesAgain) {
  EXPECT_FALSE((quarantine{directory_, "1"}.add(an_update({1}, "boom"))));
  quarantine next{directory_, "2"};
  EXPECT_EQ(next.list().size(), 1U); // shown, still
  EXPECT_FALSE(next.known(bytes{1}));
  EXPECT_FALSE(next.add(an_update({1}, "still")));
  EXPECT_EQ(next.known(bytes{1}), "still");
  EXPECT_EQ(files(), 1U);
}

TEST_F(Quarantine, HasABound) {
  quarantine q{directory_, "1"};
  for (std::size_t i = 0; i < quarantine::kept + 5; ++i)
    EXPECT_FALSE(q.add(an_update(
        {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8U)})));
  EXPECT_EQ(q.list().size(), quarantine::kept);
  EXPECT_EQ(files(), quarantine::kept);
  EXPECT_FALSE(q.known(bytes{0, 0})); // the oldest has gone
  EXPECT_TRUE(q.known(bytes{5, 0}));
}

TEST_F(Quarantine, FilesThatAreNoneOfOursAreLeftAlone) {
  std::filesystem::create_directories(directory_);
  for (const char* text :
       {"", "{", "[]", R"({"bytes":"0"})", R"({"bytes":"zz"})",
        R"({"bytes":"00","time_ns":"x"})"})
    std::ofstream{directory_ + "/" + std::to_string(++count_) + ".json"}
        << text;
  std::ofstream{directory_ + "/note.txt"} << "x";
  quarantine q{directory_, "1"};
  EXPECT_TRUE(q.list().empty());
  q.clear();
  EXPECT_EQ(files(), 7U);
}

TEST_F(Quarantine, ADirectoryThatCannotBeWrittenIsSaid) {
  quarantine q{"/proc/troupe/quarantine", "1"};
  EXPECT_TRUE(q.add(an_update({7})));
  EXPECT_TRUE(q.known(bytes{7})); // it is not tried again all the same
}

} // namespace
} // namespace troupe::actors
