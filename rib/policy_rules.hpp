#pragma once

#include "rib/policy.hpp"

#include <memory>
#include <optional>
#include <re2/re2.h>
#include <string>
#include <vector>

/// The inside of `policy_chain`.
namespace troupe::rib::detail {

/// A route on its way through the rules.
class judged_route {
public:
  explicit judged_route(const policy_input& input) : input_(input) {}

  const policy_input& input() const { return input_; }
  /// As the rules passed so far have left them.
  const protocol::wire::path_attributes& attributes() const {
    return modified_ ? *modified_ : input_.attributes;
  }
  /// The AS path as text.
  const std::string& path_text();
  void apply(const policy_set& set);
  /// The attributes, if they differ from what came in.
  std::optional<protocol::wire::path_attributes> take_changes();

private:
  const policy_input& input_;
  std::optional<protocol::wire::path_attributes> modified_;
  std::optional<std::string> path_text_;
};

/// A rule ready to run.
class compiled_rule {
public:
  /// The expression must be right (see `compile_expression`).
  compiled_rule(policy_rule rule, std::string label);

  bool matches(judged_route& route) const;
  const policy_rule& rule() const { return rule_; }
  const std::string& label() const { return label_; }
  /// Whether it matches every route.
  bool is_unconditional() const { return rule_.match == policy_match{}; }

private:
  bool matches_attributes(const protocol::wire::path_attributes& a) const;
  bool matches_origin(const judged_route& route) const;
  bool matches_source(const neighbor_facts& source) const;

  policy_rule rule_;
  std::string label_;
  std::unique_ptr<re2::RE2> as_path_;
};

/// One link of a chain.
class compiled_policy {
public:
  explicit compiled_policy(std::vector<compiled_rule> rules);
  const std::vector<compiled_rule>& rules() const { return rules_; }
  std::uint64_t hash() const { return hash_; }
  /// By content and labels.
  friend bool operator==(const compiled_policy& a, const compiled_policy& b);

private:
  std::vector<compiled_rule> rules_;
  std::uint64_t hash_ = 0;
};

/// Compiles an expression within bounds of size and memory.
std::unique_ptr<re2::RE2> compile_expression(const std::string& text);

/// What a rule says, as text for hashing; long lists as their own hash.
std::string describe(const policy_rule& rule);

} // namespace troupe::rib::detail
