#include "cluster/stream.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace troupe::cluster {
namespace {

using kind = stream_frame::kind;
using bytes = std::vector<std::uint8_t>;

octets entry_of(std::size_t size, std::uint8_t fill = 0) {
  return std::make_shared<const bytes>(size, fill);
}

// -- log ----------------------------------------------------------------------

TEST(StreamLog, KeepsTheLastEntries) {
  stream_log log{10};
  EXPECT_EQ(log.first(), 1U);
  EXPECT_EQ(log.next(), 1U);
  EXPECT_EQ(log.append(entry_of(4, 1)), 1U);
  EXPECT_EQ(log.append(entry_of(4, 2)), 2U);
  EXPECT_EQ(log.append(entry_of(4, 3)), 3U);
  EXPECT_EQ(log.first(), 2U);
  EXPECT_EQ(log.size(), 8U);
  EXPECT_EQ(log.at(3)->front(), 3);
  // One that is larger than all: there is always something to go on from.
  EXPECT_EQ(log.append(entry_of(50, 4)), 4U);
  EXPECT_EQ(log.first(), 4U);
  EXPECT_EQ(log.next(), 5U);
}

// -- cursor -------------------------------------------------------------------

class Cursor : public testing::Test {
protected:
  std::vector<kind> send_all() {
    std::vector<kind> sent;
    while (const auto frame = cursor.next(log)) {
      sent.push_back(frame->what);
      cursor.acknowledge(frame->size());
    }
    return sent;
  }
  stream_log log{100};
  stream_cursor cursor{20};
};

TEST_F(Cursor, GoesOnWhereItWas) {
  for (int i = 0; i != 3; ++i)
    log.append(entry_of(5));
  cursor.connect(1, log);
  EXPECT_FALSE(cursor.is_in_step(log));
  EXPECT_EQ(cursor.lag(log), 2U);
  EXPECT_EQ(send_all(), (std::vector{kind::entry, kind::entry}));
  EXPECT_TRUE(cursor.is_in_step(log));
  cursor.disconnect();
  EXPECT_FALSE(cursor.next(log));
  EXPECT_FALSE(cursor.is_in_step(log));
}

TEST_F(Cursor, AStrangerIsToldEverythingInSlices) {
  log.append(entry_of(5));
  cursor.connect(std::nullopt, log);
  EXPECT_FALSE(cursor.take_wish()); // it has not begun yet
  EXPECT_EQ(send_all(), std::vector{kind::begins});
  const auto first = cursor.take_wish();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->first);
  EXPECT_FALSE(cursor.take_wish()); // once
  // What is applied meanwhile goes before the slice that knows of it.
  log.append(entry_of(5));
  cursor.take_slice(first->snapshot, entry_of(7), 2, false);
  log.append(entry_of(5));
  EXPECT_EQ(send_all(), (std::vector{kind::entry, kind::slice, kind::entry}));
  const auto second = cursor.take_wish();
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->first);
  EXPECT_FALSE(cursor.is_in_step(log));
  cursor.take_slice(second->snapshot, entry_of(7), 3, true);
  EXPECT_EQ(send_all(), std::vector{kind::last_slice});
  EXPECT_TRUE(cursor.is_in_step(log));
}

TEST_F(Cursor, WhoIsTooSlowForTheLogBeginsAgain) {
  cursor.connect(0, log);
  for (int i = 0; i != 30; ++i)
    log.append(entry_of(5));
  EXPECT_EQ(send_all(), std::vector{kind::begins});
  const auto old = cursor.take_wish();
  for (int i = 0; i != 30; ++i)
    log.append(entry_of(5));
  EXPECT_EQ(send_all(), std::vector{kind::begins});
  const auto wish = cursor.take_wish();
  ASSERT_TRUE(wish && wish->first);
  EXPECT_NE(wish->snapshot, old->snapshot);
  cursor.take_slice(old->snapshot, entry_of(1), 60, true); // of no use
  EXPECT_TRUE(send_all().empty());
  cursor.take_slice(wish->snapshot, entry_of(1), 60, true);
  EXPECT_EQ(send_all(), std::vector{kind::last_slice});
}

TEST_F(Cursor, APositionOfThisStreamThatItNeverHadIsNone) {
  log.append(entry_of(5));
  cursor.connect(2, log);
  EXPECT_EQ(send_all(), std::vector{kind::begins});
}

TEST_F(Cursor, SendsNoMoreThanTheWindow) {
  cursor.connect(0, log);
  for (int i = 0; i != 5; ++i)
    log.append(entry_of(15));
  EXPECT_TRUE(cursor.next(log));
  EXPECT_TRUE(cursor.next(log)); // one frame beyond it
  EXPECT_FALSE(cursor.next(log));
  EXPECT_EQ(cursor.in_flight(), 30U);
  cursor.acknowledge(15);
  EXPECT_TRUE(cursor.next(log));
  EXPECT_FALSE(cursor.next(log));
  cursor.acknowledge(1000);
  EXPECT_EQ(cursor.in_flight(), 0U);
}

// -- receiver -----------------------------------------------------------------

