#include "rib/import_attributes.hpp"

#include "rib/own_as.hpp"

#include <algorithm>

namespace troupe::rib {

namespace wire = protocol::wire;
using protocol::family;
using protocol::peer_kind;

namespace {

/// Verdicts of a policy that are kept per family; then all are forgotten.
constexpr std::size_t most_judged = 8192;

void append(std::vector<std::uint8_t>& out, wire::byte_span bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// The canonical place of a next hop that came in MP_REACH_NLRI.
void append_next_hop_stub(std::vector<std::uint8_t>& out,
                          wire::byte_span next_hop) {
  const auto size = static_cast<std::uint8_t>(next_hop.size());
  const std::array<std::uint8_t, 7> head{
      wire::flag_optional,
      wire::number_of(wire::attribute_code::mp_reach_nlri),
      static_cast<std::uint8_t>(size + 5),
      0,
      2,
      1,
      size};
  append(out, head);
  append(out, next_hop);
  out.push_back(0);
}

/// The AS_PATH of a canonical set.
wire::as_path_view path_of(wire::byte_span canonical) {
  wire::attribute_walker walker{canonical};
  wire::raw_attribute each;
  while (walker.next(each))
    if (each.is(wire::attribute_code::as_path))
      return {each.value, wire::as_width::four};
  return {{}, wire::as_width::four};
}

bool has_shutdown(const attribute_set& set) {
  return (set.summary().flags & attribute_flag::graceful_shutdown) != 0;
}

bool has_shutdown(const wire::path_attributes& a) {
  return std::ranges::find(a.communities, wire::graceful_shutdown)
         != a.communities.end();
}

} // namespace

attribute_resolver::attribute_resolver(attribute_pool& pool,
                                       const import_settings& settings)
    : pool_(&pool), settings_(&settings) {}

void attribute_resolver::change(const import_settings& settings) {
  settings_ = &settings;
  tagged_.clear();
  judged_.clear();
}

/// Whether the bytes alone say what the set is. They do not where MP_REACH_NLRI
/// stands beside other NLRI, nor where this session may not have its next hop,
/// nor where that is an IPv4 address, which a set has in NEXT_HOP, nor where
/// some of the bytes may be ignored.
bool attribute_resolver::may_look_up(const wire::update_sections& sections,
                                     const wire::mp_sections& mp) const {
  if (!settings_->as4 || mp.truncated || !settings_->disabled.empty())
    return false;
  if (!mp.reach)
    return true;
  const auto size = mp.reach->next_hop.size();
  return sections.nlri.empty() && (size == 16 || size == 32)
         && (mp.reach->address_family == protocol::ipv6_unicast
             || settings_->extended_next_hop);
}

/// The bytes under which the set would be interned, if what came is canonical.
std::span<const std::uint8_t>
attribute_resolver::lookup_key(const wire::update_sections& sections,
                               const wire::mp_sections& mp) {
  if (!mp.reach && !mp.unreach)
    return sections.attributes;
  scratch_.clear();
  const bool stub = mp.reach.has_value();
  bool placed = !stub;
  wire::attribute_walker walker{sections.attributes};
  wire::raw_attribute each;
  while (walker.next(each)) {
    if (each.is(wire::attribute_code::mp_reach_nlri)
        || each.is(wire::attribute_code::mp_unreach_nlri)
        || (stub && each.is(wire::attribute_code::next_hop)))
      continue;
    if (!placed
        && each.code > wire::number_of(wire::attribute_code::mp_reach_nlri)) {
      append_next_hop_stub(scratch_, mp.reach->next_hop);
      placed = true;
    }
    append(scratch_, each.whole);
  }
  if (!placed)
    append_next_hop_stub(scratch_, mp.reach->next_hop);
  return scratch_;
}

void attribute_resolver::expect(std::span<const std::uint8_t> attributes) {
  std::shift_left(expected_.begin(), expected_.end(), 1);
  expected_.back() = {};
  if (!expected_[1].bytes.empty())
    pool_->prefetch_set(expected_[1].hash);
  if (attributes.empty() || !settings_->as4)
    return;
  expected_.back() = {attributes, pool_->hash_of(attributes)};
  pool_->prefetch_place(expected_.back().hash);
}

attribute_ref attribute_resolver::look_up(std::span<const std::uint8_t> bytes) {
  for (const auto& each : expected_)
    if (each.bytes.data() == bytes.data() && each.bytes.size() == bytes.size())
      return pool_->find(bytes, each.hash);
  return pool_->find(bytes);
}

/// Whether equal bytes mean that decoding them again would bring no surprise
/// on this session. Sets of our own making lack what a peer must send.
bool attribute_resolver::may_reuse(attribute_ref known) const {
  namespace flag = attribute_flag;
  const auto& set = (*pool_)[known];
  const auto flags = set.summary().flags;
  if ((flags & flag::has_next_hop) == 0
      || (!settings_->aigp && (flags & flag::has_aigp) != 0))
    return false;
  switch (settings_->neighbor.kind) {
  case peer_kind::internal:
    return (flags & flag::has_local_pref) != 0;
  case peer_kind::confederation:
    return (flags & flag::has_originator) == 0
           && path_of(set.bytes()).first_member().has_value();
  case peer_kind::external:
    return (flags
            & (flag::has_local_pref | flag::has_originator
               | flag::has_confederation))
           == 0;
  }
  return false;
}

/// Whether the first AS of the path is the peer's (RFC 4271 §6.3): towards
/// another member AS of a confederation, its first member.
bool attribute_resolver::begins_with_peer(attribute_ref known) const {
  const auto& set = (*pool_)[known];
  switch (settings_->neighbor.kind) {
  case peer_kind::internal:
    return true;
  case peer_kind::confederation:
    return path_of(set.bytes()).first_member() == settings_->neighbor.as;
  case peer_kind::external:
    return set.summary().neighbor_as == settings_->neighbor.as;
  }
  return false;
}

attribute_handle
attribute_resolver::decode(const wire::update_sections& sections,
                           const wire::mp_sections& mp, bool classic,
                           resolution& found) {
  wire::decode_context context;
  context.as4 = settings_->as4;
  context.kind = settings_->neighbor.kind;
  context.extended_next_hop = settings_->extended_next_hop;
  context.classic_nlri = !sections.nlri.empty();
  context.aigp = settings_->aigp;
  // What is not disabled has been looked at before.
  context.reach = settings_->disabled.empty() || mp.reach.has_value();
  context.unreach = settings_->disabled.empty();
  context.source = classic ? wire::next_hop_source::classic
                           : wire::next_hop_source::automatic;
  wire::decode_attributes(sections.attributes, context, decoded_);
  found.errors = decoded_.errors;
  if (decoded_.reset) {
    found.reset = decoded_.reset;
    return {};
  }
  if (decoded_.action > protocol::verdict::attribute_discard)
    return {};
  scratch_.clear();
  if (!wire::encode_attributes(decoded_.attributes, {}, scratch_)) {
    // Widening a two-octet path can exceed what a message holds.
    found.errors.push_back({0, protocol::verdict::treat_as_withdraw,
                            protocol::update_subcode::malformed_attribute_list,
                            "the attributes are too large to be passed on"});
    return {};
  }
  return intern(decoded_.attributes);
}

attribute_handle
attribute_resolver::intern(const wire::path_attributes& attributes) {
  const auto owner = static_cast<std::uint32_t>(settings_->neighbor.index);
  return {*pool_, pool_->intern(scratch_, summarize(attributes), owner)};
}

resolution attribute_resolver::resolve(const wire::update_sections& sections,
                                       const wire::mp_sections& mp,
                                       bool classic) {
  resolution found;
  attribute_handle set;
  if (may_look_up(sections, mp)) {
    set = {*pool_, look_up(lookup_key(sections, mp))};
    if (set.get() != attribute_ref::none && !may_reuse(set.get()))
      set.reset();
    found.hit = set.get() != attribute_ref::none;
  }
  if (!found.hit)
    set = decode(sections, mp, classic, found);
  if (found.reset || set.get() == attribute_ref::none)
    return found;
  const auto& known = (*pool_)[set.get()];
  if (settings_->enforce_first_as && !begins_with_peer(set.get())) {
    found.errors.push_back({wire::number_of(wire::attribute_code::as_path),
                            protocol::verdict::treat_as_withdraw,
                            protocol::update_subcode::malformed_as_path,
                            "the first AS of the path is not the peer's"});
    return found;
  }
  const auto verdict = judge_by_rules(known.bytes(), *settings_);
  found.why = verdict.why;
  found.set = {set.get(), 0};
  found.holder = std::move(set);
  found.what = resolution::kind::one_set;
  if (found.why != refusal::none) {
    found.set.flags = path_flag::rejected;
    if (found.why != refusal::loop) // loops are no news
      found.errors.push_back({verdict.attribute, protocol::verdict::accept,
                              protocol::update_subcode::unspecific,
                              verdict.reason});
    return found;
  }
  if (!verdict.has_otc && adds_otc(*settings_) && !add_otc(found))
    return found;
  apply_policy(classic    ? protocol::ipv4_unicast
               : mp.reach ? mp.reach->address_family
                          : protocol::ipv4_unicast,
               found);
  return found;
}

/// RFC 9234 §5, the third rule of ingress. False if the route fits no message
/// then: it is rejected.
bool attribute_resolver::add_otc(resolution& found) {
  const auto name = static_cast<std::uint32_t>(found.set.attributes);
  auto known = tagged_.find(name);
  if (known == tagged_.end()) {
    auto attributes =
        wire::decode_canonical((*pool_)[found.set.attributes].bytes());
    attributes.only_to_customer = settings_->neighbor.as;
    scratch_.clear();
    if (!wire::encode_attributes(attributes, {}, scratch_)) {
      found.set.flags = path_flag::rejected;
      return false;
    }
    if (tagged_.size() >= most_judged)
      tagged_.clear();
    auto tagged = intern(attributes);
    known = tagged_
                .emplace(name, verdict_of_policy{std::move(found.holder),
                                                 std::move(tagged), 0})
                .first;
  }
  const auto tagged = known->second.result.get();
  pool_->retain(tagged);
  found.set.attributes = tagged;
  found.holder = {*pool_, tagged};
  return true;
}

/// Whether routes of this peer, with GRACEFUL_SHUTDOWN or without, are about to
/// go: the peer says so, or we do (RFC 8326 §4).
bool attribute_resolver::is_shut_down(bool tagged) const {
  return settings_->neighbor.kind == peer_kind::external
         && (settings_->graceful_shutdown
             || (tagged && settings_->honor_graceful_shutdown));
}

void attribute_resolver::apply_policy(family f, resolution& found) {
  const auto own = settings_->families.find(f);
  if (own == settings_->families.end())
    return;
  const auto& policy = own->second.policy;
  if (policy.accepts_all()
      && !is_shut_down(has_shutdown((*pool_)[found.set.attributes])))
    return;
  if (policy.rejects_all()) {
    found.set.flags = path_flag::rejected;
    return;
  }
  if (policy.depends_on_prefix()) {
    found.what = resolution::kind::per_prefix;
    return;
  }
  auto& judged = judged_[f];
  const auto name = static_cast<std::uint32_t>(found.set.attributes);
  auto known = judged.find(name);
  if (known == judged.end()) {
    if (judged.size() >= most_judged)
      judged.clear();
    auto result = evaluate(found.set.attributes, policy, nullptr);
    pool_->retain(found.set.attributes);
    verdict_of_policy kept{{*pool_, found.set.attributes},
                           std::move(result.attributes),
                           result.flags};
    known = judged.emplace(name, std::move(kept)).first;
  }
  const auto result = known->second.result.get();
  found.set = {result, known->second.flags};
  pool_->retain(result);
  found.holder = {*pool_, result};
}

judged_set attribute_resolver::judge(const resolution& found, family f,
                                     const protocol::prefix& prefix) {
  return evaluate(found.set.attributes, settings_->families.at(f).policy,
                  &prefix);
}

judged_set attribute_resolver::evaluate(attribute_ref set,
                                        const policy_chain& policy,
                                        const protocol::prefix* prefix) {
  const auto attributes = wire::decode_canonical((*pool_)[set].bytes());
  auto verdict = policy.evaluate(
      {prefix, attributes, settings_->neighbor, settings_->neighbor.as,
       settings_->neighbor.kind == peer_kind::confederation});
  bool accepted = verdict.accepted;
  auto& modified = verdict.modified;
  if (accepted
      && is_shut_down(modified ? has_shutdown(*modified)
                               : has_shutdown((*pool_)[set]))) {
    if (!modified)
      modified = attributes;
    modified->local_pref = 0;
  }
  if (accepted && modified) {
    scratch_.clear();
    if (wire::encode_attributes(*modified, {}, scratch_))
      return {intern(*modified), 0};
    accepted = false; // what was made of it fits no message
  }
  pool_->retain(set);
  return {{*pool_, set}, accepted ? std::uint8_t{0} : path_flag::rejected};
}

attribute_summary summarize(const wire::path_attributes& a) {
  namespace flag = attribute_flag;
  attribute_summary s;
  const auto set = [&](bool condition, std::uint16_t bit) {
    if (condition)
      s.flags = static_cast<std::uint16_t>(s.flags | bit);
  };
  s.local_pref = a.local_pref.value_or(100);
  s.med = a.med.value_or(0);
  s.neighbor_as = a.as_path.first_as().value_or(0);
  s.originator_id = a.originator_id ? a.originator_id->value : 0;
  s.as_path_length = static_cast<std::uint16_t>(
      std::min<std::size_t>(a.as_path.length(), 0xffff));
  s.origin = static_cast<std::uint8_t>(a.origin);
  s.cluster_list_length = static_cast<std::uint8_t>(
      std::min<std::size_t>(a.cluster_list.size(), 0xff));
  set(a.local_pref.has_value(), flag::has_local_pref);
  set(a.med.has_value(), flag::has_med);
  set(a.originator_id.has_value() || !a.cluster_list.empty(),
      flag::has_originator);
  set(a.next_hop.has_value(), flag::has_next_hop);
  set(!a.unknown.empty(), flag::has_unknown);
  set(a.aigp.has_value() || !a.other_aigp_tlvs.empty(), flag::has_aigp);
  set(!a.communities.empty(), flag::has_communities);
  set(a.only_to_customer.has_value(), flag::has_only_to_customer);
  for (const auto c : a.communities) {
    set(c == wire::no_export, flag::no_export);
    set(c == wire::no_advertise, flag::no_advertise);
    set(c == wire::no_export_subconfed, flag::no_export_subconfed);
    set(c == wire::graceful_shutdown, flag::graceful_shutdown);
    set(c == wire::llgr_stale, flag::long_lived_stale);
    set(c == wire::no_peer, flag::no_peer);
    set(c == wire::blackhole, flag::blackhole);
  }
  a.as_path.view().for_each([&](const wire::as_segment_view& segment) {
    set(segment.is_confederation(), flag::has_confederation);
  });
  return s;
}

} // namespace troupe::rib
