// Framing of a stream and, without a header, the body of an OPEN.

#include "protocol/wire/text.hpp"
#include "tests/fuzz/fuzz_support.hpp"

using namespace troupe::fuzz;
namespace wire = troupe::protocol::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const byte_span input{data, size};
  byte_span rest = input;
  while (true) {
    const auto next = wire::next_frame(rest, wire::standard_message_size);
    if (!next || !*next)
      break;
    require((*next)->whole.size() <= rest.size(), "beyond the buffer");
    check_stable(**next, session_of(2));
    rest = rest.subspan((*next)->whole.size());
  }
  if (size > wire::standard_message_size - wire::header_size)
    return 0;
  const auto open = wire::decode_open(input);
  if (!open)
    return 0;
  require(!wire::to_text(*open).empty(), "no text");
  static_cast<void>(wire::validate_open(*open, {}));
  const auto session = wire::negotiate(*open, *open, std::chrono::seconds{30});
  require((session.hold_time.count() == 0)
              == (session.keepalive_time.count() == 0),
          "a keepalive time without a hold time");
  // The encoder joins what stood in several parameters, which may need the
  // longer form of RFC 9072 and then exceed the limit by a few bytes.
  if (size + 16 > wire::standard_message_size - wire::header_size)
    return 0;
  check_stable({wire::message_type::open, input, input}, session);
  return 0;
}
