#include "protocol/fsm/session_fsm.hpp"
#include "protocol/wire/capability.hpp"

#include <algorithm>
#include <utility>

// How a connection begins, advances and ends.
namespace troupe::protocol::fsm {

namespace {

/// RFC 5492 §5: the capabilities that we miss, encoded as in an OPEN.
decode_error no_common_family(const wire::open_message& ours) {
  std::vector<std::uint8_t> missing;
  for (const auto& c : ours.capabilities)
    if (std::holds_alternative<wire::multiprotocol_capability>(c))
      wire::encode_capability(c, missing);
  return make_error(open_subcode::unsupported_capability,
                    "no address family in common", std::move(missing));
}

/// Whether an OPEN has this capability; one without families speaks IPv4
/// unicast (RFC 4760 §8).
bool announces(const wire::open_message& open, const wire::capability& wanted) {
  const auto same = [&](const wire::capability& c) {
    return std::holds_alternative<wire::multiprotocol_capability>(wanted)
               ? c == wanted
               : wire::code_of(c) == wire::code_of(wanted);
  };
  if (std::any_of(open.capabilities.begin(), open.capabilities.end(), same))
    return true;
  return wanted
             == wire::capability{wire::multiprotocol_capability{ipv4_unicast}}
         && open.find<wire::multiprotocol_capability>() == nullptr;
}

/// RFC 5492 §5: those that the operator insists on and the peer lacks.
std::optional<decode_error>
lacks_required(const std::vector<wire::capability>& required,
               const wire::open_message& open) {
  std::vector<std::uint8_t> missing;
  for (const auto& c : required)
    if (!announces(open, c))
      wire::encode_capability(c, missing);
  if (missing.empty())
    return std::nullopt;
  return make_error(open_subcode::unsupported_capability,
                    "a required capability is missing", std::move(missing));
}

decode_error collision_lost() {
  return make_error(cease_subcode::connection_collision_resolution,
                    "another connection of this neighbour remains");
}

/// RFC 6608 §4: the subcode names the state, the data the message type.
decode_error unexpected_in(phase p, wire::message_type type) {
  auto subcode = fsm_subcode::unexpected_in_established;
  if (p == phase::open_sent)
    subcode = fsm_subcode::unexpected_in_open_sent;
  else if (p == phase::open_confirm)
    subcode = fsm_subcode::unexpected_in_open_confirm;
  return make_error(subcode, "message is not allowed in this state",
                    {static_cast<std::uint8_t>(type)});
}

/// A peer that may take our NOTIFICATION for a restart is told where it is
/// none: by a Hard Reset around what we say (RFC 8538).
decode_error told_as(const ending& why,
                     const std::optional<wire::negotiated>& agreed) {
  const auto& said = *why.notification;
  const bool for_good = why.reason == end_reason::manual_stop
                        || why.reason == end_reason::manual_reset
                        || why.reason == end_reason::automatic_stop;
  if (!for_good || !agreed || !agreed->restart_on_notification)
    return said;
  const auto hard = wire::hard_reset({said.code, said.subcode, said.data});
  return {hard.code, hard.subcode, hard.data, said.reason};
}

bool is_version_error(const ending& why) {
  constexpr auto version =
      static_cast<std::uint8_t>(open_subcode::unsupported_version_number);
  return why.reason == end_reason::notification_received && why.notification
         && why.notification->code == notification_code::open_message_error
         && why.notification->subcode == version;
}

} // namespace

// -- begin --------------------------------------------------------------------

/// RFC 4724 §4.2, §5: who told that it may restart and connects anew has
/// restarted; its old connection is closed without a NOTIFICATION.
void session_fsm::give_way_to_restart(connection_id newcomer, step& s) {
  if (!settings_.helps_restart || find(newcomer) != nullptr)
    return;
  for (auto& c : connections_) {
    if (c.who.reached != phase::established || !c.agreed
        || !c.agreed->graceful_restart
        || c.agreed->graceful_restart->entries.empty())
      continue;
    waiting_ = state::connect;
    drop(c, {end_reason::superseded, std::nullopt}, state::connect, s);
    connect_retry_counter_ = 0;
    return connections_.empty() ? go(state::connect, s) : settle(s);
  }
}

void session_fsm::take(connection_id id, direction way, step& s) {
  if (find(id) != nullptr)
    return ignore(ignored_because::known_connection, s);
  std::vector<contender> registered;
  for (const auto& c : connections_)
    registered.push_back(c.who);
  const auto verdict = resolver().admit(registered, way);
  if (verdict != admission::accepted)
    return refuse({id, way, refusal(verdict)}, s);

  attempting_ = attempting_ && way != direction::outbound;
  ++(way == direction::inbound ? counters_.inbound_accepted
                               : counters_.outbound_accepted);
  connection& c = connections_.emplace_back();
  c.who = {id, way, phase::delaying};
  c.hold = open_hold_time();
  c.keepalive = keepalive_time();
  s.out.emplace_back(adopt_connection{id, way});
  disarm_connect_retry(s);
  // Nothing is read before our OPEN is out, unless the peer's shall come first.
  const auto delay = delay_open_time();
  if (delay > milliseconds::zero())
    arm(c.delay_open_armed, {timer::delay_open, id, delay}, s);
  else
    open(c, s);
  s.out.emplace_back(begin_reading{id});
  settle(s);
}

void session_fsm::refuse(const reject_connection& r, step& s) {
  if (find(r.connection) != nullptr)
    return ignore(ignored_because::known_connection, s);
  if (r.way == direction::outbound)
    attempting_ = false;
  ++(r.way == direction::inbound ? counters_.inbound_declined
                                 : counters_.outbound_declined);
  auto& answer = s.out.emplace_back(r);
  if (!settings_.send_notification_without_open)
    std::get<reject_connection>(answer).notification.reset();
  else if (r.notification)
    ++counters_.notifications_sent;
}

/// RFC 4271 §8.2.2: "sends an OPEN message to its peer, sets the HoldTimer to a
/// large value".
void session_fsm::open(connection& c, step& s) {
  c.who.reached = phase::open_sent;
  c.ours = settings_.open;
  s.out.emplace_back(send_open{c.who.connection, c.ours});
  arm_hold(c, s);
}

// -- advance ------------------------------------------------------------------

void session_fsm::accept_open(connection& c, const wire::open_message& open,
                              step& s) {
  if (c.who.reached == phase::delaying)
    c.ours = settings_.open;
  const auto agreed = wire::negotiate(c.ours, open, keepalive_time(),
                                      settings_.confederation_members);
  if (auto error = judge(c, open, agreed))
    return fail(c, {end_reason::unacceptable_open, std::move(error)}, s);
  const auto id = c.who.connection;
  if (survives(c, agreed, s))
    confirm(*find(id), agreed, s);
  settle(s);
}

std::optional<decode_error>
session_fsm::judge(const connection& c, const wire::open_message& open,
                   const wire::negotiated& agreed) const {
  wire::open_expectations expected;
  expected.local_as = c.ours.my_as;
  expected.members = settings_.confederation_members;
  expected.local_id = c.ours.identifier;
  expected.remote_as = settings_.remote_as;
  expected.kind = settings_.remote_kind;
  if (const auto* role = c.ours.find<wire::role_capability>())
    expected.role = role->role;
  expected.strict_role = settings_.strict_role;
  if (auto error = wire::validate_open(open, expected))
    return error;
  if (settings_.remote_id && *settings_.remote_id != open.identifier)
    return make_error(open_subcode::bad_bgp_identifier,
                      "not the configured BGP identifier");
  if (agreed.families.empty())
    return no_common_family(c.ours);
  return lacks_required(settings_.required, open);
}

/// RFC 4271 §6.8, for the connection that has just got its OPEN: ends it or the
/// other one, if there is one. Our answer is known with the first OPEN on
/// either of them, as both belong to the same neighbour.
bool session_fsm::survives(connection& c, const wire::negotiated& agreed,
                           step& s) {
  connection* other = other_than(c);
  if (other == nullptr)
    return true;
  ++counters_.collisions;
  const speaker remote{agreed.peer_id, agreed.peer_as};
  const auto loser = resolver().loser(c.who, other->who, remote);
  const ending why{end_reason::collision, collision_lost()};
  if (loser == c.who.connection) {
    drop(c, why, state_of(other->who), s);
    return false;
  }
  drop(*other, why, state::open_confirm, s);
  return true;
}

/// Both OPENs are through: "sends a KEEPALIVE message" (RFC 4271 §8.2.2, events
/// 19 and 20; with 20 our OPEN goes first).
void session_fsm::confirm(connection& c, const wire::negotiated& agreed,
                          step& s) {
  const auto id = c.who.connection;
  if (c.who.reached == phase::delaying) {
    disarm(c.delay_open_armed, {timer::delay_open, id}, s);
    s.out.emplace_back(send_open{id, c.ours});
  }
  c.who.reached = phase::open_confirm;
  c.agreed = agreed;
  c.hold = agreed.hold_time;
  c.keepalive = agreed.keepalive_time;
  arm_hold(c, s);
  beat(c, s);
}

void session_fsm::set_up(connection& c, step& s) {
  const auto id = c.who.connection;
  const wire::negotiated agreed = c.agreed.value_or(wire::negotiated{});
  c.who.reached = phase::session_setup;
  arm_hold(c, s);
  connection* other = other_than(c);
  if (other != nullptr && resolver().confirmed_wins()) {
    ++counters_.collisions;
    drop(*other, {end_reason::collision, collision_lost()},
         state::session_setup, s);
  }
  give_up_attempt(s);
  settle(s);
  s.out.emplace_back(set_up_session{id, agreed});
}

void session_fsm::establish(connection& c, step& s) {
  const auto id = c.who.connection;
  c.who.reached = phase::established;
  beat(c, s);
  settle(s);
  arm_stable(s);
  s.out.emplace_back(accept_updates{id});
  s.out.emplace_back(established{id, c.agreed.value_or(wire::negotiated{})});
}

void session_fsm::beat(connection& c, step& s) {
  arm_keepalive(c, s);
  s.out.emplace_back(send_keepalive{c.who.connection});
}

// -- end ----------------------------------------------------------------------

/// An error on a connection: Idle, or what the other connection has reached.
void session_fsm::fail(connection& c, ending why, step& s) {
  // RFC 4271 §8.2.2: event 24 (NotifMsgVerErr) does not count before
  // Established.
  const bool counts =
      !is_version_error(why) || c.who.reached >= phase::session_setup;
  drop(c, std::move(why), state_without(c, state::idle), s);
  if (!connections_.empty())
    return settle(s);
  connect_retry_counter_ += counts ? 1 : 0;
  fail_to_idle(s);
}

void session_fsm::fail_unexpected(connection& c, wire::message_type type,
                                  step& s) {
  fail(c, {end_reason::unexpected_message, unexpected_in(c.who.reached, type)},
       s);
}

/// RFC 4271 §6.4: a malformed NOTIFICATION is not answered.
void session_fsm::fail_malformed(connection& c, const message_malformed& e,
                                 step& s) {
  constexpr auto notification =
      static_cast<std::uint8_t>(wire::message_type::notification);
  ending why{end_reason::malformed_message, std::nullopt};
  if (e.message_type != notification)
    why.notification = e.error;
  fail(c, std::move(why), s);
}

void session_fsm::fail_hold(connection& c, step& s) {
  ++counters_.hold_expirations;
  fail(c,
       {end_reason::hold_timer,
        decode_error{notification_code::hold_timer_expired,
                     0,
                     {},
                     "nothing heard for the hold time"}},
       s);
}

/// RFC 9687 §4.3, §5. The NOTIFICATION will hardly get out, but it costs
/// nothing.
void session_fsm::fail_send_hold(connection& c, step& s) {
  fail(c,
       {end_reason::send_hold_timer,
        decode_error{notification_code::send_hold_timer_expired,
                     0,
                     {},
                     "the peer reads nothing"}},
       s);
}

void session_fsm::fail_notified(connection& c,
                                const wire::notification_message& m, step& s) {
  ++counters_.notifications_received;
  fail(c,
       {end_reason::notification_received,
        decode_error{m.code, m.subcode, m.data, "sent by the peer"}},
       s);
}

void session_fsm::fail_tcp(connection& c, step& s) {
  ++counters_.tcp_failures;
  fail(c, {end_reason::tcp_failure, std::nullopt}, s);
}

/// RFC 4271 §8.2.2, OpenSent and Connect, event 18: the peer may try again, so
/// the session waits for it in Active.
void session_fsm::lose(connection& c, step& s) {
  ++counters_.tcp_failures;
  drop(c, {end_reason::tcp_failure, std::nullopt},
       state_without(c, state::active), s);
  if (!connections_.empty())
    return settle(s);
  fall_to_active(s);
}

/// RFC 4271 §8.2.2: while DelayOpenTimer runs, Connect falls to Active and
/// Active to Idle.
void session_fsm::lose_delayed(connection& c, step& s) {
  if (waiting_ == state::connect)
    lose(c, s);
  else
    fail_tcp(c, s);
}

void session_fsm::drop_all(const ending& why, step& s) {
  while (!connections_.empty())
    drop(connections_.front(), why, state::idle, s);
}

void session_fsm::drop(connection& c, ending why, state next, step& s) {
  const contender who = c.who;
  const bool answer = why.reason != end_reason::notification_received;
  if (answer && who.reached == phase::delaying
      && !settings_.send_notification_without_open)
    why.notification.reset();
  s.out.emplace_back(connection_ends{who.connection, s.title, why, next});
  if (who.reached >= phase::session_setup) {
    s.out.emplace_back(session_down{who.connection, state_of(who), why});
    disarm(stable_armed_, {timer::stable, {}}, s);
  }
  disarm_all(c, s);
  if (answer && why.notification) {
    ++counters_.notifications_sent;
    s.out.emplace_back(send_notification{
        who.connection, told_as(why, c.agreed),
        c.agreed.value_or(wire::negotiated{}).max_message_size()});
  }
  s.out.emplace_back(close_connection{who.connection});
  if (why.reason != end_reason::collision)
    last_ending_ = std::move(why);
  std::erase_if(connections_, [&](const connection& each) {
    return each.who.connection == who.connection;
  });
}

// -- the connections and their state ------------------------------------------

collision_resolver session_fsm::resolver() const {
  return {{settings_.open.identifier, settings_.open.my_as},
          settings_.deterministic_collision_resolution};
}

session_fsm::connection* session_fsm::find(connection_id id) {
  for (auto& c : connections_)
    if (c.who.connection == id)
      return &c;
  return nullptr;
}

session_fsm::connection* session_fsm::other_than(const connection& c) {
  for (auto& each : connections_)
    if (each.who.connection != c.who.connection)
      return &each;
  return nullptr;
}

state session_fsm::state_of(const contender& c) const {
  switch (c.reached) {
  case phase::delaying:
    return waiting_;
  case phase::open_sent:
    return state::open_sent;
  case phase::open_confirm:
    return state::open_confirm;
  case phase::session_setup:
    return state::session_setup;
  case phase::established:
    return state::established;
  }
  return waiting_;
}

state session_fsm::state_without(const connection& c, state alone) const {
  for (const auto& each : connections_)
    if (each.who.connection != c.who.connection)
      return state_of(each.who);
  return alone;
}

void session_fsm::settle(step& s) {
  state next = state::connection_collision;
  for (const auto& c : connections_)
    if (connections_.size() == 1 || c.who.reached >= phase::session_setup)
      next = state_of(c.who);
  go(next, s);
}

} // namespace troupe::protocol::fsm
