#include "tests/protocol/fsm_driver.hpp"
#include "tests/protocol/fsm_support.hpp"
#include "tests/protocol/fsm_watcher.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <vector>

// Two machines, a network of FIFO links between them, and a virtual clock. The
// order in which things arrive is drawn; afterwards the network is fair, and
// the two must come to one session on one connection, and keep it.
namespace troupe::protocol::fsm::test {

namespace {

using side = std::size_t; // 0 or 1

/// What arrives at one end of a link, in order.
struct up {};
struct fin {};
using packet = std::variant<up, fin, wire::open_message, keepalive_received,
                            wire::notification_message>;

struct link {
  side initiator = 0;
  std::array<std::deque<packet>, 2> inbox;
  std::array<bool, 2> open{true, true};
};

using timer_key = std::pair<timer, std::optional<connection_id>>;

struct end_point {
  session_fsm machine;
  watcher seen;
  std::map<timer_key, milliseconds> deadlines;
  bool attempting = false;
  std::optional<connection_id> unreported; ///< our attempt's link, still `up`
  std::deque<connection_id> to_set_up;
  std::optional<connection_id> session;
  unsigned losses = 0;
};

class network {
public:
  network(settings a, settings b)
      : ends_{end_point{session_fsm{std::move(a), 1}, {}, {}, {}, {}, {}, {}},
              end_point{session_fsm{std::move(b), 2}, {}, {}, {}, {}, {}, {}}} {
    tell(0, automatic_start{});
    tell(1, automatic_start{});
  }

  const end_point& at(side s) const { return ends_.at(s); }

  /// Does one of the things that can happen now; false if only time is left.
  bool step(std::size_t choice) {
    std::vector<std::function<void()>> possible;
    for (const side s : {side{0}, side{1}})
      add_steps(s, possible);
    if (possible.empty())
      return false;
    possible[choice % possible.size()]();
    return true;
  }

  /// Lets the next timer expire; never runs out, as sessions always wait for
  /// something.
  void wait() {
    side who = 0;
    std::optional<std::pair<timer_key, milliseconds>> next;
    for (const side s : {side{0}, side{1}})
      for (const auto& each : ends_.at(s).deadlines)
        if (!next || each.second < next->second) {
          next = each;
          who = s;
        }
    if (!next)
      return;
    now_ = std::max(now_, next->second);
    ends_.at(who).deadlines.erase(next->first);
    tell(who, expiry(next->first));
  }

  void run_fairly_until(milliseconds time) {
    for (int steps = 0; now_ < time && steps < 100000; ++steps)
      if (!step(static_cast<std::size_t>(order_.next() >> 33U)))
        wait();
  }

  void break_link(std::size_t choice) {
    if (links_.empty())
      return;
    auto l =
        std::next(links_.begin(), static_cast<long>(choice % links_.size()));
    l->second.inbox[0].push_back(fin{});
    l->second.inbox[1].push_back(fin{});
  }

  milliseconds now() const { return now_; }

private:
  static event expiry(const timer_key& key) {
    const auto id = key.second.value_or(connection_id{});
    switch (key.first) {
    case timer::connect_retry:
      return connect_retry_expired{};
    case timer::idle_hold:
      return idle_hold_expired{};
    case timer::stable:
      return stable_expired{};
    case timer::hold:
      return hold_expired{id};
    case timer::keepalive:
      return keepalive_expired{id};
    case timer::delay_open:
      return delay_open_expired{id};
    }
    return manual_start{};
  }

  void add_steps(side s, std::vector<std::function<void()>>& possible) {
    auto& e = ends_.at(s);
    for (auto& [id, l] : links_)
      if (l.open.at(s) && !l.inbox.at(s).empty())
        possible.emplace_back([this, s, id = id] { deliver(s, id); });
    if (e.attempting && !e.unreported)
      possible.emplace_back([this, s] { connect(s); });
    if (!e.to_set_up.empty())
      possible.emplace_back([this, s] {
        const auto id = ends_.at(s).to_set_up.front();
        ends_.at(s).to_set_up.pop_front();
        tell(s, session_set_up{id});
      });
  }

  void connect(side s) {
    const connection_id id{++last_link_};
    link l;
    l.initiator = s;
    l.inbox[0].push_back(up{});
    l.inbox[1].push_back(up{});
    links_.emplace(id, std::move(l));
    ends_.at(s).unreported = id;
  }

  void deliver(side s, connection_id id) {
    auto& l = links_.at(id);
    const auto p = l.inbox.at(s).front();
    l.inbox.at(s).pop_front();
    const bool ours = l.initiator == s;
    if (ours && ends_.at(s).unreported == id) {
      ends_.at(s).unreported.reset();
      ends_.at(s).attempting = false;
    }
    tell(s, std::visit(overloaded{
                           [&](const up&) -> event {
                             if (ours)
                               return tcp_connection_confirmed{id};
                             return tcp_connection_acked{id};
                           },
                           [&](const fin&) -> event {
                             return tcp_connection_failed{id};
                           },
                           [&](const wire::open_message& m) -> event {
                             return open_received{id, m};
                           },
                           [&](const keepalive_received&) -> event {
                             return keepalive_received{id};
                           },
                           [&](const wire::notification_message& m) -> event {
                             return notification_received{id, m};
                           },
                       },
                       p));
  }

