#pragma once

#include "actors/environment.hpp"
#include "actors/instrumented.hpp"
#include "actors/log/records.hpp"
#include "actors/messages.hpp"
#include "protocol/wire/message.hpp"
#include "protocol/wire/route_refresh.hpp"

#include <deque>
#include <map>
#include <optional>

namespace troupe::actors {

/// Everything a connection needs to begin with.
struct connection_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  session_actor session;
  protocol::fsm::connection_id id{};
  protocol::fsm::direction way{};
  transport::socket_id socket{};
  protocol::endpoint local;
  protocol::endpoint remote;
  std::shared_ptr<neighbor_counters> counters;
  std::string router; ///< names, for who looks at what was quarantined
  std::string neighbor;
};

/// One TCP connection: frames and decodes what comes, runs the import, hands
/// batches to the shards against credit, writes what session and exporter give.
/// Before `begin_updates` it hands over one message at a time and waits for the
/// session's word; afterwards UPDATEs flow past the session.
class connection final : public instrumented<connection_actor> {
public:
  connection(caf::actor_config& config, connection_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;

private:
  struct input {
    transport::shared_bytes bytes;
    std::size_t offset = 0;
  };
  /// What a shard has not acknowledged: it is given again to the next one.
  struct shard_link {
    shard_actor handle;
    std::deque<std::shared_ptr<const rib::route_batch>> unacknowledged;
  };

  // -- what comes in ---------------------------------------------------------
  void handle(const transport::event& event);
  void parse();
  bool parse_next();
  bool complete_carried();
  void take(const protocol::wire::frame& frame);
  void take_update(const protocol::wire::frame& frame);
  void handle_update(const protocol::wire::frame& frame);
  void isolate(const protocol::wire::frame& frame, const std::string& reason,
               bool known);
  void warn_of_mistake(const std::string& what);
  void take_control(const protocol::wire::frame& frame);
  void take_refresh(const protocol::wire::route_refresh_message& message);
  void tell(protocol::fsm::event event);
  void log_malformed(std::string text, std::span<const std::uint8_t> bytes);
  void fail(const protocol::decode_error& error,
            std::optional<std::uint8_t> type,
            std::span<const std::uint8_t> bytes);
  void note_update(const protocol::wire::frame& frame);
  void log_notes(const protocol::wire::frame& frame);
  bool may_log_update();
  void sign_of_life();
  void send_batches();
  void ended();
  void check_limits();
  void check_prefixes(protocol::family family, const rib::neighbor_counts& held,
                      const config::max_prefixes_config& limit);
  void warn_of_limit(const std::string& what);
  void exceed(protocol::family family,
              const config::max_prefixes_config& limit);
  void exceed_memory(std::uint64_t held);
  bool disable_family(const rib::import_error& error,
                      const protocol::wire::frame& frame);

  // -- what goes out ---------------------------------------------------------
  void command(const connection_command& command);
  void transmit(const std::vector<std::uint8_t>& message);
  void write_export(const export_output& output);
  bool follow(const exporter_actor& exporter, group_id group);
  void report_written();
  void redeliver(const shard_replaced& replaced);
  void count_sent(protocol::wire::message_type type);

  log::connection_context context() const;
  caf::actor_clock::time_point now() { return this->clock().now(); }

  connection_arguments self_;
  std::string local_text_;
  std::string remote_text_;

  std::deque<input> inputs_;
  std::vector<std::uint8_t> carry_; ///< a message that spans buffers
  std::size_t unaccounted_ = 0;     ///< bytes parsed since the last batch
  bool begun_ = false;
  bool waiting_ = false; ///< for the session's `proceed`
  bool halted_ = false;  ///< nothing more is read from this peer
  bool scheduled_ = false;
  std::optional<int> closed_; ///< the peer's end, told after the last message
  protocol::wire::negotiated negotiated_;
  std::optional<rib::importer> importer_;
  std::vector<shard_link> shards_;
  std::shared_ptr<prefix_gauge> gauge_;
  intake_limits limits_;
  std::map<protocol::family, unsigned> warned_; ///< the mark last seen

  std::uint64_t given_ = 0;      ///< bulk bytes taken from exporters
  std::uint64_t written_ = 0;    ///< of these, given to the kernel
  std::uint64_t group_from_ = 0; ///< what was taken before the group's first
  group_id group_ = 0;
  exporter_actor exporter_;
  rib::neighbor_index neighbor_{};

  // A line for every UPDATE would drown the log: a few per second at most.
  caf::actor_clock::time_point log_window_{};
  unsigned logged_in_window_ = 0;
  caf::actor_clock::time_point told_alive_{};
  caf::actor_clock::time_point parsing_since_{}; // what is in hand
};

} // namespace troupe::actors
