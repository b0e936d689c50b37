#include "config/tree.hpp"

#include <algorithm>
#include <utility>

namespace troupe::config {

std::string_view name_of(node_kind kind) {
  switch (kind) {
  case node_kind::null:
    return "null";
  case node_kind::boolean:
    return "true or false";
  case node_kind::number:
    return "a number";
  case node_kind::string:
    return "a string";
  case node_kind::list:
    return "a list";
  case node_kind::object:
    return "an object";
  }
  return "a value";
}

const node* node::find(std::string_view name) const {
  if (kind != node_kind::object)
    return nullptr;
  const auto found =
      std::find_if(children.begin(), children.end(),
                   [&](const node& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

// -- tree_builder -------------------------------------------------------------

bool tree_builder::begin(node_kind kind, position at) {
  if (!count(at, 0))
    return false;
  if (open_.size() == most_depth) {
    errors_.error(at, path(),
                  "is nested deeper than " + std::to_string(most_depth)
                      + " levels");
    return false;
  }
  node opened;
  opened.kind = kind;
  opened.at = at;
  open_.push_back(std::move(opened));
  pending_.emplace_back();
  return true;
}

bool tree_builder::key(position at, std::string text) {
  if (!count(at, text.size()))
    return false;
  pending_.back() = {true, std::move(text), at};
  return true;
}

void tree_builder::drop_key() {
  pending_.back() = {};
}

bool tree_builder::scalar(node_kind kind, position at, std::string text) {
  if (!count(at, text.size()))
    return false;
  node value;
  value.kind = kind;
  value.at = at;
  value.text = std::move(text);
  place(std::move(value));
  return true;
}

bool tree_builder::insert(node value) {
  if (!count(value))
    return false;
  place(std::move(value));
  return true;
}

bool tree_builder::count(const node& copy) {
  if (!count(copy.at, copy.text.size() + copy.key.size()))
    return false;
  return std::all_of(copy.children.begin(), copy.children.end(),
                     [this](const node& child) { return count(child); });
}

bool tree_builder::count(position at, std::size_t text_size) {
  values_ += 1 + text_size / 64;
  if (values_ <= most_values)
    return true;
  errors_.error(at, "",
                "the configuration is too large: more than "
                    + std::to_string(most_values) + " values");
  return false;
}

const node& tree_builder::end() {
  node finished = std::move(open_.back());
  open_.pop_back();
  pending_.pop_back();
  finished.children.shrink_to_fit();
  if (finished.kind == node_kind::object)
    refuse_duplicates(finished);
  return place(std::move(finished));
}

const node& tree_builder::place(node value) {
  if (open_.empty()) {
    done_ = std::move(value);
    return *done_;
  }
  auto& key = pending_.back();
  value.key = std::move(key.key);
  value.key_at = key.at;
  key = {};
  auto& siblings = open_.back().children;
  siblings.push_back(std::move(value));
  return siblings.back();
}

void tree_builder::refuse_duplicates(const node& object) {
  std::vector<const node*> sorted;
  sorted.reserve(object.children.size());
  for (const auto& child : object.children)
    sorted.push_back(&child);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](auto* a, auto* b) { return a->key < b->key; });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const auto& earlier = *sorted[i - 1];
    const auto& later = *sorted[i];
    if (earlier.key != later.key)
      continue;
    auto where = path();
    where += (where.empty() ? "" : ".") + later.key;
    errors_.error(later.key_at, std::move(where),
                  "is given twice, before in line "
                      + std::to_string(earlier.key_at.line));
  }
}

bool tree_builder::waits_for_key() const {
  return !open_.empty() && open_.back().kind == node_kind::object
         && !pending_.back().has_key;
}

std::string tree_builder::path() const {
  std::string result;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (open_[i].kind == node_kind::list)
      result += '[' + std::to_string(open_[i].children.size()) + ']';
    else if (pending_[i].has_key)
      result += (result.empty() ? "" : ".") + pending_[i].key;
  }
  return result;
}

