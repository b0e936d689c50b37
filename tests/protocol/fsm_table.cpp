#include "tests/protocol/fsm_table.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <sstream>

namespace troupe::protocol::fsm::test {

namespace {

constexpr std::size_t state_column = 31;
constexpr std::size_t action_column = 52;

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos)
    return {};
  const auto end = text.find_last_not_of(' ');
  return std::string{text.substr(begin, end - begin + 1)};
}

std::string field(const std::string& line, std::size_t from, std::size_t to) {
  if (line.size() <= from)
    return {};
  return trimmed(std::string_view{line}.substr(from, to - from));
}

settings delaying_settings() {
  auto s = plain_settings();
  s.delay_open = 7s;
  return s;
}

settings deterministic_settings() {
  auto s = plain_settings();
  s.deterministic_collision_resolution = true;
  return s;
}

session_fsm after(session_fsm machine, std::initializer_list<event> events) {
  run(machine, events);
  return machine;
}

using maker = std::function<session_fsm()>;

const std::map<std::string, maker, std::less<>>& situations() {
  static const std::map<std::string, maker, std::less<>> all{
      {"idle, not started", [] { return fresh(); }},
      {"idle, stopped", [] { return after(fresh(), {manual_stop{}}); }},
      {"idle, waiting", [] { return after(fresh(), {automatic_start{}}); }},
      {"connect", [] { return in_connect(); }},
      {"connect, delaying",
       [] {
         return after(in_connect(delaying_settings()),
                      {tcp_connection_confirmed{first}});
       }},
      {"active",
       [] { return after(in_open_sent(), {tcp_connection_failed{first}}); }},
      {"active, delaying",
       [] {
         return after(in_active(delaying_settings()),
                      {tcp_connection_acked{first}});
       }},
      {"open sent", [] { return in_open_sent(); }},
      {"open confirm", [] { return in_open_confirm(); }},
      {"session setup", [] { return in_session_setup(); }},
      {"established", [] { return in_established(); }},
      {"two in open sent", [] { return in_collision(phase::open_sent); }},
      {"open confirm and open sent",
       [] { return in_collision(phase::open_confirm); }},
      {"two delaying",
       [] {
         return after(
             in_connect(delaying_settings()),
             {tcp_connection_confirmed{first}, tcp_connection_acked{second}});
       }},
      {"established and open sent",
       [] {
         return after(in_established(deterministic_settings()),
                      {tcp_connection_acked{second}});
       }},
  };
  return all;
}

/// The event of a cell; a connection that comes up is `third`.
event event_of(const cell& c) {
  const auto mark = c.event.find(" #2");
  const auto name = c.event.substr(0, mark);
  if (mark != std::string::npos)
    return event_named(name, second);
  return event_named(name, name.starts_with("tcp connection a")
                                   || name.starts_with("tcp connection c")
                               ? third
                               : first);
}

void expect_cell(const session_fsm& start, const cell& c) {
  SCOPED_TRACE(c.event);
  auto machine = start;
  const auto actions = machine.handle(event_of(c));
  EXPECT_EQ(log_name(machine.current()), c.next);
  EXPECT_EQ(summary(actions), c.does);
  // The transitions lead from where it was to where it is.
  auto at = start.current();
  for (const auto& t : all_of<transition>(actions)) {
    EXPECT_EQ(t.from, at);
    EXPECT_NE(t.from, t.to);
    at = t.to;
  }
  EXPECT_EQ(at, machine.current());
}

void expect_complete(const situation& s, std::size_t connections) {
  std::multiset<std::string> expected;
  for (const auto title : session_titles())
    expected.emplace(title);
  for (const auto title : connection_titles())
    expected.emplace(title);
  if (connections == 2)
    for (const auto title : connection_titles())
      expected.insert(std::string{title} + " #2");
  std::multiset<std::string> found;
  for (const auto& c : s.cells)
    found.insert(c.event);
  EXPECT_EQ(found, expected);
}

} // namespace

std::vector<situation> read_table(std::string_view text) {
  std::vector<situation> all;
  std::istringstream in{std::string{text}};
  for (std::string line; std::getline(in, line);) {
    if (trimmed(line).empty())
      continue;
    if (line.back() == ':') {
      all.push_back({line.substr(0, line.size() - 1), {}});
      continue;
    }
    auto& cells = all.back().cells;
    const auto event = field(line, 0, state_column);
    const auto next = field(line, state_column, action_column);
    const auto does = field(line, action_column, line.size());
    if (event.empty())
      cells.back().does += ' ' + does;
    else if (event == "any connection event")
      for (const auto title : connection_titles())
        cells.push_back({std::string{title}, next, does});
    else
      cells.push_back({event, next, does == "nothing" ? "" : does});
  }
  return all;
}

session_fsm set_up(std::string_view situation_name) {
  const auto found = situations().find(situation_name);
  if (found != situations().end())
    return found->second();
  ADD_FAILURE() << "no situation is called " << situation_name;
  return fresh();
}

void expect_all(const situation& s) {
  SCOPED_TRACE(s.name);
  const auto start = set_up(s.name);
  expect_complete(s, start.connections().size());
  for (const auto& c : s.cells)
    expect_cell(start, c);
}

void expect_deaf_to_strangers(const situation& s) {
  SCOPED_TRACE(s.name);
  const auto start = set_up(s.name);
  for (const auto title : connection_titles()) {
    SCOPED_TRACE(title);
    auto machine = start;
    const auto actions = machine.handle(event_named(title, stranger));
    const action expected =
        unexpected_event{title, stranger, ignored_because::unknown_connection};
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(actions.front(), expected);
    EXPECT_EQ(machine.current(), start.current());
    EXPECT_EQ(machine.connections(), start.connections());
    EXPECT_EQ(machine.timers(), start.timers());
  }
}

} // namespace troupe::protocol::fsm::test
