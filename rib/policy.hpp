#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/path_attributes.hpp"
#include "rib/path.hpp"
#include "rib/policy_definition.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::rib {

/// A route as a policy sees it. Refers to values of the caller.
struct policy_input {
  /// May be null for a policy that does not depend on the prefix.
  const protocol::prefix* prefix = nullptr;
  /// On import as received, on export as in the Loc-RIB, before our own AS and
  /// next hop are set.
  const protocol::wire::path_attributes& attributes;
  /// From whom the route was learned, also on export.
  const neighbor_facts& source;
  /// The AS that `prepend` repeats, and that stands for the origin of an empty
  /// path: on import the neighbour's, on export our own towards the peer.
  protocol::as_number prepend_as = 0;
  /// Whether that is a member AS of our confederation, which no AS_SEQUENCE may
  /// hold (RFC 5065 §4.1).
  bool prepends_member = false;
};

struct policy_result {
  bool accepted = false;
  /// What decided, for explain: "accept", "reject", "allow", "end of policy",
  /// or "NAME[INDEX] RULE". Lives as long as the policy or a copy of it.
  std::string_view decided_by;
  /// The attributes after all `set` parts of the rules passed; nothing where
  /// they did not change, or the route was rejected.
  std::optional<protocol::wire::path_attributes> modified;
};

namespace detail {
class compiled_policy;
} // namespace detail

/// An import or export policy, ready to run: the links of its chain tried in
/// order until one decides; a route that reaches the end is rejected. An
/// immutable value: copies share the storage, and any number of threads may
/// evaluate at once. Equal by what it does, named policies also by name.
class policy_chain {
public:
  /// Rejects everything (RFC 8212).
  policy_chain() = default;
  static policy_chain accept_all();
  static policy_chain reject_all();

  /// Accepts everything unchanged, whatever the input.
  bool accepts_all() const { return accepts_all_; }
  /// Rejects everything, whatever the input.
  bool rejects_all() const { return rejects_all_; }
  /// Whether routes with equal attributes and source may be judged differently
  /// for their prefix. If not, one run does for a whole UPDATE.
  bool depends_on_prefix() const { return depends_on_prefix_; }
  /// Whether the source of the route is looked at.
  bool depends_on_source() const { return depends_on_source_; }

  /// Judges a route, in time linear in the rules and logarithmic in the
  /// prefixes of each. Asking a chain that depends on the prefix without one is
  /// our mistake.
  policy_result evaluate(const policy_input& input) const;

  /// Equal chains have equal hashes, in every run and on every node.
  std::uint64_t hash() const { return hash_; }
  friend bool operator==(const policy_chain& a, const policy_chain& b);

private:
  friend class policy_library;
  using link = std::shared_ptr<const detail::compiled_policy>;
  void append(link next);

  std::vector<link> links_;
  std::uint64_t hash_ = 0;
  bool accepts_all_ = false;
  bool rejects_all_ = true;
  bool depends_on_prefix_ = false;
  bool depends_on_source_ = false;
};

/// What is wrong with a definition.
struct policy_error {
  std::string policy;   ///< its name
  std::size_t rule = 0; ///< index
  std::string field;    ///< "match.as_path"
  std::string text;
  friend bool operator==(const policy_error&, const policy_error&) = default;
};

/// The named policies of a router, compiled once and shared by all chains.
class policy_library {
public:
  /// Every error of the definitions that only compiling shows.
  static std::vector<policy_error>
  check(const std::map<std::string, policy_definition>& definitions);

  policy_library() = default;
  /// Compiles the definitions. One with an error (see `check`) is our mistake:
  /// the configuration should have been refused.
  explicit policy_library(
      const std::map<std::string, policy_definition>& definitions);

  /// The chain ready to run; nothing if it names an unknown policy. What is
  /// made from the same library shares the storage of named policies.
  std::optional<policy_chain> make(const chain_definition& definition) const;

private:
  std::map<std::string, policy_chain::link, std::less<>> named_;
};

} // namespace troupe::rib
