#include "tests/protocol/fsm_table.hpp"

#include <gtest/gtest.h>

#include <set>

namespace troupe::protocol::fsm::test {

namespace {

// What RFC 4271 §8.2.2 says for each state and event, with the departures that
// session_fsm.hpp names. "late" and "ignore" report an event that changes
// nothing; a connection that comes up is #3.
constexpr std::string_view matrix = R"(
idle, not started:
  automatic start              idle                 +idle_hold
  manual start                 connect              +connect_retry connect
  manual stop                  idle                 nothing
  reset                        idle                 ignore
  automatic stop               idle                 ignore
  connect retry timer expires  idle                 late
  idle hold timer expires      idle                 late
  stable timer expires         idle                 late
  tcp connection acked         idle                 reject#3
  tcp connection confirmed     idle                 reject#3
  connect attempt failed       idle                 late
  any connection event         idle                 late
idle, stopped:
  automatic start              idle                 ignore
  manual start                 connect              +connect_retry connect
  manual stop                  idle                 ignore
  reset                        idle                 ignore
  automatic stop               idle                 ignore
  connect retry timer expires  idle                 late
  idle hold timer expires      idle                 late
  stable timer expires         idle                 late
  tcp connection acked         idle                 reject#3
  tcp connection confirmed     idle                 reject#3
  connect attempt failed       idle                 late
  any connection event         idle                 late
idle, waiting:
  automatic start              idle                 ignore
  manual start                 connect              -idle_hold +connect_retry
                                                    connect
  manual stop                  idle                 -idle_hold
  reset                        connect              -idle_hold +connect_retry
                                                    connect
  automatic stop               idle                 ignore
  connect retry timer expires  idle                 late
  idle hold timer expires      connect              +connect_retry connect
  stable timer expires         idle                 late
  tcp connection acked         idle                 reject#3
  tcp connection confirmed     idle                 reject#3
  connect attempt failed       idle                 late
  any connection event         idle                 late
connect:
  automatic start              connect              ignore
  manual start                 connect              ignore
  manual stop                  idle                 -connect_retry cancel
  reset                        idle                 -connect_retry cancel
                                                    +idle_hold
  automatic stop               idle                 -connect_retry cancel
                                                    +idle_hold
  connect retry timer expires  connect              cancel +connect_retry
                                                    connect
  idle hold timer expires      connect              late
  stable timer expires         connect              late
  tcp connection acked         open sent            adopt#3 -connect_retry
                                                    open#3 +hold#3 read#3
  tcp connection confirmed     open sent            adopt#3 -connect_retry
                                                    open#3 +hold#3 read#3
  connect attempt failed       connect              nothing
  any connection event         connect              late
connect, delaying:
  automatic start              connect              ignore
  manual start                 connect              ignore
  manual stop                  idle                 -delay_open 6/2 close
  reset                        idle                 -delay_open 6/4 close
                                                    +idle_hold
  automatic stop               idle                 -delay_open 6/1 close
                                                    +idle_hold
  connect retry timer expires  connect              late
  idle hold timer expires      connect              late
  stable timer expires         connect              late
  tcp connection acked         connection collision adopt#3 +delay_open#3
                                                    read#3
  tcp connection confirmed     connect              reject#3 6/5
  connect attempt failed       connect              late
  hold timer expires           connect              late
  keepalive timer expires      connect              late
  delay open timer expires     open sent            open +hold
  send hold timer expires      idle                 -delay_open 8/0 close
                                                    +idle_hold
  tcp connection fails         active               -delay_open close
                                                    +connect_retry
  open message                 open confirm         -delay_open open +hold
                                                    +keepalive keepalive
  keepalive message            idle                 -delay_open close
                                                    +idle_hold
  update message               idle                 -delay_open close
                                                    +idle_hold
  route refresh message        idle                 -delay_open close
                                                    +idle_hold
  notification message         idle                 -delay_open close
                                                    +idle_hold
  parse error                  idle                 -delay_open 1/2 close
                                                    +idle_hold
  session set up               connect              ignore
  session set up failed        connect              ignore
active:
  automatic start              active               ignore
  manual start                 active               ignore
  manual stop                  idle                 -connect_retry
  reset                        idle                 -connect_retry +idle_hold
  automatic stop               idle                 -connect_retry +idle_hold
  connect retry timer expires  connect              +connect_retry connect
  idle hold timer expires      active               late
  stable timer expires         active               late
  tcp connection acked         open sent            adopt#3 -connect_retry
                                                    open#3 +hold#3 read#3
  tcp connection confirmed     open sent            adopt#3 -connect_retry
                                                    open#3 +hold#3 read#3
  connect attempt failed       active               late
  any connection event         active               late
active, delaying:
  automatic start              active               ignore
  manual start                 active               ignore
  manual stop                  idle                 -delay_open 6/2 close
  reset                        idle                 -delay_open 6/4 close
                                                    +idle_hold
  automatic stop               idle                 -delay_open 6/1 close
                                                    +idle_hold
  connect retry timer expires  active               late
  idle hold timer expires      active               late
  stable timer expires         active               late
  tcp connection acked         active               reject#3 6/5
  tcp connection confirmed     connection collision adopt#3 +delay_open#3
                                                    read#3
  connect attempt failed       active               late
  hold timer expires           active               late
  keepalive timer expires      active               late
  delay open timer expires     open sent            open +hold
  send hold timer expires      idle                 -delay_open 8/0 close
                                                    +idle_hold
  tcp connection fails         idle                 -delay_open close
                                                    +idle_hold
  open message                 open confirm         -delay_open open +hold
                                                    +keepalive keepalive
  keepalive message            idle                 -delay_open close
                                                    +idle_hold
  update message               idle                 -delay_open close
                                                    +idle_hold
  route refresh message        idle                 -delay_open close
                                                    +idle_hold
  notification message         idle                 -delay_open close
                                                    +idle_hold
  parse error                  idle                 -delay_open 1/2 close
                                                    +idle_hold
  session set up               active               ignore
  session set up failed        active               ignore
open sent:
  automatic start              open sent            ignore
  manual start                 open sent            ignore
  manual stop                  idle                 -hold 6/2 close
  reset                        idle                 -hold 6/4 close +idle_hold
  automatic stop               idle                 -hold 6/1 close +idle_hold
  connect retry timer expires  open sent            late
  idle hold timer expires      open sent            late
  stable timer expires         open sent            late
  tcp connection acked         connection collision adopt#3 open#3 +hold#3
                                                    read#3
  tcp connection confirmed     open sent            reject#3 6/5
  connect attempt failed       open sent            late
  hold timer expires           idle                 4/0 close +idle_hold
  keepalive timer expires      open sent            late
  delay open timer expires     open sent            late
  send hold timer expires      idle                 -hold 8/0 close +idle_hold
  tcp connection fails         active               -hold close +connect_retry
  open message                 open confirm         +hold +keepalive keepalive
  keepalive message            idle                 -hold 5/1 close +idle_hold
  update message               idle                 -hold 5/1 close +idle_hold
  route refresh message        idle                 -hold 5/1 close +idle_hold
  notification message         idle                 -hold close +idle_hold
  parse error                  idle                 -hold 1/2 close +idle_hold
  session set up               open sent            ignore
  session set up failed        open sent            ignore
open confirm:
  automatic start              open confirm         ignore
  manual start                 open confirm         ignore
  manual stop                  idle                 -keepalive -hold 6/2 close
  reset                        idle                 -keepalive -hold 6/4 close
                                                    +idle_hold
  automatic stop               idle                 -keepalive -hold 6/1 close
                                                    +idle_hold
  connect retry timer expires  open confirm         late
  idle hold timer expires      open confirm         late
  stable timer expires         open confirm         late
  tcp connection acked         connection collision adopt#3 open#3 +hold#3
                                                    read#3
  tcp connection confirmed     open confirm         reject#3 6/5
  connect attempt failed       open confirm         late
  hold timer expires           idle                 -keepalive 4/0 close
                                                    +idle_hold
  keepalive timer expires      open confirm         +keepalive keepalive
  delay open timer expires     open confirm         late
  send hold timer expires      idle                 -keepalive -hold 8/0 close
                                                    +idle_hold
  tcp connection fails         idle                 -keepalive -hold close
                                                    +idle_hold
  open message                 idle                 -keepalive -hold 5/2 close
                                                    +idle_hold
  keepalive message            session setup        +hold set-up
  update message               idle                 -keepalive -hold 5/2 close
                                                    +idle_hold
  route refresh message        idle                 -keepalive -hold 5/2 close
                                                    +idle_hold
  notification message         idle                 -keepalive -hold close
                                                    +idle_hold
  parse error                  idle                 -keepalive -hold 1/2 close
                                                    +idle_hold
  session set up               open confirm         ignore
  session set up failed        open confirm         ignore
session setup:
  automatic start              session setup        ignore
  manual start                 session setup        ignore
  manual stop                  idle                 down -keepalive -hold 6/2
                                                    close
  reset                        idle                 down -keepalive -hold 6/4
                                                    close +idle_hold
  automatic stop               idle                 down -keepalive -hold 6/1
                                                    close +idle_hold
  connect retry timer expires  session setup        late
  idle hold timer expires      session setup        late
  stable timer expires         session setup        late
  tcp connection acked         session setup        reject#3 6/7
  tcp connection confirmed     session setup        reject#3 6/7
  connect attempt failed       session setup        late
  hold timer expires           idle                 down -keepalive 4/0 close
                                                    +idle_hold
  keepalive timer expires      session setup        +keepalive keepalive
  delay open timer expires     session setup        late
  send hold timer expires      idle                 down -keepalive -hold 8/0
                                                    close +idle_hold
  tcp connection fails         idle                 down -keepalive -hold close
                                                    +idle_hold
  open message                 idle                 down -keepalive -hold 5/3
                                                    close +idle_hold
  keepalive message            session setup        +hold
  update message               session setup        +hold
  route refresh message        session setup        +hold
  notification message         idle                 down -keepalive -hold close
                                                    +idle_hold
  parse error                  idle                 down -keepalive -hold 1/2
                                                    close +idle_hold
  session set up               established          +keepalive keepalive
                                                    +stable accept up
  session set up failed        idle                 down -keepalive -hold 6/8
                                                    close +idle_hold
established:
  automatic start              established          ignore
  manual start                 established          ignore
  manual stop                  idle                 down -stable -keepalive
                                                    -hold 6/2 close
  reset                        idle                 down -stable -keepalive
                                                    -hold 6/4 close +idle_hold
  automatic stop               idle                 down -stable -keepalive
                                                    -hold 6/1 close +idle_hold
  connect retry timer expires  established          late
  idle hold timer expires      established          late
  stable timer expires         established          nothing
  tcp connection acked         established          reject#3 6/7
  tcp connection confirmed     established          reject#3 6/7
  connect attempt failed       established          late
  hold timer expires           idle                 down -stable -keepalive 4/0
                                                    close +idle_hold
  keepalive timer expires      established          +keepalive keepalive
  delay open timer expires     established          late
  send hold timer expires      idle                 down -stable -keepalive
                                                    -hold 8/0 close +idle_hold
  tcp connection fails         idle                 down -stable -keepalive
                                                    -hold close +idle_hold
  open message                 idle                 down -stable -keepalive
                                                    -hold 5/3 close +idle_hold
  keepalive message            established          +hold
  update message               established          +hold
  route refresh message        established          +hold
  notification message         idle                 down -stable -keepalive
                                                    -hold close +idle_hold
  parse error                  idle                 down -stable -keepalive
                                                    -hold 1/2 close +idle_hold
  session set up               established          ignore
  session set up failed        established          ignore
)";

// RFC 4271 §8.1.2, §8.1.3, §8.1.4, §8.1.5, RFC 6608 §3, RFC 9687 §4.2
TEST(FsmMatrix, AnswersEveryEventInEveryStateWithoutACompetitor) {
  for (const auto& s : read_table(matrix))
    expect_all(s);
}

TEST(FsmMatrix, IgnoresEventsOfUnknownConnectionsInEveryState) {
  for (const auto& s : read_table(matrix))
    expect_deaf_to_strangers(s);
}

TEST(FsmMatrix, VisitsEveryStateButTheCollision) {
  std::set<state> visited;
  for (const auto& s : read_table(matrix))
    visited.insert(set_up(s.name).current());
  EXPECT_EQ(visited.size(), state_count - 1);
  EXPECT_FALSE(visited.contains(state::connection_collision));
}

} // namespace

} // namespace troupe::protocol::fsm::test
