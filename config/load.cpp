#include "config/load.hpp"

#include "config/parse.hpp"
#include "config/read.hpp"
#include "config/report.hpp"
#include "config/validate.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <set>
#include <system_error>

namespace troupe::config {

namespace {

constexpr std::size_t most_json = 64U << 20;
constexpr std::size_t most_yaml = 16U << 20;

std::optional<node> parse(std::string_view text, format written_as,
                          report& errors) {
  const auto most = written_as == format::yaml ? most_yaml : most_json;
  if (text.size() > most) {
    errors.error({}, "",
                 "is larger than " + std::to_string(most >> 20) + " MiB");
    return std::nullopt;
  }
  if (!check_characters(text, errors))
    return std::nullopt;
  auto tree = written_as == format::yaml ? parse_yaml(text, errors)
                                         : parse_json(text, errors);
  if (!tree && !errors.has_errors())
    errors.error({}, "", "holds no configuration");
  return tree;
}

/// "routers[0].neighbors[3]" of a path that begins so.
std::string neighbor_of(const std::string& path) {
  const auto neighbors = path.find(".neighbors[");
  const auto end = path.find(']', neighbors);
  return neighbors == std::string::npos ? "" : path.substr(0, end + 1);
}

/// Gives the findings their places in the file. What a group or the defaults
/// say is told once, with the first neighbour that it is wrong for.
void give_places(std::vector<message> found, const node& root, report& errors) {
  std::set<std::pair<std::string, std::string>> told;
  for (auto& m : found) {
    if (errors.is_doubtful(m.path))
      continue;
    auto from = locate(root, m.path);
    const bool inherited = from.path != m.path;
    if (inherited && errors.is_doubtful(from.path))
      continue;
    if (inherited && !told.insert({from.path, m.text}).second)
      continue;
    if (inherited)
      m.text += " (for " + neighbor_of(m.path) + ")";
    m.path = std::move(from.path);
    m.line = from.at.line;
    m.column = from.at.column;
    errors.add(std::move(m));
  }
}

} // namespace

format format_of(std::string_view file) {
  return file.ends_with(".yaml") || file.ends_with(".yml") ? format::yaml
                                                           : format::json;
}

load_result load(std::string_view text, const std::string& file) {
  report errors{file};
  const auto tree = parse(text, format_of(file), errors);
  load_result result;
  if (!tree) {
    result.messages = errors.take();
    return result;
  }
  const bool broken = errors.has_errors();
  if (broken)
    errors.expect_gaps();
  auto value = read_configuration(*tree, errors);
  if (!broken)
    give_places(validate(value), *tree, errors);
  if (!errors.has_errors())
    result.value = std::move(value);
  result.messages = errors.take();
  return result;
}

load_result load_file(const std::string& path) {
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  std::string text;
  std::array<char, 65536> part{};
  while (in && text.size() <= most_json) { // `load` refuses what is larger
    in.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() && text.size() <= most_json) {
    const auto why = std::generic_category().message(errno);
    return {std::nullopt,
            {{severity::error, path, 0, 0, "", "cannot be read: " + why}}};
  }
  return load(text, path);
}

} // namespace troupe::config
