#include "protocol/fsm/random.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::protocol::fsm {

namespace {

// Far beyond any sensible interval, and far from overflow.
constexpr double longest_interval = 1e12;

/// A usable factor: finite and not negative.
double sane(double factor) {
  return factor > 0.0 ? std::min(factor, 1e6) : 0.0;
}

} // namespace

std::uint64_t random_source::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

double random_source::next_fraction() {
  // A double holds 53 bits exactly.
  return static_cast<double>(next() >> 11U) * 0x1.0p-53;
}

milliseconds random_source::jittered(milliseconds interval,
                                     const jitter_range& range) {
  const auto [least, most] = std::minmax({sane(range.least), sane(range.most)});
  double factor = least;
  if (least < most)
    factor += (most - least) * next_fraction();
  const auto base = static_cast<double>(interval.count());
  const auto product = std::clamp(base * factor, 0.0, longest_interval);
  return milliseconds{std::llround(product)};
}

} // namespace troupe::protocol::fsm
