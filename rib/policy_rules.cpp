#include "rib/policy_rules.hpp"

#include "protocol/check.hpp"

#include <algorithm>
#include <utility>
#include <xxhash.h>

namespace troupe::rib::detail {

namespace wire = protocol::wire;

namespace {

wire::community to_community(const community_pattern& exact) {
  return {exact.value};
}

wire::large_community to_community(const large_community_pattern& exact) {
  return {exact.parts[0].value_or(0), exact.parts[1].value_or(0),
          exact.parts[2].value_or(0)};
}

bool matches_one(const community_pattern& pattern, wire::community c) {
  return pattern.matches(c.value);
}

bool matches_one(const large_community_pattern& pattern,
                 const wire::large_community& c) {
  return pattern.parts[0].value_or(c.global) == c.global
         && pattern.parts[1].value_or(c.local1) == c.local1
         && pattern.parts[2].value_or(c.local2) == c.local2;
}

template <class Pattern, class Community>
bool matches_any(const std::vector<Pattern>& patterns, const Community& c) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const Pattern& p) { return matches_one(p, c); });
}

template <class Pattern, class Community>
bool holds_any(const std::vector<Community>& communities,
               const std::vector<Pattern>& patterns) {
  return std::any_of(
      communities.begin(), communities.end(),
      [&](const Community& c) { return matches_any(patterns, c); });
}

template <class Pattern, class Community>
void edit(std::vector<Community>& communities,
          const community_edit<Pattern>& how) {
  const auto add = [&](const Pattern& exact) {
    const auto c = to_community(exact);
    if (std::find(communities.begin(), communities.end(), c)
        == communities.end())
      communities.push_back(c);
  };
  if (how.set) {
    communities.clear();
    std::for_each(how.set->begin(), how.set->end(), add);
  }
  std::erase_if(communities,
                [&](const auto& c) { return matches_any(how.remove, c); });
  std::for_each(how.add.begin(), how.add.end(), add);
}

/// A next hop of the other family would make the route untellable.
bool may_replace(const std::optional<protocol::ip_address>& old,
                 const protocol::ip_address& next) {
  return !old || old->is_v4() == next.is_v4();
}

} // namespace

// -- judged_route -------------------------------------------------------------

const std::string& judged_route::path_text() {
  if (!path_text_)
    path_text_ = to_string(attributes().as_path);
  return *path_text_;
}

void judged_route::apply(const policy_set& set) {
  if (set.is_empty())
    return;
  if (!modified_)
    modified_ = input_.attributes;
  auto& a = *modified_;
  a.local_pref = set.local_pref ? set.local_pref : a.local_pref;
  a.med = set.med ? set.med : a.med;
  edit(a.communities, set.communities);
  edit(a.large_communities, set.large_communities);
  if (set.prepend > 0) {
    a.as_path.prepend(input_.prepend_as, set.prepend,
                      input_.prepends_member
                          ? protocol::wire::segment_type::confed_sequence
                          : protocol::wire::segment_type::as_sequence);
    path_text_.reset();
  }
  if (set.next_hop && may_replace(a.next_hop, *set.next_hop)) {
    a.next_hop = set.next_hop;
    a.link_local_next_hop.reset();
  }
}

std::optional<wire::path_attributes> judged_route::take_changes() {
  if (modified_ && *modified_ == input_.attributes)
    modified_.reset();
  return std::exchange(modified_, std::nullopt);
}

// -- compiled_rule ------------------------------------------------------------

compiled_rule::compiled_rule(policy_rule rule, std::string label)
    : rule_(std::move(rule)), label_(std::move(label)) {
  if (!rule_.match.as_path)
    return;
  as_path_ = compile_expression(*rule_.match.as_path);
  TROUPE_CHECK(as_path_->ok(), "the expression must have been checked");
}

bool compiled_rule::matches(judged_route& route) const {
  const auto& input = route.input();
  if (rule_.match.prefixes) {
    TROUPE_CHECK(input.prefix, "the policy depends on the prefix");
    if (!rule_.match.prefixes->matches(*input.prefix))
      return false;
  }
  return matches_source(input.source) && matches_attributes(route.attributes())
         && matches_origin(route)
         && (!as_path_ || re2::RE2::PartialMatch(route.path_text(), *as_path_));
}

bool compiled_rule::matches_attributes(const wire::path_attributes& a) const {
  const auto& match = rule_.match;
  if (match.communities && !holds_any(a.communities, *match.communities))
    return false;
  if (match.large_communities
      && !holds_any(a.large_communities, *match.large_communities))
    return false;
  if (!match.next_hop)
    return true;
  return a.next_hop
         && std::any_of(
             match.next_hop->begin(), match.next_hop->end(),
             [&](const auto& range) { return range.contains(*a.next_hop); });
}

