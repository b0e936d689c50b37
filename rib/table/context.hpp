#pragma once

#include "rib/shard_table.hpp"
#include "rib/table/neighbor_book.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace troupe::rib::table {

/// References that the table has dropped, kept until no batch names them.
class dropped_references {
public:
  explicit dropped_references(attribute_pool& pool)
      : epoch_(std::make_shared<release_epoch>(pool)) {}

  /// Makes room, so that `add` does not throw.
  void reserve(std::size_t more) {
    auto& dropped = epoch_->dropped;
    if (dropped.size() + more > dropped.capacity())
      dropped.reserve(std::max(dropped.size() + more, dropped.capacity() * 2));
  }
  void add(attribute_ref set) { epoch_->dropped.push_back(set); }
  /// For a batch of now: keeps alive whatever is dropped from here on.
  std::shared_ptr<release_epoch> mark() {
    if (!epoch_->dropped.empty()) {
      epoch_->next = std::make_shared<release_epoch>(*epoch_->pool);
      epoch_ = epoch_->next;
    }
    return epoch_;
  }
  /// Gives the references back now when no batch is alive.
  void release_if_unused() {
    if (epoch_->dropped.empty() || epoch_.use_count() != 1)
      return;
    // By its destructor, which is ordered behind the end of the last batch.
    epoch_ = std::make_shared<release_epoch>(*epoch_->pool);
  }
  std::size_t memory() const {
    return sizeof(release_epoch)
           + epoch_->dropped.capacity() * sizeof(attribute_ref);
  }

private:
  std::shared_ptr<release_epoch> epoch_;
};

/// What the families of one shard share.
struct table_context {
  table_context(attribute_pool& p, const shard_limits& l, decision_options o)
      : pool(p), limits(l), options(o), dropped(p) {}

  attribute_pool& pool;
  shard_limits limits;
  decision_options options;
  bool deciding_again = false; ///< not all decisions are by the options yet
  neighbor_book neighbors;
  dropped_references dropped;
  shard_statistics statistics;
  bool has_exporters = false; ///< else nobody is told anything
  bool wants_ranked = false;  ///< some exporter asks for candidates
};

} // namespace troupe::rib::table
