#pragma once

#include "rib/shard_table.hpp"
#include "rib/table/number_set.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <vector>

namespace troupe::rib::table {

/// The numbers that a batch tells, by `family_slot`.
using told_numbers = std::array<std::vector<prefix_number>, 2>;

/// Those of a batch.
std::shared_ptr<const told_numbers> numbers_in(const change_batch& batch);

/// What one exporter was told and is owed.
class exporter_state {
public:
  /// Everything that was told up to `now` does not concern a new exporter.
  exporter_state(bool wants_ranked, std::uint64_t now)
      : wants_ranked_(wants_ranked), last_sent_(now), safe_through_(now) {}

  bool wants_ranked() const { return wants_ranked_; }
  bool has_credit(std::uint32_t window) const {
    return in_flight_.size() < window;
  }
  /// Whether it is owed nothing but what is pending for all.
  bool in_step() const { return owed_[0].empty() && owed_[1].empty(); }
  number_set& owed(std::size_t slot) { return owed_[slot]; }
  const number_set& owed(std::size_t slot) const { return owed_[slot]; }

  /// Makes room for `sent` and `owe`, so that they do not throw.
  void reserve(prefix_number limit_ipv4, prefix_number limit_ipv6);
  void owe(const told_numbers& numbers);
  void sent(std::uint64_t sequence,
            std::shared_ptr<const told_numbers> numbers);
  void acknowledge(std::uint64_t sequence, std::uint64_t safe_through);
  /// What is in flight is owed again.
  void restart();
  /// Nobody behind this exporter is owed what was told up to here.
  std::uint64_t safe_through() const {
    return safe_through_ >= last_sent_
               ? std::numeric_limits<std::uint64_t>::max()
               : safe_through_;
  }
  std::size_t memory() const;

private:
  struct batch_in_flight {
    std::uint64_t sequence;
    std::shared_ptr<const told_numbers> numbers;
  };

  bool wants_ranked_;
  std::vector<batch_in_flight> in_flight_; // in the order of sequences
  std::array<number_set, 2> owed_;
  std::uint64_t last_sent_;
  std::uint64_t safe_through_;
};

/// The exporters of a shard.
class exporter_book {
public:
  exporter_index add(bool wants_ranked, std::uint64_t now);
  void remove(exporter_index exporter);
  /// The same exporters, as if each had just begun at `now`.
  exporter_book renewed(std::uint64_t now) const;
  /// Null for one that is not known.
  exporter_state* find(exporter_index exporter);

  bool empty() const { return exporters_.empty(); }
  std::size_t size() const { return exporters_.size(); }
  bool any_wants_ranked() const;
  /// The lowest of all.
  std::uint64_t safe_through() const;
  bool is_owed(std::size_t slot, prefix_number number) const;
  std::size_t memory() const;

  auto begin() { return exporters_.begin(); }
  auto end() { return exporters_.end(); }
  auto begin() const { return exporters_.begin(); }
  auto end() const { return exporters_.end(); }

private:
  std::map<exporter_index, exporter_state> exporters_;
  std::uint16_t next_ = 0;
};

} // namespace troupe::rib::table
