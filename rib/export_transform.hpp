#pragma once

#include "rib/attribute_pool.hpp"
#include "rib/export_settings.hpp"
#include "rib/export_writer.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace troupe::rib {

/// What changes the told attributes of a route besides its attribute set.
namespace export_trait {
/// MED is ours: the route is, or the export policy set it (RFC 4271 §5.1.4).
inline constexpr std::uint8_t own_med = 1;
/// The next hop is told as it stands in the set: the export policy set it, or
/// the route is reflected (RFC 4456).
inline constexpr std::uint8_t own_next_hop = 2;
/// NO_EXPORT is added (RFC 7999).
inline constexpr std::uint8_t no_export = 4;
} // namespace export_trait

/// Attributes ready for a message.
struct told_attributes {
  /// Ascending by code; with NEXT_HOP unless `multiprotocol`. Valid until the
  /// next run of the transform.
  std::span<const std::uint8_t> bytes;
  wire_next_hop next_hop;
  /// Next hop and prefixes go into MP_REACH_NLRI (RFC 4760, RFC 8950).
  bool multiprotocol = false;
};

/// Turns an interned attribute set into what the members of a group are told
/// (RFC 4271 §5.1, §9.2, RFC 6793 §4.2.2), straight from wire to wire.
class export_transform {
public:
  /// The settings are copied. The family need not be among them, but then no
  /// next hop is usable.
  export_transform(const export_settings& settings, protocol::family family);

  /// The next hop that the members are told; size 0: none that the family may
  /// have, the route cannot be told.
  wire_next_hop next_hop(std::span<const std::uint8_t> canonical,
                         std::uint8_t traits) const;
  /// Whether `next_hop` finds one; does not look at the set where it need not.
  bool has_next_hop(std::span<const std::uint8_t> canonical,
                    std::uint8_t traits) const;
  /// The attributes to tell, for a route that has a next hop. `traits` are bits
  /// of `export_trait`.
  told_attributes run(const attribute_set& set, std::uint8_t traits);
  /// The same in canonical form, for views: four-octet AS numbers, the next hop
  /// among the attributes.
  std::vector<std::uint8_t> canonical(const attribute_set& set,
                                      std::uint8_t traits) const;

private:
  bool is_usable(const wire_next_hop& hop) const;
  bool is_third_party(const protocol::ip_address& hop) const;
  told_options options_for(const attribute_set& set, std::uint8_t traits) const;

  told_options options_; // what is the same for all sets
  bool graceful_shutdown_;
  protocol::family family_;
  wire_next_hop own_hop_; // size 0 where none is set or it is not usable
  bool keep_next_hop_ = false;
  std::optional<shared_subnet> shared_;
  bool extended_next_hop_ = false;
  std::vector<std::uint8_t> out_;
  std::vector<std::uint8_t> path_;
};

} // namespace troupe::rib
