#pragma once

#include "actors/prefix_gauge.hpp"
#include "actors/supervisor/supervisor_timer.hpp"
#include "actors/transport/transport.hpp"
#include "config/diff.hpp"
#include "config/schema.hpp"
#include "protocol/fsm/event.hpp"
#include "protocol/fsm/retention.hpp"
#include "protocol/wire/negotiation.hpp"
#include "rib/export_group.hpp"
#include "rib/import.hpp"
#include "rib/shard_table.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

// layering: a table
/// Every message type of the daemon and the interface of every actor, in one
/// place: the only header that names CAF's typed interfaces (ADR 0001).
namespace troupe::actors {

// -- the interfaces -----------------------------------------------------------

struct socket_event;
struct connection_command;
struct begin_updates;
struct intake_limits;
struct import_changed;
struct batch_done;
struct shard_replaced;
struct export_output;
struct exporter_replaced;
/// Framing, decoding, import policy, batching, output of one TCP connection.
using connection_actor = caf::typed_actor<
    caf::reacts_to<socket_event>, caf::reacts_to<connection_command>,
    caf::reacts_to<begin_updates>, caf::reacts_to<intake_limits>,
    caf::reacts_to<import_changed>, caf::reacts_to<batch_done>,
    caf::reacts_to<shard_replaced>, caf::reacts_to<export_output>,
    caf::reacts_to<exporter_replaced>>;

struct incoming_connection;
struct attempt_event;
struct connection_event;
struct session_timer;
struct send_hold_check;
struct session_registered;
struct session_command;
struct session_changed;
struct link_look;
struct link_event;
/// The session runner of one neighbour: drives the FSM, owns 0..2 connections.
using session_actor = caf::typed_actor<
    caf::reacts_to<incoming_connection>, caf::reacts_to<attempt_event>,
    caf::reacts_to<connection_event>, caf::reacts_to<session_timer>,
    caf::reacts_to<send_hold_check>, caf::reacts_to<session_registered>,
    caf::reacts_to<session_command>, caf::reacts_to<session_changed>,
    caf::reacts_to<link_look>, caf::reacts_to<link_event>,
    caf::reacts_to<import_changed>, caf::reacts_to<shard_replaced>>;

struct shard_routes;
struct source_up;
struct source_down;
struct source_stale;
struct source_family;
struct exporter_attached;
struct exporter_detached;
struct changes_done;
struct resync_wanted;
struct decision_changed;
struct shard_step;
struct shard_refill;
struct refill_timeout;
struct shard_query;
struct shard_page;
struct totals_query;
struct shard_totals;
/// A slice of the prefixes: Adj-RIB-In, decision, Loc-RIB.
using shard_actor = caf::typed_actor<
    caf::reacts_to<shard_routes>, caf::reacts_to<source_up>,
    caf::reacts_to<source_down>, caf::reacts_to<source_stale>,
    caf::reacts_to<source_family>, caf::reacts_to<exporter_attached>,
    caf::reacts_to<exporter_detached>, caf::reacts_to<changes_done>,
    caf::reacts_to<resync_wanted>, caf::reacts_to<decision_changed>,
    caf::reacts_to<shard_refill>, caf::reacts_to<refill_timeout>,
    caf::reacts_to<shard_step>, caf::replies_to<shard_query>::with<shard_page>,
    caf::replies_to<totals_query>::with<shard_totals>>;

struct shard_changes;
struct shard_current;
struct member_joined;
struct member_left;
struct member_released;
struct member_refresh;
struct output_done;
struct exporter_step;
struct output_overdue;
struct told_query;
struct told_reply;
struct advertised_query;
struct advertised_counts;
/// The Adj-RIB-Out of one update group.
using exporter_actor = caf::typed_actor<
    caf::reacts_to<shard_changes>, caf::reacts_to<member_joined>,
    caf::reacts_to<member_left>, caf::reacts_to<member_released>,
    caf::reacts_to<member_refresh>, caf::reacts_to<output_done>,
    caf::reacts_to<exporter_step>, caf::reacts_to<output_overdue>,
    caf::reacts_to<shard_replaced>, caf::reacts_to<source_up>,
    caf::reacts_to<shard_current>,
    caf::replies_to<told_query>::with<told_reply>,
    caf::replies_to<advertised_query>::with<advertised_counts>>;

struct rib_members;
struct originate_routes;
struct routes_query;
struct routes_page;
struct rib_query;
struct rib_totals;
/// The facade of one router's table: queries, originated routes, digest.
using rib_actor =
    caf::typed_actor<caf::reacts_to<rib_members>,
                     caf::reacts_to<originate_routes>,
                     caf::reacts_to<batch_done>,
                     caf::replies_to<routes_query>::with<routes_page>,
                     caf::replies_to<rib_query>::with<rib_totals>>;

struct register_session;
struct unregister_session;
struct refresh_request;
struct end_of_rib_seen;
struct retention_timer;
struct session_report;
struct router_changed;
struct source_purged;
struct shard_emptied;
struct member_handed_over;
struct member_taken_over;
struct refresh_taken;
struct neighbors_query;
struct neighbors_reply;
struct neighbor_command;
struct command_result;
struct stop_router;
struct router_step;
struct restart_actor;
/// The supervisor of one router: which neighbours exist, and all below it.
using router_actor = caf::typed_actor<
    caf::reacts_to<incoming_connection>, caf::reacts_to<register_session>,
    caf::reacts_to<unregister_session>, caf::reacts_to<refresh_request>,
    caf::reacts_to<end_of_rib_seen>, caf::reacts_to<retention_timer>,
    caf::reacts_to<session_report>, caf::reacts_to<router_changed>,
    caf::reacts_to<shard_emptied>, caf::reacts_to<source_purged>,
    caf::reacts_to<member_handed_over>, caf::reacts_to<member_taken_over>,
    caf::reacts_to<refresh_taken>, caf::reacts_to<stop_router>,
    caf::reacts_to<router_step>, caf::reacts_to<supervisor_timer>,
    caf::replies_to<restart_actor>::with<command_result>,
    caf::replies_to<neighbors_query>::with<neighbors_reply>,
    caf::replies_to<neighbor_command>::with<command_result>,
    caf::replies_to<routes_query>::with<routes_page>,
    caf::replies_to<rib_query>::with<rib_totals>>;

struct listener_event;
struct directory_changed;
struct dispatcher_step;
struct stop_dispatcher;
/// Accepts on one address, names router and neighbour, hands over.
using dispatcher_actor = caf::typed_actor<
    caf::reacts_to<listener_event>, caf::reacts_to<directory_changed>,
    caf::reacts_to<dispatcher_step>, caf::reacts_to<stop_dispatcher>>;

struct reload_configuration;
struct persist_command;
struct configuration_query;
struct configuration_reply;
/// Validates, persists, diffs and applies configurations.
using config_keeper_actor = caf::typed_actor<
    caf::replies_to<reload_configuration>::with<command_result>,
    caf::replies_to<persist_command>::with<command_result>,
    caf::replies_to<configuration_query>::with<configuration_reply>>;

struct apply_configuration;
struct stop_node;
struct node_step;
struct listener_report;
struct health_query;
struct health_reply;
struct restart_actor;
/// The root supervisor of the process.
using node_actor = caf::typed_actor<
    caf::reacts_to<apply_configuration>, caf::reacts_to<stop_node>,
    caf::reacts_to<reload_configuration>, caf::reacts_to<node_step>,
    caf::reacts_to<supervisor_timer>, caf::reacts_to<listener_report>,
    caf::replies_to<health_query>::with<health_reply>,
    caf::replies_to<restart_actor>::with<command_result>,
    caf::replies_to<neighbors_query>::with<neighbors_reply>,
    caf::replies_to<neighbor_command>::with<command_result>,
    caf::replies_to<routes_query>::with<routes_page>,
    caf::replies_to<rib_query>::with<rib_totals>>;

/// Answers the questions of the HTTP threads, which talk to nobody else.
using admin_actor =
    caf::typed_actor<caf::replies_to<health_query>::with<health_reply>,
                     caf::replies_to<restart_actor>::with<command_result>,
                     caf::replies_to<neighbors_query>::with<neighbors_reply>,
                     caf::replies_to<neighbor_command>::with<command_result>,
                     caf::replies_to<routes_query>::with<routes_page>,
                     caf::replies_to<rib_query>::with<rib_totals>>;

// -- sockets ------------------------------------------------------------------

/// Something happened to the socket of a connection.
struct socket_event {
  transport::event what;
};

/// Something happened to an attempt to connect; `attempt` numbers the attempts
/// of a session, so that the result of an old one is dropped.
struct attempt_event {
  std::uint64_t attempt = 0;
  transport::event what;
};

/// Something happened to a listener.
struct listener_event {
  transport::event what;
};

/// A message came in over the link of an unnumbered neighbour.
struct link_event {
  transport::link_message what;
};

/// Time to look at that link.
struct link_look {};

/// An accepted connection on its way to the session that it belongs to.
struct incoming_connection {
  transport::socket_id socket{};
  protocol::endpoint local;
  protocol::endpoint remote;
  std::string interface; ///< see `transport::accepted`
};

// -- session <-> connection ---------------------------------------------------

/// A connection tells its session what came in. Before `begin_updates` it stops
/// after each message until `connection_command::proceed`.
struct connection_event {
  protocol::fsm::connection_id connection{};
  protocol::fsm::event what;
  /// An UPDATE as text, when the log wants it.
  std::string contents;
  /// A ROUTE-REFRESH whose family must be told again.
  std::optional<protocol::family> refresh;
  /// The peer has told all that it had of a family (RFC 4724 §2).
  std::optional<protocol::family> end_of_rib;
  /// The peer is not listened to about it any more (RFC 4760 §7).
  std::optional<protocol::family> disabled;
};

/// What a session asks of a connection.
struct connection_command {
  enum class kind : std::uint8_t {
    begin,    ///< adopt the socket and start to read
    proceed,  ///< parse the next message
    go_on,    ///< to itself: the rest of what was read
    transmit, ///< write `message` at the next message boundary
    close,    ///< flush what is urgent, then end
    abort,    ///< end at once
  };
  kind what = kind::proceed;
  std::vector<std::uint8_t> message;
};

/// The most that a peer may tell us, and what it costs to tell what cannot be
/// read; sent alone where they have changed.
struct intake_limits {
  std::map<protocol::family, config::max_prefixes_config> prefixes;
  std::uint64_t memory = 0; ///< octets for its paths; 0: no bound
  config::malformed_nlri_action malformed_nlri =
      config::malformed_nlri_action::reset;
};

/// The session is being set up: UPDATEs may be handled from now on.
struct begin_updates {
  protocol::wire::negotiated negotiated;
  rib::import_settings import;
  std::vector<shard_actor> shards;
  std::shared_ptr<prefix_gauge> gauge;
  intake_limits limits;
};

/// Another import policy is in force.
struct import_changed {
  rib::import_settings import;
};

/// A timer of a session ran out, if the generation is still the current one.
struct session_timer {
  protocol::fsm::timer which{};
  protocol::fsm::connection_id connection{};
  std::uint64_t generation = 0;
};

/// Time to see whether the peer reads what we write.
struct send_hold_check {
  protocol::fsm::connection_id connection{};
};

// -- session <-> router -------------------------------------------------------

/// A session asks to be made known to the table (FSM state SessionSetup).
struct register_session {
  std::string name;
  std::uint64_t incarnation = 0; ///< of the established session
  protocol::fsm::connection_id connection_id{};
  protocol::wire::negotiated negotiated;
  protocol::endpoint local;
  protocol::endpoint remote;
  connection_actor connection;
  session_actor session;
};

/// The answer: what the connection needs to hand over routes.
struct session_registered {
  std::uint64_t incarnation = 0;
  protocol::fsm::connection_id connection_id{};
  rib::import_settings import;
  std::vector<shard_actor> shards;
  std::shared_ptr<prefix_gauge> gauge;
  std::string error; ///< empty, or why it cannot be
};

/// The session is over; its routes go, but for those that are kept.
struct unregister_session {
  std::string name;
  std::uint64_t incarnation = 0;
  protocol::fsm::retention kept;
};

/// A time that stale routes of a neighbour may take is over; `generation` is
/// that of the source it was meant for.
struct retention_timer {
  enum class kind : std::uint8_t {
    restart,    ///< the peer had so long to come back
    long_lived, ///< its routes were the last choice for so long
    end_of_rib, ///< it came back and had so long to tell everything
    deferral,   ///< peers had so long to tell us everything
  };
  kind what = kind::restart;
  std::string name;
  std::uint64_t generation = 0;
  protocol::family family;
};

/// The peer asks to be told everything again (RFC 2918 §4).
struct refresh_request {
  std::string name;
  protocol::family family;
};

/// A peer has told all that it had of a family when its session came up.
struct end_of_rib_seen {
  std::string name;
  protocol::family family;
};

/// Counters of one neighbour that its session and connections keep and anybody
/// may read; they live as long as the neighbour is configured.
struct neighbor_counters {
  struct direction {
    std::atomic<std::uint64_t> opens{0}, updates{0}, notifications{0},
        keepalives{0}, route_refreshes{0}, bytes{0};
  };
  direction received, sent;
  std::atomic<std::uint64_t> treat_as_withdraw{0}, attribute_discard{0},
      dropped_for_loop{0}, declined_connections{0}, established{0};
  /// UPDATEs that our own mistake kept us from handling.
  std::atomic<std::uint64_t> quarantined{0};
};

/// A session is not tried for a time, as it keeps failing.
struct session_pause {
  std::string reason;
  caf::actor_clock::time_point until; ///< of the actor clock
};

/// What an operator sees of a session; sent to the router at each change.
struct session_report {
  std::string name;
  std::string state; ///< as in the contract: "Idle", ...
  std::string last_error;
  /// Time of the actor clock when the state was entered.
  caf::actor_clock::time_point since;
  /// Of an unnumbered neighbour: the address that was learned.
  std::optional<protocol::ip_address> learned;
  std::optional<protocol::endpoint> local;
  std::optional<protocol::endpoint> remote;
  std::optional<protocol::wire::negotiated> negotiated;
  std::set<protocol::family> disabled_families; ///< of those negotiated
  std::optional<session_pause> pause;           ///< in Idle, while it lasts
  std::uint64_t flaps = 0;
  std::shared_ptr<neighbor_counters> counters;
};

/// An operator's or the supervisor's word to a session.
struct session_command {
  enum class kind : std::uint8_t {
    enable,
    disable,
    reset,
    refresh,       ///< ask the peer to send everything again
    stop,          ///< end the actor after Cease `subcode`
    stop_silently, ///< end the actor, close TCP without a NOTIFICATION
    restart_over,  ///< from now on our OPENs say nothing of a restart
    drop,          ///< end the actor of a connection; `text` is its id
  };
  kind what = kind::enable;
  protocol::cease_subcode subcode =
      protocol::cease_subcode::administrative_shutdown;
  std::string text; ///< shutdown communication (RFC 9003)
};

/// The neighbour's configuration changed.
struct session_changed {
  config::neighbor neighbor;
  bool reset = false;
};

// -- table --------------------------------------------------------------------

/// Routes of one read buffer for one shard.
struct shard_routes {
  std::shared_ptr<const rib::route_batch> batch;
  /// Told when the batch was applied: the connection, or the rib's own routes.
  caf::strong_actor_ptr from;
};

/// The batches up to `sequence` were applied; their credit comes back.
struct batch_done {
  std::uint32_t shard = 0;
  std::uint64_t sequence = 0;
  std::size_t bytes = 0; ///< of all batches up to the sequence
};

/// A shard has a new incarnation: what it did not acknowledge is owed again.
struct shard_replaced {
  std::uint32_t shard = 0;
  shard_actor handle;
};

struct source_up {
  rib::neighbor_facts facts;
  std::uint32_t incarnation = 0; ///< of its session, at the router
  /// Where the shard writes how many paths it holds of it; null: nowhere.
  std::shared_ptr<prefix_gauge> gauge;
};
struct source_down {
  rib::neighbor_index neighbor{};
};
/// The session is gone, its routes stay.
struct source_stale {
  rib::neighbor_index neighbor{};
  bool keeps_older = false; ///< also those that were stale before
};
/// What becomes of the stale routes of a family.
struct source_family {
  enum class kind : std::uint8_t { sweep, age, drop };
  kind what = kind::sweep;
  rib::neighbor_index neighbor{};
  protocol::family family;
};
/// The router decides by other options; told again to a new incarnation.
struct decision_changed {
  rib::decision_options options;
};
/// All paths of a source are gone from a shard.
struct source_purged {
  std::uint32_t shard = 0;
  rib::neighbor_index neighbor{};
};

/// A shard could not trust its table and has emptied it: its sources are to
/// tell it again. Nobody is told of the loss meanwhile (DESIGN §5).
struct shard_emptied {
  std::uint32_t shard = 0;
  std::string why;
};
/// Who tells it again, so that it knows when that is done.
struct shard_refill {
  /// Sources, and the families of which each says when it has told all.
  std::set<std::pair<rib::neighbor_index, protocol::family>> awaited;
  /// Others tell theirs again, too, and do not say when they are done.
  bool others = false;
};
/// For so long a shard waits at most.
struct refill_timeout {
  std::uint64_t generation = 0;
};

/// Names an update group of a router; never reused while the router lives.
using group_id = std::uint32_t;

/// An exporter wants the changes of a shard; `restarted` when it is a new
/// incarnation over the same Adj-RIB-Out.
struct exporter_attached {
  group_id group = 0;
  exporter_actor handle;
  bool wants_ranked = false;
  bool restarted = false;
};
struct exporter_detached {
  group_id group = 0;
};

/// Changes of a shard for an exporter.
struct shard_changes {
  std::uint32_t shard = 0;
  std::shared_ptr<const rib::change_batch> batch;
  /// How many numbers the shard has used per family, for full walks.
  rib::prefix_number ipv4_limit = 0;
  rib::prefix_number ipv6_limit = 0;
};

/// A shard has told an exporter everything that it held when the exporter was
/// attached: what follows are changes.
struct shard_current {
  std::uint32_t shard = 0;
};

/// An exporter is done with a batch.
struct changes_done {
  group_id group = 0;
  std::uint64_t sequence = 0;
  std::uint64_t safe_through = 0;
};

struct resync_wanted {
  group_id group = 0;
  rib::resync_request request;
};

/// A slice of a shard's own work.
struct shard_step {};

// -- export -------------------------------------------------------------------

struct member_joined {
  /// Of its session: another one has been told nothing yet.
  std::uint64_t session = 0;
  rib::member_options options;
  connection_actor connection;
  /// Where it comes from, if it was told anything before.
  group_id former = 0;
};
struct member_left {
  rib::neighbor_index neighbor{};
  bool moves = false; ///< to another group; answered by member_handed_over
};
/// A move between groups goes from the old exporter by the router to the new
/// one, and back when that one has told the shards what it holds.
struct member_handed_over {
  rib::neighbor_index neighbor{};
  group_id group = 0;
  rib::handover told;
};
struct member_taken_over {
  rib::neighbor_index neighbor{};
  group_id former = 0;
};
struct member_released {
  rib::neighbor_index neighbor{};
};
struct member_refresh {
  /// Numbers them, so that one which was lost with its receiver is asked again.
  std::uint64_t number = 0;
  rib::neighbor_index neighbor{};
  protocol::family family;
};
/// The exporter has begun to tell it: the request is not lost any more.
struct refresh_taken {
  group_id group = 0;
  std::uint64_t number = 0;
};

/// Encoded messages for a connection to write.
struct export_output {
  std::vector<rib::output_slice> slices;
  std::size_t bytes = 0;
  std::uint32_t updates = 0;
  std::uint32_t refreshes = 0; ///< ROUTE-REFRESH messages
  rib::neighbor_index neighbor{};
  exporter_actor exporter;
  group_id group = 0; ///< the later group of two has the greater id
};

/// So many bytes of a group were written to a member since it joined
/// (cumulative, so that a lost message costs nothing).
struct output_done {
  rib::neighbor_index neighbor{};
  std::uint64_t total = 0;
};

/// An exporter has a new incarnation; connections report what they wrote.
struct exporter_replaced {
  rib::neighbor_index neighbor{};
  exporter_actor exporter;
  group_id group = 0;
};

/// A slice of an exporter's own work.
struct exporter_step {};

/// What is pending has waited long enough for the output that was given behind
/// this flush of an exporter.
struct output_overdue {
  std::uint64_t flush = 0;
};

/// Which of these prefixes are told to a member, and how.
struct told_query {
  rib::neighbor_index neighbor{};
  std::uint32_t shard = 0;
  protocol::family family;
  std::vector<rib::prefix_number> numbers;
};
struct told_reply {
  /// One per number: the paths that are told.
  std::vector<std::vector<rib::told_route>> routes;
};

struct advertised_query {};
struct advertised_counts {
  struct member {
    std::map<protocol::family, std::uint64_t> families;
    rib::member_backlog backlog;
    /// It has not written what it was given for a second and more.
    bool slow = false;
  };
  std::map<rib::neighbor_index, member> members;
  rib::export_statistics statistics;
  rib::export_memory memory;
};

// -- questions ----------------------------------------------------------------

struct shard_query {
  rib::route_query query;
};
struct shard_page {
  rib::route_page page;
};

struct totals_query {
  std::vector<rib::neighbor_index> neighbors;
};
struct shard_totals {
  std::map<protocol::family, rib::family_totals> families;
  std::map<rib::neighbor_index,
           std::map<protocol::family, rib::neighbor_counts>>
      neighbors;
  std::size_t memory = 0;
};

/// A page of routes of one router. A cursor is what the last page gave.
struct routes_query {
  std::string router; ///< empty: the first one
  protocol::family family = protocol::ipv4_unicast;
  std::optional<protocol::prefix> prefix;
  std::string neighbor;       ///< empty: all
  std::string view = "loc";   ///< loc received accepted rejected advertised
  std::uint32_t limit = 1000; ///< 1 to 10000
  std::string cursor;
};
struct route_entry {
  rib::route_row row;
};
struct routes_page {
  std::vector<route_entry> routes;
  std::string next_cursor; ///< empty at the end
  std::string error;       ///< empty, or what is wrong with the query
  bool not_found = false;  ///< the router or neighbour does not exist
};

struct rib_query {
  std::string router; ///< empty: all
};
/// An update group: who shares one encoding, and what it did.
struct group_totals {
  group_id id = 0;
  std::size_t members = 0;
  rib::export_statistics statistics;
  rib::export_memory memory;
};
struct router_totals {
  std::string name;
  std::map<protocol::family, rib::family_totals> families;
  std::size_t memory = 0; ///< bytes of the tables
  std::vector<group_totals> groups;
};
struct rib_totals {
  std::vector<router_totals> routers;
  rib::attribute_pool::statistics sets; ///< of all routers
};

/// The actors of a router's table as they are now.
struct rib_members {
  std::vector<shard_actor> shards;
  std::map<group_id, exporter_actor> exporters;
  std::map<std::string, rib::neighbor_index> neighbors;
  std::map<rib::neighbor_index, group_id> groups;
};

/// The prefixes that the router originates, all of them.
struct originate_routes {
  std::vector<protocol::prefix> prefixes;
};

struct neighbors_query {
  std::string router; ///< empty: all
};
struct neighbor_status {
  std::string router;
  config::neighbor configuration;
  session_report report;
  struct counts {
    std::uint64_t received = 0, accepted = 0, advertised = 0;
    std::uint64_t memory = 0; ///< see `rib::neighbor_counts::memory`
  };
  std::map<protocol::family, counts> families;
  rib::member_backlog backlog;         ///< of its output
  bool slow = false;                   ///< see `advertised_counts`
  std::string paused_for;              ///< why it is not tried now, or empty
  std::chrono::milliseconds paused{0}; ///< how long that lasts
  std::uint64_t uptime_seconds = 0;    ///< in Established, else 0
};
struct neighbors_reply {
  std::vector<neighbor_status> neighbors;
};

struct neighbor_command {
  std::string name;
  session_command command;
};
struct command_result {
  bool ok = false;
  bool not_found = false;
  std::string message;
};

// -- router, node, configuration ----------------------------------------------

/// Another configuration of the router is in force.
struct router_changed {
  config::router router;
};

/// Ends the sessions, then the router. `silently`: no NOTIFICATION.
struct stop_router {
  bool silently = false;
};
struct router_step {};

/// Which neighbour of which router a remote address belongs to.
struct directory_entry {
  std::optional<protocol::ip_address> local; ///< absent: any
  protocol::prefix remote;                   ///< a host prefix, or a range
  std::string interface; ///< where link-local peers come in; empty: any
  std::string neighbor;
  router_actor router;
};
struct directory_changed {
  std::vector<directory_entry> entries;
  transport::socket_options options; ///< keys and TTL rules of the listener
};
struct dispatcher_step {};
struct stop_dispatcher {};

/// A dispatcher tells whether its listener is bound.
struct listener_report {
  protocol::endpoint address;
  std::optional<transport::listener_id> listener;
  std::string error;
};

struct reload_configuration {};
/// A command that must survive a restart.
struct persist_command {
  neighbor_command command;
};
struct configuration_query {};
struct configuration_reply {
  std::shared_ptr<const config::configuration> configuration;
  std::uint64_t generation = 0;
};
struct apply_configuration {
  std::shared_ptr<const config::configuration> configuration;
};

/// Ends everything. `silently`: no NOTIFICATION (graceful restart goes on).
struct stop_node {
  bool silently = false;
};
struct node_step {};

struct health_query {};
struct health_reply {
  bool ready = false; ///< every configured listener is bound
  std::vector<listener_report> listeners;
};

/// An operator's word: the supervisor ends and restarts this actor.
struct restart_actor {
  std::string id;
};

} // namespace troupe::actors

