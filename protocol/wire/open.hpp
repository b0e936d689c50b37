#pragma once

#include "protocol/outcome.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/capability.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <vector>

namespace troupe::protocol::wire {

/// The only version there is.
inline constexpr std::uint8_t bgp_version = 4;

/// OPEN (RFC 4271 §4.2).
struct open_message {
  std::uint8_t version = bgp_version;
  /// The real AS number: that of the four-octet capability where there is one,
  /// else the field "My Autonomous System".
  as_number my_as = 0;
  /// The two-octet field as received; the encoder derives it from `my_as` and
  /// ignores what stands here.
  std::uint16_t my_as_field = 0;
  /// 0 or 3 to 65535 s.
  std::chrono::seconds hold_time{0};
  router_id identifier;
  /// In the order of the wire.
  std::vector<capability> capabilities;

  /// The last capability of this kind (RFC 4724 §3 wants the last); nothing
  /// if there is none. Refers to this message.
  template <class Capability>
  const Capability* find() const {
    for (auto it = capabilities.rbegin(); it != capabilities.rend(); ++it)
      if (const auto* found = std::get_if<Capability>(&*it))
        return found;
    return nullptr;
  }

  friend bool operator==(const open_message&, const open_message&) = default;
};

/// The field "My Autonomous System" of an AS: itself or AS_TRANS (RFC 6793 §9).
constexpr std::uint16_t as_field(as_number as) {
  return static_cast<std::uint16_t>(as > 0xffff ? as_trans : as);
}

/// Decodes the body of an OPEN, with the optional parameters of RFC 4271 or of
/// RFC 9072. Capabilities that are repeated literally are kept once (RFC 5492
/// §4). Errors (RFC 4271 §6.2): 2/1 with the version that we speak, 2/2 AS 0,
/// 2/3 identifier 0, 2/4 a parameter that holds no capabilities, 2/6 a hold
/// time of 1 or 2 s, 2/0 what is malformed.
outcome<open_message> decode_open(byte_span body);

/// Appends a whole OPEN: all capabilities in one parameter, in the order of the
/// vector; in the form of RFC 9072 only if they need it. A message beyond
/// standard_message_size is our mistake.
void encode_open(const open_message& message, std::vector<std::uint8_t>& out);

/// How a peer of `remote_as` relates to us, who have `local_as` in our OPEN.
/// `members` are all member ASes of our confederation, our own among them (RFC
/// 5065 §4); empty outside of one.
peer_kind kind_of(as_number local_as, as_number remote_as,
                  std::span<const as_number> members);

/// What we know about a neighbour before its OPEN.
struct open_expectations {
  as_number local_as = 0;
  /// For `kind_of`; must outlive this value.
  std::span<const as_number> members;
  router_id local_id;
  /// The neighbour's AS, where it is configured as a number.
  std::optional<as_number> remote_as;
  /// Where it is configured so; nothing means any.
  std::optional<peer_kind> kind;
  /// Our own role, where it is configured (RFC 9234).
  std::optional<bgp_role> role;
  /// Whether a neighbour without a role is refused (RFC 9234 §4.2).
  bool strict_role = false;
};

/// Checks a decoded OPEN against the configuration: 2/2 for an AS that is not
/// the expected one, 2/3 for our own identifier on an internal session (RFC
/// 6286 §2.2), 2/6 an unacceptable hold time, 2/11 for roles that do not fit.
/// Nothing if it is acceptable.
std::optional<decode_error> validate_open(const open_message& open,
                                          const open_expectations& expected);

} // namespace troupe::protocol::wire
