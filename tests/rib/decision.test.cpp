#include "rib/decision.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace troupe::rib {
namespace {

/// A path with everything that the decision reads of it.
struct case_path {
  path what;
  attribute_summary attributes;
  neighbor_facts source;
  std::uint32_t interior_cost = 0;
  std::uint64_t aigp = no_aigp;

  decision_input input() const {
    return {&what, &attributes, &source, interior_cost, aigp};
  }
};

using case_paths = std::vector<case_path>;

std::vector<decision_input> inputs_of(const case_paths& paths) {
  std::vector<decision_input> inputs;
  for (const auto& p : paths)
    inputs.push_back(p.input());
  return inputs;
}

std::string name_of(const decision_input& p) {
  return p.source->name + "/" + std::to_string(p.what->path_id)
         + ((p.what->flags & path_flag::stale) != 0 ? "s" : "");
}

std::string chosen_of(std::vector<decision_input> paths,
                      decision_options options = {}) {
  const auto best = choose(paths, options);
  return best ? name_of(*best) : "";
}

constexpr decision_options all_options[] = {
    {false, false}, {true, false}, {false, true}, {true, true}};

case_path plain(const std::string& name) {
  case_path p;
  p.source.name = name;
  p.attributes.as_path_length = 2;
  p.attributes.neighbor_as = 1;
  p.attributes.med = 5;
  p.attributes.flags = attribute_flag::has_med;
  p.source.identifier = {9};
  p.source.address = protocol::ip_address::v4(9);
  p.source.kind = protocol::peer_kind::internal;
  p.attributes.cluster_list_length = 1;
  p.attributes.origin = 1;
  p.interior_cost = 9;
  return p;
}

struct step_case {
  decision_step step;
  std::function<void(case_path&)> improve; ///< what one path has better
};

// RFC 4271 §9.1.1, §9.1.2.2, RFC 4456 §9
TEST(Decision, ComparesEachStepOfTheRfc) {
  const std::vector<step_case> cases{
      {decision_step::local_origin,
       [](auto& p) { p.what.source = source_kind::local; }},
      {decision_step::local_pref,
       [](auto& p) { p.attributes.local_pref = 101; }},
      {decision_step::aigp, [](auto& p) { p.aigp = 4'000'000'000'000; }},
      {decision_step::as_path_length,
       [](auto& p) { p.attributes.as_path_length = 1; }},
      {decision_step::origin, [](auto& p) { p.attributes.origin = 0; }},
      {decision_step::med, [](auto& p) { p.attributes.med = 4; }},
      {decision_step::external,
       [](auto& p) { p.source.kind = protocol::peer_kind::external; }},
      {decision_step::interior_cost, [](auto& p) { p.interior_cost = 8; }},
      {decision_step::router_id, [](auto& p) { p.source.identifier = {8}; }},
      {decision_step::router_id,
       [](auto& p) { p.attributes.originator_id = 8; }},
      {decision_step::cluster_list,
       [](auto& p) { p.attributes.cluster_list_length = 0; }},
      {decision_step::peer_address,
       [](auto& p) { p.source.address = protocol::ip_address::v4(8); }},
      {decision_step::neighbor_name, [](auto& p) { p.source.name = "a"; }},
  };
  for (const auto& [step, improve] : cases) {
    auto better = plain("z");
    const auto worse = plain("b");
    improve(better);
    SCOPED_TRACE(to_string(step));
    const auto forth = compare(better.input(), worse.input());
    EXPECT_TRUE(forth.first_wins);
    EXPECT_EQ(forth.step, step);
    const auto back = compare(worse.input(), better.input());
    EXPECT_FALSE(back.first_wins);
    EXPECT_EQ(back.step, step);
  }
}

TEST(Decision, TakesALongLivedStalePathLast) { // RFC 9494 §4.3
  auto stale = plain("a");
  stale.attributes.flags = attribute_flag::long_lived_stale;
  stale.attributes.local_pref = 200;
  const auto fresh = plain("b");
  EXPECT_EQ(compare(fresh.input(), stale.input()).step, decision_step::stale);
  EXPECT_EQ(chosen_of(inputs_of({stale, fresh})), "b/0");
  EXPECT_EQ(chosen_of(inputs_of({stale})), "a/0");
}

TEST(Decision, TellsPathsOfOneNeighborApartByTheirPathId) {
  auto first = plain("a");
  auto second = plain("a");
  second.what.path_id = 1;
  EXPECT_EQ(chosen_of(inputs_of({second, first})), "a/0");
  EXPECT_EQ(compare(first.input(), second.input()).step,
            decision_step::path_id);
}

TEST(Decision, PrefersTheFreshPathOfANeighborThatCameBack) {
  auto stale = plain("a");
  stale.what.flags = path_flag::stale;
  const auto fresh = plain("a");
  EXPECT_EQ(chosen_of(inputs_of({stale, fresh})), "a/0");
  EXPECT_EQ(chosen_of(inputs_of({fresh, stale})), "a/0");
}

TEST(Decision, ComparesMedWithinANeighborAsOnly) { // RFC 4271 §9.1.2.2 c
  auto one = plain("a");
  one.attributes.neighbor_as = 1;
  one.attributes.med = 10;
  auto two = plain("b");
  two.attributes.neighbor_as = 2;
  two.attributes.med = 0;
  EXPECT_EQ(chosen_of(inputs_of({one, two})), "a/0");
  // The classic: a is the best but for c, which MED prefers and b beats.
  auto three = plain("c");
  three.attributes.neighbor_as = 1;
  three.attributes.med = 5;
  EXPECT_EQ(chosen_of(inputs_of({one, two, three})), "b/0");
}

TEST(Decision, TakesTheRestOfTheConfederationForInternal) { // RFC 5065 §5.3
  auto member = plain("a");
  member.source.kind = protocol::peer_kind::confederation;
  const auto internal = plain("b");
  EXPECT_EQ(compare(member.input(), internal.input()).step,
            decision_step::neighbor_name);
  auto external = plain("c");
  external.source.kind = protocol::peer_kind::external;
  EXPECT_EQ(compare(external.input(), member.input()).step,
            decision_step::external);
  EXPECT_EQ(chosen_of(inputs_of({member, internal, external})), "c/0");
}

TEST(Decision, ComparesMedOfAllAsesWhereToldSo) { // RFC 4271 §9.1.2.2 c
  auto one = plain("a");
  one.attributes.med = 10;
  auto two = plain("b");
  two.attributes.neighbor_as = 2;
  EXPECT_EQ(chosen_of(inputs_of({one, two})), "a/0");
  const decision_options options{.always_compare_med = true};
  EXPECT_EQ(chosen_of(inputs_of({one, two}), options), "b/0");
  const auto found = compare(one.input(), two.input(), options);
  EXPECT_FALSE(found.first_wins);
  EXPECT_EQ(found.step, decision_step::med);
}

TEST(Decision, TakesAMissingMedAsTheLowestOrTheHighest) {
  auto missing = plain("b"); // RFC 4271 §9.1.2.2 c: the lowest
  missing.attributes.med = 0;
  missing.attributes.flags = 0;
  auto zero = plain("c");
  zero.attributes.med = 0;
  const auto some = plain("a");
  EXPECT_EQ(chosen_of(inputs_of({missing, some})), "b/0");
  EXPECT_EQ(chosen_of(inputs_of({missing, zero})), "b/0");
  const decision_options options{.med_missing_worst = true};
  EXPECT_EQ(chosen_of(inputs_of({missing, some}), options), "a/0");
  EXPECT_EQ(chosen_of(inputs_of({missing, zero}), options), "c/0");
  EXPECT_EQ(chosen_of(inputs_of({missing}), options), "b/0");
}

TEST(Decision, AddsTheInteriorCostToAigp) { // RFC 7311 §4.1
  auto far = plain("a");
  far.aigp = 10;
  far.interior_cost = 6;
  auto near = plain("b");
  near.aigp = 12;
  near.interior_cost = 3;
  EXPECT_EQ(chosen_of(inputs_of({far, near})), "b/0");
  EXPECT_EQ(compare(far.input(), near.input()).step, decision_step::aigp);
  near.interior_cost = 4; // as far: the interior cost decides later
  EXPECT_EQ(compare(far.input(), near.input()).step,
            decision_step::interior_cost);
  // A path without AIGP is out, however short it is.
  auto without = plain("c");
  without.attributes.as_path_length = 0;
  EXPECT_EQ(chosen_of(inputs_of({without, far})), "a/0");
  without.attributes.local_pref = 101; // before all breaking of ties
  EXPECT_EQ(chosen_of(inputs_of({without, far})), "c/0");
}

TEST(Decision, DoesNotWrapTheSumAround) { // RFC 7311 §3.4.3
  auto high = plain("a");
  high.aigp = no_aigp - 2;
  high.interior_cost = 9;
  auto low = plain("b");
  low.aigp = 9;
  const auto without = plain("c");
  EXPECT_EQ(chosen_of(inputs_of({high, low})), "b/0");
  EXPECT_EQ(chosen_of(inputs_of({high, without})), "a/0");
}

TEST(Decision, ReadsAigpOfASet) {
  attribute_pool pool;
  const std::vector<std::uint8_t> bytes{0x80, 26, 11, 1, 0, 11, 0,
                                        0,    0,  0,  0, 0, 1,  2};
  attribute_summary summary;
  attribute_handle without(pool, pool.intern({}, summary));
  summary.flags = attribute_flag::has_aigp;
  attribute_handle with(pool, pool.intern(bytes, summary));
  EXPECT_EQ(aigp_of(pool[with.get()]), 258U);
  EXPECT_EQ(aigp_of(pool[without.get()]), no_aigp);
}

TEST(Decision, ChoosesNothingFromNothing) {
  EXPECT_EQ(chosen_of({}), "");
}

TEST(Decision, RanksExcludedPathsLastWithTheirReason) { // RFC 4271 §9.1.2.1
  auto rejected = plain("a");
  rejected.what.flags = path_flag::rejected;
  rejected.attributes.local_pref = 300;
  auto unreachable = plain("b");
  unreachable.what.flags = path_flag::unreachable;
  const auto best = plain("c");
  const auto next = plain("d");
  const case_paths paths{rejected, unreachable, next, best};
  auto inputs = inputs_of(paths);
  const auto steps = rank(inputs);
  EXPECT_EQ(name_of(inputs[0]), "c/0");
  EXPECT_EQ(name_of(inputs[1]), "d/0");
  EXPECT_EQ(steps,
            (std::vector{decision_step::best, decision_step::neighbor_name,
                         decision_step::rejected, decision_step::unreachable}));
}

TEST(Decision, HasAWordForEveryStep) {
  std::set<std::string> words;
  for (int i = 0; i <= static_cast<int>(decision_step::path_id); ++i)
    words.insert(to_string(static_cast<decision_step>(i)));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(decision_step::path_id) + 1);
  EXPECT_FALSE(words.contains("unknown"));
}