// None of these leaves the process: only the cluster's link does.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::socket_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::attempt_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::listener_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::incoming_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::link_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::link_look)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::connection_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::connection_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::begin_updates)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::intake_limits)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::import_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::session_timer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::send_hold_check)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::register_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::session_registered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::unregister_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::refresh_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::session_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::session_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::session_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_routes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::batch_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_replaced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::source_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::source_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::decision_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::source_purged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_emptied)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::refresh_taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_refill)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::refill_timeout)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::source_stale)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::source_family)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::retention_timer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::end_of_rib_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::exporter_attached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::exporter_detached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_changes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_current)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::changes_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::resync_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::member_joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::member_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::member_released)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::member_handed_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::member_taken_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::member_refresh)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::export_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::output_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::exporter_replaced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::exporter_step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::output_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::told_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::told_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::advertised_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::advertised_counts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::totals_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shard_totals)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::routes_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::routes_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::rib_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::rib_totals)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::rib_members)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::originate_routes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::neighbors_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::neighbors_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::neighbor_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::command_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::router_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_router)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::router_step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::directory_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::dispatcher_step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_dispatcher)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::listener_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::reload_configuration)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::persist_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::configuration_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::configuration_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::apply_configuration)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::node_step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::health_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::health_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::restart_actor)
