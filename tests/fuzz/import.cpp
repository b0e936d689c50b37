// UPDATEs of two sessions through import into two shards. The first two bytes
// choose what the sessions have agreed upon; then come steps of a byte that
// says what happens, and for an UPDATE its length in two bytes and its body.
//
// What an UPDATE means must not depend on what others have said before: each is
// imported a second time where nothing is known yet.

#include "rib/import.hpp"

#include "protocol/wire/reader.hpp"
#include "protocol/wire/update.hpp"
#include "rib/shard_table.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <array>
#include <memory>

using namespace troupe;
using namespace troupe::rib;
using fuzz::byte_span;
using fuzz::require;
using protocol::ipv4_unicast;
using protocol::ipv6_unicast;
namespace wire = protocol::wire;

namespace {

constexpr unsigned shards = 2;

/// Accepts everything and writes LOCAL_PREF.
policy_chain marking_policy() {
  policy_rule rule;
  rule.set.local_pref = 300;
  rule.then = policy_action::accept;
  static const policy_library library{{{"mark", policy_definition{{rule}}}}};
  return *library.make({policy_name{"mark"}});
}

import_settings settings_of(std::uint8_t choice, std::uint16_t number) {
  import_settings s;
  s.neighbor.index = neighbor_index{number};
  s.neighbor.name = "n" + std::to_string(number);
  s.neighbor.address = protocol::ip_address::v4(0x0a000000U + number);
  s.neighbor.identifier = {number};
  s.neighbor.as = 65001;
  s.neighbor.kind = (choice & 4U) != 0 ? protocol::peer_kind::internal
                                       : protocol::peer_kind::external;
  s.local_as = 65000;
  s.local_id = s.cluster_id = {0x0a0000ff};
  s.local_address = protocol::ip_address::v4(0xc0000202);
  s.as4 = (choice & 2U) != 0;
  s.extended_next_hop = (choice & 8U) != 0;
  s.enforce_first_as = (choice & 16U) != 0;
  s.shards = shards;
  const auto policy =
      (choice & 32U) != 0 ? marking_policy() : policy_chain::accept_all();
  const bool path_ids = (choice & 1U) != 0;
  s.families[ipv4_unicast] = {path_ids, policy};
  if ((choice & 64U) == 0)
    s.families[ipv6_unicast] = {path_ids, policy};
  return s;
}

wire::negotiated session_of(const import_settings& s) {
  wire::negotiated session;
  for (const auto& [family, own] : s.families)
    session.families.push_back({family, own.add_path, own.add_path});
  session.as4 = s.as4;
  session.kind = s.neighbor.kind;
  session.extended_next_hop = s.extended_next_hop;
  return session;
}

/// Whether two runs lead to equal paths, from different pools.
bool same_run(const route_run& a, const attribute_pool& in_a,
              const route_run& b, const attribute_pool& in_b) {
  if (a.count != b.count || a.flags != b.flags
      || (a.attributes == attribute_ref::none)
             != (b.attributes == attribute_ref::none))
    return false;
  if (a.attributes == attribute_ref::none)
    return true;
  const auto& x = in_a[a.attributes];
  const auto& y = in_b[b.attributes];
  return x.summary() == y.summary()
         && std::equal(x.bytes().begin(), x.bytes().end(), y.bytes().begin(),
                       y.bytes().end());
}

template <class Key>
bool same_routes(const family_routes<Key>& a, const attribute_pool& in_a,
                 const family_routes<Key>& b, const attribute_pool& in_b) {
  return a.keys == b.keys && a.path_ids == b.path_ids
         && a.begins_round == b.begins_round && a.ends_round == b.ends_round
         && std::equal(a.runs.begin(), a.runs.end(), b.runs.begin(),
                       b.runs.end(), [&](const auto& x, const auto& y) {
                         return same_run(x, in_a, y, in_b);
                       });
}

/// What is interned decodes, and its summary says what it holds.
template <class Key>
void check_sets(const family_routes<Key>& routes, const attribute_pool& pool) {
  for (const auto& run : routes.runs) {
    if (run.attributes == attribute_ref::none)
      continue;
    const auto& set = pool[run.attributes];
    const auto attributes = wire::decode_canonical(set.bytes());
    require(summarize(attributes) == set.summary(), "a wrong summary");
    std::vector<std::uint8_t> again;
    require(wire::encode_attributes(attributes, {}, again)
                && std::equal(again.begin(), again.end(), set.bytes().begin(),
                              set.bytes().end()),
            "a set that is not canonical");
  }
}

class world {
public:
  world(std::uint8_t first, std::uint8_t second)
      : settings_{settings_of(first, 1), settings_of(second, 2)} {
    for (unsigned i = 0; i != shards; ++i) {
      tables_[i] = std::make_unique<shard_table>(pool_);
      exporters_[i] = tables_[i]->add_exporter(i == 1);
    }
    for (unsigned i = 0; i != 2; ++i)
      up(i);
  }

