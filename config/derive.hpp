#pragma once

#include "config/schema.hpp"
#include "protocol/fsm/settings.hpp"
#include "protocol/wire/negotiation.hpp"
#include "rib/decision.hpp"
#include "rib/export_group.hpp"
#include "rib/import.hpp"

#include <optional>
#include <string>
#include <vector>

/// What the parts of a session are told, worked out of the configuration.
namespace troupe::config {

/// What the session state machine is told about a neighbour, our OPEN with its
/// capabilities included (ascending by code). `peer` is the neighbour's address
/// as it is dialled or as it has dialled; `restarted` whether this daemon has
/// come back so lately that peers may still keep its routes (the R bit of RFC
/// 4724).
protocol::fsm::settings fsm_settings(const router& r, const neighbor& n,
                                     const protocol::ip_address& peer,
                                     bool restarted = false);

/// How the router's tables decide.
rib::decision_options decision_options(const router& r);

/// What is known of a session when routes begin to flow.
struct session_facts {
  const protocol::wire::negotiated& agreed;
  rib::neighbor_index index{};
  protocol::ip_address local_address;
  protocol::ip_address peer_address;
  unsigned shards = 1;
  /// The subnet of our address of the session, where it is known.
  std::optional<protocol::prefix> subnet = std::nullopt;
  /// Our link-local address on the interface of our address.
  std::optional<protocol::ip_address> link_local = std::nullopt;
  /// An address of ours that is good beyond the link, where the session runs
  /// between link-local ones.
  std::optional<protocol::ip_address> global_address = std::nullopt;
};

/// What the import of a session depends on. A policy that is not defined
/// rejects (validation refuses such a configuration before).
rib::import_settings import_settings(const router& r, const neighbor& n,
                                     const session_facts& facts);

/// What the export to a neighbour depends on: equal settings share an update
/// group (DESIGN §4.6).
rib::export_settings export_settings(const router& r, const neighbor& n,
                                     const session_facts& facts);

} // namespace troupe::config
