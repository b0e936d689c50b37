#pragma once

#include "rib/export_family.hpp"
#include "rib/export_path_family.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace troupe::rib {

/// Whether a family is told from the candidates of each prefix.
inline bool needs_candidates(const export_settings& settings,
                             protocol::family f) {
  const auto found = settings.families.find(f);
  return found != settings.families.end() && found->second.needs_candidates();
}

/// A family in the form that its settings ask for.
template <class Key>
class exported_family {
public:
  exported_family(const export_context& context, unsigned shards) {
    if (needs_candidates(context.settings, Key::family))
      several_ = std::make_unique<path_family<Key>>(context, shards);
    else
      best_ = std::make_unique<told_family<Key>>(context, shards);
  }
  /// Does something with it, whichever form it has.
  template <class Act>
  auto with(Act act) {
    return several_ ? act(*several_) : act(*best_);
  }
  template <class Act>
  auto with(Act act) const {
    return several_ ? act(std::as_const(*several_))
                    : act(std::as_const(*best_));
  }
  void apply(unsigned shard, const family_changes<Key>& changes) {
    if (several_)
      several_->apply(shard, changes);
    else
      best_->apply(shard, changes.changes);
  }
  void answer(const resync_slice& slice, const resync_plan& plan,
              const family_changes<Key>& changes) {
    with([&](auto& f) { f.answer(slice, plan, changes.changes); });
  }
  bool has_pending() const {
    return with([](const auto& f) { return f.has_pending(); });
  }
  std::uint32_t highest_id() const {
    return several_ ? several_->highest_id() : 0;
  }

private:
  std::unique_ptr<told_family<Key>> best_;
  std::unique_ptr<path_family<Key>> several_;
};

} // namespace troupe::rib
