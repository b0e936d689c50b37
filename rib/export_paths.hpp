#pragma once

#include "rib/export_state.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace troupe::rib {

/// A path that a group tells; its place in a list is its rank. A path that fits
/// no message keeps its place and is told to nobody.
struct told_path {
  told_entry what;
  std::uint32_t received_id = 0; ///< with the source: which path it is
  std::uint32_t id = 0;          ///< as told (RFC 7911 §2), from 1

  bool is_same_path(const told_path& other) const {
    return what.source == other.what.source && received_id == other.received_id;
  }
  friend bool operator==(const told_path& a, const told_path& b) {
    return a.is_same_path(b) && a.what.tells_the_same(b.what);
  }
};
static_assert(sizeof(told_path) == 16);

using path_list = std::span<const told_path>;

/// Which of the paths that may be told each neighbour is told.
///
/// The first `most` of the list, but not its own; with `per_client` the first
/// `most` of those that are not its own, so that it lacks nothing because
/// something of its own is better (RFC 7947 §2.3). A neighbour without a path
/// in the list is told the same either way.
struct path_choice {
  std::size_t most = 1;
  bool per_client = false;

  /// Whether a list needs no further path.
  bool is_full(path_list paths) const;
  /// Whether those without a path in the list are told the one at `place`.
  bool tells_others(path_list paths, std::size_t place) const {
    return place < most && paths[place].what.is_told();
  }
  bool tells(path_list paths, std::size_t place, neighbor_index to) const;
  bool tells_any(path_list paths, neighbor_index to) const;
};

/// The place of the same path in a list.
std::optional<std::size_t> find_path(path_list paths, const told_path& wanted);

/// What the ids of a prefix's paths depend on.
struct id_history {
  path_list now;    ///< told by the group
  path_list before; ///< said by the log
  /// Whether nobody can know an id that is in neither list.
  bool is_quiet = true;
};
/// Gives each path of a list an id: the one that it has, else one that nobody
/// can know. `highest` is the highest id that anybody may know, and is kept.
void assign_ids(std::vector<told_path>& paths, const id_history& history,
                std::uint32_t& highest);

/// How many paths each neighbour is told.
class path_tally {
public:
  explicit path_tally(const path_choice& choice) : choice_(choice) {}

  /// Makes room, so that `add` and `remove` of the list do not throw.
  void make_room(path_list paths);
  void add(path_list paths) { count(paths, 1); }
  void remove(path_list paths) { count(paths, ~std::uint64_t{0}); }
  std::uint64_t told_to(neighbor_index to) const;

private:
  void count(path_list paths, std::uint64_t sign);

  path_choice choice_;
  std::uint64_t others_ = 0;        // told to one without paths
  std::vector<std::uint64_t> own_;  // of these, by source
  std::vector<std::uint64_t> more_; // told to a source beyond these
};

} // namespace troupe::rib
