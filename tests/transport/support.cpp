#include "tests/transport/support.hpp"

#include "actors/transport/socket_address.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <poll.h>
#include <random>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace troupe::transport::testing {

// -- recorder -----------------------------------------------------------------

event_sink recorder::sink() {
  return [this](event e) { note(std::move(e)); };
}

void recorder::note(event e) {
  std::lock_guard lock(mutex_);
  if (auto* in = std::get_if<received>(&e)) {
    auto& all = input_[in->socket];
    all.insert(all.end(), in->bytes->begin(), in->bytes->end());
    changed_.notify_all();
    return;
  }
  if (auto* out = std::get_if<written>(&e))
    written_[out->socket] += out->bytes;
  events_.push_back(std::move(e));
  changed_.notify_all();
}

bool recorder::wait_for_bytes(socket_id id, std::size_t size) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience,
                           [&] { return input_[id].size() >= size; });
}

bytes recorder::received_by(socket_id id) {
  std::lock_guard lock(mutex_);
  return input_[id];
}

std::size_t recorder::size_received_by(socket_id id) {
  std::lock_guard lock(mutex_);
  return input_[id].size();
}

std::size_t recorder::size_written_by(socket_id id) {
  std::lock_guard lock(mutex_);
  return written_[id];
}

std::size_t recorder::untaken() {
  std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(events_.begin(), events_.end(), [](const event& e) {
        return !std::holds_alternative<written>(e);
      }));
}

// -- raw_socket ---------------------------------------------------------------

