#include "admin/client_stream.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace troupe::admin {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

/// How long it may take until a stop is noticed.
constexpr auto longest_wait = 100ms;
/// What a client still says is read for so long, lest its end is a reset that
/// takes our last words from it.
constexpr auto patience_at_the_end = 500ms;

void name_of(const sockaddr_storage& address, std::string& ip, int& port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    port = ntohs(v6.sin6_port);
  }
  ip = text.data();
}

} // namespace

client_stream::client_stream(int socket, SSL_CTX* tls, client_limits limits,
                             std::function<bool()> stops)
    : socket_(socket), limits_(limits), stops_(std::move(stops)) {
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
  if (tls == nullptr)
    return;
  tls_ = SSL_new(tls);
  if (tls_ != nullptr)
    SSL_set_fd(tls_, socket_);
  else
    broken_ = true;
}

client_stream::~client_stream() {
  SSL_free(tls_);
  ::close(socket_);
}

void client_stream::allow(std::chrono::milliseconds time) {
  deadline_ = steady_clock::now() + time;
}

bool client_stream::wait(short events) const {
  for (;;) {
    const auto left = deadline_ - steady_clock::now();
    if (left <= 0ns || stops_())
      return false;
    pollfd p{socket_, events, 0};
    const auto slice = std::min<steady_clock::duration>(left, longest_wait);
    const int ready = ::poll(
        &p, 1,
        static_cast<int>(
            std::chrono::ceil<std::chrono::milliseconds>(slice).count()));
    if (ready > 0)
      return true; // an error shows with the next read or write
    if (ready < 0 && errno != EINTR)
      return false;
  }
}

short client_stream::tls_wants(int result) const {
  switch (SSL_get_error(tls_, result)) {
  case SSL_ERROR_WANT_READ:
    return POLLIN;
  case SSL_ERROR_WANT_WRITE:
    return POLLOUT;
  default:
    return 0;
  }
}

bool client_stream::open() {
  if (tls_ == nullptr)
    return !broken_;
  allow(limits_.handshake);
  for (;;) {
    const int result = SSL_accept(tls_);
    if (result == 1)
      return true;
    const auto wanted = tls_wants(result);
    if (wanted == 0 || !wait(wanted)) {
      broken_ = true;
      return false;
    }
  }
}

bool client_stream::wait_for_request() {
  if (begin_ != end_ || (tls_ != nullptr && SSL_pending(tls_) > 0))
    return true;
  allow(limits_.idle);
  return wait(POLLIN);
}

void client_stream::begin_request() {
  endless_ = false;
  allow(limits_.headers);
  may_read_ = limits_.header_octets;
}

void client_stream::headers_are_read() {
  allow(limits_.answer);
  may_read_ = limits_.body_octets + limits_.header_octets;
}

void client_stream::close() {
  allow(patience_at_the_end);
  if (tls_ != nullptr && !broken_)
    SSL_shutdown(tls_);
  ::shutdown(socket_, SHUT_WR);
  std::size_t most = limits_.body_octets;
  while (most > 0 && wait(POLLIN)) {
    const auto got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0)
      return;
    most -= std::min(most, static_cast<std::size_t>(got));
  }
}

// -- octets -------------------------------------------------------------------

ssize_t client_stream::receive(char* to, std::size_t size) {
  for (;;) {
    short wanted = 0;
    if (tls_ != nullptr) {
      const int got = SSL_read(tls_, to,
                               static_cast<int>(std::min<std::size_t>(
                                   size, std::numeric_limits<int>::max())));
      if (got > 0)
        return got;
      wanted = tls_wants(got);
      broken_ = broken_ || wanted == 0;
    } else {
      const auto got = ::recv(socket_, to, size, 0);
      if (got >= 0)
        return got;
      wanted = errno == EAGAIN || errno == EINTR ? POLLIN : short{0};
    }
    if (wanted == 0 || !wait(wanted))
      return -1;
  }
}

ssize_t client_stream::transmit(const char* from, std::size_t size) {
  for (;;) {
    short wanted = 0;
    if (tls_ != nullptr) {
      const int put = SSL_write(tls_, from,
                                static_cast<int>(std::min<std::size_t>(
                                    size, std::numeric_limits<int>::max())));
      if (put > 0)
        return put;
      wanted = tls_wants(put);
      broken_ = broken_ || wanted == 0;
    } else {
      const auto put = ::send(socket_, from, size, MSG_NOSIGNAL);
      if (put >= 0)
        return put;
      wanted = errno == EAGAIN || errno == EINTR ? POLLOUT : short{0};
    }
    if (wanted == 0 || !wait(wanted))
      return -1;
  }
}

ssize_t client_stream::read(char* to, std::size_t size) {
  if (begin_ == end_) {
    if (may_read_ == 0) {
      ends_ = true;
      return -1;
    }
    // Its headers are asked for octet by octet.
    const auto got =
        receive(buffer_.data(), std::min(buffer_.size(), may_read_));
    if (got <= 0) {
      ends_ = true;
      return got;
    }
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
    may_read_ -= end_;
  }
  const auto taken = std::min(size, end_ - begin_);
  std::memcpy(to, buffer_.data() + begin_, taken);
  begin_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t client_stream::write(const char* from, std::size_t size) {
  if (endless_)
    allow(limits_.endless_write);
  return transmit(from, size);
}

bool client_stream::is_readable() const {
  return begin_ != end_ || wait(POLLIN);
}

bool client_stream::is_writable() const {
  return !broken_ && !stops_() && !(endless_ && has_gone());
}

/// Who waits for an answer may have said all it has to say; who follows a
/// stream has gone then.
bool client_stream::has_gone() const {
  pollfd p{socket_, POLLRDHUP, 0};
  return ::poll(&p, 1, 0) > 0;
}

void client_stream::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    name_of(address, ip, port);
}

void client_stream::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    name_of(address, ip, port);
}

} // namespace troupe::admin
