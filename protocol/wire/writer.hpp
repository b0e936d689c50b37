#pragma once

#include "protocol/check.hpp"
#include "protocol/wire/reader.hpp"

#include <vector>

namespace troupe::protocol::wire {

/// Appends big-endian fields to a vector that the caller owns. Lengths that
/// are known only later are reserved first and patched then.
class writer {
public:
  explicit writer(std::vector<std::uint8_t>& out) : out_{&out} {}

  template <std::unsigned_integral T>
  void put(T value) {
    for (std::size_t i = sizeof(T); i-- > 0;)
      out_->push_back(static_cast<std::uint8_t>(
          static_cast<std::uint64_t>(value) >> (8 * i)));
  }
  void u8(std::uint8_t value) { put(value); }
  void u16(std::uint16_t value) { put(value); }
  void u32(std::uint32_t value) { put(value); }
  void u64(std::uint64_t value) { put(value); }
  void bytes(byte_span value) {
    out_->insert(out_->end(), value.begin(), value.end());
  }

  /// Where the next byte goes, counted from the start of the vector.
  std::size_t position() const { return out_->size(); }
  /// Writes a length field of one octet to be patched later.
  std::size_t reserve_u8() {
    u8(0);
    return position() - 1;
  }
  /// Writes a length field of two octets to be patched later.
  std::size_t reserve_u16() {
    u16(0);
    return position() - 2;
  }
  /// Puts the number of bytes behind the field at `where` into it. More than
  /// the field can hold is our mistake.
  void patch_u8(std::size_t where) {
    const auto length = position() - where - 1;
    TROUPE_CHECK(length <= 0xff, "the length does not fit one octet");
    (*out_)[where] = static_cast<std::uint8_t>(length);
  }
  /// \copydoc patch_u8
  void patch_u16(std::size_t where) { set_u16(where, position() - where - 2); }
  /// Overwrites the two octets at `where`.
  void set_u16(std::size_t where, std::size_t value) {
    TROUPE_CHECK(value <= 0xffff, "the value does not fit two octets");
    (*out_)[where] = static_cast<std::uint8_t>(value >> 8);
    (*out_)[where + 1] = static_cast<std::uint8_t>(value);
  }
  std::vector<std::uint8_t>& out() { return *out_; }

private:
  std::vector<std::uint8_t>* out_;
};

} // namespace troupe::protocol::wire
