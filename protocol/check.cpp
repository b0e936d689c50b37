#include "protocol/check.hpp"

#include <string>

namespace troupe::detail {

void check_failed(const char* file, int line, std::string_view condition,
                  std::string_view text) {
  std::string what{file};
  what += ':';
  what += std::to_string(line);
  what += ": ";
  what += text;
  what += " (";
  what += condition;
  what += ')';
  throw check_failure{what};
}

} // namespace troupe::detail
