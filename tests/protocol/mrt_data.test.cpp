// The reader on real tables and update streams. The figures are those that
// other readers give for the same files.

#include "protocol/mrt/reader.hpp"
#include "protocol/overloaded.hpp"
#include "protocol/wire/update.hpp"
#include "source_dir.hpp"
#include "tests/support/read_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace troupe::protocol::mrt {
namespace {

/// What a file holds, counted the way that `bgpdump -m` prints it: a line for
/// each route, withdrawal and change of state. Its column of prefixes has the
/// old state in the lines of the last kind.
struct figures {
  std::size_t lines = 0;
  std::size_t malformed = 0;
  std::size_t unknown = 0;
  std::set<prefix> prefixes;
  std::set<std::uint16_t> old_states;

  std::size_t different() const { return prefixes.size() + old_states.size(); }
};

void count_nlri(wire::byte_span nlri, family f, bool add_path, figures& out) {
  wire::nlri_reader prefixes{nlri, f, add_path};
  wire::nlri each;
  while (prefixes.next(each)) {
    ++out.lines;
    out.prefixes.insert(wire::to_prefix(each, f));
  }
  EXPECT_FALSE(prefixes.failed());
}

void count_message(const bgp_message& heard, figures& out) {
  const auto framed =
      wire::next_frame(heard.message, wire::extended_message_size);
  ASSERT_TRUE(framed && framed->has_value());
  if ((*framed)->type != wire::message_type::update)
    return;
  const auto sections = wire::split_update((*framed)->body);
  ASSERT_TRUE(sections.has_value());
  count_nlri(sections->withdrawn, ipv4_unicast, heard.add_path, out);
  count_nlri(sections->nlri, ipv4_unicast, heard.add_path, out);
  const auto mp = wire::locate_mp(sections->attributes);
  ASSERT_TRUE(mp.flaws.empty());
  if (mp.reach)
    count_nlri(mp.reach->nlri, mp.reach->address_family, heard.add_path, out);
  if (mp.unreach)
    count_nlri(mp.unreach->withdrawn, mp.unreach->address_family,
               heard.add_path, out);
}

void count(const record& r, figures& out) {
  std::visit(overloaded{
                 [&](const unknown_record&) { ++out.unknown; },
                 [&](const malformed_record&) { ++out.malformed; },
                 [&](const table_dump& entry) {
                   ++out.lines;
                   out.prefixes.insert(entry.destination);
                 },
                 [](const peer_index_table&) {},
                 [&](const rib& routes) {
                   out.lines += routes.entries.size();
                   out.prefixes.insert(routes.destination);
                 },
                 [&](const bgp_message& heard) { count_message(heard, out); },
                 [&](const bgp_state_change& change) {
                   ++out.lines;
                   out.old_states.insert(change.old_state);
                 },
             },
             r.body);
}

class MrtData : public testing::Test {
protected:
  void SetUp() override {
    if (std::filesystem::is_directory(folder_))
      return;
    ASSERT_FALSE(tests::in_ci()) << "in CI the data must be there";
    GTEST_SKIP() << "no test data at " << folder_;
  }

  figures read(const std::string& name) const {
    const auto bytes = tests::read_file(folder_ / name);
    EXPECT_TRUE(bytes.has_value()) << name;
    figures out;
    if (!bytes)
      return out;
    reader in{*bytes};
    record r;
    while (in.next(r))
      count(r, out);
    EXPECT_EQ(in.error(), "") << name;
    EXPECT_EQ(in.offset(), bytes->size()) << name;
    return out;
  }

  std::filesystem::path folder_ =
      std::filesystem::path{TROUPE_SOURCE_DIR}.parent_path()
      / "shared/data/mrt";
};

TEST_F(MrtData, AFullTableOf2002IsReadCompletely) {
  const auto f = read("bgpdump__bview.20020722.2337.gz");
  EXPECT_EQ(f.lines, 115'521U);
  EXPECT_EQ(f.prefixes.size(), 112'988U);
  EXPECT_EQ(f.malformed + f.unknown, 0U);
}

TEST_F(MrtData, ATableWithAddPathIsReadCompletely) {
  const auto f = read("bgpdump__bview.ipv4_unicast_add_path.gz");
  EXPECT_EQ(f.lines, 62U);
  EXPECT_EQ(f.prefixes.size(), 31U);
  EXPECT_EQ(f.malformed + f.unknown, 0U);
}

TEST_F(MrtData, StreamsOfUpdatesAreReadCompletely) {
  struct expectation {
    const char* name;
    std::size_t lines;
    std::size_t different;
  };
  for (const auto& e :
       {expectation{"bgpdump__updates.20070211.0141.gz", 53'657, 2'478},
        expectation{"bgpdump__updates.20100722.2015.gz", 5'654, 753},
        expectation{"bgpkit__rrc15_2010.02_updates.20100227.1600.gz", 53'806,
                    49'054},
        expectation{"libbgpstream__ris.rrc06.updates.1427846400.gz", 1'561,
                    502}}) {
    const auto f = read(e.name);
    EXPECT_EQ(f.lines, e.lines) << e.name;
    EXPECT_EQ(f.different(), e.different) << e.name;
    EXPECT_EQ(f.malformed + f.unknown, 0U) << e.name;
  }
}

TEST_F(MrtData, OneHugeWithdrawalIsReadCompletely) {
  const auto f = read("bgpdump__updates.long_withdrawal.gz");
  EXPECT_EQ(f.lines, 4'096U);
  EXPECT_EQ(f.malformed + f.unknown, 0U);
}

TEST_F(MrtData, RecordsOfTheDeprecatedTypeOf1999ArePassedOver) {
  const auto f = read("bgpkit__rrc00_1999.09_updates.19990903.1041.gz");
  EXPECT_EQ(f.unknown, 24'242U); // type BGP (RFC 6396, appendix B.2)
  EXPECT_EQ(f.lines + f.malformed, 0U);
}

// BIRD of that time did not mark ADD-PATH in its records, so that the messages
// cannot be read by the record alone.
TEST_F(MrtData, SmallDumpsOfOtherDaemonsAreFramedCompletely) {
  for (const auto* name :
       {"mrtparse__bird-mrtdump_bgp", "mrtparse__bird-mrtdump_rib",
        "mrtparse__bird_bgp", "mrtparse__openbgpd_rib_table-v2",
        "mrtparse__quagga_bgp"}) {
    const auto bytes = tests::read_file(folder_ / name);
    ASSERT_TRUE(bytes.has_value()) << name;
    reader in{*bytes};
    record r;
    while (in.next(r)) {
      EXPECT_FALSE(std::holds_alternative<malformed_record>(r.body)) << name;
      if (const auto* heard = std::get_if<bgp_message>(&r.body)) {
        ASSERT_GE(heard->message.size(), wire::header_size);
        EXPECT_EQ(heard->message[16] << 8 | heard->message[17],
                  static_cast<int>(heard->message.size()));
      }
    }
    EXPECT_EQ(in.error(), "") << name;
    EXPECT_EQ(in.offset(), bytes->size()) << name;
  }
}

} // namespace
} // namespace troupe::protocol::mrt
