#include "config/parse.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <utility>

namespace troupe::config {

namespace {

/// Ends the parser; the report says why.
struct stop {};

position to_position(const YAML::Mark& mark) {
  if (mark.is_null())
    return {};
  return {static_cast<std::uint32_t>(mark.line + 1),
          static_cast<std::uint32_t>(mark.column + 1)};
}

/// What a plain scalar means in the core schema (YAML 1.2 §10.3), as far as
/// JSON has it.
node_kind kind_of_plain(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null"
      || text == "NULL")
    return node_kind::null;
  if (text == "true" || text == "True" || text == "TRUE" || text == "false"
      || text == "False" || text == "FALSE")
    return node_kind::boolean;
  return is_json_number(text) ? node_kind::number : node_kind::string;
}

/// Turns the parser's events into a tree.
class tree_events : public YAML::EventHandler {
public:
  explicit tree_events(report& errors) : errors_(errors), builder_(errors) {}

  std::optional<node> take() { return builder_.take(); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    OnScalar(mark, "?", anchor, "");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    const auto at = to_position(mark);
    if (builder_.waits_for_key()) {
      if (anchor != 0)
        refuse(at, "a key may not have an anchor");
      return need(builder_.key(at, value));
    }
    auto kind = kind_of_tag(at, tag, value);
    auto text = value;
    if (kind == node_kind::boolean)
      text = value[0] == 't' || value[0] == 'T' ? "true" : "false";
    if (anchor != 0)
      keep(anchor, scalar_node(kind, at, text));
    need(builder_.scalar(kind, at, std::move(text)));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto at = to_position(mark);
    if (builder_.waits_for_key())
      refuse(at, "a key may not be an alias");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      refuse(at, "an alias may not stand within what it names");
    need(builder_.depth() + depth_of(found->second) <= tree_builder::most_depth
         || too_deep(at));
    // What is wrong in an alias is told where the anchor is.
    need(builder_.insert(found->second));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(node_kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    begin(node_kind::object, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

private:
  void need(bool ok) {
    if (!ok)
      throw stop{};
  }

  [[noreturn]] void refuse(position at, const std::string& text) {
    errors_.error(at, builder_.path(), text);
    throw stop{};
  }

  bool too_deep(position at) {
    refuse(at, "the alias nests deeper than 64 levels");
  }

  static node scalar_node(node_kind kind, position at, std::string text) {
    node result;
    result.kind = kind;
    result.at = at;
    result.text = std::move(text);
    return result;
  }

  static std::size_t depth_of(const node& value) {
    std::size_t deepest = 0;
    for (const auto& child : value.children)
      deepest = std::max(deepest, depth_of(child));
    const bool nests =
        value.kind == node_kind::list || value.kind == node_kind::object;
    return deepest + (nests ? 1 : 0);
  }

  node_kind kind_of_tag(position at, const std::string& tag,
                        const std::string& value) {
    if (tag == "?" || tag.empty())
      return kind_of_plain(value);
    if (tag != "!" && tag != "tag:yaml.org,2002:str")
      refuse(at, "the tag " + tag + " is not supported");
    return node_kind::string;
  }

  void begin(node_kind kind, const YAML::Mark& mark, const std::string& tag,
             YAML::anchor_t anchor) {
    const auto at = to_position(mark);
    if (builder_.waits_for_key())
      refuse(at, "a key must be a string");
    if (tag != "?" && tag != "!" && !tag.empty())
      refuse(at, "the tag " + tag + " is not supported");
    need(builder_.begin(kind, at));
    open_anchors_.push_back(anchor);
  }

  void end() {
    const auto anchor = open_anchors_.back();
    open_anchors_.pop_back();
    const node& finished = builder_.end();
    if (anchor != 0)
      keep(anchor, finished);
  }

  /// Keeps a copy for aliases; counted, so that anchors within anchors cannot
  /// multiply without bound.
  void keep(YAML::anchor_t anchor, const node& value) {
    need(builder_.count(value));
    anchors_[anchor] = value;
  }

  report& errors_;
  tree_builder builder_;
  std::map<YAML::anchor_t, node> anchors_;
  std::vector<YAML::anchor_t> open_anchors_;
};

/// Reads the document; whether it went well. Reports what did not.
bool run(YAML::Parser& parser, tree_events& events, report& errors) {
  try {
    parser.HandleNextDocument(events);
    return true;
  } catch (const stop&) {
    return false;
  } catch (const YAML::Exception& mistake) {
    errors.error(to_position(mistake.mark), "", mistake.msg);
    return false;
  }
}

bool is_flow(char c) {
  return c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

/// Refuses what follows the first document.
class no_more : public YAML::EventHandler {
public:
  explicit no_more(report& errors) : errors_(errors) {}
  void OnDocumentStart(const YAML::Mark& mark) override {
    errors_.error(to_position(mark), "",
                  "only one YAML document may stand in the file");
    throw stop{};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

private:
  report& errors_;
};

} // namespace

std::optional<node> parse_yaml(std::string_view text, report& errors) {
  // The parser queues a whole flow collection before it tells of the first
  // value: 200 bytes for each of these characters.
  constexpr std::ptrdiff_t most_flow = 500000;
  if (std::count_if(text.begin(), text.end(), is_flow) > most_flow) {
    errors.error({}, "",
                 "holds more than 500000 of the characters ,[]{}: write long "
                 "lists in lines with a dash, or all as JSON");
    return std::nullopt;
  }
  std::istringstream in{std::string{text}};
  YAML::Parser parser;
  try {
    parser.Load(in);
  } catch (const YAML::Exception& mistake) {
    errors.error(to_position(mistake.mark), "", mistake.msg);
    return std::nullopt;
  }
  tree_events events{errors};
  if (!run(parser, events, errors))
    return std::nullopt;
  auto tree = events.take();
  no_more rest{errors};
  try {
    parser.HandleNextDocument(rest);
  } catch (const stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& mistake) {
    errors.error(to_position(mistake.mark), "", mistake.msg);
    return std::nullopt;
  }
  return tree;
}

} // namespace troupe::config
