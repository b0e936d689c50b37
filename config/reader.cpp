#include "config/reader.hpp"

#include "config/duration.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace troupe::config {

std::string to_string(const place& where) {
  std::string text = where.up ? to_string(*where.up) : std::string{};
  if (where.index)
    return text + '[' + std::to_string(*where.index) + ']';
  if (!text.empty() && !where.key.empty())
    text += '.';
  return text + std::string{where.key};
}

// -- value --------------------------------------------------------------------

bool value::fail(const std::string& text) const {
  if (errors)
    errors->wrong_value(what->at, to_string(where), text);
  return false;
}

void value::fail_at_key(const std::string& text) const {
  if (errors)
    errors->error(what->key_at, to_string(where), text);
}

bool value::is(node_kind kind, std::string_view what_it_must_be) const {
  return what->kind == kind
         || fail("must be " + std::string{what_it_must_be} + ", not "
                 + std::string{name_of(what->kind)});
}

value value::element(std::size_t i) const {
  return {&what->children[i], {&where, {}, i}, errors};
}

value value::member(const node& child) const {
  return {&child, {&where, child.key, std::nullopt}, errors};
}

// -- object_reader ------------------------------------------------------------

object_reader::object_reader(const value& v) {
  layers_.reserve(1);
  add(v);
}

object_reader::object_reader(const std::vector<value>& layers) {
  layers_.reserve(layers.size());
  for (const auto& layer : layers)
    add(layer);
}

void object_reader::add(const value& v) {
  if (v.is(node_kind::object, "an object"))
    layers_.push_back(v);
}

std::optional<value> object_reader::find(std::string_view key) {
  known_.push_back(key);
  for (const auto& layer : layers_)
    if (const node* found = layer.what->find(key))
      return layer.member(*found);
  return std::nullopt;
}

std::vector<value> object_reader::find_all(std::string_view key) {
  known_.push_back(key);
  std::vector<value> result;
  for (const auto& layer : layers_)
    if (const node* found = layer.what->find(key))
      result.push_back(layer.member(*found));
  return result;
}

std::optional<value> object_reader::require(std::string_view key) {
  auto found = find(key);
  if (!found && !layers_.empty()) {
    const auto& own = layers_.front();
    // What a syntax error swallowed is not missed.
    if (own.errors && !own.errors->has_gaps())
      own.errors->wrong_value(own.what->at,
                              to_string(place{&own.where, key, std::nullopt}),
                              "is missing");
  }
  return found;
}

namespace {

/// How many letters must be changed, added or dropped (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string unknown_key(std::string_view key,
                        const std::vector<std::string_view>& known) {
  constexpr std::size_t longest = 40;
  std::string text = "is no known key";
  if (key.size() > longest)
    return text;
  std::string_view nearest;
  std::size_t least = 3;
  for (const auto candidate : known)
    if (const auto far = distance(key, candidate);
        far < least && far < candidate.size()) {
      nearest = candidate;
      least = far;
    }
  if (!nearest.empty())
    text += "; did you mean \"" + std::string{nearest} + "\"?";
  return text;
}

} // namespace

void object_reader::finish() const {
  static const std::vector<std::string_view> no_guesses;
  for (const auto& layer : layers_) {
    if (!layer.errors)
      continue;
    std::size_t unknown = 0;
    for (const auto& child : layer.what->children) {
      if (std::find(known_.begin(), known_.end(), child.key) != known_.end())
        continue;
      // Guessing costs time: the wrong file may hold a million keys.
      const bool guess = ++unknown <= 20;
      layer.member(child).fail_at_key(
          unknown_key(child.key, guess ? known_ : no_guesses));
    }
  }
}

// -- converters ---------------------------------------------------------------

bool to_boolean(const value& v, bool& out) {
  out = v.what->text == "true";
  return v.is(node_kind::boolean, "true or false");
}

bool to_free_text(const value& v, std::string& out) {
  if (!v.is(node_kind::string, "a string"))
    return false;
  const auto control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (std::any_of(v.what->text.begin(), v.what->text.end(), control))
    return v.fail("must not hold control characters");
  out = v.what->text;
  return true;
}

bool to_text(const value& v, std::string& out) {
  return to_free_text(v, out) && (!out.empty() || v.fail("must not be empty"));
}

bool to_name(const value& v, std::string& out) {
  if (!to_free_text(v, out))
    return false;
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z');
  };
  const auto allowed = [&](char c) {
    return alphanumeric(c) || c == '_' || c == '.' || c == ':' || c == '-';
  };
  const bool ok = !out.empty() && out.size() <= 64 && alphanumeric(out.front())
                  && std::all_of(out.begin(), out.end(), allowed);
  return ok
         || v.fail("must be 1 to 64 letters, digits or \"_.:-\", beginning "
                   "with a letter or digit");
}

bool to_duration(const value& v, std::chrono::milliseconds& out) {
  constexpr auto expected =
      "a string of a whole number and a unit, as in \"100ms\", \"90s\", "
      "\"2m\", \"1h\" or \"1d\"";
  if (!v.is(node_kind::string, expected))
    return false;
  const auto parsed = parse_duration(v.what->text);
  out = parsed.value_or(std::chrono::milliseconds{});
  return parsed
         || v.fail("must be " + std::string{expected} + ", at most 365 days");
}

bool to_address(const value& v, protocol::ip_address& out) {
  constexpr auto expected = "an IPv4 or IPv6 address";
  if (!v.is(node_kind::string, expected))
    return false;
  const auto parsed = protocol::ip_address::parse(v.what->text);
  out = parsed.value_or(protocol::ip_address{});
  return parsed || v.fail("must be " + std::string{expected});
}

bool to_prefix(const value& v, protocol::prefix& out) {
  constexpr auto expected = "a prefix, as in \"192.0.2.0/24\"";
  if (!v.is(node_kind::string, expected))
    return false;
  if (const auto parsed = protocol::prefix::parse(v.what->text)) {
    out = *parsed;
    return true;
  }
  if (const auto cleared = protocol::prefix::parse(v.what->text, false))
    return v.fail("has host bits; the prefix is " + to_string(*cleared));
  return v.fail("must be " + std::string{expected});
}

bool to_endpoint(const value& v, protocol::endpoint& out) {
  constexpr auto expected =
      "an address and a port, as in \"192.0.2.1:179\" or \"[2001:db8::1]:179\"";
  if (!v.is(node_kind::string, expected))
    return false;
  const auto parsed = protocol::endpoint::parse(v.what->text);
  if (!parsed)
    return v.fail("must be " + std::string{expected});
  out = *parsed;
  return out.port > 0 || v.fail("must have a port from 1 to 65535");
}

bool to_router_id(const value& v, protocol::router_id& out) {
  constexpr auto expected = "four numbers with dots, as in \"192.0.2.1\"";
  if (!v.is(node_kind::string, expected))
    return false;
  const auto parsed = protocol::ip_address::parse(v.what->text);
  if (!parsed || parsed->is_v6())
    return v.fail("must be " + std::string{expected});
  out = {parsed->v4_value()};
  return true;
}

std::optional<std::uint64_t> whole_number(const node& what) {
  if (what.kind != node_kind::number)
    return std::nullopt;
  std::uint64_t number = 0;
  const char* end = what.text.data() + what.text.size();
  const auto result = std::from_chars(what.text.data(), end, number);
  if (result.ec != std::errc{} || result.ptr != end)
    return std::nullopt;
  return number;
}

} // namespace troupe::config
