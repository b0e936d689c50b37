#pragma once

#include "protocol/address.hpp"
#include "rib/policy_definition.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <utility>
#include <vector>

namespace troupe::rib {

/// The index of a prefix_list: sorted addresses for each covering length.
class prefix_set {
public:
  explicit prefix_set(const std::vector<prefix_range>& ranges);
  /// Whether a range of the list matches the prefix.
  bool matches(const protocol::prefix& p) const;

private:
  /// Bit n: a prefix of length n is meant.
  using lengths = std::bitset<129>;

  /// The ranges whose covering prefix has the same length.
  template <class Address>
  struct level {
    lengths any;                    ///< of all below
    std::vector<Address> addresses; ///< ascending, each once
    std::vector<lengths> meant;     ///< of the address at the same place
  };

  using v4_address = std::uint32_t;
  using v6_address = std::pair<std::uint64_t, std::uint64_t>;

  template <class Address>
  using levels = std::vector<std::pair<std::uint8_t, level<Address>>>;

  template <class Address>
  static levels<Address> build(const std::vector<prefix_range>& ranges);
  template <class Address>
  static bool find(const levels<Address>& in, const protocol::prefix& p);

  levels<v4_address> v4_;
  levels<v6_address> v6_;
};

} // namespace troupe::rib
