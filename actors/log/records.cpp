#include "actors/log/records.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe::log {

namespace {

// The units and modules of the log; components are all "bgp".
constexpr std::string_view session_unit = "session_runner";
constexpr std::string_view dispatcher_unit = "dispatcher";
constexpr std::string_view connection_unit = "connection_tcp";
constexpr std::string_view router_module = "router";
constexpr std::string_view neighbor_module = "neighbor";

constexpr std::string_view outbound = "outbound";

std::string text(std::string_view a, std::string_view b,
                 std::string_view c = {}) {
  std::string out;
  out.reserve(a.size() + b.size() + c.size());
  return out.append(a).append(b).append(c);
}

/// " (conn_id: 214cf3d0)".
std::string conn_id_text(const connection_context& c) {
  return " (conn_id: " + connection_id_text(c.id) + ")";
}

/// "(LOCAL, PEER)".
std::string endpoints_text(const connection_context& c) {
  return "(" + std::string(c.local) + ", " + std::string(c.peer) + ")";
}

std::string socket_text(const connection_context& c) {
  return "TcpStream { addr: " + std::string(c.local) + ", peer: "
         + std::string(c.peer) + ", fd: " + std::to_string(c.socket) + " }";
}

void add_context(record& r, const session_context& s) {
  r.with("session_clock", to_string(s.clock))
      .with("neighbor", s.neighbor)
      .with("neighbor_name", s.neighbor_name);
}

/// The fields that all records of a receive loop end with.
void add_receive_context(record& r, const connection_context& c) {
  r.with("connection_id", connection_id_text(c.id))
      .with("connection_peer", c.peer)
      .with("connection", socket_text(c))
      .with("direction", c.direction);
}

std::vector<field> fields_of(std::string_view key, std::string_view content) {
  return {{key, value{std::string(content)}}};
}

void write_session(logger& l, level severity, const session_context& s,
                   std::string message) {
  l.write(session_record(severity, std::move(message), s));
}

} // namespace

// -- records with their context -----------------------------------------------

record session_record(level severity, std::string message,
                      const session_context& s, std::vector<field> own) {
  record r{severity, std::move(message), session_unit, neighbor_module,
           std::move(own)};
  r.with("fsm_state", s.fsm_state);
  add_context(r, s);
  return r;
}

record session_record(level severity, std::string message,
                      const session_context& s, const connection_context& c,
                      std::vector<field> own) {
  record r{severity, std::move(message), session_unit, neighbor_module,
           std::move(own)};
  r.with("fsm_state", s.fsm_state)
      .with("direction", c.direction)
      .with("connection_clock", to_string(c.clock, c.id))
      .with("connection_id", connection_id_text(c.id))
      .with("connection", endpoints_text(c));
  add_context(r, s);
  return r;
}

record router_record(level severity, std::string message,
                     std::vector<field> own) {
  return {severity, std::move(message), session_unit, router_module,
          std::move(own)};
}

record dispatcher_record(level severity, std::string message,
                         std::string_view listen_address,
                         std::vector<field> own) {
  record r{severity, std::move(message), dispatcher_unit, neighbor_module,
           std::move(own)};
  r.with("listen_address", listen_address);
  return r;
}

record connection_record(level severity, std::string message,
                         std::vector<field> own) {
  return {severity, std::move(message), connection_unit, neighbor_module,
          std::move(own)};
}

// -- router -------------------------------------------------------------------

void log_spawning_session(logger& l, std::string_view neighbor_name) {
  if (l.enabled(level::info))
    l.write(router_record(level::info,
                          text("spawning session for ", neighbor_name)));
}

void log_router_shutdown(logger& l, std::uint32_t asn, std::string_view id) {
  if (l.enabled(level::info))
    l.write(router_record(
        level::info, "router (asn: " + std::to_string(asn)
                         + ", id: " + std::string(id)
                         + ") received shutdown request, stopping sessions"));
}

// -- dispatcher ---------------------------------------------------------------

void log_dispatcher_started(logger& l, std::string_view listen_address) {
  if (l.enabled(level::info))
    l.write(
        dispatcher_record(level::info, "dispatcher started", listen_address));
}

void log_listener_bind(logger& l, std::string_view listen_address) {
  if (l.enabled(level::debug))
    l.write(dispatcher_record(
        level::debug, text("listener bind: ", listen_address), listen_address));
}

