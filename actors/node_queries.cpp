#include "actors/node.hpp"

#include <algorithm>

namespace troupe::actors {

using namespace std::chrono_literals;

namespace {

constexpr auto router_answer_timeout = 3s;

/// Asks every router and joins the answers; a router that is busy for too long
/// is left out.
template <class Reply>
struct gathering {
  caf::typed_response_promise<Reply> promise;
  Reply reply;
  std::size_t missing = 1;

  void arrived() {
    if (--missing == 0)
      promise.deliver(std::move(reply));
  }
};

} // namespace

health_reply node::health() const {
  health_reply reply;
  reply.ready = !stopping_;
  for (const auto& [address, entry] : listeners_) {
    reply.listeners.push_back(entry.report);
    reply.ready = reply.ready && entry.report.listener.has_value();
  }
  return reply;
}

/// The router of a name, or of a neighbour; without either the first one.
node::router_entry* node::router_of(const std::string& name,
                                    const std::string& neighbor) {
  const auto of_range = neighbor.substr(0, neighbor.find('@'));
  for (const auto& r : configuration_->routers) {
    if (!name.empty() && r.name != name)
      continue;
    if (!neighbor.empty() && config::find_neighbor(r, neighbor) == nullptr
        && config::find_neighbor(r, of_range) == nullptr)
      continue;
    const auto found = routers_.find(r.name);
    if (found != routers_.end() && found->second.handle)
      return &found->second;
  }
  return nullptr;
}

caf::result<neighbors_reply> node::neighbors(const neighbors_query& m) {
  auto job = std::make_shared<gathering<neighbors_reply>>();
  job->promise = this->make_response_promise<neighbors_reply>();
  const auto promise = job->promise;
  for (const auto& [name, entry] : routers_) {
    if (!entry.handle || (!m.router.empty() && m.router != name))
      continue;
    ++job->missing;
    this->request(entry.handle, router_answer_timeout, m)
        .then(
            [job](const neighbors_reply& r) {
              job->reply.neighbors.insert(job->reply.neighbors.end(),
                                          r.neighbors.begin(),
                                          r.neighbors.end());
              job->arrived();
            },
            [job](const caf::error&) { job->arrived(); });
  }
  job->arrived();
  return promise;
}

caf::result<rib_totals> node::totals(const rib_query& m) {
  auto job = std::make_shared<gathering<rib_totals>>();
  job->reply.sets = self_.environment->pool.stats();
  job->promise = this->make_response_promise<rib_totals>();
  const auto promise = job->promise;
  for (const auto& [name, entry] : routers_) {
    if (!entry.handle || (!m.router.empty() && m.router != name))
      continue;
    ++job->missing;
    this->request(entry.handle, router_answer_timeout, m)
        .then(
            [job](const rib_totals& r) {
              job->reply.routers.insert(job->reply.routers.end(),
                                        r.routers.begin(), r.routers.end());
              job->arrived();
            },
            [job](const caf::error&) { job->arrived(); });
  }
  job->arrived();
  return promise;
}

caf::result<routes_page> node::routes(const routes_query& m) {
  const auto* found = router_of(m.router, m.neighbor);
  if (found == nullptr) {
    routes_page page;
    page.not_found = true;
    page.error = "there is no such router or neighbor";
    return page;
  }
  return this->delegate(found->handle, m);
}

/// What must survive a restart is kept before it is done.
caf::result<command_result> node::command(const neighbor_command& m) {
  const auto* found = router_of({}, m.name);
  if (found == nullptr)
    return command_result{false, true, "there is no neighbor " + m.name};
  const bool lasting = m.command.what == session_command::kind::enable
                       || m.command.what == session_command::kind::disable;
  if (!lasting)
    return this->delegate(found->handle, m);
  const auto to = found->handle;
  auto promise = this->make_response_promise<command_result>();
  this->request(keeper_, router_answer_timeout, persist_command{m})
      .then(
          [this, promise, to, m](const command_result& kept) mutable {
            if (!kept.ok) {
              promise.deliver(kept);
              return;
            }
            if (m.command.what == session_command::kind::disable)
              self_.persisted.disabled.insert(m.name);
            else
              self_.persisted.disabled.erase(m.name);
            promise.delegate(to, m);
          },
          [promise](const caf::error& e) mutable {
            promise.deliver(command_result{false, false, to_string(e)});
          });
  return promise;
}

/// Finds the supervisor of the actor: this node, or a router below it.
caf::result<command_result> node::restart(const restart_actor& m) {
  if (m.id == cell().id())
    return command_result{false, false,
                          "the node is the daemon itself: whoever started it "
                          "restarts it"};
  const auto prefix = cell().id() + '/';
  if (!m.id.starts_with(prefix))
    return command_result{false, true, "there is no actor " + m.id};
  const auto rest = m.id.substr(prefix.size());
  const auto slash = rest.find('/');
  const auto child = rest.substr(0, slash);
  if (slash != rest.npos) {
    for (const auto& [name, entry] : routers_)
      if (entry.handle
          && child_id(cell().id(), actor_kind::router, name) == prefix + child)
        return this->delegate(entry.handle, m);
    return command_result{false, true, "there is no actor " + m.id};
  }
  for (const auto& each : sup_.children()) {
    const auto dot = each.id.find('.');
    const auto kind = each.id.substr(0, dot);
    const auto name = dot == each.id.npos ? "" : each.id.substr(dot + 1);
    for (const auto k : {actor_kind::config_keeper, actor_kind::admin,
                         actor_kind::dispatcher, actor_kind::router})
      if (to_string(k) == kind && child_id(cell().id(), k, name) == m.id) {
        sup_.restart(each.id, "asked for by an operator");
        return command_result{true, false, {}};
      }
  }
  return command_result{false, true, "there is no actor " + m.id};
}

} // namespace troupe::actors
