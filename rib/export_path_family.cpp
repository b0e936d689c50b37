#include "rib/export_path_family.hpp"

namespace troupe::rib {

template class path_family<ipv4_key>;
template class path_family<ipv6_key>;

} // namespace troupe::rib
