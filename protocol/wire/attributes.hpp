#pragma once

#include "protocol/error.hpp"
#include "protocol/wire/reader.hpp"

#include <array>
#include <span>
#include <string_view>

namespace troupe::protocol::wire {

/// The path attributes that we know (IANA "BGP Path Attributes").
enum class attribute_code : std::uint8_t {
  origin = 1,
  as_path = 2,
  next_hop = 3,
  multi_exit_disc = 4,
  local_pref = 5,
  atomic_aggregate = 6,
  aggregator = 7,
  communities = 8,
  originator_id = 9,
  cluster_list = 10,
  mp_reach_nlri = 14,
  mp_unreach_nlri = 15,
  extended_communities = 16,
  as4_path = 17,
  as4_aggregator = 18,
  aigp = 26,
  large_communities = 32,
  only_to_customer = 35,
};

/// The octet's code.
constexpr std::uint8_t number_of(attribute_code code) {
  return static_cast<std::uint8_t>(code);
}

/// Attribute flags (RFC 4271 §4.3).
inline constexpr std::uint8_t flag_optional = 0x80;
inline constexpr std::uint8_t flag_transitive = 0x40;
inline constexpr std::uint8_t flag_partial = 0x20;
inline constexpr std::uint8_t flag_extended_length = 0x10;

/// The flags octets of the three categories.
inline constexpr std::uint8_t well_known = flag_transitive;
inline constexpr std::uint8_t optional_transitive =
    flag_optional | flag_transitive;
inline constexpr std::uint8_t optional_non_transitive = flag_optional;

/// One attribute as it stands in a message.
struct raw_attribute {
  std::uint8_t flags = 0;
  std::uint8_t code = 0;
  byte_span value;
  /// Flags, code, length and value.
  byte_span whole;

  bool is(attribute_code c) const { return code == number_of(c); }
};

/// Walks over the attributes of an UPDATE. Allocates nothing, owns nothing, and
/// stops for good at the first one that does not fit (RFC 7606 §4).
class attribute_walker {
public:
  explicit attribute_walker(byte_span attributes) : rest_{attributes} {}

  /// The next attribute; false at the end and after a failure.
  bool next(raw_attribute& out) {
    if (rest_.size() < 3)
      return !rest_.empty() && fail();
    std::size_t header = 3;
    std::size_t length = rest_[2];
    if ((rest_[0] & flag_extended_length) != 0) {
      if (rest_.size() < 4)
        return fail();
      header = 4;
      length = length << 8 | rest_[3];
    }
    if (rest_.size() - header < length)
      return fail();
    out.flags = rest_[0];
    out.code = rest_[1];
    out.value = rest_.subspan(header, length);
    out.whole = rest_.first(header + length);
    rest_ = rest_.subspan(header + length);
    return true;
  }
  /// Whether an attribute did not fit. Ask once `next` has returned false.
  bool failed() const { return failed_; }

private:
  bool fail() {
    failed_ = true;
    rest_ = {};
    return false;
  }

  byte_span rest_;
  bool failed_ = false;
};

class attribute_decoder;
class attribute_encoder;

/// All that is particular about one attribute: adding one means adding a row
/// (and its field in path_attributes).
struct attribute_rule {
  attribute_code code;
  std::string_view name;
  /// What the Optional and Transitive bits must be.
  std::uint8_t flags;
  /// The verdict on a malformed one (RFC 7606 §7).
  verdict on_error;
  /// Bounds of the value's length, which must be a multiple of `unit`.
  std::uint16_t min_length;
  std::uint16_t max_length;
  std::uint8_t unit;
  /// The subcode where a malformed one resets the session.
  update_subcode subcode;
  /// An attribute discard from an external neighbour (RFC 7606 §7.5, §7.9).
  bool internal_only;
  /// Reads the value into the path attributes, or tells what is wrong with it.
  void (*decode)(attribute_decoder&, const raw_attribute&);
  /// Appends the attribute if the route has it.
  void (*encode)(attribute_encoder&);
};

/// One row per attribute, ascending by code.
std::span<const attribute_rule> attribute_rules();
/// The row of each code; nothing for an unknown one.
extern const std::array<const attribute_rule*, 256> rules_by_code;
/// The row of a code; nothing for an unknown one.
inline const attribute_rule* find_rule(std::uint8_t code) {
  return rules_by_code[code];
}
/// "ORIGIN", "AS_PATH", ...; "UNKNOWN" otherwise.
std::string_view attribute_name(std::uint8_t code);

} // namespace troupe::protocol::wire
