#pragma once

#include "config/report.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

enum class node_kind : std::uint8_t {
  null,
  boolean, ///< text is "true" or "false"
  number,  ///< text is a JSON number
  string,
  list,
  object
};

/// "a list", "an object", "a string", ... for messages.
std::string_view name_of(node_kind kind);

/// A value of a configuration file and where it stands, whatever the file's
/// form. Members of an object and elements of a list are its children.
struct node {
  node_kind kind = node_kind::null;
  position at;
  position key_at; ///< in an object: where the key stands
  std::string key; ///< in an object
  std::string text;
  std::vector<node> children;

  /// The member of this key; null if this is no object or has none.
  const node* find(std::string_view name) const;
};

/// Builds a tree from what a parser reads. Bounds depth and size, and refuses
/// keys that are given twice.
class tree_builder {
public:
  static constexpr std::size_t most_depth = 64;
  /// A value counts as one, and as one more for each 64 bytes of text.
  static constexpr std::size_t most_values = 2000000;

  explicit tree_builder(report& errors) : errors_(errors) {}

  // Each returns false when a bound is exceeded (it is reported): stop.

  /// Begins a list or an object.
  [[nodiscard]] bool begin(node_kind kind, position at);
  [[nodiscard]] bool key(position at, std::string text);
  /// Forgets a key whose value could not be read.
  void drop_key();
  [[nodiscard]] bool scalar(node_kind kind, position at, std::string text);
  /// A whole value, as a YAML alias stands for.
  [[nodiscard]] bool insert(node value);
  /// Counts a copy that a parser keeps.
  [[nodiscard]] bool count(const node& copy);

  /// Ends the innermost list or object, and tells which it was.
  const node& end();
  /// What is open: an object waits for a key, an object has its key, or else.
  bool waits_for_key() const;
  /// How many lists and objects are open.
  std::size_t depth() const { return open_.size(); }
  /// The path of the value that comes next.
  std::string path() const;
  /// The finished tree; nothing if none was finished.
  std::optional<node> take();

private:
  const node& place(node value);
  bool count(position at, std::size_t text_size);
  void refuse_duplicates(const node& object);

  report& errors_;
  std::vector<node> open_;
  /// Key and position of what comes next, one for each open node.
  struct pending {
    bool has_key = false;
    std::string key;
    position at;
  };
  std::vector<pending> pending_;
  std::optional<node> done_;
  std::size_t values_ = 0;
};

/// Where the value of a path stands: "routers[0].neighbors[3].timers.hold". A
/// field that a neighbour takes from its group or the defaults is found there.
/// What is missing is said to be where its innermost existing owner is.
struct origin {
  std::string path;
  position at;
};
origin locate(const node& root, const std::string& path);

} // namespace troupe::config
