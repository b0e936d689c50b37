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

namespace flag = attribute_flag;

// RFC 9234 §5, the second rule of egress: a route with OTC goes to no provider,
// peer or route server.
bool bars_otc(const export_settings& s) {
  using protocol::wire::bgp_role;
  return s.role == bgp_role::customer || s.role == bgp_role::peer
         || s.role == bgp_role::route_server_client;
}

// RFC 1997 forbids to tell routes that were received with these. Our own policy
// adds them for the peer to obey.
constexpr std::uint16_t received_flags =
    flag::no_advertise | flag::no_export | flag::no_export_subconfed;

// What keeps a route from such a peer: the well-known communities of RFC 1997,
// and what concerns the session.
std::uint16_t barred_flags(const export_settings& s) {
  std::uint16_t barred = flag::no_advertise;
  if (s.kind != peer_kind::internal)
    barred |= flag::no_export_subconfed;
  if (s.kind == peer_kind::external)
    barred |= flag::no_export;
  if (bars_otc(s))
    barred |= flag::has_only_to_customer;
  if (!s.long_lived) // RFC 9494 §4.3
    barred |= flag::long_lived_stale;
  return barred;
}

// The same for what others ask of us; what our own policy adds is for the peer.
// Bilateral peers (RFC 3765) are those by role.
std::uint16_t barred_when_learned(const export_settings& s) {
  return s.role == protocol::wire::bgp_role::peer ? flag::no_peer
                                                  : std::uint16_t{0};
}

} // namespace

export_judge::export_judge(attribute_pool& pool,
                           const export_settings& settings,
                           protocol::family family)
    : pool_(&pool), kind_(settings.kind), barred_(barred_flags(settings)),
      barred_learned_(barred_when_learned(settings)),
      reflector_client_(settings.reflector_client),
      transparent_(settings.route_server_client),
      cluster_id_(settings.cluster_id), local_as_(settings.local_as),
      transform_(settings, family) {
  const auto* found = find_family(settings, family);
  exported_ = found != nullptr;
  if (exported_)
    policy_ = found->policy;
  accepts_all_ = policy_.accepts_all();
  depends_on_prefix_ = policy_.depends_on_prefix();
}

// RFC 4456: from a client to everybody, from others to the clients.
bool export_judge::is_reflected(const route_origin& origin) const {
  if (kind_ != peer_kind::internal || origin.kind != peer_kind::internal
      || origin.from != source_kind::bgp)
    return false;
  if (reflector_client_)
    return true;
  const auto source = sources_.find(origin.source);
  return source != sources_.end() && source->second.reflector_client;
}

bool export_judge::may_leave(const attribute_summary& summary,
                             const route_origin& origin) const {
  if ((summary.flags & barred_) != 0)
    return false;
  if (origin.from != source_kind::bgp)
    return true;
  // RFC 4271 §9.2.1: nothing from one internal peer to another.
  if (kind_ == peer_kind::internal && origin.kind == peer_kind::internal
      && !is_reflected(origin))
    return false;
  // RFC 7999: a blackhole of our neighbour is for us. The clients of a
  // route server are for themselves.
  const bool blackhole = (summary.flags & flag::blackhole) != 0;
  if (blackhole && origin.kind == peer_kind::external
      && kind_ == peer_kind::external && !transparent_)
    return false;
  return (summary.flags & barred_learned_) == 0;
}

std::uint8_t export_judge::traits_of(const attribute_summary& summary,
                                     const route_origin& origin) const {
  if (origin.from != source_kind::bgp)
    return export_trait::own_med;
  std::uint8_t traits = 0;
  // RFC 7999: nor may another router of ours tell it to the world.
  if ((summary.flags & flag::blackhole) != 0
      && origin.kind == peer_kind::external && kind_ != peer_kind::external)
    traits |= export_trait::no_export;
  if (is_reflected(origin))
    traits |= export_trait::own_next_hop;
  return traits;
}

export_verdict export_judge::judge(attribute_ref set,
                                   const route_origin& origin,
                                   const protocol::prefix* prefix) {
  if (set == attribute_ref::none)
    return {};
  export_verdict verdict;
  verdict.why = reason::filtered;
  const auto& summary = (*pool_)[set].summary();
  if (!exported_ || !may_leave(summary, origin))
    return verdict;
  const auto traits = traits_of(summary, origin);
  const bool reflected = is_reflected(origin);
  if (accepts_all_ && !reflected) {
    verdict.traits = traits;
    verdict.set = set;
    return with_next_hop(verdict);
  }
  if (depends_on_prefix_)
    return ask_policy(set, origin, prefix, traits);
  auto asked = origin;
  if (!policy_.depends_on_source() && !reflected)
    asked.source = {};
  const auto found = memo_.find({set, asked});
  if (found != memo_.end())
    return found->second.verdict;
  verdict = ask_policy(set, origin, nullptr, traits);
  memo_[{set, asked}] = {hold(set), verdict};
  return verdict;
}

export_verdict export_judge::ask_policy(attribute_ref set,
                                        const route_origin& origin,
                                        const protocol::prefix* prefix,
                                        std::uint8_t traits) {
  const bool ours = origin.from != source_kind::bgp;
  if (decoded_set_.get() != set || ours != decoded_ours_) {
    decoded_.reset();
    decoded_set_ = hold(set);
    decoded_ = protocol::wire::decode_canonical((*pool_)[set].bytes());
    decoded_ours_ = ours;
    // A received MED goes no further (RFC 4271 §5.1.4): with it out of the way
    // one that the policy sets is known to be ours.
    if (kind_ == peer_kind::external && !ours && !transparent_)
      decoded_->med.reset();
  }
  export_verdict verdict;
  verdict.why = reason::filtered;
  verdict.traits = traits;
  auto result =
      policy_.evaluate({prefix, *decoded_, facts_of(origin), local_as_,
                        kind_ == peer_kind::confederation});
  if (!result.accepted)
    return verdict;
  const bool reflected = is_reflected(origin);
  if (!result.modified && !reflected) {
    verdict.set = set;
    return with_next_hop(verdict);
  }
  if (result.modified) {
    verdict.traits |= export_trait::own_med;
    if (result.modified->next_hop != decoded_->next_hop)
      verdict.traits |= export_trait::own_next_hop;
  } else {
    result.modified = *decoded_;
  }
  if (reflected)
    reflect(*result.modified, origin);
  return keep_modified(*result.modified, verdict);
}

// RFC 4456 §8.
void export_judge::reflect(protocol::wire::path_attributes& route,
                           const route_origin& origin) {
  if (!route.originator_id)
    route.originator_id = facts_of(origin).identifier;
  route.cluster_list.insert(route.cluster_list.begin(), cluster_id_);
}

export_verdict
export_judge::keep_modified(const protocol::wire::path_attributes& modified,
                            export_verdict verdict) {
  std::vector<std::uint8_t> bytes;
  // Attributes that no message can hold cannot be told (RFC 8654 §4).
  if (!protocol::wire::encode_attributes(modified, {}, bytes))
    return verdict;
  results_.emplace_back(*pool_, pool_->intern(bytes, summarize(modified)));
  const auto flags = (*pool_)[results_.back().get()].summary().flags;
  if ((flags & barred_ & ~received_flags) == 0)
    verdict.set = results_.back().get();
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
