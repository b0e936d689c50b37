#include "actors/transport/event_loop.hpp"

#include "actors/transport/link_socket.hpp"

#include <algorithm>
#include <csignal>
#include <pthread.h>

namespace troupe::transport {

namespace {

/// The eventfd; ids of sockets, listeners and links begin at 1.
constexpr std::uint64_t wake_id = 0;

/// Messages taken off a link in a row before other sockets have their turn.
constexpr int most_link_messages = 16;

/// Blocks all signals of this thread, and so of those that it starts.
class signals_blocked {
public:
  signals_blocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

private:
  sigset_t before_{};
};

} // namespace

event_loop::event_loop(reactor_shared& shared, hand_over give)
    : context_(shared), give_(std::move(give)) {
  auto error = context_.poll.watch(queue_.fd(), wake_id, 0, EPOLLIN);
  if (error != 0)
    throw std::system_error(error, std::generic_category(), "epoll_ctl");
  signals_blocked guard;
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "reactor");
}

event_loop::~event_loop() {
  if (thread_.joinable()) {
    push(command::stop{});
    thread_.join();
  }
}

void event_loop::push(command::any c) {
  if (queue_.push(std::move(c)))
    ++context_.shared.stats.wakeups;
}

void event_loop::join() {
  if (thread_.joinable())
    thread_.join();
}

void event_loop::run() {
  while (!finished()) {
    auto happened = context_.poll.wait(time_to_sleep());
    queue_.awake();
    ++context_.shared.stats.rounds;
    for (const auto& h : happened)
      on_ready(h.data.u64, h.events);
    run_commands();
    flush_dirty();
    run_timers();
  }
}

std::optional<std::chrono::nanoseconds> event_loop::time_to_sleep() {
  if (!queue_.prepare_sleep())
    return std::chrono::nanoseconds(0);
  auto next = context_.timers.next();
  if (!next)
    return std::nullopt;
  return *next - timer_queue::clock::now();
}

void event_loop::on_ready(std::uint64_t id, std::uint32_t events) {
  if (id == wake_id)
    return queue_.clear_wake();
  // What an earlier event of this round has ended is not found any more.
  if (auto* socket = find(socket_id{id}))
    return note(socket_id{id}, socket->on_events(events));
  if (const auto link = links_.find(link_id{id}); link != links_.end())
    return read_link(link->second);
  auto listener = listeners_.find(listener_id{id});
  if (listener != listeners_.end() && listener->second.accepting)
    listener->second.accepting->on_ready(give_);
}

void event_loop::run_timers() {
  auto now = timer_queue::clock::now();
  while (auto id = context_.timers.take_due(now)) {
    if (auto* socket = find(socket_id{*id})) {
      socket->on_timeout();
      note(socket_id{*id}, false);
      continue;
    }
    auto listener = listeners_.find(listener_id{*id});
    if (listener != listeners_.end() && listener->second.accepting)
      listener->second.accepting->start();
  }
}

void event_loop::run_commands() {
  queue_.take(commands_);
  for (auto& c : commands_)
    std::visit([this](auto& x) { run(std::move(x)); }, c);
  commands_.clear();
}

void event_loop::flush_dirty() {
  for (auto id : dirty_)
    if (auto* socket = find(id))
      note(id, socket->flush());
  dirty_.clear();
}

stream_socket* event_loop::find(socket_id id) {
  auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : found->second.get();
}

void event_loop::note(socket_id id, bool alive) {
  if (!alive)
    sockets_.erase(id);
}

void event_loop::tell(const event_sink& sink, event e) noexcept {
  if (sink && !context_.shared.stopping)
    sink(std::move(e));
}

void event_loop::read_link(const watched_link& link) noexcept {
  for (auto i = 0; i < most_link_messages; ++i) {
    std::optional<link_message> message;
    {
      std::lock_guard lock(link.handle->mutex);
      if (link.handle->fd)
        message = receive_from_link(*link.handle, context_.buffer);
    }
    if (!message || link.handle->ended || context_.shared.stopping)
      return;
    link.sink(*std::move(message));
  }
}

