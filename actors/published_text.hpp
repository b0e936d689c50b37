#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

namespace troupe::actors {

/// A short text that an actor writes and any thread reads. A writer never waits
/// for a reader; a reader that meets a write tries again. `Size` is the
/// greatest length, one below a multiple of 8; longer texts are cut.
template <std::size_t Size>
class published_text {
  static_assert((Size + 1) % 8 == 0);
  static constexpr std::size_t words = (Size + 1) / 8;

public:
  void set(std::string_view text) {
    std::array<char, Size + 1> bytes{};
    std::copy_n(text.begin(), std::min(text.size(), Size), bytes.begin());
    auto version = version_.load(std::memory_order_relaxed);
    do
      version &= ~1U; // odd: another writer is at it
    while (!version_.compare_exchange_weak(version, version + 1,
                                           std::memory_order_relaxed));
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t i = 0; i < words; ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + 8 * i, 8);
      words_[i].store(word, std::memory_order_relaxed);
    }
    version_.store(version + 2, std::memory_order_release);
  }

  std::string get() const {
    std::array<char, Size + 1> bytes{};
    for (;;) {
      auto before = version_.load(std::memory_order_acquire);
      for (std::size_t i = 0; i < words; ++i) {
        auto word = words_[i].load(std::memory_order_relaxed);
        std::memcpy(bytes.data() + 8 * i, &word, 8);
      }
      std::atomic_thread_fence(std::memory_order_acquire);
      if (before % 2 == 0 && before == version_.load(std::memory_order_relaxed))
        break;
      std::this_thread::yield();
    }
    return bytes.data(); // the last byte is always zero
  }

private:
  std::atomic<std::uint32_t> version_{0};
  std::array<std::atomic<std::uint64_t>, words> words_{};
};

} // namespace troupe::actors
