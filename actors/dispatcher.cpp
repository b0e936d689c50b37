#include "actors/dispatcher.hpp"

#include "actors/log/records.hpp"

#include <algorithm>

namespace troupe::actors {

using namespace std::chrono_literals;

namespace {

/// How long until a port in use is tried again: 1 s, 2 s, ... 30 s.
std::chrono::seconds retry_after(unsigned failures) {
  return std::min(30s, std::chrono::seconds{1LL << std::min(failures, 5U)});
}

} // namespace

dispatcher::dispatcher(caf::actor_config& config,
                       dispatcher_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)),
      address_text_(to_string(self_.address)) {}

dispatcher::behavior_type dispatcher::make_behavior() {
  set_exit_handler([this](caf::exit_msg& exit) {
    log::log_dispatcher_shutdown(log(), address_text_);
    stopped_ = true;
    quit(exit.reason);
  });
  log::log_dispatcher_started(log(), address_text_);
  bind();
  return {
      [this](const listener_event& m) { handle(m.what); },
      [this](const directory_changed& m) {
        directory_ = m.entries;
        self_.options = m.options;
        if (!self_.listener)
          return;
        if (const auto error =
                self_.environment->sockets.change(*self_.listener, m.options))
          log().write(log::dispatcher_record(
              log::level::error, "listener options: " + error->message,
              address_text_));
      },
      [this](const dispatcher_step&) { bind(); },
      [this](const stop_dispatcher&) {
        log::log_dispatcher_shutdown(log(), address_text_);
        stopped_ = true;
        quit();
      },
  };
}

/// An orderly end closes the listener; after a crash it waits in the transport
/// for the next incarnation.
void dispatcher::on_exit() {
  if (stopped_ && self_.listener)
    self_.environment->sockets.close_listener(*self_.listener);
  directory_.clear();
  self_.node = nullptr;
}

transport::event_sink dispatcher::sink() {
  const auto me = caf::actor_cast<dispatcher_actor>(this);
  return [me](transport::event event) {
    caf::anon_send(me, listener_event{std::move(event)});
  };
}

void dispatcher::bind() {
  log::log_listener_bind(log(), address_text_);
  if (self_.listener
      && !self_.environment->sockets.take_over(*self_.listener, sink()))
    self_.listener.reset();
  std::string error;
  if (!self_.listener) {
    const auto result =
        self_.environment->sockets.listen(self_.address, self_.options, sink());
    self_.listener = result.listener;
    error = result.message;
    if (self_.listener && !error.empty())
      log().write(log::dispatcher_record(
          log::level::error, "listener options: " + error, address_text_));
  }
  if (!self_.listener) {
    const auto pause = retry_after(failures_++);
    log().write(log::dispatcher_record(
        log::level::error,
        "cannot listen on " + address_text_ + ": " + error + "; next try in "
            + std::to_string(pause.count()) + " s",
        address_text_));
    set_state("unbound");
    this->delayed_send(caf::actor_cast<dispatcher_actor>(this), pause,
                       dispatcher_step{});
  } else {
    failures_ = 0;
    set_state("listening");
  }
  this->send(self_.node, listener_report{self_.address, self_.listener, error});
}

/// An explicit neighbour beats the longest range (DESIGN §3).
const directory_entry* dispatcher::find(const transport::accepted& who) const {
  const directory_entry* best = nullptr;
  for (const auto& entry : directory_) {
    if (entry.local && *entry.local != who.local.address)
      continue;
    if (!entry.remote.contains(who.remote.address))
      continue;
    // The same link-local address on another link is another peer.
    if (!entry.interface.empty() && !who.interface.empty()
        && entry.interface != who.interface)
      continue;
    if (best == nullptr || entry.remote.length() > best->remote.length())
      best = &entry;
  }
  return best;
}

/// Closed without a word: a stranger learns nothing (RFC 4271 §8.2.1 leaves the
/// choice). Who knocks again and again does not fill the log.
void dispatcher::refuse(const transport::accepted& who) {
  ++refused_;
  set_state("listening, refused " + std::to_string(refused_) + " strangers");
  if (refused_ <= 16 || (refused_ & (refused_ - 1)) == 0)
    log().write(
        log::dispatcher_record(log::level::warn,
                               "connection from " + to_string(who.remote)
                                   + " refused: no neighbor has this address",
                               address_text_, {{"refused", refused_}}));
  self_.environment->sockets.abort(who.socket);
}

void dispatcher::handle(const transport::event& event) {
  const auto* who = std::get_if<transport::accepted>(&event);
  if (who == nullptr)
    return;
  const auto* entry = find(*who);
  if (entry == nullptr || !entry->router) {
    return refuse(*who);
  }
  this->send(entry->router, incoming_connection{who->socket, who->local,
                                                who->remote, who->interface});
}

} // namespace troupe::actors
