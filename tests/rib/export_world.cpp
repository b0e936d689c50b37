#include "tests/rib/export_world.hpp"

#include "protocol/wire/packer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace troupe::rib::testing {

using namespace protocol;

export_world::export_world(options o)
    : group(
        std::make_unique<export_group>(pool, o.settings, o.shards, o.limits)),
      options_(std::move(o)), last_(options_.shards) {
  for (unsigned i = 0; i < options_.shards; ++i)
    shards_.emplace_back(pool);
}

export_world::~export_world() {
  group.reset();
  for (const auto& [ref, attributes] : sets_)
    EXPECT_EQ(pool.references(ref), 1U) << "the group leaks references";
  mailbox_.clear();
  handles_.clear();
  EXPECT_EQ(pool.stats().sets, 0U);
}

attribute_ref export_world::set(const wire::path_attributes& attributes) {
  auto handle = intern(pool, attributes);
  const auto ref = handle.get();
  if (sets_.emplace(ref, attributes).second)
    handles_.push_back(std::move(handle));
  return ref;
}

unsigned export_world::shard_of(const prefix& p) const {
  const auto shards = static_cast<unsigned>(shards_.size());
  return p.address().is_v4() ? rib::shard_of(to_key<ipv4_key>(p), shards)
                             : rib::shard_of(to_key<ipv6_key>(p), shards);
}

void export_world::announce(const std::string& text, attribute_ref set,
                            unsigned source, peer_kind kind) {
  announce(*prefix::parse(text),
           {set, static_cast<neighbor_index>(source), kind, source_kind::bgp});
}

void export_world::announce(const prefix& p, const best_route& best) {
  shards_[shard_of(p)].set(p, best);
}

void export_world::rank(
    const std::string& text,
    const std::vector<std::pair<attribute_ref, unsigned>>& candidates) {
  std::vector<best_route> all;
  for (const auto& [set, source] : candidates)
    all.push_back({set, static_cast<neighbor_index>(source),
                   peer_kind::external, source_kind::bgp});
  rank(*prefix::parse(text), std::move(all));
}

void export_world::rank(const prefix& p, std::vector<best_route> candidates) {
  shards_[shard_of(p)].set(p, std::move(candidates));
}

void export_world::withdraw(const std::string& text) {
  announce(*prefix::parse(text), {});
}

bool export_world::collect(unsigned shard) {
  auto batch = shards_[shard].collect(options_.batch);
  if (!batch)
    return false;
  mailbox_.push_back({shard, std::move(batch)});
  return true;
}

bool export_world::deliver(bool flush) {
  if (mailbox_.empty())
    return false;
  const auto [shard, batch] = std::move(mailbox_.front());
  mailbox_.pop_front();
  for (const auto f : {ipv4_unicast, ipv6_unicast})
    group->set_number_limit(shard, f, shards_[shard].limit(f));
  group->apply(shard, *batch);
  if (flush)
    group->flush();
  if (!batch->is_resync)
    last_[shard] = batch->sequence;
  if (!batch->is_resync)
    shards_[shard].acknowledge(last_[shard], group->safe_through(shard));
  return true;
}

bool export_world::ask() {
  const auto requests = group->take_requests();
  for (const auto& each : requests)
    mailbox_.push_back({each.shard, shards_[each.shard].answer(each.request)});
  return !requests.empty();
}

void export_world::restart() {
  mailbox_.clear();
  group->ask_again();
  for (auto& each : shards_)
    each.restart();
}

export_world::member& export_world::join(unsigned neighbor, bool told_before,
                                         bool enhanced_refresh,
                                         std::uint32_t known_ids,
                                         bool told_defaults) {
  member_options o;
  o.neighbor = static_cast<neighbor_index>(neighbor);
  o.families = {ipv4_unicast, ipv6_unicast};
  if (told_before) {
    o.former.emplace();
    for (unsigned i = 0; i < shards_.size(); ++i)
      o.former->shards.push_back(
          {{shards_[i].limit(ipv4_unicast), shards_[i].limit(ipv6_unicast)},
           group->safe_through(i)});
    o.former->known_ids = known_ids;
    if (told_defaults)
      o.former->defaults = o.families;
  }
  o.enhanced_refresh = enhanced_refresh;
  auto& m = members[neighbor];
  m.index = group->join(o);
  m.in_flight = 0;
  m.peer = std::make_unique<receiver>(options_.settings);
  m.peer->told_before = told_before;
  if (told_before && told_defaults)
    for (const auto* old : {"0.0.0.0/0", "::/0"})
      m.peer->know(*prefix::parse(old), default_id);
  return m;
}

