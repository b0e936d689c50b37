#include "tests/interop/replay/speaker.hpp"

#include "protocol/wire/notification.hpp"
#include "protocol/wire/update.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::replay {
namespace {

namespace wire = protocol::wire;
using namespace std::chrono_literals;

constexpr auto retry_time = 200ms;

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

socket_address to_socket_address(const protocol::endpoint& e) {
  socket_address out;
  const auto bytes = e.address.bytes();
  if (e.address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(e.port);
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(e.port);
    std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.size = sizeof in;
  }
  return out;
}

/// A TCP socket bound to the address; throws with the cause.
int bound_socket(const protocol::endpoint& local) {
  const auto address = to_socket_address(local);
  const int fd = ::socket(address.storage.ss_family,
                          SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd < 0 || ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
      || ::bind(fd, address.get(), address.size) != 0) {
    const std::string cause = std::strerror(errno);
    if (fd >= 0)
      ::close(fd);
    throw std::runtime_error{to_string(local) + ": " + cause};
  }
  return fd;
}

wire::open_message make_open(const speaker_options& options) {
  wire::open_message open;
  open.my_as = options.as;
  open.hold_time = options.hold_time;
  open.identifier = options.id;
  for (const auto f : options.families)
    open.capabilities.push_back(wire::multiprotocol_capability{f});
  open.capabilities.push_back(wire::four_octet_as_capability{options.as});
  return open;
}

} // namespace

speaker::speaker(speaker_options options, speaker_events events)
    : options_{std::move(options)}, events_{std::move(events)},
      own_open_{make_open(options_)} {
  if (!options_.listen)
    return;
  listener_ = bound_socket(options_.local);
  if (::listen(listener_, 8) != 0)
    throw std::runtime_error{to_string(options_.local) + ": "
                             + std::strerror(errno)};
}

speaker::~speaker() {
  if (socket_ >= 0)
    ::close(socket_);
  if (listener_ >= 0)
    ::close(listener_);
}

int speaker::descriptor() const {
  return state_ == state::idle ? listener_ : socket_;
}

short speaker::wanted_events() const {
  if (state_ == state::connecting)
    return POLLOUT;
  return static_cast<short>(unsent() > 0 ? POLLIN | POLLOUT : POLLIN);
}

void speaker::handle(short events, clock::time_point now) {
  if (events == 0)
    return;
  if (state_ == state::idle)
    return accept(now);
  if (state_ == state::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
      return drop(std::strerror(error));
    return connected(now);
  }
  if ((events & POLLOUT) != 0)
    write();
  if (socket_ >= 0 && (events & (POLLIN | POLLERR | POLLHUP)) != 0)
    read(now);
}

void speaker::tick(clock::time_point now) {
  if (state_ == state::idle) {
    if (!down_ && !options_.listen && now >= next_attempt_)
      connect(now);
    return;
  }
  if (state_ == state::connecting || session_.hold_time == 0s)
    return;
  if (now - last_heard_ > session_.hold_time)
    return refuse({protocol::notification_code::hold_timer_expired,
                   0,
                   {},
                   "the peer is silent"});
  if (state_ == state::established
      && now - last_keepalive_ >= session_.hold_time / 3) {
    last_keepalive_ = now;
    wire::encode_keepalive(output_);
    write();
  }
}

void speaker::connect(clock::time_point now) {
  next_attempt_ = now + retry_time;
  socket_ = bound_socket(options_.local);
  const auto address = to_socket_address(options_.peer);
  if (::connect(socket_, address.get(), address.size) == 0)
    return connected(now);
  if (errno != EINPROGRESS)
    return drop(std::strerror(errno));
  state_ = state::connecting;
}

void speaker::accept(clock::time_point now) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  const int fd = ::accept4(listener_, reinterpret_cast<sockaddr*>(&from), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0)
    return;
  // The address counts, not the port that the peer calls from.
  const auto expected = to_socket_address(options_.peer);
  const bool is_v4 = options_.peer.address.is_v4();
  const auto offset = is_v4 ? offsetof(sockaddr_in, sin_addr)
                            : offsetof(sockaddr_in6, sin6_addr);
  const bool known =
      from.ss_family == expected.storage.ss_family
      && std::memcmp(reinterpret_cast<const char*>(&from) + offset,
                     reinterpret_cast<const char*>(&expected.storage) + offset,
                     is_v4 ? 4 : 16)
             == 0;
  if (down_ || !known) {
    ::close(fd);
    return;
  }
  socket_ = fd;
  connected(now);
}

