#pragma once

#include "protocol/wire/negotiation.hpp"
#include "tests/protocol/wire_reencode.hpp"

#include <cstdio>
#include <cstdlib>

namespace troupe::fuzz {

using protocol::wire::byte_span;
using protocol::wire::frame;
using protocol::wire::negotiated;

/// Ends the process, so that the fuzzer keeps the input.
inline void require(bool condition, const char* what) {
  if (condition)
    return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// A session whose properties the input chooses.
inline negotiated session_of(std::uint8_t choice) {
  const bool path_ids = (choice & 1U) != 0;
  negotiated session;
  session.families = {{protocol::ipv4_unicast, path_ids, path_ids},
                      {protocol::ipv6_unicast, path_ids, path_ids}};
  session.as4 = (choice & 2U) != 0;
  session.kind = (choice & 4U) != 0 ? protocol::peer_kind::internal
                                    : protocol::peer_kind::external;
  if ((choice & 16U) != 0)
    session.kind = protocol::peer_kind::confederation;
  session.extended_next_hop = (choice & 8U) != 0;
  return session;
}

/// Decodes, encodes, and decodes and encodes again: what comes out must be
/// whole messages, the same both times, and mean what the first one meant.
inline void check_stable(const frame& message, const negotiated& session) {
  using protocol::wire::extended_message_size;
  namespace testing = protocol::wire::testing;
  // AS4_PATH cannot carry the segments of a confederation (RFC 6793 §6), which
  // no external neighbour may send.
  if (!session.as4 && session.kind != protocol::peer_kind::external)
    return;
  const auto once = testing::reencode(message, session);
  if (!once)
    return;
  std::vector<std::uint8_t> twice;
  byte_span rest{*once};
  while (!rest.empty()) {
    const auto next = protocol::wire::next_frame(rest, extended_message_size);
    require(next.has_value() && next->has_value(), "a broken message");
    const auto again = testing::reencode(**next, session);
    require(again.has_value(), "our own message cannot be read");
    twice.insert(twice.end(), again->begin(), again->end());
    rest = rest.subspan((*next)->whole.size());
  }
  require(twice == *once, "the second encoding differs from the first");
  testing::meaning before;
  require(testing::add_meaning(message, session, before),
          "encoded, but not to be read");
  require(testing::meaning_of(*once, session) == before,
          "decoded again it means something else");
}

} // namespace troupe::fuzz
