#pragma once

#include "rib/change.hpp"
#include "rib/policy.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::rib {

/// How one family is told to the members of a group.
struct export_family {
  /// The next hop that is set, if one is (configured, or our own address).
  std::optional<protocol::ip_address> next_hop;
  /// Whether a path keeps the next hop it came with, where it has one of a
  /// usable family (iBGP without next_hop_self).
  bool keep_next_hop = false;
  bool add_path = false;          ///< path ids are on the wire (RFC 7911)
  bool extended_next_hop = false; ///< RFC 8950
  policy_chain policy;            ///< reject by default (RFC 8212)

  friend bool operator==(const export_family&, const export_family&) = default;
};

/// Everything that makes two neighbours be told the same bytes: the key of an
/// update group (DESIGN §4.6).
struct export_settings {
  protocol::peer_kind kind = protocol::peer_kind::external;
  protocol::as_number local_as = 0;
  bool as4 = true;
  std::size_t max_message_size = 4096;
  std::map<protocol::family, export_family> families;

  friend bool operator==(const export_settings&,
                         const export_settings&) = default;
};

/// A member's place in its group.
enum class member_index : std::uint32_t {};

struct member_options {
  neighbor_index neighbor{}; ///< its own routes are not told to it
  std::vector<protocol::family> families;
  /// Whether the peer was told routes before (it moved here from another
  /// group), so that what this group does not tell must be withdrawn.
  bool told_before = false;
  bool send_end_of_rib = true;
};

/// Encoded messages to write to one member, shared with the others.
struct output_slice {
  std::shared_ptr<const std::vector<std::uint8_t>> block;
  std::size_t offset = 0;
  std::size_t size = 0;
};

struct export_limits {
  std::size_t block_size = 64 * 1024;
  /// A member further behind the end of the log than this leaves it and keeps
  /// only the set of prefixes that it is owed.
  std::size_t log_bound = 64 * 1024 * 1024;
  std::uint32_t resync_numbers = 2048; ///< per request
};

struct export_statistics {
  std::uint64_t changes = 0;   ///< taken from shards
  std::uint64_t encodings = 0; ///< prefixes encoded, once for the whole group
  std::uint64_t updates = 0;   ///< messages encoded
  std::uint64_t bytes = 0;
  std::uint64_t log_bytes = 0; ///< held now
  std::uint64_t resyncs = 0;   ///< members that left the log
  std::uint64_t too_big = 0;   ///< routes that fit no message (RFC 8654 §4)
};

/// The Adj-RIB-Out of all neighbours that are told the same: one state per
/// prefix, one encoding, one log of encoded messages with a cursor per member.
/// Knows no actor, socket or clock; outlives its actor (DESIGN §5).
class export_group {
public:
  export_group(attribute_pool& pool, export_settings settings, unsigned shards,
               export_limits limits = {});
  ~export_group();
  export_group(const export_group&) = delete;
  export_group& operator=(const export_group&) = delete;

  const export_settings& settings() const;

  // -- members
  // -----------------------------------------------------------------

  /// A new member is brought up to date by resync requests, then End-of-RIB.
  member_index join(const member_options& options);
  void leave(member_index member);
  /// Starts to tell a member everything again (ROUTE-REFRESH, RFC 2918).
  void refresh(member_index member, protocol::family family);

  // -- from the shards
  // ------------------------------------------------------------

  /// Takes a batch of a shard: updates the Adj-RIB-Out and what must be
  /// encoded.
  void apply(unsigned shard, const change_batch& batch);
  /// Sets the range that a full walk of a shard covers.
  void set_number_limit(unsigned shard, protocol::family family,
                        prefix_number limit);
  /// Encodes everything pending into the log.
  void flush();
  /// What must be asked of the shards now; each is returned once.
  struct shard_request {
    unsigned shard = 0;
    resync_request request;
  };
  std::vector<shard_request> take_requests();
  /// The shard sequence up to which nobody is owed anything; see
  /// `shard_table::acknowledge`.
  std::uint64_t safe_through(unsigned shard) const;

  // -- to the members
  // ----------------------------------------------------------------

  /// Members that have something to be written and room for it.
  std::vector<member_index> ready() const;
  /// The next bytes for a member, at most about `bytes` (whole messages), and
  /// moves its cursor. Empty when it is up to date.
  std::vector<output_slice> take_output(member_index member, std::size_t bytes);
  /// So many bytes of a member were written; it has room again.
  void written(member_index member, std::size_t bytes);

  // -- views
  // ---------------------------------------------------------------------------

  const export_statistics& statistics() const;
  /// Prefixes told to a member in a family.
  std::uint64_t advertised(member_index member, protocol::family family) const;
  /// Whether a prefix is told to a member and with which canonical attributes
  /// (as exported); for the view `advertised` and for explain.
  std::optional<std::vector<std::uint8_t>> told(member_index member,
                                                unsigned shard,
                                                protocol::family family,
                                                prefix_number number) const;
  /// Checks the structure; empty when sound.
  std::string check() const;

private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

} // namespace troupe::rib
