#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "protocol/wire/reader.hpp"

#include <array>
#include <bit>
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

/// Walks over the NLRI of one family. Allocates nothing, owns nothing, and
/// stops for good at the first malformed one (RFC 7606 §5.3): a length that the
/// family does not have, or bytes that are missing.
class nlri_reader {
public:
  /// `add_path`: a path id of four octets stands before each (RFC 7911 §3).
  nlri_reader(byte_span bytes, family f, bool add_path)
      : rest_{bytes}, longest_{max_prefix_length(f)}, add_path_{add_path},
        readable_{longest_ != 0} {}

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
  unsigned longest_;
  bool add_path_;
  bool readable_;
  bool failed_ = false;
};

namespace detail {
// Big-endian words, whatever the machine is.
inline std::uint64_t load_word(const std::uint8_t* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  if constexpr (std::endian::native == std::endian::little)
    word = __builtin_bswap64(word);
  return word;
}
inline void store_word(std::uint64_t word, std::uint8_t* to) {
  if constexpr (std::endian::native == std::endian::little)
    word = __builtin_bswap64(word);
  std::memcpy(to, &word, sizeof word);
}
// The first `bits` bits set; 0 to 64.
constexpr std::uint64_t leading_ones(unsigned bits) {
  return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - bits);
}
} // namespace detail

/// Clears everything behind the first `length` bits; 0 to 128.
inline void clear_host_bits(std::array<std::uint8_t, 16>& address,
                            unsigned length) {
  const unsigned high = length < 64 ? length : 64;
  detail::store_word(detail::load_word(address.data())
                         & detail::leading_ones(high),
                     address.data());
  detail::store_word(detail::load_word(address.data() + 8)
                         & detail::leading_ones(length - high),
                     address.data() + 8);
}

inline bool nlri_reader::next(nlri& out) {
  if (rest_.empty())
    return false;
  out.path_id = 0;
  std::size_t at = 0;
  if (add_path_) {
    if (rest_.size() < 5)
      return fail();
    out.path_id = static_cast<std::uint32_t>(rest_[0]) << 24
                  | static_cast<std::uint32_t>(rest_[1]) << 16
                  | static_cast<std::uint32_t>(rest_[2]) << 8 | rest_[3];
    at = 4;
  }
  const unsigned length = rest_[at++];
  const std::size_t size = (length + 7U) / 8;
  if (length > longest_ || !readable_ || rest_.size() - at < size)
    return fail();
  out.length = static_cast<std::uint8_t>(length);
  // Read beyond the prefix where the buffer allows it: the mask clears that.
  if (rest_.size() - at >= out.address.size()) {
    std::memcpy(out.address.data(), rest_.data() + at, out.address.size());
  } else {
    out.address = {};
    for (std::size_t i = 0; i < size; ++i)
      out.address[i] = rest_[at + i];
  }
  clear_host_bits(out.address, length);
  rest_ = rest_.subspan(at + size);
  return true;
}

/// The bytes that this prefix takes in a message.
constexpr std::size_t nlri_size(const nlri& n, bool add_path) {
  return (add_path ? 5U : 1U) + (n.length + 7U) / 8;
}

/// Appends one prefix. Its length must be one of the family's.
inline void encode_nlri(const nlri& n, bool add_path,
                        std::vector<std::uint8_t>& out) {
  std::array<std::uint8_t, 21> bytes;
  std::size_t size = 0;
  if (add_path)
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes[size++] = static_cast<std::uint8_t>(n.path_id >> shift);
  bytes[size++] = n.length;
  std::memcpy(bytes.data() + size, n.address.data(), n.address.size());
  size += (n.length + 7U) / 8;
  out.insert(out.end(), bytes.data(), bytes.data() + size);
}

/// Whether all NLRI of these bytes are well-formed.
bool is_valid_nlri(byte_span bytes, family f, bool add_path);

/// From a prefix value; the path id is 0 where ADD-PATH is not spoken.
nlri to_nlri(const prefix& p, std::uint32_t path_id = 0);
/// The prefix value; the family must be IPv4 or IPv6.
prefix to_prefix(const nlri& n, family f);

} // namespace troupe::protocol::wire
