#include "rib/pool/chunk_store.hpp"

#include "rib/pool/size_class.hpp"

#include <new>

namespace troupe::rib::pool {

namespace {

constexpr std::uint32_t chunk_limit =
    1U << (32 - chunk_store::units_per_chunk_log);

} // namespace

chunk_store::chunk_store()
    // Zeroed pages that nobody writes to cost nothing.
    : chunks_(static_cast<std::byte**>(
        std::calloc(chunk_limit, sizeof(std::byte*)))) {
  if (chunks_ == nullptr)
    throw std::bad_alloc();
}

chunk_store::~chunk_store() {
  for (std::uint32_t i = 0; i != chunk_count_; ++i)
    std::free(chunks_[i]);
  std::free(chunks_);
}

std::uint32_t chunk_store::take(std::uint32_t units) {
  const std::lock_guard guard(lock_);
  if (units > units_per_chunk - next_) {
    if (chunk_count_ == chunk_limit)
      throw std::bad_alloc();
    auto* memory = std::malloc(std::size_t{units_per_chunk} * unit_size);
    if (memory == nullptr)
      throw std::bad_alloc();
    // Unit 0 of all stands for no set.
    next_ = chunk_count_ == 0 ? 1 : 0;
    chunks_[chunk_count_++] = static_cast<std::byte*>(memory);
  }
  const auto first = ((chunk_count_ - 1) << units_per_chunk_log) + next_;
  next_ += units;
  return first;
}

} // namespace troupe::rib::pool
