#pragma once

#include "protocol/wire/message.hpp"
#include "protocol/wire/packer.hpp"
#include "protocol/wire/update.hpp"
#include "rib/import.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace troupe::rib {

namespace wire = protocol::wire;
namespace import_support {

using protocol::ip_address;
using protocol::ipv4_unicast;
using protocol::ipv6_unicast;
using protocol::prefix;
using bytes = std::vector<std::uint8_t>;

constexpr protocol::as_number own_as = 65000;
constexpr protocol::as_number peer_as = 65001;

inline wire::path_attributes route(std::vector<protocol::as_number> path,
                                   const char* next_hop = "10.0.0.1") {
  wire::path_attributes a;
  a.as_path = wire::as_path{path};
  a.next_hop = ip_address::parse(next_hop);
  return a;
}

/// The body of an UPDATE that announces prefixes.
inline bytes announcement(const wire::path_attributes& a,
                          const std::vector<std::string>& prefixes,
                          protocol::family family = ipv4_unicast) {
  bytes canonical, message;
  EXPECT_TRUE(wire::encode_attributes(a, {}, canonical));
  std::vector<wire::nlri> list;
  for (const auto& p : prefixes)
    list.push_back(wire::to_nlri(*prefix::parse(p)));
  wire::pack_announcements({family, false, 4096}, canonical, list, message);
  return {message.begin() + 19, message.end()};
}

inline bytes withdrawal(const std::vector<std::string>& prefixes,
                        protocol::family family = ipv4_unicast) {
  bytes message;
  std::vector<wire::nlri> list;
  for (const auto& p : prefixes)
    list.push_back(wire::to_nlri(*prefix::parse(p)));
  wire::pack_withdrawals({family, false, 4096}, list, message);
  return {message.begin() + 19, message.end()};
}

/// One session with AS 65001 whose routes are all accepted.
class import_fixture : public ::testing::Test {
protected:
  import_fixture() {
    settings.neighbor.index = neighbor_index{1};
    settings.neighbor.name = "peer";
    settings.neighbor.as = peer_as;
    settings.local_as = own_as;
    settings.local_id = {0x0a000001};
    settings.cluster_id = {0x0a000001};
    settings.local_address = *ip_address::parse("192.0.2.1");
    for (const auto family : {ipv4_unicast, ipv6_unicast})
      settings.families[family] = {false, policy_chain::accept_all()};
  }

  importer make() { return {pool, settings}; }
  /// The routes of one UPDATE in one shard.
  family_routes<ipv4_key> ipv4(const bytes& body) {
    auto i = make();
    EXPECT_FALSE(i.update(body));
    auto batches = i.take(body.size());
    if (batches.empty())
      return {};
    keep.push_back(batches[0].batch);
    notes = i.notes();
    return batches[0].batch->ipv4;
  }
  const attribute_summary& summary(attribute_ref set) {
    return pool[set].summary();
  }

  attribute_pool pool;
  import_settings settings;
  std::vector<std::shared_ptr<route_batch>> keep;
  std::vector<import_note> notes;
};

} // namespace import_support
} // namespace troupe::rib
