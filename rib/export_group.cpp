#include "rib/export_group.hpp"

#include "protocol/check.hpp"
#include "protocol/wire/route_refresh.hpp"
#include "protocol/wire/update.hpp"
#include "rib/exported_family.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::rib {

namespace {

// By place.
constexpr std::array families{ipv4_key::family, ipv6_key::family};

} // namespace

struct export_group::implementation {
  implementation(attribute_pool& pool, export_settings s, unsigned shard_count,
                 const export_limits& limits)
      : settings(std::move(s)), shards(shard_count),
        log(std::max(limits.block_size, 2 * settings.max_message_size)),
        members(log, shard_count, limits), ipv4(context(pool), shard_count),
        ipv6(context(pool), shard_count), applied(shard_count),
        held(shard_count) {}

  export_context context(attribute_pool& pool) {
    return {pool, settings, log, members, statistics};
  }
  bool has_pending() const { return ipv4.has_pending() || ipv6.has_pending(); }
  /// Whether the log, with what is owed, tells all that the shards have.
  bool tells_everything() const {
    return !has_pending()
           && std::find(held.begin(), held.end(), true) == held.end();
  }
  /// Does something with both families.
  template <class Act>
  void with_each(Act act) {
    ipv4.with(act);
    ipv6.with(act);
  }
  /// Asks the family; `none` for another one.
  template <class Result, class Ask>
  Result ask(protocol::family family, Result none, Ask question) const {
    if (family == ipv4_key::family)
      return ipv4.with(question);
    return family == ipv6_key::family ? ipv6.with(question) : none;
  }
  void take_answer(unsigned shard, const change_batch& batch);
  bool flush(std::size_t budget);
  void flush() { flush(~std::size_t{0}); }
  /// Before a member is told, or owed, the present state: what is pending must
  /// not be a change since then that another one undoes unseen.
  void flush_pending() {
    while (has_pending()) // also behind the flush that is under way
      flush();
  }
  std::size_t most_pending() const;
  void tell_defaults();
  void tell_end_of_rib();
  void tell_refreshes();
  void append_refresh(protocol::wire::route_refresh_kind kind,
                      std::vector<member_slot> due, std::size_t family);
  void refresh(member_slot m, std::size_t family);
  void tell_again(member_slot m, std::size_t family);
  void owe_everything(member_slot m, std::size_t family);
  void member_left();
  void close_step();

  export_settings settings;
  unsigned shards;
  export_statistics statistics;
  export_log log;
  member_table members;
  exported_family<ipv4_key> ipv4;
  exported_family<ipv6_key> ipv6;
  std::uint32_t highest_id = 0;        // known to members from elsewhere
  std::vector<std::uint64_t> applied;  // sequence, by shard
  std::vector<std::uint64_t> flushing; // likewise; empty without a flush
  std::vector<bool> held;              // End-of-RIB, by shard
};

namespace {

member_slot slot(member_index m) {
  return static_cast<member_slot>(m);
}

} // namespace

void export_group::implementation::take_answer(unsigned shard,
                                               const change_batch& batch) {
  const auto slice = members.take_answered(batch.resync);
  if (!slice || slice->shard != shard)
    return;
  flush_pending();
  log.drop_unused_sets();
  const auto plan = members.plan(*slice);
  if (slice->family == family_place(ipv4_key::family))
    ipv4.answer(*slice, plan, batch.ipv4);
  else
    ipv6.answer(*slice, plan, batch.ipv6);
  members.settle(plan, *slice);
  close_step();
}

// Ahead of all else that those members are told, so that a default route of the
// table comes behind the withdrawal of ours.
void export_group::implementation::tell_defaults() {
  for (std::size_t f = 0; f < family_count; ++f) {
    auto due = members.take_defaults(f);
    if (due.empty())
      continue;
    log.drop_unused_sets();
    const auto who = log.make_set(std::move(due));
    if (f == family_place(ipv4_key::family))
      ipv4.with([&](auto& each) { each.tell_default(who); });
    else
      ipv6.with([&](auto& each) { each.tell_default(who); });
  }
}

// RFC 4724 §2: once the first update after the start is complete.
void export_group::implementation::tell_end_of_rib() {
  if (!tells_everything())
    return;
  for (std::size_t f = 0; f < family_count; ++f) {
    auto due = members.take_end_of_rib(f);
    if (due.empty() || settings.families.count(families[f]) == 0)
      continue;
    log.drop_unused_sets();
    std::vector<std::uint8_t> message;
    protocol::wire::encode_end_of_rib(families[f], message);
    log.append_mark(log_mark::end_of_rib, log.make_set(std::move(due)), f,
                    message);
  }
}

