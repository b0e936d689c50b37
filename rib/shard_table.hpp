#pragma once

#include "rib/change.hpp"
#include "rib/decision.hpp"
#include "rib/route_batch.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::rib {

/// Names an exporter at a shard.
enum class exporter_index : std::uint16_t {};

/// How much a shard table may hand out at once.
struct shard_limits {
  /// Changes per batch; bounds both the handler's time and the packing.
  std::uint32_t changes_per_batch = 8192;
  /// Batches that an exporter has not acknowledged yet.
  std::uint32_t batches_in_flight = 4;
  /// Paths of one prefix; further ones are refused and counted.
  std::uint32_t paths_per_prefix = 4096;
  /// Prefixes of one family; further ones are refused and counted. At most
  /// 16,777,215.
  std::uint32_t prefixes = 16'777'215;
  /// Spreads the index differently in each process, so that no peer can craft
  /// prefixes that collide; it shows in nothing else.
  std::uint64_t hash_seed = 0;
};

/// What a table has done and what it holds back; counts grow for ever.
struct shard_statistics {
  std::uint64_t announced = 0; ///< keys of announcing runs
  std::uint64_t withdrawn = 0; ///< keys of withdrawing runs
  std::uint64_t unchanged = 0; ///< announced again as they were
  std::uint64_t refused = 0;   ///< beyond a limit of `shard_limits`
  std::uint64_t skipped = 0;   ///< batches seen before or of unknown sources
  std::uint64_t eliminations =
      0;                     ///< decisions that one comparison did not make
  std::uint64_t changes = 0; ///< put into batches
  std::uint64_t moved = 0;   ///< index entries moved by growing
  std::uint64_t moved_at_once = 0; ///< the most in one go
  std::uint64_t tombstones = 0;    ///< now: numbers not yet safe to use again
};

/// The paths of one neighbour in one family.
struct neighbor_counts {
  std::uint64_t received = 0; ///< paths held, the rejected ones included
  std::uint64_t accepted = 0;
  /// Octets of their attribute sets, each counted once for each path.
  std::uint64_t attribute_octets = 0;

  /// What a path takes besides its set, and its prefix and the indexes with it.
  static constexpr std::uint64_t per_path = 64;
  /// The most that the paths may take, in octets: what they would take if they
  /// shared no set. A peer decides how much of it they share.
  std::uint64_t memory() const {
    return received * per_path + attribute_octets;
  }

  friend bool operator==(const neighbor_counts&,
                         const neighbor_counts&) = default;
};

/// Size and digest of a Loc-RIB; those of shards add up.
struct family_totals {
  std::uint64_t prefixes = 0; ///< with a best path
  std::uint64_t paths = 0;    ///< all that are held
  /// Order-free: the sum of a 128-bit hash of every best path (prefix,
  /// neighbour name, path id, canonical attributes).
  std::uint64_t digest_low = 0;
  std::uint64_t digest_high = 0;

  friend bool operator==(const family_totals&, const family_totals&) = default;
};

/// Which paths a query wants.
enum class route_view : std::uint8_t { loc, received, accepted, rejected };

struct route_query {
  protocol::family family = protocol::ipv4_unicast;
  route_view view = route_view::loc;
  std::optional<protocol::prefix> prefix = std::nullopt; ///< exactly this one
  std::optional<neighbor_index> neighbor = std::nullopt;
  prefix_number cursor = 0; ///< where to go on
  /// A page ends behind the prefix that reaches it.
  std::uint32_t limit = 1000;
  /// Numbers looked at, at most, so that no page takes long.
  std::uint32_t budget = 20000;
};

/// One path in the answer to a query, with everything copied.
struct route_row {
  protocol::prefix prefix;
  prefix_number number = 0;
  path what;
  neighbor_facts neighbor;
  bool best = false;
  decision_step ranked_by = decision_step::best;
  std::vector<std::uint8_t> attributes; ///< canonical bytes
};
struct route_page {
  std::vector<route_row> rows;
  /// Absent when the end was reached.
  std::optional<prefix_number> next_cursor;
};

/// A batch for one exporter.
struct delivery {
  exporter_index to{};
  std::shared_ptr<const change_batch> batch;
};

/// A slice of the prefixes of one router: Adj-RIB-In, decision, Loc-RIB, and
/// what each exporter is owed. Knows no actor and no clock; outlives the actor
/// that works on it (DESIGN §5). Every change is committed per prefix.
class shard_table {
public:
  explicit shard_table(attribute_pool& pool, shard_limits limits = {},
                       decision_options options = {});
  ~shard_table();
  shard_table(const shard_table&) = delete;
  shard_table& operator=(const shard_table&) = delete;

  // -- sources ---------------------------------------------------------------

