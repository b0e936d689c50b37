#pragma once

#include "rib/change.hpp"
#include "rib/export_default.hpp"
#include "rib/export_encoder.hpp"
#include "rib/export_judge.hpp"
#include "rib/export_log.hpp"
#include "rib/export_members.hpp"
#include "rib/export_state.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace troupe::rib {

/// What the families of a group share; owned by the group.
struct export_context {
  attribute_pool& pool;
  const export_settings& settings;
  export_log& log;
  member_table& members;
  export_statistics& statistics;
};

/// One family of an Adj-RIB-Out: the state per prefix, and what the log has yet
/// to say about it. Every change is committed per prefix: what may throw comes
/// first, and what is pending survives.
template <class Key>
class told_family {
public:
  told_family(const export_context& context, unsigned shards)
      : context_(context), judge_(context.pool, context.settings, Key::family),
        transform_(context.settings, Key::family),
        encoder_(context.pool, transform_, {context.settings.max_message_size}),
        dropped_(context.pool), tables_(shards),
        default_(context.pool, context.settings, transform_) {}
  ~told_family() {
    forget_pending();
    for (const auto& table : tables_)
      table.for_each_told(
          [&](prefix_number, const told_entry& e) { dropped_.add(e.set); });
  }
  told_family(const told_family&) = delete;
  told_family& operator=(const told_family&) = delete;

  /// Takes changes of a shard.
  void apply(unsigned shard, std::span<const change<Key>> changes);
  /// Encodes what was pending when the flush began, about as many prefixes as
  /// `budget` says, which it takes off; whether that is done, or goes on with
  /// the next call. What changes meanwhile is pending for the next flush.
  bool flush(std::size_t& budget);
  /// Gives up what is pending: nobody is left to be told.
  void forget_pending();
  /// Encodes the present state of what a shard's answer names.
  void answer(const resync_slice& slice, const resync_plan& plan,
              std::span<const change<Key>> changes);
  /// Owes a member everything that is told to it.
  void owe_everything(member_slot m);
  /// Tells members our default route, or withdraws it where there is none.
  void tell_default(admission who) {
    default_.tell(context_.log, who, transform_, context_.statistics);
  }

  /// Prefixes that wait for a flush to begin.
  std::size_t pending() const { return records_.size(); }
  bool has_pending() const { return !records_.empty() || !flushing_.empty(); }
  void set_source(const neighbor_facts& facts) { judge_.set_source(facts); }
  std::uint64_t advertised(member_slot m) const;
  std::vector<told_route> told(member_slot m, unsigned shard,
                               prefix_number n) const;
  /// Octets allocated for what is told, and for what is pending.
  void add_memory(export_memory& to) const {
    for (const auto& table : tables_)
      to.adj_rib_out += table.memory();
    to.pending += (records_.capacity() + flushing_.capacity()) * sizeof(record)
                  + encoder_.memory() + dropped_.memory();
  }
  std::string check() const;

private:
  static constexpr std::size_t place = family_place(Key::family);
  using item = typename update_encoder<Key>::item;

  // A prefix whose state is not what the log said.
  struct record {
    Key key;
    told_entry before; // holds a reference
    prefix_number number = 0;
    std::uint16_t shard = 0;
  };
  using run = std::span<const change<Key>>;

  static bool same_run(const change<Key>& a, const change<Key>& b) {
    return a.attributes == b.attributes && a.source == b.source
           && a.kind == b.kind && a.origin == b.origin;
  }
  export_verdict judge(const change<Key>& c);
  void apply_run(unsigned shard, run changes, const export_verdict& verdict);
  // These run for each change: never a call.
  [[gnu::always_inline]] inline void
  commit(unsigned shard, const change<Key>& c, const told_entry& next);
  [[gnu::always_inline]] inline void replace(told_entry& entry,
                                             const told_entry& next);
  bool is_settled(const told_entry& now, const told_entry& next) const;
  bool classify(std::size_t& budget);
  void classify(const record& r);
  void withdraw_too_big();
  void shrink();
  admission all_but_owner(const told_entry& e) const {
    const auto owner = context_.members.slot_of(e.source);
    return owner == no_member ? admission{} : admission::all_but(owner);
  }
  std::uint64_t& told_from(neighbor_index source) {
    const auto i = static_cast<std::size_t>(source);
    if (i >= told_from_.size())
      told_from_.resize(i + 1);
    return told_from_[i];
  }

