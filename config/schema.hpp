#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "rib/policy_definition.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
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

/// Files of the certificate that the admin endpoint shows, PEM.
struct admin_tls {
  std::string certificate;
  std::string key;
  friend bool operator==(const admin_tls&, const admin_tls&) = default;
};

struct admin_config {
  /// 127.0.0.1:4676 unless something else is said; may be empty.
  std::vector<admin_listener> listen{
      protocol::endpoint{protocol::ip_address::v4(0x7f000001), 4676, 0}};
  /// Holds the token that changes ask for; empty: `token` in the data_dir.
  std::string token_file;
  /// Absent: plain HTTP, on loopback only.
  std::optional<admin_tls> tls;
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
  /// The N bit: also a NOTIFICATION keeps the routes (RFC 8538 §2).
  bool notification = true;
  /// What we say in the long-lived capability, whole seconds below 2^24; 0:
  /// off (RFC 9494 §3).
  milliseconds long_lived_stale_time{0};
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

/// How TCP-AO computes its MACs (RFC 5926 §3.2).
enum class tcp_ao_algorithm : std::uint8_t { hmac_sha_1_96, aes_128_cmac_96 };

/// The one master key of a TCP-AO connection (RFC 5925 §3.1).
struct tcp_ao_config {
  std::uint8_t id = 0; ///< SendID and RecvID
  tcp_ao_algorithm algorithm = tcp_ao_algorithm::hmac_sha_1_96;
  std::string key;
  friend bool operator==(const tcp_ao_config&, const tcp_ao_config&) = default;
};

/// What a peer can be required to say in its OPEN (RFC 5492 §3).
enum class required_capability : std::uint8_t {
  ipv4_unicast,
  ipv6_unicast,
  route_refresh,
  enhanced_route_refresh,
  four_octet_as,
  extended_messages,
  graceful_restart,
  add_path,
  extended_next_hop,
  role
};

/// What `max_prefixes` counts: all that the peer announces, or what the import
/// policy leaves of it.
enum class prefix_count : std::uint8_t { received, accepted };

/// What follows when there are more: the session ends with Cease/1 and stays
/// Idle until the operator starts it; only a warning; or it ends and starts
/// again after a while (RFC 4271 §6.7, RFC 4486 §4).
enum class max_prefixes_action : std::uint8_t { stop, warn, restart };

/// What routes of a family that cannot be read cost: the session, or the family
/// until the session ends (RFC 4760 §7, RFC 7606 §2).
enum class malformed_nlri_action : std::uint8_t { reset, disable };

struct max_prefixes_config {
  std::uint32_t limit = 0;
  prefix_count count = prefix_count::received;
  /// Percent of the limit at which a warning is logged, 1 to 100.
  std::uint8_t warn_at = 80;
  max_prefixes_action action = max_prefixes_action::stop;
  milliseconds restart_after{0}; ///< with `restart`; 0: not given
  friend bool operator==(const max_prefixes_config&,
                         const max_prefixes_config&) = default;
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
  std::optional<max_prefixes_config> max_prefixes;    ///< absent: no limit
  add_path_config add_path;
  /// The neighbour is told a default route of ours.
  bool default_originate = false;
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
  /// MiB that its paths may take, as `rib::neighbor_counts::memory` counts
  /// them; 0: no bound.
  std::uint32_t max_memory = 2048;
  malformed_nlri_action malformed_nlri = malformed_nlri_action::reset;
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
  std::string md5_key;                 ///< empty: no TCP-MD5
  std::optional<tcp_ao_config> tcp_ao; ///< not beside `md5_key`
  timer_config timers;
  bool extended_messages = true;
  bool enhanced_route_refresh = true; ///< RFC 7313
  /// A peer without one of them is refused with 2/7.
  std::set<required_capability> required_capabilities;
  graceful_restart_config graceful_restart;
  std::optional<bgp_role> role;
  /// Refuses a peer that says no role (RFC 9234 §4.2).
  bool strict_role = false;
  bool route_reflector_client = false;
  bool route_server_client = false;
  bool enforce_first_as = true;
  /// How many times our AS may stand in a received path.
  std::uint8_t allow_own_as = 0;
  bool deterministic_collision_resolution = false;
  std::optional<protocol::as_number> local_as;
  /// Shows the router's own AS behind `local_as`: `local_as asn ...`.
  bool local_as_prepend = false;
  bool as_override = false;
  bool remove_private_as = false;
  bool next_hop_self = false;
  /// Keeps a next hop in the subnet shared with the peer (RFC 4271 §5.1.3).
  bool third_party_next_hop = false;
  /// AIGP_SESSION (RFC 7311 §3.1); absent: on iBGP and within the
  /// confederation. Read with `aigp_session`.
  std::optional<bool> aigp;
  /// Absent: the router's. Read with `in_graceful_shutdown`.
  std::optional<bool> graceful_shutdown;
  /// Routes with GRACEFUL_SHUTDOWN get LOCAL_PREF 0 (RFC 8326 §4.2).
  bool honor_graceful_shutdown = true;
  /// A family that is not here is off.
  std::map<protocol::family, family_config> families;

