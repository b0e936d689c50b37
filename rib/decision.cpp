#include "rib/decision.hpp"

#include "protocol/wire/aigp.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace troupe::rib {

namespace {

using input = decision_input;

// The ladder of steps is walked for most routes: its rungs must not be calls.
#define TROUPE_INLINE [[gnu::always_inline]] inline

/// Less than 0 when the first is preferred.
template <class T>
int lower(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

bool has_flag(const input& p, std::uint8_t flag) {
  return (p.what->flags & flag) != 0;
}

TROUPE_INLINE int by_local_origin(const input& a, const input& b) {
  return lower(a.what->source == source_kind::bgp,
               b.what->source == source_kind::bgp);
}

TROUPE_INLINE int by_long_lived_stale(const input& a, const input& b) {
  constexpr auto stale = attribute_flag::long_lived_stale;
  return lower(a.attributes->flags & stale, b.attributes->flags & stale);
}

TROUPE_INLINE int by_local_pref(const input& a, const input& b) {
  return lower(b.attributes->local_pref, a.attributes->local_pref);
}

/// RFC 7311 §4.1: AIGP and the distance to the next hop.
std::uint64_t distance(const input& p) {
  constexpr auto most = no_aigp - 1;
  if (p.aigp == no_aigp)
    return no_aigp;
  return most - p.aigp < p.interior_cost ? most : p.aigp + p.interior_cost;
}

TROUPE_INLINE int by_aigp(const input& a, const input& b) {
  if (a.aigp == no_aigp && b.aigp == no_aigp)
    return 0;
  return lower(distance(a), distance(b));
}

TROUPE_INLINE int by_as_path_length(const input& a, const input& b) {
  return lower(a.attributes->as_path_length, b.attributes->as_path_length);
}

TROUPE_INLINE int by_origin(const input& a, const input& b) {
  return lower(a.attributes->origin, b.attributes->origin);
}

TROUPE_INLINE std::uint32_t med_of(const input& p, decision_options options) {
  const bool missing = options.med_missing_worst
                       && (p.attributes->flags & attribute_flag::has_med) == 0;
  return missing ? std::numeric_limits<std::uint32_t>::max()
                 : p.attributes->med;
}

TROUPE_INLINE int by_med(const input& a, const input& b,
                         decision_options options) {
  return lower(med_of(a, options), med_of(b, options));
}

// The rest of our confederation counts as internal (RFC 5065 §5.3).
TROUPE_INLINE int by_external(const input& a, const input& b) {
  return lower(a.source->kind != protocol::peer_kind::external,
               b.source->kind != protocol::peer_kind::external);
}

TROUPE_INLINE int by_interior_cost(const input& a, const input& b) {
  return lower(a.interior_cost, b.interior_cost);
}

TROUPE_INLINE std::uint32_t router_id_of(const input& p) {
  const auto originator = p.attributes->originator_id;
  return originator != 0 ? originator : p.source->identifier.value;
}

TROUPE_INLINE int by_router_id(const input& a, const input& b) {
  return lower(router_id_of(a), router_id_of(b));
}

TROUPE_INLINE int by_cluster_list(const input& a, const input& b) {
  return lower(a.attributes->cluster_list_length,
               b.attributes->cluster_list_length);
}

TROUPE_INLINE int by_peer_address(const input& a, const input& b) {
  return lower(a.source->address, b.source->address);
}

TROUPE_INLINE int by_neighbor_name(const input& a, const input& b) {
  return lower(a.source->name, b.source->name);
}

TROUPE_INLINE int by_path_id(const input& a, const input& b) {
  return lower(a.what->path_id, b.what->path_id);
}

TROUPE_INLINE int by_stale(const input& a, const input& b) {
  return lower(has_flag(a, path_flag::stale), has_flag(b, path_flag::stale));
}

struct step {
  decision_step name;
  int (*order)(const input&, const input&);
};

// MED stands between these: they are orders of all paths, MED is not.
constexpr std::array steps_before_med{
    step{decision_step::local_origin, by_local_origin},
    step{decision_step::stale, by_long_lived_stale},        // RFC 9494 §4.3
    step{decision_step::local_pref, by_local_pref},         // RFC 4271 §9.1.1
    step{decision_step::aigp, by_aigp},                     // RFC 7311 §4.1
    step{decision_step::as_path_length, by_as_path_length}, // §9.1.2.2 a
    step{decision_step::origin, by_origin},                 // b
};
constexpr std::array steps_behind_med{
    step{decision_step::external, by_external},           // §9.1.2.2 d
    step{decision_step::interior_cost, by_interior_cost}, // e
    step{decision_step::router_id, by_router_id},         // f
    step{decision_step::cluster_list, by_cluster_list},   // RFC 4456 §9
    step{decision_step::peer_address, by_peer_address},   // g
    step{decision_step::neighbor_name, by_neighbor_name},
    step{decision_step::path_id, by_path_id},
    step{decision_step::path_id, by_stale}, // two sessions of one neighbour
};

struct difference {
  int order = 0;
  decision_step step = decision_step::best;
};

/// Calls a step by its name, not through the table, so that it is inlined.
template <int (*Order)(const input&, const input&)>
TROUPE_INLINE int apply(const input& a, const input& b) {
  return Order(a, b);
}

/// The first of the steps that tells two paths apart.
template <const auto& Steps, std::size_t... I>
TROUPE_INLINE difference differ(const input& a, const input& b,
                                std::index_sequence<I...>) {
  difference found;
  static_cast<void>(
      ((found.step = Steps[I].name, found.order = apply<Steps[I].order>(a, b),
        found.order != 0)
       || ...));
  return found;
}

difference before_med(const input& a, const input& b) {
  return differ<steps_before_med>(
      a, b, std::make_index_sequence<steps_before_med.size()>{});
}

difference behind_med(const input& a, const input& b) {
  return differ<steps_behind_med>(
      a, b, std::make_index_sequence<steps_behind_med.size()>{});
}

/// Whose MEDs are compared have one number.
std::uint32_t med_group(const input& p, decision_options options) {
  return options.always_compare_med ? 0 : p.attributes->neighbor_as;
}

bool same_med_group(const input& a, const input& b, decision_options options) {
  return med_group(a, options) == med_group(b, options);
}

/// Keeps the first of those that nothing in `order` tells from the best one.
template <class Order>
std::span<input> keep_best(std::span<input> paths, Order order) {
  std::size_t kept = 0;
  for (auto& p : paths) {
    const auto verdict = kept == 0 ? 0 : order(p, paths[0]).order;
    if (verdict > 0)
      continue;
    if (verdict < 0)
      kept = 0;
    std::swap(paths[kept++], p);
  }
  return paths.first(kept);
}

/// RFC 4271 §9.1.2.2 c: removes each path that has a higher MED than another
/// one from the same neighbouring AS.
std::span<input> keep_lowest_med(std::span<input> paths,
                                 decision_options options) {
  constexpr std::size_t few = 8;
  if (paths.size() > few) {
    const auto key = [&](const input& p) {
      return std::pair(med_group(p, options), med_of(p, options));
    };
    std::ranges::sort(
        paths, [&](const input& a, const input& b) { return key(a) < key(b); });
    std::size_t kept = 1;
    for (std::size_t i = 1; i != paths.size(); ++i)
      if (!same_med_group(paths[i], paths[kept - 1], options)
          || by_med(paths[i], paths[kept - 1], options) == 0)
        paths[kept++] = paths[i];
    return paths.first(kept);
  }
  std::array<bool, few> beaten{};
  for (std::size_t i = 0; i != paths.size(); ++i)
    for (const auto& other : paths)
      beaten[i] = beaten[i]
                  || (same_med_group(paths[i], other, options)
                      && by_med(other, paths[i], options) < 0);
  std::size_t kept = 0;
  for (std::size_t i = 0; i != paths.size(); ++i)
    if (!beaten[i])
      paths[kept++] = paths[i];
  return paths.first(kept);
}

/// How paths compare whose MEDs are compared: there every step is an order.
difference within_med_group(const input& a, const input& b,
                            decision_options options) {
  auto found = before_med(a, b);
  if (found.order != 0)
    return found;
  found = {by_med(a, b, options), decision_step::med};
  return found.order != 0 ? found : behind_med(a, b);
}

/// How the best paths of two neighbouring ASes compare.
difference across_med_groups(const input& a, const input& b) {
  const auto found = before_med(a, b);
  return found.order != 0 ? found : behind_med(a, b);
}

difference differ(const input& a, const input& b, decision_options options) {
  return same_med_group(a, b, options) ? within_med_group(a, b, options)
                                       : across_med_groups(a, b);
}

/// Ranks eligible paths. The choice among some is the best, across ASes, of
/// the best within each AS, so that lists per AS are merged.
void rank_eligible(std::span<input> paths, decision_options options) {
  std::ranges::sort(paths, [&](const input& a, const input& b) {
    if (!same_med_group(a, b, options))
      return med_group(a, options) < med_group(b, options);
    return within_med_group(a, b, options).order < 0;
  });
  const auto loses = [](std::span<const input> a, std::span<const input> b) {
    return across_med_groups(a.front(), b.front()).order > 0;
  };
  std::vector<std::span<const input>> lists; // a heap, by what is in front
  const std::vector<input> sorted(paths.begin(), paths.end());
  for (std::size_t first = 0, i = 1; i <= sorted.size(); ++i)
    if (i == sorted.size()
        || !same_med_group(sorted[i], sorted[first], options)) {
      lists.push_back(std::span(sorted).subspan(first, i - first));
      first = i;
    }
  std::ranges::make_heap(lists, loses);
  for (auto& next : paths) {
    std::ranges::pop_heap(lists, loses);
    next = lists.back().front();
    lists.back() = lists.back().subspan(1);
    if (lists.back().empty())
      lists.pop_back();
    else
      std::ranges::push_heap(lists, loses);
  }
}

} // namespace

std::uint64_t read_aigp(const attribute_set& set) {
  return protocol::wire::aigp_metric(set.bytes()).value_or(no_aigp);
}

comparison compare(const decision_input& a, const decision_input& b,
                   decision_options options) {
  const auto found = differ(a, b, options);
  if (found.order == 0)
    return {true, decision_step::best};
  return {found.order < 0, found.step};
}

std::optional<decision_input> choose(std::span<decision_input> paths,
                                     decision_options options) {
  if (paths.size() == 2) // by far the most there are
    return paths[compare(paths[0], paths[1], options).first_wins ? 0 : 1];
  auto left = keep_best(paths, before_med);
  if (left.size() > 1)
    left = keep_lowest_med(left, options);
  if (left.size() > 1)
    left = keep_best(left, behind_med);
  if (left.empty())
    return std::nullopt;
  return left.front();
}

challenge challenge_incumbent(const decision_input& newcomer,
                              const decision_input& incumbent,
                              decision_options options) {
  // Alone up to MED, or out before it: MED compares nothing else than before.
  if (const auto early = before_med(newcomer, incumbent); early.order != 0)
    return early.order < 0 ? challenge::won : challenge::lost;
  const auto wins = behind_med(newcomer, incumbent).order < 0;
  if (!same_med_group(newcomer, incumbent, options)) {
    // The incumbent stays in. So does the newcomer, if nothing has a lower MED.
    if (!wins)
      return challenge::lost;
    return med_of(newcomer, options) == 0 ? challenge::won : challenge::unclear;
  }
  const auto med = by_med(newcomer, incumbent, options);
  if (med > 0)
    return challenge::lost;
  if (wins)
    return challenge::won;
  // A lower MED removes the incumbent, yet a third path may now be the best.
  return med < 0 ? challenge::unclear : challenge::lost;
}

bool leaves_choice_alone(const decision_input& gone,
                         const decision_input& incumbent,
                         decision_options options) {
  // It held nothing off when it was out before MED, or when the incumbent does
  // the same.
  return before_med(gone, incumbent).order != 0
         || same_med_group(gone, incumbent, options);
}

std::vector<decision_step> rank(std::vector<decision_input>& paths,
                                decision_options options) {
  const auto excluded =
      std::partition(paths.begin(), paths.end(),
                     [](const input& p) { return is_eligible(*p.what); });
  const auto eligible = static_cast<std::size_t>(excluded - paths.begin());
  rank_eligible(std::span(paths).first(eligible), options);
  std::sort(excluded, paths.end(), [](const input& a, const input& b) {
    return across_med_groups(a, b).order < 0;
  });
  std::vector<decision_step> steps_taken;
  steps_taken.reserve(paths.size());
  for (std::size_t i = 0; i != paths.size(); ++i) {
    if (has_flag(paths[i], path_flag::rejected))
      steps_taken.push_back(decision_step::rejected);
    else if (has_flag(paths[i], path_flag::unreachable))
      steps_taken.push_back(decision_step::unreachable);
    else
      steps_taken.push_back(i == 0
                                ? decision_step::best
                                : differ(paths[i - 1], paths[i], options).step);
  }
  return steps_taken;
}

} // namespace troupe::rib
