// Members that move from one update group to another while routes change and
// prefix numbers are used again: two groups over one real shard table.

#include "rib/shard_table.hpp"
#include "tests/rib/export_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::rib::testing {
namespace {

using namespace protocol;

constexpr neighbor_index mover{2};

export_limits small_limits() {
  export_limits o;
  o.block_size = 256;
  o.log_bound = 600;
  o.window = 400;
  o.resync_numbers = 4;
  return o;
}

shard_limits small_batches() {
  shard_limits o;
  o.changes_per_batch = 3;
  return o;
}

/// One group with the part of its actor: mailbox, credit, acknowledgements.
class exporting {
public:
  exporting(attribute_pool& pool, shard_table& table)
      : group(pool, accept_all_settings(), 1, small_limits()), table_(&table),
        at(table.add_exporter(group.needs_candidates())) {}

  bool deliver() {
    if (mail.empty())
      return false;
    const auto batch = std::move(mail.front());
    mail.pop_front();
    for (const auto f : {ipv4_unicast, ipv6_unicast})
      group.set_number_limit(0, f, table_->number_limit(f));
    group.apply(0, *batch);
    group.flush();
    if (!batch->is_resync)
      taken_ = batch->sequence;
    acknowledge();
    return true;
  }
  void acknowledge() { table_->acknowledge(at, taken_, group.safe_through(0)); }
  bool ask() {
    const auto requests = group.take_requests();
    for (const auto& each : requests)
      mail.push_back(table_->answer(each.request));
    return !requests.empty();
  }

  export_group group;

private:
  shard_table* table_;
  std::uint64_t taken_ = 0;

public:
  exporter_index at;
  std::deque<std::shared_ptr<const change_batch>> mail;
};

class moving_world {
public:
  moving_world() {
    neighbor_facts source;
    source.index = neighbor_index{1};
    source.name = "source";
    source.as = 65001;
    table.neighbor_up(source);
    for (as_number as = 65001; as < 65004; ++as)
      sets.push_back(intern(pool, simple_path(as)));
    member_options o;
    o.neighbor = mover;
    o.families = {ipv4_unicast};
    index = sides[0].group.join(o);
  }
  ~moving_world() {
    for (auto& side : sides)
      side.mail.clear();
  }
  moving_world(const moving_world&) = delete;
  moving_world& operator=(const moving_world&) = delete;

  /// Announces a prefix with one of the sets, or withdraws it.
  void tell(unsigned prefix, std::optional<unsigned> set) {
    route_batch batch(pool);
    batch.neighbor = neighbor_index{1};
    batch.ipv4.keys = {{0x0a000000U + (prefix << 8), 24}};
    auto what = attribute_ref::none;
    if (set) {
      what = sets[*set % sets.size()].get();
      pool.retain(what);
    }
    batch.ipv4.runs.push_back({what, 1, 0});
    table.apply(batch, 0);
  }
  bool collect() {
    auto all = table.collect();
    for (auto& each : all)
      for (auto& side : sides)
        if (side.at == each.to)
          side.mail.push_back(std::move(each.batch));
    return !all.empty();
  }
  bool pump(std::size_t bytes) {
    if (!index)
      return false;
    const auto slices = sides[now].group.take_output(*index, bytes);
    for (const auto& each : slices)
      in_flight += each.size;
    peer.read(slices);
    return !slices.empty();
  }
  bool written() {
    const auto bytes = std::exchange(in_flight, 0);
    if (bytes != 0 && index)
      sides[now].group.written(*index, bytes);
    return bytes != 0;
  }
  /// The steps of a move, which other events may come between.
  bool go_on_moving() {
    auto& old = sides[now];
    if (index && !to_release) {
      former = old.group.hand_over(*index);
      old.acknowledge();
      index.reset();
      in_flight = 0;
    } else if (former) {
      now = 1 - now;
      member_options o;
      o.neighbor = mover;
      o.families = {ipv4_unicast};
      o.former = std::exchange(former, std::nullopt);
      o.send_end_of_rib = false;
      index = sides[now].group.join(o);
      sides[now].group.flush();
      sides[now].acknowledge();
      to_release = true;
    } else {
      auto& left = sides[1 - now];
      left.group.release(mover);
      left.acknowledge();
      to_release = false;
    }
    return former || to_release;
  }
  void settle() {
    while (former || to_release)
      go_on_moving();
    for (bool moved = true; moved;) {
      moved = collect();
      for (auto& side : sides) {
        moved |= side.ask();
        moved |= side.deliver();
      }
      moved |= written();
      moved |= pump(1 << 16);
    }
    for (auto& side : sides)
      side.acknowledge();
  }
  /// What somebody is told who has never been anywhere else.
  std::map<prefix, byte_vector> told_to_a_newcomer() {
    receiver fresh{accept_all_settings()};
    exporting other{pool, table};
    member_options o;
    o.neighbor = neighbor_index{3};
    o.families = {ipv4_unicast};
    const auto m = other.group.join(o);
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& each : table.collect()) {
        moved = true;
        if (each.to == other.at)
          other.mail.push_back(std::move(each.batch));
      }
      moved |= other.ask();
      moved |= other.deliver();
      const auto slices = other.group.take_output(m, 1 << 16);
      std::size_t bytes = 0;
      for (const auto& each : slices)
        bytes += each.size;
      fresh.read(slices);
      other.group.written(m, bytes);
      moved |= bytes != 0;
    }
    table.remove_exporter(other.at);
    return fresh.table;
  }

  attribute_pool pool;
  shard_table table{pool, small_batches()};
  std::vector<attribute_handle> sets;
  exporting sides[2] = {{pool, table}, {pool, table}};
  std::optional<member_index> index;
  unsigned now = 0; ///< the side where it is or was
  std::optional<handover> former;
  bool to_release = false;
  std::size_t in_flight = 0;
  receiver peer{accept_all_settings()};
};

