#include "tests/config/generate.hpp"

#include "config/words.hpp"

namespace troupe::config::testing {

namespace {

using namespace std::chrono_literals;
using protocol::ip_address;
using rib::policy_action;

bool maybe() {
  return *rc::gen::arbitrary<bool>();
}

template <class T>
T one_of(std::initializer_list<T> values) {
  return *rc::gen::elementOf(std::vector<T>(values));
}

template <class T>
std::optional<T> perhaps(std::initializer_list<T> values) {
  return maybe() ? std::optional<T>{one_of(values)} : std::nullopt;
}

ip_address address(const char* text) {
  return *ip_address::parse(text);
}

rib::prefix_list prefixes() {
  std::vector<rib::prefix_range> ranges;
  while (maybe())
    ranges.push_back(*rib::prefix_range::parse(one_of<std::string>(
        {"10.0.0.0/8", "10.0.0.0/8+", "10.0.0.0/8{16,24}", "::/0{20,48}",
         "192.0.2.0/24", "0.0.0.0/0", "::/0+"})));
  return rib::prefix_list{ranges};
}

template <class Pattern>
std::vector<Pattern> patterns(std::initializer_list<std::string> texts) {
  std::vector<Pattern> result;
  while (maybe())
    result.push_back(*Pattern::parse(one_of(texts)));
  return result;
}

template <class Pattern>
rib::community_edit<Pattern> edit(std::initializer_list<std::string> exact,
                                  std::initializer_list<std::string> any) {
  rib::community_edit<Pattern> result;
  if (maybe())
    result.set = patterns<Pattern>(exact);
  result.remove = patterns<Pattern>(any);
  result.add = patterns<Pattern>(exact);
  return result;
}

rib::policy_match match() {
  rib::policy_match m;
  if (maybe())
    m.prefixes = prefixes();
  m.as_path = perhaps<std::string>({"^65001", "\\b2\\b \"", "$"});
  if (maybe())
    m.communities =
        patterns<rib::community_pattern>({"1:2", "1:*", "*:*", "blackhole"});
  if (maybe())
    m.large_communities =
        patterns<rib::large_community_pattern>({"1:2:3", "1:*:3"});
  if (maybe())
    m.origin_as = std::vector<rib::as_range>{{1, 1}, {64512, 65534}};
  if (maybe())
    m.neighbor = std::vector<std::string>{"n1", "n2"};
  if (maybe())
    m.next_hop = std::vector{*protocol::prefix::parse("10.0.0.0/8")};
  if (maybe())
    m.source = std::vector{rib::route_source_kind::local};
  return m;
}

rib::policy_rule rule() {
  rib::policy_rule r;
  r.name = one_of<std::string>({"", "a name"});
  r.match = match();
  r.set.local_pref = perhaps({0U, 100U, 0xffffffffU});
  r.set.med = perhaps({0U, 7U});
  r.set.communities =
      edit<rib::community_pattern>({"1:2", "no_export"}, {"1:2", "1:*"});
  r.set.large_communities =
      edit<rib::large_community_pattern>({"1:2:3"}, {"*:*:*", "1:2:3"});
  r.set.prepend = one_of<std::uint8_t>({0, 1, 64});
  r.set.next_hop = perhaps({address("10.0.0.9"), address("2001:db8::9")});
  r.then = one_of(
      {policy_action::accept, policy_action::reject, policy_action::next});
  return r;
}

rib::chain_definition chain() {
  rib::chain_definition result;
  while (maybe())
    result.emplace_back(maybe() ? rib::chain_step{rib::policy_name{"p"}}
                                : rib::chain_step{prefixes()});
  if (result.empty() || maybe())
    result.emplace_back(one_of({policy_action::accept, policy_action::reject}));
  return result;
}

max_prefixes_config max_prefixes() {
  max_prefixes_config m;
  m.limit = one_of({1U, 1000U});
  m.count = one_of({prefix_count::received, prefix_count::accepted});
  m.warn_at = one_of<std::uint8_t>({80, 100});
  m.action = one_of({max_prefixes_action::stop, max_prefixes_action::warn,
                     max_prefixes_action::restart});
  if (m.action == max_prefixes_action::restart)
    m.restart_after = one_of<milliseconds>({1s, 5min});
  return m;
}

family_config family(bool v6) {
  family_config f;
  f.next_hop = perhaps({v6 ? address("2001:db8::1") : address("10.0.0.1")});
  if (maybe())
    f.import_policy = chain();
  if (maybe())
    f.export_policy = chain();
  if (maybe())
    f.max_prefixes = max_prefixes();
  f.default_originate = maybe();
  f.add_path = {maybe(), one_of<std::uint16_t>({0, 2, add_path_config::all})};
  return f;
}

timer_config timers() {
  timer_config t;
  t.hold = one_of<milliseconds>({90s, 3s, 900s, 0s});
  t.keepalive = t.hold / 3;
  if (t.hold > 3s && maybe())
    t.keepalive = 2s;
  t.connect_retry = one_of<milliseconds>({5s, 100ms});
  t.idle_hold = one_of<milliseconds>({0s, 1s});
  t.delay_open = one_of<milliseconds>({0s, 1500ms});
  t.send_hold = one_of<milliseconds>({480s, 0s, 1801s});
  if (t.send_hold <= t.hold)
    t.send_hold = 2 * t.hold;
  t.connect_retry_jitter = one_of<jitter>({{}, {1, 1}, {0.1, 0.3}});
  t.idle_hold_jitter = one_of<jitter>({{}, {0.5, 2}});
  return t;
}

remote_asn remote() {
  using kind = remote_asn::kind;
  return one_of<remote_asn>({{kind::any, 0},
                             {kind::internal, 0},
                             {kind::external, 0},
                             {kind::number, 65001},
                             {kind::number, 4200000000U}});
}

void add_roles(neighbor& n) {
  if (n.remote.what == remote_asn::kind::external) {
    n.role = perhaps({bgp_role::provider, bgp_role::customer, bgp_role::peer});
    n.local_as = perhaps({65010U});
    n.route_server_client = !n.role && maybe();
    n.strict_role = n.role && maybe();
    n.local_as_prepend = n.local_as && maybe();
  }
  if (n.remote.what != remote_asn::kind::internal && n.remote.number != 65001) {
    n.as_override = maybe();
    n.third_party_next_hop = maybe();
  }
  if (n.remote.what == remote_asn::kind::internal)
    n.route_reflector_client = maybe();
}

void add_keys(neighbor& n) {
  if (maybe())
    n.tcp_ao = {one_of<std::uint8_t>({0, 255}),
                one_of({tcp_ao_algorithm::hmac_sha_1_96,
                        tcp_ao_algorithm::aes_128_cmac_96}),
                "key"};
  else
    n.md5_key = one_of<std::string>({"", "key"});
}

graceful_restart_config graceful_restart() {
  graceful_restart_config g;
  g.mode =
      one_of({restart_mode::off, restart_mode::helper, restart_mode::full});
  g.restart_time = one_of<milliseconds>({120s, 60s});
  g.stale_time = one_of<milliseconds>({360s, 24h});
  g.forwarding = one_of({forwarding_state::automatic, forwarding_state::lost});
  g.notification = maybe();
  if (g.mode != restart_mode::off)
    g.long_lived_stale_time = one_of<milliseconds>({0s, 16777215s});
  return g;
}

void add_switches(neighbor& n) {
  n.extended_messages = maybe();
  n.enhanced_route_refresh = maybe();
  for (const auto& [name, capability] : words_of<required_capability>::all)
    if (maybe())
      n.required_capabilities.insert(capability);
  n.enforce_first_as = maybe();
  n.allow_own_as = one_of<std::uint8_t>({0, 10});
  n.deterministic_collision_resolution = maybe();
  n.remove_private_as = maybe();
  n.next_hop_self = maybe();
  n.aigp = perhaps({true, false});
  n.graceful_shutdown = perhaps({true, false});
  n.honor_graceful_shutdown = maybe();
}

std::vector<unit_config> units(bool clustered) {
  std::vector<unit_config> result;
  if (maybe())
    result.push_back({address("10.0.0.1"),
                      clustered && maybe() ? std::vector<std::string>{"x"}
                                           : std::vector<std::string>{},
                      one_of<std::string>({"", "eth0"})});
  return result;
}

cluster_config cluster() {
  cluster_config c;
  c.nodes.push_back({"x", {address("127.0.1.1"), 51, 0}, {}, {}, false});
  if (maybe())
    c.nodes.push_back(
        {"y",
         {address("127.0.1.2"), 51, 0},
         admin_config{{}, one_of<std::string>({"", "token"}), std::nullopt},
         "data-y",
         maybe()});
  if (maybe())
    c.tls = cluster_tls{"ca", "certificate", "key"};
  c.heartbeat = one_of<milliseconds>({1s, 1500ms});
  c.lease.duration = one_of<milliseconds>({6s, 2s});
  if (maybe())
    c.lease = {lease_kind::etcd, {"http://127.0.0.1:2379"}, 6s};
  c.on_isolation = one_of({isolation_action::hold, isolation_action::release});
  return c;
}

router arbitrary_router(unsigned number, bool clustered) {
  router r;
  r.name = "r" + std::to_string(number);
  r.asn = one_of({65001U, 65002U});
  r.router_id = {one_of({1U, 2U})};
  if (maybe()) // no neighbour is given its identifier
    r.confederation = confederation_config{
        65000, one_of<std::set<protocol::as_number>>({{}, {65003, 65004}})};
  r.always_compare_med = maybe();
  r.med_missing_worst = maybe();
  r.graceful_shutdown = maybe();
  r.cluster_id = perhaps({protocol::router_id{7}});
  r.shards = one_of<std::uint16_t>({0, 2});
  if (maybe())
    r.listen = {{address("127.0.0.1"), 1790, 0}};
  if (number == 0)
    r.units = units(clustered);
  if (maybe())
    r.originate = {*protocol::prefix::parse("192.0.2.0/24"),
                   *protocol::prefix::parse("2001:db8::/32")};
  r.policies["p"] = {};
  while (maybe())
    r.policies["p"].rules.push_back(rule());
  r.groups = {"g"};
  const auto neighbors = *rc::gen::inRange(0U, 4U);
  for (unsigned i = 0; i < neighbors; ++i)
    r.neighbors.push_back(arbitrary_neighbor(number * 10 + i));
  return r;
}

} // namespace

neighbor arbitrary_neighbor(unsigned number) {
  neighbor n;
  n.name = "n" + std::to_string(number);
  n.group = one_of<std::string>({"", "g"});
  n.description = one_of<std::string>({"", "a \"quoted\" \xc3\xa4"});
  n.remote = remote();
  const ip_address own = ip_address::v4(0x0a000100U + number);
  switch (*rc::gen::inRange(0, 3)) {
  case 0:
    n.address = own;
    break;
  case 1:
    n.range = protocol::prefix{own, 32};
    n.passive = true;
    n.dynamic_limit = one_of({1U, 100U});
    break;
  default:
    n.interface = "eth" + std::to_string(number);
  }
  n.max_memory = one_of({0U, 1U, 2048U});
  n.malformed_nlri =
      one_of({malformed_nlri_action::reset, malformed_nlri_action::disable});
  n.port = one_of<std::uint16_t>({179, 1790});
  const bool unnumbered = !n.address && !n.range;
  n.local_address =
      perhaps({unnumbered ? address("fe80::1") : address("10.0.0.1")});
  n.local_port = one_of<std::uint16_t>({0, 1});
  n.passive = n.passive || maybe();
  n.enabled = maybe();
  n.multihop = unnumbered ? std::uint8_t{1} : one_of<std::uint8_t>({1, 2});
  n.min_ttl = one_of<std::uint8_t>({0, 254});
  add_keys(n);
  if (unnumbered) { // all of them would have to have the same
    n.md5_key.clear();
    n.tcp_ao.reset();
  }
  n.timers = timers();
  n.graceful_restart = graceful_restart();
  add_roles(n);
  add_switches(n);
  if (maybe())
    n.families[protocol::ipv4_unicast] = family(false);
  if (maybe())
    n.families[protocol::ipv6_unicast] = family(true);
  return n;
}

configuration arbitrary_configuration() {
  configuration c;
  if (maybe())
    c.admin = {
        {unix_path{"/run/x"}, protocol::endpoint{address("127.0.0.7"), 80, 0}},
        one_of<std::string>({"", "token"}),
        one_of<std::optional<admin_tls>>(
            {std::nullopt, admin_tls{"certificate.pem", "key.pem"}})};
  c.log = {one_of({log_level::info, log_level::trace}),
           one_of({log_format::json, log_format::text})};
  c.data_dir = one_of<std::string>({"/var/lib/troupe", "data"});
  c.on_sigterm =
      one_of({sigterm_action::cease, sigterm_action::graceful_restart});
  c.fault_injection = maybe();
  c.threads = {one_of<std::uint16_t>({0, 1, 256}),
               one_of<std::uint16_t>({0, 2, 256})};
  c.supervision = {
      one_of<std::uint32_t>({1, 5, 1'000'000}),
      one_of<milliseconds>({milliseconds{1000}, milliseconds{60000}}),
      one_of<milliseconds>({milliseconds{10}, milliseconds{100}}),
      one_of<milliseconds>({milliseconds{1000}, milliseconds{30000}})};
  if (maybe())
    c.cluster = cluster();
  const auto routers = *rc::gen::inRange(0U, 3U);
  for (unsigned i = 0; i < routers; ++i)
    c.routers.push_back(arbitrary_router(i, c.cluster.has_value()));
  return c;
}

} // namespace troupe::config::testing
