#pragma once

namespace troupe::rib {

/// Starts to load what is read soon; any address will do.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  // g++ 12 takes a function that does no more than this for a pure one and
  // drops the calls to it; the empty statement has an effect in its eyes.
  asm volatile("");
}

} // namespace troupe::rib
