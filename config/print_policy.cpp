#include "config/print_parts.hpp"
#include "protocol/overloaded.hpp"

namespace troupe::config {

namespace {

json to_json(const rib::prefix_range& range) {
  return to_string(range);
}
json to_json(const rib::community_pattern& pattern) {
  return to_string(pattern);
}
json to_json(const rib::large_community_pattern& pattern) {
  return to_string(pattern);
}
json to_json(const rib::as_range& range) {
  return range.first == range.last ? json(range.first) : json(to_string(range));
}

template <class T>
json list_json(const std::vector<T>& list) {
  auto result = json::array();
  for (const auto& element : list)
    result.push_back(to_json(element));
  return result;
}

template <class T>
void put_list(json& out, const char* key,
              const std::optional<std::vector<T>>& list) {
  if (list)
    out[key] = list_json(*list);
}

json match_json(const rib::policy_match& match) {
  auto out = json::object();
  if (match.prefixes)
    out["prefixes"] = list_json(match.prefixes->ranges());
  if (match.as_path)
    out["as_path"] = *match.as_path;
  put_list(out, "communities", match.communities);
  put_list(out, "large_communities", match.large_communities);
  put_list(out, "origin_as", match.origin_as);
  if (match.neighbor)
    out["neighbor"] = *match.neighbor;
  if (match.next_hop)
    out["next_hop"] = config::to_json(*match.next_hop);
  if (match.source)
    out["source"] = config::to_json(*match.source);
  return out;
}

template <class Pattern>
void put_edit(json& out, const char* key,
              const rib::community_edit<Pattern>& edit) {
  auto inner = json::object();
  put_list(inner, "set", edit.set);
  if (!edit.remove.empty())
    inner["remove"] = list_json(edit.remove);
  if (!edit.add.empty())
    inner["add"] = list_json(edit.add);
  if (!inner.empty())
    out[key] = std::move(inner);
}

json set_json(const rib::policy_set& set) {
  auto out = json::object();
  if (set.local_pref)
    out["local_pref"] = *set.local_pref;
  if (set.med)
    out["med"] = *set.med;
  put_edit(out, "communities", set.communities);
  put_edit(out, "large_communities", set.large_communities);
  if (set.prepend > 0)
    out["prepend"] = set.prepend;
  if (set.next_hop)
    out["next_hop"] = to_string(*set.next_hop);
  return out;
}

json step_json(const rib::chain_step& step) {
  return std::visit(
      overloaded{
          [](rib::policy_action action) { return json(word_for(action)); },
          [](const rib::policy_name& named) { return json(named.name); },
          [](const rib::prefix_list& allowed) {
            return json{{"allow", list_json(allowed.ranges())}};
          }},
      step);
}

} // namespace

json to_json(const rib::chain_definition& chain) {
  if (chain.size() == 1)
    return step_json(chain.front());
  auto result = json::array();
  for (const auto& step : chain)
    result.push_back(step_json(step));
  return result;
}

json to_json(const rib::policy_definition& definition) {
  auto result = json::array();
  for (const auto& rule : definition.rules) {
    auto out = json::object();
    if (!rule.name.empty())
      out["name"] = rule.name;
    if (auto match = match_json(rule.match); !match.empty())
      out["match"] = std::move(match);
    if (auto set = set_json(rule.set); !set.empty())
      out["set"] = std::move(set);
    out["then"] = word_for(rule.then);
    result.push_back(std::move(out));
  }
  return result;
}

} // namespace troupe::config
