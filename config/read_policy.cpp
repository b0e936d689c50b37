#include "config/read_policy.hpp"

namespace troupe::config {

namespace {

bool to_prefix_range(const value& v, rib::prefix_range& out) {
  constexpr auto expected =
      "a prefix without host bits, as in \"10.0.0.0/8\", \"10.0.0.0/8+\" or "
      "\"10.0.0.0/8{16,24}\"";
  if (!v.is(node_kind::string, expected))
    return false;
  const auto parsed = rib::prefix_range::parse(v.what->text);
  out = parsed.value_or(rib::prefix_range{});
  return parsed || v.fail("must be " + std::string{expected});
}

bool to_prefix_list(const value& v, rib::prefix_list& out) {
  std::vector<rib::prefix_range> ranges;
  if (!to_list{to_prefix_range}(v, ranges))
    return false;
  out = rib::prefix_list{std::move(ranges)};
  return true;
}

/// A single AS number stands for itself.
bool to_as_range(const value& v, rib::as_range& out) {
  constexpr auto most = 0xffffffffU;
  if (const auto number = whole_number(*v.what); number && *number <= most) {
    const auto as = static_cast<protocol::as_number>(*number);
    out = {as, as};
    return true;
  }
  const auto parsed = v.what->kind == node_kind::string
                          ? rib::as_range::parse(v.what->text)
                          : std::nullopt;
  out = parsed.value_or(rib::as_range{});
  return parsed
         || v.fail("must be an AS number, or a range as in \"64512-65534\"");
}

std::string expected_form(const rib::community_pattern&) {
  return "a community, as in \"65000:100\", \"65000:*\" or \"no_export\"";
}

std::string expected_form(const rib::large_community_pattern&) {
  return "a large community, as in \"65000:1:2\" or \"65000:1:*\"";
}

template <class Pattern>
bool to_pattern(const value& v, Pattern& out) {
  const auto expected = expected_form(out);
  if (!v.is(node_kind::string, expected))
    return false;
  const auto parsed = Pattern::parse(v.what->text);
  out = parsed.value_or(Pattern{});
  return parsed || v.fail("must be " + expected);
}

template <class Pattern>
bool to_exact(const value& v, Pattern& out) {
  return to_pattern(v, out)
         && (out.is_exact() || v.fail("must not hold \"*\" here"));
}

template <class Pattern>
bool to_edit(const value& v, rib::community_edit<Pattern>& out) {
  object_reader in{v};
  in.read("set", out.set, to_list{to_exact<Pattern>});
  in.read("remove", out.remove, to_list{to_pattern<Pattern>});
  in.read("add", out.add, to_list{to_exact<Pattern>});
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_match(const value& v, rib::policy_match& out) {
  object_reader in{v};
  in.read("prefixes", out.prefixes, to_prefix_list);
  in.read("as_path", out.as_path, to_text);
  in.read("communities", out.communities,
          to_list{to_pattern<rib::community_pattern>});
  in.read("large_communities", out.large_communities,
          to_list{to_pattern<rib::large_community_pattern>});
  in.read("origin_as", out.origin_as, to_list{to_as_range});
  in.read("neighbor", out.neighbor, to_list{to_text});
  in.read("next_hop", out.next_hop, to_list{to_prefix});
  in.read("source", out.source, to_list{to_word<rib::route_source_kind>});
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_set(const value& v, rib::policy_set& out) {
  constexpr std::uint64_t most = 0xffffffffU;
  object_reader in{v};
  in.read("local_pref", out.local_pref, to_whole<std::uint32_t>{0, most});
  in.read("med", out.med, to_whole<std::uint32_t>{0, most});
  in.read("communities", out.communities, to_edit<rib::community_pattern>);
  in.read("large_communities", out.large_communities,
          to_edit<rib::large_community_pattern>);
  in.read("prepend", out.prepend, to_whole<std::uint8_t>{0, 64});
  in.read("next_hop", out.next_hop, to_address);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_rule(const value& v, rib::policy_rule& out) {
  object_reader in{v};
  in.read("name", out.name, to_text);
  in.read("match", out.match, to_match);
  in.read("set", out.set, to_set);
  in.read("then", out.then, to_word<rib::policy_action>);
  in.finish();
  return v.what->kind == node_kind::object;
}

bool to_allow(const value& v, rib::chain_step& out) {
  object_reader in{v};
  rib::prefix_list allowed;
  in.read_required("allow", allowed, to_prefix_list);
  in.finish();
  out = std::move(allowed);
  return true;
}

bool to_step(const value& v, rib::chain_step& out) {
  if (v.what->kind == node_kind::object)
    return to_allow(v, out);
  constexpr auto expected =
      "\"accept\", \"reject\", a policy's name, {\"allow\": [prefixes]}, or a "
      "list of these";
  if (!v.is(node_kind::string, expected))
    return false;
  if (v.what->text == "accept")
    out = rib::policy_action::accept;
  else if (v.what->text == "reject")
    out = rib::policy_action::reject;
  else
    out = rib::policy_name{v.what->text};
  return !v.what->text.empty() || v.fail("must be " + std::string{expected});
}

} // namespace

bool to_chain(const value& v, rib::chain_definition& out) {
  if (v.what->kind == node_kind::list)
    return to_list{to_step}(v, out)
           && (!out.empty()
               || v.fail("must not be empty; write \"reject\" to reject all"));
  rib::chain_step step;
  if (!to_step(v, step))
    return false;
  out.push_back(std::move(step));
  return true;
}

bool to_policy(const value& v, rib::policy_definition& out) {
  return to_list{to_rule}(v, out.rules);
}

bool is_reserved_policy_name(std::string_view name) {
  return name == "accept" || name == "reject" || name == "next";
}

} // namespace troupe::config
