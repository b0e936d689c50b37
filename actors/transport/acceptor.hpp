#pragma once

#include "actors/transport/commands.hpp"
#include "actors/transport/loop_context.hpp"

namespace troupe::transport {

/// Takes connections from one listener, for the event loop that owns it.
class acceptor {
public:
  /// What becomes of an accepted socket: some loop gets it.
  using hand_over = std::function<void(command::add_accepted)>;

  acceptor(loop_context& context, std::shared_ptr<listener_handle> listener);
  ~acceptor();
  acceptor(const acceptor&) = delete;
  acceptor& operator=(const acceptor&) = delete;

  /// Begins to wait for connections, or goes on after a pause.
  void start();
  /// Accepts what is there, up to a bound. Where descriptors or memory are
  /// short it drops the waiting connections, so that their peers know, and
  /// pauses for 100 ms.
  void on_ready(const hand_over& give);

private:
  std::uint64_t key() const { return static_cast<std::uint64_t>(handle_->id); }
  bool watch(std::uint32_t wanted);
  void pause();
  void refuse_waiting();
  std::optional<command::add_accepted> take(file_descriptor fd);
  bool may_enter(const protocol::endpoint& remote) const;

  loop_context& context_;
  std::shared_ptr<listener_handle> handle_;
  /// Given up for a moment where the process has no descriptor left.
  file_descriptor spare_;
  std::uint32_t watched_ = 0;
};

} // namespace troupe::transport
