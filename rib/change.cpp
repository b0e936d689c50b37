#include "rib/change.hpp"

#include <utility>

namespace troupe::rib {

const char* to_string(decision_step step) {
  switch (step) {
  case decision_step::best:
    return "best";
  case decision_step::rejected:
    return "rejected";
  case decision_step::unreachable:
    return "unreachable";
  case decision_step::local_origin:
    return "local-origin";
  case decision_step::stale:
    return "stale";
  case decision_step::local_pref:
    return "local-pref";
  case decision_step::aigp:
    return "aigp";
  case decision_step::as_path_length:
    return "as-path-length";
  case decision_step::origin:
    return "origin";
  case decision_step::med:
    return "med";
  case decision_step::external:
    return "external";
  case decision_step::interior_cost:
    return "interior-cost";
  case decision_step::router_id:
    return "router-id";
  case decision_step::cluster_list:
    return "cluster-list";
  case decision_step::peer_address:
    return "peer-address";
  case decision_step::neighbor_name:
    return "neighbor-name";
  case decision_step::path_id:
    return "path-id";
  }
  return "unknown";
}

release_epoch::~release_epoch() {
  constexpr std::size_t ahead = 8;
  for (std::size_t i = 0; i != dropped.size(); ++i) {
    if (i + ahead < dropped.size())
      pool->prefetch(dropped[i + ahead]);
    pool->release(dropped[i]);
  }
  // A chain may be long, so its links end one after another, not one within
  // another: an epoch that ends meanwhile hands its own link to the loop.
  thread_local std::shared_ptr<release_epoch>* handed_over = nullptr;
  if (handed_over != nullptr) {
    *handed_over = std::move(next);
    return;
  }
  std::shared_ptr<release_epoch> link = std::move(next);
  handed_over = &link;
  while (link != nullptr) {
    auto ending = std::exchange(link, nullptr);
    ending.reset();
  }
  handed_over = nullptr;
}

} // namespace troupe::rib
