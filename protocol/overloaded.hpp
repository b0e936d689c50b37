#pragma once

namespace troupe {

/// One visitor out of several lambdas, for an exhaustive std::visit.
template <class... Visitors>
struct overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
overloaded(Visitors...) -> overloaded<Visitors...>;

} // namespace troupe