void export_world::leave(unsigned neighbor) {
  group->leave(members.at(neighbor).index);
  members.erase(neighbor);
}

bool export_world::pump(unsigned neighbor, std::size_t bytes) {
  auto& m = members.at(neighbor);
  const auto slices = group->take_output(m.index, bytes);
  for (const auto& each : slices)
    m.in_flight += each.size;
  m.peer->read(slices);
  return !slices.empty();
}

bool export_world::written(unsigned neighbor) {
  auto& m = members.at(neighbor);
  const auto bytes = std::exchange(m.in_flight, 0);
  if (bytes != 0)
    group->written(m.index, bytes);
  return bytes != 0;
}

void export_world::settle(const std::set<unsigned>& stalled) {
  group->flush();
  unsigned steps = 0;
  for (bool moved = true; moved;) {
    if (++steps > 5'000)
      throw std::runtime_error{"it never comes to rest"};
    moved = ask();
    for (unsigned i = 0; i < shards_.size(); ++i)
      moved |= collect(i);
    moved |= deliver();
    const auto ready = group->ready();
    for (auto& [neighbor, m] : members) {
      if (stalled.count(neighbor) != 0)
        continue;
      moved |= written(neighbor);
      if (std::find(ready.begin(), ready.end(), m.index) != ready.end())
        moved |= pump(neighbor);
    }
    EXPECT_EQ(group->check(), "");
  }
  for (unsigned i = 0; i < shards_.size(); ++i)
    shards_[i].acknowledge(last_[i], group->safe_through(i));
}

bool export_world::may_tell(const best_route& route) const {
  const auto& s = options_.settings;
  const auto& a = sets_.at(route.set);
  const auto has = [&](wire::community c) {
    return std::find(a.communities.begin(), a.communities.end(), c)
           != a.communities.end();
  };
  return !(has(wire::no_advertise) // RFC 1997
           || (s.kind == peer_kind::external && has(wire::no_export))
           || (s.kind != peer_kind::internal && has(wire::no_export_subconfed))
           || (s.kind == peer_kind::internal
               && route.kind == peer_kind::internal
               && route.origin == source_kind::bgp));
}

std::optional<byte_vector> export_world::told(const prefix& p,
                                              const best_route& best) const {
  const auto& s = options_.settings;
  auto a = sets_.at(best.set);
  const bool ours = best.origin != source_kind::bgp;
  const auto f = p.address().is_v4() ? ipv4_unicast : ipv6_unicast;
  const auto traits = ours ? export_trait::own_med : std::uint8_t{0};
  a = told_by_the_book(a, s, traits, *s.families.at(f).next_hop);
  const auto n = wire::to_nlri(p);
  byte_vector attributes;
  byte_vector packed;
  EXPECT_TRUE(wire::encode_attributes(a, {s.as4, true}, attributes));
  const auto result = wire::pack_announcements(
      {f, s.families.at(f).add_path, s.max_message_size}, attributes, {&n, 1},
      packed);
  if (!result.too_large.empty())
    return std::nullopt;
  return canonical(a);
}

bool export_world::is_replaced(const prefix& p) const {
  const auto f = p.address().is_v4() ? ipv4_unicast : ipv6_unicast;
  return p.length() == 0 && options_.settings.families.at(f).default_originate;
}

// The best; or so many of the best, less what is its own; or so many of the
// best that are not its own (RFC 7947 §2.3).
std::vector<best_route>
export_world::chosen(family f, neighbor_index neighbor,
                     const std::vector<best_route>& all) const {
  const auto& how = options_.settings.families.at(f);
  const std::size_t most =
      how.paths == export_family::all_paths ? all.size() : how.paths;
  std::vector<best_route> chosen;
  for (const auto& each : all) {
    const bool own = each.source == neighbor;
    if (may_tell(each) && chosen.size() < most && !(how.per_client && own))
      chosen.push_back(each);
    if (!how.needs_candidates())
      break;
  }
  std::erase_if(chosen,
                [&](const auto& each) { return each.source == neighbor; });
  return chosen;
}

std::map<prefix, std::vector<byte_vector>>
export_world::expected(unsigned neighbor) const {
  std::map<prefix, std::vector<byte_vector>> all;
  for (const auto* each : {"0.0.0.0/0", "::/0"})
    if (const auto p = *prefix::parse(each); is_replaced(p)) {
      const auto f = p.address().is_v4() ? ipv4_unicast : ipv6_unicast;
      const auto& s = options_.settings;
      all[p] = {canonical(told_by_the_book({}, s, export_trait::own_med,
                                           *s.families.at(f).next_hop))};
    }
  for (const auto& shard : shards_)
    for (const auto& [p, candidates] : shard.routes()) {
      if (is_replaced(p))
        continue;
      const auto f = p.address().is_v4() ? ipv4_unicast : ipv6_unicast;
      for (const auto& each :
           chosen(f, static_cast<neighbor_index>(neighbor), candidates))
        if (auto attributes = told(p, each))
          all[p].push_back(std::move(*attributes));
      if (all.contains(p))
        std::sort(all[p].begin(), all[p].end());
    }
  return all;
}

std::string export_world::compare_views(unsigned neighbor) const {
  const auto& m = members.at(neighbor);
  std::map<family, std::uint64_t> count;
  for (const auto& p : m.peer->prefixes()) {
    const auto f = p.address().is_v4() ? ipv4_unicast : ipv6_unicast;
    const auto wrong = "the view of " + to_string(p) + " is wrong";
    if (is_replaced(p)) { // it has no number
      ++count[f];
      continue;
    }
    const auto shard = shard_of(p);
    const auto n = shards_[shard].number_of(p);
    if (!n)
      return wrong;
    std::vector<byte_vector> shown;
    for (const auto& route : group->told(m.index, shard, f, *n)) {
      shown.push_back(route.attributes);
      if (route.path_id != 0
          && m.peer->paths.at(p).at(route.path_id) != route.attributes)
        return wrong;
    }
    std::sort(shown.begin(), shown.end());
    if (shown != m.peer->held(p))
      return wrong;
    count[f] += shown.size();
  }
  for (const auto f : {ipv4_unicast, ipv6_unicast})
    if (group->advertised(m.index, f) != count[f])
      return "advertised is miscounted: "
             + std::to_string(group->advertised(m.index, f)) + " for "
             + std::to_string(count[f]);
  return {};
}

std::string export_world::check_ids(const prefix& p) {
  const auto f = p.address().is_v4() ? ipv4_unicast : ipv6_unicast;
  const auto shard = shard_of(p);
  std::map<path_name, std::uint32_t> now;
  if (const auto n = shards_[shard].number_of(p))
    for (const auto& [neighbor, m] : members)
      for (const auto& route : group->told(m.index, shard, f, *n))
        now[{route.source, route.received_id.value_or(0)}] = route.path_id;
  auto& before = ids_[p];
  for (const auto& [name, id] : now) {
    if (const auto old = before.find(name);
        old != before.end() && old->second != id)
      return "a path of " + to_string(p) + " got another id";
  }
  before = std::move(now);
  return {};
}

std::string export_world::check_ids() {
  // A path that has gone may come back under another id.
  for (auto& [p, ids] : ids_)
    if (!shards_[shard_of(p)].best(p))
      ids.clear();
  for (const auto& shard : shards_)
    for (const auto& [p, unused] : shard.routes())
      if (options_.settings.families
              .at(p.address().is_v4() ? ipv4_unicast : ipv6_unicast)
              .add_path)
        if (auto wrong = check_ids(p); !wrong.empty())
          return wrong;
  return {};
}

std::string export_world::compare() const {
  for (const auto& [neighbor, m] : members) {
    const auto name = "member " + std::to_string(neighbor) + ": ";
    const auto wanted = expected(neighbor);
    for (const auto& [p, attributes] : wanted) {
      const auto held = m.peer->held(p);
      if (held.size() < attributes.size())
        return name + "lacks " + to_string(p);
      if (held != attributes)
        return name + "has wrong paths for " + to_string(p);
    }
    for (const auto& p : m.peer->prefixes())
      if (wanted.count(p) == 0)
        return name + "has " + to_string(p);
    for (const auto f : {ipv4_unicast, ipv6_unicast}) {
      const auto found = m.peer->ends_of_rib.find(f);
      if (found == m.peer->ends_of_rib.end() || found->second != 1)
        return name + "was not told one End-of-RIB of " + to_string(f);
      if (m.peer->stale.contains(f))
        return name + "was told no end of a refresh of " + to_string(f);
    }
    if (auto wrong = compare_views(neighbor); !wrong.empty())
      return name + wrong;
  }
  if (group->statistics().log_bytes != 0)
    return "the log holds what nobody needs";
  for (unsigned i = 0; i < shards_.size(); ++i)
    if (group->safe_through(i) != last_[i])
      return "not everything is safe though nobody is owed anything";
  return {};
}

} // namespace troupe::rib::testing
