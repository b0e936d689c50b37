#include "actors/supervision.hpp"

namespace troupe::actors {

supervisor_options supervisor_options_of(const config::supervision_config& c,
                                         std::uint64_t seed) {
  supervisor_options o;
  o.seed = seed;
  o.backoff.first = c.first_backoff;
  o.backoff.longest = c.longest_backoff;
  o.intensity = {c.restarts, c.within};
  return o;
}

void publish(event_log& events, const child_event& event) {
  if (event.cell == nullptr || event.kind == child_event::kind_type::removed)
    return;
  events.add(actor_event{
      event.cell->id(), to_string(event.kind), event.incarnation, event.reason,
      std::chrono::duration_cast<std::chrono::milliseconds>(event.delay)});
}

} // namespace troupe::actors
