#pragma once

#include "protocol/mrt/record.hpp"

#include <cstddef>
#include <string_view>

namespace troupe::protocol::mrt {

/// The length of a body beyond which the bytes are taken for no MRT file, in
/// octets. The largest real records hold some hundred routes of one prefix.
inline constexpr std::size_t max_body_size = std::size_t{16} << 20;

/// Reads a table or an update stream record by record (RFC 6396, RFC 8050):
/// TABLE_DUMP, TABLE_DUMP_V2 for IPv4 and IPv6 unicast with and without
/// ADD-PATH, BGP4MP and BGP4MP_ET. Copies no attribute and no message; memory
/// is bounded by the largest record. The bytes must outlive the records.
class reader {
public:
  /// Reads uncompressed bytes.
  explicit reader(byte_span bytes) : bytes_{bytes} {}

  /// Reads the next record. False at the end and where the framing is lost;
  /// `error` tells the two apart. A body that breaks its own format gives a
  /// malformed_record and does not stop the reader.
  bool next(record& out);

  /// Why the framing is lost, static text; empty at a regular end.
  std::string_view error() const { return error_; }

  /// Octets read so far: where the next record begins, or where the framing
  /// was lost.
  std::size_t offset() const { return offset_; }

private:
  byte_span bytes_;
  std::size_t offset_ = 0;
  std::string_view error_;
};

} // namespace troupe::protocol::mrt