  void update(unsigned who, byte_span body) {
    auto& importer = *importers_[who];
    const auto error = importer.update(body);
    const auto batches = importer.take(body.size());
    require(!error || batches.empty(), "an error, and something is kept");
    compare_with_fresh(who, body, error, batches);
    const auto& s = importer.settings();
    if (s.families.size() == 2 && !wire::read_update(body, session_of(s)))
      require(error.has_value(), "import accepts what resets the session");
    apply(batches);
    // The second one goes on without the family.
    if (!error || !error->confined_to || who == 0 || s.families.size() != 2)
      return;
    const auto family = *error->confined_to;
    importer.disable(family);
    apply(importer.take(0));
    require(!s.families.contains(family), "a family that stays");
    update(who, body);
  }

  void apply(const std::vector<importer::shard_batch>& batches) {
    for (const auto& [shard, batch] : batches) {
      check_sets(batch->ipv4, pool_);
      check_sets(batch->ipv6, pool_);
      tables_[shard]->apply(*batch, 1);
    }
  }

  void bounce(unsigned who) {
    for (auto& table : tables_)
      table->neighbor_down(settings_[who].neighbor.index);
    settle();
    up(who);
  }

  void deliver() {
    for (unsigned i = 0; i != shards; ++i)
      for (const auto& d : tables_[i]->collect())
        tables_[i]->acknowledge(exporters_[i], d.batch->sequence,
                                d.batch->sequence);
  }

  void check() const {
    for (const auto& table : tables_) {
      const auto wrong = table->check();
      require(wrong.empty(), wrong.c_str());
    }
  }

  /// Ends both sessions: nothing may be left of them.
  void end() {
    for (auto& table : tables_)
      for (const auto& s : settings_)
        table->neighbor_down(s.neighbor.index);
    settle();
    for (auto& importer : importers_)
      importer.reset();
    check();
    require(pool_.stats().sets == 0, "a set that nobody needs is kept");
  }

private:
  void up(unsigned who) {
    importers_[who] = std::make_unique<importer>(pool_, settings_[who]);
    for (auto& table : tables_)
      table->neighbor_up(settings_[who].neighbor);
  }

  void settle() {
    for (auto& table : tables_) {
      while (table->work(16) || table->has_changes())
        deliver();
      table->purged();
    }
  }

  void compare_with_fresh(unsigned who, byte_span body,
                          const std::optional<import_error>& error,
                          const std::vector<importer::shard_batch>& batches) {
    importer fresh{empty_pool_, importers_[who]->settings()};
    const auto expected_error = fresh.update(body);
    require(error == expected_error, "an error that depends on the past");
    const auto expected = fresh.take(body.size());
    require(batches.size() == expected.size(), "other shards than expected");
    for (std::size_t i = 0; i != batches.size(); ++i) {
      const auto& got = *batches[i].batch;
      const auto& wanted = *expected[i].batch;
      require(batches[i].shard == expected[i].shard
                  && same_routes(got.ipv4, pool_, wanted.ipv4, empty_pool_)
                  && same_routes(got.ipv6, pool_, wanted.ipv6, empty_pool_),
              "what an UPDATE means depends on the past");
    }
  }

  std::array<import_settings, 2> settings_;
  attribute_pool pool_;
  attribute_pool empty_pool_;
  std::array<std::unique_ptr<shard_table>, shards> tables_;
  std::array<exporter_index, shards> exporters_{};
  std::array<std::unique_ptr<importer>, 2> importers_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2)
    return 0;
  world all{data[0], data[1]};
  wire::reader in{byte_span{data, size}.subspan(2)};
  while (!in.empty()) {
    const auto what = in.u8();
    const auto who = what & 1U;
    if ((what & 2U) != 0)
      all.deliver();
    if ((what & 12U) == 12U) {
      all.bounce(who);
      continue;
    }
    const auto body = in.take(in.u16());
    if (in.failed())
      break;
    all.update(who, body);
  }
  all.check();
  all.end();
  return 0;
}
