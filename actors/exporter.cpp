#include "actors/exporter.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::actors {

namespace {

/// Bytes given to a connection and not yet to the kernel: enough to keep a fast
/// reader busy, little enough to be forgotten for a slow one.
constexpr std::size_t output_window = 512UL * 1024;
/// Prefixes that are encoded even though more changes wait.
constexpr std::size_t most_pending = 8192;
/// Prefixes that are looked at or encoded in one slice, well below 5 ms.
constexpr std::size_t flush_slice = 16384;
/// For so long changes wait at most for members that write.
constexpr std::chrono::milliseconds patience{100};
/// Who has written nothing of its output for so long is slow.
constexpr std::chrono::seconds slow_after{1};

/// Members served in one slice.
constexpr std::size_t members_per_slice = 64;

bool is_slow(const exporter_state::member& member,
             caf::actor_clock::time_point now) {
  return member.given != member.written
         && now - member.waits_since >= slow_after;
}

} // namespace

exporter::exporter(caf::actor_config& config, exporter_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)) {}

exporter_actor exporter::handle_to_self() {
  return caf::actor_cast<exporter_actor>(this);
}

exporter::behavior_type exporter::make_behavior() {
  adopt();
  return {
      [this](const shard_changes& m) { apply(m); },
      [this](const member_joined& m) { join(m); },
      [this](const member_left& m) { handle(m); },
      [this](const member_released& m) { release(m.neighbor); },
      [this](const member_refresh& m) {
        if (const auto found = self_.state->members.find(m.neighbor);
            found != self_.state->members.end())
          self_.state->group.refresh(found->second.index, m.family);
        this->send(self_.router, refresh_taken{self_.group, m.number});
        wanted_ = true;
      },
      [this](const output_done& m) { written(m); },
      [this](const exporter_step&) {
        goes_on_ = false;
        step();
      },
      [this](const output_overdue& m) {
        if (m.flush != flushes_)
          return;
        waiting_for_.reset();
        self_.state->group.wait_no_longer();
        wanted_ = true;
      },
      [this](const shard_replaced& m) {
        if (m.shard >= links_.size())
          return;
        links_[m.shard].handle = m.handle;
        attach_to(m.handle, true);
        self_.state->group.ask_again(m.shard);
        wanted_ = true;
      },
      [this](const source_up& m) { self_.state->group.set_source(m.facts); },
      [this](const shard_current& m) {
        self_.state->group.release_end_of_rib(m.shard);
        wanted_ = true;
      },
      [this](const told_query& m) {
        told_reply reply;
        const auto found = self_.state->members.find(m.neighbor);
        for (const auto number : m.numbers)
          reply.routes.push_back(
              found == self_.state->members.end()
                  ? std::vector<rib::told_route>{}
                  : self_.state->group.told(found->second.index, m.shard,
                                            m.family, number));
        return reply;
      },
      [this](const advertised_query&) { return counts(); },
  };
}

void exporter::on_exit() {
  links_.clear();
  self_.shards.clear();
  self_.members.clear();
  self_.router = nullptr;
  for (auto& [name, member] : self_.state->members)
    member.connection = nullptr;
  self_.state.reset();
}

/// Takes over what the last incarnation left: requests that were under way are
/// made again, and members come and go as the router says.
void exporter::adopt() {
  for (const auto& shard : self_.shards) {
    if (!self_.restarted)
      self_.state->group.hold_end_of_rib(static_cast<unsigned>(links_.size()));
    links_.push_back({shard, 0, 0, 0});
    attach_to(shard, self_.restarted);
  }
  if (self_.restarted)
    self_.state->group.ask_again();
  std::vector<rib::neighbor_index> gone;
  for (const auto& [name, member] : self_.state->members)
    if (std::none_of(self_.members.begin(), self_.members.end(),
                     [name = name](const member_joined& m) {
                       return m.options.neighbor == name;
                     }))
      gone.push_back(name);
  for (const auto name : gone)
    leave(name);
  auto& handed_over = self_.state->handed_over;
  std::set<rib::neighbor_index> kept = self_.handed_over;
  for (const auto& wanted : self_.members) {
    // The router will hear that it was handed over.
    if (handed_over.contains(wanted.options.neighbor)) {
      kept.insert(wanted.options.neighbor);
      continue;
    }
    join(wanted);
    this->send(wanted.connection,
               exporter_replaced{wanted.options.neighbor, handle_to_self(),
                                 self_.group});
  }
  self_.members.clear();
  for (const auto name : std::set{handed_over})
    if (!kept.contains(name))
      release(name);
  go_on();
}

void exporter::attach_to(const shard_actor& shard, bool restarted) {
  this->send(shard, exporter_attached{self_.group, handle_to_self(),
                                      self_.state->group.needs_candidates(),
                                      restarted});
}

void exporter::apply(const shard_changes& m) {
  auto& group = self_.state->group;
  group.set_number_limit(m.shard, protocol::ipv4_unicast, m.ipv4_limit);
  group.set_number_limit(m.shard, protocol::ipv6_unicast, m.ipv6_limit);
  group.apply(m.shard, *m.batch);
  if (!m.batch->is_resync)
    links_.at(m.shard).taken = m.batch->sequence;
  wanted_ = true;
}

