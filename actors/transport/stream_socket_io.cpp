#include "actors/transport/socket_options.hpp"
#include "actors/transport/stream_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace troupe::transport {

namespace {

/// Entries of one write.
constexpr std::size_t most_pieces = 64;
/// Writes in a row before other sockets have their turn.
constexpr int most_writes = 4;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

} // namespace

// -- input --------------------------------------------------------------------

bool stream_socket::can_read() const {
  return !handle_->paused
         && handle_->unconsumed < context_.shared.options.read_window;
}

bool stream_socket::read_again() {
  if (phase_ != phase::open)
    return true;
  if (hung_up_ || broken_ != 0)
    return on_input() && watch();
  return watch();
}

/// The peer sent something or ended, or our output broke.
bool stream_socket::on_input() {
  if (can_read())
    return read_some();
  std::uint8_t first = 0;
  auto n = ::recv(fd(), &first, 1, MSG_PEEK);
  auto error = n < 0 ? errno : 0;
  if (n == 0 || (n < 0 && !would_block(error) && error != EINTR))
    return fail(broken_ != 0 ? broken_ : error);
  if (n < 0)
    return broken_ == 0 || fail(broken_);
  hung_up_ = true;
  return true;
}

bool stream_socket::read_some() {
  // One read and the next socket's turn, unless it is about the last bytes of a
  // connection that is dead already.
  do {
    handle_->delivering = true;
    auto n = ::recv(fd(), context_.buffer.data(), context_.buffer.size(), 0);
    auto error = n < 0 ? errno : 0;
    if (n > 0)
      deliver_bytes(static_cast<std::size_t>(n));
    handle_->delivering = false;
    if (n > 0 || error == EINTR)
      continue;
    if (n < 0 && would_block(error))
      return broken_ == 0 || fail(broken_);
    return fail(broken_ != 0 ? broken_ : error);
  } while (broken_ != 0 && can_read());
  return true;
}

void stream_socket::deliver_bytes(std::size_t size) {
  auto& stats = context_.shared.stats;
  ++stats.reads;
  stats.bytes_in += size;
  handle_->unconsumed += size;
  // A copy of just the right size, for whoever keeps it: the large buffer stays
  // warm in the cache, which pays for the copy.
  const auto* first = context_.buffer.data();
  auto bytes =
      std::make_shared<const std::vector<std::uint8_t>>(first, first + size);
  deliver(received{handle_->id, std::move(bytes)});
}

/// Nobody listens any more, but unread bytes would turn our FIN into a RST,
/// which may cost the peer our last message.
bool stream_socket::discard_input() {
  auto n = ::recv(fd(), context_.buffer.data(), context_.buffer.size(), 0);
  if (n > 0 || (n < 0 && (would_block(errno) || errno == EINTR)))
    return true;
  end_of_input_ = true;
  if (n == 0 && !fin_sent_)
    return true;
  release();
  return false;
}

// -- output -------------------------------------------------------------------

bool stream_socket::enqueue(std::vector<slice> slices, priority p) {
  if (broken_ == 0 && phase_ != phase::closing) {
    output_.push(std::move(slices), p);
    return !blocked_ && !std::exchange(flush_due_, true);
  }
  for (const auto& s : slices)
    handle_->queued -= s.size;
  return false;
}

bool stream_socket::flush() {
  flush_due_ = false;
  if (phase_ == phase::connecting)
    return true;
  blocked_ = false;
  for (auto i = 0; i < most_writes && !output_.empty() && !blocked_; ++i)
    if (!write_some())
      return false;
  if (!output_.empty())
    blocked_ = true;
  report_written();
  if (phase_ == phase::closing && output_.empty() && !fin_sent_ && !send_fin())
    return false;
  return watch();
}

bool stream_socket::write_some() {
  if (!lease_allows(lease_, steady_now())) {
    abort();
    return fail(ECANCELED);
  }
  std::array<iovec, most_pieces> pieces{};
  msghdr request{};
  request.msg_iov = pieces.data();
  request.msg_iovlen = output_.fill(pieces);
  auto n = ::sendmsg(fd(), &request, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0) {
    if (would_block(errno))
      blocked_ = true;
    return errno == EINTR || would_block(errno) || output_broken(errno);
  }
  auto size = static_cast<std::size_t>(n);
  ++context_.shared.stats.writes;
  context_.shared.stats.bytes_out += size;
  unreported_ += output_.advance(size);
  handle_->written += size;
  handle_->queued -= size;
  return true;
}

/// What the peer sent before it went may still be read, a NOTIFICATION say.
bool stream_socket::output_broken(int error) {
  broken_ = error;
  drop_output();
  if (phase_ == phase::closing) {
    release();
    return false;
  }
  return phase_ != phase::open || on_input();
}

void stream_socket::report_written() {
  if (unreported_ == 0)
    return;
  if (unreported_ >= report_after || output_.bulk_size() == 0)
    deliver(written{handle_->id, std::exchange(unreported_, 0)});
}

void stream_socket::drop_output() {
  handle_->queued -= output_.clear();
  blocked_ = false;
}

bool stream_socket::send_fin() {
  fin_sent_ = true;
  if (::shutdown(fd(), SHUT_WR) == 0 && !end_of_input_)
    return true;
  release();
  return false;
}

} // namespace troupe::transport
