#include "rib/table/prefix_table.hpp"

#include <gtest/gtest.h>

#include <vector>

// What a prefix table takes, and what it gives back.
namespace troupe::rib::table {
namespace {

class PrefixTable : public testing::Test {
protected:
  static ipv4_key key(std::uint32_t n) { return {(n + 1) << 8, 24}; }

  void fill(std::uint32_t first, std::uint32_t count) {
    for (auto n = first; n != first + count; ++n)
      numbers.push_back(table.create(key(n), table.hash(key(n))));
  }
  void empty() {
    for (const auto number : numbers)
      table.vacate(number);
    numbers.clear();
  }

  prefix_table<ipv4_key> table{1, 1'000'000};
  std::vector<prefix_number> numbers;
};

TEST_F(PrefixTable, GivesBackWhatALostTableTook) {
  fill(0, 500'000);
  const auto full = table.memory();
  empty();
  EXPECT_LT(table.memory(), full / 50);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.number_limit(), 500'000U) << "numbers are stable";
  EXPECT_EQ(table.check(), "");
}

TEST_F(PrefixTable, NumbersWithoutMemoryAreVacant) {
  fill(0, 10'000);
  empty();
  for (prefix_number n = 0; n != table.number_limit(); ++n)
    EXPECT_TRUE(table[n].has(entry_bit::vacant));
  EXPECT_EQ(table.find(key(5), table.hash(key(5))), no_number);
}

TEST_F(PrefixTable, UsesAllNumbersAgain) {
  for (std::uint32_t round = 0; round != 3; ++round) {
    fill(round * 100'000, 20'000);
    EXPECT_EQ(table.number_limit(), 20'000U);
    EXPECT_EQ(table.check(), "");
    for (std::uint32_t n = 0; n != 20'000; ++n) {
      const auto k = key(round * 100'000 + n);
      ASSERT_EQ(table.find(k, table.hash(k)), numbers[n]);
    }
    empty();
  }
}

TEST_F(PrefixTable, KeepsTheMemoryOfNumbersThatAQueueNames) {
  constexpr std::size_t array = 2048 * sizeof(prefix_entry<ipv4_key>);
  fill(0, 4 * 2048);
  table[7].set(entry_bit::pending);
  empty();
  EXPECT_TRUE(table[7].has(entry_bit::pending));
  const auto with_those = table.memory();
  EXPECT_GT(with_those, 2 * array) << "and what all others share";
  table[7].clear(entry_bit::pending);
  fill(0, 1);
  empty();
  EXPECT_EQ(table.memory(), with_those - array);
  EXPECT_EQ(table.check(), "");
}

TEST_F(PrefixTable, IsFullAtItsLimitWhateverWasVacated) {
  prefix_table<ipv4_key> small{1, 3000};
  const auto create = [&](std::uint32_t n) {
    return small.create(key(n), small.hash(key(n)));
  };
  for (std::uint32_t n = 0; n != 3000; ++n)
    ASSERT_NE(create(n), no_number);
  EXPECT_EQ(create(9999), no_number);
  for (prefix_number n = 0; n != 3000; ++n)
    small.vacate(n);
  for (std::uint32_t n = 5000; n != 8000; ++n)
    ASSERT_NE(create(n), no_number);
  EXPECT_EQ(create(9999), no_number);
  EXPECT_EQ(small.check(), "");
}

} // namespace
} // namespace troupe::rib::table
