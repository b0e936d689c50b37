#include "cmd/heap_keeper.hpp"
#include "cmd/startup_pages.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace troupe::cmd {
namespace {

constexpr std::size_t mebibyte = 1024UL * 1024;

std::size_t file_backed_kib() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssFile:"))
      return std::stoul(line.substr(8));
  return 0;
}

TEST(StartupPages, AreGivenBackAndComeAgain) {
  const auto before = file_backed_kib();
  ASSERT_GT(before, 0U);
  EXPECT_GT(give_back_startup_pages(), before * 1024 / 2);
  EXPECT_LT(file_backed_kib(), before);
  // Code and constants are what they were.
  EXPECT_EQ(std::to_string(before + 1), std::to_string(before + 1));
  EXPECT_GT(give_back_startup_pages(), 0U);
}

/// Free octets that are seen one after the other; how often they were due.
unsigned look(heap_keeper& keeper, std::size_t free, unsigned times) {
  unsigned due = 0;
  while (times-- != 0)
    due += keeper.is_due(free) ? 1U : 0U;
  return due;
}

TEST(HeapKeeper, GivesBackOnceWhatStaysFree) {
  heap_keeper keeper;
  EXPECT_EQ(look(keeper, 100 * mebibyte, 3), 0U) << "it may be needed soon";
  EXPECT_EQ(look(keeper, 100 * mebibyte, 100), 1U);
}

TEST(HeapKeeper, LeavesLittleAlone) {
  heap_keeper keeper;
  EXPECT_EQ(look(keeper, 3 * mebibyte, 100), 0U);
}

TEST(HeapKeeper, WaitsWhileMemoryComesAndGoes) {
  heap_keeper keeper;
  unsigned due = 0;
  for (std::size_t i = 0; i != 100; ++i)
    due += keeper.is_due((50 + i % 2 * 20) * mebibyte) ? 1U : 0U;
  EXPECT_EQ(due, 0U);
}

TEST(HeapKeeper, GivesBackAgainWhatWasUsedSince) {
  heap_keeper keeper;
  EXPECT_EQ(look(keeper, 100 * mebibyte, 8), 1U);
  EXPECT_EQ(look(keeper, 2 * mebibyte, 8), 0U) << "a table came in";
  EXPECT_EQ(look(keeper, 90 * mebibyte, 8), 1U) << "and is gone";
  EXPECT_EQ(look(keeper, 50 * mebibyte, 1), 0U);
  EXPECT_EQ(look(keeper, 90 * mebibyte, 8), 1U) << "as much as before";
}

} // namespace
} // namespace troupe::cmd
