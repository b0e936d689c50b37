#include "actors/transport/fake_transport.hpp"
#include "actors/transport/socket_options.hpp"
#include "actors/transport/tcp_keys.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace troupe::transport {

namespace {

// As the reactor does it.
constexpr std::size_t read_window = 1024UL * 1024;
constexpr std::size_t read_size = 64UL * 1024;
/// What a system sends if nobody asks for another TTL.
constexpr std::uint8_t default_ttl = 64;

bool same_key(const peer_key* a, const peer_key* b) {
  if (a == nullptr || b == nullptr)
    return a == b;
  return a->key == b->key && a->scheme == b->scheme && a->id == b->id;
}

} // namespace

const fake_transport::socket_state* fake_transport::find(socket_id id) const {
  auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : &found->second;
}

fake_transport::socket_state* fake_transport::find(socket_id id) {
  auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : &found->second;
}

// -- turns --------------------------------------------------------------------

bool fake_transport::deliver() {
  auto any = false;
  while (step())
    any = true;
  return any;
}

bool fake_transport::step() {
  if (deliver_event() || deliver_message())
    return true;
  // Everybody has a turn, beginning behind the one who had the last.
  auto ids = sockets();
  auto first = std::upper_bound(ids.begin(), ids.end(), turn_);
  std::rotate(ids.begin(), first, ids.end());
  for (auto id : ids) {
    auto* s = find(id);
    if (s != nullptr && progress(id, *s)) {
      turn_ = id;
      return true;
    }
  }
  return false;
}

void fake_transport::post(const event_sink& sink, event what,
                          socket_id socket) {
  events_.push_back({sink, std::move(what), socket});
}

bool fake_transport::deliver_event() {
  while (!events_.empty()) {
    auto next = std::move(events_.front());
    events_.pop_front();
    if (!next.sink || ended_.contains(next.socket))
      continue;
    next.sink(std::move(next.what));
    return true;
  }
  return false;
}

bool fake_transport::progress(socket_id id, socket_state& s) {
  if (s.now == phase::connecting)
    return try_connect(id, s);
  return write_piece(id, s) || read_piece(id, s) || finish(id, s);
}

// -- attempts -----------------------------------------------------------------

bool fake_transport::try_connect(socket_id id, socket_state& s) {
  if (lease_ended(s)) {
    fail(id, ECANCELED);
    return true;
  }
  if (auto refused = refused_.find(s.remote); refused != refused_.end()) {
    fail(id, refused->second);
    return true;
  }
  if (ignored_.contains(s.remote))
    return false;
  const auto* l = find_listener(s.remote);
  if (l == nullptr) {
    fail(id, ECONNREFUSED);
    return true;
  }
  if (!answers(s, l->second))
    return false;
  establish(id, s, l->first);
  return true;
}

const std::pair<const listener_id, fake_transport::listener_state>*
fake_transport::find_listener(const protocol::endpoint& remote) const {
  const std::pair<const listener_id, listener_state>* any = nullptr;
  for (const auto& l : listeners_) {
    const auto& local = l.second.local;
    if (local.port != remote.port)
      continue;
    if (local.address == remote.address)
      return &l;
    if (local.address.is_unspecified()
        && local.address.is_v6() == remote.address.is_v6())
      any = &l;
  }
  return any;
}

bool fake_transport::ttl_suffices(const socket_options& from,
                                  const socket_options& to) {
  auto asked = ttl_to_send(from);
  return (asked == 0 ? default_ttl : asked) >= to.min_ttl;
}

bool fake_transport::answers(const socket_state& s,
                             const listener_state& l) const {
  return ttl_suffices(s.options, l.options)
         && ttl_suffices(l.options, s.options)
         && same_key(find_peer_key(s.options.keys, s.remote.address),
                     find_peer_key(l.options.keys, s.local.address));
}

void fake_transport::establish(socket_id id, socket_state& s,
                               listener_id listener) {
  auto& l = listeners_.at(listener);
  s.now = phase::waiting;
  s.deadline = now_ + adopt_timeout;
  socket_id other_id{++last_id_};
  s.peer = other_id;
  post(s.sink, connected{id, s.local, s.remote}, id);
  auto& other = sockets_[other_id];
  other.sink = l.sink;
  other.now = phase::waiting;
  other.local = at_other_end(s.remote);
  other.remote = at_other_end(s.local);
  other.options = l.options;
  other.peer = id;
  other.deadline = s.deadline;
  if (lease_ended(other))
    return remove(other_id, ECONNRESET);
  const auto* in = interface_at(other.remote.scope_id);
  other.announced = accepted{listener, other_id, other.local, other.remote,
                             in == nullptr ? "" : in->first};
  post(other.sink, *other.announced, other_id);
}