TEST(StreamReceiver, TakesOnlyWhatFollows) {
  stream_receiver r;
  EXPECT_FALSE(r.have());
  EXPECT_FALSE(r.take({kind::entry, 1, nullptr}));
  EXPECT_FALSE(r.take({kind::slice, 0, nullptr}));
  EXPECT_TRUE(r.take({kind::begins, 7, nullptr}));
  EXPECT_TRUE(r.take({kind::entry, 8, nullptr}));
  EXPECT_FALSE(r.take({kind::entry, 8, nullptr}));
  EXPECT_FALSE(r.take({kind::slice, 7, nullptr}));
  EXPECT_TRUE(r.take({kind::slice, 8, nullptr}));
  EXPECT_FALSE(r.have()); // half a snapshot is nothing to go on from
  EXPECT_TRUE(r.take({kind::last_slice, 8, nullptr}));
  EXPECT_EQ(r.have(), 8U);
  EXPECT_FALSE(r.take({kind::last_slice, 8, nullptr}));
  EXPECT_FALSE(r.take({kind::entry, 10, nullptr}));
  EXPECT_TRUE(r.take({kind::entry, 9, nullptr}));
  EXPECT_EQ(r.have(), 9U);
}

// -- both ends ----------------------------------------------------------------

constexpr int keys = 40;
constexpr int slice_keys = 7;

/// A shard: what each key has, and its stream.
struct source {
  std::map<std::uint8_t, std::uint8_t> table;
  stream_log log{60};

  void change(std::uint8_t key, std::uint8_t value) {
    if (value == 0)
      table.erase(key);
    else
      table[key] = value;
    log.append(std::make_shared<const bytes>(bytes{key, value}));
  }
};

/// Another node, over a link that is cut at times.
class replica {
public:
  explicit replica(const source& from) : from_(from) {}

  void connect() {
    link_.clear();
    wish_.reset();
    cursor_.connect(receiver_.have(), from_.log);
    resumed += receiver_.have() && *receiver_.have() + 1 >= from_.log.first();
    up_ = true;
  }
  void cut() {
    link_.clear();
    wish_.reset();
    cursor_.disconnect();
    up_ = false;
  }
  bool is_up() const { return up_; }
  void send() {
    if (const auto frame = cursor_.next(from_.log))
      link_.push_back(*frame);
    if (const auto wish = cursor_.take_wish()) {
      wish_ = wish;
      if (wish->first)
        next_key_ = 0;
    }
  }
  void make_slice() {
    if (!wish_)
      return;
    bytes content;
    const int end = std::min(next_key_ + slice_keys, keys);
    for (; next_key_ != end; ++next_key_)
      if (const auto found =
              from_.table.find(static_cast<std::uint8_t>(next_key_));
          found != from_.table.end())
        content.insert(content.end(), {found->first, found->second});
    cursor_.take_slice(wish_->snapshot,
                       std::make_shared<const bytes>(std::move(content)),
                       from_.log.next() - 1, next_key_ == keys);
    wish_.reset();
  }
  void receive() {
    if (link_.empty())
      return;
    const auto frame = link_.front();
    link_.pop_front();
    ASSERT_TRUE(receiver_.take(frame));
    if (frame.what == kind::begins) {
      ++snapshots;
      untold_.clear();
      for (const auto& [key, value] : table)
        untold_.insert(key);
    }
    if (frame.content)
      for (std::size_t i = 0; i != frame.content->size(); i += 2)
        apply((*frame.content)[i], (*frame.content)[i + 1]);
    if (frame.what == kind::last_slice)
      for (const auto key : std::exchange(untold_, {}))
        table.erase(key);
    cursor_.acknowledge(frame.size());
  }
  bool is_done() const {
    return cursor_.is_in_step(from_.log) && link_.empty();
  }

  std::map<std::uint8_t, std::uint8_t> table;
  int snapshots = 0;
  int resumed = 0; ///< cuts that cost none

private:
  void apply(std::uint8_t key, std::uint8_t value) {
    untold_.erase(key);
    if (value == 0)
      table.erase(key);
    else
      table[key] = value;
  }

  const source& from_;
  stream_cursor cursor_{30};
  stream_receiver receiver_;
  std::deque<stream_frame> link_;
  std::optional<stream_cursor::slice_wish> wish_;
  int next_key_ = 0;
  std::set<std::uint8_t> untold_;
  bool up_ = false;
};

TEST(Stream, AReplicaEqualsItsSourceWhateverHappensToTheLink) {
  int snapshots = 0;
  int cuts = 0;
  int resumed = 0;
  for (unsigned seed = 1; seed != 500; ++seed) {
    std::mt19937 random{seed};
    const auto below = [&](unsigned n) {
      return static_cast<unsigned>(random() % n);
    };
    source from;
    replica to{from};
    const unsigned changes = 1 + below(6); // how fast, against the link
    for (int i = 0; i != 2000; ++i)
      switch (below(10)) {
      case 0:
      case 1:
      case 2:
        if (below(6) < changes)
          from.change(static_cast<std::uint8_t>(below(keys)),
                      static_cast<std::uint8_t>(below(4)));
        break;
      case 3:
        if (below(20) != 0)
          break;
        if (to.is_up()) {
          ++cuts;
          to.cut();
        } else {
          to.connect();
        }
        break;
      case 4:
        to.make_slice();
        break;
      default:
        if (below(2) == 0)
          to.send();
        else
          to.receive();
      }
    if (!to.is_up())
      to.connect();
    for (int i = 0; i != 2000 && !to.is_done(); ++i) {
      to.send();
      to.make_slice();
      to.receive();
    }
    ASSERT_TRUE(to.is_done()) << "seed " << seed;
    ASSERT_EQ(to.table, from.table) << "seed " << seed;
    snapshots += to.snapshots;
    resumed += to.resumed;
  }
  EXPECT_GT(cuts, 2000);
  EXPECT_GT(snapshots, 500);
  EXPECT_GT(resumed, 500);
}

} // namespace
} // namespace troupe::cluster
