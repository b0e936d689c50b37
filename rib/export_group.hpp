#pragma once

#include "rib/change.hpp"
#include "rib/export_settings.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::rib {

/// A member's place in its group.
enum class member_index : std::uint32_t {};

/// What a group may have told a member that moves to another one.
struct handover {
  struct of_shard {
    /// By the place of the family: all that was told has lower numbers.
    std::array<prefix_number, 2> limits{};
    /// Of what was withdrawn up to this sequence the member has read.
    std::uint64_t safe = 0;
  };
  std::vector<of_shard> shards;
  std::uint32_t known_ids = 0; ///< path ids up to this one were told
  /// Of these a default route of our own was told.
  std::vector<protocol::family> defaults;
};

struct member_options {
  neighbor_index neighbor{}; ///< its own routes are not told to it
  std::vector<protocol::family> families;
  /// What another group, of the same shards, told it before: what of that this
  /// group does not tell must be withdrawn.
  std::optional<handover> former = std::nullopt;
  bool send_end_of_rib = true;
  /// Begin and end of a refresh are marked (RFC 7313).
  bool enhanced_refresh = false;
};

/// Encoded messages to write to one member, shared with the others. Bytes of a
/// block that a slice names never change; the group writes behind them.
struct output_slice {
  std::shared_ptr<const std::vector<std::uint8_t>> block;
  std::size_t offset = 0;
  std::size_t size = 0;
  std::uint32_t updates = 0;   ///< messages in it
  std::uint32_t refreshes = 0; ///< ROUTE-REFRESH messages in it
};

/// A path that is told to a member.
struct told_route {
  neighbor_index source{};
  /// As received from the source; absent: the best path, whichever it is.
  std::optional<std::uint32_t> received_id;
  std::uint32_t path_id = 0;            ///< as told; 0 without ADD-PATH
  std::vector<std::uint8_t> attributes; ///< canonical, as exported

  friend bool operator==(const told_route&, const told_route&) = default;
};

struct export_statistics {
  std::uint64_t changes = 0;     ///< taken from shards
  std::uint64_t encodings = 0;   ///< prefixes encoded, once for all members
  std::uint64_t updates = 0;     ///< messages encoded
  std::uint64_t bytes = 0;       ///< of these
  std::uint64_t log_bytes = 0;   ///< held now
  std::uint64_t resyncs = 0;     ///< members that left the log
  std::uint64_t too_big = 0;     ///< routes that fit no message (RFC 8654 §4)
  std::uint64_t filtered = 0;    ///< changes not told: policy, iBGP, community
  std::uint64_t no_next_hop = 0; ///< changes not told: no usable next hop
};

/// Octets that a group has allocated.
struct export_memory {
  std::size_t adj_rib_out = 0;
  std::size_t pending = 0; ///< changes that wait, and what encodes them
  std::size_t log = 0;     ///< encoded messages that somebody has yet to read
};

/// How far a member is behind.
struct member_backlog {
  std::uint64_t bytes = 0; ///< encoded and not yet written
  std::uint64_t owed = 0;  ///< prefixes that it is to be told from the table
  bool reads_log = true;   ///< or it was too slow, and is owed prefixes only
  std::size_t memory = 0;  ///< octets for what it is owed
};

/// The Adj-RIB-Out of all neighbours that are told the same: one state per
/// prefix, one encoding, one log of encoded messages with a cursor per member.
/// Knows no actor, socket or clock; outlives its actor (DESIGN §5).
///
/// The actor calls `flush` after `apply`, `join` and `refresh`, then sends what
/// `take_requests` and, for each member of `ready`, `take_output` return; it
/// does the same after `written`.
///
/// A member that joins, asks for a refresh or was too slow is owed a set of
/// prefix numbers. Keys are not stored here, so the shards are asked which
/// prefix a number names; what is told then is the state of this Adj-RIB-Out,
/// at the end of the log, once for all members that are owed about the same.
class export_group {
public:
  export_group(attribute_pool& pool, export_settings settings, unsigned shards,
               export_limits limits = {});
  ~export_group();
  export_group(const export_group&) = delete;
  export_group& operator=(const export_group&) = delete;

