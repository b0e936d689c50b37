// Questions of the admin endpoint beside the work of a router: they are short,
// and do not wait for it.
#include "actors/exporter.hpp"
#include "actors/rib.hpp"
#include "actors/rib_shard.hpp"
#include "tests/simulation/simulated_node.hpp"

namespace troupe::test {

namespace {

/// The table of a router with one shard and one update group, and nobody else.
class Queries : public simulation {
protected:
  Queries() : world_(make_world(log::level::warn)) {
    using namespace actors;
    rib::neighbor_facts local;
    local.index = rib::local_routes;
    local.kind = protocol::peer_kind::internal;
    local.source = rib::source_kind::local;
    const auto environment = std::make_shared<const actors::environment>(
        actors::environment{net, world_->log, world_->pool, world_->registry});
    const auto cell = [this](actor_kind kind) {
      return world_->registry->add("", kind, "");
    };
    shard_cell_ = cell(actor_kind::rib_shard);
    exporter_cell_ = cell(actor_kind::exporter);
    table_ = std::make_shared<shard_state>(world_->pool, rib::shard_limits{},
                                           rib::decision_options{});
    table_->table.neighbor_up(local);
    group_ = std::make_shared<exporter_state>(
        world_->pool, rib::export_settings{}, 1, rib::export_limits{});
    shard_ = own(system().spawn<rib_shard>(shard_arguments{
        environment, shard_cell_, 0, table_, router_actor{}, {}}));
    exporter_arguments exporting;
    exporting.environment = environment;
    exporting.cell = exporter_cell_;
    exporting.group = 1;
    exporting.state = group_;
    exporting.shards = {shard_};
    exporter_ = own(system().spawn<exporter>(std::move(exporting)));
    rib_ = own(system().spawn<rib_facade>(
        rib_arguments{environment, cell(actor_kind::rib), "main"}));
    caf::anon_send(rib_, rib_members{{shard_}, {{1, exporter_}}, {}, {}});
    settle();
  }

  /// The exporter refers to the shard, and the other way round.
  void TearDown() override {
    caf::anon_send_exit(rib_, caf::exit_reason::kill);
    settle();
    simulation::TearDown();
  }

  using cell_ptr = std::shared_ptr<actors::actor_cell>;

  static actors::actor_snapshot now(const cell_ptr& cell) {
    return cell->snapshot(std::chrono::steady_clock::now());
  }
  /// Messages of one type.
  static std::uint64_t handled(const cell_ptr& cell, const std::string& type) {
    for (const auto& each : now(cell).by_type)
      if (each.type == type)
        return each.count;
    return 0;
  }
  void originate(unsigned count) {
    actors::originate_routes routes;
    for (unsigned i = 0; i != count; ++i)
      routes.prefixes.push_back(
          *protocol::prefix::parse("10." + std::to_string(i / 256) + "."
                                   + std::to_string(i % 256) + ".0/24"));
    caf::anon_send(rib_, routes);
    settle();
  }

  std::shared_ptr<node_world> world_;
  cell_ptr shard_cell_;
  cell_ptr exporter_cell_;
  std::shared_ptr<actors::shard_state> table_;
  std::shared_ptr<actors::exporter_state> group_;
  actors::shard_actor shard_;
  actors::exporter_actor exporter_;
  actors::rib_actor rib_;
};

TEST_F(Queries, CountsDoNotWaitBehindRoutes) {
  const auto shard_before = now(shard_cell_).handled;
  const auto exporter_before = now(exporter_cell_).handled;
  for (int i = 0; i != 100; ++i) {
    caf::anon_send(shard_, actors::shard_step{});
    caf::anon_send(exporter_, actors::exporter_step{});
  }
  caf::scoped_actor self{system()};
  auto response = self->request(rib_, caf::infinite, actors::rib_query{});
  ASSERT_TRUE(scheduler().try_run_once_lifo()) << "the facade asks";
  while (now(shard_cell_).handled == shard_before)
    ASSERT_TRUE(scheduler().try_run_once());
  EXPECT_EQ(handled(shard_cell_, "totals_query"), 1U) << "ahead of all others";
  while (now(exporter_cell_).handled == exporter_before)
    ASSERT_TRUE(scheduler().try_run_once());
  EXPECT_EQ(handled(exporter_cell_, "advertised_query"), 1U);
  settle();
  response.receive(
      [](const actors::rib_totals& t) {
        EXPECT_EQ(t.routers.at(0).groups.size(), 1U);
      },
      [](const caf::error&) { FAIL(); });
}

TEST_F(Queries, APageOfRoutesIsManyShortQuestions) {
  constexpr unsigned routes = 2000;
  originate(routes);
  actors::routes_query query;
  query.limit = routes;
  const auto page = ask<actors::routes_page>(rib_, query);
  EXPECT_EQ(page.routes.size(), routes);
  EXPECT_GE(handled(shard_cell_, "shard_query"), routes / 128);
}

} // namespace

} // namespace troupe::test
