#include "tests/rib/table_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <tuple>

namespace troupe::rib {
namespace {

constexpr std::array both_families{protocol::ipv4_unicast,
                                   protocol::ipv6_unicast};

/// The same numbers on every platform.
class small_random {
public:
  explicit small_random(unsigned seed) : generator_(seed) {}
  unsigned operator()() { return static_cast<unsigned>(generator_()); }

private:
  std::mt19937 generator_;
};

/// One route of a random batch.
struct route_item {
  protocol::prefix prefix;
  std::uint32_t path_id = 0;
  std::optional<attribute_summary> attributes; ///< none: withdrawn
  std::uint8_t flags = 0;
};

/// A router of several shards, with exporters of each that follow the protocol.
class router_under_test {
public:
  explicit router_under_test(unsigned shards) {
    // Small, so that credit runs out and batches are split.
    for (unsigned i = 0; i != shards; ++i)
      shards_.push_back(std::make_unique<shard>(pool, i));
  }

  attribute_pool pool;

  void up(const neighbor_facts& facts) {
    for (auto& s : shards_)
      s->table.neighbor_up(facts);
  }
  void down(neighbor_index index) {
    for (auto& s : shards_)
      s->table.neighbor_down(index);
  }
  void apply(neighbor_index from, const std::vector<route_item>& items) {
    ++sequence_;
    for (unsigned i = 0; i != shards_.size(); ++i)
      apply_to(i, from, items);
  }
  void add_exporter(bool ranked) {
    for (auto& s : shards_) {
      auto& made =
          *s->exporters.emplace_back(std::make_unique<exporter_model>(ranked));
      made.index = s->table.add_exporter(ranked);
      made.pool = &pool;
    }
  }
  void remove_exporter(unsigned which) {
    for (auto& s : shards_)
      if (which < s->exporters.size()) {
        s->table.remove_exporter(s->exporters[which]->index);
        s->exporters.erase(s->exporters.begin() + which);
      }
  }
  void restart_exporter(unsigned which) {
    for (auto& s : shards_)
      if (which < s->exporters.size()) {
        s->exporters[which]->mailbox.clear();
        s->table.restart_exporter(s->exporters[which]->index);
      }
  }
  void collect() {
    for (auto& s : shards_)
      collect_from(*s);
  }
  void handle(unsigned which, std::uint64_t step) {
    for (auto& s : shards_)
      if (which < s->exporters.size())
        handle_one(*s, *s->exporters[which], false, step);
  }
  void resync(unsigned which, const resync_request& request) {
    for (auto& s : shards_)
      if (which < s->exporters.size())
        s->exporters[which]->mailbox.push_back(s->table.answer(request));
  }
  void decide_by(decision_options options) {
    for (auto& s : shards_)
      s->table.decide_by(options);
  }
  void work(std::uint32_t budget) {
    for (auto& s : shards_)
      s->table.work(budget);
  }
  /// Everything that is under way arrives.
  void drain() {
    for (auto& s : shards_)
      while (drain_once(*s)) {
      }
  }
  void check() const {
    for (const auto& s : shards_)
      RC_ASSERT(s->table.check() == "");
  }
  void expect_equal(const router_model& model);
  void expect_no_leftovers() {
    for (const auto& s : shards_)
      RC_ASSERT(s->table.statistics().tombstones == 0U);
    shards_.clear();
    RC_ASSERT(pool.stats().sets == 0U);
  }
  family_totals totals(protocol::family family) const {
    family_totals sum;
    for (const auto& s : shards_) {
      const auto t = s->table.totals(family);
      sum.prefixes += t.prefixes;
      sum.paths += t.paths;
      sum.digest_low += t.digest_low;
      sum.digest_high += t.digest_high;
    }
    return sum;
  }

private:
  struct shard {
    shard(attribute_pool& pool, unsigned n)
        : table(
            pool,
            {.changes_per_batch = 2, .batches_in_flight = 2, .hash_seed = n}) {}
    shard_table table;
    std::vector<std::unique_ptr<exporter_model>> exporters;
  };