  /// Makes a source known; its routes may follow. Idempotent. An index that is
  /// down stays down until `purged` has told it. Another index of the same name
  /// goes down, so that names are unique among those that are up.
  ///
  /// With another `incarnation` of a session whose paths are still here, both
  /// families are told again: what is not, goes with End-of-RIB or
  /// `end_restart` (RFC 4724 §4.2). Batches are numbered anew. The facts stay
  /// as they were.
  void neighbor_up(const neighbor_facts& facts, std::uint32_t incarnation = 0);
  /// Its session is gone, its paths stay and count as before, until one of the
  /// other calls. What an earlier restart left stale goes (RFC 4724 §4.2),
  /// unless it may stay long (`keeps_older`, RFC 9494 §4.2). Idempotent.
  void neighbor_stale(neighbor_index neighbor, bool keeps_older = false);
  /// Removes what the neighbour has not told again since its new incarnation
  /// came up. No effect once End-of-RIB has come or a refresh has begun.
  void end_restart(neighbor_index neighbor, protocol::family family);
  /// What a neighbour whose session is gone told of a family becomes long-lived
  /// stale in slices of `work`: it gets the community LLGR_STALE, which makes
  /// it the last choice; what has NO_LLGR goes (RFC 9494 §4.2).
  void age_family(neighbor_index neighbor, protocol::family family);
  /// Removes all that the neighbour told of a family.
  void drop_family(neighbor_index neighbor, protocol::family family);
  /// Its paths count no more; `work` removes them in slices. Idempotent.
  void neighbor_down(neighbor_index neighbor);
  /// Indexes whose paths are all gone since the last call, and those that were
  /// told down but not known; each may be used again.
  std::vector<neighbor_index> purged();
  /// Applies a batch once (a sequence that was applied already is skipped, and
  /// so is what another incarnation told; batches of neighbours that are down
  /// or unknown are skipped; sequence 0 is not numbered). `now` is in seconds
  /// since the start of the daemon.
  void apply(const route_batch& batch, std::uint32_t now);

  // -- exporters -------------------------------------------------------------

  /// Registers a receiver of changes; everything is owed to it at first.
  exporter_index add_exporter(bool wants_ranked);
  void remove_exporter(exporter_index exporter);
  /// A new incarnation of the exporter's actor: what was under way is owed
  /// again.
  void restart_exporter(exporter_index exporter);
  /// The batches to send now, as far as credit goes; never more than one per
  /// exporter and call. An exporter without credit is owed a set of numbers.
  std::vector<delivery> collect();
  /// Whether everything that existed when the exporter was added (or restarted)
  /// has been handed out to it: what follows are changes.
  bool is_current(exporter_index exporter) const;
  /// The exporter is done with everything up to `sequence`; nobody is owed
  /// anything that was told at or before `safe_through`, so those numbers may
  /// be used again. `safe_through` may go back.
  void acknowledge(exporter_index exporter, std::uint64_t sequence,
                   std::uint64_t safe_through);
  /// The present state of what is asked for (DESIGN §4.7).
  std::shared_ptr<const change_batch> answer(const resync_request& request);
  /// How many numbers are or were in use: the range that a full walk covers.
  prefix_number number_limit(protocol::family family) const;

  // -- work in slices --------------------------------------------------------

  /// Whether changes wait that `collect` would hand out.
  bool has_changes() const;
  /// How many changes wait for the next batch.
  std::size_t pending_changes() const;
  /// Decides by other options from now on; `work` makes the decisions of
  /// before again, in slices. Idempotent.
  void decide_by(decision_options options);
  /// Does a slice of long work (removal of lost neighbours, decisions to be
  /// made again); at most `budget` prefixes are looked at. Returns whether more
  /// is left.
  bool work(std::uint32_t budget);
  /// Forgets all sources and paths. Exporters, and the numbers by which they
  /// know prefixes, stay: what is not told again will be withdrawn, so nothing
  /// should be collected before the sources have told it. For a table that
  /// cannot be trusted any more (DESIGN §5). Throws check_failure if not even
  /// its numbers can be.
  void begin_again();
  /// Checks the whole structure (sizes, counters, digest, references); empty
  /// when sound, else what is wrong. For adoption after a crash and for tests.
  std::string check() const;

  // -- views -----------------------------------------------------------------

  route_page query(const route_query& query) const;
  family_totals totals(protocol::family family) const;
  neighbor_counts counts(neighbor_index neighbor,
                         protocol::family family) const;
  /// A source that is known, or null; valid until the next change.
  const neighbor_facts* find_neighbor(neighbor_index neighbor) const;
  /// Bytes allocated by the table itself.
  std::size_t memory() const;
  shard_statistics statistics() const;

private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

} // namespace troupe::rib
