#pragma once

#include "actors/transport/transport.hpp"
#include "protocol/fsm/link_peer.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace troupe::actors {

/// The link of an unnumbered neighbour: waits for its interface, advertises us
/// on it and knows who answers. Holds no rule but when to open and close; the
/// others are those of `link_peer`. For one thread.
class link_watch {
public:
  using time = std::chrono::milliseconds;

  /// How often `look` is due.
  static constexpr std::chrono::seconds period{1};

  /// What has happened. The peer may be another one, or gone.
  struct news {
    bool link_lost = false; ///< the interface went away or down
    std::string warning;    ///< what the operator should be told, once
  };

  /// The sink is told what comes in; see `hear`. The transport outlives this.
  link_watch(transport::transport& sockets, std::string interface,
             std::uint64_t seed, transport::link_sink sink);
  /// Closes the link.
  ~link_watch();
  link_watch(const link_watch&) = delete;
  link_watch& operator=(const link_watch&) = delete;

  /// Looks at the interface, and does what is due. Times are those of any clock
  /// that does not go back.
  news look(time now);
  /// A message that the sink was told.
  news hear(const transport::link_message& message, time now);

  /// The link-local address of the peer, while it is heard of.
  const std::optional<protocol::ip_address>& peer() const {
    return peer_.address();
  }
  /// The index of the interface; 0 while it is not there.
  std::uint32_t index() const { return index_; }
  /// Why there is no peer, while there is none.
  const std::string& waiting_for() const { return waiting_for_; }

private:
  bool find_link(news& result, time now);
  void close();
  void open(news& result, time now);
  void advertise(news& result);
  void wait_for(std::string what, news& result);

  transport::transport& sockets_;
  std::string interface_;
  transport::link_sink sink_;
  protocol::fsm::link_peer peer_;
  std::optional<transport::link_id> link_;
  std::uint32_t index_ = 0;
  std::string waiting_for_;
};

} // namespace troupe::actors
