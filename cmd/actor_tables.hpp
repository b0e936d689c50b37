#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>

/// Actors, and what happened to them, as tables.
namespace troupe::cmd {

/// `tree` indents children below their parents.
std::string actors_table(const nlohmann::json& view, bool tree);
/// The actors that hurt most, at most `rows`: those whose handler does not end,
/// then those whose messages wait longest, then by processor time.
std::string top_table(const nlohmann::json& view, std::size_t rows);
/// The last events of a session's state machine.
std::string session_events_table(const nlohmann::json& actor);
/// UPDATEs that are not tried again.
std::string quarantine_table(const nlohmann::json& view);
/// Everything about one actor, a line each.
std::string actor_details(const nlohmann::json& actor);

} // namespace troupe::cmd
