#pragma once

#include "actors/instrumented.hpp"
#include "actors/messages.hpp"

namespace troupe::actors {

/// Answers the HTTP threads' questions by passing them on; it never blocks and
/// holds nothing back. What concerns actors themselves is read from the
/// registry and needs no message at all.
class admin final : public instrumented<admin_actor> {
public:
  admin(caf::actor_config& config, std::shared_ptr<actor_cell> cell,
        node_actor node)
      : instrumented(config, std::move(cell)), node_(std::move(node)) {}

protected:
  behavior_type make_behavior() override;
  void on_exit() override { node_ = nullptr; }

private:
  node_actor node_;
};

} // namespace troupe::actors
