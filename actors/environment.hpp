#pragma once

#include "actors/actor_registry.hpp"
#include "actors/log/logger.hpp"
#include "actors/quarantine.hpp"
#include "actors/transport/transport.hpp"
#include "rib/attribute_pool.hpp"

#include <cstdint>
#include <memory>

namespace troupe::actors {

/// What every actor of the process may use; made once by the node's starter and
/// handed down by spawn, never a global. All members are safe for use from any
/// thread and outlive every actor.
struct environment {
  transport::transport& sockets;
  log::logger& log;
  rib::attribute_pool& pool;
  std::shared_ptr<actor_registry> registry;
  /// All randomness (jitter, back-off) derives from it, so a run replays.
  std::uint64_t seed = 0;
  /// The daemon has come back from a run that did not say goodbye: peers may
  /// still keep its routes (RFC 4724 §4.1).
  bool restarted = false;
  /// UPDATEs that are not tried again.
  std::shared_ptr<actors::quarantine> quarantine =
      std::make_shared<actors::quarantine>();
};
using environment_ptr = std::shared_ptr<const environment>;

} // namespace troupe::actors
