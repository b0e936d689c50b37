#pragma once

#include "actors/transport/transport.hpp"
#include "actors/transport/write_queue.hpp"

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <vector>

namespace troupe::transport {

/// A transport without sockets, threads and time, for tests that own the clock.
///
/// Sockets connect to listeners of the same object. Nothing happens inside the
/// calls of the interface: sinks are called by `step`, `deliver` and nothing
/// else, in an order that depends only on the calls and the seed. It is meant
/// for one thread. The write queue is the reactor's own.
///
/// MD5 keys must agree and GTSM must be met (a system's default TTL is 64),
/// else attempts get no answer. Leases are measured by `now`.
class fake_transport final : public transport {
public:
  using duration = std::chrono::nanoseconds;

  /// The seed decides how streams are cut into pieces, see `fragment`.
  explicit fake_transport(std::uint64_t seed = 0);
  ~fake_transport() override;

  listen_result listen(const protocol::endpoint& local,
                       const socket_options& options, event_sink sink) override;
  bool take_over(listener_id listener, event_sink sink) override;
  std::optional<option_error> change(listener_id listener,
                                     const socket_options& options) override;
  void close_listener(listener_id listener) override;
  socket_id connect(const connect_options& options, event_sink sink) override;
  void adopt(socket_id socket, event_sink sink) override;
  std::optional<option_error> configure(socket_id socket,
                                        const socket_options& options) override;
  void send(socket_id socket, std::vector<slice> slices, priority p) override;
  void consumed(socket_id socket, std::size_t bytes) override;
  void pause(socket_id socket) override;
  void resume(socket_id socket) override;
  std::optional<attachment>
  attachment_of(const protocol::ip_address& local) const override;
  std::optional<interface_status>
  find_interface(const std::string& name) const override;
  std::optional<protocol::ip_address>
  global_address(std::uint32_t interface_index) const override;
  link_result open_link(const std::string& interface, link_sink sink) override;
  std::optional<option_error>
  send_on_link(link_id link, const protocol::ip_address& to,
               const std::vector<std::uint8_t>& message) override;
  void close_link(link_id link) override;
  bool input_pending(socket_id socket) const override;
  std::size_t output_pending(socket_id socket) const override;
  std::uint64_t output_written(socket_id socket) const override;
  void close(socket_id socket) override;
  void abort(socket_id socket) override;

  // -- what the test drives ---------------------------------------------------

  /// Does one thing that is due: delivers an event, moves some bytes. False if
  /// nothing was due.
  bool step();
  /// Steps until nothing is due. Whether anything was.
  bool deliver();
  /// Moves the transport's clock, which starts at 0: attempts, unadopted and
  /// closing sockets run into their timeouts. The events follow by `step`.
  void advance(duration by);
  duration now() const;

  /// From now on the addresses in it share a subnet.
  void add_subnet(const protocol::prefix& subnet) {
    subnets_.push_back({subnet, std::nullopt});
  }

  // -- interfaces -------------------------------------------------------------

  /// An interface, with what is plugged into it.
  struct fake_interface {
    std::uint32_t index = 0; ///< of its own, not 0
    bool up = true;
    /// Its address on the link; without one nothing can be sent.
    std::optional<protocol::ip_address> link_local = {};
    std::optional<protocol::ip_address> global = {};
    /// The interface at the other end, which says the same of this one. What
    /// is sent here arrives there, and connections to link-local addresses of
    /// this scope come in there.
    std::string joined = {};
  };
  /// Adds the interface or changes it. Links that are open on one whose index
  /// changes hear nothing any more.
  void set_interface(const std::string& name, const fake_interface& how) {
    interfaces_[name] = how;
  }
  void remove_interface(const std::string& name) { interfaces_.erase(name); }
  /// A message comes in on an interface.
  void hear(const std::string& interface, const link_message& message);
  /// Messages sent on an interface so far, and where to.
  std::vector<protocol::ip_address> sent_on(const std::string& interface) const;

  // -- faults -----------------------------------------------------------------

