#include "tests/protocol/fsm_driver.hpp"
#include "tests/protocol/fsm_watcher.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

using namespace troupe::protocol::fsm;

/// Drives a session state machine by the input's bytes and ends the process
/// when it breaks an invariant.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  test::byte_source in{{data, size}};
  session_fsm machine{test::drawn_settings(in), in.next()};
  test::watcher seen;
  while (!in.empty()) {
    const auto e = test::drawn_event(machine, in);
    const auto actions = machine.handle(e);
    seen.observe(e, actions, machine);
    if (seen.complaint()) {
      std::fprintf(stderr, "broken: %s\n", seen.complaint()->c_str());
      std::abort();
    }
  }
  return 0;
}
