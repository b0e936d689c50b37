#pragma once

#include "rib/shard_table.hpp"

#include <atomic>
#include <cstddef>
#include <vector>

namespace troupe::actors {

/// What the shards of a table hold of one neighbour. Each shard
/// writes its own figures, anybody reads the sums.
class prefix_gauge {
public:
  explicit prefix_gauge(std::size_t shards) : slots_(shards * families) {}

  void store(std::size_t shard, protocol::family family,
             const rib::neighbor_counts& counts) {
    auto& slot = slots_.at(shard * families + place(family));
    slot.received = counts.received;
    slot.accepted = counts.accepted;
    slot.attribute_octets = counts.attribute_octets;
  }
  rib::neighbor_counts sum(protocol::family family) const {
    rib::neighbor_counts sum;
    for (auto i = place(family); i < slots_.size(); i += families) {
      sum.received += slots_[i].received;
      sum.accepted += slots_[i].accepted;
      sum.attribute_octets += slots_[i].attribute_octets;
    }
    return sum;
  }

private:
  struct figures {
    std::atomic<std::uint64_t> received{0}, accepted{0}, attribute_octets{0};
  };
  static constexpr std::size_t families = 2;
  static std::size_t place(protocol::family family) {
    return family == protocol::ipv6_unicast ? 1 : 0;
  }

  std::vector<figures> slots_;
};

} // namespace troupe::actors
