#include "actors/log/records.hpp"
#include "source_dir.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::log {
namespace {

using namespace std::chrono_literals;

const session_context a_session{
    "connect", {100ms, {1s, true, 200ms}, {}}, "10.0.4.1", "r1"};
const connection_context a_connection{
    0x214cf3d0,
    "10.0.4.2:38144",
    "10.0.4.1:10179",
    "outbound",
    {100ms, {3s, false, 3s}, {6s, false, 6s}, {}},
    12};

constexpr auto session_keys = "fsm_state session_clock neighbor neighbor_name";
constexpr auto connection_keys =
    "fsm_state direction connection_clock connection_id connection "
    "session_clock neighbor neighbor_name";

/// A kind of record, and how it has to look.
struct kind {
  std::function<void(logger&)> write;
  level severity;
  std::string unit_and_module;
  std::string message;
  std::string keys;       ///< own fields and context, in order
  std::string documented; ///< how docs/log.md writes the message
};

const std::uint8_t keepalive[] = {0xff, 0, 0x13, 4};

const std::string session_place = "session_runner/neighbor";
const std::string connection_place = "connection_tcp/neighbor";

std::vector<kind> router_and_dispatcher_kinds() {
  const std::string address = "10.0.4.2:10179";
  return {
      {[](logger& l) { log_spawning_session(l, "r1"); }, level::info,
       "session_runner/router", "spawning session for r1", "",
       "spawning session for NAME"},
      {[](logger& l) { log_router_shutdown(l, 4200000002, "0.0.0.2"); },
       level::info, "session_runner/router",
       "router (asn: 4200000002, id: 0.0.0.2) received shutdown request, "
       "stopping sessions",
       "",
       "router (asn: ASN, id: ROUTER_ID) received shutdown request, stopping "
       "sessions"},
      {[=](logger& l) { log_dispatcher_started(l, address); }, level::info,
       "dispatcher/neighbor", "dispatcher started", "listen_address",
       "dispatcher started"},
      {[=](logger& l) { log_listener_bind(l, address); }, level::debug,
       "dispatcher/neighbor", "listener bind: 10.0.4.2:10179", "listen_address",
       "listener bind: ADDRESS"},
      {[=](logger& l) { log_dispatcher_shutdown(l, address); }, level::info,
       "dispatcher/neighbor",
       "dispatcher received shutdown request, setting shutdown flag",
       "listen_address",
       "dispatcher received shutdown request, setting shutdown flag"},
  };
}

kind session_kind(std::function<void(logger&)> write, level severity,
                  std::string message, std::string own = {}) {
  auto keys = own.empty() ? session_keys : own + ' ' + session_keys;
  return {std::move(write), severity, session_place, message, keys, message};
}

kind documented(kind k, std::string text) {
  k.documented = std::move(text);
  return k;
}

std::vector<kind> session_kinds() {
  auto& s = a_session;
  return {
      session_kind(
          [&](logger& l) { log_session_started(l, s, "SessionInfo { ... }"); },
          level::info, "starting peer state machine", "params"),
      session_kind([&](logger& l) { log_connect_attempt(l, s); }, level::debug,
                   "starting connect attempt"),
      session_kind([&](logger& l) { log_connector_spawned(l, s); },
                   level::debug, "spawned new connector"),
      session_kind(
          [&](logger& l) { log_connector_completed(l, s, "shutdown"); },
          level::debug, "connector completed successfully", "context"),
      documented(session_kind(
                     [&](logger& l) {
                       log_fsm_transition(l, s, "connect", "open sent");
                     },
                     level::info, "fsm transition connect -> open sent"),
                 "fsm transition FROM -> TO"),
      documented(session_kind(
                     [&](logger& l) { log_fsm_event(l, s, "manual start"); },
                     level::debug, "received fsm event manual start", "event"),
                 "received fsm event EVENT"),
      documented(session_kind(
                     [&](logger& l) {
                       log_unexpected_admin_event(l, s, "manual start");
                     },
                     level::warn,
                     "unexpected admin fsm event manual start, ignoring",
                     "event"),
                 "unexpected admin fsm event EVENT, ignoring"),
  };
}

std::vector<kind> session_shutdown_kinds() {
  auto& s = a_session;
  return {
      documented(
          session_kind(
              [&](logger& l) { log_session_shutdown_requested(l, s); },
              level::info,
              "session runner (peer 10.0.4.1) received shutdown request, "
              "setting shutdown flag"),
          "session runner (peer PEER) received shutdown request, setting "
          "shutdown "
          "flag"),
      documented(
          session_kind([&](logger& l) { log_session_shutdown_caught(l, s); },
                       level::info,
                       "session runner (peer: 10.0.4.1) caught shutdown flag"),
          "session runner (peer: PEER) caught shutdown flag"),
      documented(
          session_kind([&](logger& l) { log_session_shutdown_start(l, s); },
                       level::info,
                       "session runner (peer 10.0.4.1): shutdown start"),
          "session runner (peer PEER): shutdown start"),
      session_kind([&](logger& l) { log_joining_connector(l, s); },
                   level::debug, "joining connector during shutdown"),
      documented(
          session_kind([&](logger& l) { log_session_shutdown_complete(l, s); },
                       level::info,
                       "session runner (peer 10.0.4.1): shutdown complete"),
          "session runner (peer PEER): shutdown complete"),
  };
}

std::vector<kind> session_and_connection_kinds() {
  auto& s = a_session;
  auto& c = a_connection;
  const std::string keys = connection_keys;
  return {
      {[&](logger& l) { log_fsm_event(l, s, c, "open message"); }, level::debug,
       session_place, "received fsm event", "event " + keys,
       "received fsm event"},
      {[&](logger& l) { log_connection_accepted(l, s, c); }, level::info,
       session_place, "accepted outbound connection from 10.0.4.1:10179", keys,
       "accepted DIRECTION connection from PEER"},
      {[&](logger& l) { log_sending_keepalive(l, s, c); }, level::trace,
       session_place, "sending keepalive", "message " + keys,
       "sending keepalive"},
      {[&](logger& l) { log_keepalive_received(l, s, c); }, level::trace,
       session_place, "keepalive received (conn_id: 214cf3d0)",
       "message " + keys, "keepalive received (conn_id: ID)"},
      {[&](logger& l) { log_update_received(l, s, c, "Update[ ... ]"); },
       level::info, session_place, "received update (conn_id: 214cf3d0)",
       "message_contents message " + keys, "received update (conn_id: ID)"},
      {[&](logger& l) { log_connection_lost(l, s, c, "tcp connection fails"); },
       level::warn, session_place,
       "rx tcp connection fails (conn_id: 214cf3d0), fsm transition to idle",
       keys, "rx EVENT (conn_id: ID), fsm transition to idle"},
  };
}

std::vector<kind> connection_kinds() {
  auto& c = a_connection;
  const std::string receive_keys =
      "connection_id connection_peer connection direction";
  return {
      {[&](logger& l) { log_connecting(l, c.peer, 333ms); }, level::debug,
       connection_place, "starting connection attempt to 10.0.4.1:10179",
       "timeout peer direction", "starting connection attempt to PEER"},
      {[&](logger& l) { log_connecting_failed(l, c.peer, "no (os error 1)"); },
       level::warn, connection_place,
       "connection attempt to 10.0.4.1:10179 failed: no (os error 1)",
       "error peer direction", "connection attempt to PEER failed: ERROR"},
      {[&](logger& l) { log_connection_established(l, c); }, level::info,
       connection_place,
       "connection to 10.0.4.1:10179 established (conn_id: 214cf3d0)",
       "connection_id local peer direction",
       "connection to PEER established (conn_id: ID)"},
      {[&](logger& l) { log_receive_loop_started(l, c); }, level::info,
       connection_place, "spawning recv loop for 10.0.4.1:10179",
       "connection_local connection_peer connection_id direction",
       "spawning recv loop for PEER"},
      {[&](logger& l) { log_message_received(l, c, "open", "Open [ ]"); },
       level::trace, connection_place,
       "recv open message msg from 10.0.4.1:10179 (conn_id: 214cf3d0)",
       "message_contents message " + receive_keys,
       "recv KIND message msg from PEER (conn_id: ID)"},
      {[&](logger& l) { log_message_sent(l, c, "open", "Open [ ]"); },
       level::trace, connection_place, "sending open message msg",
       "message_contents message connection direction",
       "sending KIND message msg"},
      {[&](logger& l) { log_message_bytes_sent(l, c, "open", keepalive); },
       level::trace, connection_place, "sending open message msg with header",
       "message_contents message connection",
       "sending KIND message msg with header"},
      {[&](logger& l) { log_receive_error(l, c, "peer closed connection"); },
       level::info, connection_place,
       "recv_msg IO error (peer: 10.0.4.1:10179, conn_id: 214cf3d0): peer "
       "closed "
       "connection",
       "error " + receive_keys,
       "recv_msg IO error (peer: PEER, conn_id: ID): ERROR"},
      {[&](logger& l) { log_receive_loop_closed(l, c); }, level::info,
       connection_place,
       "recv loop closed (peer: 10.0.4.1:10179, conn_id: 214cf3d0)",
       receive_keys, "recv loop closed (peer: PEER, conn_id: ID)"},
      {[&](logger& l) { log_connection_dropped(l, c, false); }, level::trace,
       connection_place,
       "dropping connection (10.0.4.2:38144, 10.0.4.1:10179) (conn_id "
       "214cf3d0)",
       "dropped connection_id connection connection_local connection_peer "
       "direction",
       "dropping connection (LOCAL, PEER) (conn_id ID)"},
  };
}

std::vector<kind> all_kinds() {
  std::vector<kind> all;
  for (auto& some : {router_and_dispatcher_kinds(), session_kinds(),
                     session_shutdown_kinds(), session_and_connection_kinds(),
                     connection_kinds()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::string keys_of(const record& r) {
  std::string keys;
  for (auto& f : r.fields)
    keys += (keys.empty() ? "" : " ") + std::string(f.key);
  return keys;
}

TEST(LogRecords, HaveTheirTextLevelUnitAndFields) {
  for (auto& k : all_kinds()) {
    auto sink = std::make_shared<capture_sink>();
    logger l(sink, {.level = level::trace, .from = {}, .now = {}});
    k.write(l);
    ASSERT_EQ(sink->records().size(), 1U) << k.message;
    auto r = sink->records()[0];
    EXPECT_EQ(r.message, k.message);
    EXPECT_EQ(r.severity, k.severity) << k.message;
    EXPECT_EQ(std::string(r.unit) + '/' + std::string(r.module),
              k.unit_and_module)
        << k.message;
    EXPECT_EQ(keys_of(r), k.keys) << k.message;
  }
}

TEST(LogRecords, AreNotMadeWhenTheirLevelIsOff) {
  for (auto& k : all_kinds()) {
    auto sink = std::make_shared<capture_sink>();
    logger l(sink, {.level = level::off, .from = {}, .now = {}});
    k.write(l);
    EXPECT_TRUE(sink->records().empty()) << k.message;
  }
  logger l(std::make_shared<capture_sink>());
  log_message_received(l, a_connection, "open", [] {
    ADD_FAILURE() << "contents of a record that is not written";
    return std::string();
  });
}

TEST(LogRecords, StandInTheDocumentation) {
  std::ifstream file(TROUPE_SOURCE_DIR "/docs/log.md");
  ASSERT_TRUE(file);
  std::string text(std::istreambuf_iterator<char>(file), {});
  for (auto& k : all_kinds())
    EXPECT_NE(text.find('`' + k.documented + '`'), std::string::npos)
        << k.documented;
}

TEST(LogRecords, TakeContentsAsTextOrAsWhatMakesIt) {
  auto sink = std::make_shared<capture_sink>();
  logger l(sink, {.level = level::trace, .from = {}, .now = {}});
  const std::string kept = "kept";
  log_message_sent(l, a_connection, "open", "literal");
  log_message_sent(l, a_connection, "open", kept);
  log_message_sent(l, a_connection, "open", [&] { return kept + "!"; });
  std::vector<std::string> contents;
  for (auto& r : sink->records())
    contents.push_back(std::get<std::string>(r.fields[0].value));
  EXPECT_EQ(contents, (std::vector<std::string>{"literal", "kept", "kept!"}));
}

} // namespace
} // namespace troupe::log
