#include "actors/connection.hpp"
#include "protocol/wire/writer.hpp"

// The most that a peer may tell (RFC 4271 §6.7, RFC 4486), and what it costs to
// tell what cannot be read.
namespace troupe::actors {

namespace {

/// The mark that a count has reached: the percentage of the warning, or 101
/// beyond the limit; else 0.
unsigned mark_of(std::uint64_t count,
                 const config::max_prefixes_config& limit) {
  if (count > limit.limit)
    return 101;
  const auto mark = std::uint64_t{limit.limit} * limit.warn_at;
  return count * 100 >= mark ? limit.warn_at : 0U;
}

} // namespace

/// What the shards hold by now against what the operator allows.
void connection::check_limits() {
  if (halted_ || !gauge_)
    return;
  std::uint64_t memory = 0;
  for (const auto& family : negotiated_.families) {
    const auto held = gauge_->sum(family.address_family);
    memory += held.memory();
    const auto limit = limits_.prefixes.find(family.address_family);
    if (limit != limits_.prefixes.end() && !halted_)
      check_prefixes(family.address_family, held, limit->second);
  }
  if (limits_.memory != 0 && memory > limits_.memory && !halted_)
    exceed_memory(memory);
}

void connection::check_prefixes(protocol::family family,
                                const rib::neighbor_counts& held,
                                const config::max_prefixes_config& limit) {
  const auto count = limit.count == config::prefix_count::received
                         ? held.received
                         : held.accepted;
  const auto mark = mark_of(count, limit);
  if (mark > warned_[family])
    warn_of_limit("has told " + std::to_string(count) + " prefixes of "
                  + to_string(family) + ", the limit is "
                  + std::to_string(limit.limit));
  warned_[family] = mark;
  if (mark > 100 && limit.action != config::max_prefixes_action::warn)
    exceed(family, limit);
}

void connection::warn_of_limit(const std::string& what) {
  self_.environment->log.write(
      log::connection_record(log::level::warn, remote_text_ + ' ' + what)
          .with("connection_id", log::connection_id_text(context().id))
          .with("connection_peer", remote_text_));
}

/// Cease/1 with the family and the limit (RFC 4486 §4).
void connection::exceed(protocol::family family,
                        const config::max_prefixes_config& limit) {
  halted_ = true;
  protocol::fsm::automatic_stop stop;
  stop.subcode = static_cast<std::uint8_t>(
      protocol::cease_subcode::maximum_number_of_prefixes_reached);
  protocol::wire::writer w{stop.data};
  w.u16(family.afi);
  w.u8(family.safi);
  w.u32(limit.limit);
  stop.stays_idle = limit.action == config::max_prefixes_action::stop;
  if (limit.action == config::max_prefixes_action::restart)
    stop.pause = limit.restart_after;
  tell(protocol::fsm::session_event{std::move(stop)});
}

/// Cease/8, out of resources (RFC 4486 §4): a peer that shares no attributes
/// can fill the memory with few prefixes.
void connection::exceed_memory(std::uint64_t held) {
  halted_ = true;
  warn_of_limit("has told paths of " + std::to_string(held)
                + " octets, the limit is " + std::to_string(limits_.memory));
  protocol::fsm::automatic_stop stop;
  stop.subcode =
      static_cast<std::uint8_t>(protocol::cease_subcode::out_of_resources);
  stop.stays_idle = true;
  tell(protocol::fsm::session_event{std::move(stop)});
}

/// "AFI/SAFI disable" (RFC 7606 §2): what was told of the family is taken back,
/// the rest of the session goes on. False where the session must end.
bool connection::disable_family(const rib::import_error& error,
                                const protocol::wire::frame& frame) {
  if (limits_.malformed_nlri != config::malformed_nlri_action::disable
      || !error.confined_to || importer_->settings().families.size() < 2)
    return false;
  const auto family = *error.confined_to;
  log_malformed("ignores " + to_string(family) + " of " + remote_text_
                    + " from now on: " + protocol::to_string(error),
                frame.whole);
  send_batches(); // what came before
  importer_->disable(family);
  // All that there will be of it has come.
  this->send(self_.session,
             connection_event{self_.id,
                              protocol::fsm::update_received{self_.id},
                              {},
                              {},
                              family,
                              family});
  return true;
}

} // namespace troupe::actors
