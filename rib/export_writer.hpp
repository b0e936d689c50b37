#pragma once

#include "protocol/types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace troupe::rib {

/// A next hop as it stands in a message. In 32 bytes a global address is
/// followed by a link-local one (RFC 2545 §3).
struct wire_next_hop {
  std::array<std::uint8_t, 32> bytes{};
  std::uint8_t size = 0; ///< 4, 16, 32, or 0 for none

  std::span<const std::uint8_t> span() const { return {bytes.data(), size}; }
  friend bool operator==(const wire_next_hop&, const wire_next_hop&) = default;
};

/// Where the next hop of a message stands.
enum class hop_place : std::uint8_t { attribute, outside, canonical_stub };

/// How one attribute set is told.
struct told_options {
  bool external = true;
  /// To another member AS of our confederation (RFC 5065 §4.1 b); then
  /// `local_as` is our member AS. Not together with `external`.
  bool confederation = false;
  /// The path has segments of our confederation, which nobody outside is told
  /// (RFC 5065 §4.1 c).
  bool strip_confederation = false;
  protocol::as_number local_as = 0;
  /// See `export_settings` for these.
  protocol::as_number further_as = 0;
  protocol::as_number overridden_as = 0;
  bool remove_private_as = false;
  protocol::as_number kept_private_as = 0;
  /// To a route server's client (RFC 7947). Together with `external`.
  bool transparent = false;
  bool aigp = false;
  /// The OTC that a set without one gets (RFC 9234 §5); 0: none.
  protocol::as_number only_to_customer = 0;
  /// Communities that are added where the set lacks them.
  bool add_graceful_shutdown = false;
  bool add_no_export = false;
  bool as4 = true;
  bool keep_med = false;
  hop_place place = hop_place::attribute;
  std::uint32_t local_pref = 100;
  wire_next_hop hop;
};

/// Room that a set of so many bytes needs at most when it is told.
constexpr std::size_t told_room(std::size_t canonical) {
  return 2 * canonical + 128;
}

/// Writes a canonical set as it is told and returns the size. `out` has
/// `told_room`; `path` is scratch.
std::size_t write_told(const told_options& options,
                       std::span<const std::uint8_t> canonical,
                       std::uint8_t* out, std::vector<std::uint8_t>& path);

} // namespace troupe::rib
