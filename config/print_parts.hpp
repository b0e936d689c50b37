#pragma once

#include "config/duration.hpp"
#include "config/print.hpp"
#include "config/words.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <utility>
#include <vector>

/// The parts of `print`.
namespace troupe::config {

using json = nlohmann::ordered_json;

inline json to_json(bool b) {
  return b;
}
inline json to_json(const std::string& s) {
  return s;
}
inline json to_json(std::chrono::milliseconds d) {
  return duration_text(d);
}
inline json to_json(const protocol::ip_address& a) {
  return to_string(a);
}
inline json to_json(const protocol::prefix& p) {
  return to_string(p);
}
inline json to_json(const protocol::endpoint& e) {
  return to_string(e);
}
inline json to_json(protocol::router_id id) {
  return to_string(id);
}
template <class Number>
requires std::is_integral_v<Number> json to_json(Number n) {
  return n;
}
template <class Enum>
requires std::is_enum_v<Enum> json to_json(Enum e) {
  return word_for(e);
}
json to_json(const jitter& j);
json to_json(const rib::chain_definition& chain);
json to_json(const rib::policy_definition& definition);

template <class T>
json to_json(const std::vector<T>& list) {
  auto result = json::array();
  for (const auto& element : list)
    result.push_back(to_json(element));
  return result;
}

template <class T>
json to_json(const std::set<T>& all) {
  return to_json(std::vector<T>(all.begin(), all.end()));
}

/// Writes an object, leaving out what has its default value.
class object_writer {
public:
  explicit object_writer(const print_options& options) : options_(options) {}

  const print_options& options() const { return options_; }

  template <class T>
  void put(const char* key, const T& value) {
    result_[key] = to_json(value);
  }
  template <class T>
  void put(const char* key, const T& value, const T& default_value) {
    if (options_.all_values || !(value == default_value))
      put(key, value);
  }
  template <class T>
  void put(const char* key, const std::optional<T>& value) {
    if (value)
      put(key, *value);
  }
  /// An inner object; left out while it is empty.
  void put_object(const char* key, json object) {
    if (!object.empty())
      result_[key] = std::move(object);
  }
  json take() {
    return result_.is_null() ? json::object() : std::move(result_);
  }

private:
  print_options options_;
  json result_ = json::object();
};

json neighbor_json(const neighbor& n, restart_mode default_mode,
                   const print_options& options);

} // namespace troupe::config
