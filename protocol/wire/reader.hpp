#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace troupe::protocol::wire {

using byte_span = std::span<const std::uint8_t>;

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
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value = value << 8 | rest_[i];
    rest_ = rest_.subspan(sizeof(T));
    return static_cast<T>(value);
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
