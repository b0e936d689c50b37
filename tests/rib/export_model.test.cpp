#include "tests/rib/export_world.hpp"

#include <gtest/gtest.h>

namespace troupe::rib::testing {
namespace {

using namespace protocol;

// Any order of route changes, deliveries, joins, stalls and crashes, with
// limits so small that every mechanism is at work; when all is quiet each peer
// holds exactly what it must.

struct command {
  unsigned what = 0;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
};

std::ostream& operator<<(std::ostream& out, const command& x) {
  return out << x.what << '(' << x.a << ',' << x.b << ',' << x.c << ')';
}

rc::Gen<command> any_command() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0U, 24U), rc::gen::inRange(0U, 1000U),
                     rc::gen::inRange(0U, 1000U), rc::gen::inRange(0U, 1000U)),
      [](const auto& t) {
        return command{std::get<0>(t), std::get<1>(t), std::get<2>(t),
                       std::get<3>(t)};
      });
}

const auto v6_default = *prefix::parse("::/0");

std::vector<attribute_ref> universe(export_world& world) {
  std::vector<attribute_ref> sets;
  for (unsigned i = 0; i < 3; ++i)
    sets.push_back(world.set(simple_path(65001 + i)));
  auto a = simple_path(65001);
  a.med = 7;
  sets.push_back(world.set(a));
  a.communities = {wire::no_export};
  sets.push_back(world.set(a));
  a.communities = {wire::no_advertise};
  sets.push_back(world.set(a));
  a.communities.clear();
  for (unsigned i = 0; i < 45; ++i) // fits no message of 200 bytes
    a.communities.push_back({i});
  sets.push_back(world.set(a));
  sets.push_back(world.set(simple_path(4200000001U)));
  return sets;
}

prefix any_prefix(unsigned i) {
  if (i % 20 == 19)
    return {i % 40 == 39 ? v6_default.address() : ip_address{}, 0};
  if (i % 4 == 3)
    return *prefix::parse("2001:db8:" + std::to_string(i % 40) + "::/48");
  return {ip_address::v4(0x0a000000U + (i % 60) * 256), 24};
}

class player {
public:
  player(const export_world::options& o) : world(o), sets(universe(world)) {}

  void play(const command& x) {
    const auto neighbor = 1 + x.a % 5;
    const bool joined = world.members.count(neighbor) != 0;
    switch (x.what) {
    default: // a burst
      for (unsigned i = 0; i < 1 + x.c % 12; ++i)
        change(x.a + i, x.b + i / 3, x.c / 8);
      break;
    case 10:
      return change(x.a, x.b, x.c);
    case 9:
      return rank(x);
    case 11:
    case 12:
      world.announce(any_prefix(x.a), {});
      return;
    case 13:
    case 14:
      world.collect(x.a % 2);
      return;
    case 15:
    case 16:
      world.deliver(x.b % 4 == 1);
      if (x.b % 4 > 1)
        world.group->flush(1 + x.c % 9);
      return;
    case 17:
      world.ask();
      return;
    case 18:
      if (!joined)
        world.join(neighbor, x.b % 4 == 0, x.c % 2 == 0, x.b % 3, x.b % 8 == 0);
      return;
    case 19:
      if (joined && x.b % 3 == 0)
        world.leave(neighbor);
      return;
    case 20:
      if (joined)
        world.pump(neighbor, x.b);
      return;
    case 21:
      if (joined)
        world.written(neighbor);
      return;
    case 22:
      if (joined)
        world.group->refresh(world.members[neighbor].index,
                             x.b % 3 == 0 ? ipv6_unicast : ipv4_unicast);
      return;
    case 23:
      if (x.b % 4 == 0)
        world.restart();
      return;
    }
  }

  /// Other candidates of a prefix in any order; a source may have several.
  void rank(const command& x) {
    std::vector<best_route> all;
    for (unsigned i = 0; i < x.c % 6; ++i) {
      auto next = route(x.b + i * (x.a % 3), x.c / 6 + i * (1 + x.b % 5));
      next.path_id = i / 2 % 3;
      if (std::none_of(all.begin(), all.end(), [&](const auto& r) {
            return r.source == next.source && r.path_id == next.path_id;
          }))
        all.push_back(next);
    }
    world.rank(any_prefix(x.a % 4), std::move(all));
  }

  void change(unsigned p, unsigned set, unsigned source) {
    world.announce(any_prefix(p), route(set, source));
  }

  best_route route(unsigned set, unsigned source) const {
    best_route best;
    best.set = sets[set % sets.size()];
    best.source = static_cast<neighbor_index>(source % 7);
    if (best.source == local_routes)
      best.origin = source_kind::local;
    else if (source % 7 == 6)
      best.kind = peer_kind::internal;
    else if (source % 7 == 5)
      best.kind = peer_kind::confederation;
    return best;
  }

  export_world world;
  std::vector<attribute_ref> sets;
};

