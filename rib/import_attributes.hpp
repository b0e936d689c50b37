#pragma once

#include "protocol/wire/update.hpp"
#include "rib/import.hpp"
#include "rib/import_rules.hpp"

#include <array>
#include <unordered_map>

namespace troupe::rib {

/// The set of new paths, `none` for a withdrawal.
struct resolved_set {
  attribute_ref attributes = attribute_ref::none;
  std::uint8_t flags = 0; ///< bits of `path_flag`
};

/// One prefix's verdict; holds a reference.
struct judged_set {
  attribute_handle attributes;
  std::uint8_t flags = 0;
};

/// What the attributes of one UPDATE come to for its NLRI of one kind.
struct resolution {
  enum class kind : std::uint8_t {
    withdraw,   ///< treat-as-withdraw (RFC 7606 §2)
    one_set,    ///< `set` for every prefix
    per_prefix, ///< ask `attribute_resolver::judge` for each prefix
  };
  kind what = kind::withdraw;
  resolved_set set;        ///< `holder` keeps it alive
  attribute_handle holder; ///< as received, or as the policy left it
  bool hit = false;        ///< the raw bytes were known
  refusal why = refusal::none;
  std::vector<protocol::wire::attribute_error> errors;
  std::optional<protocol::decode_error> reset;
};

/// Turns the raw attributes of UPDATEs into interned sets: looks the raw bytes
/// up first, decodes only what is new, then runs the import policy.
class attribute_resolver {
public:
  /// The settings are referred to; `change` tells of new ones.
  attribute_resolver(attribute_pool& pool, const import_settings& settings);

  /// The set for the NLRI field (`classic`) or for MP_REACH_NLRI.
  resolution resolve(const protocol::wire::update_sections& sections,
                     const protocol::wire::mp_sections& mp, bool classic);
  /// The attributes of the message behind the one that comes next: starts to
  /// load what they are looked up in. Empty if they will not be.
  void expect(std::span<const std::uint8_t> attributes);
  /// The policy's verdict on one prefix, after `per_prefix`.
  judged_set judge(const resolution& found, protocol::family family,
                   const protocol::prefix& prefix);
  void change(const import_settings& settings);

private:
  struct verdict_of_policy {
    attribute_handle received; // keeps the key's name from being used again
    attribute_handle result;
    std::uint8_t flags = 0;
  };

  struct expected {
    std::span<const std::uint8_t> bytes;
    std::uint32_t hash = 0;
  };

  attribute_ref look_up(std::span<const std::uint8_t> bytes);
  bool may_look_up(const protocol::wire::update_sections& sections,
                   const protocol::wire::mp_sections& mp) const;
  std::span<const std::uint8_t>
  lookup_key(const protocol::wire::update_sections& sections,
             const protocol::wire::mp_sections& mp);
  bool may_reuse(attribute_ref known) const;
  bool begins_with_peer(attribute_ref known) const;
  attribute_handle decode(const protocol::wire::update_sections& sections,
                          const protocol::wire::mp_sections& mp, bool classic,
                          resolution& found);
  /// The set that `scratch_` encodes, and `attributes` are.
  attribute_handle intern(const protocol::wire::path_attributes& attributes);
  bool add_otc(resolution& found);
  bool is_shut_down(bool tagged) const;
  void apply_policy(protocol::family family, resolution& found);
  judged_set evaluate(attribute_ref set, const policy_chain& policy,
                      const protocol::prefix* prefix);

  attribute_pool* pool_;
  const import_settings* settings_;
  /// Of the message at hand and of two behind it. That these bytes may be
  /// others by now does no harm: they are not found under that hash.
  std::array<expected, 3> expected_{};
  std::vector<std::uint8_t> scratch_;
  /// Of the UPDATE at hand; keeps its memory.
  protocol::wire::attribute_result decoded_;
  /// Sets as received and with OTC.
  std::unordered_map<std::uint32_t, verdict_of_policy> tagged_;
  std::map<protocol::family,
           std::unordered_map<std::uint32_t, verdict_of_policy>>
      judged_;
};

} // namespace troupe::rib
