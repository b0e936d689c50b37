#pragma once

#include "protocol/address.hpp"

#include <compare>
#include <cstdint>
#include <string>

namespace troupe::cluster {

/// What moves from node to node as a whole: the sessions of one local address
/// of a router, and its listener (DESIGN §6).
struct unit {
  std::string router;
  protocol::ip_address local_address;

  friend auto operator<=>(const unit&, const unit&) = default;
};

/// Grows with every change of hands, so that what an earlier owner says late is
/// recognised. 0: nobody has owned it yet.
using token = std::uint64_t;

} // namespace troupe::cluster
