#include "tests/protocol/wire_reencode.hpp"

#include "protocol/wire/packer.hpp"
#include "protocol/wire/update.hpp"

namespace troupe::protocol::wire::testing {

namespace {

using bytes = std::vector<std::uint8_t>;

bool is_readable(family f) {
  return f == ipv4_unicast || f == ipv6_unicast;
}

bool path_ids_of(family f, const negotiated& session) {
  const auto* agreed = session.find(f);
  return agreed && agreed->add_path_receive;
}

std::vector<nlri> read_nlri(family f, byte_span from,
                            const negotiated& session) {
  std::vector<nlri> result;
  nlri_reader r{from, f, path_ids_of(f, session)};
  for (nlri each; r.next(each);)
    result.push_back(each);
  return result;
}

/// Adds the meaning of an UPDATE.
class update_reader {
public:
  update_reader(const update_view& update, const negotiated& session,
                meaning& to)
      : update_{update}, session_{session}, to_{to} {}

  void read() {
    const auto& [sections, mp, attributes, end_of_rib] = update_;
    if (end_of_rib)
      to_.ends_of_rib.push_back(*end_of_rib);
    add(to_.withdrawn, ipv4_unicast, sections.withdrawn);
    if (mp.unreach)
      add(to_.withdrawn, mp.unreach->address_family, mp.unreach->withdrawn);
    bytes raw;
    if (attributes.action >= verdict::treat_as_withdraw
        || !encode_attributes(attributes.attributes, {session_.as4, true}, raw))
      return;
    bool announces = add(to_.announced, ipv4_unicast, sections.nlri);
    if (mp.reach && sections.nlri.empty())
      announces = add(to_.announced, mp.reach->address_family, mp.reach->nlri);
    auto& sets = to_.attributes;
    if (announces && (sets.empty() || sets.back() != attributes.attributes))
      sets.push_back(attributes.attributes);
  }

private:
  bool add(std::map<family, std::vector<nlri>>& into, family f,
           byte_span from) {
    if (!is_readable(f) || from.empty())
      return false;
    const auto found = read_nlri(f, from, session_);
    auto& all = into[f];
    all.insert(all.end(), found.begin(), found.end());
    return true;
  }

  const update_view& update_;
  const negotiated& session_;
  meaning& to_;
};

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
    return {f, path_ids_of(f, session_), extended_message_size};
  }

  void withdraw(family f, byte_span from) {
    if (is_readable(f))
      pack_withdrawals(options(f), read_nlri(f, from, session_), out_);
  }

  void announce(family f, byte_span from, const path_attributes& attributes) {
    bytes raw;
    if (!is_readable(f) || from.empty()
        || !encode_attributes(attributes, {session_.as4, true}, raw))
      return;
    pack_announcements(options(f), raw, read_nlri(f, from, session_), out_);
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
    if (const auto refresh = decode_route_refresh(message.body, true)) {
      encode_route_refresh(*refresh, out);
      return out;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

bool add_meaning(const frame& message, const negotiated& session, meaning& to) {
  const auto keep = [](auto&& decoded, auto& into) {
    if (decoded)
      into.push_back(*std::forward<decltype(decoded)>(decoded));
    return decoded.has_value();
  };
  switch (message.type) {
  case message_type::open: {
    auto open = decode_open(message.body);
    if (open)
      open->my_as_field = 0;
    return keep(std::move(open), to.opens);
  }
  case message_type::update: {
    const auto update = read_update(message.body, session);
    if (update)
      update_reader{*update, session, to}.read();
    return update.has_value();
  }
  case message_type::notification:
    return keep(decode_notification(message.body), to.notifications);
  case message_type::keepalive:
    ++to.keepalives;
    return true;
  case message_type::route_refresh:
    return keep(decode_route_refresh(message.body, true), to.refreshes);
  }
  return false;
}

std::optional<meaning> meaning_of(byte_span stream, const negotiated& session) {
  meaning result;
  while (!stream.empty()) {
    const auto next = next_frame(stream, extended_message_size);
    if (!next || !*next || !add_meaning(**next, session, result))
      return std::nullopt;
    stream = stream.subspan((*next)->whole.size());
  }
  return result;
}

} // namespace troupe::protocol::wire::testing