  bool is_dynamic() const { return range.has_value(); }
  /// Whether its address is learned on the link.
  bool is_unnumbered() const { return !address && !range; }
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

/// RFC 5065. The router's `asn` is its member AS.
struct confederation_config {
  protocol::as_number identifier = 0;    ///< our AS for everybody outside
  std::set<protocol::as_number> members; ///< the other member ASes
  friend bool operator==(const confederation_config&,
                         const confederation_config&) = default;
};

struct router {
  std::string name; ///< unique in the daemon
  protocol::as_number asn = 0;
  std::optional<confederation_config> confederation;
  protocol::router_id router_id;
  /// RFC 4456; absent: the router_id.
  std::optional<protocol::router_id> cluster_id;
  /// Slices of the table; 0: as many as suit the machine.
  std::uint16_t shards = 0;
  /// Compares MED also between paths of different ASes (RFC 4271 §9.1.2.2).
  bool always_compare_med = false;
  /// A path without MED counts as one with the highest, not with 0.
  bool med_missing_worst = false;
  /// External peers are told GRACEFUL_SHUTDOWN, internal ones LOCAL_PREF 0
  /// (RFC 8326 §4).
  bool graceful_shutdown = false;
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

/// Threads of the daemon; 0: as many as suit the machine.
struct threads_config {
  std::uint16_t workers = 0; ///< run the actors
  std::uint16_t sockets = 0; ///< read and write the sessions' sockets
  friend bool operator==(const threads_config&,
                         const threads_config&) = default;
};

/// When actors that fail are started again.
struct supervision_config {
  /// More failures of one actor within the time are too many.
  std::uint32_t restarts = 5;
  milliseconds within{60000};
  /// The pause before a restart: it doubles with each failure in a row.
  milliseconds first_backoff{100};
  milliseconds longest_backoff{30000};
  friend bool operator==(const supervision_config&,
                         const supervision_config&) = default;
};

/// The whole configuration of a daemon, or of all nodes of a cluster.
struct configuration {
  admin_config admin;
  log_config log;
  std::string data_dir = "/var/lib/troupe";
  sigterm_action on_sigterm = sigterm_action::cease;
  bool fault_injection = false;
  threads_config threads;
  supervision_config supervision;
  std::optional<cluster_config> cluster; ///< absent: a single node
  std::vector<router> routers;
  friend bool operator==(const configuration&, const configuration&) = default;
};

// -- questions to a configuration ---------------------------------------------

/// How the peer relates to us; nothing where only its OPEN will tell.
/// `local_as` counts as our AS where it is set. In a confederation it is always
/// known, as our OPEN depends on it: a peer of any AS is outside of it.
std::optional<protocol::peer_kind> known_kind(const router& r,
                                              const neighbor& n);

/// Whether the peer's AS is another member AS of our confederation (RFC 5065
/// §4).
bool is_confederation_peer(const router& r, protocol::as_number peer_as);

/// The AS number of our OPEN and first in our paths: `local_as`; else, in a
/// confederation, the identifier unless the neighbour is known to be in it
/// (RFC 5065 §4.1); else the asn.
protocol::as_number our_as(const router& r, const neighbor& n);

/// Whether AIGP is spoken with a peer of this kind and AS (RFC 7311 §3.1).
bool aigp_session(const router& r, const neighbor& n, protocol::peer_kind k,
                  protocol::as_number peer_as);

/// Whether the session is about to be shut down: as the neighbour says, else
/// the router (RFC 8326).
bool in_graceful_shutdown(const router& r, const neighbor& n);

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
