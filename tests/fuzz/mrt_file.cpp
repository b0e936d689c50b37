// An MRT file: whatever it holds, each record lies within it, and what it holds
// of BGP goes through the decoder.

#include "protocol/mrt/reader.hpp"
#include "protocol/overloaded.hpp"
#include "tests/fuzz/fuzz_support.hpp"

using namespace troupe;
using fuzz::byte_span;
using fuzz::require;
namespace mrt = protocol::mrt;
namespace wire = protocol::wire;

namespace {

bool lies_within(byte_span part, byte_span whole) {
  return part.empty()
         || (part.data() >= whole.data()
             && part.data() + part.size() <= whole.data() + whole.size());
}

void check_attributes(byte_span attributes, bool as4, byte_span file) {
  require(lies_within(attributes, file), "attributes beyond the file");
  wire::decode_context context;
  context.as4 = as4;
  context.classic_nlri = true;
  const auto found = wire::decode_attributes(attributes, context);
  require(found.reset.has_value()
              == (found.action == protocol::verdict::session_reset),
          "verdict and NOTIFICATION disagree");
}

void check_message(const mrt::bgp_message& heard, byte_span file) {
  require(lies_within(heard.message, file), "a message beyond the file");
  auto session = fuzz::session_of(heard.add_path ? 1 : 0);
  session.as4 = heard.four_octet_as;
  const auto framed =
      wire::next_frame(heard.message, wire::extended_message_size);
  if (framed && *framed)
    fuzz::check_stable(**framed, session);
}

void check_record(const mrt::record& r, byte_span file) {
  std::visit(overloaded{
                 [&](const mrt::unknown_record& x) {
                   require(lies_within(x.body, file), "a body beyond the file");
                 },
                 [&](const mrt::malformed_record& x) {
                   require(lies_within(x.body, file), "a body beyond the file");
                   require(!x.reason.empty(), "malformed without a reason");
                 },
                 [&](const mrt::table_dump& x) {
                   check_attributes(x.attributes, false, file);
                 },
                 [&](const mrt::peer_index_table& x) {
                   require(x.peers.size() * 11 <= file.size(),
                           "more peers than fit the file");
                 },
                 [&](const mrt::rib& x) {
                   for (const auto& entry : x.entries)
                     check_attributes(entry.attributes, true, file);
                 },
                 [&](const mrt::bgp_message& x) { check_message(x, file); },
                 [](const mrt::bgp_state_change&) {},
             },
             r.body);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const byte_span file{data, size};
  mrt::reader reader{file};
  std::size_t before = 0;
  for (mrt::record each; reader.next(each); before = reader.offset()) {
    require(reader.offset() >= before + 12, "a record without a header");
    require(reader.offset() <= size, "beyond the file");
    check_record(each, file);
  }
  require(reader.error().empty() == (reader.offset() == size),
          "an end that is neither regular nor an error");
  return 0;
}