raw_socket::raw_socket(raw_socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

raw_socket& raw_socket::operator=(raw_socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

raw_socket::~raw_socket() {
  close();
}

raw_socket raw_socket::make(bool v6) {
  return raw_socket(
      ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

raw_socket raw_socket::listening(const protocol::ip_address& address,
                                 int backlog) {
  auto result = make(address.is_v6());
  auto name = to_socket_address({address, 0, 0});
  if (::bind(result.fd_, name.data(), name.size) != 0
      || ::listen(result.fd_, backlog) != 0)
    ADD_FAILURE() << "cannot listen: " << errno;
  return result;
}

protocol::endpoint raw_socket::local() const {
  return local_endpoint(fd_);
}

int raw_socket::connect(const protocol::endpoint& to,
                        std::chrono::milliseconds limit) const {
  auto flags = ::fcntl(fd_, F_GETFL);
  ::fcntl(fd_, F_SETFL, flags | O_NONBLOCK);
  auto name = to_socket_address(to);
  auto error = ::connect(fd_, name.data(), name.size) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd p{fd_, POLLOUT, 0};
    auto ready = ::poll(&p, 1, static_cast<int>(limit.count()));
    socklen_t size = sizeof(error);
    if (ready == 1)
      ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    else
      error = ETIMEDOUT;
  }
  ::fcntl(fd_, F_SETFL, flags);
  return error;
}

raw_socket raw_socket::accept() const {
  if (!wait_readable())
    return {};
  return raw_socket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
}

bool raw_socket::send_all(std::span<const std::uint8_t> data) const {
  while (!data.empty()) {
    auto n = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

bytes raw_socket::read(std::size_t size) const {
  bytes result(size);
  std::size_t have = 0;
  while (have < size && wait_readable()) {
    auto n = ::recv(fd_, result.data() + have, size - have, 0);
    if (n <= 0)
      break;
    have += static_cast<std::size_t>(n);
  }
  result.resize(have);
  return result;
}

bytes raw_socket::read_all(int* error) const {
  bytes result;
  bytes buffer(65536);
  auto n = ssize_t{-1};
  errno = ETIMEDOUT;
  while (wait_readable()) {
    n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n <= 0)
      break;
    result.insert(result.end(), buffer.begin(), buffer.begin() + n);
  }
  if (error != nullptr)
    *error = n == 0 ? 0 : errno;
  return result;
}

bool raw_socket::wait_readable(std::chrono::milliseconds limit) const {
  pollfd p{fd_, POLLIN, 0};
  return ::poll(&p, 1, static_cast<int>(limit.count())) == 1;
}

bool raw_socket::set(int level, int name, int value) const {
  return ::setsockopt(fd_, level, name, &value, sizeof(value)) == 0;
}

void raw_socket::close() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

void raw_socket::reset() {
  linger l{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
  close();
}

// -- stage --------------------------------------------------------------------

stage::stage(const reactor_options& options) : net(options) {}

protocol::endpoint stage::listen(const protocol::endpoint& local,
                                 const socket_options& options) {
  auto result = net.listen(local, options, events.sink());
  EXPECT_TRUE(result.listener) << result.message;
  listener = result.listener;
  where = result.bound;
  return where;
}

protocol::endpoint stage::listen() {
  return listen(at("127.0.0.1:0"));
}

connection stage::connect() {
  connection result;
  connect_options options;
  options.remote = where;
  result.client = net.connect(options, events.sink());
  auto up = events.next_of<connected>(result.client);
  EXPECT_TRUE(up);
  std::optional<accepted> in;
  // Others may connect at the same time; ours comes from our port.
  while (up && (in = events.next<accepted>()) && in->remote != up->local)
    net.abort(in->socket);
  EXPECT_TRUE(in);
  if (in)
    result.server = in->socket;
  net.adopt(result.client, events.sink());
  net.adopt(result.server, events.sink());
  return result;
}

socket_id stage::accept(raw_socket& from) {
  EXPECT_EQ(from.connect(where), 0);
  auto in = events.next<accepted>();
  EXPECT_TRUE(in);
  if (!in)
    return {};
  net.adopt(in->socket, events.sink());
  return in->socket;
}

full_listener::full_listener()
    : socket(raw_socket::listening(at("127.0.0.1:0").address, 0)) {
  for (auto i = 0; i < 8; ++i) {
    auto filler = raw_socket::make();
    auto full = filler.connect(where(), 200ms) == ETIMEDOUT;
    fillers.push_back(std::move(filler));
    if (full)
      break;
  }
}

bool sleeps(reactor& net) {
  full_listener silent;
  auto before = net.stats().rounds.load();
  connect_options options;
  options.remote = silent.where();
  options.timeout = 100ms;
  auto over = std::make_shared<std::promise<void>>();
  net.connect(options, [over](const event&) { over->set_value(); });
  over->get_future().wait();
  // A busy loop runs thousands of rounds in this time.
  return net.stats().rounds - before < 50;
}

// -- values -------------------------------------------------------------------

protocol::endpoint at(const char* text) {
  return protocol::endpoint::parse(text).value();
}

shared_bytes share(bytes b) {
  return std::make_shared<const bytes>(std::move(b));
}

std::vector<slice> whole(const shared_bytes& b) {
  return {slice{b, 0, b->size()}};
}

bytes message(std::uint8_t type, std::size_t size, std::uint8_t fill) {
  bytes result(size, fill);
  std::fill_n(result.begin(), 16, std::uint8_t{0xff});
  result.at(16) = static_cast<std::uint8_t>(size >> 8U);
  result.at(17) = static_cast<std::uint8_t>(size & 0xffU);
  result.at(18) = type;
  return result;
}

bytes join(std::span<const bytes> parts) {
  bytes result;
  for (const auto& p : parts)
    result.insert(result.end(), p.begin(), p.end());
  return result;
}

bytes random_bytes(std::uint32_t seed, std::size_t size) {
  std::mt19937 random(seed);
  bytes result(size);
  for (std::size_t i = 0; i < size; i += 4) {
    auto word = random();
    std::memcpy(result.data() + i, &word, std::min<std::size_t>(4, size - i));
  }
  return result;
}

std::size_t open_descriptors() {
  std::filesystem::directory_iterator fds("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(fds), end(fds)));
}

bool eventually(const std::function<bool()>& condition) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace troupe::transport::testing
