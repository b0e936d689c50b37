#include "rib/own_as.hpp"

namespace troupe::rib {

namespace wire = protocol::wire;

std::size_t count_own_as(const wire::as_path_view& path,
                         const import_settings& settings) {
  if (!settings.confederation)
    return path.count(settings.local_as);
  const auto identifier = settings.confederation->identifier;
  const auto member = settings.confederation->member_as;
  const auto local =
      settings.local_as == member ? identifier : settings.local_as;
  std::size_t found = 0;
  path.for_each([&](const wire::as_segment_view& segment) {
    const auto own = segment.is_confederation() ? member : local;
    for (std::size_t i = 0; i < segment.size(); ++i)
      found += segment[i] == own || segment[i] == identifier ? 1U : 0U;
  });
  return found;
}

} // namespace troupe::rib
