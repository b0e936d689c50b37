#include "rib/export_judge.hpp"

#include "protocol/wire/path_attributes.hpp"
#include "rib/import.hpp"

namespace troupe::rib {

using protocol::peer_kind;
using reason = export_verdict::reason;

namespace {

const export_family* find_family(const export_settings& settings,
                                 protocol::family family) {
  const auto found = settings.families.find(family);
  return found == settings.families.end() ? nullptr : &found->second;
}

// RFC 1997: the well-known communities that keep a route from such a peer.
std::uint16_t barred_communities(peer_kind kind) {
  namespace flag = attribute_flag;
  std::uint16_t barred = flag::no_advertise;
  if (kind != peer_kind::internal)
    barred |= flag::no_export_subconfed;
  if (kind == peer_kind::external)
    barred |= flag::no_export;
  return barred;
}

} // namespace

export_judge::export_judge(attribute_pool& pool,
                           const export_settings& settings,
                           protocol::family family)
    : pool_(&pool), kind_(settings.kind),
      barred_(barred_communities(settings.kind)), local_as_(settings.local_as),
      transform_(settings, family) {
  const auto* found = find_family(settings, family);
  exported_ = found != nullptr;
  if (exported_)
    policy_ = found->policy;
  accepts_all_ = policy_.accepts_all();
  depends_on_prefix_ = policy_.depends_on_prefix();
}

bool export_judge::may_leave(const attribute_summary& summary,
                             const route_origin& origin) const {
  // RFC 4271 §9.2.1: nothing from one internal peer to another.
  if (kind_ == peer_kind::internal && origin.kind == peer_kind::internal
      && origin.from == source_kind::bgp)
    return false;
  return (summary.flags & barred_) == 0;
}

export_verdict export_judge::judge(attribute_ref set,
                                   const route_origin& origin,
                                   const protocol::prefix* prefix) {
  if (set == attribute_ref::none)
    return {};
  export_verdict verdict;
  verdict.why = reason::filtered;
  if (!exported_ || !may_leave((*pool_)[set].summary(), origin))
    return verdict;
  if (origin.from != source_kind::bgp)
    verdict.traits = export_trait::own_med;
  if (accepts_all_) {
    verdict.set = set;
    return with_next_hop(verdict);
  }
  if (depends_on_prefix_)
    return ask_policy(set, origin, prefix);
  auto asked = origin;
  if (!policy_.depends_on_source())
    asked = {{}, peer_kind::external, origin.from};
  const auto found = memo_.find({set, asked});
  if (found != memo_.end())
    return found->second.verdict;
  verdict = ask_policy(set, origin, nullptr);
  memo_[{set, asked}] = {hold(set), verdict};
  return verdict;
}

export_verdict export_judge::ask_policy(attribute_ref set,
                                        const route_origin& origin,
                                        const protocol::prefix* prefix) {
  const bool ours = origin.from != source_kind::bgp;
  if (decoded_set_.get() != set || ours != decoded_ours_) {
    decoded_.reset();
    decoded_set_ = hold(set);
    decoded_ = protocol::wire::decode_canonical((*pool_)[set].bytes());
    decoded_ours_ = ours;
    // A received MED goes no further (RFC 4271 §5.1.4): with it out of the way
    // one that the policy sets is known to be ours.
    if (kind_ == peer_kind::external && !ours)
      decoded_->med.reset();
  }
  export_verdict verdict;
  verdict.why = reason::filtered;
  verdict.traits = ours ? export_trait::own_med : std::uint8_t{0};
  auto result =
      policy_.evaluate({prefix, *decoded_, facts_of(origin), local_as_,
                        kind_ == peer_kind::confederation});
  if (!result.accepted)
    return verdict;
  if (result.modified)
    return keep_modified(std::move(*result.modified), verdict);
  verdict.set = set;
  return with_next_hop(verdict);
}

export_verdict
export_judge::keep_modified(protocol::wire::path_attributes modified,
                            export_verdict verdict) {
  verdict.traits |= export_trait::own_med;
  if (modified.next_hop != decoded_->next_hop)
    verdict.traits |= export_trait::own_next_hop;
  std::vector<std::uint8_t> bytes;
  // Attributes that no message can hold cannot be told (RFC 8654 §4).
  if (!protocol::wire::encode_attributes(modified, {}, bytes))
    return verdict;
  results_.emplace_back(*pool_, pool_->intern(bytes, summarize(modified)));
  verdict.set = results_.back().get();
  // What the policy added may forbid the route to leave.
  if (!may_leave((*pool_)[verdict.set].summary(), {}))
    verdict.set = attribute_ref::none;
  return with_next_hop(verdict);
}

export_verdict export_judge::with_next_hop(export_verdict verdict) const {
  if (verdict.set == attribute_ref::none)
    return verdict;
  verdict.why = reason::told;
  if (!transform_.has_next_hop((*pool_)[verdict.set].bytes(), verdict.traits)) {
    verdict.set = attribute_ref::none;
    verdict.why = reason::no_next_hop;
  }
  return verdict;
}

const neighbor_facts& export_judge::facts_of(const route_origin& origin) {
  auto& facts = sources_[origin.source];
  facts.index = origin.source;
  facts.kind = origin.kind;
  facts.source = origin.from;
  return facts;
}

void export_judge::set_source(const neighbor_facts& facts) {
  sources_[facts.index] = facts;
}

attribute_handle export_judge::hold(attribute_ref set) {
  pool_->retain(set);
  return {*pool_, set};
}

void export_judge::forget() {
  memo_.clear();
  results_.clear();
  decoded_.reset();
  decoded_set_.reset();
}

} // namespace troupe::rib
