#include "actors/transport/write_queue.hpp"

#include "tests/transport/support.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace troupe::transport {
namespace {

using testing::bytes;
using testing::message;
using testing::share;
using testing::whole;

/// Takes the next `n` bytes as a kernel would, at most `pieces` entries.
bytes write(write_queue& q, std::size_t n, std::size_t pieces = 64) {
  std::vector<iovec> out(pieces);
  auto used = q.fill(out);
  bytes result;
  for (std::size_t i = 0; i < used && result.size() < n; ++i) {
    auto size = std::min(out[i].iov_len, n - result.size());
    const auto* first = static_cast<const std::uint8_t*>(out[i].iov_base);
    result.insert(result.end(), first, first + size);
  }
  q.advance(result.size());
  return result;
}

bytes write_all(write_queue& q) {
  bytes result;
  while (!q.empty()) {
    auto part = write(q, 1'000'000);
    result.insert(result.end(), part.begin(), part.end());
  }
  return result;
}

TEST(WriteQueue, UrgentGoesFirstWhenNoMessageIsPartlyWritten) {
  write_queue q;
  auto bulk = message(2, 100, 1);
  auto urgent = message(4, 19);
  q.push(whole(share(bulk)), priority::bulk);
  q.push(whole(share(urgent)), priority::urgent);
  EXPECT_EQ(q.size(), 119U);
  EXPECT_EQ(q.bulk_size(), 100U);
  EXPECT_EQ(write_all(q), testing::join(std::vector{urgent, bulk}));
  EXPECT_TRUE(q.empty());
}

TEST(WriteQueue, UrgentWaitsForTheEndOfAPartlyWrittenMessage) {
  auto one = message(2, 100, 1);
  auto two = message(2, 200, 2);
  auto urgent = message(4, 19);
  auto expected = testing::join(std::vector{one, urgent, two});
  // Cut at each byte of the first message, within its header as well.
  for (std::size_t cut = 1; cut < one.size(); ++cut) {
    write_queue q;
    q.push(whole(share(testing::join(std::vector{one, two}))), priority::bulk);
    auto out = write(q, cut);
    q.push(whole(share(urgent)), priority::urgent);
    auto rest = write_all(q);
    out.insert(out.end(), rest.begin(), rest.end());
    ASSERT_EQ(out, expected) << "cut at " << cut;
  }
}

TEST(WriteQueue, FindsTheLengthOfAMessageThatIsScatteredOverSlices) {
  auto one = message(2, 300, 1);
  auto buffer = share(one);
  auto urgent = message(4, 19);
  write_queue q;
  std::vector<slice> slices;
  // Copies, so that no two of them can be joined.
  for (std::size_t i = 0; i < one.size(); ++i)
    slices.push_back({share({one[i]}), 0, 1});
  q.push(std::move(slices), priority::bulk);
  q.push(whole(share(message(2, 30, 2))), priority::bulk);
  auto out = write(q, 5);
  q.push(whole(share(urgent)), priority::urgent);
  auto rest = write_all(q);
  out.insert(out.end(), rest.begin(), rest.end());
  EXPECT_EQ(out, testing::join(std::vector{one, urgent, message(2, 30, 2)}));
}

TEST(WriteQueue, JoinsNeighboursInOneBuffer) {
  auto buffer = share(testing::random_bytes(1, 1000));
  write_queue q;
  q.push({{buffer, 0, 400}, {buffer, 400, 100}}, priority::bulk);
  q.push({{buffer, 500, 500}}, priority::bulk);
  std::vector<iovec> out(64);
  EXPECT_EQ(q.fill(out), 1U);
  EXPECT_EQ(out[0].iov_len, 1000U);
}

TEST(WriteQueue, LetsGoOfBuffersAsSoonAsTheyAreWritten) {
  auto first = share(message(2, 50));
  auto second = share(message(2, 50));
  write_queue q;
  q.push(whole(first), priority::bulk);
  q.push(whole(second), priority::bulk);
  write(q, 60);
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_EQ(second.use_count(), 2);
  EXPECT_EQ(q.clear(), 40U);
  EXPECT_EQ(second.use_count(), 1);
}

TEST(WriteQueue, DropsAllButTheMessageThatIsPartlyWritten) {
  auto one = message(2, 100, 1);
  auto urgent = message(3, 21);
  write_queue q;
  q.push(whole(share(one)), priority::bulk);
  q.push(whole(share(message(2, 200, 2))), priority::bulk);
  auto out = write(q, 30);
  q.push(whole(share(urgent)), priority::urgent);
  EXPECT_EQ(q.drop_unstarted(), 200U);
  auto rest = write_all(q);
  out.insert(out.end(), rest.begin(), rest.end());
  EXPECT_EQ(out, testing::join(std::vector{one, urgent}));
}

TEST(WriteQueue, DropsAllBulkBytesAtAMessageBoundary) {
  write_queue q;
  q.push(whole(share(message(2, 100))), priority::bulk);
  q.push(whole(share(message(2, 200))), priority::bulk);
  write(q, 100);
  EXPECT_EQ(q.drop_unstarted(), 200U);
  EXPECT_TRUE(q.empty());
}

TEST(WriteQueue, PassesBytesThatAreNoMessages) {
  // A length field of 0xffff that no queued byte answers to.
  write_queue q;
  q.push(whole(share(bytes(50, 0xff))), priority::bulk);
  write(q, 10);
  q.push(whole(share({1, 2, 3})), priority::urgent);
  auto out = write_all(q);
  EXPECT_EQ(out.size(), 43U);
  // A length field of 0.
  q.push(whole(share(bytes(50, 0))), priority::bulk);
  EXPECT_EQ(write_all(q), bytes(50, 0));
}

/// Splits a byte stream into the types of its messages; empty if it is broken.
std::vector<std::uint8_t> types_of(const bytes& stream) {
  std::vector<std::uint8_t> result;
  for (std::size_t at = 0; at < stream.size();) {
    if (stream.size() - at < 19 || stream[at] != 0xff)
      return {};
    auto size = std::size_t{stream[at + 16]} * 256 + stream[at + 17];
    result.push_back(stream[at + 18]);
    at += size;
  }
  return result;
}

TEST(WriteQueue, KeepsMessagesWholeAndInOrderWhateverTheWritesAre) {
  EXPECT_TRUE(rc::check([] {
    write_queue q;
    bytes out;
    std::uint8_t bulk = 0;
    std::uint8_t urgent = 128;
    auto steps = *rc::gen::inRange(1, 60);
    for (auto i = 0; i < steps; ++i) {
      auto kind = *rc::gen::inRange(0, 4);
      auto size = *rc::gen::inRange<std::size_t>(19, 60);
      if (kind == 0 && urgent < 255)
        q.push(whole(share(message(urgent++, size))), priority::urgent);
      else if (kind == 1 && bulk < 127)
        q.push(whole(share(message(bulk++, size))), priority::bulk);
      else {
        auto pieces = *rc::gen::inRange<std::size_t>(1, 4);
        auto part = write(q, size, pieces);
        out.insert(out.end(), part.begin(), part.end());
      }
    }
    auto rest = write_all(q);
    out.insert(out.end(), rest.begin(), rest.end());
    auto types = types_of(out);
    RC_ASSERT(types.size() == bulk + (urgent - 128U));
    auto middle = std::stable_partition(types.begin(), types.end(),
                                        [](auto t) { return t < 128; });
    RC_ASSERT(std::is_sorted(types.begin(), middle));
    RC_ASSERT(std::is_sorted(middle, types.end()));
  }));
}

} // namespace
} // namespace troupe::transport
