// The body of an UPDATE; the first byte chooses the kind of session.

#include "protocol/wire/text.hpp"
#include "protocol/wire/update.hpp"
#include "tests/fuzz/fuzz_support.hpp"

using namespace troupe::fuzz;
namespace wire = troupe::protocol::wire;
using troupe::protocol::verdict;

namespace {

void check_update(byte_span body, const negotiated& session) {
  const auto update = wire::read_update(body, session);
  if (!update)
    return;
  require(!wire::to_text(*update, session).empty(), "no text");
  const auto& found = update->attributes;
  require(found.action < verdict::session_reset && !found.reset,
          "a reset that is no error");
  std::vector<std::uint8_t> canonical;
  if (!wire::encode_attributes(found.attributes, {}, canonical))
    return;
  const auto again = wire::decode_canonical(canonical);
  require(again == found.attributes, "the canonical form loses something");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0 || size > wire::extended_message_size - wire::header_size)
    return 0;
  const auto session = session_of(data[0]);
  const byte_span body{data + 1, size - 1};
  check_update(body, session);
  check_stable({wire::message_type::update, body, body}, session);
  // The same bytes as attributes alone.
  auto context = wire::context_of(session);
  context.classic_nlri = (data[0] & 16U) != 0;
  const auto result = wire::decode_attributes(body, context);
  require(result.reset.has_value() == (result.action == verdict::session_reset),
          "verdict and NOTIFICATION disagree");
  return 0;
}
