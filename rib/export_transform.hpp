#pragma once

#include "rib/attribute_pool.hpp"
#include "rib/export_settings.hpp"
#include "rib/export_writer.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::rib {

/// What changes the told attributes of a route besides its attribute set.
namespace export_trait {
/// MED is ours: the route is, or the export policy set it (RFC 4271 §5.1.4).
inline constexpr std::uint8_t own_med = 1;
/// The export policy set the next hop.
inline constexpr std::uint8_t own_next_hop = 2;
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

  protocol::peer_kind kind_;
  protocol::as_number local_as_;
  bool as4_;
  protocol::family family_;
  wire_next_hop own_hop_; // size 0 where none is set or it is not usable
  bool keep_next_hop_ = false;
  bool extended_next_hop_ = false;
  std::vector<std::uint8_t> out_;
  std::vector<std::uint8_t> path_;
};

} // namespace troupe::rib
