#pragma once

#include "rib/change.hpp"
#include "rib/path.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

// The decision process of RFC 4271 §9.1, in its own words: paths are removed
// from consideration, step by step, until one is left.
//
// What we add to the RFC, so that the result is a total order that depends on
// nothing but the set of paths:
//   * what this router originates itself comes first (the usual weight);
//   * a long-lived stale path comes behind every other (RFC 9494 §4.3);
//   * LOCAL_PREF counts as 100 where it is absent, MED as 0 unless the options
//     say otherwise;
//   * a path with AIGP comes before one without, whatever the length of its
//     AS_PATH, and the lower sum of AIGP and interior cost wins (RFC 7311
//     §4.1);
//   * ORIGINATOR_ID stands for the router id, then the shorter CLUSTER_LIST
//     wins (RFC 4456 §9);
//   * behind the peer address: the neighbour's name, the received path id, and
//     last the fresh one before the stale one of an earlier session.
// There is no oldest-path step. MED is compared among the paths of one
// neighbouring AS only, by elimination: it is no order of all paths. With
// `always_compare_med` all paths count as those of one AS, and it is.

namespace troupe::rib {

/// What an operator chooses about the decision, for a whole router.
struct decision_options {
  /// Compares MED also between paths of different neighbouring ASes.
  bool always_compare_med = false;
  /// A path without MED counts as one with the highest, not the lowest (RFC
  /// 4271 §9.1.2.2 c).
  bool med_missing_worst = false;

  friend bool operator==(const decision_options&,
                         const decision_options&) = default;
};

/// Stands for no AIGP; no path has it as a value (RFC 7311 §3.2).
inline constexpr std::uint64_t no_aigp =
    std::numeric_limits<std::uint64_t>::max();
/// The value of a set's first AIGP TLV, or `no_aigp`.
std::uint64_t read_aigp(const attribute_set& set);
inline std::uint64_t aigp_of(const attribute_set& set) {
  return (set.summary().flags & attribute_flag::has_aigp) == 0 ? no_aigp
                                                               : read_aigp(set);
}

/// A path as the decision sees it; all that is pointed to must outlive it.
struct decision_input {
  const path* what = nullptr;
  const attribute_summary* attributes = nullptr;
  const neighbor_facts* source = nullptr;
  /// To the next hop (RFC 4271 §9.1.2.2 e); what is not known is 0.
  std::uint32_t interior_cost = 0;
  std::uint64_t aigp = no_aigp;
};

/// Whether a path may be chosen at all (RFC 4271 §9.1.1, §9.1.2.1).
inline bool is_eligible(const path& p) {
  return (p.flags & (path_flag::rejected | path_flag::unreachable)) == 0;
}

/// How two eligible paths compare when there are no others.
struct comparison {
  bool first_wins = true;
  /// The step that made the difference; `best` when nothing does.
  decision_step step = decision_step::best;
};
comparison compare(const decision_input& a, const decision_input& b,
                   decision_options options = {});

/// Chooses among eligible paths; reorders them. Nothing when there are none.
std::optional<decision_input> choose(std::span<decision_input> paths,
                                     decision_options options = {});

/// What one comparison tells about a path that joins those that the incumbent
/// was chosen from. All are eligible.
enum class challenge : std::uint8_t {
  lost,    ///< the incumbent stays
  won,     ///< the newcomer is the best path
  unclear, ///< MED is in play: choose among all
};
challenge challenge_incumbent(const decision_input& newcomer,
                              const decision_input& incumbent,
                              decision_options options = {});

/// Whether the incumbent surely stays when a path that lost to it goes away:
/// by MED, that path may have held off a third one.
bool leaves_choice_alone(const decision_input& gone,
                         const decision_input& incumbent,
                         decision_options options = {});

/// Ranks paths: each is the choice among itself and those behind it. The ones
/// that are not eligible come last. Returns for every path the step that ranked
/// it behind the one before it, or that excluded it.
std::vector<decision_step> rank(std::vector<decision_input>& paths,
                                decision_options options = {});

} // namespace troupe::rib