  export_context context_;
  export_judge judge_;
  export_transform transform_;
  update_encoder<Key> encoder_;
  release_list dropped_;
  std::vector<told_table> tables_; // by shard
  default_route<Key> default_;
  std::vector<record> records_;
  std::vector<record> flushing_; // under way: records of which
  std::size_t classified_ = 0;   // so many are in the encoder
  std::uint64_t told_ = 0;
  std::uint64_t most_told_ = 0;          // since memory was given back
  std::vector<std::uint64_t> told_from_; // by source
};

// -- changes ------------------------------------------------------------------

template <class Key>
void told_family<Key>::apply(unsigned shard,
                             std::span<const change<Key>> changes) {
  auto& table = tables_[shard];
  context_.statistics.changes += changes.size();
  constexpr std::size_t ahead = 16;
  std::size_t fetched = 0;
  for (std::size_t i = 0, j = 0; i < changes.size(); i = j) {
    j = i + 1;
    if (!judge_.depends_on_prefix())
      while (j < changes.size() && same_run(changes[i], changes[j])
             && !default_.replaces(changes[j].key)
             && !default_.replaces(changes[i].key))
        ++j;
    for (; fetched < std::min(j + ahead, changes.size()); ++fetched) {
      table.prefetch(changes[fetched].number);
      if (changes[fetched].attributes != attribute_ref::none)
        context_.pool.prefetch(changes[fetched].attributes);
    }
    apply_run(shard, changes.subspan(i, j - i), judge(changes[i]));
  }
  dropped_.run();
  judge_.bound();
}

template <class Key>
export_verdict told_family<Key>::judge(const change<Key>& c) {
  const route_origin origin{c.source, c.kind, c.origin};
  if (default_.replaces(c.key))
    return {};
  if (!judge_.depends_on_prefix())
    return judge_.judge(c.attributes, origin, nullptr);
  const auto prefix = to_prefix(c.key);
  return judge_.judge(c.attributes, origin, &prefix);
}

template <class Key>
void told_family<Key>::apply_run(unsigned shard, run changes,
                                 const export_verdict& verdict) {
  using reason = export_verdict::reason;
  if (verdict.why == reason::filtered)
    context_.statistics.filtered += changes.size();
  if (verdict.why == reason::no_next_hop)
    context_.statistics.no_next_hop += changes.size();
  auto& table = tables_[shard];
  const bool told = verdict.set != attribute_ref::none;
  told_entry next;
  next.set = verdict.set;
  if (told) {
    next.source = changes.front().source;
    next.traits = verdict.traits;
    told_from(next.source); // makes room, so that counting cannot throw
  }
  reference_run references{context_.pool, verdict.set,
                           static_cast<std::uint32_t>(changes.size())};
  for (const auto& c : changes) {
    if (!told && table.find(c.number) == nullptr)
      continue;
    auto& entry = table.at(c.number);
    if (is_settled(entry, next)) {
      if (entry.source != next.source) {
        --told_from_[static_cast<std::size_t>(entry.source)];
        ++told_from_[static_cast<std::size_t>(next.source)];
        entry.source = next.source;
      }
      continue;
    }
    commit(shard, c, next);
    references.take();
  }
}

template <class Key>
bool told_family<Key>::is_settled(const told_entry& now,
                                  const told_entry& next) const {
  if (!now.tells_the_same(next))
    return false;
  const auto& members = context_.members;
  return now.source == next.source
         || (members.slot_of(now.source) == no_member
             && members.slot_of(next.source) == no_member);
}

template <class Key>
void told_family<Key>::commit(unsigned shard, const change<Key>& c,
                              const told_entry& next) {
  auto& entry = tables_[shard].at(c.number);
  if (context_.members.any() && !entry.pending) {
    records_.push_back(
        {c.key, entry, c.number, static_cast<std::uint16_t>(shard)});
    entry.pending = true;
  } else {
    dropped_.add(entry.set);
  }
  replace(entry, next);
}

// Nothing here throws; the reference of the old set is somebody else's now.
template <class Key>
void told_family<Key>::replace(told_entry& entry, const told_entry& next) {
  if (entry.is_told()) {
    --told_;
    --told_from_[static_cast<std::size_t>(entry.source)];
  }
  if (next.is_told()) {
    ++told_;
    ++told_from_[static_cast<std::size_t>(next.source)];
  }
  const bool pending = entry.pending;
  entry = next;
  entry.pending = pending;
}