std::optional<node> tree_builder::take() {
  return std::exchange(done_, std::nullopt);
}

// -- locate -------------------------------------------------------------------

namespace {

/// Takes "[12]" off the front of a path; nothing if there is none.
std::optional<std::size_t> take_index(std::string_view& path) {
  const auto close = path.find(']');
  if (!path.starts_with('[') || close == path.npos || close == 1)
    return std::nullopt;
  std::size_t index = 0;
  for (const char c : path.substr(1, close - 1)) {
    if (c < '0' || c > '9' || index > tree_builder::most_values)
      return std::nullopt;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  path.remove_prefix(close + 1);
  return index;
}

/// The member that the path names first. A key may hold dots, so the longest
/// that fits is meant.
const node* take_member(const node& object, std::string_view& path) {
  auto rest = path.starts_with('.') ? path.substr(1) : path;
  const node* found = nullptr;
  for (const auto& child : object.children) {
    const auto after = rest.substr(std::min(child.key.size(), rest.size()));
    const bool ends =
        after.empty() || after.front() == '.' || after.front() == '[';
    if (rest.starts_with(child.key) && ends
        && (!found || child.key.size() > found->key.size()))
      found = &child;
  }
  if (found)
    path = rest.substr(found->key.size());
  return found;
}

/// The child that the path names first, taken off the path; null if missing.
const node* step(const node& from, std::string_view& path) {
  if (from.kind == node_kind::object)
    return take_member(from, path);
  if (from.kind != node_kind::list)
    return nullptr;
  auto rest = path;
  const auto index = take_index(rest);
  if (!index || *index >= from.children.size())
    return nullptr;
  path = rest;
  return &from.children[*index];
}

/// Goes down as far as the path leads; what is left of it stays in `path`.
const node& descend(const node& from, std::string_view& path) {
  const node* here = &from;
  while (!path.empty()) {
    const node* next = step(*here, path);
    if (!next)
      break;
    here = next;
  }
  return *here;
}

/// Whether the path says "routers[I].neighbors[J]..."; splits it behind
/// "routers[I]" and behind "neighbors[J]".
struct neighbor_path {
  std::string_view router;
  std::string_view neighbor;
  std::string_view field;
};

std::optional<neighbor_path> split_neighbor(std::string_view path) {
  constexpr std::string_view routers = "routers";
  constexpr std::string_view neighbors = ".neighbors";
  auto rest = path;
  if (!rest.starts_with(routers))
    return std::nullopt;
  rest.remove_prefix(routers.size());
  if (!take_index(rest) || !rest.starts_with(neighbors))
    return std::nullopt;
  const auto router = path.substr(0, path.size() - rest.size());
  rest.remove_prefix(neighbors.size());
  if (!take_index(rest))
    return std::nullopt;
  return neighbor_path{router, path.substr(0, path.size() - rest.size()), rest};
}

/// Looks for a neighbour's field in its group and the defaults.
std::optional<origin> inherited(const node& root, const neighbor_path& path) {
  auto router_path = path.router;
  const node& router = descend(root, router_path);
  auto own_path = path.neighbor;
  const node& own = descend(root, own_path);
  const node* group = own.find("group");
  const node* groups = router.find("groups");
  const std::pair<const node*, std::string> places[] = {
      {group && groups ? groups->find(group->text) : nullptr,
       group ? ".groups." + group->text : ""},
      {router.find("defaults"), ".defaults"}};
  for (const auto& [where, name] : places) {
    auto rest = path.field;
    if (!where || rest.empty())
      continue;
    const node& found = descend(*where, rest);
    if (rest.empty())
      return origin{std::string{path.router} + name + std::string{path.field},
                    found.at};
  }
  return std::nullopt;
}

} // namespace

origin locate(const node& root, const std::string& path) {
  std::string_view rest = path;
  const node& found = descend(root, rest);
  if (!rest.empty())
    if (const auto parts = split_neighbor(path))
      if (auto elsewhere = inherited(root, *parts))
        return *elsewhere;
  return {path, found.at};
}

} // namespace troupe::config
