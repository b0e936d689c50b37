// The body of a NOTIFICATION or ROUTE-REFRESH; the first byte chooses.

#include "protocol/wire/text.hpp"
#include "tests/fuzz/fuzz_support.hpp"

using namespace troupe::fuzz;
namespace wire = troupe::protocol::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0 || size > wire::extended_message_size - wire::header_size)
    return 0;
  const auto type = (data[0] & 1U) != 0 ? wire::message_type::notification
                                        : wire::message_type::route_refresh;
  const byte_span body{data + 1, size - 1};
  const auto session = session_of(2);
  require(!wire::to_text(wire::frame{type, body, body}, session).empty(),
          "no text");
  check_stable({type, body, body}, session);
  if (const auto notification = wire::decode_notification(body)) {
    if (const auto text = wire::shutdown_text(*notification))
      require(text->size() <= 255, "a longer text than was sent");
    const auto inner = wire::unwrap_hard_reset(*notification);
    if (inner)
      require(wire::hard_reset(*inner) == *notification, "hard reset differs");
  }
  return 0;
}