  void tell(side s, const event& e) {
    auto& end = ends_.at(s);
    const auto actions = end.machine.handle(e);
    end.seen.observe(e, actions, end.machine);
    for (const auto& a : actions)
      std::visit([this, s](const auto& x) { carry_out(s, x); }, a);
  }

  void send(side s, connection_id id, packet p) {
    links_.at(id).inbox.at(1 - s).push_back(std::move(p));
  }

  void close(side s, connection_id id) {
    auto& l = links_.at(id);
    send(s, id, fin{});
    l.open.at(s) = false;
    if (!l.open.at(1 - s))
      links_.erase(id);
  }

  static wire::notification_message message_of(const decode_error& e) {
    return {e.code, e.subcode, e.data};
  }

  void carry_out(side s, const start_connect_attempt&) {
    ends_.at(s).attempting = true;
  }
  void carry_out(side s, const cancel_connect_attempt&) {
    auto& e = ends_.at(s);
    e.attempting = false;
    if (const auto id = std::exchange(e.unreported, std::nullopt))
      close(s, *id);
  }
  void carry_out(side, const adopt_connection&) {}
  void carry_out(side, const begin_reading&) {}
  void carry_out(side s, const reject_connection& x) {
    if (x.notification)
      send(s, x.connection, message_of(*x.notification));
    close(s, x.connection);
  }
  void carry_out(side s, const close_connection& x) { close(s, x.connection); }
  void carry_out(side s, const send_open& x) {
    send(s, x.connection, x.message);
  }
  void carry_out(side s, const send_keepalive& x) {
    send(s, x.connection, keepalive_received{});
  }
  void carry_out(side s, const send_notification& x) {
    send(s, x.connection, message_of(x.notification));
  }
  void carry_out(side s, const arm_timer& x) {
    ends_.at(s).deadlines[{x.which, x.connection}] = now_ + x.duration;
  }
  void carry_out(side s, const disarm_timer& x) {
    ends_.at(s).deadlines.erase({x.which, x.connection});
  }
  void carry_out(side s, const set_up_session& x) {
    ends_.at(s).to_set_up.push_back(x.connection);
  }
  void carry_out(side, const accept_updates&) {}
  void carry_out(side s, const established& x) {
    ends_.at(s).session = x.connection;
  }
  void carry_out(side s, const session_down&) {
    ends_.at(s).session.reset();
    ++ends_.at(s).losses;
  }
  void carry_out(side, const connection_ends&) {}
  void carry_out(side, const transition&) {}
  void carry_out(side, const unexpected_event&) {}

  std::array<end_point, 2> ends_;
  random_source order_{1};
  std::map<connection_id, link> links_;
  std::uint64_t last_link_ = 0;
  milliseconds now_{0};
};

settings drawn_speaker(as_number as, std::uint32_t identifier,
                       byte_source& in) {
  settings s;
  s.open = an_open(as, router_id{identifier});
  s.delay_open = in.below(4) == 3 ? 3s : 0s;
  s.idle_hold = in.below(4) == 3 ? 2s : 0s;
  s.deterministic_collision_resolution = in.flip();
  s.send_notification_without_open = in.below(4) != 3;
  s.keepalive = 30s;
  return s;
}

network drawn_network(byte_source& in) {
  const bool equal = in.below(4) == 3; // RFC 6286: then the AS decides
  auto a = drawn_speaker(65001, 5, in);
  const std::uint32_t other = in.flip() ? 3 : 7;
  auto b = drawn_speaker(65002, equal ? 5 : other, in);
  const auto passive = in.below(8);
  a.passive = passive == 6;
  b.passive = passive == 7;
  return {std::move(a), std::move(b)};
}

TEST(FsmPair, ComesToOneSessionOnOneConnectionWhateverTheOrder) {
  EXPECT_TRUE(rc::check([] {
    const auto size = *rc::gen::inRange<std::size_t>(8, 200);
    const auto input = *rc::gen::container<std::vector<std::uint8_t>>(
        size, rc::gen::arbitrary<std::uint8_t>());
    byte_source in{input};
    auto net = drawn_network(in);
    while (!in.empty()) {
      const auto what = in.next();
      if (what == 255)
        net.break_link(in.next());
      else if (what > 200 || !net.step(what))
        net.wait();
    }
    const auto start = net.now();
    net.run_fairly_until(start + 10min);
    const auto losses = net.at(0).losses + net.at(1).losses;
    net.run_fairly_until(start + 20min);
    for (const side s : {side{0}, side{1}}) {
      if (net.at(s).seen.complaint())
        RC_FAIL(*net.at(s).seen.complaint());
      RC_ASSERT(net.at(s).machine.current() == state::established);
      RC_ASSERT(net.at(s).machine.connections().size() == 1U);
    }
    RC_ASSERT(net.at(0).session == net.at(1).session);
    RC_ASSERT(net.at(0).losses + net.at(1).losses == losses);
  }));
}

TEST(FsmPair, EstablishesAtOnceWhereNothingIsInTheWay) {
  network net{[] {
                settings s;
                s.open = an_open(65001, local_identifier);
                return s;
              }(),
              [] {
                settings s;
                s.open = an_open(65002, higher_identifier);
                s.passive = true;
                return s;
              }()};
  while (net.step(0)) {
  }
  EXPECT_EQ(net.at(0).machine.current(), state::established);
  EXPECT_EQ(net.at(1).machine.current(), state::established);
  EXPECT_EQ(net.now(), 0ms);
}

} // namespace

} // namespace troupe::protocol::fsm::test
