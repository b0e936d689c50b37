#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::rib {

/// A prefix with the lengths it stands for: "10.0.0.0/8" only itself,
/// "10.0.0.0/8+" itself and all below it, "10.0.0.0/8{16,24}" what lies in it
/// with a length from 16 to 24.
struct prefix_range {
  protocol::prefix covering;
  std::uint8_t shortest = 0; ///< covering.length() or more
  std::uint8_t longest = 0;  ///< 32 or 128 or less

  /// Only this prefix itself.
  static prefix_range exactly(const protocol::prefix& p);
  /// Reads one of the three forms; nothing if it is malformed, has host bits
  /// or lengths out of order.
  static std::optional<prefix_range> parse(std::string_view text);
  /// Whether the prefix is one of those that the range stands for.
  bool matches(const protocol::prefix& p) const;
  friend auto operator<=>(const prefix_range&, const prefix_range&) = default;
};

/// The shortest of the three forms.
std::string to_string(const prefix_range& range);

/// An immutable list of ranges, ready to be asked. Copies share the storage;
/// equal by value.
class prefix_list {
public:
  prefix_list() = default;
  explicit prefix_list(std::vector<prefix_range> ranges);
  /// The ranges in the order given; lives as long as any copy.
  const std::vector<prefix_range>& ranges() const;
  /// Whether one of the ranges matches. An exact list of any size takes one
  /// binary search, others one for each covering length at most.
  bool matches(const protocol::prefix& p) const;
  /// Equal lists have equal hashes, in every run.
  std::uint64_t hash() const;
  friend bool operator==(const prefix_list& a, const prefix_list& b);

private:
  struct storage;
  std::shared_ptr<const storage> storage_;
};

/// AS numbers from `first` to `last`, both included.
struct as_range {
  protocol::as_number first = 0;
  protocol::as_number last = 0;

  /// Reads "64512" or "64512-65534"; nothing if malformed or out of order.
  static std::optional<as_range> parse(std::string_view text);
  friend auto operator<=>(const as_range&, const as_range&) = default;
};

/// "64512" or "64512-65534".
std::string to_string(const as_range& range);

/// Communities (RFC 1997) whose bits under `mask` are those of `value`.
struct community_pattern {
  std::uint32_t value = 0;
  std::uint32_t mask = 0xffffffffU;

  /// Reads "65000:100", "65000:*", "*:100", "*:*", or a well-known name
  /// ("no_export", "no_advertise", "no_export_subconfed", "no_peer",
  /// "blackhole", "graceful_shutdown"); nothing if it is malformed.
  static std::optional<community_pattern> parse(std::string_view text);
  bool is_exact() const { return mask == 0xffffffffU; }
  bool matches(std::uint32_t c) const { return (c & mask) == value; }
  friend auto operator<=>(const community_pattern&,
                          const community_pattern&) = default;
};

/// The form that `parse` reads; numbers also for well-known communities.
std::string to_string(const community_pattern& pattern);

/// Large communities (RFC 8092); a part without a value matches any number.
struct large_community_pattern {
  std::array<std::optional<std::uint32_t>, 3> parts;

  /// Reads "65000:1:2", with "*" for any part; nothing if it is malformed.
  static std::optional<large_community_pattern> parse(std::string_view text);
  bool is_exact() const { return parts[0] && parts[1] && parts[2]; }
  friend auto operator<=>(const large_community_pattern&,
                          const large_community_pattern&) = default;
};

/// The form that `parse` reads.
std::string to_string(const large_community_pattern& pattern);

/// From whom a route was learned.
enum class route_source_kind : std::uint8_t { local, internal, external };

/// "local", "internal", "external".
std::string to_string(route_source_kind kind);

/// What a rule asks of a route. All fields present must hold; of the entries of
/// one field any will do, so that an empty list holds for no route.
struct policy_match {
  std::optional<prefix_list> prefixes;
  /// RE2 expression, searched (not anchored) in the path as text: the AS
  /// numbers with one space between, sets as {1,2}, "" for an empty path.
  std::optional<std::string> as_path;
  std::optional<std::vector<community_pattern>> communities;
  std::optional<std::vector<large_community_pattern>> large_communities;
  /// The last AS of the path; the own AS stands for an empty path.
  std::optional<std::vector<as_range>> origin_as;
  /// Names of the neighbours from which the route was learned; the name of a
  /// range of dynamic neighbours stands for all of them.
  std::optional<std::vector<std::string>> neighbor;
  std::optional<std::vector<protocol::prefix>> next_hop;
  std::optional<std::vector<route_source_kind>> source;
  friend bool operator==(const policy_match&, const policy_match&) = default;
};

/// How communities change: first replaced, then removed, then added.
template <class Pattern>
struct community_edit {
  std::optional<std::vector<Pattern>> set; ///< exact ones only
  std::vector<Pattern> remove;
  std::vector<Pattern> add; ///< exact ones only
  bool is_empty() const { return !set && remove.empty() && add.empty(); }
  friend bool operator==(const community_edit&,
                         const community_edit&) = default;
};

/// What a rule does to a route that it matches.
struct policy_set {
  std::optional<std::uint32_t> local_pref;
  std::optional<std::uint32_t> med;
  community_edit<community_pattern> communities;
  community_edit<large_community_pattern> large_communities;
  /// How often the AS of the speaker is prepended: on import the neighbour's,
  /// on export the own one (in addition to what RFC 4271 §5.1.2 demands).
  std::uint8_t prepend = 0;
  std::optional<protocol::ip_address> next_hop;
  bool is_empty() const { return *this == policy_set{}; }
  friend bool operator==(const policy_set&, const policy_set&) = default;
};

/// What follows a matching rule; `next` goes on to the next rule.
enum class policy_action : std::uint8_t { accept, reject, next };

/// "accept", "reject", "next".
std::string to_string(policy_action action);

/// One rule of a named policy.
struct policy_rule {
  std::string name; ///< may be empty
  policy_match match;
  policy_set set;
  policy_action then = policy_action::next;
  friend bool operator==(const policy_rule&, const policy_rule&) = default;
};

/// A named policy: its rules are tried in order until one decides.
struct policy_definition {
  std::vector<policy_rule> rules;
  friend bool operator==(const policy_definition&,
                         const policy_definition&) = default;
};

/// Names a policy_definition of the same router.
struct policy_name {
  std::string name;
  friend bool operator==(const policy_name&, const policy_name&) = default;
};

/// One link of a chain: accept all, reject all, a named policy, or a list of
/// prefixes that are accepted (others go on to the next link).
using chain_step = std::variant<policy_action, policy_name, prefix_list>;

/// The links of an import or export policy, tried in order until one decides;
/// a route that reaches the end is rejected.
using chain_definition = std::vector<chain_step>;

} // namespace troupe::rib
