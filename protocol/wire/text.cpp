#include "protocol/wire/text.hpp"

#include "protocol/overloaded.hpp"

#include <array>
#include <charconv>

namespace troupe::protocol::wire {

namespace {

// What a list or dump may take in a line of the log.
constexpr std::size_t longest_dump = 4096;
constexpr std::size_t longest_list = 64;

// Joins what `text(element)` yields; cuts a long list and says so.
template <class List, class Text>
std::string join(const List& list, std::string_view separator, Text text) {
  std::string result;
  std::size_t written = 0;
  for (const auto& each : list) {
    if (written == longest_list) {
      result += separator;
      result += "and " + std::to_string(list.size() - written) + " more";
      break;
    }
    if (written++ > 0)
      result += separator;
    result += text(each);
  }
  return result;
}

std::string afi_name(std::uint16_t afi) {
  return afi == 1 ? "IPv4" : afi == 2 ? "IPv6" : std::to_string(afi);
}

std::string safi_name(std::uint8_t safi) {
  return safi == 1 ? "Unicast" : safi == 2 ? "Multicast" : std::to_string(safi);
}

std::string number_pair(family f) {
  return std::to_string(f.afi) + '/' + std::to_string(f.safi);
}

std::string render(const multiprotocol_capability& c) {
  return "MP-Extensions " + number_pair(c.address_family);
}

std::string render(const extended_next_hop_capability& c) {
  return "Extended Next Hop [ "
         + join(c.entries, ", ",
                [](const auto& entry) {
                  return number_pair(entry.nlri_family) + " via "
                         + afi_name(entry.next_hop_afi);
                })
         + " ]";
}

std::string render(const graceful_restart_capability& c) {
  std::string text = "Graceful Restart [ restarted: ";
  text += c.restarted ? "true" : "false";
  text += ", notification: ";
  text += c.notification ? "true" : "false";
  text += ", time: " + std::to_string(c.restart_time.count());
  for (const auto& entry : c.entries) {
    text += ", " + number_pair(entry.address_family);
    text += entry.forwarding_preserved ? " preserved" : " lost";
  }
  return text + " ]";
}

std::string render(const add_path_capability& c) {
  std::string text = "AddPath [ ";
  for (const auto& entry : c.entries)
    text += "AddPathElement { afi: " + afi_name(entry.address_family.afi)
            + ", safi: " + safi_name(entry.address_family.safi)
            + ", send_receive: "
            + std::to_string(static_cast<unsigned>(entry.mode)) + " }, ";
  return text + ']';
}

std::string render(const unknown_capability& c) {
  return "Unknown " + std::to_string(c.code) + ' ' + hex_dump(c.value);
}

std::string render_capability(const capability& c) {
  return std::visit(
      overloaded{
          [](const route_refresh_capability&) -> std::string {
            return "Route Refresh";
          },
          [](const extended_message_capability&) -> std::string {
            return "Extended Message";
          },
          [](const role_capability& x) {
            return "Role " + std::string{name_of(x.role)};
          },
          [](const four_octet_as_capability& x) {
            return "Four Octet ASN " + std::to_string(x.as);
          },
          [](const long_lived_graceful_restart_capability& x) -> std::string {
            std::string text = "long-lived graceful restart";
            for (const auto& entry : x.entries)
              text += ' ' + to_string(entry.address_family) + ' '
                      + std::to_string(entry.stale_time.count()) + 's'
                      + (entry.forwarding_preserved ? " preserved" : "");
            return text;
          },
          [](const enhanced_route_refresh_capability&) -> std::string {
            return "Enhanced Route Refresh";
          },
          [](const multiprotocol_capability& x) { return render(x); },
          [](const extended_next_hop_capability& x) { return render(x); },
          [](const graceful_restart_capability& x) { return render(x); },
          [](const add_path_capability& x) { return render(x); },
          [](const unknown_capability& x) { return render(x); },
      },
      c);
}

std::string render_nlri(byte_span bytes, family f, bool path_ids) {
  if (bytes.empty())
    return "empty";
  std::string text;
  std::size_t count = 0;
  nlri_reader r{bytes, f, path_ids};
  for (nlri each; r.next(each); ++count) {
    if (count >= longest_list)
      continue;
    if (count > 0)
      text += ", ";
    text += to_string(to_prefix(each, f));
    if (path_ids)
      text += " id " + std::to_string(each.path_id);
  }
  if (count > longest_list)
    text += ", and " + std::to_string(count - longest_list) + " more";
  return text;
}

std::size_t count_nlri(byte_span bytes, family f, bool path_ids) {
  std::size_t count = 0;
  nlri_reader r{bytes, f, path_ids};
  for (nlri each; r.next(each);)
    ++count;
  return count;
}

std::string mp_name(family f) {
  if (f == ipv4_unicast)
    return "Ipv4Unicast";
  return f == ipv6_unicast ? "Ipv6Unicast" : number_pair(f);
}

bool path_ids_of(const negotiated& session, family f) {
  const auto* agreed = session.find(f);
  return agreed && agreed->add_path_receive;
}

std::string render_next_hop(byte_span bytes) {
  if (bytes.size() == 32)
    return render_next_hop(bytes.first(16)) + ' '
           + render_next_hop(bytes.subspan(16));
  const auto address = ip_address::from_bytes(bytes);
  return address ? to_string(*address) : hex_dump(bytes);
}

std::string render_mp_reach(const mp_reach& reach, const negotiated& session) {
  const auto f = reach.address_family;
  return "MpReachNlri::" + mp_name(f) + "[nh=" + render_next_hop(reach.next_hop)
         + ", nlri="
         + std::to_string(count_nlri(reach.nlri, f, path_ids_of(session, f)))
         + ']';
}

std::string render_mp_unreach(const mp_unreach& unreach,
                              const negotiated& session) {
  const auto f = unreach.address_family;
  return "MpUnreachNlri::" + mp_name(f) + "[withdrawn="
         + std::to_string(
             count_nlri(unreach.withdrawn, f, path_ids_of(session, f)))
         + ']';
}

std::string bracketed(std::string text) {
  return '[' + std::move(text) + ']';
}

template <class List>
std::string render_list(const List& list) {
  return bracketed(
      join(list, " ", [](const auto& each) { return to_string(each); }));
}

// The path in the form of the other lists, cut like them.
std::string render_path(const as_path& path) {
  constexpr std::size_t longest_path = 1024;
  auto text = to_string(path);
  if (text.size() > longest_path) {
    text.resize(text.rfind(' ', longest_path) + 1);
    text += "...";
  }
  return bracketed(std::move(text));
}

std::string render_attribute(attribute_code code, const path_attributes& a,
                             const negotiated& session) {
  switch (code) {
  case attribute_code::origin:
    return "origin: " + std::string{name_of(a.origin)};
  case attribute_code::as_path:
    return (session.as4 ? "as4-path: " : "as-path: ") + render_path(a.as_path);
  case attribute_code::next_hop:
    return a.next_hop ? "next-hop: " + to_string(*a.next_hop) : "";
  case attribute_code::multi_exit_disc:
    return a.med ? "med: " + std::to_string(*a.med) : "";
  case attribute_code::local_pref:
    return a.local_pref ? "local-pref: " + std::to_string(*a.local_pref) : "";
  case attribute_code::atomic_aggregate:
    return a.atomic_aggregate ? "atomic-aggregate" : "";
  case attribute_code::aggregator:
    return a.aggregator ? "aggregator: " + std::to_string(a.aggregator->as)
                              + ' ' + to_string(a.aggregator->address)
                        : "";
  case attribute_code::communities:
    return "communities: " + render_list(a.communities);
  case attribute_code::originator_id:
    return a.originator_id ? "originator-id: " + to_string(*a.originator_id)
                           : "";
  case attribute_code::cluster_list:
    return "cluster-list: " + render_list(a.cluster_list);
  case attribute_code::extended_communities:
    return "extended-communities: " + render_list(a.extended_communities);
  case attribute_code::aigp:
    return a.aigp ? "aigp: " + std::to_string(*a.aigp) : "";
  case attribute_code::large_communities:
    return "large-communities: " + render_list(a.large_communities);
  case attribute_code::only_to_customer:
    return a.only_to_customer
               ? "only-to-customer: " + std::to_string(*a.only_to_customer)
               : "";
  case attribute_code::mp_reach_nlri:
  case attribute_code::mp_unreach_nlri:
  case attribute_code::as4_path:       // merged into as_path
  case attribute_code::as4_aggregator: // merged into aggregator
    return "";
  }
  return "";
}

// In the order of the message, as far as each attribute was understood.
std::string render_attributes(const update_view& update,
                              const negotiated& session) {
  std::vector<std::string> parts;
  attribute_walker walker{update.sections.attributes};
  for (raw_attribute raw; walker.next(raw);) {
    const auto code = static_cast<attribute_code>(raw.code);
    if (raw.is(attribute_code::mp_reach_nlri) && update.mp.reach)
      parts.push_back("mp-reach-nlri: "
                      + render_mp_reach(*update.mp.reach, session));
    else if (raw.is(attribute_code::mp_unreach_nlri) && update.mp.unreach)
      parts.push_back("mp-unreach-nlri: "
                      + render_mp_unreach(*update.mp.unreach, session));
    else if (!find_rule(raw.code))
      parts.push_back("unknown-" + std::to_string(raw.code) + ": "
                      + hex_dump(raw.value));
    else if (auto text =
                 render_attribute(code, update.attributes.attributes, session);
             !text.empty())
      parts.push_back(std::move(text));
  }
  return parts.empty()
             ? "empty"
             : join(parts, ", ", [](const auto& part) { return part; });
}

} // namespace

std::string hex_dump(byte_span bytes) {
  std::string text = "[";
  std::size_t written = 0;
  for (const auto octet : bytes) {
    if (written == longest_dump) {
      text += ", and " + std::to_string(bytes.size() - written) + " more";
      break;
    }
    if (written++ > 0)
      text += ", ";
    std::array<char, 2> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + 2, octet, 16);
    text.append(digits.data(), end.ptr);
  }
  return text + ']';
}