// -- commands -----------------------------------------------------------------

void event_loop::run(command::watch_listener&& c) {
  auto& listener = listeners_[c.listener->id];
  listener.handle = std::move(c.listener);
  listener.sink = std::move(c.sink);
  if (c.accept) {
    listener.accepting = std::make_unique<acceptor>(context_, listener.handle);
    listener.accepting->start();
  }
}

void event_loop::run(command::forget_listener&& c) {
  listeners_.erase(c.listener);
  std::erase_if(sockets_, [&](const auto& each) {
    const bool ends = each.second->waits_for(c.listener);
    if (ends)
      each.second->abort();
    return ends;
  });
}

void event_loop::run(command::take_over&& c) {
  auto found = listeners_.find(c.listener);
  if (found == listeners_.end())
    return;
  found->second.sink = std::move(c.sink);
  std::vector<socket_id> ids;
  for (const auto& [id, socket] : sockets_)
    ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (auto id : ids)
    note(id, find(id)->announce_again(c.listener, found->second.sink));
}

void event_loop::run(command::add_accepted&& c) {
  auto listener = listeners_.find(c.what.listener);
  if (listener == listeners_.end() || listener->second.handle->ended) {
    linger_not(c.socket->fd.get());
    ++context_.shared.stats.refused;
    return;
  }
  context_.shared.sockets.add(c.socket);
  auto id = c.socket->id;
  auto& socket = sockets_[id];
  socket = std::make_unique<stream_socket>(context_, std::move(c.socket),
                                           listener->second.sink);
  socket->announce(c.what, std::move(c.lease));
}

void event_loop::run(command::start_connect&& c) {
  if (stopped_ || c.socket->ended)
    return;
  auto id = c.socket->id;
  auto& socket = sockets_[id];
  socket = std::make_unique<stream_socket>(context_, std::move(c.socket),
                                           std::move(c.sink));
  note(id, socket->connect(c.options));
}

void event_loop::run(command::adopt&& c) {
  if (auto* socket = find(c.socket))
    return note(c.socket, socket->adopt(std::move(c.sink)));
  tell(c.sink, closed{c.socket, ENOTCONN});
}

void event_loop::run(command::set_lease&& c) {
  if (auto* socket = find(c.socket))
    socket->set_lease(std::move(c.lease));
}

void event_loop::run(command::send&& c) {
  auto* socket = find(c.socket);
  if (socket != nullptr && socket->enqueue(std::move(c.slices), c.p))
    dirty_.push_back(c.socket);
}

void event_loop::run(command::watch_link&& c) {
  const auto id = c.link->id;
  auto& link = links_[id];
  link = {std::move(c.link), std::move(c.sink)};
  std::lock_guard lock(link.handle->mutex);
  // A closed one leaves the epoll instance by itself.
  if (link.handle->fd)
    context_.poll.watch(link.handle->fd.get(), static_cast<std::uint64_t>(id),
                        0, EPOLLIN);
}

void event_loop::run(command::forget_link&& c) {
  links_.erase(c.link);
}

void event_loop::run(command::read_again&& c) {
  if (auto* socket = find(c.socket))
    note(c.socket, socket->read_again());
}

void event_loop::run(command::end&& c) {
  auto* socket = find(c.socket);
  if (socket == nullptr)
    return;
  if (c.flush)
    return note(c.socket, socket->close());
  socket->abort();
  note(c.socket, false);
}

void event_loop::run(command::stop&&) {
  stopped_ = true;
  for (auto& [id, listener] : listeners_) {
    std::lock_guard lock(listener.handle->mutex);
    listener.handle->fd.reset();
  }
  listeners_.clear();
  links_.clear();
  std::erase_if(sockets_, [](const auto& s) { return !s.second->closing(); });
}

} // namespace troupe::transport
