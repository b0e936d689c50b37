#pragma once

#include "config/schema.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace troupe::config {

/// The words that stand for the values of an enumeration in a configuration.
/// Of several words for a value the first is the one that is printed.
template <class Enum>
struct words_of;

template <class Enum>
using word = std::pair<std::string_view, Enum>;

template <>
struct words_of<log_level> {
  static constexpr word<log_level> all[] = {{"trace", log_level::trace},
                                            {"debug", log_level::debug},
                                            {"info", log_level::info},
                                            {"warn", log_level::warn},
                                            {"error", log_level::error}};
};

template <>
struct words_of<log_format> {
  static constexpr word<log_format> all[] = {{"json", log_format::json},
                                             {"text", log_format::text}};
};

template <>
struct words_of<sigterm_action> {
  static constexpr word<sigterm_action> all[] = {
      {"cease", sigterm_action::cease},
      {"graceful_restart", sigterm_action::graceful_restart}};
};

template <>
struct words_of<lease_kind> {
  static constexpr word<lease_kind> all[] = {{"majority", lease_kind::majority},
                                             {"etcd", lease_kind::etcd}};
};

template <>
struct words_of<isolation_action> {
  static constexpr word<isolation_action> all[] = {
      {"hold", isolation_action::hold}, {"release", isolation_action::release}};
};

template <>
struct words_of<restart_mode> {
  static constexpr word<restart_mode> all[] = {{"off", restart_mode::off},
                                               {"helper", restart_mode::helper},
                                               {"full", restart_mode::full}};
};

template <>
struct words_of<forwarding_state> {
  static constexpr word<forwarding_state> all[] = {
      {"auto", forwarding_state::automatic},
      {"preserved", forwarding_state::preserved},
      {"lost", forwarding_state::lost}};
};

template <>
struct words_of<bgp_role> {
  static constexpr word<bgp_role> all[] = {
      {"provider", bgp_role::provider},
      {"route_server", bgp_role::route_server},
      {"route_server_client", bgp_role::route_server_client},
      {"customer", bgp_role::customer},
      {"peer", bgp_role::peer}};
};

template <>
struct words_of<tcp_ao_algorithm> {
  static constexpr word<tcp_ao_algorithm> all[] = {
      {"hmac-sha-1-96", tcp_ao_algorithm::hmac_sha_1_96},
      {"aes-128-cmac-96", tcp_ao_algorithm::aes_128_cmac_96}};
};

template <>
struct words_of<required_capability> {
  using enum required_capability;
  static constexpr word<required_capability> all[] = {
      {"ipv4_unicast", ipv4_unicast},
      {"ipv6_unicast", ipv6_unicast},
      {"route_refresh", route_refresh},
      {"enhanced_route_refresh", enhanced_route_refresh},
      {"four_octet_as", four_octet_as},
      {"extended_messages", extended_messages},
      {"graceful_restart", graceful_restart},
      {"add_path", add_path},
      {"extended_next_hop", extended_next_hop},
      {"role", role}};
};

template <>
struct words_of<prefix_count> {
  static constexpr word<prefix_count> all[] = {
      {"received", prefix_count::received},
      {"accepted", prefix_count::accepted}};
};

template <>
struct words_of<malformed_nlri_action> {
  static constexpr word<malformed_nlri_action> all[] = {
      {"reset", malformed_nlri_action::reset},
      {"disable", malformed_nlri_action::disable}};
};

template <>
struct words_of<max_prefixes_action> {
  static constexpr word<max_prefixes_action> all[] = {
      {"stop", max_prefixes_action::stop},
      {"warn", max_prefixes_action::warn},
      {"restart", max_prefixes_action::restart}};
};

template <>
struct words_of<rib::policy_action> {
  static constexpr word<rib::policy_action> all[] = {
      {"accept", rib::policy_action::accept},
      {"reject", rib::policy_action::reject},
      {"next", rib::policy_action::next}};
};

template <>
struct words_of<rib::route_source_kind> {
  static constexpr word<rib::route_source_kind> all[] = {
      {"local", rib::route_source_kind::local},
      {"internal", rib::route_source_kind::internal},
      {"external", rib::route_source_kind::external}};
};

template <>
struct words_of<protocol::family> {
  static constexpr word<protocol::family> all[] = {
      {"ipv4_unicast", protocol::ipv4_unicast},
      {"ipv6_unicast", protocol::ipv6_unicast}};
};

/// The word for a value.
template <class Enum>
std::string word_for(Enum value) {
  for (const auto& [name, meaning] : words_of<Enum>::all)
    if (meaning == value)
      return std::string{name};
  return "unknown";
}

/// All words: "trace", "debug" or "info".
template <class Enum>
std::string all_words() {
  std::string text;
  for (const auto& entry : words_of<Enum>::all) {
    const bool last = &entry == std::end(words_of<Enum>::all) - 1;
    text += text.empty() ? "" : (last ? " or " : ", ");
    text += '"' + std::string{entry.first} + '"';
  }
  return text;
}

} // namespace troupe::config
