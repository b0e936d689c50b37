// The bodies of two OPENs, the length of the first in front: what the two ends
// work out of them must be one agreement seen from two sides.

#include "protocol/wire/reader.hpp"
#include "tests/fuzz/fuzz_support.hpp"

using namespace troupe::fuzz;
namespace wire = troupe::protocol::wire;

namespace {

void check_families(const negotiated& ours, const negotiated& theirs) {
  for (const auto& family : ours.families) {
    const auto* other = theirs.find(family.address_family);
    // An OPEN without any family speaks IPv4 unicast, but names it not.
    if (other == nullptr) {
      require(family.address_family == troupe::protocol::ipv4_unicast
                  && theirs.families.empty(),
              "a family that only one side speaks");
      continue;
    }
    require(family.add_path_send == other->add_path_receive
                && family.add_path_receive == other->add_path_send,
            "path ids that only one side expects");
  }
}

void check_agreement(const negotiated& ours, const negotiated& theirs) {
  check_families(ours, theirs);
  check_families(theirs, ours);
  require(ours.as4 == theirs.as4, "widths of AS numbers differ");
  require(ours.extended_next_hop == theirs.extended_next_hop,
          "forms of the next hop differ");
  require(!ours.extended_message_send || theirs.extended_message_receive,
          "messages longer than the other side accepts");
  require(ours.enhanced_route_refresh == theirs.enhanced_route_refresh,
          "forms of the refresh differ");
  require(ours.hold_time == theirs.hold_time, "hold times differ");
  require(ours.kind == theirs.kind, "internal on one side only");
  require(ours.keepalive_time <= ours.hold_time, "too few KEEPALIVEs");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  wire::reader in{{data, size}};
  const auto first_body = in.take(in.u16());
  if (in.failed())
    return 0;
  const auto first = wire::decode_open(first_body);
  const auto second = wire::decode_open(in.rest());
  if (!first || !second)
    return 0;
  const std::chrono::seconds keepalive{size % 100};
  check_agreement(wire::negotiate(*first, *second, keepalive),
                  wire::negotiate(*second, *first, keepalive));
  return 0;
}
