#include "actors/transport/reactor.hpp"

#include "actors/transport/event_loop.hpp"
#include "actors/transport/interfaces.hpp"
#include "actors/transport/link_socket.hpp"
#include "actors/transport/socket_address.hpp"
#include "actors/transport/socket_options.hpp"
#include "actors/transport/tcp_keys.hpp"
#include "protocol/check.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/ioctl.h>

namespace troupe::transport {

namespace {

constexpr int backlog = 1024;

listen_result failed(int error, std::string message) {
  return {std::nullopt, {}, error, std::move(message)};
}

/// GTSM (RFC 5082 §3) for bytes that came before the option was set: the SYN
/// stands for them.
std::optional<option_error> check_syn(const socket_handle& socket,
                                      std::uint8_t min_ttl) {
  if (min_ttl == 0 || !socket.was_accepted)
    return std::nullopt;
  if (socket.syn_ttl && *socket.syn_ttl >= min_ttl)
    return std::nullopt;
  if (socket.syn_ttl)
    return option_error{
        EPERM, "the peer's SYN came with TTL " + std::to_string(*socket.syn_ttl)
                   + ", required is " + std::to_string(min_ttl)};
  auto unread = 0;
  if (::ioctl(socket.fd.get(), FIONREAD, &unread) == 0 && unread == 0)
    return std::nullopt;
  return option_error{EPERM, "bytes came with an unknown TTL"};
}

} // namespace

class reactor::shared_state : public reactor_shared {
public:
  explicit shared_state(const reactor_options& o) : reactor_shared(o) {
    auto give = [this](command::add_accepted c) {
      auto id = static_cast<std::uint64_t>(c.socket->id);
      loop_of(id).push(std::move(c));
    };
    count = std::max(1U, o.threads);
    // No loop gives a socket away before all exist: listeners come later.
    for (auto i = 0U; i < count; ++i)
      loops.push_back(std::make_unique<event_loop>(*this, give));
  }

  event_loop& loop_of(std::uint64_t id) { return *loops[id % count]; }
  event_loop& loop_of(socket_id id) {
    return loop_of(static_cast<std::uint64_t>(id));
  }

  std::shared_ptr<socket_handle> end(socket_id id) {
    auto handle = sockets.remove(id);
    if (handle)
      handle->ended = true;
    return handle;
  }