  /// Attempts to this endpoint fail with `error`; 0 lets them through again.
  void refuse(const protocol::endpoint& remote, int error);
  /// Attempts to this endpoint get no answer and time out.
  void ignore(const protocol::endpoint& remote, bool on = true);
  /// Ends the connection of this socket as a RST of the network would: both
  /// ends get `closed` with `error`; what is on the way is lost.
  void reset(socket_id socket, int error);
  /// Cuts the line of this socket: nothing arrives any more, in either
  /// direction, and nobody is told.
  void cut(socket_id socket);
  /// What a line may hold per direction, in place of the kernel's send and
  /// receive buffers: 256 KiB at first. 0 stops all lines.
  void set_line_capacity(std::size_t bytes);
  /// From now on streams arrive in pieces of 1 to `largest` bytes, drawn with
  /// the seed; 0 stops that.
  void fragment(std::size_t largest);

  // -- inspection -------------------------------------------------------------

  /// All bytes that this socket has put on its line; kept after its end.
  std::span<const std::uint8_t> sent(socket_id socket) const;
  /// Whether the socket lives (connecting, connected or closing).
  bool alive(socket_id socket) const;
  /// The other end of a connected socket.
  std::optional<socket_id> peer_of(socket_id socket) const;
  /// Living sockets, in the order of their birth.
  std::vector<socket_id> sockets() const;

private:
  enum class phase : std::uint8_t { connecting, waiting, open, closing };

  struct socket_state {
    event_sink sink;
    phase now = phase::connecting;
    protocol::endpoint local;
    protocol::endpoint remote;
    socket_options options;
    /// The other end, which may have gone.
    socket_id peer{};
    std::optional<accepted> announced;
    write_queue output;
    std::uint64_t written = 0;
    std::size_t unreported = 0;
    /// What the other end has put on the line and was not delivered yet.
    std::deque<std::uint8_t> line;
    /// How the stream ends behind `line`: 0 is a FIN, else an errno.
    std::optional<int> end_of_line;
    std::size_t unconsumed = 0;
    bool paused = false;
    bool cut = false;
    bool fin_sent = false;
    std::optional<duration> deadline;
  };
  struct listener_state {
    protocol::endpoint local;
    socket_options options;
    event_sink sink;
  };
  struct link_state {
    std::string interface;
    std::uint32_t index = 0;
    link_sink sink;
  };
  struct due_event {
    event_sink sink;
    event what;
    socket_id socket{};
  };

  static constexpr std::chrono::seconds adopt_timeout{10};
  static constexpr std::chrono::seconds close_timeout{1};

  socket_state* find(socket_id id);
  const socket_state* find(socket_id id) const;
  void post(const event_sink& sink, event what, socket_id socket);
  bool deliver_event();
  bool deliver_message();
  const std::pair<const std::string, fake_interface>*
  interface_at(std::uint32_t index) const;
  protocol::endpoint source_towards(const protocol::endpoint& remote) const;
  protocol::endpoint at_other_end(protocol::endpoint e) const;
  bool progress(socket_id id, socket_state& s);

  bool try_connect(socket_id id, socket_state& s);
  const std::pair<const listener_id, listener_state>*
  find_listener(const protocol::endpoint& remote) const;
  static bool ttl_suffices(const socket_options& from,
                           const socket_options& to);
  bool answers(const socket_state& s, const listener_state& l) const;
  void establish(socket_id id, socket_state& s, listener_id listener);

  bool write_piece(socket_id id, socket_state& s);
  bool read_piece(socket_id id, socket_state& s);
  bool finish(socket_id id, socket_state& s);
  std::size_t piece(std::size_t most);
  bool lease_ended(const socket_state& s) const;

  void fail(socket_id id, int error);
  void remove(socket_id id, std::optional<int> tell_peer);
  void expire(socket_id id, socket_state& s);

  std::mt19937_64 random_;
  std::uint64_t last_id_ = 0;
  std::uint16_t last_port_ = 49151;
  duration now_{0};
  std::size_t capacity_ = 256UL * 1024;
  std::size_t largest_piece_ = 0;
  std::vector<attachment> subnets_;
  std::map<listener_id, listener_state> listeners_;
  std::map<socket_id, socket_state> sockets_;
  std::map<socket_id, std::vector<std::uint8_t>> sent_;
  std::deque<due_event> events_;
  std::map<std::string, fake_interface> interfaces_;
  std::map<link_id, link_state> links_;
  std::deque<link_message> messages_;
  std::map<std::string, std::vector<protocol::ip_address>> sent_on_;
  /// Ended by `close` or `abort`: their events are not delivered any more.
  std::set<socket_id> ended_;
  std::map<protocol::endpoint, int> refused_;
  std::set<protocol::endpoint> ignored_;
  /// Who had the last turn.
  socket_id turn_{};
};

} // namespace troupe::transport
