#pragma once

#include "protocol/check.hpp"
#include "protocol/wire/attributes.hpp"
#include "protocol/wire/message.hpp"
#include "rib/export_log.hpp"
#include "rib/export_members.hpp"
#include "rib/export_state.hpp"
#include "rib/export_transform.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace troupe::rib {

/// Writes a key as NLRI (RFC 4271 §4.3) and returns its end. Writes the whole
/// address, so up to 16 bytes behind the end are overwritten.
inline std::uint8_t* put_nlri(std::uint8_t* p, const ipv4_key& key) {
  *p = key.length;
  p[1] = static_cast<std::uint8_t>(key.address >> 24);
  p[2] = static_cast<std::uint8_t>(key.address >> 16);
  p[3] = static_cast<std::uint8_t>(key.address >> 8);
  p[4] = static_cast<std::uint8_t>(key.address);
  return p + 1 + (key.length + 7U) / 8;
}
/// \copydoc put_nlri
inline std::uint8_t* put_nlri(std::uint8_t* p, const ipv6_key& key) {
  *p = key.length;
  std::memcpy(p + 1, key.address.data(), key.address.size());
  return p + 1 + (key.length + 7U) / 8;
}

/// Prefixes that go into the same messages: one attribute set (or withdrawals)
/// for the same members. A chain of items.
struct encoder_bucket {
  attribute_ref set = attribute_ref::none; ///< `none`: withdrawn
  std::uint8_t traits = 0;
  admission who;
  std::uint32_t head = 0;
  std::uint32_t tail = 0;
  std::size_t bytes = 0; ///< of the NLRI

  bool holds(attribute_ref s, std::uint8_t t, admission w) const {
    return set == s && traits == t && who == w;
  }
};

/// Finds the bucket of an item.
class bucket_index {
public:
  /// The bucket and whether it is new.
  std::pair<encoder_bucket*, bool> find(attribute_ref set, std::uint8_t traits,
                                        admission who);
  /// All buckets in the order in which they appeared, but those for the same
  /// members together, so that they make one chunk of the log. No call of
  /// `find` may follow before `clear`.
  std::vector<encoder_bucket>& in_order();
  std::size_t size() const { return buckets_.size(); }
  /// Octets allocated.
  std::size_t memory() const {
    return buckets_.capacity() * sizeof(buckets_[0])
           + table_.capacity() * sizeof(table_[0]);
  }
  void clear();

private:
  void grow();
  std::size_t slot_of(attribute_ref set, std::uint8_t traits,
                      admission who) const;

  std::vector<encoder_bucket> buckets_;
  std::vector<std::uint32_t> table_; // index + 1, 0 is free
  std::uint32_t last_ = 0;
  bool mixed_ = false; // there is more than one admission
};

/// The parts of an UPDATE around its NLRI.
class update_frame {
public:
  /// Withdrawals.
  update_frame(protocol::family family, std::size_t max_message_size);
  /// Announcements.
  update_frame(protocol::family family, std::size_t max_message_size,
               const told_attributes& told);

  /// Bytes of NLRI that one message can hold, 0 if none.
  std::size_t room() const { return room_; }
  /// Bytes of a message with `body` bytes of NLRI, `body` at most `room`.
  std::size_t size(std::size_t body) const;
  /// Writes what stands before the NLRI, for at most `body` bytes of them;
  /// returns their place.
  std::uint8_t* open(std::uint8_t* p, std::size_t body) const;
  /// Writes what stands behind them and the lengths; returns the end.
  std::uint8_t* close(std::uint8_t* p, std::uint8_t* nlri,
                      std::uint8_t* nlri_end) const;

private:
  std::size_t mp_header(std::size_t body) const {
    return mp_fixed_ + body > 255 ? 4 : 3;
  }
  std::uint8_t* open_mp(std::uint8_t* p, std::size_t body) const;

  protocol::family family_;
  bool announces_;
  bool mp_;
  std::span<const std::uint8_t> attributes_;
  wire_next_hop next_hop_;
  std::size_t mp_fixed_ = 0; // of the multiprotocol attribute's value
  std::size_t room_ = 0;
};

/// A prefix that an encoder tells, or with `WithIds` a path of it.
template <class Key, bool WithIds>
struct encoder_item {
  Key key;
  prefix_number number = 0;
  std::uint32_t next = 0;
  std::uint16_t shard = 0;
};
template <class Key>
struct encoder_item<Key, true> {
  Key key;
  prefix_number number = 0;
  std::uint32_t next = 0;
  std::uint16_t shard = 0;
  std::uint32_t path_id = 0;
};

/// Collects what a flush or an answer tells, groups it by attribute set and
/// admission, and writes it to the log: withdrawals first, every message full.
/// `WithIds`: items name paths, not prefixes.
template <class Key, bool WithIds = false>
class update_encoder {
public:
  using item = encoder_item<Key, WithIds>;
  struct settings {
    std::size_t max_message_size = 4096;
    /// Path ids are on the wire (RFC 7911 §3); only with `WithIds`.
    bool add_path = false;
  };

  update_encoder(attribute_pool& pool, export_transform& transform,
                 const settings& s)
      : pool_(&pool), transform_(&transform), settings_(s) {}