  unsigned count = 1;
  std::vector<std::unique_ptr<event_loop>> loops;
};

reactor::reactor(const reactor_options& options)
    : state_(std::make_unique<shared_state>(options)) {}

reactor::~reactor() {
  state_->stopping = true;
  for (auto& loop : state_->loops)
    loop->push(command::stop{});
  for (auto& loop : state_->loops)
    loop->join();
}

// -- listeners ----------------------------------------------------------------

listen_result reactor::listen(const protocol::endpoint& local,
                              const socket_options& options, event_sink sink) {
  auto v6 = local.address.is_v6();
  file_descriptor fd(::socket(v6 ? AF_INET6 : AF_INET,
                              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd)
    return failed(errno, listen_error_text(local, errno));
  auto error = set_common(fd.get(), state_->options.buffer_size);
  if (!error)
    error = prepare_listener(fd.get(), v6, options);
  if (error)
    return failed(error->error, "cannot listen on " + to_string(local) + ": "
                                    + error->message);
  std::vector<protocol::prefix> unprotected;
  const auto key_error =
      replace_peer_keys(fd.get(), v6, {}, options.keys, unprotected);
  auto address = to_socket_address(local);
  if (::bind(fd.get(), address.data(), address.size) != 0
      || ::listen(fd.get(), backlog) != 0)
    return failed(errno, listen_error_text(local, errno));
  auto handle =
      std::make_shared<listener_handle>(listener_id{state_->next_id()});
  auto bound = local_endpoint(fd.get());
  handle->fd = std::move(fd);
  handle->v6 = v6;
  handle->options = options;
  handle->unprotected = std::move(unprotected);
  state_->listeners.add(handle);
  // First everybody who may get a connection learns whom to tell, then the
  // loop in charge begins to accept.
  auto& owner = state_->loop_of(static_cast<std::uint64_t>(handle->id));
  for (auto& loop : state_->loops)
    if (loop.get() != &owner)
      loop->push(command::watch_listener{handle, sink, false});
  owner.push(command::watch_listener{handle, std::move(sink), true});
  if (key_error)
    return {handle->id, bound, key_error->error, key_error->message};
  return {handle->id, bound, 0, {}};
}

bool reactor::take_over(listener_id listener, event_sink sink) {
  if (!state_->listeners.find(listener))
    return false;
  for (auto& loop : state_->loops)
    loop->push(command::take_over{listener, sink});
  return true;
}

std::optional<option_error> reactor::change(listener_id listener,
                                            const socket_options& options) {
  auto handle = state_->listeners.find(listener);
  if (!handle)
    return std::nullopt;
  std::lock_guard lock(handle->mutex);
  if (!handle->fd)
    return std::nullopt;
  handle->unprotected.clear();
  auto error =
      replace_peer_keys(handle->fd.get(), handle->v6,
                        std::exchange(handle->options.keys, options.keys),
                        options.keys, handle->unprotected);
  auto ttl_error = set_ttl(handle->fd.get(), handle->v6, options);
  handle->options.min_ttl = options.min_ttl;
  handle->options.ttl = options.ttl;
  return error ? error : ttl_error;
}

void reactor::close_listener(listener_id listener) {
  auto handle = state_->listeners.remove(listener);
  if (!handle)
    return;
  handle->ended = true;
  {
    std::lock_guard lock(handle->mutex);
    handle->fd.reset();
  }
  for (auto& loop : state_->loops)
    loop->push(command::forget_listener{listener});
}

// -- links --------------------------------------------------------------------

std::optional<interface_status>
reactor::find_interface(const std::string& name) const {
  return interface_named(name);
}

std::optional<protocol::ip_address>
reactor::global_address(std::uint32_t interface_index) const {
  return interface_global_address(interface_index);
}

link_result reactor::open_link(const std::string& interface, link_sink sink) {
  auto handle = std::make_shared<link_handle>(link_id{state_->next_id()});
  const auto id = handle->id;
  if (auto error = open_link_socket(interface, *handle))
    return {std::nullopt, error->error, std::move(error->message)};
  state_->links.add(handle);
  state_->loop_of(static_cast<std::uint64_t>(id))
      .push(command::watch_link{std::move(handle), std::move(sink)});
  return {id, 0, {}};
}

std::optional<option_error>
reactor::send_on_link(link_id link, const protocol::ip_address& to,
                      const std::vector<std::uint8_t>& message) {
  const auto handle = state_->links.find(link);
  if (!handle)
    return std::nullopt;
  std::lock_guard lock(handle->mutex);
  return handle->fd ? send_on_link_socket(*handle, to, message) : std::nullopt;
}

void reactor::close_link(link_id link) {
  const auto handle = state_->links.remove(link);
  if (!handle)
    return;
  handle->ended = true;
  {
    std::lock_guard lock(handle->mutex);
    handle->fd.reset();
  }
  state_->loop_of(static_cast<std::uint64_t>(link))
      .push(command::forget_link{link});
}

// -- sockets ------------------------------------------------------------------

socket_id reactor::connect(const connect_options& options, event_sink sink) {
  auto handle = std::make_shared<socket_handle>(socket_id{state_->next_id()});
  auto id = handle->id;
  state_->sockets.add(handle);
  state_->loop_of(id).push(
      command::start_connect{std::move(handle), options, std::move(sink)});
  return id;
}

void reactor::adopt(socket_id socket, event_sink sink) {
  state_->loop_of(socket).push(command::adopt{socket, std::move(sink)});
}

std::optional<option_error> reactor::configure(socket_id socket,
                                               const socket_options& options) {
  auto handle = state_->sockets.find(socket);
  if (!handle)
    return std::nullopt;
  std::optional<option_error> error;
  {
    std::lock_guard lock(handle->mutex);
    if (!handle->fd)
      return std::nullopt;
    error = set_ttl(handle->fd.get(), handle->v6, options);
    if (!error)
      error = check_syn(*handle, options.min_ttl);
  }
  if (error)
    abort(socket);
  else if (options.lease)
    state_->loop_of(socket).push(command::set_lease{socket, options.lease});
  return error;
}

void reactor::send(socket_id socket, std::vector<slice> slices, priority p) {
  auto handle = state_->sockets.find(socket);
  if (!handle)
    return;
  std::size_t size = 0;
  for (const auto& s : slices) {
    TROUPE_CHECK(s.buffer != nullptr && s.offset <= s.buffer->size()
                     && s.size <= s.buffer->size() - s.offset,
                 "a slice lies outside its buffer");
    size += s.size;
  }
  if (size == 0)
    return;
  handle->queued += size;
  state_->loop_of(socket).push(command::send{socket, std::move(slices), p});
}

void reactor::consumed(socket_id socket, std::size_t bytes) {
  auto handle = state_->sockets.find(socket);
  if (!handle || bytes == 0)
    return;
  auto before = handle->unconsumed.load();
  const auto left = [&] { return before - std::min(before, bytes); };
  while (!handle->unconsumed.compare_exchange_weak(before, left())) {
  }
  const auto after = left();
  auto window = state_->options.read_window;
  if (before >= window && after < window)
    state_->loop_of(socket).push(command::read_again{socket});
}

void reactor::pause(socket_id socket) {
  if (auto handle = state_->sockets.find(socket))
    handle->paused = true;
}

void reactor::resume(socket_id socket) {
  auto handle = state_->sockets.find(socket);
  if (handle && handle->paused.exchange(false))
    state_->loop_of(socket).push(command::read_again{socket});
}

std::optional<attachment>
reactor::attachment_of(const protocol::ip_address& local) const {
  return interface_attachment(local);
}

bool reactor::input_pending(socket_id socket) const {
  auto handle = state_->sockets.find(socket);
  if (!handle)
    return false;
  auto unread = 0;
  {
    std::lock_guard lock(handle->mutex);
    if (!handle->fd || ::ioctl(handle->fd.get(), FIONREAD, &unread) != 0)
      unread = 0;
  }
  // In this order: what left the kernel meanwhile is being delivered.
  return unread > 0 || handle->delivering;
}

std::size_t reactor::output_pending(socket_id socket) const {
  auto handle = state_->sockets.find(socket);
  return handle ? handle->queued.load() : 0;
}

std::uint64_t reactor::output_written(socket_id socket) const {
  auto handle = state_->sockets.find(socket);
  return handle ? handle->written.load() : 0;
}

void reactor::close(socket_id socket) {
  if (state_->end(socket))
    state_->loop_of(socket).push(command::end{socket, true});
}

void reactor::abort(socket_id socket) {
  if (state_->end(socket))
    state_->loop_of(socket).push(command::end{socket, false});
}

const statistics& reactor::stats() const {
  return state_->stats;
}

} // namespace troupe::transport
