#include "actors/supervisor/reason.hpp"

#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <utility>

namespace troupe::actors {

namespace {

constexpr auto exit_category = caf::atom("exit");
constexpr auto system_category = caf::atom("system");

std::string code_text(const caf::error& reason) {
  if (reason.category() == exit_category)
    return to_string(static_cast<caf::exit_reason>(reason.code()));
  if (reason.category() == system_category)
    return to_string(static_cast<caf::sec>(reason.code()));
  return to_string(reason.category()) + ' ' + std::to_string(reason.code());
}

} // namespace

std::string reason_text(const caf::error& reason) {
  if (!reason)
    return "normal";
  auto& context = reason.context();
  if (context.size() == 1 && context.match_element<std::string>(0)) {
    auto& text = context.get_as<std::string>(0);
    if (reason == caf::sec::runtime_error)
      return text;
    return code_text(reason) + ": " + text;
  }
  return code_text(reason);
}

bool is_failure(const caf::error& reason) {
  return reason && reason != caf::exit_reason::normal
         && reason != caf::exit_reason::user_shutdown;
}

caf::error failure(std::string text) {
  return caf::make_error(caf::sec::runtime_error, std::move(text));
}

caf::error failure(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    return failure(std::string(e.what()));
  } catch (...) {
    return failure("unknown exception");
  }
}

} // namespace troupe::actors