std::string to_text(const open_message& message) {
  std::string text = "Open [ version: " + std::to_string(message.version);
  text += ", asn: " + std::to_string(as_field(message.my_as));
  text += ", hold_time: " + std::to_string(message.hold_time.count());
  text += ", id: " + std::to_string(message.identifier.value);
  text += ", parameters: [ ";
  if (!message.capabilities.empty())
    text += "Capabilities [ "
            + join(message.capabilities, ", ", render_capability) + ", ]";
  return text + "] ]";
}

std::string to_text(const update_view& update, const negotiated& session) {
  const bool ids = path_ids_of(session, ipv4_unicast);
  const bool withdraw = update.attributes.action >= verdict::treat_as_withdraw;
  std::string text = "Update[ treat-as-withdraw: (";
  text += withdraw ? "true" : "false";
  text += ") withdrawn("
          + render_nlri(update.sections.withdrawn, ipv4_unicast, ids);
  text += ") path_attributes: (" + render_attributes(update, session);
  text += ") nlri(" + render_nlri(update.sections.nlri, ipv4_unicast, ids);
  return text + ") ]";
}

std::string to_text(const notification_message& message) {
  std::string text =
      "Notification [ " + to_string(message.code, message.subcode);
  if (const auto shutdown = shutdown_text(message))
    text += ", text: " + *shutdown;
  text += ", data: " + hex_dump(message.data);
  return text + " ]";
}

std::string to_text(const route_refresh_message& message) {
  std::string text = "RouteRefresh [ family: ";
  text += number_pair(message.address_family);
  text += ", subtype: " + std::to_string(static_cast<unsigned>(message.kind));
  return text + " ]";
}

std::string to_text(const frame& message, const negotiated& session) {
  const auto render = [&](const auto& decoded) {
    if (decoded)
      return to_text(*decoded);
    return std::string{name_of(message.type)} + " that cannot be read: "
           + to_string(decoded.error()) + ' ' + hex_dump(message.whole);
  };
  switch (message.type) {
  case message_type::open:
    return render(decode_open(message.body));
  case message_type::update: {
    const auto update = read_update(message.body, session);
    if (update)
      return to_text(*update, session);
    return "UPDATE that cannot be read: " + to_string(update.error()) + ' '
           + hex_dump(message.whole);
  }
  case message_type::notification:
    return render(decode_notification(message.body));
  case message_type::keepalive:
    return "Keepalive";
  case message_type::route_refresh:
    return render(
        decode_route_refresh(message.body, session.enhanced_route_refresh));
  }
  return hex_dump(message.whole);
}

} // namespace troupe::protocol::wire
