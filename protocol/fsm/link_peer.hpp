#pragma once

#include "protocol/address.hpp"
#include "protocol/fsm/random.hpp"
#include "protocol/wire/router_advertisement.hpp"

#include <chrono>
#include <optional>

namespace troupe::protocol::fsm {

/// How often an advertisement goes out, and how long one holds.
struct link_timing {
  /// MaxRtrAdvInterval (RFC 4861 §6.2.1); the least one is a third of it.
  milliseconds longest_interval = std::chrono::seconds{10};
  /// A peer whose lifetime is less, or 0, is silent for good after this time.
  milliseconds shortest_silence = std::chrono::seconds{30};
};

/// Who is at the other end of a link: the one router whose advertisements are
/// heard there, and when it is our turn to advertise (RFC 4861 §6.2). Times are
/// those of any clock that does not go back.
class link_peer {
public:
  enum class hearing : std::uint8_t {
    known,    ///< the peer, once more
    found,    ///< the peer, for the first time: it is to be answered at once
    stranger, ///< another router, the first one since the peer was found
    ignored,  ///< another router again
  };
  struct turn {
    bool advertise = false; ///< now, to all nodes
    bool lost = false;      ///< the peer was silent for too long
  };

  /// The seed decides the intervals.
  explicit link_peer(std::uint64_t seed, const link_timing& timing = {});

  /// The link has come up: an advertisement is due at once.
  void begin(milliseconds now);
  /// The link is gone, and with it the peer.
  void end();

  /// A valid advertisement came from this address. While the peer is heard of,
  /// no other router takes its place.
  hearing hear(const ip_address& from,
               const wire::router_advertisement& advertisement,
               milliseconds now);
  /// What is due. To be asked once a second or so between `begin` and `end`.
  turn advance(milliseconds now);
  /// The advertisement that was due could not be sent: it is due again at the
  /// next turn.
  void not_sent() { next_ = milliseconds::min(); }

  /// The peer, while there is one.
  const std::optional<ip_address>& address() const { return peer_; }

private:
  link_timing timing_;
  random_source random_;
  milliseconds next_ = milliseconds::max(); ///< our next advertisement
  std::optional<ip_address> peer_;
  milliseconds silent_from_{0}; ///< when the peer counts as lost
  bool strangers_ = false;      ///< another router was heard since then
};

} // namespace troupe::protocol::fsm
