#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace troupe::protocol::wire {

using byte_span = std::span<const std::uint8_t>;

/// The big-endian field at `from`, in host byte order; it has its octets.
template <std::unsigned_integral T>
T load(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof(T) == 2)
      value = __builtin_bswap16(value);
    else if constexpr (sizeof(T) == 4)
      value = __builtin_bswap32(value);
    else if constexpr (sizeof(T) == 8)
      value = __builtin_bswap64(value);
  }
  return value;
}

/// Reads big-endian fields. The first short read makes the reader fail for
/// good and leaves nothing to read, so a decoder asks `failed` once per
/// structure and no loop over `remaining` can run away. Owns nothing.
class reader {
public:
  explicit reader(byte_span bytes) : rest_{bytes} {}

  /// The next field in host byte order; 0 after a failure.
  template <std::unsigned_integral T>
  T get() {
    if (rest_.size() < sizeof(T)) {
      fail();
      return 0;
    }
    const auto value = load<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  std::uint8_t u8() { return get<std::uint8_t>(); }
  std::uint16_t u16() { return get<std::uint16_t>(); }
  std::uint32_t u32() { return get<std::uint32_t>(); }
  std::uint64_t u64() { return get<std::uint64_t>(); }

  /// The next `count` bytes; empty after a failure.
  byte_span take(std::size_t count) {
    if (rest_.size() < count) {
      fail();
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  /// Everything that is left.
  byte_span take_rest() { return take(rest_.size()); }

  byte_span rest() const { return rest_; }
  std::size_t remaining() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }
  bool failed() const { return failed_; }
  void fail() {
    failed_ = true;
    rest_ = {};
  }

private:
  byte_span rest_;
  bool failed_ = false;
};

} // namespace troupe::protocol::wire
