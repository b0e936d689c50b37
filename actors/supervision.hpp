#pragma once

#include "actors/event_log.hpp"
#include "actors/supervisor/child_spec.hpp"
#include "config/schema.hpp"

namespace troupe::actors {

/// What the configuration says of restarts, as a supervisor takes it.
supervisor_options supervisor_options_of(const config::supervision_config& c,
                                         std::uint64_t seed);

/// Tells those who watch what happened to a child. Removals are no news: who
/// asked for them knows.
void publish(event_log& events, const child_event& event);

} // namespace troupe::actors
