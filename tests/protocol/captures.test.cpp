// Messages that others wrote: from captures and from the tests of other
// daemons, many malformed on purpose. Each file of tests/golden/captures holds
// the messages of one source, a block of lines each:
//
//   session:   as in tests/golden/messages, where it is not the plain one
//   bytes:     the message, or as much as was captured
//   reference: what another implementation makes of it
//   verdict:   what we make of it
//   differs:   where the two disagree, why: a heading of docs/captures.md
//   text:      our rendering
//
// UPDATE_GOLDEN=1 writes verdicts and texts anew; the diff is the review.

#include "protocol/wire/text.hpp"
#include "source_dir.hpp"
#include "tests/protocol/golden_session.hpp"
#include "tests/protocol/wire_reencode.hpp"
#include "tests/protocol/wire_support.hpp"
#include "tests/support/read_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace troupe::protocol::wire {

using namespace testing;

namespace {

const std::filesystem::path folder{TROUPE_SOURCE_DIR "/tests/golden/captures"};

struct captured {
  std::string session;
  std::string bytes;
  std::string reference;
  std::string verdict;
  std::string differs;
  std::string text;
};

struct capture_file {
  std::string comments;
  std::vector<captured> messages;
};

/// The keys of a block in the order of the file.
template <class Captured, class Take>
void for_each_field(Captured& c, Take take) {
  take("session: ", c.session);
  take("bytes: ", c.bytes);
  take("reference: ", c.reference);
  take("verdict: ", c.verdict);
  take("differs: ", c.differs);
  take("text: ", c.text);
}

capture_file read_captures(const std::filesystem::path& path) {
  capture_file result;
  captured block;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) {
      result.comments += line + '\n';
    } else if (!line.empty()) {
      bool known = false;
      for_each_field(block, [&](std::string_view key, std::string& value) {
        if (!line.starts_with(key))
          return;
        value = line.substr(key.size());
        known = true;
      });
      EXPECT_TRUE(known) << path << ": " << line;
    } else if (!block.bytes.empty()) {
      result.messages.push_back(std::exchange(block, {}));
    }
  }
  EXPECT_TRUE(block.bytes.empty()) << path << ": no empty line at the end";
  return result;
}

void write_captures(const std::filesystem::path& path,
                    const capture_file& content) {
  std::ofstream file{path};
  file << content.comments;
  for (const auto& each : content.messages) {
    file << '\n';
    for_each_field(each, [&](std::string_view key, const std::string& value) {
      if (!value.empty())
        file << key << value << '\n';
    });
  }
  file << '\n';
}

/// "refused with 3/9 (reason)", as RFC 4271 §6 numbers it.
std::string refusal(const decode_error& error) {
  return "refused with " + std::to_string(static_cast<unsigned>(error.code))
         + '/' + std::to_string(error.subcode) + " ("
         + std::string{error.reason} + ')';
}

std::string verdict_of_update(byte_span body, const negotiated& session) {
  const auto update = read_update(body, session);
  if (!update)
    return refusal(update.error());
  std::string result{name_of(update->attributes.action)};
  for (const auto& flaw : update->attributes.errors)
    result += ", attribute " + std::to_string(flaw.code) + ": "
              + std::string{flaw.reason};
  return result;
}

template <class Outcome>
std::string verdict_of_outcome(const Outcome& decoded) {
  return decoded ? "accept" : refusal(decoded.error());
}

std::string verdict_of(const frame& message, const negotiated& session) {
  switch (message.type) {
  case message_type::open:
    return verdict_of_outcome(decode_open(message.body));
  case message_type::update:
    return verdict_of_update(message.body, session);
  case message_type::notification:
    return verdict_of_outcome(decode_notification(message.body));
  case message_type::keepalive:
    return "accept";
  case message_type::route_refresh:
    return verdict_of_outcome(decode_route_refresh(message.body, true));
  }
  return "";
}

/// What an UPDATE holds for a family that we do not read.
bool is_unread(const frame& message) {
  if (message.type != message_type::update)
    return false;
  const auto sections = split_update(message.body);
  if (!sections)
    return false;
  const auto mp = locate_mp(sections->attributes);
  return (mp.reach && max_prefix_length(mp.reach->address_family) == 0)
         || (mp.unreach && max_prefix_length(mp.unreach->address_family) == 0
             && !mp.unreach->withdrawn.empty());
}

/// Fills in what we make of a message; returns whether we read all of it.
bool judge(captured& c) {
  const auto bytes = hex(c.bytes);
  const auto session = golden_session(c.session);
  const auto message = next_frame(bytes, session.max_receive_size());
  c.text.clear();
  if (!message || !*message) {
    c.verdict = message ? "incomplete" : refusal(message.error());
    return false;
  }
  c.verdict = verdict_of(**message, session);
  c.text = to_text(**message, session);
  return c.verdict == "accept" && !is_unread(**message);
}

std::vector<std::filesystem::path> capture_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (entry.path().extension() == ".txt")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace

class Captures : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Captures, AreReadAsTheFileSays) {
  auto expected = read_captures(GetParam());
  auto found = expected;
  EXPECT_FALSE(found.messages.empty());
  for (auto& each : found.messages)
    judge(each);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    write_captures(GetParam(), found);
    expected = read_captures(GetParam());
  }
  for (std::size_t i = 0; i < found.messages.size(); ++i) {
    EXPECT_EQ(found.messages[i].verdict, expected.messages[i].verdict) << i;
    EXPECT_EQ(found.messages[i].text, expected.messages[i].text) << i;
  }
}

// A difference from the reference has its reason, and nothing else has one.
TEST_P(Captures, DifferFromTheReferenceOnlyWhereTheySayWhy) {
  const auto page =
      tests::read_file(TROUPE_SOURCE_DIR "/docs/captures.md").value();
  const std::string text{page.begin(), page.end()};
  auto content = read_captures(GetParam());
  for (std::size_t i = 0; i < content.messages.size(); ++i) {
    auto& each = content.messages[i];
    const bool read = judge(each);
    EXPECT_EQ(read != (each.reference == "sound"), !each.differs.empty())
        << i << ' ' << each.reference << " against " << each.verdict;
    if (!each.differs.empty()) {
      EXPECT_NE(text.find("\n### " + each.differs + '\n'), std::string::npos)
          << each.differs;
    }
  }
}

// What we read means the same behind our encoder.
TEST_P(Captures, SurviveOurEncoder) {
  for (const auto& each : read_captures(GetParam()).messages) {
    const auto session = golden_session(each.session);
    const auto bytes = hex(each.bytes);
    const auto message = next_frame(bytes, session.max_receive_size());
    if (!message || !*message)
      continue;
    const auto again = reencode(**message, session);
    meaning before;
    ASSERT_EQ(again.has_value(), add_meaning(**message, session, before));
    if (again) {
      EXPECT_EQ(meaning_of(*again, session), before) << each.bytes;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sources, Captures,
                         ::testing::ValuesIn(capture_files()),
                         [](const auto& each) {
                           auto name = each.param.stem().string();
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace troupe::protocol::wire
