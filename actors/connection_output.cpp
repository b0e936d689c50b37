#include "actors/connection.hpp"

// What exporters give to be written, and what shards are given once more.
namespace troupe::actors {

/// The neighbour may move to another group; what its old one still sends comes
/// too late then, and is told again by the new one. Whether it is not so.
bool connection::follow(const exporter_actor& exporter, group_id group) {
  if (group < group_)
    return false;
  if (group > group_) {
    group_ = group;
    group_from_ = given_;
  }
  exporter_ = exporter;
  return true;
}

void connection::report_written() {
  if (exporter_ && written_ >= group_from_)
    this->send(exporter_, output_done{neighbor_, written_ - group_from_});
}

void connection::write_export(const export_output& output) {
  if (!follow(output.exporter, output.group))
    return;
  neighbor_ = output.neighbor;
  given_ += output.bytes;
  self_.counters->sent.updates += output.updates;
  self_.counters->sent.route_refreshes += output.refreshes;
  self_.counters->sent.bytes += output.bytes;
  std::vector<transport::slice> slices;
  slices.reserve(output.slices.size());
  for (const auto& each : output.slices)
    slices.push_back({each.block, each.offset, each.size});
  self_.environment->sockets.send(self_.socket, std::move(slices),
                                  transport::priority::bulk);
}

/// Credit belongs to an incarnation of the receiver: what it did not
/// acknowledge is given to the next one (DESIGN §2).
void connection::redeliver(const shard_replaced& replaced) {
  if (replaced.shard >= shards_.size())
    return;
  auto& link = shards_[replaced.shard];
  link.handle = replaced.handle;
  const auto from = caf::actor_cast<caf::strong_actor_ptr>(this);
  for (const auto& batch : link.unacknowledged)
    this->send(link.handle, shard_routes{batch, from});
}

} // namespace troupe::actors
