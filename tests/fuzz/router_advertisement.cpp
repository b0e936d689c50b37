// An ICMPv6 message as it comes from a link.

#include "protocol/wire/router_advertisement.hpp"

#include "tests/fuzz/fuzz_support.hpp"

using namespace troupe::fuzz;
namespace wire = troupe::protocol::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto source = *troupe::protocol::ip_address::parse("fe80::1");
  const auto read =
      wire::decode_router_advertisement({source, 255, byte_span{data, size}});
  if (!read)
    return 0;
  const auto again = wire::encode_router_advertisement(*read);
  require(wire::decode_router_advertisement({source, 255, again}) == read,
          "an advertisement differs");
  return 0;
}
