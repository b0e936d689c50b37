// A stream of whole messages on one session; the first byte chooses the kind of
// session. Whatever can be read must come out of the encoder the same twice.

#include "protocol/wire/text.hpp"
#include "tests/fuzz/fuzz_support.hpp"

using namespace troupe::fuzz;
namespace wire = troupe::protocol::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  const auto session = session_of(data[0]);
  byte_span rest{data + 1, size - 1};
  while (true) {
    const auto next = wire::next_frame(rest, wire::extended_message_size);
    if (!next || !*next)
      return 0;
    check_stable(**next, session);
    require(!wire::to_text(**next, session).empty(), "no text");
    rest = rest.subspan((*next)->whole.size());
  }
}
