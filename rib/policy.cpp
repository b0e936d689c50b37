#include "rib/policy.hpp"

#include "protocol/check.hpp"
#include "protocol/overloaded.hpp"
#include "rib/key.hpp"
#include "rib/policy_rules.hpp"

#include <algorithm>

namespace troupe::rib {

namespace {

using detail::compiled_policy;
using detail::compiled_rule;
using link = std::shared_ptr<const compiled_policy>;

link single_rule(policy_rule rule, std::string label) {
  std::vector<compiled_rule> rules;
  rules.emplace_back(std::move(rule), std::move(label));
  return std::make_shared<const compiled_policy>(std::move(rules));
}

link make_link(policy_action action) {
  policy_rule rule;
  rule.then = action;
  return single_rule(std::move(rule), to_string(action));
}

link make_link(const prefix_list& allowed) {
  policy_rule rule;
  rule.match.prefixes = allowed;
  rule.then = policy_action::accept;
  return single_rule(std::move(rule), "allow");
}

link make_link(const std::string& name, const policy_definition& definition) {
  std::vector<compiled_rule> rules;
  for (std::size_t i = 0; i < definition.rules.size(); ++i) {
    const auto& rule = definition.rules[i];
    auto label = name + '[' + std::to_string(i) + ']';
    if (!rule.name.empty())
      label += ' ' + rule.name;
    rules.emplace_back(rule, std::move(label));
  }
  return std::make_shared<const compiled_policy>(std::move(rules));
}

bool always_decides(const compiled_rule& rule) {
  return rule.is_unconditional() && rule.rule().then != policy_action::next;
}

/// Visits the rules that can be reached, until the visitor answers false; the
/// answer is whether one that always decides was seen.
template <class Visitor>
bool walk(const std::vector<link>& links, Visitor visit) {
  for (const auto& policy : links)
    for (const auto& rule : policy->rules()) {
      if (!visit(rule))
        return false;
      if (always_decides(rule))
        return true;
    }
  return false;
}

bool any_rule(const std::vector<link>& links,
              bool (*holds)(const compiled_rule&)) {
  bool found = false;
  walk(links, [&](const compiled_rule& rule) {
    found = found || holds(rule);
    return !found;
  });
  return found;
}

} // namespace

policy_chain policy_chain::accept_all() {
  static const link all = make_link(policy_action::accept);
  policy_chain result;
  result.append(all);
  return result;
}

policy_chain policy_chain::reject_all() {
  static const link none = make_link(policy_action::reject);
  policy_chain result;
  result.append(none);
  return result;
}

void policy_chain::append(link next) {
  hash_ = mix(hash_ + next->hash());
  links_.push_back(std::move(next));
  accepts_all_ = walk(links_, [](const compiled_rule& rule) {
    return rule.rule().set.is_empty()
           && rule.rule().then != policy_action::reject;
  });
  rejects_all_ = !any_rule(links_, [](const compiled_rule& rule) {
    return rule.rule().then == policy_action::accept;
  });
  depends_on_prefix_ = any_rule(links_, [](const compiled_rule& rule) {
    return rule.rule().match.prefixes.has_value();
  });
  depends_on_source_ = any_rule(links_, [](const compiled_rule& rule) {
    return rule.rule().match.neighbor || rule.rule().match.source;
  });
}

policy_result policy_chain::evaluate(const policy_input& input) const {
  detail::judged_route route{input};
  for (const auto& policy : links_)
    for (const auto& rule : policy->rules()) {
      if (!rule.matches(route))
        continue;
      route.apply(rule.rule().set);
      switch (rule.rule().then) {
      case policy_action::accept:
        return {true, rule.label(), route.take_changes()};
      case policy_action::reject:
        return {false, rule.label(), std::nullopt};
      case policy_action::next:
        break;
      }
    }
  return {false, "end of policy", std::nullopt};
}

bool operator==(const policy_chain& a, const policy_chain& b) {
  return a.hash_ == b.hash_
         && std::equal(
             a.links_.begin(), a.links_.end(), b.links_.begin(), b.links_.end(),
             [](const link& x, const link& y) { return x == y || *x == *y; });
}

// -- policy_library -----------------------------------------------------------

std::vector<policy_error> policy_library::check(
    const std::map<std::string, policy_definition>& definitions) {
  constexpr std::size_t longest = 4096;
  std::vector<policy_error> result;
  for (const auto& [name, definition] : definitions)
    for (std::size_t i = 0; i < definition.rules.size(); ++i) {
      const auto& expression = definition.rules[i].match.as_path;
      if (!expression)
        continue;
      if (expression->size() > longest) {
        result.push_back(
            {name, i, "match.as_path", "must have at most 4096 bytes"});
        continue;
      }
      const auto compiled = detail::compile_expression(*expression);
      if (!compiled->ok())
        result.push_back({name, i, "match.as_path",
                          "is no regular expression: " + compiled->error()});
    }
  return result;
}

policy_library::policy_library(
    const std::map<std::string, policy_definition>& definitions) {
  for (const auto& [name, definition] : definitions)
    named_.emplace(name, make_link(name, definition));
}

std::optional<policy_chain>
policy_library::make(const chain_definition& definition) const {
  policy_chain result;
  for (const auto& step : definition) {
    auto next = std::visit(
        overloaded{
            [](policy_action action) { return make_link(action); },
            [](const prefix_list& allowed) { return make_link(allowed); },
            [this](const policy_name& named) -> link {
              const auto found = named_.find(named.name);
              return found == named_.end() ? nullptr : found->second;
            }},
        step);
    if (!next)
      return std::nullopt;
    result.append(std::move(next));
  }
  return result;
}

} // namespace troupe::rib
