#include "rib/export_encoder.hpp"

#include <algorithm>
#include <utility>

namespace troupe::rib {

using protocol::wire::header_size;
using protocol::wire::message_type;

// -- buckets ------------------------------------------------------------------

std::size_t bucket_index::slot_of(attribute_ref set, std::uint8_t traits,
                                  admission who) const {
  const auto word = std::uint64_t{static_cast<std::uint32_t>(set)}
                    | std::uint64_t{traits} << 32
                    | std::uint64_t{static_cast<std::uint8_t>(who.kind())}
                          << 40;
  const auto hash = mix(word + (std::uint64_t{who.value()} << 42));
  return static_cast<std::size_t>(hash) & (table_.size() - 1);
}

std::pair<encoder_bucket*, bool>
bucket_index::find(attribute_ref set, std::uint8_t traits, admission who) {
  // Most items come in runs.
  if (last_ < buckets_.size() && buckets_[last_].holds(set, traits, who))
    return {&buckets_[last_], false};
  if (buckets_.size() * 2 >= table_.size())
    grow();
  auto at = slot_of(set, traits, who);
  for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const auto i = table_[at] - 1;
    if (buckets_[i].holds(set, traits, who)) {
      last_ = i;
      return {&buckets_[i], false};
    }
  }
  last_ = static_cast<std::uint32_t>(buckets_.size());
  mixed_ = mixed_ || (!buckets_.empty() && buckets_.front().who != who);
  buckets_.push_back({set, traits, who, 0, 0, 0});
  table_[at] = last_ + 1;
  return {&buckets_.back(), true};
}

void bucket_index::grow() {
  table_.assign(std::max<std::size_t>(64, table_.size() * 2), 0);
  for (std::uint32_t i = 0; i < buckets_.size(); ++i) {
    const auto& b = buckets_[i];
    auto at = slot_of(b.set, b.traits, b.who);
    while (table_[at] != 0)
      at = (at + 1) & (table_.size() - 1);
    table_[at] = i + 1;
  }
}

std::vector<encoder_bucket>& bucket_index::in_order() {
  if (std::exchange(mixed_, false))
    std::stable_sort(buckets_.begin(), buckets_.end(),
                     [](const auto& a, const auto& b) {
                       return std::pair{a.who.kind(), a.who.value()}
                              < std::pair{b.who.kind(), b.who.value()};
                     });
  return buckets_;
}

void bucket_index::clear() {
  // The table keeps its size: the next flush is about as large. Where it is
  // not, only what was used is cleared: each run of slots that a bucket's
  // search begins in.
  const auto mask = table_.size() - 1;
  if (buckets_.size() * 8 > table_.size())
    std::fill(table_.begin(), table_.end(), 0);
  else
    for (const auto& b : buckets_)
      for (auto at = slot_of(b.set, b.traits, b.who); table_[at] != 0;
           at = (at + 1) & mask)
        table_[at] = 0;
  buckets_.clear();
  last_ = 0;
  mixed_ = false;
}

// -- frames -------------------------------------------------------------------

namespace {

// Header and the two length fields (RFC 4271 §4.3).
constexpr std::size_t outer_size = header_size + 4;

std::uint8_t* put16(std::uint8_t* p, std::size_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 8);
  p[1] = static_cast<std::uint8_t>(v);
  return p + 2;
}

std::uint8_t* put(std::uint8_t* p, std::span<const std::uint8_t> bytes) {
  if (!bytes.empty())
    std::memcpy(p, bytes.data(), bytes.size());
  return p + bytes.size();
}

// The NLRI that fit beside `used` bytes of a message, where the header of the
// multiprotocol attribute takes three bytes or four.
std::size_t mp_room(std::size_t max_message_size, std::size_t used,
                    std::size_t fixed) {
  if (used + 3 + fixed > max_message_size)
    return 0;
  const auto value = max_message_size - used - 3;
  if (value <= 255)
    return value - fixed;
  return std::max<std::size_t>(value - 1, 255) - fixed;
}

} // namespace

update_frame::update_frame(protocol::family family,
                           std::size_t max_message_size)
    : family_(family), announces_(false),
      mp_(family != protocol::ipv4_unicast) {
  mp_fixed_ = 3; // AFI and SAFI
  room_ = mp_ ? mp_room(max_message_size, outer_size, mp_fixed_)
              : max_message_size - outer_size;
}

update_frame::update_frame(protocol::family family,
                           std::size_t max_message_size,
                           const told_attributes& told)
    : family_(family), announces_(true), mp_(told.multiprotocol),
      attributes_(told.bytes), next_hop_(told.next_hop) {
  // AFI, SAFI, the next hop and its length, the reserved octet.
  mp_fixed_ = 5U + next_hop_.size;
  const auto used = outer_size + attributes_.size();
  if (mp_)
    room_ = mp_room(max_message_size, used, mp_fixed_);
  else if (used < max_message_size)
    room_ = max_message_size - used;
}

std::size_t update_frame::size(std::size_t body) const {
  return outer_size + attributes_.size()
         + (mp_ ? mp_header(body) + mp_fixed_ : 0) + body;
}

std::uint8_t* update_frame::open(std::uint8_t* p, std::size_t body) const {
  std::memset(p, 0xff, 16);
  p[18] = static_cast<std::uint8_t>(message_type::update);
  p += header_size;
  if (mp_)
    return open_mp(p, body);
  p = put16(p, 0); // of the withdrawn routes; `close` knows better
  if (!announces_)
    return p;
  p = put16(p, attributes_.size());
  return put(p, attributes_);
}

std::uint8_t* update_frame::open_mp(std::uint8_t* p, std::size_t body) const {
  using namespace protocol::wire;
  p = put16(p, 0);
  p += 2; // length of the attributes
  const bool extended = mp_header(body) == 4;
  *p++ = static_cast<std::uint8_t>(optional_non_transitive
                                   | (extended ? flag_extended_length : 0U));
  *p++ = number_of(announces_ ? attribute_code::mp_reach_nlri
                              : attribute_code::mp_unreach_nlri);
  p += extended ? 2 : 1;
  p = put16(p, family_.afi);
  *p++ = family_.safi;
  if (!announces_)
    return p;
  *p++ = next_hop_.size;
  p = put(p, next_hop_.span());
  *p++ = 0;
  return p;
}

std::uint8_t* update_frame::close(std::uint8_t* p, std::uint8_t* nlri,
                                  std::uint8_t* nlri_end) const {
  auto* const lengths = p + header_size;
  auto* end = nlri_end;
  if (mp_) {
    auto* const attribute = lengths + 4;
    auto* const value = nlri - mp_fixed_;
    const auto length = static_cast<std::size_t>(nlri_end - value);
    end = nlri_end;
    if (value - attribute == 3) {
      attribute[2] = static_cast<std::uint8_t>(length);
    } else if (length > 255) {
      put16(attribute + 2, length);
    } else { // fewer fitted than there was room for
      attribute[0] = protocol::wire::optional_non_transitive;
      attribute[2] = static_cast<std::uint8_t>(length);
      std::memmove(attribute + 3, value, length);
      --end;
    }
    end = put(end, attributes_);
    put16(lengths + 2, static_cast<std::size_t>(end - attribute));
  } else if (!announces_) {
    put16(lengths, static_cast<std::size_t>(nlri_end - nlri));
    end = put16(nlri_end, 0);
  }
  put16(p + 16, static_cast<std::size_t>(end - p));
  return end;
}

} // namespace troupe::rib
