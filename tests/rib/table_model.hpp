#pragma once

#include "rib/decision.hpp"
#include "rib/shard_table.hpp"
#include "rib/table/route_digest.hpp"
#include "tests/rib/table_fixture.hpp"

#include <rapidcheck.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <xxhash.h>

namespace troupe::rib {

using attribute_bytes = std::vector<std::uint8_t>;

/// What is told of a prefix: the attributes and who gave them.
struct heard_route {
  protocol::prefix prefix;
  attribute_bytes attributes; ///< empty: withdrawn
  neighbor_index source{};
  std::vector<std::pair<attribute_bytes, std::uint32_t>> candidates;

  friend bool operator==(const heard_route&, const heard_route&) = default;
};

/// One path as a neighbour announces it.
struct model_path {
  neighbor_facts source;
  std::uint32_t path_id = 0;
  attribute_summary attributes;
  std::uint8_t flags = 0;
};

/// A router's routes in the plainest form: every path of every session that is
/// up, and nothing remembered.
class router_model {
public:
  decision_options options;

  void up(const neighbor_facts& facts) {
    for (auto it = sessions_.begin(); it != sessions_.end();)
      it = it->second.name == facts.name ? forget(it) : std::next(it);
    sessions_[facts.index] = facts;
  }
  void down(neighbor_index index) {
    if (const auto it = sessions_.find(index); it != sessions_.end())
      forget(it);
  }
  bool is_up(neighbor_index index) const { return sessions_.contains(index); }
  void announce(neighbor_index from, const protocol::prefix& prefix,
                std::uint32_t path_id, const attribute_summary& attributes,
                std::uint8_t flags) {
    if (is_up(from))
      paths_[prefix][{from, path_id}] = {sessions_[from], path_id, attributes,
                                         flags};
  }
  void withdraw(neighbor_index from, const protocol::prefix& prefix,
                std::uint32_t path_id) {
    if (is_up(from))
      paths_[prefix].erase({from, path_id});
  }

  /// Every prefix with a best path, and all its candidates in their rank.
  std::map<protocol::prefix, heard_route> best() const {
    std::map<protocol::prefix, heard_route> all;
    for (const auto& [prefix, paths] : paths_)
      if (const auto ranked = rank_paths(paths); !ranked.empty()) {
        auto& to = all[prefix];
        to = {prefix,
              bytes_for(ranked[0].attributes),
              ranked[0].source.index,
              {}};
        for (const auto& p : ranked)
          to.candidates.emplace_back(bytes_for(p.attributes), p.path_id);
      }
    return all;
  }
  family_totals totals(protocol::family family, attribute_pool& pool) const {
    family_totals sum;
    for (const auto& [prefix, paths] : paths_) {
      if (prefix.address().is_v6() != (family == protocol::ipv6_unicast))
        continue;
      sum.paths += paths.size();
      if (const auto ranked = rank_paths(paths); !ranked.empty())
        add(sum, prefix, ranked[0], pool);
    }
    return sum;
  }
  neighbor_counts counts(neighbor_index index, protocol::family family) const {
    neighbor_counts sum;
    for (const auto& [prefix, paths] : paths_)
      for (const auto& [who, p] : paths)
        if (who.first == index
            && prefix.address().is_v6() == (family == protocol::ipv6_unicast)) {
          ++sum.received;
          sum.attribute_octets += bytes_for(p.attributes).size();
          if ((p.flags & path_flag::rejected) == 0)
            ++sum.accepted;
        }
    return sum;
  }

private:
  using session_map = std::map<neighbor_index, neighbor_facts>;
  using path_map =
      std::map<std::pair<neighbor_index, std::uint32_t>, model_path>;

  session_map::iterator forget(session_map::iterator it) {
    for (auto& [prefix, paths] : paths_)
      std::erase_if(paths,
                    [&](const auto& p) { return p.first.first == it->first; });
    return sessions_.erase(it);
  }
  static path flat(const model_path& p) {
    path what;
    what.path_id = p.path_id;
    what.flags = p.flags;
    what.neighbor = p.source.index;
    return what;
  }
  std::vector<model_path> rank_paths(const path_map& paths) const {
    std::vector<model_path> all;
    for (const auto& [who, p] : paths)
      if ((p.flags & path_flag::rejected) == 0)
        all.push_back(p);
    std::vector<path> flats;
    for (const auto& p : all)
      flats.push_back(flat(p));
    std::vector<decision_input> inputs;
    for (std::size_t i = 0; i != all.size(); ++i)
      inputs.push_back({&flats[i], &all[i].attributes, &all[i].source, 0});
    rank(inputs, options);
    std::vector<model_path> ranked;
    for (const auto& in : inputs)
      ranked.push_back(all[static_cast<std::size_t>(in.what - flats.data())]);
    return ranked;
  }
  static void add(family_totals& sum, const protocol::prefix& prefix,
                  const model_path& best, attribute_pool& pool) {
    const auto& name = best.source.name;
    const auto hash = XXH3_64bits(name.data(), name.size());
    attribute_handle set(
        pool, pool.intern(bytes_for(best.attributes), best.attributes));
    const auto digest =
        prefix.address().is_v6()
            ? table::digest_of(to_key<ipv6_key>(prefix), flat(best), hash,
                               pool[set.get()])
            : table::digest_of(to_key<ipv4_key>(prefix), flat(best), hash,
                               pool[set.get()]);
    ++sum.prefixes;
    sum.digest_low += digest.low;
    sum.digest_high += digest.high;
  }

