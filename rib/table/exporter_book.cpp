#include "rib/table/exporter_book.hpp"

#include "protocol/check.hpp"

#include <algorithm>
#include <utility>

namespace troupe::rib::table {

namespace {

template <class Key>
std::vector<prefix_number> numbers_in(const family_changes<Key>& changes) {
  std::vector<prefix_number> numbers;
  numbers.reserve(changes.changes.size());
  for (const auto& state : changes.changes)
    numbers.push_back(state.number);
  return numbers;
}

} // namespace

std::shared_ptr<const told_numbers> numbers_in(const change_batch& batch) {
  return std::make_shared<const told_numbers>(
      told_numbers{numbers_in(batch.ipv4), numbers_in(batch.ipv6)});
}

void exporter_state::reserve(prefix_number limit_ipv4,
                             prefix_number limit_ipv6) {
  owed_[0].reserve(limit_ipv4);
  owed_[1].reserve(limit_ipv6);
  in_flight_.reserve(in_flight_.size() + 1);
}

void exporter_state::owe(const told_numbers& numbers) {
  for (std::size_t slot = 0; slot != numbers.size(); ++slot)
    for (const auto number : numbers[slot])
      owed_[slot].insert(number);
}

void exporter_state::sent(std::uint64_t sequence,
                          std::shared_ptr<const told_numbers> numbers) {
  in_flight_.push_back({sequence, std::move(numbers)});
  last_sent_ = sequence;
}

void exporter_state::acknowledge(std::uint64_t sequence,
                                 std::uint64_t safe_through) {
  const auto open = std::ranges::find_if(
      in_flight_, [&](const auto& batch) { return batch.sequence > sequence; });
  in_flight_.erase(in_flight_.begin(), open);
  safe_through_ = safe_through;
}

void exporter_state::restart() {
  for (const auto& batch : in_flight_)
    owe(*batch.numbers);
  in_flight_.clear();
}

std::size_t exporter_state::memory() const {
  std::size_t bytes = sizeof(*this) + owed_[0].memory() + owed_[1].memory();
  for (const auto& batch : in_flight_)
    for (const auto& numbers : *batch.numbers)
      bytes += numbers.capacity() * sizeof(prefix_number);
  return bytes;
}

exporter_index exporter_book::add(bool wants_ranked, std::uint64_t now) {
  TROUPE_CHECK(exporters_.size() < 0xffff, "too many exporters");
  // An index is used again as late as can be.
  while (exporters_.contains(exporter_index{next_}))
    ++next_;
  const exporter_index made{next_++};
  exporters_.try_emplace(made, wants_ranked, now);
  return made;
}

exporter_book exporter_book::renewed(std::uint64_t now) const {
  exporter_book fresh;
  fresh.next_ = next_;
  for (const auto& [index, each] : exporters_)
    fresh.exporters_.emplace(index, exporter_state{each.wants_ranked(), now});
  return fresh;
}

void exporter_book::remove(exporter_index exporter) {
  exporters_.erase(exporter);
}

exporter_state* exporter_book::find(exporter_index exporter) {
  const auto found = exporters_.find(exporter);
  return found == exporters_.end() ? nullptr : &found->second;
}

bool exporter_book::any_wants_ranked() const {
  return std::ranges::any_of(
      exporters_, [](const auto& e) { return e.second.wants_ranked(); });
}

std::uint64_t exporter_book::safe_through() const {
  auto lowest = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [index, state] : exporters_)
    lowest = std::min(lowest, state.safe_through());
  return lowest;
}

bool exporter_book::is_owed(std::size_t slot, prefix_number number) const {
  return std::ranges::any_of(exporters_, [&](const auto& e) {
    return e.second.owed(slot).contains(number);
  });
}

std::size_t exporter_book::memory() const {
  std::size_t bytes = 0;
  for (const auto& [index, state] : exporters_)
    bytes += state.memory();
  return bytes;
}

} // namespace troupe::rib::table
