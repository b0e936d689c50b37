#pragma once

#include "protocol/wire/path_attributes.hpp"
#include "rib/attribute_pool.hpp"
#include "rib/export_group.hpp"
#include "rib/export_transform.hpp"

#include <rapidcheck.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::rib::testing {

using byte_vector = std::vector<std::uint8_t>;

/// Small domains, with ties and boundaries: full segments, large AS numbers.
rc::Gen<protocol::wire::path_attributes> any_attributes();

/// IPv4 or IPv6 unicast.
inline protocol::family family_of(const protocol::prefix& p) {
  return p.address().is_v4() ? protocol::ipv4_unicast : protocol::ipv6_unicast;
}

byte_vector canonical(const protocol::wire::path_attributes& attributes);
/// The set of these attributes, one reference for the caller.
attribute_handle intern(attribute_pool& pool,
                        const protocol::wire::path_attributes& attributes);

/// An eBGP path of one AS.
protocol::wire::path_attributes simple_path(protocol::as_number as);

/// eBGP, both families, accepts all, our next hops set.
export_settings accept_all_settings();

/// What RFC 4271 demands that the members are told, over values: the oracle of
/// the transform. `traits` are bits of `export_trait`.
protocol::wire::path_attributes
told_by_the_book(protocol::wire::path_attributes attributes,
                 const export_settings& settings, std::uint8_t traits,
                 const protocol::ip_address& next_hop);

/// The path id of a default route of our own, where there are any.
inline constexpr std::uint32_t default_id = 0xffffffff;

/// The other end of a member: decodes what is written to it. Between BoRR and
/// EoRR it does as RFC 7313 §4 says.
class receiver {
public:
  explicit receiver(const export_settings& settings);

  /// Takes whole messages; fails the test on anything malformed.
  void read(std::span<const std::uint8_t> bytes);
  void read(const std::vector<output_slice>& slices);

  /// Prefix -> canonical attributes, of families without ADD-PATH.
  std::map<protocol::prefix, byte_vector> table;
  /// Prefix -> path id -> canonical attributes, of those with it.
  std::map<protocol::prefix, std::map<std::uint32_t, byte_vector>> paths;
  /// What it has of a prefix, in either form; sorted.
  std::vector<byte_vector> held(const protocol::prefix& p) const;
  /// All prefixes of which it has something.
  std::set<protocol::prefix> prefixes() const;
  std::map<protocol::family, unsigned> ends_of_rib;
  std::map<protocol::family, unsigned> refreshes; ///< that have ended
  /// Families between BoRR and EoRR, with what was not told again yet.
  using path_name = std::pair<protocol::prefix, std::uint32_t>;
  std::map<protocol::family, std::set<path_name>> stale;
  /// It has a path of a prefix, with whatever attributes.
  void know(const protocol::prefix& p, std::uint32_t id);
  /// Whether BoRR may come before End-of-RIB: it was told elsewhere.
  bool told_before = false;
  std::vector<std::size_t> sizes; ///< of each message
  /// "+p", "-p", with "#id" behind it where there is one, "<", ">" in order.
  std::vector<std::string> events;
  std::uint64_t announced = 0;
  std::uint64_t withdrawn = 0;

private:
  void update(std::span<const std::uint8_t> body);
  void refresh(std::span<const std::uint8_t> body);
  void remove(const path_name& path);

  export_settings settings_;
  std::uint32_t marks_ = 0;
};

/// A path that a shard tells of a prefix.
struct best_route {
  attribute_ref set = attribute_ref::none; ///< the tests hold the reference
  neighbor_index source{};
  protocol::peer_kind kind = protocol::peer_kind::external;
  source_kind origin = source_kind::bgp;
  std::uint32_t path_id = 0; ///< as received
};

/// Plays a shard towards one exporter: numbers, owed changes, credit, answers.
/// A number is used again only when `safe_through` allows it.
class fake_shard {
public:
  explicit fake_shard(attribute_pool& pool) : pool_(&pool) {}

  void set(const protocol::prefix& p, const best_route& best);
  /// All candidates of a prefix, the best one first.
  void set(const protocol::prefix& p, std::vector<best_route> candidates);
  std::optional<best_route> best(const protocol::prefix& p) const;
  std::optional<prefix_number> number_of(const protocol::prefix& p) const;
  const std::map<protocol::prefix, std::vector<best_route>>& routes() const {
    return routes_;
  }

  /// The next batch, if something is owed and there is credit.
  std::shared_ptr<const change_batch> collect(std::size_t most);
  std::shared_ptr<const change_batch> answer(const resync_request& request);
  void acknowledge(std::uint64_t sequence, std::uint64_t safe_through);
  /// The exporter's actor is a new one: what is not acknowledged is owed again.
  void restart();
  prefix_number limit(protocol::family f) const;
  bool is_quiet() const { return owed_.empty() && in_flight_.empty(); }

private:
  struct numbered {
    std::optional<protocol::prefix> prefix;
  };
  using family_numbers = std::vector<numbered>;
  using name = std::pair<protocol::family, prefix_number>;

  prefix_number allocate(const protocol::prefix& p);
  void add(change_batch& batch, const name& n) const;

  attribute_pool* pool_;
  std::map<protocol::prefix, std::vector<best_route>> routes_;
  std::map<protocol::prefix, prefix_number> numbers_;
  std::map<protocol::family, family_numbers> prefixes_;
  std::set<name> owed_;
  std::map<std::uint64_t, std::vector<name>> in_flight_;
  /// Numbers of withdrawn prefixes, by the sequence that said so.
  std::multimap<std::uint64_t, name> withdrawn_;
  std::set<name> free_;
  std::uint64_t sequence_ = 0;
};

} // namespace troupe::rib::testing
