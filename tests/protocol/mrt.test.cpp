#include "protocol/mrt/reader.hpp"
#include "protocol/overloaded.hpp"
#include "protocol/wire/writer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace troupe::protocol::mrt {
namespace {

using bytes = std::vector<std::uint8_t>;

/// A record of the type and subtype with this body.
bytes a_record(std::uint16_t type, std::uint16_t subtype, const bytes& body) {
  bytes out;
  wire::writer to{out};
  to.u32(1'000'000'000);
  to.u16(type);
  to.u16(subtype);
  to.u32(static_cast<std::uint32_t>(body.size()));
  to.bytes(body);
  return out;
}

/// 192.0.2.0/24 of 198.51.100.1 in AS 64500 with ORIGIN IGP.
bytes a_table_dump_body() {
  return {0, 1,   0,  2,   192, 0,   2,   0, 24, 1,    0, 0, 0,
          9, 198, 51, 100, 1,   251, 244, 0, 4,  0x40, 1, 1, 0};
}

/// AS 64500 at 198.51.100.1 told AS 64501 at 198.51.100.2 a KEEPALIVE.
bytes a_message_body(bool as4 = false) {
  bytes out{251, 244, 251, 245};
  if (as4)
    out = {0, 0, 251, 244, 0, 0, 251, 245};
  out.insert(out.end(), {0, 3, 0, 1, 198, 51, 100, 1, 198, 51, 100, 2});
  out.insert(out.end(), 16, 0xff);
  out.insert(out.end(), {0, 19, 4});
  return out;
}

/// The only record of the bytes.
record the_record(const bytes& file) {
  reader in{file};
  record out;
  EXPECT_TRUE(in.next(out));
  EXPECT_EQ(in.offset(), file.size());
  EXPECT_EQ(in.error(), "");
  return out;
}

template <class Body>
Body the_body(const record& r) {
  const auto* body = std::get_if<Body>(&r.body);
  if (body == nullptr)
    throw std::logic_error{"another kind of record"};
  return *body;
}

TEST(Mrt, AnEmptyFileEndsWithoutAnError) {
  reader in{{}};
  record out;
  EXPECT_FALSE(in.next(out));
  EXPECT_EQ(in.error(), "");
}

TEST(Mrt, AnEntryOfAnOldTableIsRead) { // RFC 6396 §2, §4.2
  const auto file = a_record(12, 1, a_table_dump_body());
  const auto r = the_record(file);
  EXPECT_EQ(r.header.seconds, 1'000'000'000U);
  const auto entry = the_body<table_dump>(r);
  EXPECT_EQ(entry.view, 1);
  EXPECT_EQ(entry.sequence, 2);
  EXPECT_EQ(to_string(entry.destination), "192.0.2.0/24");
  EXPECT_EQ(entry.originated, 9U);
  EXPECT_EQ(to_string(entry.peer), "198.51.100.1");
  EXPECT_EQ(entry.peer_as, 64500U);
  EXPECT_EQ(entry.attributes.size(), 4U);
}

TEST(Mrt, PeersOfBothFamiliesAndBothAsSizesAreRead) { // RFC 6396 §4.3.1
  bytes body{10, 0, 0, 1, 0, 2, 'a', 'b', 0, 2};
  // type 0: IPv4, two octets
  body.insert(body.end(), {0, 10, 0, 0, 2, 198, 51, 100, 1, 251, 244});
  // type 3: IPv6, four octets
  body.insert(body.end(), {3, 10, 0, 0, 3, 0x20, 1, 0x0d, 0xb8});
  body.insert(body.end(), 11, 0);
  body.insert(body.end(), {7, 0, 1, 0, 2});
  const auto file = a_record(13, 1, body);
  const auto table = the_body<peer_index_table>(the_record(file));
  EXPECT_EQ(table.view_name, "ab");
  ASSERT_EQ(table.peers.size(), 2U);
  EXPECT_EQ(to_string(table.peers[0].address), "198.51.100.1");
  EXPECT_EQ(table.peers[0].as, 64500U);
  EXPECT_EQ(to_string(table.peers[1].address), "2001:db8::7");
  EXPECT_EQ(table.peers[1].as, 65538U);
}

// RFC 6396 §4.3.2, §4.3.4, RFC 8050 §4
TEST(Mrt, AnEntryWithAPathIdIsRead) {
  const bytes body{0, 0, 0, 5, 24, 192, 0, 2, 0, 1,    0, 1, 0,
                   0, 0, 9, 0, 0,  0,   7, 0, 4, 0x40, 1, 1, 0};
  const auto file = a_record(13, 8, body);
  const auto routes = the_body<rib>(the_record(file));
  EXPECT_EQ(routes.sequence, 5U);
  EXPECT_EQ(routes.routes, ipv4_unicast);
  EXPECT_EQ(to_string(routes.destination), "192.0.2.0/24");
  ASSERT_EQ(routes.entries.size(), 1U);
  EXPECT_EQ(routes.entries[0].peer_index, 1);
  EXPECT_EQ(routes.entries[0].path_id, 7U);
  EXPECT_EQ(routes.entries[0].attributes.size(), 4U);
}

TEST(Mrt, AMessageKeepsItsBytesAndMicroseconds) { // RFC 6396 §3, §4.4.2
  auto body = a_message_body();
  body.insert(body.begin(), {0, 0, 0, 42});
  const auto file = a_record(17, 1, body);
  const auto r = the_record(file);
  EXPECT_EQ(r.header.microseconds, 42U);
  const auto heard = the_body<bgp_message>(r);
  EXPECT_EQ(heard.between.peer_as, 64500U);
  EXPECT_EQ(heard.between.local_as, 64501U);
  EXPECT_EQ(heard.between.interface_index, 3);
  EXPECT_EQ(to_string(heard.between.local), "198.51.100.2");
  EXPECT_FALSE(heard.four_octet_as);
  EXPECT_EQ(heard.message.size(), 19U);
}

TEST(Mrt, AStateChangeIsRead) { // RFC 6396 §4.4.1
  auto body = a_message_body();
  body.resize(16);
  body.insert(body.end(), {0, 5, 0, 6});
  const auto file = a_record(16, 0, body);
  const auto change = the_body<bgp_state_change>(the_record(file));
  EXPECT_EQ(change.old_state, 5);
  EXPECT_EQ(change.new_state, 6);
}

TEST(Mrt, SubtypesSayWhoSpokeAndHow) {
  // subtype, four octets, local, ADD-PATH: RFC 6396 §4.4, §4.4.3, RFC 8050 §3
  struct form {
    std::uint16_t subtype;
    bool as4, local, add_path;
  };
  for (const auto f :
       {form{1, false, false, false}, form{6, false, true, false},
        form{8, false, false, true}, form{10, false, true, true},
        form{4, true, false, false}, form{7, true, true, false},
        form{9, true, false, true}, form{11, true, true, true}}) {
    const auto body = a_message_body(f.as4);
    const auto file = a_record(16, f.subtype, body);
    const auto heard = the_body<bgp_message>(the_record(file));
    EXPECT_EQ(heard.between.peer_as, 64500U) << f.subtype;
    EXPECT_EQ(heard.four_octet_as, f.as4) << f.subtype;
    EXPECT_EQ(heard.local, f.local) << f.subtype;
    EXPECT_EQ(heard.add_path, f.add_path) << f.subtype;
  }
}

TEST(Mrt, WhatIsNotKnownIsPassedOver) {
  auto file = a_record(11, 0, {1, 2, 3});   // OSPFv2
  const auto second = a_record(13, 6, {4}); // RIB_GENERIC
  file.insert(file.end(), second.begin(), second.end());
  reader in{file};
  record out;
  ASSERT_TRUE(in.next(out));
  EXPECT_EQ(the_body<unknown_record>(out).body.size(), 3U);
  ASSERT_TRUE(in.next(out));
  EXPECT_EQ(the_body<unknown_record>(out).body.size(), 1U);
  EXPECT_FALSE(in.next(out));
}

TEST(Mrt, ABodyThatIsCutAnywhereIsMalformedAndTheNextRecordIsRead) {
  const auto whole = a_table_dump_body();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto file = a_record(
        12, 1,
        {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    const auto good = a_record(12, 1, whole);
    file.insert(file.end(), good.begin(), good.end());
    reader in{file};
    record out;
    ASSERT_TRUE(in.next(out));
    EXPECT_TRUE(std::holds_alternative<malformed_record>(out.body)) << size;
    ASSERT_TRUE(in.next(out));
    EXPECT_TRUE(std::holds_alternative<table_dump>(out.body));
  }
}

TEST(Mrt, OctetsBehindTheLastFieldAreMalformed) {
  auto body = a_table_dump_body();
  body.push_back(0);
  const auto file = a_record(12, 1, body);
  EXPECT_EQ(the_body<malformed_record>(the_record(file)).reason,
            "octets behind the last field");
}

TEST(Mrt, AnImpossiblePrefixLengthIsMalformed) {
  auto body = a_table_dump_body();
  body[8] = 33;
  const auto old_file = a_record(12, 1, body);
  EXPECT_TRUE(
      std::holds_alternative<malformed_record>(the_record(old_file).body));
  const bytes rib_body{0, 0, 0, 5, 33, 192, 0, 2, 0, 0, 0, 0};
  const auto file = a_record(13, 2, rib_body);
  EXPECT_TRUE(std::holds_alternative<malformed_record>(the_record(file).body));
}

TEST(Mrt, ACountThatTheBodyCannotHoldAllocatesNoMoreThanTheBody) {
  const bytes body{0, 0, 0, 5, 0, 0xff, 0xff};
  const auto file = a_record(13, 2, body);
  EXPECT_TRUE(std::holds_alternative<malformed_record>(the_record(file).body));
}

TEST(Mrt, AFileThatIsCutAnywhereEndsWithAnError) {
  const auto whole = a_record(12, 1, a_table_dump_body());
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const bytes cut{whole.begin(),
                    whole.begin() + static_cast<std::ptrdiff_t>(size)};
    reader in{cut};
    record out;
    EXPECT_FALSE(in.next(out)) << size;
    EXPECT_NE(in.error(), "") << size;
    EXPECT_EQ(in.offset(), 0U);
    EXPECT_FALSE(in.next(out)) << "it must not recover";
  }
}

TEST(Mrt, ARecordLongerThanAnyRealOneIsAnError) {
  auto file = a_record(12, 1, a_table_dump_body());
  file[8] = 0xff;
  reader in{file};
  record out;
  EXPECT_FALSE(in.next(out));
  EXPECT_EQ(in.error(), "a record longer than any real one");
}

/// Reads to the end; the number of records.
std::size_t read_all(const bytes& file) {
  reader in{file};
  record out;
  std::size_t records = 0;
  std::size_t before = 0;
  while (in.next(out)) {
    ++records;
    RC_ASSERT(in.offset() >= before + 12);
    before = in.offset();
  }
  return records;
}

TEST(Mrt, RandomBytesNeverCrashTheReader) {
  EXPECT_TRUE(rc::check([](const bytes& file) { read_all(file); }));
}

TEST(Mrt, RandomBodiesOfEveryKindAreReadOrMalformed) {
  EXPECT_TRUE(rc::check([](const bytes& body) {
    const auto type = *rc::gen::element<std::uint16_t>(12, 13, 16, 17);
    const auto subtype = *rc::gen::inRange<std::uint16_t>(0, 13);
    RC_ASSERT(read_all(a_record(type, subtype, body)) == 1);
  }));
}

TEST(Mrt, OneBrokenOctetInAValidRecordNeverCrashesTheReader) {
  EXPECT_TRUE(rc::check([] {
    auto file = *rc::gen::element(a_record(12, 1, a_table_dump_body()),
                                  a_record(16, 1, a_message_body()));
    const auto at = *rc::gen::inRange<std::size_t>(0, file.size());
    file[at] = *rc::gen::arbitrary<std::uint8_t>();
    // A length that got smaller leaves octets that may be further records.
    constexpr std::size_t header = 12;
    RC_ASSERT(read_all(file) <= file.size() / header);
  }));
}

} // namespace
} // namespace troupe::protocol::mrt
