#pragma once

#include "protocol/wire/reader.hpp"
#include "protocol/wire/writer.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

// The Accumulated IGP Metric attribute (RFC 7311 §3): a list of TLVs, whose
// lengths include the three octets of type and length.

namespace troupe::protocol::wire {

/// A metric that stops growing here; received, it makes the attribute malformed
/// (RFC 7311 §3.2, §3.4.3).
inline constexpr std::uint64_t highest_aigp =
    std::numeric_limits<std::uint64_t>::max();

/// The value of an AIGP attribute.
struct aigp_tlvs {
  /// Of the first AIGP TLV; nothing if there is none.
  std::optional<std::uint64_t> metric;
  /// All other TLVs, in their order: they are passed on unchanged.
  std::vector<std::uint8_t> others;
};

/// Nothing if the value is malformed (RFC 7311 §3.2): a TLV that does not fit,
/// an AIGP TLV of another length than 11, or a first one with the highest
/// metric. TLVs of unknown types and repeated ones are no flaw.
std::optional<aigp_tlvs> read_aigp(byte_span value);

/// Appends an AIGP TLV.
void write_aigp_metric(std::uint64_t metric, writer& to);

/// The metric in canonical attributes, without decoding the others.
std::optional<std::uint64_t> aigp_metric(byte_span canonical);

} // namespace troupe::protocol::wire
