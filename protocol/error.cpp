#include "protocol/error.hpp"

#include <array>
#include <utility>

namespace troupe::protocol {

namespace {

struct subcode_name {
  std::uint8_t subcode;
  std::string_view name;
};

struct code_names {
  notification_code code;
  std::string_view name;
  std::array<subcode_name, 11> subcodes;
};

constexpr std::array<code_names, 8> names{{
    {notification_code::message_header_error,
     "Message Header Error",
     {{{1, "Connection Not Synchronized"},
       {2, "Bad Message Length"},
       {3, "Bad Message Type"}}}},
    {notification_code::open_message_error,
     "OPEN Message Error",
     {{{1, "Unsupported Version Number"},
       {2, "Bad Peer AS"},
       {3, "Bad BGP Identifier"},
       {4, "Unsupported Optional Parameter"},
       {5, "Authentication Failure"},
       {6, "Unacceptable Hold Time"},
       {7, "Unsupported Capability"},
       {11, "Role Mismatch"}}}},
    {notification_code::update_message_error,
     "UPDATE Message Error",
     {{{1, "Malformed Attribute List"},
       {2, "Unrecognized Well-known Attribute"},
       {3, "Missing Well-known Attribute"},
       {4, "Attribute Flags Error"},
       {5, "Attribute Length Error"},
       {6, "Invalid ORIGIN Attribute"},
       {7, "AS Routing Loop"},
       {8, "Invalid NEXT_HOP Attribute"},
       {9, "Optional Attribute Error"},
       {10, "Invalid Network Field"},
       {11, "Malformed AS_PATH"}}}},
    {notification_code::hold_timer_expired, "Hold Timer Expired", {}},
    {notification_code::finite_state_machine_error,
     "Finite State Machine Error",
     {{{1, "Receive Unexpected Message in OpenSent State"},
       {2, "Receive Unexpected Message in OpenConfirm State"},
       {3, "Receive Unexpected Message in Established State"}}}},
    {notification_code::cease,
     "Cease",
     {{{1, "Maximum Number of Prefixes Reached"},
       {2, "Administrative Shutdown"},
       {3, "Peer De-configured"},
       {4, "Administrative Reset"},
       {5, "Connection Rejected"},
       {6, "Other Configuration Change"},
       {7, "Connection Collision Resolution"},
       {8, "Out of Resources"},
       {9, "Hard Reset"},
       {10, "BFD Down"}}}},
    {notification_code::route_refresh_error,
     "ROUTE-REFRESH Message Error",
     {{{1, "Invalid Message Length"}}}},
    {notification_code::send_hold_timer_expired, "Send Hold Timer Expired", {}},
}};

const code_names* find(notification_code code) {
  for (const auto& each : names)
    if (each.code == code)
      return &each;
  return nullptr;
}

template <class Subcode>
decode_error build(notification_code code, Subcode subcode,
                   std::string_view reason, std::vector<std::uint8_t> data) {
  return {code, static_cast<std::uint8_t>(subcode), std::move(data), reason};
}

} // namespace

decode_error make_error(header_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data) {
  return build(notification_code::message_header_error, subcode, reason,
               std::move(data));
}

decode_error make_error(open_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data) {
  return build(notification_code::open_message_error, subcode, reason,
               std::move(data));
}

decode_error make_error(update_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data) {
  return build(notification_code::update_message_error, subcode, reason,
               std::move(data));
}

decode_error make_error(fsm_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data) {
  return build(notification_code::finite_state_machine_error, subcode, reason,
               std::move(data));
}

decode_error make_error(cease_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data) {
  return build(notification_code::cease, subcode, reason, std::move(data));
}

decode_error make_error(route_refresh_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data) {
  return build(notification_code::route_refresh_error, subcode, reason,
               std::move(data));
}

std::string_view name_of(verdict v) {
  switch (v) {
  case verdict::accept:
    return "accept";
  case verdict::attribute_discard:
    return "attribute-discard";
  case verdict::treat_as_withdraw:
    return "treat-as-withdraw";
  case verdict::afi_safi_disable:
    return "afi-safi-disable";
  case verdict::session_reset:
    return "session-reset";
  }
  return "unknown";
}

std::string_view name_of(notification_code code) {
  const auto* found = find(code);
  return found ? found->name : "Unknown Error";
}

std::string_view name_of(notification_code code, std::uint8_t subcode) {
  if (subcode == 0)
    return "Unspecific";
  if (const auto* found = find(code))
    for (const auto& each : found->subcodes)
      if (each.subcode == subcode)
        return each.name;
  return "Unknown";
}

std::string to_string(notification_code code, std::uint8_t subcode) {
  std::string text{name_of(code)};
  if (subcode != 0) {
    text += '/';
    text += name_of(code, subcode);
  }
  text += " (" + std::to_string(static_cast<unsigned>(code)) + '/'
          + std::to_string(subcode) + ')';
  return text;
}

std::string to_string(const decode_error& error) {
  auto text = to_string(error.code, error.subcode);
  if (!error.reason.empty()) {
    text += ": ";
    text += error.reason;
  }
  return text;
}

} // namespace troupe::protocol
