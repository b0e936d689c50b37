#include "config/report.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::config {

namespace {

constexpr std::size_t most_messages = 1000;
/// Beyond this many even a repetition is only counted, to bound memory.
constexpr std::size_t most_kept = 100000;

auto order_of(const message& m) {
  return std::tie(m.line, m.column, m.text);
}

/// What holds the value of this path; "" at the top.
std::string owner_of(const std::string& path) {
  const auto cut = path.find_last_of(".[");
  return cut == std::string::npos ? "" : path.substr(0, cut);
}

} // namespace

std::string to_string(const message& m) {
  std::string text = m.file;
  if (m.line > 0)
    text += ':' + std::to_string(m.line) + ':' + std::to_string(m.column);
  text += m.level == severity::error ? ": error: " : ": warning: ";
  if (!m.path.empty())
    text += m.path + ": ";
  return text + m.text;
}

bool has_errors(const std::vector<message>& messages) {
  return std::any_of(messages.begin(), messages.end(), [](const message& m) {
    return m.level == severity::error;
  });
}

void report::error(position at, std::string path, std::string text) {
  add({severity::error, file_, at.line, at.column, std::move(path),
       std::move(text)});
}

void report::wrong_value(position at, const std::string& path,
                         std::string text) {
  error(at, path, std::move(text));
  if (owners_.size() > most_kept)
    return;
  direct_owners_.insert(owner_of(path));
  for (auto up = path; !up.empty(); up = owner_of(up))
    owners_.insert(up);
}

bool report::is_doubtful(const std::string& path) const {
  return owners_.contains(path) || direct_owners_.contains(owner_of(path));
}

void report::warning(position at, std::string path, std::string text) {
  add({severity::warning, file_, at.line, at.column, std::move(path),
       std::move(text)});
}

void report::add(message m) {
  errors_ += m.level == severity::error ? 1 : 0;
  m.file = file_;
  if (messages_.size() < most_kept)
    messages_.push_back(std::move(m));
}

std::vector<message> report::take() {
  const auto before = [](const message& a, const message& b) {
    return order_of(a) < order_of(b);
  };
  const auto same = [](const message& a, const message& b) {
    return a.line > 0 && order_of(a) == order_of(b);
  };
  auto result = std::move(messages_);
  std::stable_sort(result.begin(), result.end(), before);
  result.erase(std::unique(result.begin(), result.end(), same), result.end());
  if (result.size() > most_messages) {
    const auto left = result.size() - most_messages;
    // An error must not fall to the end of a long list of warnings.
    std::stable_partition(result.begin(), result.end(), [](const message& m) {
      return m.level == severity::error;
    });
    result.resize(most_messages);
    std::stable_sort(result.begin(), result.end(), before);
    result.push_back({errors_ > 0 ? severity::error : severity::warning, file_,
                      0, 0, "",
                      std::to_string(left) + " more messages are left out"});
  }
  messages_.clear();
  errors_ = 0;
  return result;
}

} // namespace troupe::config
