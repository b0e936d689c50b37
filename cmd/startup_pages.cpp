#include "cmd/startup_pages.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace troupe::cmd {

namespace {

int give_back(dl_phdr_info* object, std::size_t, void* total) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i != object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    // What relocation wrote to lies in segments that may be written, also where
    // it was protected since.
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0)
      continue;
    const auto begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const auto end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // Of a private mapping that was never written nothing is lost.
    if (::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED)
        == 0)
      *static_cast<std::size_t*>(total) += end - begin;
  }
  return 0;
}

} // namespace

std::size_t give_back_startup_pages() {
  std::size_t total = 0;
  ::dl_iterate_phdr(&give_back, &total);
  return total;
}

} // namespace troupe::cmd