  session_map sessions_;
  std::map<protocol::prefix, path_map> paths_;
};

/// An exporter that follows the protocol: a mailbox, the state of each number
/// as it was told, and somebody behind it who is owed what came after `safe`.
class exporter_model {
public:
  using number_key = std::pair<bool, prefix_number>; // is IPv6

  explicit exporter_model(bool ranked) : ranked_(ranked) {}

  exporter_index index{};
  std::deque<std::shared_ptr<const change_batch>> mailbox;

  /// Handles one message; returns its sequence, 0 for an answer.
  std::uint64_t handle() {
    const auto batch = mailbox.front();
    mailbox.pop_front();
    RC_ASSERT(batch->sequence > last_);
    last_ = batch->sequence;
    RC_ASSERT(!batch->ipv4.changes.empty() || !batch->ipv6.changes.empty()
              || batch->is_resync);
    take(*batch, batch->ipv4);
    take(*batch, batch->ipv6);
    if (!batch->is_resync)
      last_told_ = batch->sequence;
    return batch->is_resync ? 0 : batch->sequence;
  }
  /// Lets whoever is behind catch up to some point.
  std::uint64_t catch_up(bool fully, std::uint64_t step) {
    safe_ = fully ? last_told_ : std::min(last_told_, safe_ + step);
    return safe_;
  }
  /// The prefixes that are announced now.
  std::map<protocol::prefix, heard_route> announced() const {
    std::map<protocol::prefix, heard_route> all;
    for (const auto& [number, route] : routes_)
      if (!route.attributes.empty()) {
        RC_ASSERT(!all.contains(route.prefix));
        all[route.prefix] = route;
      }
    return all;
  }

  attribute_pool* pool = nullptr;

private:
  attribute_bytes copy(attribute_ref set) const {
    const auto bytes = (*pool)[set].bytes();
    return {bytes.begin(), bytes.end()};
  }

  template <class Key>
  void take(const change_batch& batch, const family_changes<Key>& changes) {
    const auto& ranked = changes.ranked;
    const bool with_candidates = ranked_ && !batch.is_resync;
    if (batch.is_resync)
      RC_ASSERT(ranked.ends.empty() && ranked.all.empty());
    if (with_candidates)
      RC_ASSERT(ranked.ends.size() == changes.changes.size());
    std::size_t candidate = 0;
    for (std::size_t i = 0; i != changes.changes.size(); ++i) {
      const auto& state = changes.changes[i];
      const number_key number{std::is_same_v<Key, ipv6_key>, state.number};
      auto& route = routes_[number];
      const auto prefix = to_prefix(state.key);
      if (!(route.prefix == prefix) && gone_at_.contains(number)) {
        // Somebody may still know this number as the old prefix.
        RC_ASSERT(gone_at_[number] <= safe_);
      }
      RC_ASSERT(route.prefix == prefix || route.attributes.empty());
      auto candidates = std::move(route.candidates);
      if (!batch.is_resync)
        candidates.clear();
      route = {prefix, {}, state.source, std::move(candidates)};
      if (state.attributes != attribute_ref::none)
        route.attributes = copy(state.attributes);
      if (with_candidates)
        for (; candidate != ranked.ends[i]; ++candidate)
          route.candidates.emplace_back(copy(ranked.all[candidate].attributes),
                                        ranked.all[candidate].path_id);
      if (!route.attributes.empty())
        gone_at_.erase(number);
      else if (!batch.is_resync)
        gone_at_[number] = batch.sequence;
    }
  }

  bool ranked_;
  std::uint64_t last_ = 0;
  std::uint64_t last_told_ = 0;
  std::uint64_t safe_ = 0;
  std::map<number_key, heard_route> routes_;
  std::map<number_key, std::uint64_t> gone_at_;
};

} // namespace troupe::rib
