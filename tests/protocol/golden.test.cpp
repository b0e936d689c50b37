// Messages whose bytes and rendering are fixed. Each file of
// tests/golden/messages says what it shows in comments (#), then `bytes:`,
// `text:` and, where the session is not a plain external four-octet one,
// `session:`. UPDATE_GOLDEN=1 writes the texts anew; the diff is the review.

#include "protocol/wire/text.hpp"
#include "source_dir.hpp"
#include "tests/protocol/golden_session.hpp"
#include "tests/protocol/wire_reencode.hpp"
#include "tests/protocol/wire_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace troupe::protocol::wire {

using namespace testing;

namespace {

struct golden {
  std::string comments;
  std::string session;
  byte_vector bytes;
  std::string text;
};

golden read_golden(const std::filesystem::path& path) {
  golden result;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    const auto value = [&](std::string_view key) {
      return line.rfind(key, 0) == 0 ? line.substr(key.size()) : "";
    };
    if (line.rfind('#', 0) == 0)
      result.comments += line + '\n';
    else if (line.rfind("session: ", 0) == 0)
      result.session = value("session: ");
    else if (line.rfind("bytes: ", 0) == 0)
      result.bytes = hex(value("bytes: "));
    else if (line.rfind("text: ", 0) == 0)
      result.text = value("text: ");
  }
  return result;
}

void write_golden(const std::filesystem::path& path, const golden& value) {
  std::ofstream file{path};
  file << value.comments;
  if (!value.session.empty())
    file << "session: " << value.session << '\n';
  file << "bytes: " << to_hex(value.bytes) << "\ntext: " << value.text << '\n';
}

std::vector<std::filesystem::path> golden_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{
           TROUPE_SOURCE_DIR "/tests/golden/messages"})
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace

class Golden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Golden, ComesOutOfDecoderAndEncoder) {
  auto value = read_golden(GetParam());
  const auto session = golden_session(value.session);
  const auto messages = frames_of(value.bytes, extended_message_size);
  ASSERT_EQ(messages.size(), 1U);
  const auto text = to_text(messages[0], session);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    value.text = text;
    write_golden(GetParam(), value);
  }
  EXPECT_EQ(text, value.text);
  const auto again = reencode(messages[0], session);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(to_hex(*again), to_hex(value.bytes));
}

INSTANTIATE_TEST_SUITE_P(Messages, Golden, ::testing::ValuesIn(golden_files()),
                         [](const auto& each) {
                           return each.param.stem().string();
                         });

} // namespace troupe::protocol::wire