struct event {
  unsigned what = 0;
  unsigned a = 0;
  unsigned b = 0;
};

void play(moving_world& world, const event& e) {
  switch (e.what) {
  default:
    return world.tell(e.a % 8, e.b % 3);
  case 4:
  case 5:
  case 6:
    return world.tell(e.a % 8, std::nullopt);
  case 7:
  case 8:
    world.collect();
    return;
  case 9:
  case 10:
    world.sides[0].deliver();
    return;
  case 11:
  case 12:
    world.sides[1].deliver();
    return;
  case 13:
    world.sides[e.a % 2].ask();
    return;
  case 14:
    world.pump(64 + e.b % 200);
    return;
  case 15:
    world.written();
    return;
  case 16:
    world.go_on_moving();
    return;
  }
}

void expect_the_newcomers_table(moving_world& world) {
  world.settle();
  world.peer.told_before = true;
  RC_ASSERT(world.peer.table == world.told_to_a_newcomer());
}

TEST(ExportMove, AMemberEndsWithWhatItsNewGroupTells) {
  EXPECT_TRUE(rc::check([] {
    moving_world world;
    world.peer.told_before = true;
    const auto events = *rc::gen::resize(
        400, rc::gen::container<std::vector<event>>(rc::gen::apply(
                 [](unsigned w, unsigned a, unsigned b) {
                   return event{w, a, b};
                 },
                 rc::gen::inRange(0U, 17U), rc::gen::inRange(0U, 64U),
                 rc::gen::inRange(0U, 1000U))));
    for (const auto& each : events)
      play(world, each);
    expect_the_newcomers_table(world);
    RC_ASSERT(world.table.check() == "");
  }));
}

// Its new group had told a withdrawal, and all had read it, before it came; its
// old one had not told it yet. The number must not be another prefix's by then.
TEST(ExportMove, WhatTheOldGroupDidNotWithdrawTheNewOneDoes) {
  moving_world world;
  world.peer.told_before = true;
  world.tell(1, 0);
  world.settle();
  ASSERT_EQ(world.peer.table.size(), 1U);
  world.tell(1, std::nullopt);
  world.collect();
  world.sides[0].deliver(); // is in the log, and not taken
  world.sides[1].deliver(); // nobody to tell
  world.go_on_moving();
  world.tell(2, 0); // would take the number over
  world.collect();
  world.sides[0].deliver();
  world.sides[1].deliver();
  world.go_on_moving();
  world.settle();
  EXPECT_EQ(world.peer.table, world.told_to_a_newcomer());
  EXPECT_EQ(world.table.statistics().tombstones, 0U);
}

} // namespace
} // namespace troupe::rib::testing
