#pragma once

#include "actors/log/context.hpp"
#include "actors/transport/fake_peer.hpp"
#include "protocol/wire/message.hpp"
#include "protocol/wire/open.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace troupe::test {

using namespace std::chrono_literals;

/// A router with two peers, whose parts are made to fail.
namespace failures {

using bytes = std::vector<std::uint8_t>;

inline std::string neighbor(int n) {
  const auto id = std::to_string(n);
  return R"({ "name": "p)" + id + R"(", "address": "10.5.0.)" + id
         + R"(", "remote_asn": )" + std::to_string(65000 + n) + " }";
}

/// A router that two peers call.
inline std::string configuration_text(const std::string& supervision = "{}") {
  return R"({ "admin": { "listen": [] }, "data_dir": "/tmp/troupe-simulated",
    "log": { "level": "info" }, "supervision": )"
         + supervision + R"(, "routers": [ { "name": "r", "asn": 65000,
      "router_id": "10.5.0.1", "listen": ["10.5.0.1:179"],
      "originate": ["192.0.2.0/24"], "defaults": { "passive": true,
        "local_address": "10.5.0.1", "multihop": 255,
        "families": { "ipv4_unicast": { "import": "accept",
                                        "export": "accept" } } },
      "neighbors": [)"
         + neighbor(2) + ", " + neighbor(3) + "] } ] }";
}

/// A speaker of AS 65000 + n at 10.5.0.n.
class speaker {
public:
  speaker(simulation& world, int n)
      : n_(static_cast<std::uint8_t>(n)),
        peer_(world.net,
              *protocol::ip_address::parse("10.5.0." + std::to_string(n))) {}

  void call() {
    peer_.connect(*protocol::endpoint::parse("10.5.0.1:179"));
    protocol::wire::open_message open;
    open.my_as = 65000U + n_;
    open.my_as_field = static_cast<std::uint16_t>(65000U + n_);
    open.hold_time = 90s;
    open.identifier = {0x0a050000U + n_};
    open.capabilities.emplace_back(
        protocol::wire::four_octet_as_capability{65000U + n_});
    open.capabilities.emplace_back(
        protocol::wire::multiprotocol_capability{protocol::ipv4_unicast});
    if (refreshes_) {
      open.capabilities.emplace_back(
          protocol::wire::route_refresh_capability{});
      open.capabilities.emplace_back(
          protocol::wire::enhanced_route_refresh_capability{});
    }
    bytes out;
    protocol::wire::encode_open(open, out);
    protocol::wire::encode_keepalive(out);
    peer_.send(out);
  }
  /// Its OPENs say that it tells all again when it is asked (RFC 7313).
  void refresh_when_asked() { refreshes_ = true; }
  /// Takes what came; whether it was asked to tell all again.
  bool is_asked() {
    bool asked = false;
    while (const auto m = peer_.take_message()) {
      asked = asked || m->at(18) == 5;
      if (m->at(18) == 2 && (m->at(19) != 0 || m->at(20) != 0))
        ++withdrawals_;
    }
    return asked;
  }
  /// The first octets of the prefixes that came since the last call.
  std::set<unsigned> told() {
    std::set<unsigned> firsts;
    while (const auto m = peer_.take_message()) {
      if (m->at(18) != 2)
        continue;
      const auto size = [&](std::size_t at) {
        return std::size_t{m->at(at)} << 8U | m->at(at + 1);
      };
      const auto attributes = 21 + size(19);
      for (auto at = attributes + 2 + size(attributes); at < m->size();
           at += 1 + (m->at(at) + 7U) / 8U)
        firsts.insert(m->at(at + 1));
    }
    return firsts;
  }
  /// UPDATEs that took routes back, of those that `is_asked` has seen.
  unsigned withdrawals() const { return withdrawals_; }
  /// ROUTE-REFRESH for IPv4: 0 asks, 1 and 2 are BoRR and EoRR.
  void mark(std::uint8_t subtype) {
    bytes message(16, 0xff);
    message.insert(message.end(), {0, 23, 5, 0, 1, subtype, 1});
    peer_.send(message);
  }
  /// Announces FIRST.0.0.0/8 with a MED.
  void announce(std::uint8_t first, std::uint8_t med = 0) {
    peer_.send(update_of(first, med));
  }
  bytes update_of(std::uint8_t first, std::uint8_t med = 0) const {
    const auto as = 65000U + n_;
    const bytes attributes{0x40,
                           1,
                           1,
                           0,
                           0x40,
                           2,
                           6,
                           2,
                           1,
                           0,
                           0,
                           static_cast<std::uint8_t>(as >> 8U),
                           static_cast<std::uint8_t>(as),
                           0x40,
                           3,
                           4,
                           10,
                           5,
                           0,
                           n_,
                           0x80,
                           4,
                           4,
                           0,
                           0,
                           0,
                           med};
    bytes message(16, 0xff);
    message.insert(message.end(),
                   {0, static_cast<std::uint8_t>(25 + attributes.size()), 2, 0,
                    0, 0, static_cast<std::uint8_t>(attributes.size())});
    message.insert(message.end(), attributes.begin(), attributes.end());
    message.insert(message.end(), {8, first});
    return message;
  }
  transport::fake_peer& peer() { return peer_; }

private:
  std::uint8_t n_;
  bool refreshes_ = false;
  unsigned withdrawals_ = 0;
  transport::fake_peer peer_;
};

class fixture : public simulation {
protected:
  void start(const std::string& supervision = "{}") {
    node = std::make_unique<simulated_node>(
        *this, configuration_of(configuration_text(supervision)));
    p2.call();
    p3.call();
    ASSERT_TRUE(pass_until([&] { return up("p2") && up("p3"); }, 5s));
    p2.announce(20);
    p3.announce(30);
    ASSERT_TRUE(pass_until([&] { return held() == 3; }, 5s));
  }
  bool up(const std::string& name) {
    return node->state(name) == "Established";
  }
  std::uint64_t held() { return node->prefixes(protocol::ipv4_unicast); }
  std::uint64_t established(const std::string& name) {
    return node->neighbor(name).report.counters->established;
  }
  actors::actor_snapshot look(const std::string& id) {
    return node->cell(id)->snapshot(std::chrono::steady_clock::now());
  }
  std::uint64_t restarts(const std::string& id) { return look(id).restarts; }
  void fault(const std::string& id,
             actors::fault::kind_type kind =
                 actors::fault::kind_type::throw_exception) {
    node->cell(id)->arm({kind, 1, 1s});
  }
  /// The id of the one connection of a session.
  std::string connection_of(const std::string& name) {
    const auto below = "node/router.r/session." + name + '/';
    for (const auto& a : node->registry().snapshot())
      if (a.id.starts_with(below))
        return a.id;
    return {};
  }
  std::vector<actors::fsm_record> events_of(const std::string& name) {
    return node->registry()
        .find_history("node/router.r/session." + name)
        ->records();
  }
  /// "ID KIND" of what happened to actors.
  std::vector<std::string> actor_events() {
    std::vector<std::string> result;
    for (const auto& each : node->registry().events().after(0, 5000, 0ms))
      if (const auto* e = std::get_if<actors::actor_event>(&each.what))
        result.push_back(e->actor + ' ' + std::string{e->kind});
    return result;
  }

  std::unique_ptr<simulated_node> node;
  speaker p2{*this, 2}, p3{*this, 3};
};

} // namespace failures

} // namespace troupe::test
