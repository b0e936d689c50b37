#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/reader.hpp"

#include <array>
#include <compare>
#include <cstring>
#include <vector>

namespace troupe::protocol::wire {

/// One prefix of an UPDATE, with its path id where ADD-PATH is spoken (RFC 4271
/// §4.3, RFC 7911 §3). The family is known from where it stands.
struct nlri {
  /// The address in network order, left-aligned; host bits are zero.
  std::array<std::uint8_t, 16> address{};
  /// 0 to 32 or 128.
  std::uint8_t length = 0;
  /// 0 without ADD-PATH.
  std::uint32_t path_id = 0;

  friend auto operator<=>(const nlri&, const nlri&) = default;
};

/// The longest prefix of the family; 0 for one whose NLRI we cannot read.
constexpr unsigned max_prefix_length(family f) {
  if (f.safi != 1 && f.safi != 2)
    return 0;
  return f.afi == 1 ? 32 : f.afi == 2 ? 128 : 0;
}

/// Clears everything behind the first `length` bits.
inline void clear_host_bits(std::array<std::uint8_t, 16>& address,
                            unsigned length) {
  for (unsigned i = length / 8; i < 16; ++i) {
    const unsigned kept = i * 8 < length ? length - i * 8 : 0;
    address[i] = static_cast<std::uint8_t>(address[i] & (0xff00U >> kept));
  }
}

/// Walks over the NLRI of one family. Allocates nothing, owns nothing, and
/// stops for good at the first malformed one (RFC 7606 §5.3): a length that the
/// family does not have, or bytes that are missing.
class nlri_reader {
public:
  /// `add_path`: a path id of four octets stands before each (RFC 7911 §3).
  nlri_reader(byte_span bytes, family f, bool add_path)
      : rest_{bytes}, add_path_{add_path}, longest_{max_prefix_length(f)} {}

  /// The next prefix, host bits cleared; false at the end and after a failure.
  bool next(nlri& out);
  /// Whether the bytes were malformed. Ask once `next` has returned false.
  bool failed() const { return failed_; }
  /// What has not been read yet.
  byte_span rest() const { return rest_; }

private:
  bool fail() {
    failed_ = true;
    rest_ = {};
    return false;
  }

  byte_span rest_;
  bool add_path_;
  bool failed_ = false;
  unsigned longest_;
};

inline bool nlri_reader::next(nlri& out) {
  if (rest_.empty())
    return false;
  out.path_id = 0;
  if (add_path_) {
    if (rest_.size() < 5)
      return fail();
    out.path_id = static_cast<std::uint32_t>(rest_[0]) << 24
                  | static_cast<std::uint32_t>(rest_[1]) << 16
                  | static_cast<std::uint32_t>(rest_[2]) << 8 | rest_[3];
    rest_ = rest_.subspan(4);
  }
  const unsigned length = rest_[0];
  const std::size_t size = (length + 7U) / 8;
  if (length > longest_ || longest_ == 0 || rest_.size() < 1 + size)
    return fail();
  out.length = static_cast<std::uint8_t>(length);
  out.address = {};
  for (std::size_t i = 0; i < size; ++i)
    out.address[i] = rest_[1 + i];
  if (const unsigned spare = length % 8; spare != 0)
    out.address[size - 1] =
        static_cast<std::uint8_t>(out.address[size - 1] & (0xff00U >> spare));
  rest_ = rest_.subspan(1 + size);
  return true;
}

/// The bytes that this prefix takes in a message.
constexpr std::size_t nlri_size(const nlri& n, bool add_path) {
  return (add_path ? 5U : 1U) + (n.length + 7U) / 8;
}

/// Appends one prefix. Its host bits must be clear.
void encode_nlri(const nlri& n, bool add_path, std::vector<std::uint8_t>& out);

/// Whether all NLRI of these bytes are well-formed.
bool is_valid_nlri(byte_span bytes, family f, bool add_path);

/// From a prefix value; the path id is 0 where ADD-PATH is not spoken.
nlri to_nlri(const prefix& p, std::uint32_t path_id = 0);
/// The prefix value; the family must be IPv4 or IPv6.
prefix to_prefix(const nlri& n, family f);

} // namespace troupe::protocol::wire
