#include "actors/transport/stream_socket.hpp"

#include "actors/transport/socket_address.hpp"
#include "actors/transport/socket_options.hpp"

#include <cerrno>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

namespace troupe::transport {

void linger_not(int fd) {
  linger l{};
  l.l_onoff = 1;
  // Cannot fail on a socket.
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

namespace {

/// Whether the peer will say nothing more, though bytes of it may wait.
bool has_left(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0
         && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

} // namespace

stream_socket::stream_socket(loop_context& context,
                             std::shared_ptr<socket_handle> handle,
                             event_sink sink)
    : context_(context), handle_(std::move(handle)), sink_(std::move(sink)) {}

stream_socket::~stream_socket() {
  release();
}

// -- beginnings ---------------------------------------------------------------

bool stream_socket::connect(const connect_options& options) {
  lease_ = options.options.lease;
  if (!lease_allows(lease_, steady_now()))
    return fail(ECANCELED, "the lease has ended");
  auto v6 = options.remote.address.is_v6();
  file_descriptor made(::socket(v6 ? AF_INET6 : AF_INET,
                                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made)
    return fail(errno, "cannot make a socket");
  {
    std::lock_guard lock(handle_->mutex);
    handle_->fd = std::move(made);
    handle_->v6 = v6;
  }
  auto error = set_common(fd(), context_.shared.options.buffer_size);
  if (!error)
    error = prepare_attempt(fd(), options);
  if (error)
    return fail(error->error, error->message);
  auto address = to_socket_address(options.remote);
  if (::connect(fd(), address.data(), address.size) == 0)
    return on_connected();
  if (errno != EINPROGRESS)
    return fail(errno);
  arm(options.timeout);
  return watch();
}

bool stream_socket::on_connected() {
  auto error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    error = errno;
  if (error != 0)
    return fail(error);
  connected up{handle_->id, local_endpoint(fd()), remote_endpoint(fd())};
  if (up.remote.port == 0)
    return true; // not yet
  // Within one host, an attempt from the port it dials may meet itself.
  if (up.local == up.remote)
    return fail(ECONNREFUSED);
  phase_ = phase::waiting;
  ++context_.shared.stats.connected;
  arm(context_.shared.options.adopt_timeout);
  deliver(up);
  return flush();
}

void stream_socket::announce(const accepted& what, lease_end lease) {
  phase_ = phase::waiting;
  lease_ = std::move(lease);
  announced_ = what;
  arm(context_.shared.options.adopt_timeout);
  deliver(what);
}

/// Whoever called has waited, and may have given up: to announce that would
/// look as if he called now, and end the connection that he has made since.
bool stream_socket::announce_again(listener_id listener,
                                   const event_sink& sink) {
  if (!waits_for(listener))
    return true;
  if (has_left(fd())) {
    abort();
    return false;
  }
  sink_ = sink;
  arm(context_.shared.options.adopt_timeout);
  deliver(*announced_);
  return true;
}

bool stream_socket::adopt(event_sink sink) {
  if (phase_ != phase::waiting && phase_ != phase::open)
    return true;
  sink_ = std::move(sink);
  phase_ = phase::open;
  announced_.reset();
  context_.timers.cancel(key());
  return broken_ != 0 ? on_input() && watch() : watch();
}

// -- events and life ----------------------------------------------------------

void stream_socket::deliver(event e) noexcept {
  if (sink_ && !handle_->ended && !context_.shared.stopping)
    sink_(std::move(e));
}

void stream_socket::arm(std::chrono::milliseconds after) {
  context_.timers.arm(key(), timer_queue::clock::now() + after);
}

void stream_socket::release() {
  if (handle_->fd) {
    context_.poll.watch(fd(), key(), watched_, 0);
    std::lock_guard lock(handle_->mutex);
    handle_->fd.reset();
  }
  watched_ = 0;
  context_.timers.cancel(key());
  context_.shared.sockets.remove(handle_->id);
}

bool stream_socket::fail(int error, std::string message) {
  auto attempt = phase_ == phase::connecting;
  drop_output();
  release();
  if (attempt) {
    ++context_.shared.stats.connect_failed;
    deliver(connect_failed{handle_->id, error, std::move(message)});
  } else {
    deliver(closed{handle_->id, error});
  }
  return false;
}

std::uint32_t stream_socket::wanted() const {
  std::uint32_t out = blocked_ ? EPOLLOUT : 0U;
  switch (phase_) {
  case phase::connecting:
    return EPOLLOUT;
  case phase::waiting:
    return out;
  case phase::open:
    if (can_read())
      return out | EPOLLIN | EPOLLRDHUP;
    // Level-triggered: what cannot be answered now must not be waited for.
    return hung_up_ ? out : out | EPOLLRDHUP;
  case phase::closing:
    return end_of_input_ ? out : out | EPOLLIN | EPOLLRDHUP;
  }
  return 0;
}

bool stream_socket::watch() {
  auto next = wanted();
  auto error = context_.poll.watch(fd(), key(), watched_, next);
  if (error != 0) {
    abort();
    return fail(error);
  }
  watched_ = next;
  return true;
}

bool stream_socket::on_events(std::uint32_t events) {
  constexpr std::uint32_t input = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if (phase_ == phase::connecting)
    return on_connected();
  if ((events & input) != 0 && phase_ == phase::open && !on_input())
    return false;
  if ((events & input) != 0 && phase_ == phase::closing && !discard_input())
    return false;
  // A broken line shows itself to the writer as well.
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && blocked_)
    return flush();
  return watch();
}

void stream_socket::on_timeout() {
  switch (phase_) {
  case phase::connecting:
    fail(ETIMEDOUT);
    return;
  case phase::waiting:
  case phase::open:
    abort();
    return;
  case phase::closing:
    break;
  }
  auto unsent = 0;
  if (!output_.empty() || ::ioctl(fd(), SIOCOUTQ, &unsent) != 0 || unsent != 0)
    abort();
  else
    release();
}

bool stream_socket::close() {
  if (phase_ == phase::connecting || broken_ != 0) {
    abort();
    return false;
  }
  phase_ = phase::closing;
  sink_ = nullptr;
  handle_->queued -= output_.drop_unstarted();
  arm(context_.shared.options.close_timeout);
  return flush();
}

void stream_socket::abort() {
  if (handle_->fd && phase_ != phase::connecting) {
    ++context_.shared.stats.aborted;
    linger_not(fd());
  }
  drop_output();
  release();
}

} // namespace troupe::transport
