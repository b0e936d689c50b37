#pragma once

#include "rib/export_group.hpp"
#include "rib/export_log.hpp"
#include "rib/export_owed.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace troupe::rib {

/// A part of the numbers of a shard and family that a request asks for.
struct resync_slice {
  unsigned shard = 0;
  std::size_t family = 0;  ///< its place
  prefix_number first = 0; ///< the numbers lie in [first, last)
  prefix_number last = 0;
  std::vector<prefix_number> numbers; ///< these only, unless empty
};

/// Who is told an answer.
struct resync_plan {
  std::vector<member_slot> riders;      ///< owed about the same
  std::vector<member_slot> withdrawals; ///< those to be told what is not told
};

/// The members of a group: whose routes are theirs, what they are owed beyond
/// the log, and from where the log is safe.
class member_table {
public:
  /// The log must outlive the table.
  member_table(export_log& log, unsigned shards, const export_limits& limits);

  member_slot join(const member_options& options);
  void leave(member_slot m);
  /// See `export_group`; fills in what is told of the shards.
  void hand_over(member_slot m, handover& what);
  void release(neighbor_index n) { handed_over_.erase(n); }
  bool any() const { return used_ != 0; }
  std::size_t count() const { return used_; }
  /// Whether some member does not read the log.
  bool any_absent() const { return !absent_.empty(); }
  /// The member whose routes these are, or `no_member`.
  member_slot slot_of(neighbor_index n) const {
    const auto i = static_cast<std::size_t>(n);
    return i < slots_.size() ? slots_[i] : no_member;
  }
  neighbor_index neighbor_of(member_slot m) const { return at(m).neighbor; }
  /// Path ids up to this one may be known to it from elsewhere.
  std::uint32_t known_ids(member_slot m) const { return at(m).known_ids; }
  bool speaks(member_slot m, std::size_t family) const {
    return (at(m).families >> family & 1) != 0;
  }
  /// Calls `visit(slot)` for every member.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (member_slot m = 0; m < members_.size(); ++m)
      if (members_[m].used)
        visit(m);
  }

  // -- what is owed ----------------------------------------------------------

  void owe(member_slot m, unsigned shard, std::size_t family, prefix_number n);
  /// The numbers of a shard and family lie below this.
  void set_number_limit(unsigned shard, std::size_t family,
                        prefix_number limit);
  /// Owes a number to all who are meant and do not read the log.
  void owe_absent(admission who, unsigned shard, std::size_t family,
                  prefix_number n);
  bool is_owed(member_slot m, unsigned shard, std::size_t family,
               prefix_number n) const {
    return at(m).shards[shard].owed[family].contains(n);
  }
  /// Whether somebody is owed a number who may know what is told no more.
  bool is_owed_withdrawals(unsigned shard, std::size_t family,
                           prefix_number n) const;
  std::uint64_t owed(member_slot m, std::size_t family) const;
  /// Our default route of a family must be told to a member, or withdrawn.
  void owe_default(member_slot m, std::size_t family) {
    at(m).defaults |= at(m).families & 1U << family;
  }
  /// Members who read the log and are owed that; each is returned once.
  std::vector<member_slot> take_defaults(std::size_t family);
  /// What is not told any more must be withdrawn from it, too.
  void owe_withdrawals(member_slot m) { at(m).withdrawals = true; }
  /// Members whose End-of-RIB for a family is due; each is returned once.
  std::vector<member_slot> take_end_of_rib(std::size_t family);

  // -- refreshes (RFC 7313 §4) -----------------------------------------------

  bool marks_refreshes(member_slot m) const { return at(m).enhanced_refresh; }
  void want_refresh(member_slot m, std::size_t family) {
    at(m).refresh_wanted |= 1U << family;
  }
  /// Members whose refresh of a family begins now; each is returned once.
  std::vector<member_slot> take_refresh_begins(std::size_t family);
  /// Members that were told everything since; each is returned once.
  std::vector<member_slot> take_refresh_ends(std::size_t family);

  // -- slow members ----------------------------------------------------------

  /// Makes members that are too far behind leave the log; returns how many.
  std::size_t drop_slow();
  /// Makes one leave the log that writes and has more to read; whether it does.
  bool set_aside(member_slot m);
  void taken(member_slot m, std::size_t bytes);
  /// A member without anything in flight reads the log again.
  void written(member_slot m, std::size_t bytes);
  bool has_room(member_slot m) const {
    return at(m).in_flight < limits_.window;
  }
  /// Whether somebody has taken what it has yet to write.
  bool any_writing() const { return writing_ != 0; }
  /// Those who write now do not count in `any_writing` until they have written
  /// everything.
  void wait_no_longer();

  // -- requests --------------------------------------------------------------

  /// `held`: shards that have not told all yet; they are not asked, so that
  /// nothing is withdrawn because it was not told yet.
  std::vector<export_group::shard_request>
  take_requests(const std::vector<bool>& held);
  /// What an answer is about; nothing if nobody waits for it any more.
  std::optional<resync_slice> take_answered(const resync_tag& tag);
  /// Who is to be told an answer about the slice at the end of the log.
  resync_plan plan(const resync_slice& slice) const;
  /// They are not owed the slice any more.
  void settle(const resync_plan& plan, const resync_slice& slice);
  /// Forgets requests in flight, of one shard or of all.
  void forget_requests(std::optional<unsigned> shard);

  // -- sequences -------------------------------------------------------------

  /// The log tells everything up to this sequence of a shard.
  void flushed(unsigned shard, std::uint64_t sequence);
  std::uint64_t safe_through(unsigned shard) const;

  member_backlog backlog_of(member_slot m) const;
  /// What is wrong with the structure; empty when sound.
  std::string check() const;

