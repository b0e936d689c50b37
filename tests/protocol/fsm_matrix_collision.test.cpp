#include "tests/protocol/fsm_table.hpp"

#include <gtest/gtest.h>

namespace troupe::protocol::fsm::test {

namespace {

// Two connections: the first one is outbound, the second one, #2, inbound. The
// peer has the lower identifier, so its connection loses (RFC 4271 §6.8). In
// the last situation identifiers decide against Established sessions as well.
constexpr std::string_view matrix = R"(
two in open sent:
  automatic start              connection collision ignore
  manual start                 connection collision ignore
  manual stop                  idle                 -hold 6/2 close -hold#2
                                                    6/2#2 close#2
  reset                        idle                 -hold 6/4 close -hold#2
                                                    6/4#2 close#2 +idle_hold
  automatic stop               idle                 -hold 6/1 close -hold#2
                                                    6/1#2 close#2 +idle_hold
  connect retry timer expires  connection collision late
  idle hold timer expires      connection collision late
  stable timer expires         connection collision late
  tcp connection acked         connection collision reject#3 6/5
  tcp connection confirmed     connection collision reject#3 6/5
  connect attempt failed       connection collision late
  hold timer expires           open sent            4/0 close
  keepalive timer expires      connection collision late
  delay open timer expires     connection collision late
  send hold timer expires      open sent            -hold 8/0 close
  tcp connection fails         open sent            -hold close
  open message                 open confirm         -hold#2 6/7#2 close#2 +hold
                                                    +keepalive keepalive
  keepalive message            open sent            -hold 5/1 close
  update message               open sent            -hold 5/1 close
  route refresh message        open sent            -hold 5/1 close
  notification message         open sent            -hold close
  parse error                  open sent            -hold 1/2 close
  session set up               connection collision ignore
  session set up failed        connection collision ignore
  hold timer expires #2        open sent            4/0#2 close#2
  keepalive timer expires #2   connection collision late
  delay open timer expires #2  connection collision late
  send hold timer expires #2   open sent            -hold#2 8/0#2 close#2
  tcp connection fails #2      open sent            -hold#2 close#2
  open message #2              open sent            -hold#2 6/7#2 close#2
  keepalive message #2         open sent            -hold#2 5/1#2 close#2
  update message #2            open sent            -hold#2 5/1#2 close#2
  route refresh message #2     open sent            -hold#2 5/1#2 close#2
  notification message #2      open sent            -hold#2 close#2
  parse error #2               open sent            -hold#2 1/2#2 close#2
  session set up #2            connection collision ignore
  session set up failed #2     connection collision ignore
open confirm and open sent:
  automatic start              connection collision ignore
  manual start                 connection collision ignore
  manual stop                  idle                 -keepalive -hold 6/2 close
                                                    -hold#2 6/2#2 close#2
  reset                        idle                 -keepalive -hold 6/4 close
                                                    -hold#2 6/4#2 close#2
                                                    +idle_hold
  automatic stop               idle                 -keepalive -hold 6/1 close
                                                    -hold#2 6/1#2 close#2
                                                    +idle_hold
  connect retry timer expires  connection collision late
  idle hold timer expires      connection collision late
  stable timer expires         connection collision late
  tcp connection acked         connection collision reject#3 6/5
  tcp connection confirmed     connection collision reject#3 6/5
  connect attempt failed       connection collision late
  hold timer expires           open sent            -keepalive 4/0 close
  keepalive timer expires      connection collision +keepalive keepalive
  delay open timer expires     connection collision late
  send hold timer expires      open sent            -keepalive -hold 8/0 close
  tcp connection fails         open sent            -keepalive -hold close
  open message                 open sent            -keepalive -hold 5/2 close
  keepalive message            session setup        +hold -hold#2 6/7#2 close#2
                                                    set-up
  update message               open sent            -keepalive -hold 5/2 close
  route refresh message        open sent            -keepalive -hold 5/2 close
  notification message         open sent            -keepalive -hold close
  parse error                  open sent            -keepalive -hold 1/2 close
  session set up               connection collision ignore
  session set up failed        connection collision ignore
  hold timer expires #2        open confirm         4/0#2 close#2
  keepalive timer expires #2   connection collision late
  delay open timer expires #2  connection collision late
  send hold timer expires #2   open confirm         -hold#2 8/0#2 close#2
  tcp connection fails #2      open confirm         -hold#2 close#2
  open message #2              open confirm         -hold#2 6/7#2 close#2
  keepalive message #2         open confirm         -hold#2 5/1#2 close#2
  update message #2            open confirm         -hold#2 5/1#2 close#2
  route refresh message #2     open confirm         -hold#2 5/1#2 close#2
  notification message #2      open confirm         -hold#2 close#2
  parse error #2               open confirm         -hold#2 1/2#2 close#2
  session set up #2            connection collision ignore
  session set up failed #2     connection collision ignore
two delaying:
  automatic start              connection collision ignore
  manual start                 connection collision ignore
  manual stop                  idle                 -delay_open 6/2 close
                                                    -delay_open#2 6/2#2 close#2
  reset                        idle                 -delay_open 6/4 close
                                                    -delay_open#2 6/4#2 close#2
                                                    +idle_hold
  automatic stop               idle                 -delay_open 6/1 close
                                                    -delay_open#2 6/1#2 close#2
                                                    +idle_hold
  connect retry timer expires  connection collision late
  idle hold timer expires      connection collision late
  stable timer expires         connection collision late
  tcp connection acked         connection collision reject#3 6/5
  tcp connection confirmed     connection collision reject#3 6/5
  connect attempt failed       connection collision late
  hold timer expires           connection collision late
  keepalive timer expires      connection collision late
  delay open timer expires     connection collision open +hold
  send hold timer expires      connect              -delay_open 8/0 close
  tcp connection fails         connect              -delay_open close
  open message                 open confirm         -delay_open#2 6/7#2 close#2
                                                    -delay_open open +hold
                                                    +keepalive keepalive
  keepalive message            connect              -delay_open close
  update message               connect              -delay_open close
  route refresh message        connect              -delay_open close
  notification message         connect              -delay_open close
  parse error                  connect              -delay_open 1/2 close
  session set up               connection collision ignore
  session set up failed        connection collision ignore
  hold timer expires #2        connection collision late
  keepalive timer expires #2   connection collision late
  delay open timer expires #2  connection collision open#2 +hold#2
  send hold timer expires #2   connect              -delay_open#2 8/0#2 close#2
  tcp connection fails #2      connect              -delay_open#2 close#2
  open message #2              connect              -delay_open#2 6/7#2 close#2
  keepalive message #2         connect              -delay_open#2 close#2
  update message #2            connect              -delay_open#2 close#2
  route refresh message #2     connect              -delay_open#2 close#2
  notification message #2      connect              -delay_open#2 close#2
  parse error #2               connect              -delay_open#2 1/2#2 close#2
  session set up #2            connection collision ignore
  session set up failed #2     connection collision ignore
established and open sent:
  automatic start              established          ignore
  manual start                 established          ignore
  manual stop                  idle                 down -stable -keepalive
                                                    -hold 6/2 close -hold#2
                                                    6/2#2 close#2
  reset                        idle                 down -stable -keepalive
                                                    -hold 6/4 close -hold#2
                                                    6/4#2 close#2 +idle_hold
  automatic stop               idle                 down -stable -keepalive
                                                    -hold 6/1 close -hold#2
                                                    6/1#2 close#2 +idle_hold
  connect retry timer expires  established          late
  idle hold timer expires      established          late
  stable timer expires         established          nothing
  tcp connection acked         established          reject#3 6/5
  tcp connection confirmed     established          reject#3 6/5
  connect attempt failed       established          late
  hold timer expires           open sent            down -stable -keepalive 4/0
                                                    close
  keepalive timer expires      established          +keepalive keepalive
  delay open timer expires     established          late
  send hold timer expires      open sent            down -stable -keepalive
                                                    -hold 8/0 close
  tcp connection fails         open sent            down -stable -keepalive
                                                    -hold close
  open message                 open sent            down -stable -keepalive
                                                    -hold 5/3 close
  keepalive message            established          +hold
  update message               established          +hold
  route refresh message        established          +hold
  notification message         open sent            down -stable -keepalive
                                                    -hold close
  parse error                  open sent            down -stable -keepalive
                                                    -hold 1/2 close
  session set up               established          ignore
  session set up failed        established          ignore
  hold timer expires #2        established          4/0#2 close#2
  keepalive timer expires #2   established          late
  delay open timer expires #2  established          late
  send hold timer expires #2   established          -hold#2 8/0#2 close#2
  tcp connection fails #2      established          -hold#2 close#2
  open message #2              established          -hold#2 6/7#2 close#2
  keepalive message #2         established          -hold#2 5/1#2 close#2
  update message #2            established          -hold#2 5/1#2 close#2
  route refresh message #2     established          -hold#2 5/1#2 close#2
  notification message #2      established          -hold#2 close#2
  parse error #2               established          -hold#2 1/2#2 close#2
  session set up #2            established          ignore
  session set up failed #2     established          ignore
)";

TEST(FsmCollisionMatrix, AnswersEveryEventOfBothConnections) {
  for (const auto& s : read_table(matrix))
    expect_all(s);
}

TEST(FsmCollisionMatrix, IgnoresEventsOfUnknownConnections) {
  for (const auto& s : read_table(matrix))
    expect_deaf_to_strangers(s);
}

} // namespace

} // namespace troupe::protocol::fsm::test
