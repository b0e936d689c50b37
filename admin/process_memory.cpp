#include "admin/process_memory.hpp"

#include <fstream>
#include <malloc.h>
#include <string>

namespace troupe::admin {

process_memory read_process_memory() {
  constexpr std::uint64_t kibibyte = 1024;
  process_memory found;
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with("Vm") && !line.starts_with("Rss"))
      continue;
    const auto name = line.substr(0, colon);
    const auto octets = std::stoull(line.substr(colon + 1)) * kibibyte;
    if (name == "VmRSS")
      found.resident = octets;
    if (name == "RssFile")
      found.program = octets;
  }
  found.heap_free = mallinfo2().fordblks;
  return found;
}

} // namespace troupe::admin
