#pragma once

#include "actors/log/context.hpp"
#include "actors/log/logger.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

/// Every kind of record of a session's life, one function each, so that text,
/// level, unit and fields stand in one place; docs/log.md lists them. Each does
/// nothing but compare levels when its level is not enabled.
namespace troupe::log {

/// A text that is made only when it is written. As a function's argument only:
/// it does not own what it was made of.
class lazy_text {
public:
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  lazy_text(const Text& text) : text_(text) {}
  template <class Callable>
  requires std::is_invocable_r_v<std::string, const Callable&>
  lazy_text(const Callable& make)
      : object_(&make), make_([](const void* object) {
          return std::string((*static_cast<const Callable*>(object))());
        }) {}

  std::string get() const {
    return make_ == nullptr ? std::string(text_) : make_(object_);
  }

private:
  std::string_view text_;
  const void* object_ = nullptr;
  std::string (*make_)(const void*) = nullptr;
};

// -- router -------------------------------------------------------------------

void log_spawning_session(logger& l, std::string_view neighbor_name);
/// `id` as it is printed.
void log_router_shutdown(logger& l, std::uint32_t asn, std::string_view id);

// -- dispatcher ---------------------------------------------------------------

void log_dispatcher_started(logger& l, std::string_view listen_address);
void log_listener_bind(logger& l, std::string_view listen_address);
void log_dispatcher_shutdown(logger& l, std::string_view listen_address);

// -- session ------------------------------------------------------------------

/// `parameters`: the complete effective configuration of the session.
void log_session_started(logger& l, const session_context& s,
                         lazy_text parameters);
void log_connect_attempt(logger& l, const session_context& s);
void log_connector_spawned(logger& l, const session_context& s);
/// `context`: why it is looked at, "checking previous" or "shutdown".
void log_connector_completed(logger& l, const session_context& s,
                             std::string_view context);
/// The context still has the old state.
void log_fsm_transition(logger& l, const session_context& s,
                        std::string_view from, std::string_view to);
/// An event in a state without a connection (idle, connect, active).
void log_fsm_event(logger& l, const session_context& s, std::string_view event);
/// An event of a connection.
void log_fsm_event(logger& l, const session_context& s,
                   const connection_context& c, std::string_view event);
void log_unexpected_admin_event(logger& l, const session_context& s,
                                std::string_view event);
void log_connection_accepted(logger& l, const session_context& s,
                             const connection_context& c);
void log_sending_keepalive(logger& l, const session_context& s,
                           const connection_context& c);
void log_keepalive_received(logger& l, const session_context& s,
                            const connection_context& c);
void log_update_received(logger& l, const session_context& s,
                         const connection_context& c, lazy_text contents);
/// An event that ends the connection and leads to idle.
void log_connection_lost(logger& l, const session_context& s,
                         const connection_context& c, std::string_view event);
void log_session_shutdown_requested(logger& l, const session_context& s);
void log_session_shutdown_caught(logger& l, const session_context& s);
void log_session_shutdown_start(logger& l, const session_context& s);
void log_joining_connector(logger& l, const session_context& s);
/// All timers of the context are off.
void log_session_shutdown_complete(logger& l, const session_context& s);

// -- connection ---------------------------------------------------------------

void log_connecting(logger& l, std::string_view peer,
                    std::chrono::milliseconds timeout);
/// `error`: see `os_error_text`.
void log_connecting_failed(logger& l, std::string_view peer,
                           std::string_view error);
void log_connection_established(logger& l, const connection_context& c);
void log_receive_loop_started(logger& l, const connection_context& c);
/// `kind`: "open", "update", "keepalive", ...
void log_message_received(logger& l, const connection_context& c,
                          std::string_view kind, lazy_text contents);
void log_message_sent(logger& l, const connection_context& c,
                      std::string_view kind, lazy_text contents);
/// The message's bytes, header included.
void log_message_bytes_sent(logger& l, const connection_context& c,
                            std::string_view kind,
                            std::span<const std::uint8_t> bytes);
/// `error`: "peer closed connection", or see `os_error_text`.
void log_receive_error(logger& l, const connection_context& c,
                       std::string_view error);
void log_receive_loop_closed(logger& l, const connection_context& c);
/// `dropped`: whether it was dropped before.
void log_connection_dropped(logger& l, const connection_context& c,
                            bool dropped);

// -- for further kinds of records ---------------------------------------------
// These make a record that ends with the context; put the record's own fields
// in front with `fields`.

record session_record(level severity, std::string message,
                      const session_context& s, std::vector<field> own = {});
record session_record(level severity, std::string message,
                      const session_context& s, const connection_context& c,
                      std::vector<field> own = {});
record router_record(level severity, std::string message,
                     std::vector<field> own = {});
record dispatcher_record(level severity, std::string message,
                         std::string_view listen_address,
                         std::vector<field> own = {});
/// Without context: which fields of the connection a record has differs.
record connection_record(level severity, std::string message,
                         std::vector<field> own = {});

} // namespace troupe::log