void export_group::implementation::append_refresh(
    protocol::wire::route_refresh_kind kind, std::vector<member_slot> due,
    std::size_t family) {
  if (due.empty())
    return;
  log.drop_unused_sets();
  std::vector<std::uint8_t> message;
  protocol::wire::encode_route_refresh({families[family], kind, {}}, message);
  log.append_mark(kind == protocol::wire::route_refresh_kind::begin
                      ? log_mark::begin_refresh
                      : log_mark::end_refresh,
                  log.make_set(std::move(due)), family, message);
}

// RFC 7313 §4: what is told between the marks is owed from the first one on.
void export_group::implementation::tell_refreshes() {
  using protocol::wire::route_refresh_kind;
  for (std::size_t f = 0; f < family_count; ++f) {
    const auto due = members.take_refresh_begins(f);
    append_refresh(route_refresh_kind::begin, due, f);
    for (const auto m : due)
      tell_again(m, f);
    if (tells_everything())
      append_refresh(route_refresh_kind::end, members.take_refresh_ends(f), f);
  }
}

void export_group::implementation::refresh(member_slot m, std::size_t family) {
  if (!members.speaks(m, family))
    return;
  if (members.marks_refreshes(m))
    members.want_refresh(m, family);
  else
    tell_again(m, family);
}

void export_group::implementation::tell_again(member_slot m,
                                              std::size_t family) {
  flush_pending();
  const auto found = settings.families.find(families[family]);
  if (found != settings.families.end() && found->second.default_originate) {
    members.owe_default(m, family);
    tell_defaults();
  }
  owe_everything(m, family);
}

void export_group::implementation::owe_everything(member_slot m,
                                                  std::size_t family) {
  if (family == family_place(ipv4_key::family))
    ipv4.with([&](auto& f) { f.owe_everything(m); });
  else
    ipv6.with([&](auto& f) { f.owe_everything(m); });
}

void export_group::implementation::member_left() {
  if (members.any())
    return;
  with_each([](auto& f) { f.forget_pending(); });
  flushing.clear();
  members.forget_requests({});
}

void export_group::implementation::close_step() {
  tell_end_of_rib();
  tell_refreshes();
  statistics.resyncs += members.drop_slow();
}

// -- the group ----------------------------------------------------------------

export_group::export_group(attribute_pool& pool, export_settings settings,
                           unsigned shards, export_limits limits)
    : self_(std::make_unique<implementation>(pool, std::move(settings), shards,
                                             limits)) {}

export_group::~export_group() = default;

const export_settings& export_group::settings() const {
  return self_->settings;
}

bool export_group::needs_candidates() const {
  return std::any_of(families.begin(), families.end(), [this](auto f) {
    return rib::needs_candidates(self_->settings, f);
  });
}

std::uint32_t export_group::highest_path_id() const {
  return std::max(
      {self_->highest_id, self_->ipv4.highest_id(), self_->ipv6.highest_id()});
}

member_index export_group::join(const member_options& options) {
  self_->flush_pending();
  const auto m = self_->members.join(options);
  if (options.former)
    self_->highest_id = std::max(self_->highest_id, options.former->known_ids);
  for (const auto& [family, how] : self_->settings.families)
    if (how.default_originate)
      self_->members.owe_default(m, family_place(family));
  if (options.former)
    for (const auto family : options.former->defaults)
      self_->members.owe_default(m, family_place(family));
  self_->tell_defaults();
  for (std::size_t f = 0; f < family_count; ++f)
    self_->owe_everything(m, f);
  self_->close_step();
  return member_index{m};
}

void export_group::leave(member_index member) {
  self_->members.leave(slot(member));
  self_->member_left();
}

handover export_group::hand_over(member_index member) {
  handover what;
  what.known_ids = highest_path_id();
  for (const auto& [family, how] : self_->settings.families)
    if (how.default_originate)
      what.defaults.push_back(family);
  self_->members.hand_over(slot(member), what);
  self_->member_left();
  return what;
}

void export_group::release(neighbor_index neighbor) {
  self_->members.release(neighbor);
}

void export_group::refresh(member_index member, protocol::family family) {
  if (const auto place = family_place(family); place < family_count)
    self_->refresh(slot(member), place);
  self_->close_step();
}

void export_group::set_source(const neighbor_facts& facts) {
  self_->with_each([&](auto& f) { f.set_source(facts); });
}

void export_group::apply(unsigned shard, const change_batch& batch) {
  TROUPE_CHECK(shard < self_->shards, "there is no such shard");
  if (batch.is_resync)
    return self_->take_answer(shard, batch);
  self_->ipv4.apply(shard, batch.ipv4);
  self_->ipv6.apply(shard, batch.ipv6);
  self_->applied[shard] = std::max(self_->applied[shard], batch.sequence);
}