// -- the log ------------------------------------------------------------------

template <class Key>
bool told_family<Key>::flush(std::size_t& budget) {
  if (flushing_.empty()) {
    encoder_.clear();
    std::swap(flushing_, records_);
  }
  if (!classify(budget)
      || !encoder_.run(context_.log, context_.members, context_.statistics,
                       budget))
    return false;
  withdraw_too_big();
  flushing_.clear();
  classified_ = 0;
  judge_.forget();
  shrink();
  return true;
}

// A burst, or a table that was lost, leaves nothing behind.
template <class Key>
void told_family<Key>::shrink() {
  constexpr std::size_t kept = 32UL * 1024; // records
  if (flushing_.capacity() > kept) {
    flushing_ = std::vector<record>{}; // `{}` alone would keep its memory
    encoder_.shrink();
  }
  if (records_.empty() && records_.capacity() > kept)
    records_ = std::vector<record>{};
  dropped_.shrink();
  most_told_ = std::max(most_told_, told_);
  if (most_told_ < kept || told_ > most_told_ / 4)
    return;
  for (auto& table : tables_)
    table.shrink([](const told_entry& e) { return e.is_told() || e.pending; });
  most_told_ = told_;
}

// The entries are free to change then: they, or new records, hold the sets that
// the encoder names until the flush is done.
template <class Key>
bool told_family<Key>::classify(std::size_t& budget) {
  constexpr std::size_t ahead = 16;
  for (; budget != 0 && classified_ < flushing_.size();
       ++classified_, --budget) {
    if (classified_ + ahead < flushing_.size()) {
      const auto& soon = flushing_[classified_ + ahead];
      tables_[soon.shard].prefetch(soon.number);
    }
    const auto& r = flushing_[classified_];
    classify(r);
    dropped_.add(r.before.set);
    tables_[r.shard].at(r.number).pending = false;
  }
  dropped_.run();
  return classified_ == flushing_.size();
}

// One record per prefix: what the log said before, what it must say now, and
// to whom (DESIGN §4.6).
template <class Key>
void told_family<Key>::classify(const record& r) {
  const auto& before = r.before;
  const auto& now = tables_[r.shard].at(r.number);
  const item what{r.key, r.number, 0, r.shard};
  if (!now.is_told()) {
    if (before.is_told())
      encoder_.withdraw(what, all_but_owner(before));
    return;
  }
  const bool moved = before.is_told() && before.source != now.source;
  const auto owner = context_.members.slot_of(now.source);
  if (moved && owner != no_member) // it knows the old path, and has the best
    encoder_.withdraw(what, admission::only(owner));
  if (!before.tells_the_same(now))
    return encoder_.announce(what, now, all_but_owner(now));
  const auto former = context_.members.slot_of(before.source);
  if (moved && former != no_member) // it was the only one not told
    encoder_.announce(what, now, admission::only(former));
}

// RFC 4271 §9.2, RFC 8654 §4: a route that fits no message is not told, and
// withdrawn where it may have been told before.
template <class Key>
void told_family<Key>::withdraw_too_big() {
  const auto found = std::exchange(encoder_.too_big(), {});
  for (const auto& each : found) {
    auto& entry = tables_[each.shard].at(each.number);
    if (!entry.is_told())
      continue;
    ++context_.statistics.too_big;
    encoder_.withdraw(each, {});
    if (entry.pending)
      continue; // it is another set by now
    dropped_.add(entry.set);
    replace(entry, {});
  }
  encoder_.run(context_.log, context_.members, context_.statistics);
}

template <class Key>
void told_family<Key>::forget_pending() {
  const auto forget = [this](std::span<const record> records) {
    for (const auto& r : records) {
      dropped_.add(r.before.set);
      tables_[r.shard].at(r.number).pending = false;
    }
  };
  forget(std::span{flushing_}.subspan(classified_));
  forget(records_);
  flushing_.clear();
  classified_ = 0;
  records_.clear();
  encoder_.clear();
  dropped_.run();
}

// -- what members are owed ----------------------------------------------------

template <class Key>
void told_family<Key>::owe_everything(member_slot m) {
  const auto self = context_.members.neighbor_of(m);
  auto& members = context_.members;
  if (!members.speaks(m, place))
    return;
  for (unsigned shard = 0; shard < tables_.size(); ++shard) {
    const auto& table = tables_[shard];
    table.for_each_told([&](prefix_number n, const told_entry& e) {
      if (e.source != self)
        members.owe(m, shard, place, n);
    });
  }
}

