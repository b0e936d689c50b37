#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::protocol {

/// NOTIFICATION error codes: RFC 4271 §4.5, RFC 7313 §5, RFC 9687 §5. A
/// received one may hold any other octet.
enum class notification_code : std::uint8_t {
  message_header_error = 1,
  open_message_error = 2,
  update_message_error = 3,
  hold_timer_expired = 4,
  finite_state_machine_error = 5,
  cease = 6,
  route_refresh_error = 7,
  send_hold_timer_expired = 8,
};

/// Subcodes of a message header error (RFC 4271 §6.1).
enum class header_subcode : std::uint8_t {
  unspecific = 0,
  connection_not_synchronized = 1,
  bad_message_length = 2,
  bad_message_type = 3,
};

/// Subcodes of an OPEN message error (RFC 4271 §6.2, RFC 5492 §5, RFC 9234).
enum class open_subcode : std::uint8_t {
  unspecific = 0,
  unsupported_version_number = 1,
  bad_peer_as = 2,
  bad_bgp_identifier = 3,
  unsupported_optional_parameter = 4,
  unacceptable_hold_time = 6,
  unsupported_capability = 7,
  role_mismatch = 11,
};

/// Subcodes of an UPDATE message error (RFC 4271 §6.3).
enum class update_subcode : std::uint8_t {
  unspecific = 0,
  malformed_attribute_list = 1,
  unrecognized_well_known_attribute = 2,
  missing_well_known_attribute = 3,
  attribute_flags_error = 4,
  attribute_length_error = 5,
  invalid_origin_attribute = 6,
  invalid_next_hop_attribute = 8,
  optional_attribute_error = 9,
  invalid_network_field = 10,
  malformed_as_path = 11,
};

/// Subcodes of a finite state machine error (RFC 6608 §3).
enum class fsm_subcode : std::uint8_t {
  unspecific = 0,
  unexpected_in_open_sent = 1,
  unexpected_in_open_confirm = 2,
  unexpected_in_established = 3,
};

/// Subcodes of a Cease (RFC 4486 §3, RFC 8538 §3.1, RFC 9384 §3).
enum class cease_subcode : std::uint8_t {
  unspecific = 0,
  maximum_number_of_prefixes_reached = 1,
  administrative_shutdown = 2,
  peer_de_configured = 3,
  administrative_reset = 4,
  connection_rejected = 5,
  other_configuration_change = 6,
  connection_collision_resolution = 7,
  out_of_resources = 8,
  hard_reset = 9,
  bfd_down = 10,
};

/// Subcodes of a ROUTE-REFRESH message error (RFC 7313 §5).
enum class route_refresh_subcode : std::uint8_t {
  unspecific = 0,
  invalid_message_length = 1,
};

/// A peer's mistake. It *is* the NOTIFICATION that answers it: code, subcode
/// and data as they go on the wire. `reason` is for the log only and refers to
/// static text.
struct decode_error {
  notification_code code = notification_code::cease;
  std::uint8_t subcode = 0;
  std::vector<std::uint8_t> data;
  std::string_view reason;

  friend bool operator==(const decode_error&, const decode_error&) = default;
};

/// Builds the error of the subcode's own code. `reason` must be static text.
decode_error make_error(header_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data = {});
/// \copydoc make_error
decode_error make_error(open_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data = {});
/// \copydoc make_error
decode_error make_error(update_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data = {});
/// \copydoc make_error
decode_error make_error(fsm_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data = {});
/// \copydoc make_error
decode_error make_error(cease_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data = {});
/// \copydoc make_error
decode_error make_error(route_refresh_subcode subcode, std::string_view reason,
                        std::vector<std::uint8_t> data = {});

/// What to do about a malformed UPDATE, weakest first (RFC 7606 §2).
enum class verdict : std::uint8_t {
  accept,
  attribute_discard,
  treat_as_withdraw,
  afi_safi_disable,
  session_reset,
};

/// The stronger one of two verdicts (RFC 7606 §3 (h)).
constexpr verdict strongest(verdict a, verdict b) {
  return a < b ? b : a;
}

/// "accept", "attribute-discard", "treat-as-withdraw", ...
std::string_view name_of(verdict v);
/// The name of an error code as its RFC spells it; "Unknown Error" otherwise.
std::string_view name_of(notification_code code);
/// The name of a subcode as its RFC spells it; "Unspecific" for 0 and "Unknown"
/// for one that no RFC names.
std::string_view name_of(notification_code code, std::uint8_t subcode);
/// Code, subcode and both names: "Cease/Administrative Shutdown (6/2)".
std::string to_string(notification_code code, std::uint8_t subcode);
/// The same and the reason, if there is one.
std::string to_string(const decode_error& error);

} // namespace troupe::protocol