void speaker::connected(clock::time_point now) {
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  state_ = state::open_sent;
  session_ = {};
  session_.hold_time = options_.hold_time;
  last_heard_ = last_keepalive_ = now;
  wire::encode_open(own_open_, output_);
  write();
}

void speaker::read(clock::time_point now) {
  std::array<std::uint8_t, 1 << 16> chunk{};
  const auto got = ::recv(socket_, chunk.data(), chunk.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got <= 0)
    return drop(got == 0 ? "the peer has closed" : std::strerror(errno));
  last_heard_ = now;
  input_.insert(input_.end(), chunk.begin(), chunk.begin() + got);
  std::size_t used = 0;
  for (;;) {
    const auto rest = wire::byte_span{input_}.subspan(used);
    const auto message = wire::next_frame(rest, wire::extended_message_size);
    if (!message)
      return refuse(message.error());
    if (!message->has_value())
      break;
    used += (*message)->whole.size();
    if (!take(**message))
      return;
  }
  input_.erase(input_.begin(),
               input_.begin() + static_cast<std::ptrdiff_t>(used));
}

bool speaker::take(const wire::frame& message) {
  switch (message.type) {
  case wire::message_type::open:
    return take_open(message);
  case wire::message_type::keepalive:
    if (state_ == state::open_confirm) {
      state_ = state::established;
      events_.established();
    }
    return true;
  case wire::message_type::update:
    return take_update(message);
  case wire::message_type::route_refresh: // not announced, so not answered
    return true;
  case wire::message_type::notification: {
    const auto read = wire::decode_notification(message.body);
    drop(read ? "received " + to_string(read->code, read->subcode)
              : "received a malformed NOTIFICATION");
    return false;
  }
  }
  return true;
}

bool speaker::take_open(const wire::frame& message) {
  const auto open = wire::decode_open(message.body);
  if (!open || state_ != state::open_sent) {
    refuse(open ? protocol::make_error(protocol::fsm_subcode::unspecific,
                                       "a second OPEN")
                : open.error());
    return false;
  }
  session_ = wire::negotiate(own_open_, *open, 0ms);
  state_ = state::open_confirm;
  wire::encode_keepalive(output_);
  write();
  return socket_ >= 0;
}

bool speaker::take_update(const wire::frame& message) {
  const auto update = wire::read_update(message.body, session_);
  if (!update) {
    refuse(update.error());
    return false;
  }
  if (auto flaw = received_.apply(*update); !flaw.empty()) {
    refuse({protocol::notification_code::update_message_error,
            0,
            {},
            "unusable UPDATE"});
    return false;
  }
  return true;
}

void speaker::send(const std::vector<std::uint8_t>& messages) {
  output_.insert(output_.end(), messages.begin(), messages.end());
  write();
}

void speaker::write() {
  while (socket_ >= 0 && unsent() > 0) {
    const auto put =
        ::send(socket_, output_.data() + sent_, unsent(), MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (put < 0)
      return drop(std::strerror(errno));
    sent_ += static_cast<std::size_t>(put);
  }
  output_.clear();
  sent_ = 0;
}

void speaker::close(bool stay_down) {
  down_ = stay_down;
  if (state_ != state::idle && state_ != state::connecting)
    refuse(protocol::make_error(protocol::cease_subcode::administrative_reset,
                                "told to"));
  else if (state_ == state::connecting)
    drop("told to");
}

void speaker::refuse(const protocol::decode_error& error) {
  std::vector<std::uint8_t> message;
  wire::encode_notification(error, message);
  // Only at a message boundary; and the peer learns it from the closed
  // connection if the socket takes no more.
  if (unsent() == 0)
    (void)::send(socket_, message.data(), message.size(), MSG_NOSIGNAL);
  drop("sent " + to_string(error));
}

void speaker::drop(const std::string& reason) {
  const bool worth_telling = state_ > state::connecting;
  ::close(socket_);
  socket_ = -1;
  state_ = state::idle;
  input_.clear();
  output_.clear();
  sent_ = 0;
  received_.clear();
  next_attempt_ = clock::now() + retry_time;
  if (worth_telling)
    events_.closed(reason);
}

} // namespace troupe::replay
