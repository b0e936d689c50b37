#include "rib/export_group.hpp"

#include "protocol/check.hpp"
#include "protocol/wire/route_refresh.hpp"
#include "protocol/wire/update.hpp"
#include "rib/export_family.hpp"

#include <algorithm>
#include <array>

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
  void take_answer(unsigned shard, const change_batch& batch);
  void flush();
  void tell_end_of_rib();
  void tell_refreshes();
  void append_refresh(protocol::wire::route_refresh_kind kind,
                      std::vector<member_slot> due, std::size_t family);
  void refresh(member_slot m, std::size_t family);
  void owe_everything(member_slot m, std::size_t family, bool all);
  void close_step();

  export_settings settings;
  unsigned shards;
  export_statistics statistics;
  export_log log;
  member_table members;
  told_family<ipv4_key> ipv4;
  told_family<ipv6_key> ipv6;
  std::vector<std::uint64_t> applied; // sequence, by shard
  std::vector<bool> held;             // End-of-RIB, by shard
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
  // The answer tells the present state: what is pending must not be a change
  // since then that another one undoes unseen.
  if (has_pending())
    flush();
  log.drop_unused_sets();
  const auto plan = members.plan(*slice);
  if (slice->family == family_place(ipv4_key::family))
    ipv4.answer(*slice, plan, batch.ipv4.changes);
  else
    ipv6.answer(*slice, plan, batch.ipv6.changes);
  members.settle(plan, *slice);
  close_step();
}

// RFC 4724 §2: once the first update after the start is complete.
void export_group::implementation::tell_end_of_rib() {
  if (has_pending() || std::find(held.begin(), held.end(), true) != held.end())
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
      owe_everything(m, f, false);
    append_refresh(route_refresh_kind::end, members.take_refresh_ends(f), f);
  }
}

void export_group::implementation::refresh(member_slot m, std::size_t family) {
  if (!members.speaks(m, family))
    return;
  if (members.marks_refreshes(m))
    members.want_refresh(m, family);
  else
    owe_everything(m, family, false);
}

void export_group::implementation::owe_everything(member_slot m,
                                                  std::size_t family,
                                                  bool all) {
  if (family == family_place(ipv4_key::family))
    ipv4.owe_everything(m, all);
  else
    ipv6.owe_everything(m, all);
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

member_index export_group::join(const member_options& options) {
  const auto m = self_->members.join(options);
  self_->ipv4.owe_everything(m, options.told_before);
  self_->ipv6.owe_everything(m, options.told_before);
  self_->close_step();
  return member_index{m};
}

void export_group::leave(member_index member) {
  self_->members.leave(slot(member));
  if (self_->members.any())
    return;
  self_->ipv4.forget_pending();
  self_->ipv6.forget_pending();
  self_->members.forget_requests({});
}

void export_group::refresh(member_index member, protocol::family family) {
  if (const auto place = family_place(family); place < family_count)
    self_->refresh(slot(member), place);
  self_->close_step();
}

void export_group::set_source(const neighbor_facts& facts) {
  self_->ipv4.set_source(facts);
  self_->ipv6.set_source(facts);
}

void export_group::apply(unsigned shard, const change_batch& batch) {
  TROUPE_CHECK(shard < self_->shards, "there is no such shard");
  if (batch.is_resync)
    return self_->take_answer(shard, batch);
  self_->ipv4.apply(shard, batch.ipv4.changes);
  self_->ipv6.apply(shard, batch.ipv6.changes);
  self_->applied[shard] = std::max(self_->applied[shard], batch.sequence);
}

void export_group::set_number_limit(unsigned shard, protocol::family family,
                                    prefix_number limit) {
  TROUPE_CHECK(shard < self_->shards, "there is no such shard");
  if (family == ipv4_key::family)
    self_->ipv4.set_limit(shard, limit);
  else if (family == ipv6_key::family)
    self_->ipv6.set_limit(shard, limit);
}

void export_group::hold_end_of_rib(unsigned shard) {
  self_->held.at(shard) = true;
}

void export_group::release_end_of_rib(unsigned shard) {
  self_->held.at(shard) = false;
  self_->close_step();
}

void export_group::implementation::flush() {
  ipv4.flush();
  ipv6.flush();
  for (unsigned shard = 0; shard < shards; ++shard)
    members.flushed(shard, applied[shard]);
}

void export_group::flush() {
  self_->flush();
  self_->close_step();
}

std::size_t export_group::pending() const {
  return self_->ipv4.pending() + self_->ipv6.pending();
}

std::vector<export_group::shard_request> export_group::take_requests() {
  return self_->members.take_requests();
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
}

// -- views --------------------------------------------------------------------

export_statistics export_group::statistics() const {
  auto statistics = self_->statistics;
  statistics.log_bytes = self_->log.size();
  return statistics;
}

std::uint64_t export_group::advertised(member_index member,
                                       protocol::family family) const {
  if (family == ipv4_key::family)
    return self_->ipv4.advertised(slot(member));
  if (family == ipv6_key::family)
    return self_->ipv6.advertised(slot(member));
  return 0;
}

std::optional<std::vector<std::uint8_t>>
export_group::told(member_index member, unsigned shard, protocol::family family,
                   prefix_number number) const {
  if (family == ipv4_key::family)
    return self_->ipv4.told(slot(member), shard, number);
  if (family == ipv6_key::family)
    return self_->ipv6.told(slot(member), shard, number);
  return std::nullopt;
}

std::string export_group::check() const {
  for (const auto& found : {self_->log.check(), self_->members.check(),
                            self_->ipv4.check(), self_->ipv6.check()})
    if (!found.empty())
      return found;
  return {};
}

} // namespace troupe::rib
