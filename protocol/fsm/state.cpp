#include "protocol/fsm/state.hpp"

namespace troupe::protocol::fsm {

std::string_view log_name(state s) {
  switch (s) {
  case state::idle:
    return "idle";
  case state::connect:
    return "connect";
  case state::active:
    return "active";
  case state::open_sent:
    return "open sent";
  case state::open_confirm:
    return "open confirm";
  case state::connection_collision:
    return "connection collision";
  case state::session_setup:
    return "session setup";
  case state::established:
    return "established";
  }
  return "unknown";
}

std::string_view api_name(state s) {
  switch (s) {
  case state::idle:
    return "Idle";
  case state::connect:
    return "Connect";
  case state::active:
    return "Active";
  case state::open_sent:
    return "OpenSent";
  case state::open_confirm:
    return "OpenConfirm";
  case state::connection_collision:
    return "ConnectionCollision";
  case state::session_setup:
    return "SessionSetup";
  case state::established:
    return "Established";
  }
  return "Unknown";
}

std::string_view to_string(direction d) {
  return d == direction::inbound ? "inbound" : "outbound";
}

std::string_view to_string(phase p) {
  switch (p) {
  case phase::delaying:
    return "delaying";
  case phase::open_sent:
    return "open sent";
  case phase::open_confirm:
    return "open confirm";
  case phase::session_setup:
    return "session setup";
  case phase::established:
    return "established";
  }
  return "unknown";
}

std::string_view to_string(timer t) {
  switch (t) {
  case timer::connect_retry:
    return "connect_retry";
  case timer::idle_hold:
    return "idle_hold";
  case timer::stable:
    return "stable";
  case timer::hold:
    return "hold";
  case timer::keepalive:
    return "keepalive";
  case timer::delay_open:
    return "delay_open";
  }
  return "unknown";
}

} // namespace troupe::protocol::fsm
