#pragma once

#include "config/report.hpp"
#include "config/tree.hpp"
#include "config/words.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::config {

/// The way from the root to a value; each step refers to the one above, which
/// must live longer.
struct place {
  const place* up = nullptr;
  std::string_view key;
  std::optional<std::size_t> index; ///< of a list's element
};

std::string to_string(const place& where);

/// A value in a tree, where it is, and whom to tell what is wrong with it.
struct value {
  const node* what = nullptr;
  place where;
  report* errors = nullptr; ///< null: mistakes are told elsewhere

  /// Reports a wrong value; false, so that a converter can return it.
  bool fail(const std::string& text) const;
  /// Reports that the value should not be there.
  void fail_at_key(const std::string& text) const;
  /// Whether the value is of this kind; if not, reports what it must be.
  bool is(node_kind kind, std::string_view what_it_must_be) const;
  value element(std::size_t i) const;
  value member(const node& child) const;
};

/// Reads the members of an object, or of several layers of objects in which
/// the first that has a key decides. Values that it hands out refer to it.
class object_reader {
public:
  /// Reports when the value is no object.
  explicit object_reader(const value& v);
  /// From the layer that counts most to the one that counts least.
  explicit object_reader(const std::vector<value>& layers);
  object_reader(const object_reader&) = delete;
  object_reader& operator=(const object_reader&) = delete;

  /// The value of a key in the first layer that has it.
  std::optional<value> find(std::string_view key);
  /// The values of a key in all layers that have it.
  std::vector<value> find_all(std::string_view key);
  /// Like `find`; reports when the key is missing.
  std::optional<value> require(std::string_view key);

  /// Converts the value of a key into `out`; `out` stays as it is when the key
  /// is missing or the value wrong. `convert(const value&, T&)` reports and
  /// returns whether it went well.
  template <class T, class Convert>
  void read(std::string_view key, T& out, Convert convert) {
    if (auto found = find(key))
      assign(*found, out, convert);
  }
  template <class T, class Convert>
  void read_required(std::string_view key, T& out, Convert convert) {
    if (auto found = require(key))
      assign(*found, out, convert);
  }

  /// Reports the keys that nobody asked for.
  void finish() const;

private:
  template <class T, class Convert>
  static void assign(const value& from, T& out, Convert convert) {
    T converted{};
    if (convert(from, converted))
      out = std::move(converted);
  }
  template <class T, class Convert>
  static void assign(const value& from, std::optional<T>& out,
                     Convert convert) {
    T converted{};
    if (convert(from, converted))
      out = std::move(converted);
  }
  void add(const value& v);

  std::vector<value> layers_;
  std::vector<std::string_view> known_;
};

// -- converters ---------------------------------------------------------------

bool to_boolean(const value& v, bool& out);
/// Any string but an empty one.
bool to_text(const value& v, std::string& out);
/// Any string.
bool to_free_text(const value& v, std::string& out);
/// 1 to 64 letters, digits and "_.:-", beginning with a letter or digit.
bool to_name(const value& v, std::string& out);
bool to_duration(const value& v, std::chrono::milliseconds& out);
bool to_address(const value& v, protocol::ip_address& out);
/// Without host bits.
bool to_prefix(const value& v, protocol::prefix& out);
bool to_endpoint(const value& v, protocol::endpoint& out);
bool to_router_id(const value& v, protocol::router_id& out);

/// A whole number within bounds.
template <class T>
struct to_whole {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  bool operator()(const value& v, T& out) const;
};

/// The whole number of a node; nothing if it is none, or beyond 64 bits.
std::optional<std::uint64_t> whole_number(const node& what);

/// One of the words of an enumeration.
template <class Enum>
bool to_word(const value& v, Enum& out) {
  const auto expected = all_words<Enum>();
  if (!v.is(node_kind::string, expected))
    return false;
  for (const auto& [name, meaning] : words_of<Enum>::all)
    if (v.what->text == name) {
      out = meaning;
      return true;
    }
  return v.fail("must be " + expected);
}

/// A list; every wrong element is reported.
template <class Convert>
struct to_list {
  Convert convert;
  template <class T>
  bool operator()(const value& v, std::vector<T>& out) const {
    if (!v.is(node_kind::list, "a list"))
      return false;
    bool ok = true;
    out.reserve(v.what->children.size());
    for (std::size_t i = 0; i < v.what->children.size(); ++i) {
      T element{};
      if (convert(v.element(i), element))
        out.push_back(std::move(element));
      else
        ok = false;
    }
    return ok;
  }
};
template <class Convert>
to_list(Convert) -> to_list<Convert>;

/// A list of which each element may be there once; every wrong one is reported.
template <class Convert>
struct to_set {
  Convert convert;
  template <class T>
  bool operator()(const value& v, std::set<T>& out) const {
    const auto once = [&](const value& element, T& result) {
      return convert(element, result)
             && (out.insert(result).second || element.fail("is given twice"));
    };
    std::vector<T> all;
    return to_list{once}(v, all);
  }
};
template <class Convert>
to_set(Convert) -> to_set<Convert>;

template <class T>
bool to_whole<T>::operator()(const value& v, T& out) const {
  const auto number = whole_number(*v.what);
  if (!number || *number < least || *number > most)
    return v.fail("must be a whole number from " + std::to_string(least)
                  + " to " + std::to_string(most));
  out = static_cast<T>(*number);
  return true;
}

} // namespace troupe::config
