#include "actors/log/records.hpp"
#include "actors/router.hpp"
#include "config/derive.hpp"

#include <algorithm>

// Routes that outlive their session (RFC 4724 §4.2, RFC 9494 §4.2): whose they
// are, and for how long. Which they are says protocol/fsm/retention.
namespace troupe::actors {

namespace {

using namespace std::chrono_literals;

/// How long routes wait for a session whose actor failed (DESIGN §5).
constexpr std::chrono::seconds after_a_crash = 30s;

/// Whether a source that comes back is the one that went, so that its paths
/// need no other decision.
bool is_the_same(rib::neighbor_facts before, const rib::neighbor_facts& now) {
  before.index = now.index;
  return before == now;
}

} // namespace

/// The source of a session that is being set up: the stale one, if it is the
/// same, else a new one.
std::optional<rib::neighbor_index>
router::take_source(neighbor_entry& entry, const rib::neighbor_facts& facts) {
  if (entry.stale && !is_the_same(entry.stale->facts, facts))
    drop_stale(entry);
  return entry.stale ? std::optional{entry.stale->facts.index} : take_index();
}

void router::tell_shards(const source_family& m) {
  for (const auto& shard : shards_)
    this->send(shard, m);
}

/// A shard has a new actor: what the last one was told of these sources may be
/// lost with it. All of it may be told twice.
void router::tell_sources_again(const neighbor_entry& entry,
                                const shard_actor& shard) {
  using kind = source_family::kind;
  const auto& now = entry.registered;
  const auto& old = entry.stale;
  if (now)
    this->send(shard,
               source_up{now->facts, now->source_incarnation, now->gauge});
  if (old) {
    this->send(shard, source_up{old->facts, old->incarnation, nullptr});
    this->send(shard, source_stale{old->facts.index, true});
  }
  for (const auto f : {protocol::ipv4_unicast, protocol::ipv6_unicast}) {
    if (now && !now->unswept.contains(f))
      this->send(shard, source_family{kind::sweep, now->facts.index, f});
    if (old && !old->families.contains(f))
      this->send(shard, source_family{kind::drop, old->facts.index, f});
    if (old && old->aged.contains(f))
      this->send(shard, source_family{kind::age, old->facts.index, f});
  }
}

/// The session is over, some of its routes stay.
void router::retain(neighbor_entry& entry, const protocol::fsm::retention& kept,
                    bool crashed) {
  auto& r = *entry.registered;
  leave(r.facts.index, r.group);
  const auto index = r.facts.index;
  const bool long_lived =
      std::ranges::any_of(kept.families, [](const auto& each) {
        return each.long_lived.count() != 0;
      });
  for (const auto& shard : shards_)
    this->send(shard, source_stale{index, long_lived});
  stale_source stale{
      r.facts, r.source_incarnation, ++retention_generation_, crashed, {}, {}};
  const auto limit = std::chrono::duration_cast<std::chrono::seconds>(
      entry.configuration.graceful_restart.stale_time);
  for (const auto& each : r.negotiated.families) {
    const auto f = each.address_family;
    const auto found =
        std::find_if(kept.families.begin(), kept.families.end(),
                     [&](const auto& k) { return k.address_family == f; });
    if (found == kept.families.end()) {
      tell_shards({source_family::kind::drop, index, f});
      continue;
    }
    stale.families[f] = found->long_lived;
    arm(retention_timer{retention_timer::kind::restart,
                        entry.configuration.name, stale.generation, f},
        std::min(found->restart_time, limit));
  }
  entry.stale = std::move(stale);
  entry.registered.reset();
  log().write(log::router_record(
      log::level::info, "routes of neighbor " + entry.configuration.name
                            + " are kept as stale ones"));
}

/// The routes of a session that failed by our own mistake wait for the next
/// one, whatever the peer is capable of.
void router::retain_after_crash(neighbor_entry& entry) {
  protocol::fsm::retention kept;
  for (const auto& each : entry.registered->negotiated.families)
    kept.families.push_back({each.address_family, after_a_crash, 0s});
  retain(entry, kept, true);
}

void router::arm(retention_timer timer, std::chrono::seconds delay) {
  this->delayed_send(handle_to_self(), delay, std::move(timer));
}

/// The peer is back: what it does not keep, or not tell again in time, goes.
void router::resume(neighbor_entry& entry) {
  if (!entry.stale)
    return;
  auto& r = *entry.registered;
  const auto& configured = entry.configuration.graceful_restart;
  for (const auto& [f, unused] : entry.stale->families) {
    if (!entry.stale->crashed && !protocol::fsm::is_forwarding(r.negotiated, f))
      tell_shards({source_family::kind::sweep, r.facts.index, f});
    else
      r.unswept.insert(f);
    const auto patience =
        entry.stale->crashed && !r.negotiated.graceful_restart
            ? after_a_crash
            : std::chrono::duration_cast<std::chrono::seconds>(
                configured.stale_time);
    arm(retention_timer{retention_timer::kind::end_of_rib,
                        entry.configuration.name, r.source_incarnation, f},
        patience);
  }
  entry.stale.reset();
}

void router::handle(const retention_timer& m) {
  if (m.what == retention_timer::kind::deferral)
    return awaited_ ? end_deferral() : void();
  const auto found = neighbors_.find(m.name);
  if (found == neighbors_.end())
    return;
  auto& entry = found->second;
  if (m.what == retention_timer::kind::end_of_rib) {
    if (!entry.registered
        || entry.registered->source_incarnation != m.generation)
      return;
    entry.registered->unswept.erase(m.family);
    return tell_shards(
        {source_family::kind::sweep, entry.registered->facts.index, m.family});
  }
  if (!entry.stale || entry.stale->generation != m.generation)
    return;
  const auto long_lived = entry.stale->families[m.family];
  if (m.what == retention_timer::kind::restart && long_lived.count() != 0) {
    tell_shards({source_family::kind::age, entry.stale->facts.index, m.family});
    entry.stale->aged.insert(m.family);
    auto next = m;
    next.what = retention_timer::kind::long_lived;
    return arm(std::move(next), long_lived);
  }
  entry.stale->families.erase(m.family);
  if (entry.stale->families.empty())
    return drop_stale(entry);
  tell_shards({source_family::kind::drop, entry.stale->facts.index, m.family});
}

// -- a restart of our own -----------------------------------------------------

/// RFC 4724 §4.1: after a restart nothing is told before the peers have told us
/// what they have, or a time is over.
void router::begin_deferral() {
  if (!self_.environment->restarted)
    return;
  std::chrono::milliseconds patience{0};
  for (const auto& n : configuration_->neighbors) {
    const auto& own = n.graceful_restart;
    if (own.mode != config::restart_mode::full || !n.enabled || n.is_dynamic()
        || self_.disabled.contains(n.name))
      continue;
    if (!awaited_)
      awaited_.emplace();
    (*awaited_)[n.name];
    patience = std::max(patience, own.restart_time);
  }
  if (!awaited_)
    return;
  log().write(log::router_record(
      log::level::info,
      "restarted: routes are told when the neighbors have told theirs"));
  arm({retention_timer::kind::deferral, {}, 0, {}},
      std::chrono::duration_cast<std::chrono::seconds>(patience));
}

/// A neighbour is back. One that has restarted itself, or says nothing of
/// graceful restart, is not waited for.
void router::note_return(const neighbor_entry& entry) {
  const auto found = awaited_->find(entry.configuration.name);
  if (found == awaited_->end())
    return;
  const auto& agreed = entry.registered->negotiated;
  if (!agreed.graceful_restart || agreed.graceful_restart->restarted) {
    awaited_->erase(found);
  } else {
    for (const auto& each : agreed.families)
      found->second.insert(each.address_family);
  }
  if (awaited_->empty())
    end_deferral();
}

void router::handle(const end_of_rib_seen& m) {
  if (!awaited_)
    return;
  const auto found = awaited_->find(m.name);
  if (found == awaited_->end())
    return;
  found->second.erase(m.family);
  if (found->second.empty())
    awaited_->erase(found);
  if (awaited_->empty())
    end_deferral();
}

void router::end_deferral() {
  awaited_.reset();
  log().write(log::router_record(log::level::info,
                                 "the restart is over, routes are told"));
  for (auto& [name, entry] : neighbors_) {
    if (entry.handle)
      this->send(entry.handle,
                 session_command{session_command::kind::restart_over, {}, {}});
    if (!entry.registered || entry.registered->group != 0)
      continue;
    join(entry, std::nullopt);
  }
  tell_rib();
}

// -- a slice that has lost its routes -----------------------------------------

/// Whoever can is asked to tell all again (RFC 2918, RFC 7313), the others
/// begin anew; what is stale comes from nobody any more.
void router::refill(const shard_emptied& m) {
  log().write(log::router_record(
      log::level::warn, "the routes of shard " + std::to_string(m.shard)
                            + " are asked for again"
                            + (m.why.empty() ? "" : ": " + m.why)));
  shard_refill wanted;
  for (auto& [name, entry] : neighbors_) {
    drop_stale(entry);
    if (!entry.registered || !entry.handle)
      continue;
    const auto& agreed = entry.registered->negotiated;
    const auto what = agreed.route_refresh ? session_command::kind::refresh
                                           : session_command::kind::reset;
    if (!agreed.route_refresh || !agreed.enhanced_route_refresh)
      wanted.others = true;
    else
      for (const auto& each : agreed.families)
        wanted.awaited.insert(
            {entry.registered->facts.index, each.address_family});
    this->send(entry.handle, session_command{what, {}, {}});
  }
  this->send(shards_.at(m.shard), std::move(wanted));
  tell_rib(); // what we originate ourselves
}

// -- ends ---------------------------------------------------------------------

void router::drop_stale(neighbor_entry& entry) {
  if (!entry.stale)
    return;
  purge(entry.stale->facts.index);
  entry.stale.reset();
}

/// Everything of a source goes; its index is free when all shards say so.
void router::purge(rib::neighbor_index index) {
  auto& left = purging_[index];
  for (std::uint32_t i = 0; i < shards_.size(); ++i) {
    left.insert(i);
    this->send(shards_[i], source_down{index});
  }
}

} // namespace troupe::actors
