// What is written is read back, at the sizes and in the forms that single tests
// do not reach.

#include "protocol/wire/packer.hpp"
#include "protocol/wire/update.hpp"
#include "protocol/wire/writer.hpp"
#include "tests/protocol/wire_generators.hpp"
#include "tests/protocol/wire_reencode.hpp"

#include <algorithm>

namespace troupe::protocol::wire {

using namespace testing;

namespace {

/// Prefixes of one length that are all different, so that every message but the
/// last can be filled exactly.
std::vector<nlri> equal_sized(family f, std::size_t count, bool add_path) {
  std::vector<nlri> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i].length = 24;
    result[i].address[0] = f == ipv4_unicast ? 20 : 0x20;
    result[i].address[1] = static_cast<std::uint8_t>(i >> 8);
    result[i].address[2] = static_cast<std::uint8_t>(i);
    result[i].path_id = add_path ? static_cast<std::uint32_t>(i) : 0;
  }
  return result;
}

negotiated wide_session(bool as4, bool add_path) {
  auto session = plain_session();
  session.kind = peer_kind::internal;
  session.extended_next_hop = true;
  session.as4 = as4;
  for (auto& each : session.families)
    each.add_path_receive = add_path;
  return session;
}

std::vector<std::size_t> sizes_of(byte_span stream, std::size_t limit) {
  std::vector<std::size_t> sizes;
  for (const auto& message : frames_of(stream, limit))
    sizes.push_back(message.whole.size());
  return sizes;
}

/// The body of an OPEN with its capabilities spread over parameters, in the
/// form of RFC 4271 or of RFC 9072; nothing where the former does not fit.
std::optional<byte_vector> spread(const open_message& open, bool extended,
                                  std::size_t per_parameter) {
  byte_vector parameters;
  writer w{parameters};
  for (std::size_t at = 0; at < open.capabilities.size(); at += per_parameter) {
    byte_vector value;
    for (auto i = at;
         i < std::min(at + per_parameter, open.capabilities.size()); ++i)
      encode_capability(open.capabilities[i], value);
    if (!extended && value.size() > 255)
      return std::nullopt;
    w.u8(2);
    if (extended)
      w.u16(static_cast<std::uint16_t>(value.size()));
    else
      w.u8(static_cast<std::uint8_t>(value.size()));
    w.bytes(value);
  }
  if (!extended && parameters.size() > 254)
    return std::nullopt;
  byte_vector body;
  writer out{body};
  out.u8(bgp_version);
  out.u16(as_field(open.my_as));
  out.u16(static_cast<std::uint16_t>(open.hold_time.count()));
  out.u32(open.identifier.value);
  if (extended) {
    out.u8(255);
    out.u8(255);
    out.u16(static_cast<std::uint16_t>(parameters.size()));
  } else {
    out.u8(static_cast<std::uint8_t>(parameters.size()));
  }
  out.bytes(parameters);
  return body;
}

/// Appends a message of a kind that rapidcheck picks.
void append_any_message(const negotiated& session, byte_vector& out) {
  const bool add_path = session.families[0].add_path_receive;
  const auto f = *rc::gen::element(ipv4_unicast, ipv6_unicast);
  byte_vector raw;
  switch (*rc::gen::inRange(0, 7)) {
  case 0:
    return encode_open(*any_open(), out);
  case 1:
    return encode_notification(*any_notification(), out);
  case 2:
    return encode_route_refresh(*any_route_refresh(), out);
  case 3:
    return encode_keepalive(out);
  case 4:
    return encode_end_of_rib(f, out);
  case 5:
    pack_withdrawals({f, add_path, 4096}, *any_nlri(f, add_path, 20), out);
    return;
  default:
    RC_PRE(encode_attributes(*any_attributes(f == ipv6_unicast),
                             {session.as4, true}, raw));
    pack_announcements({f, add_path, 65535}, raw, *any_nlri(f, add_path, 20),
                       out);
  }
}

} // namespace

TEST(RoundTrip, OfEveryCapabilityByItself) { // RFC 5492 §4
  EXPECT_TRUE(rc::check([] {
    for (const auto& each : (*any_open()).capabilities) {
      byte_vector bytes;
      encode_capability(each, bytes);
      RC_ASSERT(bytes.at(0) == code_of(each));
      RC_ASSERT(bytes.at(1) == bytes.size() - 2);
      const auto again =
          decode_capability(bytes[0], byte_span{bytes}.subspan(2));
      RC_ASSERT(again.has_value());
      RC_ASSERT(*again == each);
    }
  }));
}

TEST(RoundTrip, OfAnOpenInBothFormsOfItsParameters) { // RFC 9072 §2
  std::size_t read = 0;
  EXPECT_TRUE(rc::check([&] {
    const auto open = *any_open();
    const bool extended = *rc::gen::arbitrary<bool>();
    const auto body =
        spread(open, extended, *rc::gen::inRange<std::size_t>(1, 13));
    if (!body)
      return;
    ++read;
    const auto again = decode_open(*body);
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == open);
  }));
  EXPECT_GT(read, 40U);
}

