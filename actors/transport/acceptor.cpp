#include "actors/transport/acceptor.hpp"

#include "actors/transport/interfaces.hpp"
#include "actors/transport/socket_address.hpp"
#include "actors/transport/socket_options.hpp"
#include "actors/transport/tcp_keys.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace troupe::transport {

namespace {

/// Connections taken in a row before other sockets have their turn.
constexpr int most_accepts = 64;
constexpr std::chrono::milliseconds pause_time{100};

file_descriptor open_spare() {
  return file_descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

file_descriptor accept_from(int fd) {
  return file_descriptor(
      ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

/// Errors of the one connection that was to be accepted (accept(2)); the next
/// one may be well.
bool concerns_one_connection(int error) {
  constexpr std::array errors{EINTR,       ECONNABORTED, EPROTO, ENETDOWN,
                              ENOPROTOOPT, EHOSTDOWN,    ENONET, EHOSTUNREACH,
                              EOPNOTSUPP,  ENETUNREACH};
  return std::find(errors.begin(), errors.end(), error) != errors.end();
}

} // namespace

acceptor::acceptor(loop_context& context,
                   std::shared_ptr<listener_handle> listener)
    : context_(context), handle_(std::move(listener)), spare_(open_spare()) {}

acceptor::~acceptor() {
  std::lock_guard lock(handle_->mutex);
  watch(0);
  context_.timers.cancel(key());
}

void acceptor::start() {
  std::lock_guard lock(handle_->mutex);
  if (!spare_)
    spare_ = open_spare();
  if (handle_->fd && !watch(EPOLLIN))
    pause();
}

bool acceptor::watch(std::uint32_t wanted) {
  // A closed listener has left the epoll instance by itself.
  if (handle_->fd
      && context_.poll.watch(handle_->fd.get(), key(), watched_, wanted) != 0)
    return false;
  watched_ = wanted;
  return true;
}

void acceptor::pause() {
  ++context_.shared.stats.accept_pauses;
  watch(0);
  context_.timers.arm(key(), timer_queue::clock::now() + pause_time);
}

void acceptor::on_ready(const hand_over& give) {
  for (auto i = 0; i < most_accepts; ++i) {
    std::optional<command::add_accepted> taken;
    {
      // The lock keeps the descriptor from being closed and used anew.
      std::lock_guard lock(handle_->mutex);
      if (!handle_->fd)
        return;
      auto fd = accept_from(handle_->fd.get());
      auto error = errno;
      if (!fd && (error == EAGAIN || error == EWOULDBLOCK))
        return;
      if (!fd && !concerns_one_connection(error)) {
        if (error == EMFILE || error == ENFILE)
          refuse_waiting();
        return pause();
      }
      if (fd)
        taken = take(std::move(fd));
    }
    if (taken)
      give(std::move(*taken));
  }
}

void acceptor::refuse_waiting() {
  spare_.reset();
  for (auto i = 0; i < most_accepts; ++i) {
    auto fd = accept_from(handle_->fd.get());
    if (!fd)
      break;
    linger_not(fd.get());
    ++context_.shared.stats.refused;
  }
  spare_ = open_spare();
}

std::optional<command::add_accepted> acceptor::take(file_descriptor fd) {
  auto local = local_endpoint(fd.get());
  auto remote = remote_endpoint(fd.get());
  if (remote.port == 0)
    return std::nullopt; // the peer is gone already
  auto error = set_common(fd.get(), 0);
  if (error || !may_enter(remote)) {
    linger_not(fd.get());
    ++context_.shared.stats.refused;
    return std::nullopt;
  }
  ++context_.shared.stats.accepted;
  socket_id id{context_.shared.next_id()};
  auto socket = std::make_shared<socket_handle>(id);
  socket->syn_ttl = take_syn_ttl(fd.get());
  socket->was_accepted = true;
  socket->v6 = handle_->v6;
  socket->fd = std::move(fd);
  return command::add_accepted{
      std::move(socket),
      {handle_->id, id, local, remote,
       remote.scope_id == 0 ? std::string{} : interface_name(remote.scope_id)},
      handle_->options.lease};
}

bool acceptor::may_enter(const protocol::endpoint& remote) const {
  if (!lease_allows(handle_->options.lease, steady_now()))
    return false;
  const auto* key = find_peer_key(handle_->options.keys, remote.address);
  const auto& bad = handle_->unprotected;
  return key == nullptr
         || std::find(bad.begin(), bad.end(), key->peers) == bad.end();
}

} // namespace troupe::transport
