#pragma once

#include "rib/change.hpp"
#include "rib/export_transform.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace troupe::rib {

/// Where a route comes from, as far as its admission depends on it.
struct route_origin {
  neighbor_index source{};
  protocol::peer_kind kind = protocol::peer_kind::external;
  source_kind from = source_kind::bgp;
  friend auto operator<=>(const route_origin&, const route_origin&) = default;
};

/// Whether and as what a route is told to a group.
struct export_verdict {
  enum class reason : std::uint8_t { told, no_route, filtered, no_next_hop };

  /// The set to tell, as the policy left it; `none` if it is not told. Alive as
  /// long as the route's own set, and until the next `forget`.
  attribute_ref set = attribute_ref::none;
  std::uint8_t traits = 0; ///< bits of `export_trait`
  reason why = reason::no_route;
};

/// Decides for one family what a group is told: RFC 4271 §9.1.3 and §9.2,
/// reflection (RFC 4456), the communities and OTC that keep a route from the
/// group, the export policy, and that there is a usable next hop. Remembers
/// what became of a set until `forget`.
class export_judge {
public:
  /// The pool must outlive the judge; the settings are copied.
  export_judge(attribute_pool& pool, const export_settings& settings,
               protocol::family family);

  /// Whether `judge` must be asked for each prefix of a set.
  bool depends_on_prefix() const { return depends_on_prefix_; }
  /// The verdict on a route; `prefix` may be null unless `depends_on_prefix`.
  /// The caller or his batch holds a reference to `set`.
  export_verdict judge(attribute_ref set, const route_origin& origin,
                       const protocol::prefix* prefix);
  /// Facts of a source, for the policy.
  void set_source(const neighbor_facts& facts);
  /// Ends what `judge` promised about its verdicts.
  void forget();
  /// The same where much is remembered: a flush may be long in coming.
  void bound() {
    if (memo_.size() + results_.size() > most_remembered)
      forget();
  }

private:
  static constexpr std::size_t most_remembered = 8192;
  using memo_key = std::tuple<attribute_ref, route_origin>;
  struct memo {
    attribute_handle received; // keeps the key's name from being used again
    export_verdict verdict;
  };

  bool is_reflected(const route_origin& origin) const;
  bool may_leave(const attribute_summary& summary,
                 const route_origin& origin) const;
  std::uint8_t traits_of(const attribute_summary& summary,
                         const route_origin& origin) const;
  export_verdict ask_policy(attribute_ref set, const route_origin& origin,
                            const protocol::prefix* prefix,
                            std::uint8_t traits);
  void reflect(protocol::wire::path_attributes& route,
               const route_origin& origin);
  export_verdict keep_modified(const protocol::wire::path_attributes& modified,
                               export_verdict verdict);
  export_verdict with_next_hop(export_verdict verdict) const;
  const neighbor_facts& facts_of(const route_origin& origin);
  attribute_handle hold(attribute_ref set);

  attribute_pool* pool_;
  protocol::peer_kind kind_;
  std::uint16_t barred_;         // bits of `attribute_flag`
  std::uint16_t barred_learned_; // likewise, of routes learned by BGP
  bool reflector_client_;
  bool transparent_;
  protocol::router_id cluster_id_;
  protocol::as_number local_as_;
  policy_chain policy_;
  bool exported_;
  bool accepts_all_;
  bool depends_on_prefix_;
  export_transform transform_;
  std::map<memo_key, memo> memo_;
  std::vector<attribute_handle> results_; // of the policy
  attribute_handle decoded_set_;
  std::optional<protocol::wire::path_attributes> decoded_;
  bool decoded_ours_ = false; // not learned by BGP
  std::map<neighbor_index, neighbor_facts> sources_;
};

} // namespace troupe::rib