// RFC 8654 §4, RFC 7911 §3: nothing is lost between messages, and each but the
// last is as full as it can be.
TEST(RoundTrip, OfManyPrefixesInMessagesOfEverySize) {
  for (const std::size_t limit : {standard_message_size, extended_message_size})
    for (const bool add_path : {false, true})
      for (const auto f : {ipv4_unicast, ipv6_unicast}) {
        const auto prefixes = equal_sized(f, 30'000, add_path);
        const packing_options options{f, add_path, limit};
        const auto session = wide_session(true, add_path);
        path_attributes attributes;
        attributes.next_hop =
            address(f == ipv4_unicast ? "192.0.2.1" : "2001:db8::1");
        byte_vector raw;
        ASSERT_TRUE(encode_attributes(attributes, {}, raw));
        byte_vector out;
        const auto told = pack_announcements(options, raw, prefixes, out);
        const auto taken = pack_withdrawals(options, prefixes, out);
        EXPECT_TRUE(told.too_large.empty() && taken.too_large.empty());
        const auto said = meaning_of(out, session);
        ASSERT_TRUE(said.has_value());
        EXPECT_EQ(said->announced.at(f), prefixes);
        EXPECT_EQ(said->withdrawn.at(f), prefixes);
        EXPECT_EQ(said->attributes, std::vector{attributes});
        const auto sizes = sizes_of(out, limit);
        ASSERT_EQ(sizes.size(), told.messages + taken.messages);
        const auto each = nlri_size(prefixes[0], add_path);
        for (std::size_t i = 0; i < sizes.size(); ++i)
          if (i + 1 != told.messages && i + 1 != sizes.size()) {
            EXPECT_GT(sizes[i] + each, limit) << i;
          }
      }
}

TEST(RoundTrip, OfAttributesAsLongAsAMessage) { // RFC 8654 §4
  for (const std::size_t communities : {1000U, 16'300U, 16'360U}) {
    path_attributes attributes;
    attributes.next_hop = address("192.0.2.1");
    for (std::size_t i = 0; i < communities; ++i)
      attributes.communities.push_back({static_cast<std::uint32_t>(i)});
    byte_vector raw;
    ASSERT_TRUE(encode_attributes(attributes, {}, raw));
    byte_vector out;
    const auto result = pack_announcements({ipv4_unicast, false, 65535}, raw,
                                           std::vector{v4("10.0.0.0/8")}, out);
    EXPECT_EQ(result.messages, 1U);
    const auto said = meaning_of(out, wide_session(true, false));
    ASSERT_TRUE(said.has_value());
    EXPECT_EQ(said->attributes, std::vector{attributes});
    byte_vector standard;
    EXPECT_EQ(pack_announcements({ipv4_unicast, false, 4096}, raw,
                                 std::vector{v4("10.0.0.0/8")}, standard)
                  .too_large.size(),
              communities == 1000U ? 0U : 1U);
  }
}

TEST(RoundTrip, OfAttributesThroughAnOldSpeakersForm) { // RFC 6793 §4.2.3
  EXPECT_TRUE(rc::check([] {
    const auto attributes = *any_attributes(false);
    byte_vector raw;
    RC_PRE(encode_attributes(attributes, {false, true}, raw));
    byte_vector out;
    pack_announcements({ipv4_unicast, false, 65535}, raw,
                       std::vector{v4("10.0.0.0/8")}, out);
    const auto said = meaning_of(out, wide_session(false, false));
    RC_ASSERT(said.has_value());
    RC_ASSERT(said->attributes == std::vector{attributes});
  }));
}

// Framing knows nothing of the messages' kinds, and TCP nothing of messages.
TEST(RoundTrip, OfAStreamThatArrivesInPieces) { // RFC 4271 §4
  EXPECT_TRUE(rc::check([] {
    const auto session = wide_session(true, *rc::gen::arbitrary<bool>());
    byte_vector stream;
    for (auto left = *rc::gen::inRange(0, 8); left > 0; --left)
      append_any_message(session, stream);
    byte_vector buffer;
    byte_vector again;
    for (std::size_t at = 0; at < stream.size();) {
      const auto piece =
          std::min(stream.size() - at, *rc::gen::inRange<std::size_t>(1, 400));
      buffer.insert(buffer.end(), stream.begin() + static_cast<long>(at),
                    stream.begin() + static_cast<long>(at + piece));
      at += piece;
      while (true) {
        const auto next = next_frame(buffer, extended_message_size);
        RC_ASSERT(next.has_value());
        if (!*next)
          break;
        const auto whole = (*next)->whole;
        const auto written = reencode(**next, session);
        RC_ASSERT(written.has_value());
        again.insert(again.end(), written->begin(), written->end());
        buffer.erase(buffer.begin(),
                     buffer.begin() + static_cast<long>(whole.size()));
      }
    }
    RC_ASSERT(buffer.empty());
    RC_ASSERT(again == stream);
  }));
}

} // namespace troupe::protocol::wire
