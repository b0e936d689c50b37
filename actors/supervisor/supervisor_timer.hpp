#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>

namespace troupe::actors {

/// The supervisor's delayed message to its owner. The owner has
/// `caf::reacts_to<supervisor_timer>` in its interface and passes it on.
struct supervisor_timer {
  std::uint64_t supervisor = 0; ///< which one of the owner's
  std::uint64_t generation = 0; ///< an older one is ignored
};

} // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::supervisor_timer)
