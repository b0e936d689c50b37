#include "actors/connection.hpp"
#include "protocol/wire/text.hpp"

#include <new>

// UPDATEs: what is done with each, and what is said of it.
namespace troupe::actors {

namespace wire = protocol::wire;
namespace fsm = protocol::fsm;
using namespace std::chrono_literals;

namespace {

/// Lines for single UPDATEs, per connection and second.
constexpr unsigned logged_updates_per_second = 16;
/// How often the session hears that UPDATEs keep coming.
constexpr auto sign_of_life_interval = 500ms;

} // namespace

/// An UPDATE that our own mistake keeps us from handling costs its routes, and
/// neither the session nor this actor (DESIGN §5).
void connection::take_update(const wire::frame& frame) {
  if (const auto known = self_.environment->quarantine->known(frame.whole))
    return isolate(frame, *known, true);
  try {
    return handle_update(frame);
  } catch (const std::bad_alloc&) {
    throw; // the next one is not to blame for want of memory
  } catch (const std::exception& first) {
    warn_of_mistake(std::string{"an update is tried again: "} + first.what());
  }
  try {
    handle_update(frame);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& second) {
    isolate(frame, second.what(), false);
  }
}

/// Treat-as-withdraw for all its routes (RFC 7606 §2), and off to the
/// quarantine unless it is there already. Where even its routes cannot be read
/// the session ends.
void connection::isolate(const wire::frame& frame, const std::string& reason,
                         bool known) {
  ++self_.counters->quarantined;
  const auto error = importer_->withdraw(frame.body);
  warn_of_mistake("an update is quarantined: " + reason);
  if (!known) {
    const auto wrong = self_.environment->quarantine->add(
        {{},
         std::chrono::system_clock::now(),
         self_.router,
         self_.neighbor,
         remote_text_,
         reason,
         error.has_value(),
         {},
         1,
         {frame.whole.begin(), frame.whole.end()}});
    if (wrong)
      warn_of_mistake("the quarantined update cannot be kept: " + *wrong);
    self_.environment->registry->events().add(
        actor_event{self_.cell->id(), "quarantined", 0, reason, {}});
  }
  if (error)
    return fail(*error, static_cast<std::uint8_t>(frame.type), frame.whole);
  sign_of_life();
}

void connection::warn_of_mistake(const std::string& what) {
  self_.environment->log.write(
      log::connection_record(log::level::warn, remote_text_ + ": " + what)
          .with("connection_id", log::connection_id_text(context().id))
          .with("connection_peer", remote_text_));
}

void connection::handle_update(const wire::frame& frame) {
  if (cell().fault_armed() && cell().poisoned())
    throw injected_fault{};
  auto error = importer_->update(frame.body);
  while (error && disable_family(*error, frame)) // the rest still counts
    error = importer_->update(frame.body);
  if (error) {
    log_notes(frame);
    fail(*error, static_cast<std::uint8_t>(frame.type), frame.whole);
    return;
  }
  if (!importer_->notes().empty())
    log_notes(frame);
  for (const auto family : importer_->ends_of_rib())
    this->send(
        self_.session,
        connection_event{
            self_.id, fsm::update_received{self_.id}, {}, {}, family, {}});
  note_update(frame);
}

/// Tells the session of an UPDATE when the log is to show it, else only now
/// and then: at full speed the session would hear nothing else.
void connection::note_update(const wire::frame& frame) {
  if (!self_.environment->log.enabled(log::level::info) || !may_log_update())
    return sign_of_life();
  told_alive_ = parsing_since_;
  this->send(self_.session, connection_event{self_.id,
                                             fsm::update_received{self_.id},
                                             wire::to_text(frame, negotiated_),
                                             {},
                                             {},
                                             {}});
}

void connection::sign_of_life() {
  if (parsing_since_ - told_alive_ < sign_of_life_interval)
    return;
  told_alive_ = parsing_since_;
  tell(fsm::update_received{self_.id});
}

bool connection::may_log_update() {
  if (now() - log_window_ >= 1s) {
    log_window_ = now();
    logged_in_window_ = 0;
  }
  return ++logged_in_window_ <= logged_updates_per_second;
}

void connection::log_notes(const wire::frame& frame) {
  auto& counters = *self_.counters;
  for (const auto& note : importer_->notes()) {
    if (note.verdict == protocol::verdict::treat_as_withdraw)
      ++counters.treat_as_withdraw;
    else if (note.verdict == protocol::verdict::attribute_discard)
      ++counters.attribute_discard;
  }
  if (!self_.environment->log.enabled(log::level::warn) || !may_log_update())
    return;
  for (const auto& note : importer_->notes())
    self_.environment->log.write(
        log::connection_record(log::level::warn,
                               (note.verdict == protocol::verdict::accept
                                    ? "doubtful"
                                    : "malformed")
                                   + (" update from " + remote_text_ + ": ")
                                   + std::string{note.reason})
            .with("verdict", name_of(note.verdict))
            .with("attribute",
                  std::string{wire::attribute_name(note.attribute)})
            .with("message_contents", wire::hex_dump(frame.whole))
            .with("connection_id", log::connection_id_text(context().id))
            .with("connection_peer", remote_text_));
}

} // namespace troupe::actors
