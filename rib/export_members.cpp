#include "rib/export_members.hpp"

#include "protocol/check.hpp"

#include <algorithm>

namespace troupe::rib {

member_table::member_table(export_log& log, unsigned shards,
                           const export_limits& limits)
    : log_(&log), limits_(limits), marks_(shards), limits_of_(shards) {}

member_slot member_table::join(const member_options& options) {
  const auto i = static_cast<std::size_t>(options.neighbor);
  TROUPE_CHECK(slot_of(options.neighbor) == no_member,
               "the neighbour is a member already");
  if (i >= slots_.size())
    slots_.resize(i + 1, no_member);
  member_slot m = 0;
  while (m < members_.size() && members_[m].used)
    ++m;
  if (m == members_.size())
    members_.emplace_back();
  member fresh;
  fresh.used = true;
  fresh.withdrawals = options.former.has_value();
  fresh.neighbor = options.neighbor;
  for (const auto f : options.families)
    if (const auto place = family_place(f); place < family_count)
      fresh.families |= 1U << place;
  fresh.end_of_rib = options.send_end_of_rib ? fresh.families : 0;
  fresh.known_ids = options.former ? options.former->known_ids : 0;
  fresh.enhanced_refresh = options.enhanced_refresh;
  // What it was told elsewhere may have left a refresh without an end.
  if (options.former && options.enhanced_refresh)
    fresh.refresh_wanted = fresh.families;
  fresh.shards.resize(marks_.size());
  log_->start(m, fresh.families);
  members_[m] = std::move(fresh);
  slots_[i] = m;
  ++used_;
  if (options.former)
    owe_former(m, *options.former);
  return m;
}

// Other members may have read withdrawals that this one was not told.
void member_table::owe_former(member_slot m, const handover& former) {
  TROUPE_CHECK(former.shards.size() == marks_.size(),
               "the member comes from other shards");
  for (unsigned shard = 0; shard < marks_.size(); ++shard) {
    const auto& told = former.shards[shard];
    for (std::size_t family = 0; family < family_count; ++family)
      if (speaks(m, family))
        for (prefix_number n = 0; n < told.limits[family]; ++n)
          owe(m, shard, family, n);
    auto& of_shard = at(m).shards[shard];
    of_shard.safe = std::min(of_shard.safe, told.safe);
  }
}

void member_table::hand_over(member_slot m, handover& what) {
  std::vector<std::uint64_t> kept;
  for (unsigned shard = 0; shard < marks_.size(); ++shard) {
    kept.push_back(safe_through(shard));
    what.shards.push_back({limits_of_[shard], kept.back()});
  }
  handed_over_.insert_or_assign(at(m).neighbor, std::move(kept));
  leave(m);
}

void member_table::leave(member_slot m) {
  log_->stop(m);
  std::erase(absent_, m);
  slots_[static_cast<std::size_t>(at(m).neighbor)] = no_member;
  stop_writing(at(m));
  at(m) = {};
  --used_;
}

// -- what is owed -------------------------------------------------------------

void member_table::owe(member_slot m, unsigned shard, std::size_t family,
                       prefix_number n) {
  auto& of_shard = at(m).shards[shard];
  const bool first = !holds(m, shard);
  if (!of_shard.owed[family].insert(n) || !first)
    return;
  advance(marks_[shard]);
  of_shard.safe = marks_[shard].safe;
}

bool member_table::holds(member_slot m, unsigned shard) const {
  const auto& of_shard = at(m).shards[shard];
  return of_shard.size() != 0
         || (log_->is_reading(m) && log_->position(m) < of_shard.answered);
}

void member_table::set_number_limit(unsigned shard, std::size_t family,
                                    prefix_number limit) {
  auto& known = limits_of_[shard][family];
  known = std::max(limit, known);
}

void member_table::owe_absent(admission who, unsigned shard, std::size_t family,
                              prefix_number n) {
  for (const auto m : absent_)
    if (speaks(m, family) && log_->admits(who, m))
      owe(m, shard, family, n);
}

bool member_table::is_owed_withdrawals(unsigned shard, std::size_t family,
                                       prefix_number n) const {
  return std::any_of(members_.begin(), members_.end(), [&](const member& m) {
    return m.used && m.withdrawals && m.shards[shard].owed[family].contains(n);
  });
}

std::uint64_t member_table::owed(member_slot m, std::size_t family) const {
  std::uint64_t total = 0;
  for (const auto& each : at(m).shards)
    total += each.owed[family].size();
  return total;
}

std::uint64_t member_table::owed(const member& m) const {
  std::uint64_t total = 0;
  for (const auto& each : m.shards)
    total += each.size();
  return total;
}

std::vector<member_slot> member_table::take_end_of_rib(std::size_t family) {
  std::vector<member_slot> due;
  for (member_slot m = 0; m < members_.size(); ++m) {
    auto& each = members_[m];
    if (!each.used || (each.end_of_rib >> family & 1) == 0
        || !log_->is_reading(m) || owed(m, family) != 0)
      continue;
    each.end_of_rib &= ~(1U << family);
    due.push_back(m);
  }
  return due;
}

std::vector<member_slot> member_table::take_defaults(std::size_t family) {
  std::vector<member_slot> due;
  for (member_slot m = 0; m < members_.size(); ++m) {
    auto& each = members_[m];
    if (!each.used || (each.defaults >> family & 1) == 0
        || !log_->is_reading(m))
      continue;
    each.defaults &= ~(1U << family);
    due.push_back(m);
  }
  return due;
}

// -- refreshes ----------------------------------------------------------------

std::vector<member_slot> member_table::take_refresh_begins(std::size_t family) {
  std::vector<member_slot> due;
  const auto bit = 1U << family;
  for (member_slot m = 0; m < members_.size(); ++m) {
    auto& each = members_[m];
    // RFC 7313 §4: not before End-of-RIB; and one after the other. Nor before
    // all of that is read: one who is slow would be owed everything again for a
    // mark that it does not get to.
    if (!each.used || (each.refresh_wanted & bit) == 0
        || ((each.end_of_rib | each.refreshing) & bit) != 0
        || !log_->is_reading(m) || log_->seek(m))
      continue;
    each.refresh_wanted &= ~bit;
    each.refreshing |= bit;
    due.push_back(m);
  }
  return due;
}

std::vector<member_slot> member_table::take_refresh_ends(std::size_t family) {
  std::vector<member_slot> due;
  const auto bit = 1U << family;
  for (member_slot m = 0; m < members_.size(); ++m) {
    auto& each = members_[m];
    if (!each.used || (each.refreshing & bit) == 0 || !log_->is_reading(m)
        || owed(m, family) != 0)
      continue;
    each.refreshing &= ~bit;
    due.push_back(m);
  }
  return due;
}

// -- slow members -------------------------------------------------------------

std::uint64_t member_table::backlog(member_slot m) const {
  return log_->unread(m) + at(m).in_flight;
}

member_backlog member_table::backlog_of(member_slot m) const {
  member_backlog found;
  found.reads_log = log_->is_reading(m);
  found.bytes = found.reads_log ? backlog(m) : at(m).in_flight;
  found.owed = owed(at(m));
  for (const auto& shard : at(m).shards)
    for (const auto& each : shard.owed)
      found.memory += each.memory();
  return found;
}

std::size_t member_table::drop_slow() {
  if (log_->size() <= limits_.log_bound)
    return 0;
  std::size_t dropped = 0;
  for (member_slot m = 0; m < members_.size(); ++m) {
    if (log_->is_reading(m) && log_->unread(m) > limits_.log_bound)
      dropped += set_aside(m) ? 1U : 0U;
  }
  return dropped;
}

bool member_table::set_aside(member_slot m) {
  // One without bytes in flight is not slow: it is about to take.
  if (!log_->is_reading(m) || members_[m].in_flight == 0 || !log_->seek(m))
    return false;
  leave_log(m);
  return true;
}

// A mark that was not read is still to be told. Only the first one of a refresh
// shows whether one was under way at the cursor.
void member_table::unread_mark(member& each, const log_chunk& c,
                               unsigned& seen) {
  const auto bit = 1U << c.family;
  if (c.mark == log_mark::end_of_rib)
    each.end_of_rib |= bit;
  if (!is_refresh(c.mark))
    return;
  const bool begins = c.mark == log_mark::begin_refresh;
  if (begins)
    each.refresh_wanted |= bit;
  if ((seen & bit) == 0)
    each.refreshing = begins ? each.refreshing & ~bit : each.refreshing | bit;
  seen |= bit;
}

void member_table::leave_log(member_slot m) {
  stop_writing(at(m));
  unsigned refreshes_seen = 0;
  log_->for_each_unread(m, [&](const log_chunk& c) {
    c.for_each_number(
        [&](unsigned shard, prefix_number n) { owe(m, shard, c.family, n); });
    unread_mark(at(m), c, refreshes_seen);
    if (c.default_route)
      owe_default(m, c.family);
  });
  at(m).withdrawals = true;
  log_->stop(m);
  absent_.push_back(m);
}

void member_table::taken(member_slot m, std::size_t bytes) {
  auto& each = at(m);
  if (each.in_flight == 0 && bytes != 0 && !std::exchange(each.writing, true))
    ++writing_;
  each.in_flight += bytes;
}

void member_table::wait_no_longer() {
  for (auto& each : members_)
    stop_writing(each);
}

void member_table::written(member_slot m, std::size_t bytes) {
  auto& each = at(m);
  each.in_flight -= std::min(bytes, each.in_flight);
  if (each.in_flight != 0)
    return;
  stop_writing(each);
  if (log_->is_reading(m))
    return;
  std::erase(absent_, m);
  log_->start(m, each.families);
}

// -- requests -----------------------------------------------------------------

std::size_t member_table::requests_of(unsigned shard) const {
  return static_cast<std::size_t>(
      std::count_if(requests_.begin(), requests_.end(),
                    [&](const auto& r) { return r.slice.shard == shard; }));
}

std::optional<resync_slice> member_table::next_slice(member_slot m,
                                                     unsigned shard,
                                                     std::size_t family) const {
  const auto& owed = at(m).shards[shard].owed[family];
  auto first = owed.next(0);
  auto bound = ~prefix_number{0};
  for (bool moved = true; moved && first;) {
    moved = false;
    bound = ~prefix_number{0};
    for (const auto& r : requests_) {
      if (r.slice.shard != shard || r.slice.family != family)
        continue;
      if (*first >= r.slice.first && *first < r.slice.last) {
        first = owed.next(r.slice.last);
        moved = true;
        break;
      }
      if (r.slice.first > *first)
        bound = std::min(bound, r.slice.first);
    }
  }
  if (!first)
    return std::nullopt;
  resync_slice slice{shard, family, *first, *first, {}};
  const auto size = std::min(bound - *first, limits_.resync_numbers);
  constexpr std::uint64_t dense = 4; // a quarter
  if (owed.count(*first, *first + size) * dense >= size) {
    slice.last = *first + size;
    return slice;
  }
  for (auto at = first;
       at && *at < bound && slice.numbers.size() < limits_.resync_numbers;
       at = owed.next(*at + 1))
    slice.numbers.push_back(*at);
  slice.last = slice.numbers.back() + 1;
  return slice;
}

bool member_table::ask_for(member_slot m, const std::vector<bool>& held,
                           std::vector<export_group::shard_request>& out) {
  bool asked = false;
  for (unsigned shard = 0; shard < marks_.size(); ++shard)
    for (std::size_t f = 0; f < family_count; ++f)
      while (!held[shard] && requests_of(shard) < limits_.resync_requests) {
        auto slice = next_slice(m, shard, f);
        if (!slice)
          break;
        resync_request ask;
        ask.tag = {m, next_request_};
        ask.family = f == 0 ? ipv4_key::family : ipv6_key::family;
        ask.first = slice->first;
        ask.count = slice->last - slice->first;
        ask.numbers = slice->numbers;
        requests_.push_back({std::move(*slice), next_request_++});
        out.push_back({shard, std::move(ask)});
        asked = true;
      }
  return asked;
}

std::vector<export_group::shard_request>
member_table::take_requests(const std::vector<bool>& held) {
  std::vector<export_group::shard_request> out;
  const auto size = static_cast<member_slot>(members_.size());
  for (member_slot i = 0; i < size; ++i) {
    if (requests_.size() >= marks_.size() * limits_.resync_requests)
      break;
    const auto m = (next_lead_ + i) % size;
    const auto& each = members_[m];
    if (!each.used || !log_->is_reading(m) || owed(each) == 0
        || backlog(m) >= limits_.resync_backlog)
      continue;
    if (ask_for(m, held, out))
      next_lead_ = m;
  }
  return out;
}

std::optional<resync_slice> member_table::take_answered(const resync_tag& tag) {
  const auto found =
      std::find_if(requests_.begin(), requests_.end(),
                   [&](const auto& r) { return r.id == tag.generation; });
  if (found == requests_.end())
    return std::nullopt;
  auto slice = std::move(found->slice);
  requests_.erase(found);
  return slice;
}

std::uint64_t member_table::count(const member& m,
                                  const resync_slice& slice) const {
  const auto& owed = m.shards[slice.shard].owed[slice.family];
  if (slice.numbers.empty())
    return owed.count(slice.first, slice.last);
  return static_cast<std::uint64_t>(
      std::count_if(slice.numbers.begin(), slice.numbers.end(),
                    [&](prefix_number n) { return owed.contains(n); }));
}

resync_plan member_table::plan(const resync_slice& slice) const {
  std::vector<std::uint64_t> counts(members_.size());
  std::uint64_t most = 0;
  for (member_slot m = 0; m < members_.size(); ++m) {
    const auto& each = members_[m];
    // Twice the bound for asking: the log grew since.
    if (!each.used || !log_->is_reading(m) || owed(each) == 0
        || backlog(m) >= 2 * limits_.resync_backlog)
      continue;
    counts[m] = count(each, slice);
    most = std::max(most, counts[m]);
  }
  resync_plan plan;
  for (member_slot m = 0; m < members_.size(); ++m) {
    // One who is owed much less asks for itself.
    if (counts[m] == 0 || counts[m] * 2 < most)
      continue;
    plan.riders.push_back(m);
    if (members_[m].withdrawals)
      plan.withdrawals.push_back(m);
  }
  return plan;
}

void member_table::settle(const resync_plan& plan, const resync_slice& slice) {
  for (const auto m : plan.riders) {
    auto& each = at(m);
    auto& owed_here = each.shards[slice.shard].owed[slice.family];
    if (slice.numbers.empty())
      owed_here.erase(slice.first, slice.last);
    for (const auto n : slice.numbers)
      owed_here.erase(n);
    if (owed_here.empty())
      owed_here.clear(); // and its memory
    each.shards[slice.shard].answered = log_->end_position();
    if (owed(each) == 0)
      each.withdrawals = false;
  }
}

void member_table::forget_requests(std::optional<unsigned> shard) {
  std::erase_if(requests_, [&](const auto& r) {
    return !shard || r.slice.shard == *shard;
  });
}

// -- sequences ----------------------------------------------------------------

void member_table::flushed(unsigned shard, std::uint64_t sequence) {
  auto& marks = marks_[shard];
  if (sequence <= marks.flushed)
    return;
  marks.flushed = sequence;
  const auto position = log_->end_position();
  if (!marks.marks.empty() && marks.marks.back().position == position)
    marks.marks.back().sequence = sequence;
  else
    marks.marks.push_back({position, sequence});
}

void member_table::advance(shard_marks& marks) const {
  const auto position = log_->read_position();
  while (!marks.marks.empty() && marks.marks.front().position <= position) {
    marks.safe = marks.marks.front().sequence;
    marks.marks.pop_front();
  }
}

std::uint64_t member_table::safe_through(unsigned shard) const {
  advance(marks_[shard]);
  auto safe = marks_[shard].safe;
  for_each([&](member_slot m) {
    if (holds(m, shard))
      safe = std::min(safe, at(m).shards[shard].safe);
  });
  for (const auto& [neighbor, kept] : handed_over_)
    safe = std::min(safe, kept[shard]);
  return safe;
}

std::string member_table::check() const {
  std::size_t used = 0;
  for (member_slot m = 0; m < members_.size(); ++m) {
    if (!members_[m].used) {
      if (log_->is_reading(m))
        return "somebody reads who is no member";
      continue;
    }
    ++used;
    if (slot_of(members_[m].neighbor) != m)
      return "a neighbour has the wrong slot";
    if (!log_->is_reading(m) && members_[m].in_flight == 0)
      return "a member waits for nothing";
    for (const auto& shard : members_[m].shards)
      for (const auto& owed : shard.owed)
        if (owed.count(0, ~prefix_number{0}) != owed.size())
          return "what is owed is miscounted";
  }
  const auto writing = std::count_if(members_.begin(), members_.end(),
                                     [](const auto& m) { return m.writing; });
  if (static_cast<std::size_t>(writing) != writing_)
    return "the members that write are miscounted";
  if (used != log_->readers() + absent_.size())
    return "the absent members are miscounted";
  return used == used_ ? "" : "the members are miscounted";
}

} // namespace troupe::rib