bool compiled_rule::matches_origin(const judged_route& route) const {
  if (!rule_.match.origin_as)
    return true;
  const auto& path = route.attributes().as_path;
  const auto origin =
      path.empty() ? route.input().prepend_as : path.view().origin_as();
  const auto& ranges = *rule_.match.origin_as;
  return origin
         && std::any_of(ranges.begin(), ranges.end(), [&](const as_range& r) {
              return *origin >= r.first && *origin <= r.last;
            });
}

bool compiled_rule::matches_source(const neighbor_facts& source) const {
  const auto& match = rule_.match;
  const bool learned = source.source == source_kind::bgp;
  if (match.source) {
    // The rest of our confederation is our own AS (RFC 5065 §5.3).
    const bool external = source.kind == protocol::peer_kind::external;
    const auto kind = !learned   ? route_source_kind::local
                      : external ? route_source_kind::external
                                 : route_source_kind::internal;
    const auto& kinds = *match.source;
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      return false;
  }
  if (!match.neighbor)
    return true;
  // A dynamic neighbour is named RANGE@ADDRESS.
  const auto is_meant = [&](const std::string& name) {
    return source.name.starts_with(name)
           && (source.name.size() == name.size()
               || source.name[name.size()] == '@');
  };
  return learned
         && std::any_of(match.neighbor->begin(), match.neighbor->end(),
                        is_meant);
}

// -- compiled_policy ----------------------------------------------------------

compiled_policy::compiled_policy(std::vector<compiled_rule> rules)
    : rules_(std::move(rules)) {
  for (const auto& rule : rules_) {
    const auto text = rule.label() + '\n' + describe(rule.rule());
    hash_ = XXH3_64bits_withSeed(text.data(), text.size(), hash_);
  }
}

bool operator==(const compiled_policy& a, const compiled_policy& b) {
  const auto same = [](const compiled_rule& x, const compiled_rule& y) {
    return x.label() == y.label() && x.rule() == y.rule();
  };
  return a.hash_ == b.hash_
         && std::equal(a.rules_.begin(), a.rules_.end(), b.rules_.begin(),
                       b.rules_.end(), same);
}

std::unique_ptr<re2::RE2> compile_expression(const std::string& text) {
  constexpr std::int64_t most_memory = 2 << 20;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(most_memory);
  return std::make_unique<re2::RE2>(text, options);
}

// -- describe -----------------------------------------------------------------

namespace {

std::string item(std::string_view text) {
  // Texts of the operator are written with their length, so that no two rules
  // look alike.
  return std::to_string(text.size()) + '"' + std::string{text};
}

template <class T>
std::string item(const T& value) {
  if constexpr (std::is_arithmetic_v<T>)
    return std::to_string(value);
  else
    return to_string(value);
}

template <class List>
void add_list(std::string& text, std::string_view field, const List& list) {
  text += field;
  text += " [";
  for (const auto& element : list) {
    text += ' ';
    text += item(element);
  }
  text += " ]\n";
}

template <class T>
void add(std::string& text, std::string_view field,
         const std::optional<T>& value) {
  if (value)
    text += std::string{field} + ' ' + item(*value) + '\n';
}

template <class T>
void add(std::string& text, std::string_view field,
         const std::optional<std::vector<T>>& list) {
  if (list)
    add_list(text, field, *list);
}

template <class Pattern>
void add_edit(std::string& text, const std::string& field,
              const community_edit<Pattern>& how) {
  add(text, field + " set", how.set);
  if (!how.remove.empty())
    add_list(text, field + " remove", how.remove);
  if (!how.add.empty())
    add_list(text, field + " add", how.add);
}

} // namespace

std::string describe(const policy_rule& rule) {
  std::string text;
  const auto& match = rule.match;
  if (match.prefixes)
    text += "prefixes " + std::to_string(match.prefixes->hash()) + '\n';
  if (match.as_path)
    text += "as_path " + item(std::string_view{*match.as_path}) + '\n';
  add(text, "communities", match.communities);
  add(text, "large_communities", match.large_communities);
  add(text, "origin_as", match.origin_as);
  if (match.neighbor) {
    text += "neighbor [";
    for (const auto& name : *match.neighbor)
      text += ' ' + item(std::string_view{name});
    text += " ]\n";
  }
  add(text, "next_hop", match.next_hop);
  add(text, "source", match.source);
  add(text, "local_pref", rule.set.local_pref);
  add(text, "med", rule.set.med);
  add_edit(text, "set communities", rule.set.communities);
  add_edit(text, "set large_communities", rule.set.large_communities);
  if (rule.set.prepend > 0)
    text += "prepend " + std::to_string(rule.set.prepend) + '\n';
  add(text, "set next_hop", rule.set.next_hop);
  return text + "then " + to_string(rule.then) + '\n';
}

} // namespace troupe::rib::detail