export_world::options tiny() {
  export_world::options o;
  o.shards = 2;
  o.batch = 6;
  o.settings.max_message_size = 200;
  o.limits.block_size = 256;
  o.limits.log_bound = 900;
  o.limits.window = 500;
  o.limits.resync_numbers = 5;
  o.limits.resync_backlog = 400;
  return o;
}

void run(const export_world::options& o) {
  const auto commands = *rc::gen::resize(
      300, rc::gen::container<std::vector<command>>(any_command()));
  player p{o};
  for (const auto& each : commands) {
    p.play(each);
    RC_ASSERT(p.world.group->check() == "");
    RC_ASSERT(p.world.check_ids() == "");
  }
  p.world.settle();
  RC_ASSERT(p.world.compare() == "");
}

// A member was answered about a withdrawn prefix, left the log before it took
// the answer, and was owed it again: too late, the number had been given back.
TEST(ExportModel, ANumberIsKeptUntilTheAnswerAboutItIsTaken) {
  for (const auto kind :
       {peer_kind::internal, peer_kind::external, peer_kind::confederation}) {
    auto o = tiny();
    o.settings.kind = kind;
    o.limits.log_bound = 300;
    o.limits.resync_numbers = 64;
    player p{o};
    for (const auto& each :
         {command{0, 821, 0, 3}, command{13, 0, 0, 0}, command{18, 74, 0, 0},
          command{15, 0, 1, 0}, command{11, 284, 0, 0}, command{0, 0, 0, 285},
          command{20, 464, 109, 0}, command{0, 677, 0, 695},
          command{13, 0, 0, 0}, command{15, 0, 0, 0}})
      p.play(each);
    p.world.settle();
    EXPECT_EQ(p.world.compare(), "");
  }
}

// Each time that it had nearly all, a member was told the mark of a refresh,
// which owes it everything, and left the log before it took the mark.
TEST(ExportModel, ARefreshOfASlowMemberComesToAnEnd) {
  auto o = tiny();
  o.settings.kind = peer_kind::confederation;
  o.settings.as4 = false;
  o.limits.log_bound = 300;
  o.limits.resync_numbers = 64;
  player p{o};
  for (const auto& each :
       {command{0, 0, 0, 1}, command{13, 0, 0, 0}, command{15, 0, 0, 0},
        command{13, 3, 0, 0}, command{0, 30, 0, 850}, command{18, 1, 0, 0}})
    p.play(each);
  p.world.settle();
  EXPECT_EQ(p.world.compare(), "");
}

// A member joined while a change was pending that made a route its own, and
// before the log said so another change took it back.
TEST(ExportModel, AChangeThatIsUndoneHidesNothingFromWhoJoinsInBetween) {
  player p{tiny()};
  for (const auto& each :
       {command{0, 435, 0, 8}, command{13, 0, 0, 0}, command{18, 0, 0, 0},
        command{0, 549, 10, 32}, command{13, 0, 0, 0}, command{15, 0, 1, 0},
        command{15, 0, 0, 0}, command{18, 1, 1, 0}, command{0, 615, 0, 261},
        command{13, 0, 0, 0}, command{15, 0, 0, 0}})
    p.play(each);
  p.world.settle();
  EXPECT_EQ(p.world.compare(), "");
}

TEST(ExportModel, EveryMemberEndsWithExactlyWhatItMustBeTold) {
  EXPECT_TRUE(rc::check([] { run(tiny()); }));
}

TEST(ExportModel, TheSameHoldsForEveryKindAndForOldMembers) {
  EXPECT_TRUE(rc::check([] {
    auto o = tiny();
    o.settings.kind = *rc::gen::element(
        peer_kind::internal, peer_kind::external, peer_kind::confederation);
    o.settings.as4 = *rc::gen::arbitrary<bool>();
    o.limits.log_bound = *rc::gen::element<std::size_t>(300, 1 << 20);
    o.limits.resync_numbers = *rc::gen::element(1U, 64U);
    o.settings.families[ipv4_unicast].default_originate =
        *rc::gen::arbitrary<bool>();
    o.settings.families[ipv6_unicast].default_originate =
        *rc::gen::arbitrary<bool>();
    run(o);
  }));
}

void any_choice(export_family& how) {
  how.add_path = *rc::gen::arbitrary<bool>();
  how.per_client = *rc::gen::arbitrary<bool>();
  how.paths = 1;
  if (how.add_path)
    how.paths =
        *rc::gen::element<std::uint16_t>(1, 2, 3, export_family::all_paths);
}

TEST(ExportModel, TheSameHoldsForSeveralPathsAndForTheBestOfEachClient) {
  EXPECT_TRUE(rc::check([] { // RFC 7911, RFC 7947 §2.3
    auto o = tiny();
    any_choice(o.settings.families[ipv4_unicast]);
    any_choice(o.settings.families[ipv6_unicast]);
    o.settings.kind =
        *rc::gen::element(peer_kind::internal, peer_kind::external);
    o.limits.log_bound = *rc::gen::element<std::size_t>(300, 900, 1 << 20);
    run(o);
  }));
}

} // namespace
} // namespace troupe::rib::testing