  const export_settings& settings() const;
  /// Whether changes and answers must come with their candidates.
  bool needs_candidates() const;

  // -- members ---------------------------------------------------------------

  /// A new member is brought up to date, then told End-of-RIB. Indexes of
  /// members that left are used again.
  member_index join(const member_options& options);
  void leave(member_index member);
  /// Lets a member go to another group. What it knows keeps its number until
  /// `release`; call that when the other group has acknowledged to the shards
  /// that it holds them.
  handover hand_over(member_index member);
  /// Idempotent, as the neighbour may be gone.
  void release(neighbor_index neighbor);
  /// Starts to tell a member everything again (ROUTE-REFRESH, RFC 2918). Where
  /// the marks are agreed upon it waits for End-of-RIB and for the end of a
  /// refresh that is under way (RFC 7313 §4).
  void refresh(member_index member, protocol::family family);

  // -- from the shards -------------------------------------------------------

  /// What export policies may ask of a source of routes. One that was never
  /// named here has no name and no address for them.
  void set_source(const neighbor_facts& facts);
  /// Takes a batch of a shard: updates the Adj-RIB-Out and what must be
  /// encoded; or takes the answer to a request.
  void apply(unsigned shard, const change_batch& batch);
  /// Sets the range that a full walk of a shard covers.
  void set_number_limit(unsigned shard, protocol::family family,
                        prefix_number limit);
  /// No member is told End-of-RIB or EoRR, and the shard is asked nothing,
  /// until `release_end_of_rib`: it has not yet told this group all that it had
  /// when the group was registered.
  void hold_end_of_rib(unsigned shard);
  void release_end_of_rib(unsigned shard);
  /// Encodes everything pending into the log.
  void flush();
  /// The same in slices, for about so many prefixes: begins a flush or goes on
  /// with one; whether it is done.
  bool flush(std::size_t budget);
  /// Whether a flush has begun that is not done.
  bool is_flushing() const;
  /// Prefixes that wait for a flush to begin.
  std::size_t pending() const;
  /// Whether what is pending may wait: it is little for so many members, and
  /// some of them still write what was told last. Prefixes of one attribute set
  /// that come in meanwhile share their messages then, whose cost is that of
  /// all members.
  bool may_wait() const;
  /// Waits no longer for the members that write now, until they have written
  /// all.
  void wait_no_longer();
  /// What must be asked of the shards now; each is returned once.
  struct shard_request {
    unsigned shard = 0;
    resync_request request;
  };
  std::vector<shard_request> take_requests();
  /// Requests in flight are lost (a new incarnation of the exporter's actor):
  /// `take_requests` returns them again, late answers are dropped.
  void ask_again();
  /// The same for the requests to one shard.
  void ask_again(unsigned shard);
  /// The shard sequence up to which nobody is owed anything; see
  /// `shard_table::acknowledge`.
  std::uint64_t safe_through(unsigned shard) const;

  // -- to the members --------------------------------------------------------

  /// Members that have something to be written and room for it.
  std::vector<member_index> ready() const;
  /// The next bytes for a member, whole messages, `bytes` or up to one block
  /// more, and moves its cursor. Empty when it is up to date.
  std::vector<output_slice> take_output(member_index member, std::size_t bytes);
  /// So many bytes of a member were written; it has room again.
  void written(member_index member, std::size_t bytes);
  /// A member that has not written what it took for too long leaves the log: it
  /// is told of what changes meanwhile only how it stands in the end.
  void set_aside(member_index member);

  // -- views -----------------------------------------------------------------

  export_statistics statistics() const;
  export_memory memory() const;
  member_backlog backlog(member_index member) const;
  /// Prefixes told to a member in a family; with ADD-PATH paths.
  std::uint64_t advertised(member_index member, protocol::family family) const;
  /// What of a prefix is told to a member; for the view `advertised` and for
  /// explain.
  std::vector<told_route> told(member_index member, unsigned shard,
                               protocol::family family,
                               prefix_number number) const;
  /// No higher path id was ever told by this group or known to a member that
  /// came from another one.
  std::uint32_t highest_path_id() const;
  /// Checks the structure; empty when sound.
  std::string check() const;

private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

} // namespace troupe::rib