  template <class Key>
  void add(family_routes<Key>& to, const route_item& item) {
    to.keys.push_back(to_key<Key>(item.prefix));
    to.path_ids.push_back(item.path_id);
    route_run run{attribute_ref::none, 1, item.flags};
    if (item.attributes)
      run.attributes =
          pool.intern(bytes_for(*item.attributes), *item.attributes);
    to.runs.push_back(run);
  }
  void apply_to(unsigned which, neighbor_index from,
                const std::vector<route_item>& items) {
    const auto shards = static_cast<unsigned>(shards_.size());
    route_batch batch(pool);
    batch.neighbor = from;
    batch.sequence = sequence_;
    for (const auto& item : items)
      if (item.prefix.address().is_v6()) {
        if (shard_of(to_key<ipv6_key>(item.prefix), shards) == which)
          add(batch.ipv6, item);
      } else if (shard_of(to_key<ipv4_key>(item.prefix), shards) == which) {
        add(batch.ipv4, item);
      }
    shards_[which]->table.apply(batch, 0);
    shards_[which]->table.apply(batch, 1); // delivered again: no effect
  }
  static void collect_from(shard& s) {
    const bool expected = s.table.has_changes();
    const auto deliveries = s.table.collect();
    RC_ASSERT(expected || deliveries.empty());
    for (const auto& d : deliveries)
      for (auto& e : s.exporters)
        if (e->index == d.to)
          e->mailbox.push_back(d.batch);
  }
  static bool handle_one(shard& s, exporter_model& e, bool fully,
                         std::uint64_t step) {
    if (e.mailbox.empty())
      return false;
    const auto sequence = e.handle();
    if (sequence != 0)
      s.table.acknowledge(e.index, sequence, e.catch_up(fully, step));
    return true;
  }
  static bool drain_once(shard& s) {
    bool more = s.table.work(3) || s.table.has_changes();
    collect_from(s);
    for (auto& e : s.exporters) {
      while (handle_one(s, *e, true, 0))
        more = true;
      s.table.acknowledge(e->index, 0, e->catch_up(true, 0));
    }
    return more;
  }

  std::vector<std::unique_ptr<shard>> shards_;
  std::uint64_t sequence_ = 0;
};

void router_under_test::expect_equal(const router_model& model) {
  const auto best = model.best();
  const auto exporters = shards_[0]->exporters.size();
  for (std::size_t i = 0; i != exporters; ++i) {
    std::map<protocol::prefix, heard_route> told;
    for (const auto& s : shards_)
      told.merge(s->exporters[i]->announced());
    RC_ASSERT(told.size() == best.size());
    for (const auto& [prefix, route] : told) {
      auto expected = best.at(prefix);
      if (route.candidates.empty()) // this one does not ask for them
        expected.candidates.clear();
      RC_ASSERT(route == expected);
    }
  }
  for (const auto family : both_families)
    RC_ASSERT(totals(family) == model.totals(family, pool));
}

// -- random operations, said as three small integers each

using operation = std::tuple<int, int, int>;

attribute_summary small_summary(small_random& random) {
  attribute_summary summary;
  summary.local_pref = random() % 4 == 0 ? 200 : 100;
  summary.as_path_length = static_cast<std::uint16_t>(1 + random() % 2);
  summary.neighbor_as = 1 + random() % 2;
  if (random() % 4 != 0) {
    summary.med = random() % 3;
    summary.flags = attribute_flag::has_med;
  }
  return summary;
}

protocol::prefix small_prefix(small_random& random) {
  const auto n = static_cast<std::uint8_t>(random() % 9);
  if (n < 6)
    return {protocol::ip_address::v4((10U << 24) + (n << 8)), 24};
  std::array<std::uint8_t, 16> bytes{0x20, 1, 0xd, 0xb8, n};
  return {protocol::ip_address::v6(bytes), 48};
}

std::vector<route_item> small_batch(small_random& random) {
  std::vector<route_item> items(1 + random() % 5);
  for (auto& item : items) {
    item.prefix = small_prefix(random);
    item.path_id = random() % 3 == 0 ? random() % 3 : 0;
    if (random() % 3 != 0)
      item.attributes = small_summary(random);
    if (item.attributes && random() % 6 == 0)
      item.flags = path_flag::rejected;
  }
  return items;
}

/// Plays operations on routers and on the model.
class player {
public:
  explicit player(std::vector<router_under_test*> routers)
      : routers_(std::move(routers)) {}