// -- properties. The domains are small, so that ties and MED meet often.

int pick(int end) {
  return *rc::gen::inRange(0, end);
}

case_path any_path(int n) {
  case_path p;
  p.source.name = std::string(1, static_cast<char>('a' + pick(3)));
  p.what.path_id = static_cast<std::uint32_t>(n); // tells all paths apart
  p.attributes.flags =
      pick(8) == 0 ? attribute_flag::long_lived_stale : std::uint16_t{0};
  p.what.source = pick(12) == 0 ? source_kind::fixed : source_kind::bgp;
  p.attributes.local_pref = pick(4) == 0 ? 200 : 100;
  p.attributes.as_path_length = pick(4) == 0 ? 1 : 2;
  p.attributes.origin = pick(6) == 0 ? 0 : 1;
  p.attributes.neighbor_as = static_cast<std::uint32_t>(pick(3));
  if (pick(3) != 0) {
    p.attributes.flags = attribute_flag::has_med;
    p.attributes.med = static_cast<std::uint32_t>(pick(3));
  }
  if (pick(10) == 0)
    p.aigp = static_cast<std::uint64_t>(pick(3));
  p.attributes.originator_id = static_cast<std::uint32_t>(pick(3));
  p.attributes.cluster_list_length = static_cast<std::uint8_t>(pick(2));
  p.source.kind = static_cast<protocol::peer_kind>(pick(3));
  p.source.identifier = {static_cast<std::uint32_t>(1 + pick(2))};
  p.source.address =
      protocol::ip_address::v4(static_cast<std::uint32_t>(pick(2)));
  p.interior_cost = static_cast<std::uint32_t>(pick(2));
  return p;
}

