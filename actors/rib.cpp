#include "actors/rib.hpp"

#include "protocol/wire/path_attributes.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::actors {

using protocol::ipv4_unicast;
using protocol::ipv6_unicast;

namespace {

/// A shard that does not answer in this time is shown as busy. CAF 0.17 forgets
/// the priority of a request whose timeout is one of std::chrono.
constexpr caf::duration answer_timeout{caf::time_unit::seconds, 2};
constexpr std::uint32_t most_routes = 10000;

std::optional<rib::route_view> view_of(const std::string& text) {
  if (text == "loc")
    return rib::route_view::loc;
  if (text == "received")
    return rib::route_view::received;
  // Any that is accepted may be among those told.
  if (text == "accepted" || text == "advertised")
    return rib::route_view::accepted;
  if (text == "rejected")
    return rib::route_view::rejected;
  return std::nullopt;
}

routes_page wrong(std::string text, bool not_found = false) {
  routes_page page;
  page.error = std::move(text);
  page.not_found = not_found;
  return page;
}

/// Routes that a shard shows in one go: well below 5 ms.
constexpr std::uint32_t rows_per_slice = 128;

} // namespace

/// A page on its way through the shards, one after the other.
struct rib_facade::page_job {
  caf::typed_response_promise<routes_page> promise;
  rib::route_query query;
  std::uint32_t shard = 0;
  std::uint32_t limit = 0;
  std::optional<rib::neighbor_index> advertised_to;
  routes_page page;
};

rib_facade::rib_facade(caf::actor_config& config, rib_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)) {}

rib_facade::behavior_type rib_facade::make_behavior() {
  return {
      [this](const rib_members& m) {
        members_ = m;
        // A new shard may have lost what was under way; the same again is no
        // change to one that has it.
        announce({originated_.begin(), originated_.end()}, false);
      },
      [this](const originate_routes& m) { originate(m.prefixes); },
      [](const batch_done&) {},
      [this](const routes_query& m) { return routes(m); },
      [this](const rib_query&) { return totals(); },
  };
}

void rib_facade::on_exit() {
  members_ = {};
}

// -- originated routes --------------------------------------------------------

void rib_facade::originate(const std::vector<protocol::prefix>& prefixes) {
  const std::set<protocol::prefix> wanted{prefixes.begin(), prefixes.end()};
  std::vector<protocol::prefix> gone;
  std::set_difference(originated_.begin(), originated_.end(), wanted.begin(),
                      wanted.end(), std::back_inserter(gone));
  announce(gone, true);
  announce(prefixes, false);
  originated_ = wanted;
}

/// RFC 4271 §5.1.1, §5.1.2: ORIGIN is IGP and the path is empty; the next hop
/// is each exporter's own.
void rib_facade::announce(const std::vector<protocol::prefix>& prefixes,
                          bool withdraw) {
  const auto count = static_cast<unsigned>(members_.shards.size());
  if (prefixes.empty() || count == 0)
    return;
  auto& pool = self_.environment->pool;
  const protocol::wire::path_attributes local;
  std::vector<std::uint8_t> bytes;
  TROUPE_CHECK(protocol::wire::encode_attributes(local, {}, bytes),
               "the attributes of an originated route do not fit");
  std::vector<std::shared_ptr<rib::route_batch>> batches(count);
  const auto add = [&](auto key, auto family_of) {
    auto& batch = batches[rib::shard_of(key, count)];
    if (!batch)
      batch = std::make_shared<rib::route_batch>(pool);
    auto& routes = (*batch).*family_of;
    if (routes.runs.empty())
      routes.runs.push_back({withdraw
                                 ? rib::attribute_ref::none
                                 : pool.intern(bytes, rib::summarize(local)),
                             0, 0});
    routes.keys.push_back(key);
    ++routes.runs.back().count;
  };
  for (const auto& p : prefixes) {
    if (p.address().is_v4())
      add(rib::to_key<rib::ipv4_key>(p), &rib::route_batch::ipv4);
    else
      add(rib::to_key<rib::ipv6_key>(p), &rib::route_batch::ipv6);
  }
  for (unsigned shard = 0; shard < count; ++shard)
    if (batches[shard])
      this->send(members_.shards[shard],
                 shard_routes{batches[shard],
                              caf::actor_cast<caf::strong_actor_ptr>(this)});
}

// -- queries ------------------------------------------------------------------

caf::result<routes_page> rib_facade::routes(const routes_query& m) {
  auto job = std::make_shared<page_job>();
  const auto view = view_of(m.view);
  if (!view)
    return wrong("view must be loc, received, accepted, rejected or "
                 "advertised");
  if (m.limit == 0 || m.limit > most_routes)
    return wrong("limit must be 1 to " + std::to_string(most_routes));
  job->limit = m.limit;
  job->query.family = m.family;
  job->query.view = *view;
  job->query.prefix = m.prefix;
  if (!m.neighbor.empty()) {
    const auto known = members_.neighbors.find(m.neighbor);
    if (known == members_.neighbors.end())
      return routes_page{}; // configured, but not established: no routes
    if (m.view == "advertised")
      job->advertised_to = known->second;
    else
      job->query.neighbor = known->second;
  } else if (m.view == "advertised") {
    return wrong("view advertised needs a neighbor");
  }
  if (!m.cursor.empty()) {
    const auto* end = m.cursor.data() + m.cursor.size();
    auto r = std::from_chars(m.cursor.data(), end, job->shard);
    if (r.ec == std::errc{} && r.ptr != end && *r.ptr == ':')
      r = std::from_chars(r.ptr + 1, end, job->query.cursor);
    if (r.ec != std::errc{} || r.ptr != end)
      return wrong("cursor is not one that was given out");
  }
  job->promise = this->make_response_promise<routes_page>();
  auto promise = job->promise;
  ask(job);
  return promise;
}

