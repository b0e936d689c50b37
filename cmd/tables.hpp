#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// The views of the admin endpoint as the tables that BGP people know.
namespace troupe::cmd {

/// Rows of cells in columns; numbers stand to the right.
class table {
public:
  /// A heading that begins with '>' makes its column right-aligned.
  explicit table(std::vector<std::string> headings);
  void add(std::vector<std::string> cells);
  std::string text() const;

private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> right_;
};

/// A field as text; "-" where there is none.
std::string cell(const nlohmann::json& value);
std::string cell(const nlohmann::json& object, const char* key);
/// With so many digits behind the point.
std::string fixed(double value, int digits);
/// Text from elsewhere without what a terminal would act on.
std::string printable(const std::string& text);
/// "3d04h", "01:02:03": as routers print the age of a session.
std::string age(double seconds);

std::string neighbors_table(const nlohmann::json& view);
/// Every field of an object, a line each.
std::string field_lines(const nlohmann::json& object);
/// With status codes in front; the legend is printed once, by `routes_legend`.
std::string routes_table(const nlohmann::json& view);
std::string routes_legend();
std::string rib_table(const nlohmann::json& view);
std::string memory_table(const nlohmann::json& view);
} // namespace troupe::cmd
