#include "rib/table/family_rib.hpp"
#include "rib/table/route_digest.hpp"

#include <algorithm>

namespace troupe::rib::table {

namespace {

bool shows(route_view view, const path& p, bool best) {
  const bool rejected = (p.flags & path_flag::rejected) != 0;
  switch (view) {
  case route_view::loc:
    return best;
  case route_view::received:
    return true;
  case route_view::accepted:
    return !rejected;
  case route_view::rejected:
    return rejected;
  }
  return false;
}

} // namespace

/// With the flag for a stale path, without what only the table reads.
template <class Key>
path family_rib<Key>::shown(const path& p) const {
  const auto& from = context_.neighbors[p.neighbor];
  auto copy = p;
  copy.flags = static_cast<std::uint8_t>(p.flags & ~path_flag::round);
  if (from.stale || from.rounds[slot].is_old(p.flags))
    copy.flags |= path_flag::stale;
  return copy;
}

template <class Key>
void family_rib<Key>::add_rows(prefix_number number, const route_query& query,
                               route_page& page) const {
  const auto& e = table_[number];
  auto ranked = inputs_of(e);
  const auto steps = rank(ranked, context_.options);
  for (std::size_t i = 0; i != ranked.size(); ++i) {
    const auto& p = *ranked[i].what;
    const bool best = e.has(entry_bit::chosen) && ranked[i].what == best_in(e);
    if (!shows(query.view, p, best)
        || query.neighbor.value_or(p.neighbor) != p.neighbor)
      continue;
    const auto bytes = context_.pool[p.attributes].bytes();
    page.rows.push_back({to_prefix(e.key()),
                         number,
                         shown(p),
                         *ranked[i].source,
                         best,
                         steps[i],
                         {bytes.begin(), bytes.end()}});
  }
}

template <class Key>
void family_rib<Key>::query(const route_query& query, route_page& page) const {
  if (query.prefix) {
    if (query.prefix->address().is_v6() != (slot == 1))
      return;
    const auto key = to_key<Key>(*query.prefix);
    const auto number = table_.find(key, table_.hash(key));
    if (number != no_number)
      add_rows(number, query, page);
    return;
  }
  const auto budget = std::max<std::uint32_t>(query.budget, 1);
  auto number = query.cursor;
  for (std::uint32_t looked = 0; number < table_.number_limit(); ++number) {
    if (looked++ == budget || page.rows.size() >= query.limit) {
      page.next_cursor = number;
      return;
    }
    if (matches(table_[number], query))
      add_rows(number, query, page);
  }
}

template <class Key>
bool family_rib<Key>::matches(const entry& e, const route_query& query) const {
  // What costs nothing to see, before anything is ranked.
  if (query.view == route_view::loc)
    return e.has(entry_bit::chosen)
           && query.neighbor.value_or(best_in(e)->neighbor)
                  == best_in(e)->neighbor;
  return std::ranges::any_of(table_.paths(e), [&](const path& p) {
    return shows(query.view, p, false)
           && query.neighbor.value_or(p.neighbor) == p.neighbor;
  });
}

template <class Key>
std::size_t family_rib<Key>::memory() const {
  return table_.memory() + pending_.memory() + buried_.memory()
         + unsettled_.capacity() * sizeof(unsettled_prefix)
         + scratch_.capacity() * sizeof(decision_input);
}

template <class Key>
std::string family_rib<Key>::check_entry(prefix_number number) const {
  const auto& e = table_[number];
  const auto where = " at number " + std::to_string(number);
  if (e.has(entry_bit::vacant) || e.count == 0) {
    if (e.has(entry_bit::chosen) || e.has(entry_bit::unsettled))
      return "a best path without paths" + where;
    if (!e.has(entry_bit::vacant) && !e.has(entry_bit::pending)
        && !e.has(entry_bit::buried))
      return "a forgotten tombstone" + where;
    return {};
  }
  for (const auto& p : table_.paths(e)) {
    if (context_.neighbors.find(p.neighbor) == nullptr)
      return "a path of an unknown neighbour" + where;
    if (context_.pool.references(p.attributes) == 0)
      return "a path without a reference to its attributes" + where;
  }
  if (e.has(entry_bit::unsettled) || has_leaving_path(e)
      || context_.deciding_again)
    return {}; // not decided yet
  std::vector<decision_input> inputs;
  for (const auto& p : table_.paths(e))
    if (is_eligible(p))
      inputs.push_back(input_of(p));
  const auto best = choose(inputs, context_.options);
  if (best.has_value() != e.has(entry_bit::chosen)
      || (best && best->what != best_in(e)))
    return "not the best path" + where;
  return {};
}

template <class Key>
std::string family_rib<Key>::check(std::vector<neighbor_counts>& held) const {
  if (auto wrong = table_.check(); !wrong.empty())
    return wrong;
  family_totals sum;
  for (prefix_number number = 0; number != table_.number_limit(); ++number) {
    if (auto wrong = check_entry(number); !wrong.empty())
      return wrong;
    const auto& e = table_[number];
    if (e.has(entry_bit::vacant))
      continue;
    for (const auto& p : table_.paths(e)) {
      auto& counts = held[static_cast<std::size_t>(p.neighbor)];
      ++counts.received;
      counts.accepted += (p.flags & path_flag::rejected) == 0 ? 1 : 0;
      counts.attribute_octets += octets_of(p);
      ++sum.paths;
    }
    if (!e.has(entry_bit::chosen))
      continue;
    const auto& best = *best_in(e);
    const auto digest =
        digest_of(e.key(), best, context_.neighbors[best.neighbor].name_hash,
                  context_.pool[best.attributes]);
    ++sum.prefixes;
    sum.digest_low += digest.low;
    sum.digest_high += digest.high;
  }
  if (!unsettled_.empty())
    return {}; // the old best paths of those are counted still
  return sum == totals_ ? "" : "totals or digest are wrong";
}

template class family_rib<ipv4_key>;
template class family_rib<ipv6_key>;

} // namespace troupe::rib::table
