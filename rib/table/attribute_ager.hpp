#pragma once

#include "rib/attribute_pool.hpp"

namespace troupe::rib::table {

/// Makes of the attributes of a stale route those of a long-lived stale one
/// (RFC 9494 §4.2). Remembers the last set: routes of one set follow another.
class attribute_ager {
public:
  /// The set with LLGR_STALE; `none` for one with NO_LLGR, whose routes must
  /// go. Alive until the next call or `forget`. The caller holds `set`.
  attribute_ref age(attribute_pool& pool, attribute_ref set);
  void forget() {
    from_.reset();
    to_.reset();
  }

private:
  attribute_handle from_; // keeps its name from being used again
  attribute_handle to_;
};

} // namespace troupe::rib::table
