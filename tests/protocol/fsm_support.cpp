#include "tests/protocol/fsm_support.hpp"

#include "protocol/check.hpp"
#include "protocol/overloaded.hpp"

namespace troupe::protocol::fsm::test {

namespace {

template <class Event>
event make(connection_id c) {
  Event e;
  if constexpr (requires { e.connection; })
    e.connection = c;
  if constexpr (
      requires { e.connection; } && requires { e.error; })
    e.error = make_error(header_subcode::bad_message_length, "test");
  return e;
}

event make_open(connection_id c) {
  return open_received{c, peer_open()};
}

struct named {
  std::string_view title;
  event (*make)(connection_id);
};

const std::vector<named>& table() {
  static const std::vector<named> all{
      {"automatic start", make<automatic_start>},
      {"manual start", make<manual_start>},
      {"manual stop", make<manual_stop>},
      {"reset", make<reset>},
      {"automatic stop", make<automatic_stop>},
      {"connect retry timer expires", make<connect_retry_expired>},
      {"idle hold timer expires", make<idle_hold_expired>},
      {"stable timer expires", make<stable_expired>},
      {"tcp connection acked", make<tcp_connection_acked>},
      {"tcp connection confirmed", make<tcp_connection_confirmed>},
      {"connect attempt failed", make<connect_attempt_failed>},
      {"hold timer expires", make<hold_expired>},
      {"keepalive timer expires", make<keepalive_expired>},
      {"delay open timer expires", make<delay_open_expired>},
      {"send hold timer expires", make<send_hold_expired>},
      {"tcp connection fails", make<tcp_connection_failed>},
      {"open message", make_open},
      {"keepalive message", make<keepalive_received>},
      {"update message", make<update_received>},
      {"route refresh message", make<route_refresh_received>},
      {"notification message", make<notification_received>},
      {"parse error", make<message_malformed>},
      {"session set up", make<session_set_up>},
      {"session set up failed", make<session_set_up_failed>},
  };
  static_assert(std::variant_size_v<session_event> == 11);
  static_assert(std::variant_size_v<connection_event> == 13);
  return all;
}

std::string mark(connection_id c) {
  if (c == first)
    return {};
  return '#' + std::to_string(static_cast<std::uint64_t>(c));
}

std::string mark(const std::optional<connection_id>& c) {
  return c ? mark(*c) : std::string{};
}

std::string code(const decode_error& e) {
  return std::to_string(static_cast<unsigned>(e.code)) + '/'
         + std::to_string(e.subcode);
}

std::string word(const action& a) {
  using std::string;
  return std::visit(
      overloaded{
          [](const start_connect_attempt&) { return string{"connect"}; },
          [](const cancel_connect_attempt&) { return string{"cancel"}; },
          [](const adopt_connection& x) {
            return "adopt" + mark(x.connection);
          },
          [](const begin_reading& x) { return "read" + mark(x.connection); },
          [](const reject_connection& x) {
            return "reject" + mark(x.connection)
                   + (x.notification ? ' ' + code(*x.notification) : "");
          },
          [](const close_connection& x) {
            return "close" + mark(x.connection);
          },
          [](const send_open& x) { return "open" + mark(x.connection); },
          [](const send_keepalive& x) {
            return "keepalive" + mark(x.connection);
          },
          [](const send_notification& x) {
            return code(x.notification) + mark(x.connection);
          },
          [](const arm_timer& x) {
            return '+' + string{to_string(x.which)} + mark(x.connection);
          },
          [](const disarm_timer& x) {
            return '-' + string{to_string(x.which)} + mark(x.connection);
          },
          [](const set_up_session& x) { return "set-up" + mark(x.connection); },
          [](const accept_updates& x) { return "accept" + mark(x.connection); },
          [](const established& x) { return "up" + mark(x.connection); },
          [](const session_down& x) { return "down" + mark(x.connection); },
          [](const connection_ends&) { return string{}; },
          [](const transition&) { return string{}; },
          [](const unexpected_event& x) {
            return string{x.why == ignored_because::state ? "ignore" : "late"};
          },
      },
      a);
}

} // namespace

wire::open_message an_open(as_number as, router_id identifier,
                           std::chrono::seconds hold) {
  wire::open_message m;
  m.my_as = as;
  m.my_as_field = wire::as_field(as);
  m.hold_time = hold;
  m.identifier = identifier;
  m.capabilities = {wire::multiprotocol_capability{ipv4_unicast},
                    wire::four_octet_as_capability{as}};
  return m;
}

wire::open_message peer_open(std::chrono::seconds hold) {
  return an_open(65002, lower_identifier, hold);
}

settings plain_settings() {
  settings s;
  s.open = an_open(65001, local_identifier);
  s.connect_retry = 6s;
  s.connect_retry_jitter = {};
  s.idle_hold = 10s;
  s.idle_hold_jitter = {};
  s.stable_time = 60s;
  s.keepalive = 30s;
  return s;
}

event event_named(std::string_view title, connection_id c) {
  for (const auto& each : table())
    if (each.title == title)
      return each.make(c);
  TROUPE_CHECK(false, "no event has this title");
  return manual_start{};
}

const std::vector<std::string_view>& session_titles() {
  static const auto titles = [] {
    std::vector<std::string_view> all;
    for (const auto& each : table())
      if (std::holds_alternative<session_event>(each.make(first)))
        all.push_back(each.title);
    return all;
  }();
  return titles;
}

const std::vector<std::string_view>& connection_titles() {
  static const auto titles = [] {
    std::vector<std::string_view> all;
    for (const auto& each : table())
      if (std::holds_alternative<connection_event>(each.make(first)))
        all.push_back(each.title);
    return all;
  }();
  return titles;
}

actions run(session_fsm& machine, std::initializer_list<event> events) {
  actions last;
  for (const auto& e : events)
    last = machine.handle(e);
  return last;
}

std::string summary(const actions& all) {
  std::string text;
  for (const auto& a : all) {
    const auto w = word(a);
    if (!w.empty())
      text += (text.empty() ? "" : " ") + w;
  }
  return text;
}

std::string transitions(const actions& all) {
  std::string text;
  for (const auto& x : all_of<transition>(all)) {
    text += text.empty() ? "" : ", ";
    text += std::string{log_name(x.from)} + " -> ";
    text += log_name(x.to);
  }
  return text;
}

std::optional<milliseconds> armed(const actions& all, timer which) {
  std::optional<milliseconds> duration;
  for (const auto& x : all_of<arm_timer>(all))
    if (x.which == which)
      duration = x.duration;
  return duration;
}

session_fsm fresh(const settings& s) {
  return session_fsm{s, 1};
}

session_fsm in_connect(const settings& s) {
  auto machine = fresh(s);
  run(machine, {manual_start{}});
  return machine;
}

session_fsm in_active(settings s) {
  s.passive = true;
  auto machine = fresh(s);
  run(machine, {manual_start{}});
  return machine;
}

session_fsm in_open_sent(const settings& s) {
  auto machine = in_connect(s);
  run(machine, {tcp_connection_confirmed{first}});
  return machine;
}

session_fsm in_open_confirm(const settings& s) {
  auto machine = in_open_sent(s);
  run(machine, {open_received{first, peer_open()}});
  return machine;
}

session_fsm in_session_setup(const settings& s) {
  auto machine = in_open_confirm(s);
  run(machine, {keepalive_received{first}});
  return machine;
}

session_fsm in_established(const settings& s) {
  auto machine = in_session_setup(s);
  run(machine, {session_set_up{first}});
  return machine;
}

session_fsm in_collision(phase reached, const settings& s) {
  auto machine =
      reached == phase::open_confirm ? in_open_confirm(s) : in_open_sent(s);
  run(machine, {tcp_connection_acked{second}});
  return machine;
}

} // namespace troupe::protocol::fsm::test
