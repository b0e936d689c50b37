#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/negotiation.hpp"
#include "tests/interop/replay/table.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace troupe::replay {

/// Who this speaker is and whom it talks to.
struct speaker_options {
  protocol::endpoint local;
  protocol::endpoint peer;
  protocol::as_number as = 0;
  protocol::router_id id;
  std::vector<protocol::family> families{protocol::ipv4_unicast,
                                         protocol::ipv6_unicast};
  std::chrono::seconds hold_time{90};
  /// Waits for the peer at `local` instead of connecting from there.
  bool listen = false;
};

/// What happened, for whoever drives the tool.
struct speaker_events {
  std::function<void()> established;
  /// The reason why a session, or an attempt at one, ended.
  std::function<void(const std::string&)> closed;
};

/// One BGP session with one peer, kept up until it is told otherwise: enough of
/// a speaker to feed and to watch a daemon. It is driven from one thread by
/// poll(2): `descriptor` and `wanted_events`, then `handle`, and `tick` at
/// least once a second.
class speaker {
public:
  using clock = std::chrono::steady_clock;

  speaker(speaker_options options, speaker_events events);
  ~speaker();
  speaker(const speaker&) = delete;
  speaker& operator=(const speaker&) = delete;

  /// What to poll; -1 while there is nothing to wait for.
  int descriptor() const;
  short wanted_events() const;
  /// Takes what poll has returned.
  void handle(short events, clock::time_point now);
  /// Timers: connects again, sends KEEPALIVEs, notices a silent peer.
  void tick(clock::time_point now);

  /// Appends whole messages to the output.
  void send(const std::vector<std::uint8_t>& messages);
  /// Ends the session; it comes up again by itself unless `stay_down`.
  void close(bool stay_down);
  /// Lets the session come up again.
  void open() { down_ = false; }

  bool is_established() const { return state_ == state::established; }
  /// Octets that wait to be sent.
  std::size_t unsent() const { return output_.size() - sent_; }
  const table& received() const { return received_; }

private:
  enum class state { idle, connecting, open_sent, open_confirm, established };

  void connect(clock::time_point now);
  void accept(clock::time_point now);
  void connected(clock::time_point now);
  void read(clock::time_point now);
  void write();
  /// False if the session has ended over it.
  bool take(const protocol::wire::frame& message);
  bool take_open(const protocol::wire::frame& message);
  bool take_update(const protocol::wire::frame& message);
  void drop(const std::string& reason);
  /// Sends the NOTIFICATION as far as the socket takes it, and drops.
  void refuse(const protocol::decode_error& error);

  speaker_options options_;
  speaker_events events_;
  state state_ = state::idle;
  bool down_ = false;
  int socket_ = -1;
  int listener_ = -1;
  protocol::wire::open_message own_open_;
  protocol::wire::negotiated session_;
  std::vector<std::uint8_t> input_;
  std::vector<std::uint8_t> output_;
  std::size_t sent_ = 0;
  clock::time_point next_attempt_{};
  clock::time_point last_heard_{};
  clock::time_point last_keepalive_{};
  table received_;
};

} // namespace troupe::replay
