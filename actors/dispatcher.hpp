#pragma once

#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/messages.hpp"

namespace troupe::actors {

struct dispatcher_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  node_actor node;
  protocol::endpoint address;
  transport::socket_options options;
  /// Bound by an earlier incarnation: listeners belong to the transport.
  std::optional<transport::listener_id> listener;
};

/// Owns one listening socket: names the neighbour of whoever connects and hands
/// the connection to the neighbour's router.
class dispatcher final : public instrumented<dispatcher_actor> {
public:
  dispatcher(caf::actor_config& config, dispatcher_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;

private:
  void bind();
  void handle(const transport::event& event);
  void refuse(const transport::accepted& who);
  const directory_entry* find(const transport::accepted& who) const;
  transport::event_sink sink();
  log::logger& log() { return self_.environment->log; }

  dispatcher_arguments self_;
  std::string address_text_;
  std::vector<directory_entry> directory_;
  unsigned failures_ = 0;
  std::uint64_t refused_ = 0; ///< connections of strangers
  bool stopped_ = false;
};

} // namespace troupe::actors