template <class Key>
void told_family<Key>::answer(const resync_slice& slice,
                              const resync_plan& plan,
                              std::span<const change<Key>> changes) {
  if (plan.riders.empty())
    return;
  auto& log = context_.log;
  const auto& members = context_.members;
  const auto& table = tables_[slice.shard];
  const auto riders = log.make_set(plan.riders);
  const auto to_withdraw = log.make_set(plan.withdrawals);
  std::map<member_slot, admission> others; // the riders but the owner
  const auto all_riders_but = [&](member_slot owner) {
    const auto found = others.find(owner);
    if (found != others.end())
      return found->second;
    auto rest = plan.riders;
    std::erase(rest, owner);
    return others[owner] = log.make_set(std::move(rest));
  };
  const auto is_in = [](const std::vector<member_slot>& set, member_slot m) {
    return std::find(set.begin(), set.end(), m) != set.end();
  };
  encoder_.clear();
  for (const auto& c : changes) {
    const auto n = c.number;
    if (default_.replaces(c.key))
      continue;
    if (std::none_of(plan.riders.begin(), plan.riders.end(), [&](auto m) {
          return members.is_owed(m, slice.shard, place, n);
        }))
      continue;
    const item what{c.key, n, 0, static_cast<std::uint16_t>(slice.shard)};
    const auto* entry = table.find(n);
    if (entry == nullptr || !entry->is_told()) {
      if (!plan.withdrawals.empty())
        encoder_.withdraw(what, to_withdraw);
      continue;
    }
    const auto owner = members.slot_of(entry->source);
    const bool owner_rides = owner != no_member && is_in(plan.riders, owner);
    if (owner_rides && is_in(plan.withdrawals, owner))
      encoder_.withdraw(what, admission::only(owner));
    if (!owner_rides)
      encoder_.announce(what, *entry, riders);
    else if (plan.riders.size() > 1)
      encoder_.announce(what, *entry, all_riders_but(owner));
  }
  encoder_.run(log, context_.members, context_.statistics);
  withdraw_too_big();
  dropped_.run();
}

// -- views --------------------------------------------------------------------

template <class Key>
std::uint64_t told_family<Key>::advertised(member_slot m) const {
  if (!context_.members.speaks(m, place))
    return 0;
  const auto self = static_cast<std::size_t>(context_.members.neighbor_of(m));
  const auto own = self < told_from_.size() ? told_from_[self] : 0;
  const auto owed = context_.members.owed(m, place);
  return (told_ - own > owed ? told_ - own - owed : 0) + default_.count();
}

template <class Key>
std::vector<told_route> told_family<Key>::told(member_slot m, unsigned shard,
                                               prefix_number n) const {
  const auto& members = context_.members;
  if (shard >= tables_.size() || !members.speaks(m, place))
    return {};
  const auto* entry = tables_[shard].find(n);
  if (entry == nullptr || !entry->is_told()
      || entry->source == members.neighbor_of(m)
      || members.is_owed(m, shard, place, n))
    return {};
  return {{entry->source, std::nullopt, 0,
           transform_.canonical(context_.pool[entry->set], entry->traits)}};
}

template <class Key>
std::string told_family<Key>::check() const {
  std::uint64_t told = 0;
  std::uint64_t pending = 0;
  std::vector<std::uint64_t> from(told_from_.size());
  for (const auto& table : tables_)
    table.for_each([&](prefix_number, const told_entry& e) {
      pending += e.pending ? 1U : 0U;
      if (!e.is_told())
        return;
      ++told;
      if (const auto i = static_cast<std::size_t>(e.source); i < from.size())
        ++from[i];
    });
  if (told != told_ || from != told_from_)
    return "the prefixes that are told are miscounted";
  const auto waiting = std::span{flushing_}.subspan(classified_);
  if (pending != records_.size() + waiting.size())
    return "what is pending has no record";
  const auto is_pending = [this](const record& r) {
    return tables_[r.shard].find(r.number)->pending;
  };
  if (!std::ranges::all_of(records_, is_pending)
      || !std::ranges::all_of(waiting, is_pending))
    return "a record has nothing pending";
  return {};
}

extern template class told_family<ipv4_key>;
extern template class told_family<ipv6_key>;

} // namespace troupe::rib
