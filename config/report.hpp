#pragma once

#include "config/message.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::config {

/// Where something stands in a text: both from 1, the column in bytes.
struct position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend auto operator<=>(const position&, const position&) = default;
};

/// Gathers what is wrong with one file.
class report {
public:
  explicit report(std::string file) : file_(std::move(file)) {}

  void error(position at, std::string path, std::string text);
  /// An error that leaves a field without its value: rules that would look at
  /// that field, or at the fields next to it, can only mislead.
  void wrong_value(position at, const std::string& path, std::string text);
  /// Whether a rule that complains at this path may be misled.
  bool is_doubtful(const std::string& path) const;
  void warning(position at, std::string path, std::string text);
  /// A message whose line and column are known or zero.
  void add(message m);
  bool has_errors() const { return errors_ > 0; }

  /// After a syntax error parts are missing that are not to be complained of.
  void expect_gaps() { gaps_ = true; }
  bool has_gaps() const { return gaps_; }

  /// Everything in the order of the lines, each message once: what a group
  /// says wrong is told once, not for each of its members. At most 1000, then
  /// one that says how many more there are.
  std::vector<message> take();

private:
  std::string file_;
  std::vector<message> messages_;
  std::set<std::string> owners_; ///< what holds a wrong value, at any depth
  std::set<std::string> direct_owners_;
  std::size_t errors_ = 0;
  bool gaps_ = false;
};

} // namespace troupe::config
