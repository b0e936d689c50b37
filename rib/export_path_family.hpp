#pragma once

#include "rib/change.hpp"
#include "rib/export_audience.hpp"
#include "rib/export_default.hpp"
#include "rib/export_encoder.hpp"
#include "rib/export_family.hpp"
#include "rib/export_judge.hpp"
#include "rib/export_log.hpp"
#include "rib/export_members.hpp"
#include "rib/export_paths.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe::rib {

/// One family of an Adj-RIB-Out of which not the best path alone is told:
/// several paths under ids (RFC 7911), or to each client of a route server the
/// best one that it may be told (RFC 7947 §2.3). Built from the ranked
/// candidates of each change; beyond that it works like `told_family`.
template <class Key>
class path_family {
public:
  path_family(const export_context& context, unsigned shards)
      : context_(context), family_(context.settings.families.at(Key::family)),
        choice_{family_.paths == export_family::all_paths ? ~std::size_t{0}
                                                          : family_.paths,
                family_.per_client},
        judge_(context.pool, context.settings, Key::family),
        transform_(context.settings, Key::family),
        encoder_(context.pool, transform_,
                 {context.settings.max_message_size, family_.add_path}),
        dropped_(context.pool), tables_(shards), tally_(choice_),
        audience_(context.log, context.members, choice_, family_.add_path),
        default_(context.pool, context.settings, transform_) {}
  ~path_family() {
    forget_pending();
    for (const auto& table : tables_)
      table.for_each_told(
          [&](prefix_number, const told_prefix& e) { drop(e.paths); });
  }
  path_family(const path_family&) = delete;
  path_family& operator=(const path_family&) = delete;

  /// Takes changes of a shard, with their candidates.
  void apply(unsigned shard, const family_changes<Key>& changes);
  /// Encodes all that is pending, and takes it off the budget.
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

  std::size_t pending() const { return records_.size(); }
  bool has_pending() const { return !records_.empty(); }
  void set_source(const neighbor_facts& facts) { judge_.set_source(facts); }
  /// Paths told to a member.
  std::uint64_t advertised(member_slot m) const;
  std::vector<told_route> told(member_slot m, unsigned shard,
                               prefix_number n) const;
  /// No higher path id was ever told.
  std::uint32_t highest_id() const { return highest_; }
  /// See `told_family::add_memory`.
  void add_memory(export_memory& to) const {
    for (const auto& table : tables_)
      to.adj_rib_out += table.memory();
    to.adj_rib_out += capacity_ * sizeof(told_path);
    to.pending += records_.capacity() * sizeof(record) + encoder_.memory()
                  + dropped_.memory();
  }
  std::string check() const;

private:
  static constexpr std::size_t place = family_place(Key::family);
  using encoder = update_encoder<Key, true>;
  using item = typename encoder::item;

  // What a group tells about one prefix; the paths hold references.
  struct told_prefix {
    std::vector<told_path> paths;
    /// The log has said up to here that a path is gone.
    std::uint64_t gone_at = 0;
    std::uint32_t highest = 0; ///< path id that anybody may know
    std::uint32_t record = 0;  ///< what is pending: its place, from 1

    bool is_told() const { return !paths.empty(); }
  };
  // A prefix whose state is not what the log said.
  struct record {
    Key key;
    prefix_number number = 0;
    std::uint16_t shard = 0;
    bool withdraws = false;
    std::vector<told_path> before;
  };

  void choose(const change<Key>& c, std::span<const candidate> candidates);
  void update(unsigned shard, const change<Key>& c);
  bool is_quiet(unsigned shard, prefix_number n, const told_prefix& e) const;
  void commit(unsigned shard, const change<Key>& c, told_prefix& entry,
              std::vector<told_path> next);
  void classify(record& r);
  void withdraw_too_big();
  void tell_present(const resync_plan& plan, item what, path_list paths);
  void withdraw_rest(const resync_plan& plan, item what, const told_prefix& e);
  void drop(path_list paths) {
    for (const auto& p : paths)
      dropped_.add(p.what.set);
  }
  item item_of(const record& r, const told_path& p) const {
    item i{r.key, r.number, 0, r.shard};
    i.path_id = p.id;
    return i;
  }
  neighbor_index neighbor(member_slot m) const {
    return context_.members.neighbor_of(m);
  }

