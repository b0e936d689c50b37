#pragma once

#include <stdexcept>
#include <string_view>

namespace troupe {

/// Our own mistake: something that the code took for certain is not so. It
/// ends the actor that runs into it; the supervisor restarts that actor.
class check_failure : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

namespace detail {
[[noreturn]] void check_failed(const char* file, int line,
                               std::string_view condition,
                               std::string_view text);
} // namespace detail

} // namespace troupe

/// Throws troupe::check_failure with file, line, condition and `text` unless
/// the condition holds. For our mistakes only: input of a peer or an operator
/// is answered with a value. On in every build.
#define TROUPE_CHECK(condition, text)                                          \
  (static_cast<bool>(condition)                                                \
       ? static_cast<void>(0)                                                  \
       : ::troupe::detail::check_failed(__FILE__, __LINE__, #condition, text))
