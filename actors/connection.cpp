#include "actors/connection.hpp"

#include "protocol/overloaded.hpp"
#include "protocol/wire/notification.hpp"
#include "protocol/wire/route_refresh.hpp"
#include "protocol/wire/text.hpp"
#include "protocol/wire/update.hpp"

namespace troupe::actors {

namespace wire = protocol::wire;
namespace fsm = protocol::fsm;
using namespace std::chrono_literals;

namespace {

/// Prefixes decoded before a batch leaves; bounds the handlers of the shards.
constexpr std::size_t prefixes_per_batch = 8192;
/// Octets that are parsed before others have their turn: about a millisecond.
constexpr std::size_t octets_per_slice = 32UL * 1024;
/// Bytes of a malformed message in its line.
constexpr std::size_t most_logged_bytes = 4096;

std::string_view kind_of(wire::message_type type) {
  switch (type) {
  case wire::message_type::open:
    return "open";
  case wire::message_type::update:
    return "update";
  case wire::message_type::notification:
    return "notification";
  case wire::message_type::keepalive:
    return "keepalive";
  case wire::message_type::route_refresh:
    return "route refresh";
  }
  return "message";
}

void count(neighbor_counters::direction& counters, wire::message_type type) {
  switch (type) {
  case wire::message_type::open:
    ++counters.opens;
    return;
  case wire::message_type::update:
    ++counters.updates;
    return;
  case wire::message_type::notification:
    ++counters.notifications;
    return;
  case wire::message_type::keepalive:
    ++counters.keepalives;
    return;
  case wire::message_type::route_refresh:
    ++counters.route_refreshes;
    return;
  }
}

} // namespace

connection::connection(caf::actor_config& config,
                       connection_arguments arguments)
    : instrumented(config, arguments.cell), self_(std::move(arguments)),
      local_text_(to_string(self_.local)),
      remote_text_(to_string(self_.remote)) {}

connection::behavior_type connection::make_behavior() {
  // A session that dies takes its connections along; nobody else notices.
  monitor(self_.session);
  set_down_handler([this](caf::down_msg& down) { quit(down.reason); });
  set_state("open");
  return {
      [this](const socket_event& e) { handle(e.what); },
      [this](const connection_command& c) { command(c); },
      [this](const begin_updates& begin) {
        negotiated_ = begin.negotiated;
        importer_.emplace(self_.environment->pool, begin.import);
        gauge_ = begin.gauge;
        limits_ = begin.limits;
        shards_.clear();
        for (const auto& shard : begin.shards)
          shards_.push_back({shard, {}});
        waiting_ = false;
        set_state("updates");
        parse();
      },
      [this](const intake_limits& limits) {
        limits_ = limits;
        check_limits();
      },
      [this](const import_changed& changed) {
        if (importer_)
          importer_->change(changed.import);
      },
      [this](const batch_done& applied) {
        if (applied.shard >= shards_.size())
          return;
        auto& owed = shards_[applied.shard].unacknowledged;
        while (!owed.empty() && owed.front()->sequence <= applied.sequence)
          owed.pop_front();
        self_.environment->sockets.consumed(self_.socket, applied.bytes);
        check_limits();
      },
      [this](const shard_replaced& replaced) { redeliver(replaced); },
      [this](const export_output& output) { write_export(output); },
      [this](const exporter_replaced& replaced) {
        if (!follow(replaced.exporter, replaced.group))
          return;
        neighbor_ = replaced.neighbor;
        report_written();
      },
  };
}

void connection::on_exit() {
  if (!closed_)
    self_.environment->sockets.close(self_.socket);
  inputs_.clear();
  importer_.reset();
  shards_.clear();
  exporter_ = nullptr;
  self_.session = nullptr;
}

// -- what comes in ------------------------------------------------------------

void connection::handle(const transport::event& event) {
  std::visit(overloaded{
                 [](const transport::accepted&) {},
                 [](const transport::connected&) {},
                 [](const transport::connect_failed&) {},
                 [this](const transport::received& e) {
                   self_.counters->received.bytes += e.bytes->size();
                   inputs_.push_back({e.bytes, 0});
                   parse();
                 },
                 [this](const transport::written& e) {
                   written_ += e.bytes;
                   report_written();
                 },
                 [this](const transport::closed& e) {
                   closed_ = e.error;
                   if (inputs_.empty() || halted_)
                     ended();
                 },
             },
             event);
}

void connection::parse() {
  parsing_since_ = now();
  const auto slice_end = unaccounted_ + octets_per_slice;
  while (!waiting_ && !halted_ && !inputs_.empty()) {
    if (!parse_next())
      break;
    const bool full = importer_ && importer_->pending() >= prefixes_per_batch;
    if (full || (unaccounted_ >= slice_end && !inputs_.empty())) {
      if (full)
        send_batches();
      if (!inputs_.empty() && !std::exchange(scheduled_, true))
        this->send(caf::actor_cast<connection_actor>(this),
                   connection_command{connection_command::kind::go_on, {}});
      return;
    }
  }
  send_batches();
  if (closed_ && inputs_.empty() && !waiting_ && !halted_)
    ended();
}

/// Takes one message, or keeps what is left of the buffer; false after an
/// error.
bool connection::parse_next() {
  if (!carry_.empty())
    return complete_carried();
  auto& first = inputs_.front();
  const auto rest =
      std::span<const std::uint8_t>{*first.bytes}.subspan(first.offset);
  const auto next = wire::next_frame(rest, negotiated_.max_receive_size());
  if (!next) {
    fail(next.error(), std::nullopt, rest);
    return false;
  }
  // The buffer is held until the message was taken: it refers to it.
  const auto keep = first.bytes;
  const auto used = *next ? (*next)->whole.size() : rest.size();
  if (!*next)
    carry_.assign(rest.begin(), rest.end());
  first.offset += used;
  unaccounted_ += used;
  if (first.offset == first.bytes->size())
    inputs_.pop_front();
  if (*next) {
    if (importer_)
      importer_->expect(wire::behind_message(rest.subspan(used)));
    take(**next);
  }
  return !halted_;
}

/// Adds to a message that began in an earlier buffer what it still lacks.
bool connection::complete_carried() {
  auto& first = inputs_.front();
  const auto rest =
      std::span<const std::uint8_t>{*first.bytes}.subspan(first.offset);
  std::size_t wanted = wire::header_size;
  if (carry_.size() >= wire::header_size)
    wanted = wire::length_in(carry_);
  const auto moved = std::min(rest.size(), wanted - carry_.size());
  carry_.insert(carry_.end(), rest.begin(),
                rest.begin() + static_cast<std::ptrdiff_t>(moved));
  first.offset += moved;
  unaccounted_ += moved;
  if (first.offset == first.bytes->size())
    inputs_.pop_front();
  const auto next = wire::next_frame(carry_, negotiated_.max_receive_size());
  if (!next) {
    fail(next.error(), std::nullopt, carry_);
    return false;
  }
  if (*next) {
    const auto message = std::move(carry_);
    carry_.clear();
    const auto whole =
        wire::next_frame(message, negotiated_.max_receive_size());
    take(**whole);
  }
  return !halted_;
}

void connection::take(const wire::frame& frame) {
  count(self_.counters->received, frame.type);
  if (self_.environment->log.enabled(log::level::trace))
    log::log_message_received(
        self_.environment->log, context(), kind_of(frame.type),
        [&] { return wire::to_text(frame, negotiated_); });
  if (frame.type == wire::message_type::update && importer_)
    take_update(frame);
  else
    take_control(frame);
}

void connection::take_control(const wire::frame& frame) {
  // One message at a time, until the session has said what it means.
  waiting_ = !importer_;
  const auto type = static_cast<std::uint8_t>(frame.type);
  switch (frame.type) {
  case wire::message_type::open: {
    auto open = wire::decode_open(frame.body);
    if (!open)
      return fail(open.error(), type, frame.whole);
    return tell(fsm::open_received{self_.id, *std::move(open)});
  }
  case wire::message_type::update:
    return tell(fsm::update_received{self_.id});
  case wire::message_type::keepalive:
    return tell(fsm::keepalive_received{self_.id});
  case wire::message_type::notification: {
    const auto message = wire::decode_notification(frame.body);
    if (!message)
      return fail(message.error(), type, frame.whole);
    halted_ = true;
    return tell(fsm::notification_received{self_.id, *message});
  }
  case wire::message_type::route_refresh: {
    const auto message = wire::decode_route_refresh(
        frame.body, negotiated_.enhanced_route_refresh);
    if (!message)
      return fail(message.error(), type, frame.whole);
    return take_refresh(*message);
  }
  }
}

/// RFC 2918 §4, RFC 7313 §4. Families that are off and kinds that we do not
/// know mean nothing, and so do marks that were not agreed upon.
void connection::take_refresh(const wire::route_refresh_message& message) {
  connection_event event{
      self_.id, fsm::route_refresh_received{self_.id}, {}, {}, {}, {}};
  const auto family = message.address_family;
  const bool marks = importer_ && negotiated_.enhanced_route_refresh
                     && negotiated_.has(family);
  switch (message.kind) {
  case wire::route_refresh_kind::request:
    if (negotiated_.has(family))
      event.refresh = family;
    break;
  case wire::route_refresh_kind::begin:
    if (marks) {
      send_batches(); // what came before belongs to the last round
      importer_->begin_round(family);
    }
    break;
  case wire::route_refresh_kind::end:
    if (marks)
      importer_->end_round(family);
    break;
  }
  this->send(self_.session, std::move(event));
}

void connection::tell(fsm::event event) {
  this->send(self_.session,
             connection_event{self_.id, std::move(event), {}, {}, {}, {}});
}

/// The session ends; what was received is in the log, as far as it helps.
void connection::fail(const protocol::decode_error& error,
                      std::optional<std::uint8_t> type,
                      std::span<const std::uint8_t> bytes) {
  halted_ = true;
  log_malformed("malformed message from " + remote_text_ + ": "
                    + protocol::to_string(error),
                bytes);
  tell(fsm::message_malformed{self_.id, error, type});
}

void connection::log_malformed(std::string text,
                               std::span<const std::uint8_t> bytes) {
  if (!self_.environment->log.enabled(log::level::warn))
    return;
  self_.environment->log.write(
      log::connection_record(log::level::warn, std::move(text))
          .with("message_contents", wire::hex_dump(bytes.first(std::min(
                                        bytes.size(), most_logged_bytes))))
          .with("connection_id", log::connection_id_text(context().id))
          .with("connection_peer", remote_text_));
}

void connection::send_batches() {
  const auto bytes = std::exchange(unaccounted_, 0);
  auto batches = importer_ ? importer_->take(bytes)
                           : std::vector<rib::importer::shard_batch>{};
  if (batches.empty()) {
    if (bytes > 0)
      self_.environment->sockets.consumed(self_.socket, bytes);
    return;
  }
  const auto from = caf::actor_cast<caf::strong_actor_ptr>(this);
  for (auto& each : batches) {
    auto& link = shards_.at(each.shard);
    link.unacknowledged.push_back(each.batch);
    this->send(link.handle, shard_routes{std::move(each.batch), from});
  }
}

/// The peer is gone and everything it said was handed over.
void connection::ended() {
  const auto text = *closed_ == 0 ? std::string{"peer closed connection"}
                                  : log::os_error_text(*closed_);
  log::log_receive_error(self_.environment->log, context(), text);
  log::log_receive_loop_closed(self_.environment->log, context());
  halted_ = true;
  tell(fsm::tcp_connection_failed{self_.id});
}

// -- what goes out ------------------------------------------------------------

void connection::command(const connection_command& command) {
  switch (command.what) {
  case connection_command::kind::begin: {
    if (std::exchange(begun_, true))
      return;
    log::log_receive_loop_started(self_.environment->log, context());
    auto me = caf::actor_cast<connection_actor>(this);
    self_.environment->sockets.adopt(self_.socket, [me](transport::event e) {
      caf::anon_send(me, socket_event{std::move(e)});
    });
    return;
  }
  case connection_command::kind::go_on:
    scheduled_ = false;
    return parse();
  case connection_command::kind::proceed:
    waiting_ = false;
    return parse();
  case connection_command::kind::transmit:
    return transmit(command.message);
  case connection_command::kind::close:
    return quit();
  case connection_command::kind::abort:
    self_.environment->sockets.abort(self_.socket);
    closed_ = ECONNABORTED;
    return quit();
  }
}

void connection::transmit(const std::vector<std::uint8_t>& message) {
  const auto next = wire::next_frame(message, wire::extended_message_size);
  TROUPE_CHECK(next && *next, "our own message is malformed");
  auto& log = self_.environment->log;
  const auto kind = kind_of((*next)->type);
  log::log_message_sent(log, context(), kind,
                        [&] { return wire::to_text(**next, negotiated_); });
  log::log_message_bytes_sent(log, context(), kind, message);
  count(self_.counters->sent, (*next)->type);
  self_.counters->sent.bytes += message.size();
  auto shared = std::make_shared<const std::vector<std::uint8_t>>(message);
  const auto size = shared->size();
  self_.environment->sockets.send(self_.socket, {{std::move(shared), 0, size}},
                                  transport::priority::urgent);
}

log::connection_context connection::context() const {
  log::connection_context c;
  c.id = static_cast<std::uint32_t>(self_.id);
  c.local = local_text_;
  c.peer = remote_text_;
  c.direction = to_string(self_.way);
  c.socket = static_cast<std::uint64_t>(self_.socket);
  return c;
}

} // namespace troupe::actors