  export_context context_;
  export_family family_;
  path_choice choice_;
  export_judge judge_;
  export_transform transform_;
  encoder encoder_;
  release_list dropped_;
  std::vector<number_table<told_prefix>> tables_; // by shard
  std::vector<record> records_;
  path_tally tally_;
  std::size_t capacity_ = 0; // of all lists of paths that are told
  std::uint32_t highest_ = 0;
  path_audience audience_;
  default_route<Key> default_;
  std::vector<told_path> next_; // of one change
};

// -- changes ------------------------------------------------------------------

template <class Key>
void path_family<Key>::apply(unsigned shard,
                             const family_changes<Key>& changes) {
  const auto& ranked = changes.ranked;
  TROUPE_CHECK(ranked.ends.size() == changes.changes.size(),
               "changes come without their candidates");
  context_.statistics.changes += changes.changes.size();
  const std::span<const candidate> all{ranked.all};
  for (std::size_t i = 0, first = 0; i < changes.changes.size(); ++i) {
    const auto& c = changes.changes[i];
    choose(c, default_.replaces(c.key)
                  ? std::span<const candidate>{}
                  : all.subspan(first, ranked.ends[i] - first));
    first = ranked.ends[i];
    update(shard, c);
  }
  dropped_.run();
}

// Each candidate in its order is judged until enough may be told.
template <class Key>
void path_family<Key>::choose(const change<Key>& c,
                              std::span<const candidate> candidates) {
  using reason = export_verdict::reason;
  auto why = reason::no_route;
  std::optional<protocol::prefix> prefix;
  if (judge_.depends_on_prefix())
    prefix = to_prefix(c.key);
  next_.clear();
  for (const auto& each : candidates) {
    if (choice_.is_full(next_))
      break;
    const auto verdict =
        judge_.judge(each.attributes, {each.source, each.kind, each.origin},
                     prefix ? &*prefix : nullptr);
    if (why == reason::no_route)
      why = verdict.why;
    if (verdict.set == attribute_ref::none)
      continue;
    told_path p;
    p.what.set = verdict.set;
    p.what.source = each.source;
    p.what.traits = verdict.traits;
    p.received_id = each.path_id;
    next_.push_back(p);
  }
  if (!next_.empty())
    return;
  context_.statistics.filtered += why == reason::filtered ? 1U : 0U;
  context_.statistics.no_next_hop += why == reason::no_next_hop ? 1U : 0U;
}

template <class Key>
void path_family<Key>::update(unsigned shard, const change<Key>& c) {
  auto& table = tables_[shard];
  if (next_.empty() && table.find(c.number) == nullptr)
    return;
  auto& entry = table.at(c.number);
  if (std::ranges::equal(entry.paths, next_))
    return;
  const path_list before =
      entry.record == 0 ? entry.paths : records_[entry.record - 1].before;
  assign_ids(next_, {entry.paths, before, is_quiet(shard, c.number, entry)},
             entry.highest);
  highest_ = std::max(highest_, entry.highest);
  commit(shard, c, entry, next_);
}

// No member knows an id that is not told any more: each has read that it is
// gone, or is up to date in another way.
template <class Key>
bool path_family<Key>::is_quiet(unsigned shard, prefix_number n,
                                const told_prefix& e) const {
  return e.gone_at <= context_.log.read_position()
         && !context_.members.is_owed_withdrawals(shard, place, n);
}

template <class Key>
void path_family<Key>::commit(unsigned shard, const change<Key>& c,
                              told_prefix& entry, std::vector<told_path> next) {
  tally_.make_room(next);
  const bool is_new = context_.members.any() && entry.record == 0;
  if (is_new)
    records_.push_back(
        {c.key, c.number, static_cast<std::uint16_t>(shard), false, {}});
  else
    drop(entry.paths);
  // From here on nothing throws.
  capacity_ -= entry.paths.capacity();
  for (const auto& p : next)
    context_.pool.retain(p.what.set);
  tally_.remove(entry.paths);
  tally_.add(next);
  if (is_new) {
    records_.back().before = std::move(entry.paths);
    entry.record = static_cast<std::uint32_t>(records_.size());
  }
  entry.paths = std::move(next);
  capacity_ += entry.paths.capacity();
}

