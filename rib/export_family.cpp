#include "rib/export_family.hpp"

namespace troupe::rib {

// Apart from the group and from the other form, so that what the compiler
// inlines of this one does not depend on them.
template class told_family<ipv4_key>;
template class told_family<ipv6_key>;

} // namespace troupe::rib
