#pragma once

#include "protocol/wire/path_attributes.hpp"
#include "protocol/wire/update.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <ostream>
#include <string>

namespace troupe::replay {

/// Everything that a daemon has told us: an Adj-RIB-In.
class table {
public:
  /// Takes the reachable and unreachable prefixes of an UPDATE. Empty, or what
  /// is wrong with the message.
  std::string apply(const protocol::wire::update_view& update);
  /// Forgets everything: the session is down.
  void clear() {
    routes_.clear();
    ends_of_rib_ = 0;
  }

  /// The prefixes of the family.
  std::size_t size(protocol::family family) const;
  /// How many End-of-RIB markers the session has brought.
  std::size_t ends_of_rib() const { return ends_of_rib_; }

  /// Writes one JSON object per line, ascending by prefix, IPv4 first.
  void write(std::ostream& out) const;

private:
  using attributes = std::shared_ptr<const protocol::wire::path_attributes>;

  std::string add(protocol::wire::byte_span nlri, protocol::family family,
                  const attributes& with);
  std::string remove(protocol::wire::byte_span nlri, protocol::family family);

  std::map<protocol::prefix, attributes> routes_;
  std::size_t ends_of_rib_ = 0;
};

} // namespace troupe::replay
