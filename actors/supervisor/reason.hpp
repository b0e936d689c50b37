#pragma once

#include <caf/error.hpp>

#include <exception>
#include <string>

namespace troupe::actors {

/// Why an actor ended, for people: "normal", "user_shutdown", "kill", the text
/// of an error that carries one, else the name of its code.
std::string reason_text(const caf::error& reason);

/// Whether an end with this reason is a failure: everything but "normal" and an
/// ordered shutdown.
bool is_failure(const caf::error& reason);

/// An error that ends an actor and carries a text.
caf::error failure(std::string text);

/// The error for an exception, with its text.
caf::error failure(const std::exception_ptr& exception);

} // namespace troupe::actors
