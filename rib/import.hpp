#pragma once

#include "protocol/error.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/capability.hpp"
#include "protocol/wire/path_attributes.hpp"
#include "rib/policy.hpp"
#include "rib/route_batch.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::rib {

/// Our place in a confederation (RFC 5065 §1.2).
struct confederation_facts {
  protocol::as_number identifier = 0;
  protocol::as_number member_as = 0; ///< our own
  friend bool operator==(const confederation_facts&,
                         const confederation_facts&) = default;
};

/// What the import of one session depends on, besides the bytes.
struct import_settings {
  neighbor_facts neighbor;
  std::uint32_t incarnation = 0;    ///< of its session, for its batches
  protocol::as_number local_as = 0; ///< towards this peer
  std::optional<confederation_facts> confederation;
  /// Other AS numbers that are ours, too: the router's beside a `local_as`.
  std::vector<protocol::as_number> further_own_as;
  /// How often our AS numbers may stand in a path before that is a loop.
  unsigned allow_own_as = 0;
  /// Our own BGP identifier and cluster id: routes that carry them as
  /// ORIGINATOR_ID or in CLUSTER_LIST are our own (RFC 4456 §8).
  protocol::router_id local_id;
  protocol::router_id cluster_id;
  /// Our address of the session: no next hop of a peer's route (RFC 4271
  /// §5.1.3).
  protocol::ip_address local_address;
  bool as4 = true;
  bool extended_next_hop = false; ///< RFC 8950
  bool enforce_first_as = true;
  /// Ours, on an external session that has one (RFC 9234 §4).
  std::optional<protocol::wire::bgp_role> role;
  bool aigp = false; ///< AIGP_SESSION (RFC 7311 §3.3)
  /// Routes of an external peer with GRACEFUL_SHUTDOWN get LOCAL_PREF 0, after
  /// the policy (RFC 8326 §4).
  bool honor_graceful_shutdown = true;
  /// We are about to shut the session down: the same for all its routes.
  bool graceful_shutdown = false;
  unsigned shards = 1;
  struct family_settings {
    bool add_path = false; ///< path ids are on the wire (RFC 7911)
    policy_chain policy;   ///< rejects by default (RFC 8212)
    friend bool operator==(const family_settings&,
                           const family_settings&) = default;
  };
  /// The negotiated families; routes of others are ignored (RFC 4760 §6 is
  /// answered by the caller's choice: counted, session kept).
  std::map<protocol::family, family_settings> families;
  /// Agreed upon, but given up: see `importer::disable`. None of `families`.
  std::set<protocol::family> disabled;
};

/// Why an UPDATE was not taken: the NOTIFICATION, and where it allows that, the
/// family that may be disabled instead of ending the session (RFC 7606 §2).
struct import_error : protocol::decode_error {
  std::optional<protocol::family> confined_to;
  friend bool operator==(const import_error&, const import_error&) = default;
};

/// Something about an UPDATE that the log must tell.
struct import_note {
  protocol::verdict verdict = protocol::verdict::accept;
  std::uint8_t attribute = 0; ///< type code, 0 when none is to blame
  std::string_view reason;    ///< static text
};

struct import_counters {
  std::uint64_t updates = 0;
  std::uint64_t announced = 0;     ///< prefixes
  std::uint64_t withdrawn = 0;     ///< prefixes
  std::uint64_t rejected = 0;      ///< prefixes, by policy or what follows
  std::uint64_t loops = 0;         ///< UPDATEs with our own AS or identifier
  std::uint64_t bad_next_hops = 0; ///< UPDATEs (RFC 4271 §6.3)
  std::uint64_t leaks = 0;         ///< UPDATEs (RFC 9234 §5)
  std::uint64_t treated_as_withdraw = 0;
  std::uint64_t attributes_discarded = 0;
  std::uint64_t not_negotiated = 0; ///< prefixes of families that are off
  std::uint64_t pool_hits = 0;
  std::uint64_t pool_misses = 0;
};

/// Turns UPDATEs of one session into batches for the shards: decodes in place,
/// interns attribute sets, runs the import policy once per set where it may.
/// Knows no socket and no actor; belongs to one connection.
class importer {
public:
  importer(attribute_pool& pool, import_settings settings);
  ~importer();
  importer(importer&&) noexcept;

  /// Takes the body of an UPDATE. An error ends the session, or its family is
  /// disabled and the UPDATE given once more; nothing of it is kept.
  std::optional<import_error> update(std::span<const std::uint8_t> body);

  /// Takes back all routes that an UPDATE tells or takes back, without a look
  /// at its other attributes. The error of NLRI that cannot be read.
  std::optional<import_error> withdraw(std::span<const std::uint8_t> body);

  /// `input` begins with the message behind the one that comes next: starts to
  /// load what it will be looked up in. Nothing is judged, and it need not
  /// come.
  void expect(std::span<const std::uint8_t> input);

  /// Takes back all that was told of a family, and ignores from now on what is:
  /// "AFI/SAFI disable" (RFC 4760 §7). It must be one of the settings'
  /// families, and everything decoded before must have been taken.
  void disable(protocol::family family);

  /// The peer begins to tell a family again (BoRR, RFC 7313 §4), or has told
  /// all of it (EoRR). Families that are off are ignored. Everything decoded
  /// before a `begin_round` must have been taken.
  void begin_round(protocol::family family);
  void end_round(protocol::family family);

  /// What was decoded since the last call, a batch for each shard concerned
  /// with its sequence; `bytes` of read credit are shared out among them. Empty
  /// when no UPDATE said anything.
  struct shard_batch {
    unsigned shard = 0;
    std::shared_ptr<route_batch> batch;
  };
  std::vector<shard_batch> take(std::size_t bytes);
  /// Prefixes decoded since the last `take`.
  std::size_t pending() const;

  /// What the last `update` had to note; valid until the next call.
  const std::vector<import_note>& notes() const;
  /// Families whose End-of-RIB came with the last `update` (RFC 4724 §2).
  const std::vector<protocol::family>& ends_of_rib() const;
  const import_counters& counters() const;
  const import_settings& settings() const;
  /// Another policy for what comes from now on.
  void change(import_settings settings);

private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

/// What the decision and the admission read of canonical attributes.
attribute_summary summarize(const protocol::wire::path_attributes& attributes);

} // namespace troupe::rib
