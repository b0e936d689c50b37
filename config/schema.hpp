#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "rib/policy_definition.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The configuration as plain values. What is written here is the default of
/// each field. All values compare equal by content.
namespace troupe::config {

using std::chrono::milliseconds;

/// A Unix socket to listen on.
struct unix_path {
  std::string path;
  friend bool operator==(const unix_path&, const unix_path&) = default;
};

/// Where the admin endpoint listens.
using admin_listener = std::variant<protocol::endpoint, unix_path>;

struct admin_config {
  /// 127.0.0.1:4676 unless something else is said; may be empty.
  std::vector<admin_listener> listen{
      protocol::endpoint{protocol::ip_address::v4(0x7f000001), 4676, 0}};
  /// Holds the token that changes ask for; empty: `token` in the data_dir.
  std::string token_file;
  friend bool operator==(const admin_config&, const admin_config&) = default;
};

enum class log_level : std::uint8_t { trace, debug, info, warn, error };
enum class log_format : std::uint8_t { json, text };

struct log_config {
  log_level level = log_level::info;
  log_format format = log_format::json;
  friend bool operator==(const log_config&, const log_config&) = default;
};

/// How sessions end on SIGTERM: with Cease/2, or by closing TCP without a
/// NOTIFICATION, so that graceful restart goes on (RFC 4724 §4).
enum class sigterm_action : std::uint8_t { cease, graceful_restart };

// -- cluster ------------------------------------------------------------------

struct cluster_node {
  std::string name;
  protocol::endpoint address;
  /// Replace the daemon's values on this node.
  std::optional<admin_config> admin;
  std::optional<std::string> data_dir;
  /// Votes and runs nothing.
  bool witness = false;
  friend bool operator==(const cluster_node&, const cluster_node&) = default;
};

/// Files of mutual TLS between the nodes.
struct cluster_tls {
  std::string ca;
  std::string certificate;
  std::string key;
  friend bool operator==(const cluster_tls&, const cluster_tls&) = default;
};

enum class lease_kind : std::uint8_t { majority, etcd };

struct lease_config {
  lease_kind kind = lease_kind::majority;
  std::vector<std::string> endpoints; ///< etcd only, "http://..."
  milliseconds duration{6000};
  friend bool operator==(const lease_config&, const lease_config&) = default;
};

/// What a node does with its sessions when no majority exists anywhere.
enum class isolation_action : std::uint8_t { hold, release };

struct cluster_config {
  std::vector<cluster_node> nodes;
  std::optional<cluster_tls> tls;
  milliseconds heartbeat{1000};
  lease_config lease;
  isolation_action on_isolation = isolation_action::hold;
  friend bool operator==(const cluster_config&,
                         const cluster_config&) = default;
};

// -- neighbour ----------------------------------------------------------------

/// Which AS the peer may say it is in.
struct remote_asn {
  enum class kind : std::uint8_t { any, internal, external, number };
  kind what = kind::any;
  protocol::as_number number = 0; ///< for `kind::number`
  friend bool operator==(const remote_asn&, const remote_asn&) = default;
};

/// A timer's interval is multiplied by a number drawn from [least, most].
struct jitter {
  double least = 0.75;
  double most = 1.0;
  friend bool operator==(const jitter&, const jitter&) = default;
};

struct timer_config {
  milliseconds hold{90000}; ///< 0: no keepalives and no hold timer
  /// Absent in the file: a third of `hold`.
  milliseconds keepalive{30000};
  milliseconds connect_retry{5000};
  milliseconds idle_hold{0};
  milliseconds delay_open{0};
  /// RFC 9687; 0: off. Absent in the file: 8 minutes, or twice `hold` if that
  /// is more.
  milliseconds send_hold{480000};
  jitter connect_retry_jitter;
  jitter idle_hold_jitter;
  friend bool operator==(const timer_config&, const timer_config&) = default;
};

enum class restart_mode : std::uint8_t { off, helper, full };

/// What we say about our forwarding state (the F bit of RFC 4724).
enum class forwarding_state : std::uint8_t { automatic, preserved, lost };

struct graceful_restart_config {
  /// In a cluster the default is `full`.
  restart_mode mode = restart_mode::helper;
  milliseconds restart_time{120000}; ///< whole seconds, at most 4095 s
  milliseconds stale_time{360000};
  forwarding_state forwarding = forwarding_state::automatic;
  friend bool operator==(const graceful_restart_config&,
                         const graceful_restart_config&) = default;
};

/// Our own role on the session (RFC 9234 §4.1).
enum class bgp_role : std::uint8_t {
  provider,
  route_server,
  route_server_client,
  customer,
  peer
};

struct add_path_config {
  /// Stands in `send` for all paths.
  static constexpr std::uint16_t all = 0xffff;
  bool receive = false;
  /// How many of the best paths are sent; 0: ADD-PATH is not sent.
  std::uint16_t send = 0;
  friend bool operator==(const add_path_config&,
                         const add_path_config&) = default;
};

struct family_config {
  /// Absent: our address of the session on eBGP, unchanged on iBGP and for
  /// route-server clients.
  std::optional<protocol::ip_address> next_hop;
  /// Absent: everything on iBGP, nothing on eBGP (RFC 8212).
  std::optional<rib::chain_definition> import_policy; ///< key "import"
  std::optional<rib::chain_definition> export_policy; ///< key "export"
  std::optional<std::uint32_t> max_prefixes;          ///< absent: no limit
  add_path_config add_path;
  friend bool operator==(const family_config&, const family_config&) = default;
};

/// A neighbour with every field resolved: its own, else its group's, else the
/// router's defaults, else what is written here. Exactly one of `address` and
/// `range` is set, or neither and `interface` alone (unnumbered).
struct neighbor {
  std::string name; ///< unique in the daemon
  std::string group;
  std::string description;
  std::optional<protocol::ip_address> address;
  std::optional<protocol::prefix> range; ///< dynamic; key "address"
  /// Most sessions of a range at one time.
  std::uint32_t dynamic_limit = 100;
  std::string interface;
  std::uint16_t port = 179;
  remote_asn remote; ///< key "remote_asn"
  std::optional<protocol::ip_address>
      local_address;            ///< absent: routing decides
  std::uint16_t local_port = 0; ///< 0: the system's choice
  /// Never connects by itself. Always so for a range.
  bool passive = false;
  bool enabled = true;
  /// Hops to an external peer: the TTL sent to it. No effect on iBGP.
  std::uint8_t multihop = 1;
  /// GTSM (RFC 5082): least TTL or hop limit accepted; 0: off.
  std::uint8_t min_ttl = 0;
  std::string md5_key; ///< empty: no TCP-MD5
  timer_config timers;
  bool extended_messages = true;
  graceful_restart_config graceful_restart;
  std::optional<bgp_role> role;
  bool route_reflector_client = false;
  bool route_server_client = false;
  bool enforce_first_as = true;
  bool deterministic_collision_resolution = false;
  std::optional<protocol::as_number> local_as;
  bool as_override = false;
  bool remove_private_as = false;
  bool next_hop_self = false;
  /// A family that is not here is off.
  std::map<protocol::family, family_config> families;