// -- bytes --------------------------------------------------------------------

std::size_t fake_transport::piece(std::size_t most) {
  if (largest_piece_ == 0 || most == 0)
    return most;
  return std::min<std::size_t>(most, 1 + random_() % largest_piece_);
}

bool fake_transport::write_piece(socket_id id, socket_state& s) {
  auto* other = find(s.peer);
  if (s.output.empty() || s.end_of_line > 0 || other == nullptr)
    return false;
  if (lease_ended(s)) {
    fail(id, ECANCELED);
    return true;
  }
  auto room = capacity_ - std::min(capacity_, other->line.size());
  auto size = piece(std::min(room, s.output.size()));
  if (size == 0)
    return false;
  std::array<iovec, 64> pieces{};
  auto used = s.output.fill(pieces);
  auto& record = sent_[id];
  auto before = record.size();
  for (std::size_t i = 0; i < used && record.size() < before + size; ++i) {
    auto n = std::min(pieces[i].iov_len, before + size - record.size());
    const auto* first = static_cast<const std::uint8_t*>(pieces[i].iov_base);
    record.insert(record.end(), first, first + n);
    other->line.insert(other->line.end(), first, first + n);
  }
  s.written += record.size() - before;
  s.unreported += s.output.advance(record.size() - before);
  if (s.unreported >= report_after
      || (s.unreported > 0 && s.output.bulk_size() == 0))
    post(s.sink, written{id, std::exchange(s.unreported, 0)}, id);
  return true;
}

bool fake_transport::read_piece(socket_id id, socket_state& s) {
  if (s.cut || s.line.empty())
    return false;
  if (s.now == phase::closing) {
    s.line.clear(); // nobody listens any more
    return true;
  }
  if (s.now != phase::open || s.paused || s.unconsumed >= read_window)
    return false;
  auto size = piece(std::min(s.line.size(), read_size));
  auto end = s.line.begin() + static_cast<std::ptrdiff_t>(size);
  auto bytes =
      std::make_shared<const std::vector<std::uint8_t>>(s.line.begin(), end);
  s.line.erase(s.line.begin(), end);
  s.unconsumed += size;
  post(s.sink, received{id, std::move(bytes)}, id);
  return true;
}

/// Sends our FIN, or sees the end that the other side has made.
bool fake_transport::finish(socket_id id, socket_state& s) {
  auto* other = find(s.peer);
  if (s.now == phase::closing && !s.fin_sent && s.output.empty()) {
    s.fin_sent = true;
    if (other != nullptr && !other->end_of_line)
      other->end_of_line = 0;
    return true;
  }
  if (s.cut || !s.line.empty() || s.now == phase::waiting)
    return false;
  if (s.now == phase::closing) {
    if (other != nullptr && !s.end_of_line)
      return false;
    remove(id, std::nullopt);
    return true;
  }
  if (!s.end_of_line)
    return false;
  fail(id, *s.end_of_line);
  return true;
}

// -- ends ---------------------------------------------------------------------

bool fake_transport::lease_ended(const socket_state& s) const {
  return !lease_allows(s.options.lease, now_.count());
}

void fake_transport::fail(socket_id id, int error) {
  auto& s = sockets_.at(id);
  auto sink = s.sink;
  auto attempt = s.now == phase::connecting;
  // The other end of a stream that broke here learns it; a FIN it sent itself.
  auto by_peer = s.end_of_line.has_value();
  remove(id, by_peer ? std::nullopt : std::optional(ECONNRESET));
  if (attempt)
    post(sink, connect_failed{id, error}, id);
  else
    post(sink, closed{id, error}, id);
}

void fake_transport::remove(socket_id id, std::optional<int> tell_peer) {
  auto peer = sockets_.at(id).peer;
  sockets_.erase(id);
  auto* other = find(peer);
  if (tell_peer && other != nullptr && !other->end_of_line)
    other->end_of_line = tell_peer;
}

} // namespace troupe::transport