case_paths any_paths(int most, int least = 0) {
  case_paths paths;
  const auto count = least + pick(most + 1 - least);
  for (int i = 0; i != count; ++i)
    paths.push_back(any_path(i));
  return paths;
}

/// RFC 4271 §9.1 said again in the plainest way: remove what another path
/// beats, question by question.
std::string naive_choice(const std::vector<decision_input>& all,
                         decision_options options = {}) {
  auto left = all;
  const auto remove_beaten = [&](auto beats) {
    std::vector<decision_input> kept;
    for (const auto& p : left)
      if (std::none_of(left.begin(), left.end(),
                       [&](const auto& q) { return beats(q, p); }))
        kept.push_back(p);
    left = kept;
  };
  using in = const decision_input&;
  const auto id = [](in p) {
    return p.attributes->originator_id != 0 ? p.attributes->originator_id
                                            : p.source->identifier.value;
  };
  const auto is_local = [](in p) { return p.what->source != source_kind::bgp; };
  const auto is_old = [](in p) {
    return (p.attributes->flags & attribute_flag::long_lived_stale) != 0;
  };
  const auto is_external = [](in p) {
    return p.source->kind == protocol::peer_kind::external;
  };
  remove_beaten([&](in p, in q) { return is_local(p) && !is_local(q); });
  remove_beaten([&](in p, in q) { return !is_old(p) && is_old(q); });
  remove_beaten([](in p, in q) {
    return p.attributes->local_pref > q.attributes->local_pref;
  });
  remove_beaten(
      [](in p, in q) { return p.aigp != no_aigp && q.aigp == no_aigp; });
  remove_beaten([](in p, in q) {
    return p.aigp != no_aigp
           && p.aigp + p.interior_cost < q.aigp + q.interior_cost;
  });
  remove_beaten([](in p, in q) {
    return p.attributes->as_path_length < q.attributes->as_path_length;
  });
  remove_beaten(
      [](in p, in q) { return p.attributes->origin < q.attributes->origin; });
  const auto med = [&](in p) -> std::uint32_t {
    if ((p.attributes->flags & attribute_flag::has_med) != 0)
      return p.attributes->med;
    return options.med_missing_worst ? 0xffffffff : 0;
  };
  remove_beaten([&](in p, in q) {
    return (options.always_compare_med
            || p.attributes->neighbor_as == q.attributes->neighbor_as)
           && med(p) < med(q);
  });
  remove_beaten([&](in p, in q) { return is_external(p) && !is_external(q); });
  remove_beaten([](in p, in q) { return p.interior_cost < q.interior_cost; });
  remove_beaten([&](in p, in q) { return id(p) < id(q); });
  remove_beaten([](in p, in q) {
    return p.attributes->cluster_list_length
           < q.attributes->cluster_list_length;
  });
  remove_beaten(
      [](in p, in q) { return p.source->address < q.source->address; });
  remove_beaten([](in p, in q) { return p.source->name < q.source->name; });
  remove_beaten([](in p, in q) { return p.what->path_id < q.what->path_id; });
  return left.empty() ? "" : name_of(left.front());
}