// -- the log ------------------------------------------------------------------

template <class Key>
bool path_family<Key>::flush(std::size_t& budget) {
  budget -= std::min(budget, records_.size());
  if (!records_.empty()) {
    encoder_.clear();
    audience_.begin();
    for (auto& r : records_)
      classify(r);
    encoder_.run(context_.log, context_.members, context_.statistics);
    withdraw_too_big();
    forget_pending();
  }
  judge_.forget();
  return true;
}

// One record per prefix: each path that somebody has to hear of.
template <class Key>
void path_family<Key>::classify(record& r) {
  const auto& now = tables_[r.shard].at(r.number).paths;
  audience_.look_at(r.before, now);
  for (std::size_t i = 0; i < r.before.size(); ++i)
    if (const auto who = audience_.of_withdrawal(i)) {
      encoder_.withdraw(item_of(r, r.before[i]), *who);
      r.withdraws = true;
    }
  for (std::size_t i = 0; i < now.size(); ++i)
    if (const auto who = audience_.of_announcement(i))
      encoder_.announce(item_of(r, now[i]), now[i].what, *who);
}

// RFC 4271 §9.2, RFC 8654 §4: see `told_family`.
template <class Key>
void path_family<Key>::withdraw_too_big() {
  const auto found = std::exchange(encoder_.too_big(), {});
  for (const auto& each : found) {
    auto& entry = tables_[each.shard].at(each.number);
    const auto p =
        std::find_if(entry.paths.begin(), entry.paths.end(),
                     [&](const auto& q) { return q.id == each.path_id; });
    if (p == entry.paths.end() || !p->what.is_told())
      continue;
    const auto i = static_cast<std::size_t>(p - entry.paths.begin());
    audience_.look_at({}, entry.paths);
    const auto who = audience_.of_announcement(i);
    dropped_.add(p->what.set);
    tally_.remove(entry.paths);
    p->what.set = attribute_ref::none;
    tally_.add(entry.paths);
    ++context_.statistics.too_big;
    if (who)
      encoder_.withdraw(each, *who);
  }
  encoder_.run(context_.log, context_.members, context_.statistics);
  for (const auto& each : found)
    tables_[each.shard].at(each.number).gone_at = context_.log.end_position();
}

template <class Key>
void path_family<Key>::forget_pending() {
  for (const auto& r : records_) {
    drop(r.before);
    auto& entry = tables_[r.shard].at(r.number);
    entry.record = 0;
    if (r.withdraws)
      entry.gone_at = context_.log.end_position();
  }
  records_.clear();
  dropped_.run();
}

// -- what members are owed ----------------------------------------------------

template <class Key>
void path_family<Key>::owe_everything(member_slot m) {
  auto& members = context_.members;
  if (!members.speaks(m, place))
    return;
  for (unsigned shard = 0; shard < tables_.size(); ++shard) {
    const auto& table = tables_[shard];
    table.for_each_told([&](prefix_number n, const told_prefix& e) {
      if (choice_.tells_any(e.paths, neighbor(m)))
        members.owe(m, shard, place, n);
    });
  }
}

template <class Key>
void path_family<Key>::answer(const resync_slice& slice,
                              const resync_plan& plan,
                              std::span<const change<Key>> changes) {
  if (plan.riders.empty())
    return;
  const auto& members = context_.members;
  auto& table = tables_[slice.shard];
  const told_prefix nothing;
  encoder_.clear();
  audience_.begin();
  for (const auto& c : changes) {
    const auto n = c.number;
    if (default_.replaces(c.key) && !family_.add_path)
      continue; // withdrawn it would be ours
    if (std::none_of(plan.riders.begin(), plan.riders.end(), [&](auto m) {
          return members.is_owed(m, slice.shard, place, n);
        }))
      continue;
    const item what{c.key, n, 0, static_cast<std::uint16_t>(slice.shard)};
    const auto* entry = table.find(n);
    if (entry == nullptr)
      entry = &nothing;
    withdraw_rest(plan, what, *entry);
    tell_present(plan, what, entry->paths);
  }
  encoder_.run(context_.log, context_.members, context_.statistics);
  if (!plan.withdrawals.empty())
    for (const auto& c : changes)
      if (table.find(c.number) != nullptr)
        table.at(c.number).gone_at = context_.log.end_position();
  withdraw_too_big();
  dropped_.run();
}

