#include "actors/router.hpp"

namespace troupe::actors {

namespace {

/// Counts are quickly told: they do not wait behind the routes in a mailbox.
constexpr auto urgent = caf::message_priority::high;
/// A part that is busy for longer is left out of the counts. CAF 0.17 forgets
/// the priority of a request whose timeout is one of std::chrono.
constexpr caf::duration member_answer_timeout{caf::time_unit::seconds, 1};

/// Answers that a list of neighbours waits for.
struct neighbors_job {
  caf::typed_response_promise<neighbors_reply> promise;
  neighbors_reply reply;
  std::map<rib::neighbor_index, std::size_t> place; ///< in the reply
  std::size_t missing = 1;

  void arrived() {
    if (--missing == 0)
      promise.deliver(std::move(reply));
  }
  void add(const shard_totals& totals) {
    for (const auto& [index, families] : totals.neighbors)
      for (const auto& [family, counts] : families) {
        auto& all = reply.neighbors[place.at(index)].families;
        const auto to = all.find(family);
        if (to == all.end())
          continue;
        to->second.received += counts.received;
        to->second.accepted += counts.accepted;
        to->second.memory += counts.memory();
      }
    arrived();
  }
  void add(const advertised_counts& counts) {
    for (const auto& [index, member] : counts.members) {
      const auto found = place.find(index);
      if (found == place.end())
        continue;
      auto& neighbor = reply.neighbors[found->second];
      for (const auto& [family, count] : member.families)
        neighbor.families[family].advertised = count;
      neighbor.backlog = member.backlog;
      neighbor.slow = member.slow;
    }
    arrived();
  }
};

} // namespace

neighbor_status router::status_of(const neighbor_entry& entry) {
  neighbor_status status;
  status.router = configuration_->name;
  status.configuration = entry.configuration;
  status.report = entry.report;
  if (entry.report.state == "Established")
    status.uptime_seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(this->clock().now()
                                                         - entry.report.since)
            .count());
  const auto& pause = entry.pause ? entry.pause : entry.report.pause;
  if (pause && pause->until > this->clock().now()) {
    status.paused_for = pause->reason;
    status.paused = std::chrono::duration_cast<std::chrono::milliseconds>(
        pause->until - this->clock().now());
  }
  for (const auto& [family, unused] : entry.configuration.families)
    status.families[family] = {};
  return status;
}

/// Where the table keeps the neighbour's routes, stale ones included.
std::optional<rib::neighbor_index>
router::source_of(const neighbor_entry& entry) {
  if (entry.registered)
    return entry.registered->facts.index;
  if (entry.stale)
    return entry.stale->facts.index;
  return std::nullopt;
}

/// The states are here; the counts are asked of the shards and exporters.
caf::result<neighbors_reply> router::neighbors() {
  auto job = std::make_shared<neighbors_job>();
  totals_query totals;
  for (const auto& [name, entry] : neighbors_) {
    if (const auto index = source_of(entry)) {
      job->place[*index] = job->reply.neighbors.size();
      totals.neighbors.push_back(*index);
    }
    job->reply.neighbors.push_back(status_of(entry));
  }
  job->promise = this->make_response_promise<neighbors_reply>();
  const auto promise = job->promise;
  const auto late = [job](const caf::error&) { job->arrived(); };
  for (const auto& shard : shards_) {
    ++job->missing;
    this->request<urgent>(shard, member_answer_timeout, totals)
        .then([job](const shard_totals& t) { job->add(t); }, late);
  }
  for (const auto& [id, group] : groups_) {
    ++job->missing;
    this->request<urgent>(group.handle, member_answer_timeout,
                          advertised_query{})
        .then([job](const advertised_counts& t) { job->add(t); }, late);
  }
  job->arrived();
  return promise;
}

/// Ends a child and starts it again. Connections are their sessions' own.
command_result router::restart(const restart_actor& m) {
  for (const auto& [name, entry] : neighbors_) {
    const auto session = child_id(cell().id(), actor_kind::session, name);
    if (!entry.handle || !m.id.starts_with(session + "/")
        || self_.environment->registry->find(m.id) == nullptr)
      continue;
    this->send(entry.handle,
               session_command{session_command::kind::drop, {}, m.id});
    return {true, false, {}};
  }
  for (const auto& each : sup_.children()) {
    const auto dot = each.id.find('.');
    const auto name = dot == each.id.npos ? "" : each.id.substr(dot + 1);
    auto kind = each.id.substr(0, dot);
    if (kind == "shard")
      kind = "rib_shard";
    for (const auto k : {actor_kind::session, actor_kind::rib,
                         actor_kind::rib_shard, actor_kind::exporter})
      if (to_string(k) == kind && child_id(cell().id(), k, name) == m.id) {
        sup_.restart(each.id, "asked for by an operator");
        return {true, false, {}};
      }
  }
  return {false, true, "there is no actor " + m.id};
}

command_result router::command(const neighbor_command& m) {
  const auto found = neighbors_.find(m.name);
  if (found == neighbors_.end())
    return {false, true, "there is no neighbor " + m.name};
  auto& entry = found->second;
  if (entry.configuration.is_dynamic()) {
    entry.enabled = m.command.what != session_command::kind::disable;
    for (const auto& [name, member] : neighbors_)
      if (member.range == m.name && member.handle)
        this->send(member.handle, m.command);
    return {true, false, {}};
  }
  if (m.command.what == session_command::kind::enable)
    entry.enabled = true;
  if (m.command.what == session_command::kind::disable)
    entry.enabled = false;
  if (!entry.handle) {
    // A session that was given up, or waits for its back-off, starts now.
    sup_.restart("session." + m.name, "asked for by an operator");
    return {true, false, {}};
  }
  this->send(entry.handle, m.command);
  return {true, false, {}};
}

} // namespace troupe::actors
