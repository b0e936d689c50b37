#pragma once

#include "actors/transport/loop_context.hpp"
#include "actors/transport/write_queue.hpp"

namespace troupe::transport {

/// One TCP connection or attempt, as its event loop sees it.
///
/// Where a function returns bool, false says that the socket is gone: it has
/// told its owner what there was to tell, its descriptor is closed, and the
/// loop destroys the object.
class stream_socket {
public:
  stream_socket(loop_context& context, std::shared_ptr<socket_handle> handle,
                event_sink sink);
  /// Closes the descriptor; the owner is not told.
  ~stream_socket();
  stream_socket(const stream_socket&) = delete;
  stream_socket& operator=(const stream_socket&) = delete;

  // -- beginnings -------------------------------------------------------------

  bool connect(const connect_options& options);
  /// Announces an accepted socket to the listener's owner.
  void announce(const accepted& what, lease_end lease);
  /// Announces it again, to another owner, if nobody has adopted it yet and it
  /// came from this listener. False when it is gone, as its peer has left.
  [[nodiscard]] bool announce_again(listener_id listener,
                                    const event_sink& sink);
  /// Whether it came from this listener and nobody has adopted it.
  bool waits_for(listener_id listener) const {
    return phase_ == phase::waiting && announced_
           && announced_->listener == listener;
  }
  bool adopt(event_sink sink);
  void set_lease(lease_end lease) { lease_ = std::move(lease); }

  // -- what the loop saw ------------------------------------------------------

  /// Readiness, as a mask of EPOLL* bits.
  bool on_events(std::uint32_t events);
  void on_timeout();

  // -- what the owner asks ----------------------------------------------------

  /// Returns whether `flush` shall follow, soon and once.
  bool enqueue(std::vector<slice> slices, priority p);
  /// Writes what can be written.
  bool flush();
  /// A pause is over or the window is open again.
  bool read_again();
  /// Begins `transport::close`.
  bool close();
  /// Ends the connection with a RST.
  void abort();

  bool closing() const { return phase_ == phase::closing; }

private:
  enum class phase : std::uint8_t { connecting, waiting, open, closing };

  int fd() const { return handle_->fd.get(); }
  std::uint64_t key() const { return static_cast<std::uint64_t>(handle_->id); }
  void deliver(event e) noexcept;
  void arm(std::chrono::milliseconds after);
  void release();
  bool fail(int error, std::string message = {});
  bool watch();
  std::uint32_t wanted() const;

  bool on_connected();
  bool can_read() const;
  bool on_input();
  bool read_some();
  void deliver_bytes(std::size_t size);
  bool discard_input();

  bool write_some();
  bool output_broken(int error);
  void report_written();
  void drop_output();
  bool send_fin();

  loop_context& context_;
  std::shared_ptr<socket_handle> handle_;
  event_sink sink_;
  lease_end lease_;
  std::optional<accepted> announced_;
  write_queue output_;
  /// Bulk bytes written that the owner has not been told of.
  std::size_t unreported_ = 0;
  /// What epoll waits for.
  std::uint32_t watched_ = 0;
  /// The errno that ended the output; input may still be there.
  int broken_ = 0;
  phase phase_ = phase::connecting;
  /// A `flush` was promised by `enqueue`.
  bool flush_due_ = false;
  /// The kernel takes no more for now.
  bool blocked_ = false;
  /// The peer has ended, while unread bytes have to wait.
  bool hung_up_ = false;
  /// The peer's FIN was read, while closing.
  bool end_of_input_ = false;
  bool fin_sent_ = false;
};

} // namespace troupe::transport
