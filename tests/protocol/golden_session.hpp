#pragma once

#include "tests/protocol/wire_support.hpp"

#include <sstream>

namespace troupe::protocol::wire::testing {

/// The session that a golden file's words describe; "" is the plain one.
inline negotiated golden_session(const std::string& description) {
  auto session = plain_session();
  std::istringstream words{description};
  for (std::string word; words >> word;) {
    if (word == "internal")
      session.kind = peer_kind::internal;
    else if (word == "two-octet")
      session.as4 = false;
    else if (word == "extended-next-hop")
      session.extended_next_hop = true;
    else if (word == "path-ids")
      for (auto& each : session.families)
        each.add_path_receive = true;
    else
      ADD_FAILURE() << "unknown word: " << word;
  }
  return session;
}

} // namespace troupe::protocol::wire::testing
