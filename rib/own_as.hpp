#pragma once

#include "protocol/wire/as_path.hpp"
#include "rib/import.hpp"

#include <cstddef>

namespace troupe::rib {

/// How often the path has been through our AS (RFC 4271 §9.1.2). In a
/// confederation that is its identifier anywhere, and our member AS among its
/// members (RFC 5065 §4): outside of it that number is somebody else's.
std::size_t count_own_as(const protocol::wire::as_path_view& path,
                         const import_settings& settings);

} // namespace troupe::rib