void export_group::set_number_limit(unsigned shard, protocol::family family,
                                    prefix_number limit) {
  TROUPE_CHECK(shard < self_->shards, "there is no such shard");
  if (const auto place = family_place(family); place < family_count)
    self_->members.set_number_limit(shard, place, limit);
}

void export_group::hold_end_of_rib(unsigned shard) {
  self_->held.at(shard) = true;
}

void export_group::release_end_of_rib(unsigned shard) {
  self_->held.at(shard) = false;
  self_->close_step();
}

// What waits costs memory, and saves work for each member.
std::size_t export_group::implementation::most_pending() const {
  constexpr std::size_t for_one = 4096;
  constexpr std::size_t for_all = 64 * for_one;
  const auto several =
      std::any_of(families.begin(), families.end(),
                  [&](auto f) { return rib::needs_candidates(settings, f); });
  return several ? for_one : std::min(members.count() * for_one, for_all);
}

bool export_group::implementation::flush(std::size_t budget) {
  if (flushing.empty())
    flushing = applied;
  const auto flushed = [&](auto& f) { return f.flush(budget); };
  if (!ipv4.with(flushed) || !ipv6.with(flushed))
    return false;
  for (unsigned shard = 0; shard < shards; ++shard)
    members.flushed(shard, flushing[shard]);
  flushing.clear();
  return true;
}

void export_group::flush() {
  // One may have begun before all of what is pending came in.
  self_->flush();
  self_->flush_pending();
  self_->close_step();
}

bool export_group::flush(std::size_t budget) {
  const auto done = self_->flush(budget);
  self_->close_step();
  return done;
}

bool export_group::is_flushing() const {
  return !self_->flushing.empty();
}

std::size_t export_group::pending() const {
  const auto count = [](const auto& f) { return f.pending(); };
  return self_->ipv4.with(count) + self_->ipv6.with(count);
}

bool export_group::may_wait() const {
  return self_->members.any_writing() && pending() < self_->most_pending();
}

void export_group::wait_no_longer() {
  self_->members.wait_no_longer();
}

std::vector<export_group::shard_request> export_group::take_requests() {
  return self_->members.take_requests(self_->held);
}

void export_group::ask_again() {
  self_->members.forget_requests({});
}

void export_group::ask_again(unsigned shard) {
  self_->members.forget_requests(shard);
}

std::uint64_t export_group::safe_through(unsigned shard) const {
  return self_->members.safe_through(shard);
}

// -- output -------------------------------------------------------------------

std::vector<member_index> export_group::ready() const {
  std::vector<member_index> found;
  self_->members.for_each([&](member_slot m) {
    if (self_->log.is_reading(m) && self_->log.seek(m)
        && self_->members.has_room(m))
      found.push_back(member_index{m});
  });
  return found;
}

std::vector<output_slice> export_group::take_output(member_index member,
                                                    std::size_t bytes) {
  const auto m = slot(member);
  if (!self_->log.is_reading(m))
    return {};
  auto slices = self_->log.take(m, bytes);
  for (const auto& each : slices)
    self_->members.taken(m, each.size);
  return slices;
}

void export_group::written(member_index member, std::size_t bytes) {
  self_->members.written(slot(member), bytes);
  self_->tell_defaults();
  self_->tell_refreshes();
}

void export_group::set_aside(member_index member) {
  self_->statistics.resyncs += self_->members.set_aside(slot(member)) ? 1U : 0U;
}

// -- views --------------------------------------------------------------------

export_statistics export_group::statistics() const {
  auto statistics = self_->statistics;
  statistics.log_bytes = self_->log.size();
  return statistics;
}

export_memory export_group::memory() const {
  export_memory all;
  const auto add = [&](const auto& f) { f.add_memory(all); };
  self_->ipv4.with(add);
  self_->ipv6.with(add);
  all.log = self_->log.memory();
  return all;
}

member_backlog export_group::backlog(member_index member) const {
  return self_->members.backlog_of(slot(member));
}

std::uint64_t export_group::advertised(member_index member,
                                       protocol::family family) const {
  return self_->ask(family, std::uint64_t{0},
                    [&](const auto& f) { return f.advertised(slot(member)); });
}

std::vector<told_route> export_group::told(member_index member, unsigned shard,
                                           protocol::family family,
                                           prefix_number number) const {
  return self_->ask(family, std::vector<told_route>{}, [&](const auto& f) {
    return f.told(slot(member), shard, number);
  });
}

std::string export_group::check() const {
  const auto checked = [](const auto& f) { return f.check(); };
  for (const auto& found :
       {self_->log.check(), self_->members.check(), self_->ipv4.with(checked),
        self_->ipv6.with(checked)})
    if (!found.empty())
      return found;
  return {};
}

} // namespace troupe::rib
