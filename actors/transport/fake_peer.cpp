#include "actors/transport/fake_peer.hpp"

#include <utility>

namespace troupe::transport {

namespace {

// The class has functions of these names.
using accepted_event = accepted;
using connected_event = connected;
using closed_event = closed;

} // namespace

/// What the sinks note; they may outlive the peer.
struct fake_peer::notes {
  fake_transport* net = nullptr;
  std::optional<socket_id> socket;
  bool up = false;
  std::optional<int> connect_error;
  std::optional<int> end;
  std::size_t taken = 0;
  bytes input;

  void use(socket_id id, const std::shared_ptr<notes>& self) {
    if (socket && *socket != id)
      net->abort(*socket);
    socket = id;
    up = true;
    end.reset();
    input.clear();
    net->adopt(id, sink(self));
  }

  void note(event e, const std::shared_ptr<notes>& self) {
    if (const auto* in = std::get_if<accepted_event>(&e)) {
      ++taken;
      use(in->socket, self);
    } else if (const auto* out = std::get_if<connected_event>(&e)) {
      use(out->socket, self);
    } else if (const auto* no = std::get_if<connect_failed>(&e)) {
      connect_error = no->error;
      socket.reset();
    } else if (const auto* r = std::get_if<received>(&e)) {
      input.insert(input.end(), r->bytes->begin(), r->bytes->end());
      net->consumed(r->socket, r->bytes->size());
    } else if (const auto* last = std::get_if<closed_event>(&e)) {
      end = last->error;
      up = false;
    }
  }

  static event_sink sink(const std::shared_ptr<notes>& self) {
    return [weak = std::weak_ptr(self)](event e) {
      if (auto n = weak.lock())
        n->note(std::move(e), n);
    };
  }
};

fake_peer::fake_peer(fake_transport& net, const protocol::ip_address& address,
                     std::uint32_t scope_id)
    : net_(net), address_(address), scope_id_(scope_id),
      notes_(std::make_shared<notes>()) {
  notes_->net = &net;
}

fake_peer::~fake_peer() {
  stop_listening();
  abort();
}

bool fake_peer::listen(std::uint16_t port, const socket_options& options) {
  stop_listening();
  auto result =
      net_.listen({address_, port, scope_id_}, options, notes::sink(notes_));
  listener_ = result.listener;
  return listener_.has_value();
}

void fake_peer::stop_listening() {
  if (listener_)
    net_.close_listener(*listener_);
  listener_.reset();
}

void fake_peer::connect(const protocol::endpoint& remote,
                        const socket_options& options) {
  abort();
  connect_options to;
  to.remote = remote;
  to.local = protocol::endpoint{address_, 0, scope_id_};
  to.options = options;
  notes_->connect_error.reset();
  notes_->socket = net_.connect(to, notes::sink(notes_));
}

bool fake_peer::connected() const {
  return notes_->up;
}

std::optional<int> fake_peer::connect_error() const {
  return notes_->connect_error;
}

std::optional<int> fake_peer::closed() const {
  return notes_->end;
}

std::size_t fake_peer::accepted() const {
  return notes_->taken;
}

std::optional<socket_id> fake_peer::socket() const {
  return notes_->socket;
}

void fake_peer::send(bytes raw) {
  if (!notes_->socket)
    return;
  auto size = raw.size();
  auto buffer = std::make_shared<const bytes>(std::move(raw));
  // Urgent bytes are not dropped by `close`, nor cut at message boundaries.
  net_.send(*notes_->socket, {{std::move(buffer), 0, size}}, priority::urgent);
}

fake_peer::bytes fake_peer::take() {
  return std::exchange(notes_->input, {});
}

std::optional<fake_peer::bytes> fake_peer::take_message() {
  auto& in = notes_->input;
  constexpr std::size_t header = 19;
  if (in.size() < header)
    return std::nullopt;
  auto size = std::size_t{in[16]} * 256 + in[17];
  if (size < header || in.size() < size)
    return std::nullopt;
  auto end = in.begin() + static_cast<std::ptrdiff_t>(size);
  bytes result(in.begin(), end);
  in.erase(in.begin(), end);
  return result;
}

std::size_t fake_peer::pending() const {
  return notes_->input.size();
}

void fake_peer::stall() {
  if (notes_->socket)
    net_.pause(*notes_->socket);
}

void fake_peer::unstall() {
  if (notes_->socket)
    net_.resume(*notes_->socket);
}

void fake_peer::close() {
  if (notes_->socket)
    net_.close(*notes_->socket);
  notes_->up = false;
}

void fake_peer::abort() {
  if (notes_->socket)
    net_.abort(*notes_->socket);
  notes_->up = false;
}

} // namespace troupe::transport
