// The bytes and texts that the seed log prints come out of our encoder and go
// back in: the bytes stand here, and once more in the log itself.

#include "protocol/wire/open.hpp"
#include "protocol/wire/text.hpp"
#include "source_dir.hpp"
#include "tests/protocol/wire_support.hpp"
#include "tests/support/read_file.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace troupe::protocol::wire {

using namespace testing;

namespace {

constexpr auto open_dump =
    "[ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, 0, 33, "
    "1, 4, 5b, a0, 0, 6, 0, 0, 0, 2, 16, 2, 14, 1, 4, 0, 2, 0, 1, 2, 0, 41, 4, "
    "fa, 56, ea, 2, 45, 4, 0, 1, 1, 1]";
constexpr auto keepalive_dump =
    "[ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, 0, 13, "
    "4]";

open_message seed_open(as_number as, std::uint32_t id) {
  return {4,
          as,
          as_field(as),
          std::chrono::seconds{6},
          router_id{id},
          {multiprotocol_capability{ipv6_unicast}, route_refresh_capability{},
           four_octet_as_capability{as},
           add_path_capability{{{ipv4_unicast, add_path_mode::receive}}}}};
}

byte_vector encoded(const open_message& open) {
  byte_vector out;
  encode_open(open, out);
  return out;
}

// An UPDATE of the seed: one IPv6 prefix with this next hop.
std::string update_text(std::string_view next_hop) {
  const auto hop = address(next_hop);
  const byte_vector hop_bytes{hop.bytes().begin(), hop.bytes().end()};
  const auto reach = attribute(
      0x80, 14, join({hex("00020110"), hop_bytes, hex("00 30 3fff0db80001")}));
  const auto body =
      update_body({}, join({reach, hex("40010100 40020602 01 fa56ea01")}), {});
  const auto update = read_update(body, plain_session());
  EXPECT_TRUE(update.has_value());
  return update ? to_text(*update, plain_session()) : "";
}

// Octets without leading zeros.
byte_vector parse_dump(std::string_view text) {
  byte_vector result;
  std::string digits;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) {
      digits += c;
    } else if (!digits.empty()) {
      result.push_back(
          static_cast<std::uint8_t>(std::stoul(digits, nullptr, 16)));
      digits.clear();
    }
  }
  return result;
}

// The texts that our code renders for the messages of that run.
std::vector<std::string> our_texts() {
  byte_vector keepalive;
  encode_keepalive(keepalive);
  return {to_text(seed_open(4200000002, 2)),
          to_text(seed_open(4200000001, 1)),
          hex_dump(encoded(seed_open(4200000002, 2))),
          to_text(frames_of(keepalive, 4096).at(0), plain_session()),
          hex_dump(keepalive),
          update_text("3fff:db8:4::1"),
          update_text("3fff:ffff:ffff:ffff::ffff:fffe")};
}

} // namespace

TEST(SeedLog, HasTheBytesOfOurOpen) {
  const auto open = seed_open(4200000002, 2);
  EXPECT_EQ(hex_dump(encoded(open)), open_dump);
  const auto bytes = parse_dump(open_dump);
  const auto read = decode_open(frames_of(bytes, 4096).at(0).body);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, open);
}

TEST(SeedLog, HasTheBytesOfOurKeepalive) {
  byte_vector out;
  encode_keepalive(out);
  EXPECT_EQ(hex_dump(out), keepalive_dump);
  EXPECT_EQ(frames_of(parse_dump(keepalive_dump), 4096).at(0).type,
            message_type::keepalive);
}

TEST(SeedLog, HasTheTextsOfOurMessages) {
  EXPECT_EQ(to_text(seed_open(4200000002, 2)),
            "Open [ version: 4, asn: 23456, hold_time: 6, id: 2, parameters: [ "
            "Capabilities [ MP-Extensions 2/1, Route Refresh, Four Octet ASN "
            "4200000002, AddPath [ AddPathElement { afi: IPv4, safi: Unicast, "
            "send_receive: 1 }, ], ]] ]");
  EXPECT_EQ(update_text("3fff:db8:4::1"),
            "Update[ treat-as-withdraw: (false) withdrawn(empty) "
            "path_attributes: (mp-reach-nlri: MpReachNlri::Ipv6Unicast[nh=3fff:"
            "db8:4::1, nlri=1], origin: igp, as4-path: [4200000001]) "
            "nlri(empty) ]");
}

TEST(SeedLog, RendersEveryMessageAsWeDo) {
  const std::filesystem::path path{TROUPE_SOURCE_DIR
                                   "/../shared/reference/seed-log.jsonl"};
  if (!std::filesystem::exists(path)) {
    ASSERT_FALSE(tests::in_ci()) << path << " is missing";
    GTEST_SKIP() << path << " is missing";
  }
  const auto ours = our_texts();
  std::size_t rendered = 0;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    const auto record = nlohmann::json::parse(line);
    const auto contents = record.find("message_contents");
    if (contents == record.end())
      continue;
    ++rendered;
    EXPECT_NE(std::find(ours.begin(), ours.end(), contents->get<std::string>()),
              ours.end())
        << *contents;
  }
  EXPECT_GT(rendered, 10U);
}

} // namespace troupe::protocol::wire