TEST(DecisionProperty, EqualsTheRfcSaidPlainly) {
  EXPECT_TRUE(rc::check("choose equals the naive choice", [] {
    const auto paths = any_paths(14); // beyond what MED treats as few
    for (const auto options : all_options)
      RC_ASSERT(chosen_of(inputs_of(paths), options)
                == naive_choice(inputs_of(paths), options));
  }));
}

TEST(DecisionProperty, DependsOnNothingButTheSetOfPaths) {
  EXPECT_TRUE(rc::check("all orders of up to 6 paths choose alike", [] {
    const auto paths = any_paths(6);
    std::vector<std::size_t> order(paths.size());
    std::iota(order.begin(), order.end(), 0);
    const auto inputs = [&] {
      std::vector<decision_input> all;
      for (const auto i : order)
        all.push_back(paths[i].input());
      return all;
    };
    for (const auto options : all_options) {
      const auto expected = chosen_of(inputs_of(paths), options);
      do {
        RC_ASSERT(chosen_of(inputs(), options) == expected);
      } while (std::next_permutation(order.begin(), order.end()));
    }
  }));
}

TEST(DecisionProperty, KnowsNoCycleWithinANeighborAs) {
  EXPECT_TRUE(rc::check("compare is transitive", [] {
    const case_paths paths{any_path(0), any_path(1), any_path(2)};
    for (const auto options : all_options) {
      // Where all MEDs are compared, all paths are those of one AS.
      auto these = paths;
      for (auto& p : these)
        if (!options.always_compare_med)
          p.attributes.neighbor_as = 1;
      const auto wins = [&](std::size_t i, std::size_t j) {
        return compare(these[i].input(), these[j].input(), options).first_wins;
      };
      RC_ASSERT(wins(0, 1) != wins(1, 0));
      RC_ASSERT(!(wins(0, 1) && wins(1, 2) && wins(2, 0)));
      RC_ASSERT(!(wins(1, 0) && wins(2, 1) && wins(0, 2)));
    }
  }));
}