void rib_facade::ask(const std::shared_ptr<page_job>& job) {
  if (job->shard >= members_.shards.size()
      || job->page.routes.size() >= job->limit) {
    if (job->shard < members_.shards.size())
      job->page.next_cursor =
          std::to_string(job->shard) + ':' + std::to_string(job->query.cursor);
    job->promise.deliver(std::move(job->page));
    return;
  }
  job->query.limit = std::min(
      rows_per_slice,
      job->limit - static_cast<std::uint32_t>(job->page.routes.size()));
  this->request(members_.shards[job->shard], answer_timeout,
                shard_query{job->query})
      .then(
          [this, job](shard_page& answer) {
            if (job->advertised_to)
              return ask_exporter(job, std::move(answer.page));
            for (auto& row : answer.page.rows)
              job->page.routes.push_back({std::move(row)});
            go_on(job, answer.page);
          },
          [job](const caf::error&) {
            job->promise.deliver(wrong("the table is busy; try again"));
          });
}

/// The view `advertised`: the shard knows the paths, the exporter which of them
/// are told and how.
void rib_facade::ask_exporter(const std::shared_ptr<page_job>& job,
                              rib::route_page page) {
  const auto group = members_.groups.find(*job->advertised_to);
  const auto handle = group == members_.groups.end()
                          ? members_.exporters.end()
                          : members_.exporters.find(group->second);
  if (handle == members_.exporters.end()) {
    job->promise.deliver(routes_page{});
    return;
  }
  told_query query{*job->advertised_to, job->shard, job->query.family, {}};
  for (const auto& row : page.rows)
    if (query.numbers.empty() || query.numbers.back() != row.number)
      query.numbers.push_back(row.number);
  auto numbers = query.numbers;
  this->request(handle->second, answer_timeout, std::move(query))
      .then(
          [this, job, numbers = std::move(numbers),
           page = std::move(page)](const told_reply& reply) {
            for (std::size_t i = 0; i < reply.routes.size(); ++i)
              for (const auto& told : reply.routes[i])
                add_told(page, numbers.at(i), told, job->page);
            go_on(job, page);
          },
          [job](const caf::error&) {
            job->promise.deliver(wrong("the exporter is busy; try again"));
          });
}

/// Shows a path that is told as the table has it, but for what export changed.
void rib_facade::add_told(const rib::route_page& page,
                          rib::prefix_number number,
                          const rib::told_route& told, routes_page& to) {
  const auto found =
      std::ranges::find_if(page.rows, [&](const rib::route_row& row) {
        return row.number == number
               && (told.received_id
                       ? row.what.neighbor == told.source
                             && row.what.path_id == *told.received_id
                       : row.best);
      });
  if (found == page.rows.end())
    return; // it is gone by now
  auto row = *found;
  row.attributes = told.attributes;
  row.what.path_id = told.path_id;
  to.routes.push_back({std::move(row)});
}

void rib_facade::go_on(const std::shared_ptr<page_job>& job,
                       const rib::route_page& page) {
  job->query.cursor = page.next_cursor.value_or(0);
  if (!page.next_cursor)
    ++job->shard;
  ask(job);
}

caf::result<rib_totals> rib_facade::totals() {
  struct totals_job {
    caf::typed_response_promise<rib_totals> promise;
    router_totals sum;
    std::size_t missing = 0;
  };
  auto job = std::make_shared<totals_job>();
  job->promise = this->make_response_promise<rib_totals>();
  job->sum.name = self_.router;
  job->missing = members_.shards.size() + members_.exporters.size();
  const auto promise = job->promise;
  const auto arrived = [job] {
    if (--job->missing == 0)
      job->promise.deliver(rib_totals{{job->sum}, {}});
  };
  for (const auto& shard : members_.shards)
    this->request<caf::message_priority::high>(shard, answer_timeout,
                                               totals_query{})
        .then(
            [job, arrived](const shard_totals& t) {
              for (const auto& [family, each] : t.families) {
                auto& sum = job->sum.families[family];
                sum.prefixes += each.prefixes;
                sum.paths += each.paths;
                sum.digest_low += each.digest_low;
                sum.digest_high += each.digest_high;
              }
              job->sum.memory += t.memory;
              arrived();
            },
            [arrived](const caf::error&) { arrived(); });
  for (const auto& [id, exporter] : members_.exporters)
    this->request<caf::message_priority::high>(exporter, answer_timeout,
                                               advertised_query{})
        .then(
            [job, arrived, id = id](const advertised_counts& t) {
              job->sum.groups.push_back(
                  {id, t.members.size(), t.statistics, t.memory});
              arrived();
            },
            [arrived](const caf::error&) { arrived(); });
  return promise;
}

} // namespace troupe::actors
