#pragma once

#include "actors/messages.hpp"
#include "admin/document.hpp"
#include "admin/process_memory.hpp"

#include <nlohmann/json.hpp>

#include <string>

/// The resources of the admin endpoint as JSON: pure functions from what the
/// actors answered. Field names are the contract with the outside.
namespace troupe::admin {

nlohmann::json neighbors_view(const actors::neighbors_reply& reply,
                              const std::string& owner_node);
nlohmann::json rib_view(const actors::rib_totals& totals);
/// What takes how many octets. The sum is of what the daemon counts itself: the
/// tables, the sets, what groups tell, and the pages of the program.
nlohmann::json memory_view(const actors::rib_totals& totals,
                           const actors::neighbors_reply& neighbors,
                           const process_memory& process);
/// A page of routes; the list is long.
document routes_document(actors::routes_page page);
nlohmann::json health_view(const actors::health_reply& health);
/// What a change that was taken is answered with: {"accepted":true}.
nlohmann::json accepted_view();
/// {"error":{"code","message","path"}}.
nlohmann::json error_view(int code, const std::string& message,
                          const std::string& path);

} // namespace troupe::admin