TEST(DecisionProperty, RanksByChoosingAgainAndAgain) {
  EXPECT_TRUE(rc::check("rank equals repeated choice", [] {
    const auto paths = any_paths(10);
    const auto options = all_options[pick(4)];
    auto ranked = inputs_of(paths);
    const auto steps = rank(ranked, options);
    RC_ASSERT(steps.size() == paths.size());
    for (std::size_t i = 0; i != ranked.size(); ++i) {
      const std::vector<decision_input> left(
          ranked.begin() + static_cast<std::ptrdiff_t>(i), ranked.end());
      RC_ASSERT(chosen_of(left, options) == name_of(ranked[i]));
      if (i == 0)
        continue;
      const auto pair = compare(ranked[i - 1], ranked[i], options);
      RC_ASSERT(pair.first_wins);
      RC_ASSERT(pair.step == steps[i]);
    }
  }));
}

TEST(DecisionProperty, ComparesWithTheIncumbentAsAllWouldDecide) {
  EXPECT_TRUE(rc::check("the fast path is right where it dares", [] {
    auto paths = any_paths(5, 1);
    const auto options = all_options[pick(4)];
    const auto before = chosen_of(inputs_of(paths), options);
    const auto newcomer = any_path(99);
    const auto incumbent = std::ranges::find_if(paths, [&](const case_path& p) {
      return name_of(p.input()) == before;
    });
    const auto verdict =
        challenge_incumbent(newcomer.input(), incumbent->input(), options);
    paths.push_back(newcomer);
    const auto after = naive_choice(inputs_of(paths), options);
    RC_TAG(static_cast<int>(verdict));
    if (verdict == challenge::lost)
      RC_ASSERT(after == before);
    if (verdict == challenge::won)
      RC_ASSERT(after == name_of(newcomer.input()));
  }));
}

TEST(DecisionProperty, KnowsWhenALoserHeldNothingOff) {
  EXPECT_TRUE(rc::check("a harmless removal changes nothing", [] {
    auto paths = any_paths(6, 2);
    const auto options = all_options[pick(4)];
    auto ranked = inputs_of(paths);
    rank(ranked, options);
    const auto incumbent = ranked.front();
    const auto before = name_of(incumbent);
    const auto loser =
        static_cast<std::size_t>(1 + pick(static_cast<int>(ranked.size()) - 1));
    const auto gone = ranked[loser];
    ranked.erase(ranked.begin() + static_cast<std::ptrdiff_t>(loser));
    const bool harmless = leaves_choice_alone(gone, incumbent, options);
    RC_TAG(harmless);
    if (harmless)
      RC_ASSERT(naive_choice(ranked, options) == before);
  }));
}

} // namespace
} // namespace troupe::rib