  router_model model;

  void play(const operation& op) {
    const auto [what, which, detail] = op;
    small_random random(static_cast<unsigned>(detail));
    const auto small = static_cast<unsigned>(which);
    for (auto* router : routers_)
      play_on(*router, what, small, random);
    if (what < 8 || what == 18)
      play_on_model(what, small, random);
  }

private:
  static constexpr unsigned neighbors = 4;

  void play_on(router_under_test& to, int what, unsigned which,
               small_random random) {
    const auto exporter = which % 3;
    if (what == 0)
      to.up(next_facts(which));
    else if (what == 1)
      to.down(current(which));
    else if (what < 8)
      to.apply(current(which), small_batch(random));
    else if (what < 11)
      to.collect();
    else if (what < 14)
      to.handle(exporter, random() % 3);
    else if (what == 14)
      to.work(1 + random() % 4);
    else if (what == 15)
      to.resync(exporter, small_request(random));
    else if (what == 16)
      to.restart_exporter(exporter);
    else if (what == 18)
      to.decide_by(small_options(random));
    else if (which == 0)
      to.remove_exporter(random() % 3);
    else if (which == 1)
      to.add_exporter(random() % 3 == 0);
    to.check();
  }
  void play_on_model(int what, unsigned which, small_random& random) {
    if (what == 0) {
      model.up(next_facts(which));
      ++incarnation_[which % neighbors];
    } else if (what == 1) {
      model.down(current(which));
    } else if (what == 18) {
      model.options = small_options(random);
    } else {
      for (const auto& item : small_batch(random))
        if (item.attributes)
          model.announce(current(which), item.prefix, item.path_id,
                         *item.attributes, item.flags);
        else
          model.withdraw(current(which), item.prefix, item.path_id);
    }
  }
  neighbor_index index_of(unsigned which, unsigned incarnation) const {
    return neighbor_index{static_cast<std::uint16_t>(
        which % neighbors + neighbors * incarnation)};
  }
  neighbor_index current(unsigned which) const {
    return index_of(which, incarnation_[which % neighbors]);
  }
  neighbor_facts next_facts(unsigned which) const {
    auto facts =
        test_neighbor(static_cast<std::uint16_t>(which % neighbors + 1));
    facts.index = index_of(which, incarnation_[which % neighbors] + 1);
    return facts;
  }
  static decision_options small_options(small_random& random) {
    return {random() % 2 == 0, random() % 2 == 0};
  }
  static resync_request small_request(small_random& random) {
    resync_request request;
    request.family = both_families[random() % 2];
    request.first = random() % 4;
    request.count = random() % 8;
    if (random() % 2 == 0)
      request.numbers = {random() % 8, random() % 8};
    return request;
  }

  std::vector<router_under_test*> routers_;
  std::array<unsigned, neighbors> incarnation_{};
};

std::vector<operation> any_operations() {
  return *rc::gen::scale(
      4.0, rc::gen::container<std::vector<operation>>(
               rc::gen::tuple(rc::gen::inRange(0, 19), rc::gen::inRange(0, 6),
                              rc::gen::inRange(0, 10000))));
}

TEST(ShardTableModel, EveryExporterEndsWithExactlyTheBestPaths) {
  EXPECT_TRUE(rc::check("1, 2 and 8 shards equal the model", [] {
    router_under_test one(1);
    router_under_test two(2);
    router_under_test eight(8);
    const std::vector<router_under_test*> all{&one, &two, &eight};
    player player(all);
    for (auto* router : all)
      router->add_exporter(false);
    for (const auto& op : any_operations())
      player.play(op);
    for (auto* router : all) {
      router->drain();
      router->check();
      router->expect_equal(player.model);
    }
    for (const auto family : both_families) {
      RC_ASSERT(one.totals(family) == two.totals(family));
      RC_ASSERT(one.totals(family) == eight.totals(family));
    }
    for (auto* router : all)
      router->expect_no_leftovers();
  }));
}

} // namespace
} // namespace troupe::rib