void log_dispatcher_shutdown(logger& l, std::string_view listen_address) {
  if (l.enabled(level::info))
    l.write(dispatcher_record(
        level::info,
        "dispatcher received shutdown request, setting shutdown flag",
        listen_address));
}

// -- session ------------------------------------------------------------------

void log_session_started(logger& l, const session_context& s,
                         lazy_text parameters) {
  if (l.enabled(level::info))
    l.write(session_record(level::info, "starting peer state machine", s,
                           fields_of("params", parameters.get())));
}

void log_connect_attempt(logger& l, const session_context& s) {
  if (l.enabled(level::debug))
    write_session(l, level::debug, s, "starting connect attempt");
}

void log_connector_spawned(logger& l, const session_context& s) {
  if (l.enabled(level::debug))
    write_session(l, level::debug, s, "spawned new connector");
}

void log_connector_completed(logger& l, const session_context& s,
                             std::string_view context) {
  if (l.enabled(level::debug))
    l.write(session_record(level::debug, "connector completed successfully", s,
                           fields_of("context", context)));
}

void log_fsm_transition(logger& l, const session_context& s,
                        std::string_view from, std::string_view to) {
  if (l.enabled(level::info))
    write_session(l, level::info, s,
                  text("fsm transition ", from, text(" -> ", to)));
}

void log_fsm_event(logger& l, const session_context& s,
                   std::string_view event) {
  if (l.enabled(level::debug))
    l.write(session_record(level::debug, text("received fsm event ", event), s,
                           fields_of("event", event)));
}

void log_fsm_event(logger& l, const session_context& s,
                   const connection_context& c, std::string_view event) {
  if (l.enabled(level::debug))
    l.write(session_record(level::debug, "received fsm event", s, c,
                           fields_of("event", event)));
}

void log_unexpected_admin_event(logger& l, const session_context& s,
                                std::string_view event) {
  if (l.enabled(level::warn))
    l.write(session_record(
        level::warn, text("unexpected admin fsm event ", event, ", ignoring"),
        s, fields_of("event", event)));
}

void log_connection_accepted(logger& l, const session_context& s,
                             const connection_context& c) {
  if (l.enabled(level::info))
    l.write(session_record(
        level::info,
        text("accepted ", c.direction, text(" connection from ", c.peer)), s,
        c));
}

void log_sending_keepalive(logger& l, const session_context& s,
                           const connection_context& c) {
  if (l.enabled(level::trace))
    l.write(session_record(level::trace, "sending keepalive", s, c,
                           fields_of("message", "keepalive")));
}

void log_keepalive_received(logger& l, const session_context& s,
                            const connection_context& c) {
  if (l.enabled(level::trace))
    l.write(session_record(level::trace, "keepalive received" + conn_id_text(c),
                           s, c, fields_of("message", "keepalive")));
}

void log_update_received(logger& l, const session_context& s,
                         const connection_context& c, lazy_text contents) {
  if (!l.enabled(level::info))
    return;
  auto own = fields_of("message_contents", contents.get());
  own.push_back({"message", value{std::string("update")}});
  l.write(session_record(level::info, "received update" + conn_id_text(c), s, c,
                         std::move(own)));
}

void log_connection_lost(logger& l, const session_context& s,
                         const connection_context& c, std::string_view event) {
  if (l.enabled(level::warn))
    l.write(session_record(
        level::warn,
        text("rx ", event, conn_id_text(c) + ", fsm transition to idle"), s,
        c));
}

void log_session_shutdown_requested(logger& l, const session_context& s) {
  if (l.enabled(level::info))
    write_session(l, level::info, s,
                  text("session runner (peer ", s.neighbor,
                       ") received shutdown request, setting shutdown flag"));
}

void log_session_shutdown_caught(logger& l, const session_context& s) {
  if (l.enabled(level::info))
    write_session(
        l, level::info, s,
        text("session runner (peer: ", s.neighbor, ") caught shutdown flag"));
}

void log_session_shutdown_start(logger& l, const session_context& s) {
  if (l.enabled(level::info))
    write_session(
        l, level::info, s,
        text("session runner (peer ", s.neighbor, "): shutdown start"));
}

void log_joining_connector(logger& l, const session_context& s) {
  if (l.enabled(level::debug))
    write_session(l, level::debug, s, "joining connector during shutdown");
}