  bool is_dynamic() const { return range.has_value(); }
  friend bool operator==(const neighbor&, const neighbor&) = default;
};

// -- router -------------------------------------------------------------------

/// The unit of placement in a cluster: a local address of the router.
struct unit_config {
  protocol::ip_address local_address;
  /// Who may own it, in order of preference; empty: any node that has it.
  std::vector<std::string> nodes;
  /// The interface to which the owner adds the address; empty: not floating.
  std::string floating;
  friend bool operator==(const unit_config&, const unit_config&) = default;
};

struct router {
  std::string name; ///< unique in the daemon
  protocol::as_number asn = 0;
  protocol::router_id router_id;
  /// RFC 4456; absent: the router_id.
  std::optional<protocol::router_id> cluster_id;
  /// Slices of the table; 0: as many as suit the machine.
  std::uint16_t shards = 0;
  /// 0.0.0.0:179 and [::]:179 unless something else is said; may be empty.
  std::vector<protocol::endpoint> listen = default_listen();
  std::vector<unit_config> units;
  std::vector<protocol::prefix> originate;
  std::map<std::string, rib::policy_definition> policies;
  /// Names only; their fields are merged into the neighbours.
  std::vector<std::string> groups;
  std::vector<neighbor> neighbors;

  static std::vector<protocol::endpoint> default_listen();
  friend bool operator==(const router&, const router&) = default;
};

/// The whole configuration of a daemon, or of all nodes of a cluster.
struct configuration {
  admin_config admin;
  log_config log;
  std::string data_dir = "/var/lib/troupe";
  sigterm_action on_sigterm = sigterm_action::cease;
  bool fault_injection = false;
  std::optional<cluster_config> cluster; ///< absent: a single node
  std::vector<router> routers;
  friend bool operator==(const configuration&, const configuration&) = default;
};

// -- questions to a configuration ---------------------------------------------

/// Whether the peer is internal or external; nothing where only its OPEN will
/// tell. `local_as` counts as our AS where it is set.
std::optional<protocol::peer_kind> known_kind(const router& r,
                                              const neighbor& n);

/// The import policy in force towards a peer of this kind (RFC 8212).
rib::chain_definition import_chain(const family_config& f,
                                   protocol::peer_kind k);
/// The export policy in force towards a peer of this kind (RFC 8212).
rib::chain_definition export_chain(const family_config& f,
                                   protocol::peer_kind k);

/// The default of `neighbor::graceful_restart.mode`.
restart_mode default_restart_mode(const configuration& c);

/// The configuration with the overrides of this node applied; nothing if there
/// is no such node.
std::optional<configuration> for_node(const configuration& c,
                                      const std::string& node);

/// The router or neighbour of this name; null if there is none. The pointer
/// lives as long as the argument is not changed.
const router* find_router(const configuration& c, const std::string& name);
const neighbor* find_neighbor(const router& r, const std::string& name);

} // namespace troupe::config
