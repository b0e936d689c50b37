#pragma once

#include "actors/actor_registry.hpp"
#include "actors/quarantine.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// Actors and what happens to them as JSON, for the admin endpoint. Field names
/// are the contract with the outside.
namespace troupe::admin {

nlohmann::json actor_view(const actors::actor_snapshot& actor,
                          const std::string& node);
nlohmann::json actors_view(const std::vector<actors::actor_snapshot>& all,
                           const std::string& node);
/// Adds what only one actor at a time is asked for: its last messages, its
/// restarts, and those of a session the last events of its state machine
/// (`history`, else null).
void add_actor_history(nlohmann::json& view, const actors::actor_cell& cell,
                       const actors::fsm_history* history);
nlohmann::json
quarantine_view(const std::vector<actors::quarantined_update>& updates);
/// An event as a message of a text/event-stream.
std::string event_text(const actors::logged_event& event);

} // namespace troupe::admin
