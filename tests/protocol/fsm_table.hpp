#pragma once

#include "tests/protocol/fsm_support.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::protocol::fsm::test {

/// A cell of the state x event matrix.
struct cell {
  std::string event; ///< a title, and " #2" if it is not for `first`
  std::string next;  ///< log name of the state afterwards
  std::string does;  ///< `summary` of the actions
};

/// The cells of one situation.
struct situation {
  std::string name;
  std::vector<cell> cells;
};

/// Reads a table: "NAME:" begins a situation; a cell has its event at column 2,
/// its state at 31, its actions at 52, and goes on in lines that have only
/// actions. "any connection event" stands for all of them.
std::vector<situation> read_table(std::string_view text);

/// A machine in the situation of this name.
session_fsm set_up(std::string_view situation_name);

/// Expects of each cell what it says, and that the situation has a cell for
/// every event of the session and of each registered connection.
void expect_all(const situation& s);

/// Expects that events of an unknown connection change nothing.
void expect_deaf_to_strangers(const situation& s);

} // namespace troupe::protocol::fsm::test
