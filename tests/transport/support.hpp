#pragma once

#include "actors/transport/reactor.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <span>

namespace troupe::transport::testing {

using bytes = std::vector<std::uint8_t>;
using namespace std::chrono_literals;

/// Long enough for a loaded machine under a sanitizer; only a failing test
/// waits for it.
inline constexpr auto patience = 30s;

/// Notes the events of a transport from its threads and lets the test wait for
/// what it expects.
class recorder {
public:
  /// A sink that notes everything. The recorder outlives the transport.
  event_sink sink();

  /// Waits for the next event of this kind that was not taken yet, of any or
  /// of one socket; nothing after a while. `received` is asked for below.
  template <class Event>
  std::optional<Event> next(std::chrono::milliseconds limit = patience) {
    return take<Event>([](const Event&) { return true; }, limit);
  }
  template <class Event>
  std::optional<Event> next_of(socket_id id,
                               std::chrono::milliseconds limit = patience) {
    return take<Event>([id](const Event& e) { return e.socket == id; }, limit);
  }
  /// Waits until the socket has received this many bytes altogether.
  bool wait_for_bytes(socket_id id, std::size_t size);
  /// All bytes of a socket so far.
  bytes received_by(socket_id id);
  std::size_t size_received_by(socket_id id);
  /// Bulk bytes reported as written so far.
  std::size_t size_written_by(socket_id id);
  /// Events that nobody took, `received` and `written` not among them.
  std::size_t untaken();

private:
  void note(event e);

  template <class Event, class Predicate>
  std::optional<Event> take(Predicate matches,
                            std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    std::optional<Event> result;
    auto found = [&] {
      for (auto e = events_.begin(); e != events_.end(); ++e) {
        auto* it = std::get_if<Event>(&*e);
        if (it != nullptr && matches(*it)) {
          result = std::move(*it);
          events_.erase(e);
          return true;
        }
      }
      return false;
    };
    changed_.wait_for(lock, limit, found);
    return result;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<event> events_;
  std::map<socket_id, bytes> input_;
  std::map<socket_id, std::size_t> written_;
};

/// A blocking socket of the system, for peers that misbehave.
class raw_socket {
public:
  raw_socket() = default;
  explicit raw_socket(int fd) : fd_(fd) {}
  raw_socket(raw_socket&& other) noexcept;
  raw_socket& operator=(raw_socket&& other) noexcept;
  ~raw_socket();

  /// A socket of this family, not bound.
  static raw_socket make(bool v6 = false);
  /// Listens on a port of the system's choice.
  static raw_socket listening(const protocol::ip_address& address,
                              int backlog = 16);

  int fd() const { return fd_; }
  protocol::endpoint local() const;
  /// Connects, waiting at most this long; 0 or an errno.
  int connect(const protocol::endpoint& to,
              std::chrono::milliseconds limit = patience) const;
  /// The next connection; waits for it.
  raw_socket accept() const;
  bool send_all(std::span<const std::uint8_t> data) const;
  /// Reads exactly so many bytes; fewer at EOF, on an error or after a while.
  bytes read(std::size_t size) const;
  /// Reads to the EOF. `error` gets the errno that ended it, or 0.
  bytes read_all(int* error = nullptr) const;
  /// Waits until bytes, EOF or an error can be read.
  bool wait_readable(std::chrono::milliseconds limit = patience) const;
  bool set(int level, int name, int value) const;
  void close();
  /// Closes with a RST.
  void reset();

private:
  int fd_ = -1;
};

/// A pair of adopted sockets of one or two transports.
struct connection {
  socket_id client{};
  socket_id server{};
};

/// A reactor with a listener on 127.0.0.1 (or elsewhere) and a recorder each
/// for the listener, the clients and the servers.
struct stage {
  explicit stage(const reactor_options& options = {});

  protocol::endpoint listen(const protocol::endpoint& at,
                            const socket_options& options = {});
  protocol::endpoint listen();
  /// Connects and adopts both ends.
  connection connect();
  /// Connects a raw socket and adopts our end.
  socket_id accept(raw_socket& from);

  recorder events;
  protocol::endpoint where;
  std::optional<listener_id> listener;
  /// Last, so that it ends first.
  reactor net;
};

/// A listener whose queue is full: the kernel drops further SYNs.
struct full_listener {
  full_listener();
  protocol::endpoint where() const { return socket.local(); }

  raw_socket socket;
  std::vector<raw_socket> fillers;
};

/// Whether the threads of the reactor sleep while nothing happens: watches them
/// for 100 ms.
bool sleeps(reactor& net);

protocol::endpoint at(const char* text);
shared_bytes share(bytes b);
/// The whole buffer as one slice.
std::vector<slice> whole(const shared_bytes& b);
/// A BGP message of this type and size (RFC 4271 §4.1), its body `fill`.
bytes message(std::uint8_t type, std::size_t size, std::uint8_t fill = 0);
bytes join(std::span<const bytes> parts);
/// Bytes that depend on the seed alone.
bytes random_bytes(std::uint32_t seed, std::size_t size);
/// Descriptors that this process has open.
std::size_t open_descriptors();
/// Waits until the condition holds, looking again and again; for what no
/// event tells.
bool eventually(const std::function<bool()>& condition);

} // namespace troupe::transport::testing
