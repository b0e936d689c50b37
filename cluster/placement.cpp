#include "cluster/placement.hpp"

#include <algorithm>
#include <cstdint>
#include <xxhash.h>

namespace troupe::cluster {

namespace {

bool may_own(const unit_rule& rule, const std::string& name,
             const candidate& node) {
  if (!node.in_step || node.draining)
    return false;
  if (!rule.nodes.empty()
      && std::ranges::find(rule.nodes, name) == rule.nodes.end())
    return false;
  return rule.floating || node.addresses.contains(rule.what.local_address);
}

/// The same on every node and in every version: it decides where sessions are.
std::uint64_t weight(const unit& what, const std::string& node) {
  const auto text =
      what.router + '\n' + to_string(what.local_address) + '\n' + node;
  return XXH3_64bits(text.data(), text.size());
}

std::string preferred(const unit_rule& rule,
                      const std::vector<std::string>& able) {
  for (const auto& each : rule.nodes)
    if (std::ranges::find(able, each) != able.end())
      return each;
  return *std::ranges::max_element(able, {}, [&](const std::string& name) {
    return weight(rule.what, name);
  });
}

} // namespace

std::string place(const unit_rule& rule, const candidates& nodes,
                  const std::string& owner, const std::string& moved_to) {
  std::vector<std::string> able;
  for (const auto& [name, node] : nodes)
    if (may_own(rule, name, node))
      able.push_back(name);
  const auto can = [&](const std::string& name) {
    return std::ranges::find(able, name) != able.end();
  };
  if (able.empty())
    return {};
  if (can(moved_to))
    return moved_to;
  const auto best = preferred(rule, able);
  return can(owner) && !nodes.at(best).settled ? owner : best;
}

} // namespace troupe::cluster
