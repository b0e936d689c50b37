#pragma once

#include "protocol/wire/reader.hpp"
#include "rib/import.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::rib {

/// Why a session keeps well-formed routes as rejected ones, so that they
/// replace what the peer said before.
enum class refusal : std::uint8_t {
  none,
  loop,     ///< RFC 4271 §9.1.2, RFC 4456 §8
  next_hop, ///< RFC 4271 §6.3
  leak,     ///< RFC 9234 §5
};

/// What the rules of a session make of canonical attributes, which other
/// sessions may share.
struct rules_verdict {
  refusal why = refusal::none;
  bool has_otc = false;       ///< only where nothing is refused
  std::uint8_t attribute = 0; ///< the one to blame
  std::string_view reason;    ///< static text
};
rules_verdict judge_by_rules(protocol::wire::byte_span canonical,
                             const import_settings& settings);

/// Whether routes without OTC get it with the peer's AS (RFC 9234 §5, third
/// rule of ingress): those from a provider, a peer or a route server.
bool adds_otc(const import_settings& settings);

} // namespace troupe::rib