private:
  struct owed_shard {
    std::array<number_set, family_count> owed;
    /// Safe sequence at the time when the first of these was owed.
    std::uint64_t safe = 0;
    /// Where in the log the last answer about them ends: until the member has
    /// read so far it may come to be owed them again.
    std::uint64_t answered = 0;
    std::uint64_t size() const { return owed[0].size() + owed[1].size(); }
  };
  struct member {
    bool used = false;
    bool withdrawals = false;
    bool writing = false; // counts in `any_writing`
    neighbor_index neighbor{};
    std::uint32_t known_ids = 0;
    unsigned families = 0; // a bit for each place
    bool enhanced_refresh = false;
    unsigned end_of_rib = 0;     // a bit for each place: still to be told
    unsigned defaults = 0;       // likewise: our default route
    unsigned refresh_wanted = 0; // likewise: BoRR is still to be told
    unsigned refreshing = 0;     // likewise: EoRR is
    std::size_t in_flight = 0;   // bytes taken and not yet written
    std::vector<owed_shard> shards;
  };
  struct request {
    resync_slice slice;
    std::uint32_t id = 0;
  };
  struct sequence_mark {
    std::uint64_t position = 0; // in the log
    std::uint64_t sequence = 0;
  };
  struct shard_marks {
    std::deque<sequence_mark> marks;
    std::uint64_t safe = 0;    // everybody who reads has read it
    std::uint64_t flushed = 0; // last
  };

  member& at(member_slot m) { return members_[m]; }
  const member& at(member_slot m) const { return members_[m]; }
  std::uint64_t owed(const member& m) const;
  /// Whether the member's `safe` bounds what is safe of the shard.
  bool holds(member_slot m, unsigned shard) const;
  std::uint64_t backlog(member_slot m) const;
  void leave_log(member_slot m);
  void stop_writing(member& m) {
    writing_ -= std::exchange(m.writing, false) ? 1U : 0U;
  }
  void owe_former(member_slot m, const handover& former);
  void unread_mark(member& each, const log_chunk& c, unsigned& seen);
  void advance(shard_marks& marks) const;
  bool ask_for(member_slot m, const std::vector<bool>& held,
               std::vector<export_group::shard_request>& out);
  std::optional<resync_slice> next_slice(member_slot m, unsigned shard,
                                         std::size_t family) const;
  std::size_t requests_of(unsigned shard) const;
  std::uint64_t count(const member& m, const resync_slice& slice) const;

  export_log* log_;
  export_limits limits_;
  std::vector<member> members_;
  std::vector<member_slot> slots_;  // by neighbour index
  std::vector<member_slot> absent_; // members that do not read the log
  std::size_t used_ = 0;
  std::size_t writing_ = 0;
  std::vector<request> requests_;
  std::uint32_t next_request_ = 1;
  member_slot next_lead_ = 0;
  mutable std::vector<shard_marks> marks_; // by shard
  using family_limits = std::array<prefix_number, family_count>;
  std::vector<family_limits> limits_of_; // by shard
  /// Members that moved, and the safe sequence of each shard at that time.
  std::map<neighbor_index, std::vector<std::uint64_t>> handed_over_;
};

} // namespace troupe::rib