  void withdraw(const item& i, admission who) {
    add(withdrawals_, i, attribute_ref::none, 0, who);
  }
  /// The set must stay alive until `run`.
  void announce(const item& i, const told_entry& told, admission who) {
    add(announcements_, i, told.set, told.traits, who);
  }
  bool empty() const { return items_.empty(); }
  /// Writes everything and forgets it. What no message can hold is in
  /// `too_big` then.
  void run(export_log& log, member_table& members, export_statistics& stats) {
    auto budget = ~std::size_t{0};
    run(log, members, stats, budget);
  }
  /// Writes until as many items as `budget` says were written, and takes what
  /// it wrote off the budget: the last message may go beyond it. Whether
  /// everything is written, and forgotten; else go on with the next call.
  bool run(export_log& log, member_table& members, export_statistics& stats,
           std::size_t& budget) {
    const target to{log, members, stats};
    if (!run(withdrawals_, to, budget) || !run(announcements_, to, budget))
      return false;
    clear();
    return true;
  }
  void clear() {
    items_.clear();
    withdrawals_.clear();
    announcements_.clear();
    next_bucket_ = 0;
  }
  /// Lets go of memory that a large flush took. Only when it is empty.
  void shrink() { *this = update_encoder{*pool_, *transform_, settings_}; }
  std::vector<item>& too_big() { return too_big_; }
  /// Octets allocated.
  std::size_t memory() const {
    return (items_.capacity() + too_big_.capacity()) * sizeof(item)
           + withdrawals_.memory() + announcements_.memory();
  }

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::size_t place = family_place(Key::family);
  struct target {
    export_log& log;
    member_table& members;
    export_statistics& stats;
  };

  bool has_ids() const {
    if constexpr (WithIds)
      return settings_.add_path;
    else
      return false;
  }
  std::size_t size_of(const Key& key) const {
    return (has_ids() ? 5U : 1U) + (key.length + 7U) / 8;
  }

  void add(bucket_index& index, const item& i, attribute_ref set,
           std::uint8_t traits, admission who) {
    const auto at = static_cast<std::uint32_t>(items_.size());
    items_.push_back(i);
    items_.back().next = none;
    const auto [bucket, fresh] = index.find(set, traits, who);
    if (fresh)
      bucket->head = at;
    else
      items_[bucket->tail].next = at;
    bucket->tail = at;
    bucket->bytes += size_of(i.key);
  }

  // The place of the next bucket counts through both kinds.
  bool run(bucket_index& index, const target& to, std::size_t& budget) {
    const auto first = &index == &withdrawals_ ? 0 : withdrawals_.size();
    auto& buckets = index.in_order();
    for (; next_bucket_ < first + buckets.size(); ++next_bucket_) {
      const auto i = next_bucket_ - first;
      if (i + 1 < buckets.size() && buckets[i + 1].set != attribute_ref::none)
        pool_->prefetch(buckets[i + 1].set);
      if (!write(buckets[i], to, budget))
        return false;
    }
    return true;
  }

  // Whether all of it is written; else its head is what is left.
  bool write(encoder_bucket& b, const target& to, std::size_t& budget) {
    if (to.members.any_absent())
      for (auto i = b.head; i != none; i = items_[i].next)
        to.members.owe_absent(b.who, items_[i].shard, place, items_[i].number);
    if (!to.log.is_wanted(b.who, place))
      return true;
    const auto limit = settings_.max_message_size;
    if (b.set == attribute_ref::none)
      return write(update_frame{Key::family, limit}, b, to, budget);
    const auto told = transform_->run((*pool_)[b.set], b.traits);
    return write(update_frame{Key::family, limit, told}, b, to, budget);
  }

  bool write(const update_frame& frame, encoder_bucket& b, const target& to,
             std::size_t& budget) {
    while (b.head != none) {
      if (budget == 0)
        return false;
      const auto size = size_of(items_[b.head].key);
      if (size > frame.room()) {
        too_big_.push_back(items_[b.head]);
        b.bytes -= size;
        b.head = items_[b.head].next;
        continue;
      }
      write_message(frame, b, to, budget);
    }
    return true;
  }

  void write_message(const update_frame& frame, encoder_bucket& b,
                     const target& to, std::size_t& budget) {
    const auto body = std::min(frame.room(), b.bytes);
    auto& chunk = to.log.prepare(b.who, place, frame.size(body));
    auto* const begin = to.log.end();
    auto* const nlri = frame.open(begin, body);
    auto* p = nlri;
    std::size_t written = 0;
    auto i = b.head;
    for (; i != none; i = items_[i].next, ++written) {
      const auto& each = items_[i];
      const auto size = size_of(each.key);
      if (size > body - static_cast<std::size_t>(p - nlri))
        break;
      chunk.add_number(each.shard, each.number);
      p = put(p, each);
    }
    const auto size =
        static_cast<std::size_t>(frame.close(begin, nlri, p) - begin);
    to.log.commit(size);
    // Not before here, as an exception leaves the message to the next call.
    b.head = i;
    b.bytes -= static_cast<std::size_t>(p - nlri);
    budget -= std::min(budget, written);
    to.stats.encodings += written;
    ++to.stats.updates;
    to.stats.bytes += size;
  }

  std::uint8_t* put(std::uint8_t* p, const item& i) const {
    if constexpr (WithIds)
      if (settings_.add_path)
        for (unsigned shift = 32; shift != 0;)
          *p++ = static_cast<std::uint8_t>(i.path_id >> (shift -= 8));
    return put_nlri(p, i.key);
  }

  attribute_pool* pool_;
  export_transform* transform_;
  settings settings_;
  std::vector<item> items_;
  std::vector<item> too_big_;
  bucket_index withdrawals_;
  bucket_index announcements_;
  std::size_t next_bucket_ = 0; // to be written
};

} // namespace troupe::rib
