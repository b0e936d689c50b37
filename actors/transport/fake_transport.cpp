#include "actors/transport/fake_transport.hpp"

#include "actors/transport/socket_options.hpp"
#include "protocol/check.hpp"

#include <algorithm>
#include <cerrno>

namespace troupe::transport {

namespace {

using protocol::endpoint;

/// Whether the system would not let both listen.
bool in_the_way(const endpoint& a, const endpoint& b) {
  return a.port == b.port && a.address.is_v6() == b.address.is_v6()
         && (a.address == b.address || a.address.is_unspecified()
             || b.address.is_unspecified());
}

} // namespace

fake_transport::fake_transport(std::uint64_t seed) : random_(seed) {}

fake_transport::~fake_transport() = default;

// -- listeners ----------------------------------------------------------------

listen_result fake_transport::listen(const endpoint& local,
                                     const socket_options& options,
                                     event_sink sink) {
  auto bound = local;
  if (bound.port == 0)
    bound.port = ++last_port_;
  for (const auto& [id, l] : listeners_)
    if (in_the_way(l.local, bound))
      return {
          std::nullopt, {}, EADDRINUSE, listen_error_text(bound, EADDRINUSE)};
  listener_id id{++last_id_};
  listeners_.emplace(id, listener_state{bound, options, std::move(sink)});
  return {id, bound, 0, {}};
}

bool fake_transport::take_over(listener_id listener, event_sink sink) {
  auto found = listeners_.find(listener);
  if (found == listeners_.end())
    return false;
  found->second.sink = std::move(sink);
  std::erase_if(events_, [listener](const due_event& e) {
    const auto* a = std::get_if<accepted>(&e.what);
    return a != nullptr && a->listener == listener;
  });
  std::vector<socket_id> left;
  for (auto& [id, s] : sockets_) {
    if (!s.announced || s.announced->listener != listener)
      continue;
    if (s.end_of_line) {
      left.push_back(id);
      continue;
    }
    s.deadline = now_ + adopt_timeout;
    post(found->second.sink, *s.announced, id);
  }
  for (const auto id : left)
    abort(id);
  return true;
}

std::optional<option_error>
fake_transport::change(listener_id listener, const socket_options& options) {
  auto found = listeners_.find(listener);
  if (found == listeners_.end())
    return std::nullopt;
  auto& now = found->second.options;
  now.keys = options.keys;
  now.min_ttl = options.min_ttl;
  now.ttl = options.ttl;
  return std::nullopt;
}

void fake_transport::close_listener(listener_id listener) {
  listeners_.erase(listener);
  for (const auto id : sockets())
    if (const auto* s = find(id);
        s->announced && s->announced->listener == listener)
      remove(id, ECONNRESET);
}

// -- sockets ------------------------------------------------------------------

socket_id fake_transport::connect(const connect_options& options,
                                  event_sink sink) {
  socket_id id{++last_id_};
  auto& s = sockets_[id];
  s.sink = std::move(sink);
  s.remote = options.remote;
  s.local = options.local.value_or(source_towards(options.remote));
  if (s.local.port == 0)
    s.local.port = ++last_port_;
  s.options = options.options;
  s.deadline = now_ + options.timeout;
  return id;
}

void fake_transport::adopt(socket_id socket, event_sink sink) {
  auto* s = find(socket);
  if (s == nullptr || s->now == phase::closing)
    return post(sink, closed{socket, ENOTCONN}, socket);
  if (s->now == phase::connecting)
    return;
  s->sink = std::move(sink);
  s->now = phase::open;
  s->announced.reset();
  s->deadline.reset();
}

std::optional<option_error>
fake_transport::configure(socket_id socket, const socket_options& options) {
  auto* s = find(socket);
  if (s == nullptr)
    return std::nullopt;
  auto lease = options.lease ? options.lease : s->options.lease;
  s->options = options;
  s->options.lease = lease;
  const auto* other = find(s->peer);
  if (other == nullptr || ttl_suffices(other->options, options))
    return std::nullopt;
  abort(socket);
  return option_error{EPERM, "the peer's SYN came with too small a TTL"};
}

void fake_transport::send(socket_id socket, std::vector<slice> slices,
                          priority p) {
  auto* s = find(socket);
  if (s == nullptr || s->now == phase::closing)
    return;
  for (const auto& part : slices)
    TROUPE_CHECK(part.buffer != nullptr && part.offset <= part.buffer->size()
                     && part.size <= part.buffer->size() - part.offset,
                 "a slice lies outside its buffer");
  s->output.push(std::move(slices), p);
}

void fake_transport::consumed(socket_id socket, std::size_t bytes) {
  if (auto* s = find(socket))
    s->unconsumed -= std::min(s->unconsumed, bytes);
}

void fake_transport::pause(socket_id socket) {
  if (auto* s = find(socket))
    s->paused = true;
}

void fake_transport::resume(socket_id socket) {
  if (auto* s = find(socket))
    s->paused = false;
}

std::optional<attachment>
fake_transport::attachment_of(const protocol::ip_address& local) const {
  const auto found =
      std::ranges::find_if(subnets_, [&](const attachment& each) {
        return each.subnet.contains(local);
      });
  return found == subnets_.end() ? std::nullopt : std::optional{*found};
}

bool fake_transport::input_pending(socket_id socket) const {
  const auto* s = find(socket);
  if (s == nullptr || s->now == phase::closing)
    return false;
  // What was read and is still to be delivered counts as unread.
  auto is_read = [socket](const due_event& e) {
    return e.socket == socket && std::holds_alternative<received>(e.what);
  };
  return (!s->cut && !s->line.empty())
         || std::any_of(events_.begin(), events_.end(), is_read);
}

std::size_t fake_transport::output_pending(socket_id socket) const {
  const auto* s = find(socket);
  return s == nullptr || s->now == phase::closing ? 0 : s->output.size();
}

std::uint64_t fake_transport::output_written(socket_id socket) const {
  const auto* s = find(socket);
  return s == nullptr ? 0 : s->written;
}

void fake_transport::close(socket_id socket) {
  auto* s = find(socket);
  ended_.insert(socket);
  if (s == nullptr || s->now == phase::closing)
    return;
  if (s->now == phase::connecting)
    return remove(socket, std::nullopt);
  s->now = phase::closing;
  s->sink = nullptr;
  s->announced.reset();
  s->output.drop_unstarted();
  s->deadline = now_ + close_timeout;
}

void fake_transport::abort(socket_id socket) {
  ended_.insert(socket);
  if (const auto* s = find(socket); s != nullptr && s->now != phase::closing)
    remove(socket, ECONNRESET);
}

// -- clock and faults ---------------------------------------------------------

void fake_transport::advance(duration by) {
  now_ += by;
  for (auto id : sockets()) {
    auto* s = find(id);
    if (s != nullptr && s->deadline && *s->deadline <= now_)
      expire(id, *s);
  }
}

void fake_transport::expire(socket_id id, socket_state& s) {
  if (s.now == phase::connecting)
    return fail(id, ETIMEDOUT);
  // A FIN that the other end has yet to read stands as it is.
  auto drained = s.now == phase::closing && s.fin_sent;
  remove(id, drained ? std::nullopt : std::optional(ECONNRESET));
}

fake_transport::duration fake_transport::now() const {
  return now_;
}

void fake_transport::refuse(const endpoint& remote, int error) {
  if (error == 0)
    refused_.erase(remote);
  else
    refused_[remote] = error;
}

void fake_transport::ignore(const endpoint& remote, bool on) {
  if (on)
    ignored_.insert(remote);
  else
    ignored_.erase(remote);
}

void fake_transport::reset(socket_id socket, int error) {
  auto* s = find(socket);
  if (s == nullptr || s->now == phase::connecting)
    return;
  for (auto id : {socket, s->peer}) {
    if (auto* end = find(id)) {
      end->line.clear();
      end->output.clear();
      end->end_of_line = error;
    }
  }
}

void fake_transport::cut(socket_id socket) {
  if (auto* s = find(socket)) {
    s->cut = true;
    if (auto* other = find(s->peer))
      other->cut = true;
  }
}

void fake_transport::set_line_capacity(std::size_t bytes) {
  capacity_ = bytes;
}

void fake_transport::fragment(std::size_t largest) {
  largest_piece_ = largest;
}

// -- inspection ---------------------------------------------------------------

std::span<const std::uint8_t> fake_transport::sent(socket_id socket) const {
  auto found = sent_.find(socket);
  if (found == sent_.end())
    return {};
  return found->second;
}

bool fake_transport::alive(socket_id socket) const {
  return find(socket) != nullptr;
}

std::optional<socket_id> fake_transport::peer_of(socket_id socket) const {
  const auto* s = find(socket);
  if (s == nullptr || s->now == phase::connecting)
    return std::nullopt;
  return s->peer;
}

std::vector<socket_id> fake_transport::sockets() const {
  std::vector<socket_id> result;
  for (const auto& [id, s] : sockets_)
    result.push_back(id);
  return result;
}

} // namespace troupe::transport