void exporter::join(const member_joined& m) {
  auto& members = self_.state->members;
  auto found = members.find(m.options.neighbor);
  // That its last session left was said to an actor that ended.
  if (found != members.end() && found->second.session != m.session) {
    leave(m.options.neighbor);
    found = members.end();
  }
  if (found != members.end()) {
    found->second.connection = m.connection;
  } else {
    const auto index = self_.state->group.join(m.options);
    members.emplace(
        m.options.neighbor,
        exporter_state::member{index, m.session, m.connection, 0, 0, {}});
    self_.state->names[index] = m.options.neighbor;
  }
  wanted_ = true;
  if (m.former == 0)
    return;
  // The shards hear of what is held here before the old group lets go of it.
  self_.state->group.flush();
  acknowledge();
  this->send(self_.router, member_taken_over{m.options.neighbor, m.former});
}

void exporter::handle(const member_left& m) {
  const auto found = self_.state->members.find(m.neighbor);
  if (found == self_.state->members.end())
    return;
  if (!m.moves)
    return leave(m.neighbor);
  auto told = self_.state->group.hand_over(found->second.index);
  self_.state->handed_over.insert(m.neighbor);
  self_.state->names.erase(found->second.index);
  self_.state->members.erase(found);
  wanted_ = true;
  this->send(self_.router,
             member_handed_over{m.neighbor, self_.group, std::move(told)});
}

void exporter::leave(rib::neighbor_index neighbor) {
  const auto found = self_.state->members.find(neighbor);
  if (found == self_.state->members.end())
    return;
  self_.state->names.erase(found->second.index);
  self_.state->group.leave(found->second.index);
  self_.state->members.erase(found);
  wanted_ = true;
}

void exporter::release(rib::neighbor_index neighbor) {
  self_.state->group.release(neighbor);
  self_.state->handed_over.erase(neighbor);
  wanted_ = true;
}

void exporter::written(const output_done& m) {
  const auto found = self_.state->members.find(m.neighbor);
  if (found == self_.state->members.end())
    return;
  auto& member = found->second;
  if (m.total <= member.written)
    return;
  self_.state->group.written(member.index, m.total - member.written);
  member.written = m.total;
  member.waits_since = this->clock().now();
  wanted_ = true;
}

/// Changes of several batches are packed together: they are encoded when
/// everything that waited has been taken.
void exporter::handled() {
  if (!wanted_)
    return;
  const auto& group = self_.state->group;
  if (is_dry() || (group.pending() >= most_pending && !group.may_wait()))
    step();
}

/// More prefixes or members than one slice serves.
void exporter::go_on() {
  if (!std::exchange(goes_on_, true))
    this->send(handle_to_self(), exporter_step{});
}

void exporter::step() {
  wanted_ = false;
  set_slow_aside();
  if (self_.state->group.is_flushing() || !self_.state->group.may_wait())
    flush();
  else
    wait_for_output();
  acknowledge();
  ask_shards();
  give_output();
}

void exporter::set_slow_aside() {
  const auto now = this->clock().now();
  for (const auto& [name, member] : self_.state->members)
    if (is_slow(member, now))
      self_.state->group.set_aside(member.index);
}

void exporter::flush() {
  flushes_ += self_.state->group.is_flushing() ? 0U : 1U;
  if (!self_.state->group.flush(flush_slice))
    go_on();
}

void exporter::wait_for_output() {
  if (self_.state->group.pending() == 0
      || std::exchange(waiting_for_, flushes_) == flushes_)
    return;
  this->delayed_send(handle_to_self(), patience, output_overdue{flushes_});
}

void exporter::acknowledge() {
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    auto& link = links_[i];
    const auto safe = self_.state->group.safe_through(i);
    if (link.taken == link.told && safe == link.told_safe)
      continue;
    link.told = link.taken;
    link.told_safe = safe;
    this->send(link.handle, changes_done{self_.group, link.taken, safe});
  }
}

void exporter::ask_shards() {
  for (auto& each : self_.state->group.take_requests())
    this->send(links_.at(each.shard).handle,
               resync_wanted{self_.group, std::move(each.request)});
}

void exporter::give_output() {
  std::size_t served = 0;
  for (const auto index : self_.state->group.ready()) {
    const auto name = self_.state->names.at(index);
    if (give_output(self_.state->members.at(name), name)
        && ++served >= members_per_slice)
      return go_on();
  }
}

bool exporter::give_output(exporter_state::member& member,
                           rib::neighbor_index name) {
  const auto waiting = member.given - member.written;
  if (waiting >= output_window || !member.connection)
    return false;
  auto slices = self_.state->group.take_output(
      member.index, output_window - static_cast<std::size_t>(waiting));
  if (slices.empty())
    return false;
  export_output output;
  output.slices = std::move(slices);
  for (const auto& slice : output.slices) {
    output.bytes += slice.size;
    output.updates += slice.updates;
    output.refreshes += slice.refreshes;
  }
  output.neighbor = name;
  output.exporter = handle_to_self();
  output.group = self_.group;
  if (waiting == 0)
    member.waits_since = this->clock().now();
  member.given += output.bytes;
  this->send(member.connection, std::move(output));
  return true;
}

advertised_counts exporter::counts() {
  advertised_counts reply;
  const auto& group = self_.state->group;
  const auto now = this->clock().now();
  for (const auto& [name, member] : self_.state->members) {
    auto& to = reply.members[name];
    for (const auto& [family, unused] : group.settings().families)
      to.families[family] = group.advertised(member.index, family);
    to.backlog = group.backlog(member.index);
    to.slow = !to.backlog.reads_log || is_slow(member, now);
  }
  reply.statistics = group.statistics();
  reply.memory = group.memory();
  return reply;
}

} // namespace troupe::actors
