#include "tests/protocol/wire_reencode.hpp"

#include "protocol/wire/notification.hpp"
#include "protocol/wire/open.hpp"
#include "protocol/wire/packer.hpp"
#include "protocol/wire/route_refresh.hpp"
#include "protocol/wire/update.hpp"

namespace troupe::protocol::wire::testing {

namespace {

using bytes = std::vector<std::uint8_t>;

class update_writer {
public:
  update_writer(const update_view& update, const negotiated& session)
      : update_{update}, session_{session} {}

  bytes write() {
    const auto& [sections, mp, attributes, end_of_rib] = update_;
    if (end_of_rib)
      encode_end_of_rib(*end_of_rib, out_);
    withdraw(ipv4_unicast, sections.withdrawn);
    if (mp.unreach)
      withdraw(mp.unreach->address_family, mp.unreach->withdrawn);
    if (attributes.action >= verdict::treat_as_withdraw)
      return std::move(out_);
    announce(ipv4_unicast, sections.nlri, attributes.attributes);
    if (mp.reach && sections.nlri.empty())
      announce(mp.reach->address_family, mp.reach->nlri, attributes.attributes);
    return std::move(out_);
  }

private:
  packing_options options(family f) const {
    const auto* agreed = session_.find(f);
    return {f, agreed && agreed->add_path_receive, extended_message_size};
  }

  std::vector<nlri> read(family f, byte_span from) const {
    std::vector<nlri> result;
    nlri_reader r{from, f, options(f).add_path};
    for (nlri each; r.next(each);)
      result.push_back(each);
    return result;
  }

  void withdraw(family f, byte_span from) {
    if (f == ipv4_unicast || f == ipv6_unicast)
      pack_withdrawals(options(f), read(f, from), out_);
  }

  void announce(family f, byte_span from, const path_attributes& attributes) {
    bytes raw;
    const bool readable = f == ipv4_unicast || f == ipv6_unicast;
    if (!readable || from.empty()
        || !encode_attributes(attributes, {session_.as4, true}, raw))
      return;
    pack_announcements(options(f), raw, read(f, from), out_);
  }

  const update_view& update_;
  const negotiated& session_;
  bytes out_;
};

} // namespace

std::optional<bytes> reencode(const frame& message, const negotiated& session) {
  bytes out;
  switch (message.type) {
  case message_type::open:
    if (const auto open = decode_open(message.body)) {
      encode_open(*open, out);
      return out;
    }
    return std::nullopt;
  case message_type::update:
    if (const auto update = read_update(message.body, session))
      return update_writer{*update, session}.write();
    return std::nullopt;
  case message_type::notification:
    if (const auto notification = decode_notification(message.body)) {
      encode_notification(*notification, out);
      return out;
    }
    return std::nullopt;
  case message_type::keepalive:
    encode_keepalive(out);
    return out;
  case message_type::route_refresh:
    if (const auto refresh = decode_route_refresh(message.body)) {
      encode_route_refresh(*refresh, out);
      return out;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

} // namespace troupe::protocol::wire::testing
