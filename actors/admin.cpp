#include "actors/admin.hpp"

namespace troupe::actors {

admin::behavior_type admin::make_behavior() {
  return {
      [this](const health_query& m) { return this->delegate(node_, m); },
      [this](const restart_actor& m) { return this->delegate(node_, m); },
      [this](const neighbors_query& m) { return this->delegate(node_, m); },
      [this](const neighbor_command& m) { return this->delegate(node_, m); },
      [this](const routes_query& m) { return this->delegate(node_, m); },
      [this](const rib_query& m) { return this->delegate(node_, m); },
  };
}

} // namespace troupe::actors
