#pragma once

#include "rib/decision.hpp"
#include "rib/table/attribute_ager.hpp"
#include "rib/table/context.hpp"
#include "rib/table/number_queue.hpp"
#include "rib/table/number_set.hpp"
#include "rib/table/prefix_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::rib::table {

template <class Key>
class run_pipeline;

/// The routes of one family in a shard: Adj-RIB-In and Loc-RIB over one table,
/// the decision, and the queue of prefixes whose change is not told yet.
///
/// A prefix goes through four states: it has paths; it has lost them and the
/// withdrawal waits (`pending`); the withdrawal was told and the number is kept
/// as a tombstone (`buried`); its number is vacant.
template <class Key>
class family_rib {
public:
  using entry = prefix_entry<Key>;

  explicit family_rib(table_context& context);
  ~family_rib();
  family_rib(const family_rib&) = delete;
  family_rib& operator=(const family_rib&) = delete;

  // -- changes

  /// Applies what one neighbour tells.
  void apply(neighbor_state& from, const family_routes<Key>& routes,
             std::uint32_t now);
  /// Makes the decisions that were put off. Does nothing but finish what an
  /// exception may have left.
  void settle();
  /// Removes the paths of lost neighbours and of doomed rounds from the
  /// prefixes of a range.
  void purge(prefix_number first, prefix_number count);
  /// Makes the decisions about the prefixes of a range again.
  void decide_again(prefix_number first, prefix_number count);

  /// Names prefixes as another table does, without their paths: the withdrawal
  /// of each that somebody may know is to be told. For a new table.
  void take_numbers_of(const family_rib& other);

  // -- telling

  std::size_t pending() const { return pending_.size(); }
  /// Adds the state of a number: its best path, a withdrawal, or nothing when
  /// nobody can know the number. Whether something was added.
  bool tell(prefix_number number, bool ranked, family_changes<Key>& to) const;
  /// Adds the states of the first `limit` pending prefixes, which stay pending.
  void tell_pending(std::size_t limit, bool ranked,
                    family_changes<Key>& to) const;
  /// Notes that they are told. Never throws.
  void pop_pending(std::size_t limit);
  /// Makes room, so that `note_told` of so many changes does not throw.
  void reserve_told(std::size_t changes) { buried_.reserve(changes); }
  /// Notes that a batch of this sequence tells these changes.
  void note_told(const family_changes<Key>& changes, std::uint64_t sequence);
  /// Notes that an answer told them, besides the batches.
  void note_answered(const family_changes<Key>& changes);
  /// Nobody is told anything any more.
  void forget_pending();
  /// Vacates up to `budget` tombstones that were told at or before
  /// `safe_through`, in their order, as far as `is_owed` does not say that
  /// somebody waits for the number. Whether the budget ended it.
  template <class IsOwed>
  bool reclaim(std::size_t budget, std::uint64_t safe_through, IsOwed is_owed) {
    // Of two steps: where a number lies in the index shows only its entry.
    constexpr std::size_t ahead = 8;
    while (!buried_.empty()) {
      if (budget-- == 0)
        return true;
      if (buried_.size() > 2 * ahead)
        table_.prefetch(buried_[2 * ahead]);
      if (buried_.size() > ahead)
        table_.prefetch_slot(buried_[ahead]);
      if (!try_vacate(buried_[0], safe_through, is_owed(buried_[0])))
        break;
      buried_.pop();
    }
    return false;
  }
  std::size_t tombstones() const { return buried_.size(); }

  // -- views

  prefix_number number_limit() const { return table_.number_limit(); }
  void query(const route_query& query, route_page& page) const;
  const family_totals& totals() const { return totals_; }
  std::size_t memory() const;
  const number_index& index() const { return table_.index(); }
  /// See `shard_table::check`; adds what each neighbour holds to `held`.
  std::string check(std::vector<neighbor_counts>& held) const;

private:
  // Decisions among all paths are put off until so many wait or the batch ends:
  // a prefix that is told again and again is decided once, and what the
  // decisions read is loaded ahead.
  static constexpr std::size_t unsettled_bound = 1024;
  static constexpr std::size_t slot = family_slot(Key::family);

  /// The best path, as it was.
  struct best_path {
    bool chosen = false;
    path what;
  };
  struct unsettled_prefix {
    prefix_number number;
    best_path was;
  };

  // -- one prefix: whether the reference to the attributes was taken
  bool announce(prefix_number number, const path& fresh);
  bool insert(prefix_number number, const path& fresh);
  bool replace(prefix_number number, std::size_t index, const path& fresh);
  void withdraw(prefix_number number, neighbor_index from,
                std::uint32_t path_id);
  void erase(prefix_number number, std::size_t index);
  /// Removes the paths of a prefix that are leaving and ages those that are
  /// ageing.
  void purge_prefix(prefix_number number);
  void age(prefix_number number, std::size_t index);
  /// Makes room, so that so many changes of paths can be committed.
  void make_room(std::size_t changes) {
    pending_.reserve(changes);
    context_.dropped.reserve(changes);
  }
  bool is_leaving(const path& p) const {
    return context_.neighbors.is_leaving(p, slot);
  }
  bool is_ageing(const path& p) const {
    const auto& from = context_.neighbors[p.neighbor];
    return from.rounds[slot].is_ageing(p.flags);
  }
  bool has_leaving_path(const entry& e) const;
  bool is_to_be_walked(const entry& e) const;
  prefix_number find_or_create(const Key& key, std::uint64_t hash);
  void apply_run(run_pipeline<Key>& keys, const route_run& run,
                 const path& model);

  // -- its decision
  best_path best_of(const entry& e) const {
    return e.has(entry_bit::chosen) ? best_path{true, table_.paths(e).front()}
                                    : best_path{};
  }
  const path* best_in(const entry& e) const { return &table_.paths(e).front(); }
  /// What a path adds to `neighbor_counts::attribute_octets`.
  std::uint64_t octets_of(const path& p) const {
    return context_.pool[p.attributes].bytes().size();
  }
  decision_input input_of(const path& p) const {
    const auto& set = context_.pool[p.attributes];
    return {&p, &set.summary(), &context_.neighbors[p.neighbor].facts, 0,
            aigp_of(set)};
  }
  bool may_be_chosen(const path& p) const {
    return is_eligible(p) && !is_leaving(p);
  }
  bool holds_off_others(const entry& e, const path& gone,
                        const best_path& best) const;
  void consider(prefix_number number, std::size_t index);
  void put_off(prefix_number number, const best_path& was);
  void elect(prefix_number number, const best_path& was);
  void publish(prefix_number number, const best_path& was);
  void count_best(const entry& e, const path& best, std::uint64_t sign);
  void add_candidates(const entry& e, ranked_candidates& to) const;

  // -- its number
  void mark(prefix_number number);
  void bury(prefix_number number);
  bool try_vacate(prefix_number number, std::uint64_t safe_through, bool owed);

  // -- views
  std::vector<decision_input> inputs_of(const entry& e) const;
  path shown(const path& p) const;
  bool matches(const entry& e, const route_query& query) const;
  void add_rows(prefix_number number, const route_query& query,
                route_page& page) const;
  std::string check_entry(prefix_number number) const;

  table_context& context_;
  prefix_table<Key> table_;
  family_totals totals_;
  number_queue pending_;
  number_queue buried_;
  std::vector<unsettled_prefix> unsettled_;
  std::vector<decision_input> scratch_;
  attribute_ager ager_;
};

} // namespace troupe::rib::table
