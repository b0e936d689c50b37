#pragma once

#include "actors/environment.hpp"
#include "actors/exporter.hpp"
#include "actors/instrumented.hpp"
#include "actors/messages.hpp"
#include "actors/rib_shard.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "config/derive.hpp"

#include <deque>
#include <map>
#include <set>

namespace troupe::actors {

struct router_arguments {
  environment_ptr environment;
  std::shared_ptr<actor_cell> cell;
  config::router router;
  /// Neighbours that an operator has disabled at run time.
  std::set<std::string> disabled;
  rib::shard_limits shard_limits;
  rib::export_limits export_limits;
  config::supervision_config supervision;
};

/// The supervisor of one router: which neighbours exist, what is restarted, and
/// the tables that outlive the actors that work on them. Split into life of the
/// children (router.cpp), sessions (router_sessions.cpp), update groups
/// (router_groups.cpp), routes that outlive their session
/// (router_retention.cpp) and views (router_queries.cpp).
class router final : public instrumented<router_actor> {
public:
  router(caf::actor_config& config, router_arguments arguments);

protected:
  behavior_type make_behavior() override;
  void on_exit() override;

private:
  /// A session that is set up, as the table knows it.
  struct registration {
    std::uint64_t incarnation = 0;        ///< as the session counts
    std::uint32_t source_incarnation = 0; ///< as this router counts
    rib::neighbor_facts facts;
    group_id group = 0;
    protocol::wire::negotiated negotiated;
    protocol::endpoint local;
    protocol::endpoint remote;
    connection_actor connection;
    std::shared_ptr<prefix_gauge> gauge;
    bool moving = false; ///< its group has been asked to hand it over
    /// Families in which what an earlier session told may still be told again.
    std::set<protocol::family> unswept;
  };
  /// A source whose session is gone and whose routes stay for a while.
  struct stale_source {
    rib::neighbor_facts facts;
    std::uint32_t incarnation = 0;
    std::uint64_t generation = 0; ///< of its timers
    bool crashed = false;         ///< its actor failed, the peer did not
    /// Those that are kept, and how long as long-lived stale ones.
    std::map<protocol::family, std::chrono::seconds> families;
    std::set<protocol::family> aged; ///< those that are long-lived stale now
  };
  /// By what a connection is told to be a neighbour's: the address, and for a
  /// link-local one the interface. An unnumbered neighbour has no address.
  struct peer_key {
    std::string interface;
    std::optional<protocol::ip_address> address;
    friend auto operator<=>(const peer_key&, const peer_key&) = default;
  };
  /// A neighbour of the configuration, or one that a range let in.
  struct neighbor_entry {
    config::neighbor configuration;
    std::shared_ptr<neighbor_counters> counters;
    session_actor handle;
    session_report report;
    /// Why and until when its session is not started again after it failed.
    std::optional<session_pause> pause;
    std::optional<registration> registered;
    std::optional<stale_source> stale; ///< only while not registered
    std::string range;      ///< name of the range that let it in, or empty
    bool connected = false; ///< ever; for one of a range
    bool enabled = true;
  };
  struct update_group {
    rib::export_settings settings;
    std::shared_ptr<exporter_state> state;
    exporter_actor handle;
    std::map<rib::neighbor_index, member_joined> members;
    /// Handed over, and not yet taken over by another group.
    std::set<rib::neighbor_index> handed_over;
    /// Asked for, and perhaps lost with an exporter that ended.
    std::vector<member_refresh> refreshes;
  };

  // -- children --------------------------------------------------------------
  void start_table();
  void forget_former_children();
  void start_shard(std::uint32_t index);
  void start_neighbor(neighbor_entry entry);
  void add_session(const std::string& name);
  void start_group(group_id id);
  void on_child(const child_event& event);
  void session_changed_life(const std::string& name, neighbor_entry& entry,
                            const child_event& event);
  void session_ended(neighbor_entry& entry, const std::string& reason);
  void shard_started(std::uint32_t index, const child_event& event);
  void stop(const stop_router& m);
  unsigned shard_count() const;

