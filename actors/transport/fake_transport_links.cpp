#include "actors/transport/fake_transport.hpp"

#include <algorithm>
#include <cerrno>

namespace troupe::transport {

using protocol::endpoint;
using protocol::ip_address;

const std::pair<const std::string, fake_transport::fake_interface>*
fake_transport::interface_at(std::uint32_t index) const {
  const auto found = std::ranges::find_if(
      interfaces_, [&](const auto& i) { return i.second.index == index; });
  return index == 0 || found == interfaces_.end() ? nullptr : &*found;
}

endpoint fake_transport::source_towards(const endpoint& remote) const {
  const auto* out = interface_at(remote.scope_id);
  if (out != nullptr && out->second.link_local)
    return {*out->second.link_local, 0, remote.scope_id};
  const auto* text = remote.address.is_v4() ? "127.0.0.1" : "::1";
  return {*ip_address::parse(text), 0, remote.scope_id};
}

/// The endpoint as the other end of its link names it.
endpoint fake_transport::at_other_end(endpoint e) const {
  const auto* here = interface_at(e.scope_id);
  if (here == nullptr)
    return e;
  const auto there = interfaces_.find(here->second.joined);
  if (there != interfaces_.end())
    e.scope_id = there->second.index;
  return e;
}

std::optional<interface_status>
fake_transport::find_interface(const std::string& name) const {
  const auto found = interfaces_.find(name);
  if (found == interfaces_.end())
    return std::nullopt;
  return interface_status{found->second.index, found->second.up};
}

std::optional<ip_address>
fake_transport::global_address(std::uint32_t interface_index) const {
  const auto* found = interface_at(interface_index);
  return found == nullptr ? std::nullopt : found->second.global;
}

link_result fake_transport::open_link(const std::string& interface,
                                      link_sink sink) {
  const auto status = find_interface(interface);
  if (!status)
    return {std::nullopt, ENODEV, "there is no interface '" + interface + "'"};
  const link_id id{++last_id_};
  links_.emplace(id, link_state{interface, status->index, std::move(sink)});
  return {id, 0, {}};
}

std::optional<option_error>
fake_transport::send_on_link(link_id link, const ip_address& to,
                             const std::vector<std::uint8_t>& message) {
  const auto found = links_.find(link);
  if (found == links_.end())
    return std::nullopt;
  const auto* out = interface_at(found->second.index);
  if (out == nullptr || !out->second.up || !out->second.link_local)
    return option_error{out == nullptr ? ENODEV : EADDRNOTAVAIL, "not sent"};
  sent_on_[out->first].push_back(to);
  hear(out->second.joined, {{}, *out->second.link_local, 255, message});
  return std::nullopt;
}

void fake_transport::close_link(link_id link) {
  links_.erase(link);
}

void fake_transport::hear(const std::string& interface,
                          const link_message& message) {
  const auto in = interfaces_.find(interface);
  if (in == interfaces_.end() || !in->second.up)
    return;
  for (const auto& [id, link] : links_) {
    if (link.index != in->second.index)
      continue;
    messages_.push_back(message);
    messages_.back().link = id;
  }
}

std::vector<ip_address>
fake_transport::sent_on(const std::string& interface) const {
  const auto found = sent_on_.find(interface);
  return found == sent_on_.end() ? std::vector<ip_address>{} : found->second;
}

bool fake_transport::deliver_message() {
  while (!messages_.empty()) {
    auto next = std::move(messages_.front());
    messages_.pop_front();
    const auto to = links_.find(next.link);
    if (to == links_.end())
      continue;
    const auto sink = to->second.sink; // it may close the link
    sink(std::move(next));
    return true;
  }
  return false;
}

} // namespace troupe::transport
