#include "rib/shard_table.hpp"
#include "tests/rib/table_fixture.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace troupe::rib {
namespace {

// Many prefixes, up to 60 paths each, sessions that come and go: what small
// domains never reach (blocks of every size, growing, thousands of tombstones).
class ShardTableChurn : public table_fixture {
protected:
  static constexpr unsigned neighbors = 6;
  static constexpr std::uint32_t prefixes = 3000;

  unsigned random(unsigned end) {
    return static_cast<unsigned>(generator_()) % end;
  }
  neighbor_index current(unsigned n) const {
    return neighbor_index{
        static_cast<std::uint16_t>(n + neighbors * sessions_[n])};
  }
  void reconnect(unsigned n) {
    forget(current(n));
    table.neighbor_down(current(n));
    ++sessions_[n];
    auto facts = test_neighbor(static_cast<std::uint16_t>(n + 1));
    facts.index = current(n);
    table.neighbor_up(facts);
  }
  void forget(neighbor_index index) {
    std::erase_if(paths_,
                  [&](const auto& p) { return std::get<1>(p.first) == index; });
  }
  void send_batch(unsigned n) {
    route_batch batch(pool);
    batch.neighbor = current(n);
    auto& to = batch.ipv4;
    // Some prefixes are hot and collect many paths.
    const auto hot = random(4) == 0;
    for (unsigned i = 0; i != 50; ++i) {
      const auto which = random(hot ? 20 : prefixes);
      const auto path_id = random(hot ? 10 : 2);
      const bool announces = random(5) > 1;
      const attribute_summary summary{.local_pref = 100 + random(2),
                                      .med = random(3),
                                      .neighbor_as = 1 + random(2)};
      to.keys.push_back(key(which));
      to.path_ids.push_back(path_id);
      to.runs.push_back({announces ? pool.intern(bytes_for(summary), summary)
                                   : attribute_ref::none,
                         1, 0});
      if (announces)
        paths_[{which, current(n), path_id}] = summary.local_pref;
      else
        paths_.erase({which, current(n), path_id});
    }
    table.apply(batch, 0);
  }
  void step() {
    const auto what = random(100);
    if (what == 0)
      reconnect(random(neighbors));
    else if (what < 70)
      send_batch(random(neighbors));
    else if (what < 85)
      table.work(500);
    else
      for (const auto& d : table.collect())
        table.acknowledge(d.to, d.batch->sequence, d.batch->sequence);
  }
  void expect_equal() {
    EXPECT_EQ(table.check(), "");
    EXPECT_EQ(table.totals(protocol::ipv4_unicast).paths, paths_.size());
    std::map<std::uint32_t, unsigned> best_pref;
    for (const auto& [where, pref] : paths_)
      best_pref[std::get<0>(where)] =
          std::max(best_pref[std::get<0>(where)], pref);
    EXPECT_EQ(table.totals(protocol::ipv4_unicast).prefixes, best_pref.size());
    for (const auto& [which, pref] : best_pref) {
      const auto rows = table.query({.prefix = to_prefix(key(which))}).rows;
      ASSERT_EQ(rows.size(), 1U);
      ASSERT_EQ(pool[rows[0].what.attributes].summary().local_pref, pref);
    }
  }

  std::mt19937 generator_{11};
  std::array<unsigned, neighbors> sessions_{};
  std::map<std::tuple<std::uint32_t, neighbor_index, std::uint32_t>, unsigned>
      paths_;
};

TEST_F(ShardTableChurn, StaysSoundOverThousandsOfBatches) {
  table.add_exporter(false);
  for (unsigned n = 0; n != neighbors; ++n)
    reconnect(n);
  for (int round = 0; round != 20; ++round) {
    for (int i = 0; i != 150; ++i)
      step();
    ASSERT_EQ(table.check(), "");
    finish_work();
    expect_equal();
  }
  EXPECT_LE(table.number_limit(protocol::ipv4_unicast), prefixes + 20);
  for (unsigned n = 0; n != neighbors; ++n)
    table.neighbor_down(current(n));
  finish_work();
  EXPECT_EQ(table.check(), "");
  EXPECT_EQ(pool.stats().sets, 0U);
}

} // namespace
} // namespace troupe::rib