template <class Key>
void path_family<Key>::tell_present(const resync_plan& plan, item what,
                                    path_list paths) {
  audience_.look_at({}, paths);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    what.path_id = paths[i].id;
    if (const auto who = audience_.of_present(plan.riders, i))
      encoder_.announce(what, paths[i].what, *who);
  }
}

// Whatever a member may know and is not told.
template <class Key>
void path_family<Key>::withdraw_rest(const resync_plan& plan, item what,
                                     const told_prefix& e) {
  const path_list paths = e.paths;
  const auto send = [&](auto knows) {
    std::vector<member_slot> who;
    for (const auto m : plan.withdrawals)
      if (knows(m))
        who.push_back(m);
    if (const auto set = audience_.set_of(std::move(who)))
      encoder_.withdraw(what, *set);
  };
  if (!family_.add_path)
    return send(
        [&](member_slot m) { return !choice_.tells_any(paths, neighbor(m)); });
  auto most = e.highest;
  for (const auto m : plan.withdrawals)
    most = std::max(most, context_.members.known_ids(m));
  for (std::uint32_t id = 1; id <= most; ++id) {
    what.path_id = id;
    const auto p = std::find_if(paths.begin(), paths.end(),
                                [&](const auto& q) { return q.id == id; });
    const auto i = static_cast<std::size_t>(p - paths.begin());
    send([&](member_slot m) {
      return id <= std::max(e.highest, context_.members.known_ids(m))
             && (p == paths.end() || !choice_.tells(paths, i, neighbor(m)));
    });
  }
}

// -- views --------------------------------------------------------------------

template <class Key>
std::uint64_t path_family<Key>::advertised(member_slot m) const {
  if (!context_.members.speaks(m, place))
    return 0;
  const auto told = tally_.told_to(neighbor(m));
  return told - std::min(told, context_.members.owed(m, place))
         + default_.count();
}

template <class Key>
std::vector<told_route> path_family<Key>::told(member_slot m, unsigned shard,
                                               prefix_number n) const {
  std::vector<told_route> all;
  const auto& members = context_.members;
  if (shard >= tables_.size() || !members.speaks(m, place)
      || members.is_owed(m, shard, place, n))
    return all;
  const auto* entry = tables_[shard].find(n);
  for (std::size_t i = 0; entry != nullptr && i < entry->paths.size(); ++i) {
    const auto& p = entry->paths[i];
    if (choice_.tells(entry->paths, i, neighbor(m)))
      all.push_back(
          {p.what.source, p.received_id, family_.add_path ? p.id : 0,
           transform_.canonical(context_.pool[p.what.set], p.what.traits)});
  }
  return all;
}

template <class Key>
std::string path_family<Key>::check() const {
  path_tally tally{choice_};
  std::size_t pending = 0;
  std::string wrong;
  for (const auto& table : tables_)
    table.for_each([&](prefix_number, const told_prefix& e) {
      tally.make_room(e.paths);
      tally.add(e.paths);
      pending += e.record != 0 ? 1U : 0U;
      if (e.record > records_.size())
        wrong = "what is pending has no record";
      std::vector<std::uint32_t> ids;
      for (const auto& p : e.paths)
        ids.push_back(p.id);
      std::sort(ids.begin(), ids.end());
      if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()
          || (!ids.empty() && (ids.front() == 0 || ids.back() > e.highest)))
        wrong = "path ids are wrong";
    });
  context_.members.for_each([&](member_slot m) {
    if (tally.told_to(neighbor(m)) != tally_.told_to(neighbor(m)))
      wrong = "the paths that are told are miscounted";
  });
  return pending == records_.size() ? wrong : "a record has nothing pending";
}

extern template class path_family<ipv4_key>;
extern template class path_family<ipv6_key>;

} // namespace troupe::rib