void log_session_shutdown_complete(logger& l, const session_context& s) {
  if (l.enabled(level::info))
    write_session(
        l, level::info, s,
        text("session runner (peer ", s.neighbor, "): shutdown complete"));
}

// -- connection ---------------------------------------------------------------

void log_connecting(logger& l, std::string_view peer,
                    std::chrono::milliseconds timeout) {
  if (!l.enabled(level::debug))
    return;
  auto r = connection_record(level::debug,
                             text("starting connection attempt to ", peer));
  r.with("timeout", std::int64_t{timeout.count()})
      .with("peer", peer)
      .with("direction", outbound);
  l.write(r);
}

void log_connecting_failed(logger& l, std::string_view peer,
                           std::string_view error) {
  if (!l.enabled(level::warn))
    return;
  auto r = connection_record(level::warn, text("connection attempt to ", peer,
                                               text(" failed: ", error)));
  r.with("error", error).with("peer", peer).with("direction", outbound);
  l.write(r);
}

void log_connection_established(logger& l, const connection_context& c) {
  if (!l.enabled(level::info))
    return;
  auto r =
      connection_record(level::info, text("connection to ", c.peer,
                                          " established" + conn_id_text(c)));
  r.with("connection_id", connection_id_text(c.id))
      .with("local", c.local)
      .with("peer", c.peer)
      .with("direction", c.direction);
  l.write(r);
}

void log_receive_loop_started(logger& l, const connection_context& c) {
  if (!l.enabled(level::info))
    return;
  auto r =
      connection_record(level::info, text("spawning recv loop for ", c.peer));
  r.with("connection_local", c.local)
      .with("connection_peer", c.peer)
      .with("connection_id", connection_id_text(c.id))
      .with("direction", c.direction);
  l.write(r);
}

void log_message_received(logger& l, const connection_context& c,
                          std::string_view kind, lazy_text contents) {
  if (!l.enabled(level::trace))
    return;
  auto message = text(kind, " message");
  auto r = connection_record(level::trace, text("recv ", message, " msg from ")
                                               + text(c.peer, conn_id_text(c)));
  r.with("message_contents", contents.get()).with("message", message);
  add_receive_context(r, c);
  l.write(r);
}

void log_message_sent(logger& l, const connection_context& c,
                      std::string_view kind, lazy_text contents) {
  if (!l.enabled(level::trace))
    return;
  auto message = text(kind, " message");
  auto r = connection_record(level::trace, text("sending ", message, " msg"));
  r.with("message_contents", contents.get())
      .with("message", message)
      .with("connection", socket_text(c))
      .with("direction", c.direction);
  l.write(r);
}

void log_message_bytes_sent(logger& l, const connection_context& c,
                            std::string_view kind,
                            std::span<const std::uint8_t> bytes) {
  if (!l.enabled(level::trace))
    return;
  auto message = text(kind, " message");
  auto r = connection_record(level::trace,
                             text("sending ", message, " msg with header"));
  r.with("message_contents", hex_list(bytes))
      .with("message", message)
      .with("connection", socket_text(c));
  l.write(r);
}

void log_receive_error(logger& l, const connection_context& c,
                       std::string_view error) {
  if (!l.enabled(level::info))
    return;
  auto r = connection_record(
      level::info, text("recv_msg IO error (peer: ", c.peer,
                        ", conn_id: " + connection_id_text(c.id) + "): ")
                       + std::string(error));
  r.with("error", error);
  add_receive_context(r, c);
  l.write(r);
}

void log_receive_loop_closed(logger& l, const connection_context& c) {
  if (!l.enabled(level::info))
    return;
  auto r = connection_record(
      level::info, text("recv loop closed (peer: ", c.peer,
                        ", conn_id: " + connection_id_text(c.id) + ")"));
  add_receive_context(r, c);
  l.write(r);
}

void log_connection_dropped(logger& l, const connection_context& c,
                            bool dropped) {
  if (!l.enabled(level::trace))
    return;
  auto r = connection_record(
      level::trace, "dropping connection " + endpoints_text(c) + " (conn_id "
                        + connection_id_text(c.id) + ")");
  r.with("dropped", dropped)
      .with("connection_id", connection_id_text(c.id))
      .with("connection", endpoints_text(c))
      .with("connection_local", c.local)
      .with("connection_peer", c.peer)
      .with("direction", c.direction);
  l.write(r);
}

} // namespace troupe::log