  // -- sessions and groups ---------------------------------------------------
  void handle(const incoming_connection& m);
  void handle(const register_session& m);
  void handle(const unregister_session& m);
  void handle(const session_report& m);
  void refill(const shard_emptied& m);
  void handle(const source_purged& m);
  void handle(const router_changed& m);
  void unregister(neighbor_entry& entry);

  // -- routes that outlive their session -------------------------------------
  std::optional<rib::neighbor_index>
  take_source(neighbor_entry& entry, const rib::neighbor_facts& facts);
  void tell_sources_again(const neighbor_entry& entry,
                          const shard_actor& shard);
  void tell_shards(const source_family& m);
  void retain(neighbor_entry& entry, const protocol::fsm::retention& kept,
              bool crashed);
  void retain_after_crash(neighbor_entry& entry);
  void resume(neighbor_entry& entry);
  void arm(retention_timer timer, std::chrono::seconds delay);
  void handle(const retention_timer& m);
  void drop_stale(neighbor_entry& entry);

  // -- a restart of our own --------------------------------------------------
  void begin_deferral();
  void note_return(const neighbor_entry& entry);
  void handle(const end_of_rib_seen& m);
  void end_deferral();
  void purge(rib::neighbor_index index);

  // -- neighbours and groups -------------------------------------------------
  neighbor_entry* find_by_address(const incoming_connection& m);
  neighbor_entry* admit_dynamic(const incoming_connection& m);
  void remove_neighbor(const std::string& given);
  void change_neighbor(const config::neighbor_changed& change,
                       const config::neighbor& wanted);
  std::optional<rib::neighbor_index> take_index();
  group_id group_for(const rib::export_settings& settings, group_id but_not);
  /// `former`: what it was told by its group before, if it was told anything.
  void join(neighbor_entry& entry, std::optional<rib::handover> former);
  void move(neighbor_entry& entry);
  void exporter_started(group_id id, const child_event& event);
  void handle(const member_handed_over& m);
  void handle(const refresh_request& m);
  void handle(const member_taken_over& m);
  void release(rib::neighbor_index index, group_id group);
  void remove_if_empty(group_id group);
  rib::export_settings export_settings_of(const neighbor_entry& entry) const;
  config::session_facts facts_of(const registration& r) const;
  static peer_key key_of(const config::neighbor& n);
  void leave(rib::neighbor_index index, group_id group);
  void tell_rib();
  void drop_connection(const incoming_connection& m, const std::string& why);

  // -- views -----------------------------------------------------------------
  caf::result<neighbors_reply> neighbors();
  neighbor_status status_of(const neighbor_entry& entry);
  static std::optional<rib::neighbor_index>
  source_of(const neighbor_entry& entry);
  command_result command(const neighbor_command& m);
  command_result restart(const restart_actor& m);

  log::logger& log() { return self_.environment->log; }
  router_actor handle_to_self();

  router_arguments self_;
  std::shared_ptr<const config::router> configuration_;
  supervisor sup_;
  std::vector<std::shared_ptr<shard_state>> tables_;
  std::vector<shard_actor> shards_;
  rib_actor rib_;
  std::map<std::string, neighbor_entry> neighbors_;
  std::map<peer_key, std::string> by_peer_;
  std::map<group_id, update_group> groups_;
  group_id last_group_ = 0;
  std::uint16_t next_index_ = 1;
  std::deque<rib::neighbor_index> free_indexes_;
  /// Lost sources and the shards that still hold paths of them.
  std::map<rib::neighbor_index, std::set<std::uint32_t>> purging_;
  std::uint32_t last_source_incarnation_ = 0;
  std::uint64_t last_refresh_ = 0;
  std::uint64_t retention_generation_ = 0;
  /// While we wait for routes before we tell any: neighbours, and the families
  /// whose End-of-RIB is outstanding; empty before they are back.
  std::optional<std::map<std::string, std::set<protocol::family>>> awaited_;
  bool stopping_ = false;
};

} // namespace troupe::actors
