#pragma once

#include "rib/change.hpp"
#include "rib/export_group.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace troupe::rib {

/// A member's slot within the group.
using member_slot = std::uint32_t;
inline constexpr member_slot no_member = ~member_slot{0};

/// Place of a family in arrays over the exported families.
inline constexpr std::size_t family_count = 2;
/// 0 for IPv4 unicast, 1 for IPv6 unicast, `family_count` for others.
constexpr std::size_t family_place(protocol::family f) {
  return f == protocol::ipv4_unicast   ? 0
         : f == protocol::ipv6_unicast ? 1
                                       : family_count;
}

/// For which members a chunk is; a small value that compares.
class admission {
public:
  enum class form : std::uint8_t { all, all_but, only, set };

  /// Everybody.
  admission() = default;
  static admission all_but(member_slot m) { return {form::all_but, m}; }
  static admission only(member_slot m) { return {form::only, m}; }
  /// A set kept by the log.
  static admission set(std::uint32_t index) { return {form::set, index}; }

  form kind() const { return form_; }
  std::uint32_t value() const { return value_; }
  friend bool operator==(const admission&, const admission&) = default;

private:
  admission(form f, std::uint32_t value) : value_(value), form_(f) {}
  std::uint32_t value_ = 0;
  form form_ = form::all;
};

/// What a chunk says besides routes; such a one holds one message.
enum class log_mark : std::uint8_t {
  none,
  end_of_rib,    ///< RFC 4724 §2
  begin_refresh, ///< BoRR (RFC 7313 §4)
  end_refresh,   ///< EoRR
};
constexpr bool is_refresh(log_mark mark) {
  return mark == log_mark::begin_refresh || mark == log_mark::end_refresh;
}

/// Consecutive messages of one family for the same members.
struct log_chunk {
  std::shared_ptr<const std::vector<std::uint8_t>> block;
  std::uint64_t start = 0; ///< position in the log, in bytes
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  admission who;
  std::uint32_t messages = 0;
  std::uint32_t cursors = 0;  ///< readers whose next chunk this is
  std::uint16_t shard = 0;    ///< of the last number
  std::uint8_t family = 0;    ///< its place
  bool default_route = false; ///< has one of ours, which has no number
  log_mark mark = log_mark::none;
  /// The prefixes told or withdrawn: numbers, behind a word with the top bit
  /// and the shard wherever that changes.
  std::vector<std::uint32_t> numbers;

  static constexpr std::uint32_t shard_mark = 0x80000000U;
  void add_number(unsigned of_shard, prefix_number n);
  /// Calls `visit(shard, number)` for each.
  template <class Visitor>
  void for_each_number(Visitor visit) const {
    unsigned of_shard = 0;
    for (const auto word : numbers)
      if ((word & shard_mark) != 0)
        of_shard = word & ~shard_mark;
      else
        visit(of_shard, word);
  }
};

/// Encoded messages in append-only blocks, and a cursor for each member that
/// reads them. What every reader has taken is dropped.
class export_log {
public:
  explicit export_log(std::size_t block_size);
  export_log(const export_log&) = delete;
  export_log& operator=(const export_log&) = delete;

  // -- readers ---------------------------------------------------------------

  /// Starts to read at the end. `families` has a bit for each place.
  void start(member_slot m, unsigned families);
  /// Reads no more.
  void stop(member_slot m);
  bool is_reading(member_slot m) const {
    return m < readers_.size() && readers_[m].reading;
  }
  std::size_t readers() const { return reading_; }
  /// Whether anybody who reads is meant.
  bool is_wanted(admission who, std::size_t family) const;
  bool admits(admission who, member_slot m) const;
  /// Moves the cursor to the next chunk that is for the reader; whether there
  /// is one.
  bool seek(member_slot m);
  /// See `export_group::take_output`.
  std::vector<output_slice> take(member_slot m, std::size_t bytes);
  /// Where the reader's next chunk begins.
  std::uint64_t position(member_slot m) const {
    return end_position_ - unread(m);
  }
  /// Bytes between the cursor and the end, for whomever they are.
  std::uint64_t unread(member_slot m) const;
  /// Calls `visit(chunk)` for what the reader has yet to read.
  template <class Visitor>
  void for_each_unread(member_slot m, Visitor visit) const {
    const auto& r = readers_[m];
    for (auto i = r.cursor - first_; i < chunks_.size(); ++i)
      if (is_for(chunks_[i], m))
        visit(chunks_[i]);
  }

  // -- writing ---------------------------------------------------------------

  /// A set of members for `admission::set`, good until the chunks that use it
  /// are dropped, or the next call of `drop_unused_sets`.
  admission make_set(std::vector<member_slot> members);
  void drop_unused_sets();
  /// A chunk with room for `size` bytes at `end_of(chunk)`; 16 bytes behind
  /// them may be written too.
  log_chunk& prepare(admission who, std::size_t family, std::size_t size);
  /// Where the next byte of the log goes.
  std::uint8_t* end() { return block_->data() + fill_; }
  /// A message of so many bytes stands at `end` and belongs to the chunk that
  /// `prepare` returned last.
  void commit(std::size_t size);
  /// Appends a message that marks something, in a chunk of its own.
  void append_mark(log_mark mark, admission who, std::size_t family,
                   std::span<const std::uint8_t> message);

  // -- positions -------------------------------------------------------------

  std::uint64_t end_position() const { return end_position_; }
  /// Everybody has read up to here.
  std::uint64_t read_position() const {
    return chunks_.empty() ? end_position_ : chunks_.front().start;
  }
  std::uint64_t size() const { return end_position_ - read_position(); }
  /// Octets allocated; blocks that only a reader still holds are not counted.
  std::size_t memory() const;
  /// What is wrong with the structure; empty when sound.
  std::string check() const;

private:
  struct reader {
    std::uint64_t cursor = 0; // number of the next chunk
    unsigned families = 0;
    bool reading = false;
  };
  struct member_set {
    std::vector<std::uint64_t> bits;
    std::uint32_t chunks = 0; // that use it
    bool used = false;
  };

  bool is_for(const log_chunk& c, member_slot m) const {
    return (readers_[m].families >> c.family & 1) != 0 && admits(c.who, m);
  }
  log_chunk& add_chunk(admission who, std::size_t family);
  void leave_chunk(const reader& r);
  void enter_chunk(const reader& r);
  void trim();
  std::uint64_t end_number() const { return first_ + chunks_.size(); }

  std::size_t block_size_;
  std::shared_ptr<std::vector<std::uint8_t>> block_;
  std::size_t fill_ = 0;
  std::deque<log_chunk> chunks_;
  std::uint64_t first_ = 0; // number of the first chunk
  std::uint64_t end_position_ = 0;
  std::vector<reader> readers_;
  std::size_t reading_ = 0;
  std::array<std::size_t, family_count> reading_family_{};
  std::uint32_t at_end_ = 0; // readers behind the last chunk
  std::vector<member_set> sets_;
};

} // namespace troupe::rib
