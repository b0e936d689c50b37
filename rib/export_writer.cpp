#include "rib/export_writer.hpp"

#include "protocol/check.hpp"
#include "protocol/wire/attributes.hpp"
#include "protocol/wire/communities.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace troupe::rib {

using protocol::as_number;
using protocol::wire::attribute_code;
using protocol::wire::attribute_walker;
using protocol::wire::byte_span;
using protocol::wire::raw_attribute;

namespace {

constexpr std::uint8_t as_sequence = 2;
constexpr std::uint8_t confed_sequence = 3;
constexpr as_number largest_two_octet_as = 0xffff;

as_number as_at(const std::uint8_t* p) {
  return as_number{p[0]} << 24 | as_number{p[1]} << 16 | as_number{p[2]} << 8
         | p[3];
}

void append32(std::vector<std::uint8_t>& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(v >> shift));
}

/// Puts AS numbers in front of a four-octet path (RFC 4271 §5.1.2, RFC 5065
/// §4.1): into its first segment if that is a sequence of this type, as far as
/// it has room, the others into a new one.
struct prepended_head {
  std::array<std::uint8_t, 12> bytes{};
  std::size_t size = 0;
  std::size_t replaced = 0; // leading bytes of the old path that it replaces

  prepended_head(byte_span path, std::span<const as_number> numbers,
                 std::uint8_t type) {
    const bool same = path.size() >= 2 && path[0] == type;
    const auto room = same ? std::size_t{255} - path[1] : 0;
    const auto joined = std::min(numbers.size(), room);
    if (joined < numbers.size())
      segment(type, 0, numbers.first(numbers.size() - joined));
    if (joined != 0)
      segment(type, path[1], numbers.last(joined));
    replaced = joined != 0 ? 2 : 0;
  }
  byte_span span() const { return {bytes.data(), size}; }

private:
  void segment(std::uint8_t type, std::size_t present,
               std::span<const as_number> numbers) {
    bytes[size++] = type;
    bytes[size++] = static_cast<std::uint8_t>(present + numbers.size());
    for (const auto as : numbers)
      for (int shift = 24; shift >= 0; shift -= 8)
        bytes[size++] = static_cast<std::uint8_t>(as >> shift);
  }
};

/// One run of a transform: walks over the set once and writes as it goes.
class run_state {
public:
  /// `out` must have `told_room`.
  run_state(const told_options& o, std::uint8_t* out,
            std::vector<std::uint8_t>& path)
      : o_(o), begin_(out), p_(out), path_(path) {}

  std::size_t run(byte_span canonical) {
    attribute_walker walker{canonical};
    raw_attribute a;
    while (walker.next(a)) {
      insert_before(a.code);
      if (a.code == due_)
        advance();
      write(a);
    }
    TROUPE_CHECK(!walker.failed(), "an interned set is malformed");
    insert_before(256);
    return static_cast<std::size_t>(p_ - begin_);
  }

private:
  void put(std::uint8_t v) { *p_++ = v; }
  void put32(std::uint32_t v) {
    put(static_cast<std::uint8_t>(v >> 24));
    put(static_cast<std::uint8_t>(v >> 16));
    put(static_cast<std::uint8_t>(v >> 8));
    put(static_cast<std::uint8_t>(v));
  }
  void put(byte_span bytes) {
    if (!bytes.empty())
      std::memcpy(p_, bytes.data(), bytes.size());
    p_ += bytes.size();
  }
  void head(unsigned flags, attribute_code code, std::size_t length) {
    using namespace protocol::wire;
    const bool extended = length > 255;
    flags &= 0xffU & ~unsigned{flag_extended_length};
    put(static_cast<std::uint8_t>(flags
                                  | (extended ? flag_extended_length : 0U)));
    put(number_of(code));
    if (extended)
      put(static_cast<std::uint8_t>(length >> 8));
    put(static_cast<std::uint8_t>(length));
  }

  void advance() {
    switch (due_) {
    case 2:
      due_ = 3;
      break;
    case 3:
      due_ = 5;
      break;
    case 5:
      due_ = 8;
      break;
    case 8:
      due_ = 14;
      break;
    case 14:
      due_ = 17;
      break;
    case 17:
      due_ = 18;
      break;
    case 18:
      due_ = 35;
      break;
    default:
      due_ = 256;
    }
  }

  // Writes what the set lacks and the message must have in front of `code`.
  void insert_before(unsigned code) {
    while (due_ < code) {
      switch (due_) {
      case 2:
        as_path({});
        break;
      case 3:
        next_hop();
        break;
      case 5:
        local_pref();
        break;
      case 8:
        communities({});
        break;
      case 14:
        stub();
        break;
      case 17:
        as4_path();
        break;
      case 18:
        as4_aggregator();
        break;
      case 35:
        only_to_customer();
        break;
      default:
        break;
      }
      advance();
    }
  }

  void write(const raw_attribute& a) {
    switch (a.code) {
    case 1:  // ORIGIN
    case 6:  // ATOMIC_AGGREGATE
    case 32: // LARGE_COMMUNITY
    case 35: // OTC
      return put(a.whole);
    case 2:
      return as_path(a.value);
    case 3:
      return next_hop();
    case 4: // RFC 4271 §5.1.4: a received MED goes to no other neighbouring AS.
      return put(!o_.external || o_.keep_med ? a.whole : byte_span{});
    case 5: // RFC 4271 §5.1.5
      return local_pref();
    case 8:
      return communities(a);
    case 9: // RFC 4456 §8: ORIGINATOR_ID and CLUSTER_LIST stay in the AS.
    case 10:
      return put(is_internal() ? a.whole : byte_span{});
    case 7:
      return aggregator(a);
    case 14:
      return stub();
    case 15:
    case 17:
    case 18:
      return;
    case 26: // RFC 7311 §3.3. Interior costs that it would grow by are not
             // known: they count as 0.
      return put(o_.aigp ? a.whole : byte_span{});
    case 16:
      return extended_communities(a);
    default:
      return unknown(a);
    }
  }

  void next_hop() {
    if (o_.place == hop_place::outside || o_.hop.size != 4)
      return;
    head(protocol::wire::well_known, attribute_code::next_hop, 4);
    put(o_.hop.span());
  }

  // The canonical form of an IPv6 next hop: MP_REACH_NLRI without NLRI.
  void stub() {
    if (o_.place != hop_place::canonical_stub || o_.hop.size < 16)
      return;
    head(protocol::wire::optional_non_transitive, attribute_code::mp_reach_nlri,
         o_.hop.size + 5U);
    constexpr std::array<std::uint8_t, 3> ipv6_unicast{0, 2, 1};
    put(ipv6_unicast);
    put(o_.hop.size);
    put(o_.hop.span());
    put(0);
  }

  void local_pref() {
    if (o_.external)
      return;
    head(protocol::wire::well_known, attribute_code::local_pref, 4);
    put32(o_.local_pref);
  }

  bool is_internal() const { return !o_.external && !o_.confederation; }

  // Those that the operator or a rule adds, behind those that are there.
  void communities(const raw_attribute& a) {
    std::array<std::uint32_t, 2> added{};
    std::size_t count = 0;
    const auto add = [&](protocol::wire::community c) {
      for (std::size_t i = 0; i + 4 <= a.value.size(); i += 4)
        if (as_at(a.value.data() + i) == c.value)
          return;
      added[count++] = c.value;
    };
    if (o_.add_no_export)
      add(protocol::wire::no_export);
    if (o_.add_graceful_shutdown)
      add(protocol::wire::graceful_shutdown);
    if (count == 0)
      return put(a.whole);
    const unsigned flags = a.whole.empty() ? protocol::wire::optional_transitive
                                           : unsigned{a.flags};
    head(flags, attribute_code::communities, a.value.size() + 4 * count);
    put(a.value);
    for (std::size_t i = 0; i < count; ++i)
      put32(added[i]);
  }

  void only_to_customer() {
    if (o_.only_to_customer == 0)
      return;
    head(protocol::wire::optional_transitive, attribute_code::only_to_customer,
         4);
    put32(o_.only_to_customer);
  }

  void as_path(byte_span path) {
    path = edited(path);
    if (!o_.as4)
      return two_octet_path(path);
    const auto front = front_of(path);
    const auto rest = path.subspan(front.replaced);
    head(protocol::wire::well_known, attribute_code::as_path,
         front.size + rest.size());
    put(front.span());
    put(rest);
  }

  prepended_head front_of(byte_span path) const {
    const std::array numbers{o_.local_as, o_.further_as};
    const auto count = is_internal() || o_.transparent ? 0U
                       : o_.further_as == 0            ? 1U
                                                       : 2U;
    return {path, std::span{numbers}.first(count),
            o_.confederation ? confed_sequence : as_sequence};
  }

  // The path before we put anything in front of it.
  byte_span edited(byte_span path) {
    const bool numbers = o_.remove_private_as || o_.overridden_as != 0;
    if (!o_.strip_confederation && !numbers)
      return path;
    for_each_segment(path, [&](byte_span segment) {
      const bool confederation = segment[0] >= confed_sequence;
      if (confederation && o_.strip_confederation)
        return;
      if (numbers && !confederation)
        return edit_numbers(segment);
      edited_.insert(edited_.end(), segment.begin(), segment.end());
    });
    return edited_;
  }

  void edit_numbers(byte_span segment) {
    const auto start = edited_.size();
    edited_.insert(edited_.end(), {segment[0], 0});
    for (std::size_t at = 2; at < segment.size(); at += 4) {
      auto as = as_at(segment.data() + at);
      if (o_.overridden_as != 0 && as == o_.overridden_as)
        as = o_.local_as;
      else if (o_.remove_private_as && protocol::is_private_as(as)
               && as != o_.kept_private_as)
        continue;
      append32(edited_, as);
    }
    const auto left = (edited_.size() - start - 2) / 4;
    edited_[start + 1] = static_cast<std::uint8_t>(left);
    if (left == 0)
      edited_.resize(start);
  }

  // RFC 6793 §4.2.2: AS_TRANS for what does not fit, the truth in AS4_PATH.
  void two_octet_path(byte_span path) {
    const auto front = front_of(path);
    path = path.subspan(front.replaced);
    path_.assign(front.span().begin(), front.span().end());
    path_.insert(path_.end(), path.begin(), path.end());
    std::size_t length = 0;
    for_each_segment(path_, [&](byte_span segment) {
      length += 2 + (segment.size() - 2) / 2;
    });
    head(protocol::wire::well_known, attribute_code::as_path, length);
    for_each_segment(path_, [&](byte_span segment) {
      put(segment.first(2));
      for (std::size_t at = 2; at < segment.size(); at += 4) {
        auto as = as_at(segment.data() + at);
        if (as > largest_two_octet_as) {
          as = protocol::as_trans;
          needs_as4_path_ = needs_as4_path_ || segment[0] < confed_sequence;
        }
        put(static_cast<std::uint8_t>(as >> 8));
        put(static_cast<std::uint8_t>(as));
      }
    });
  }

  template <class Visitor>
  static void for_each_segment(byte_span path, Visitor visit) {
    std::size_t at = 0;
    while (at + 2 <= path.size()) {
      const std::size_t size = 2 + 4 * std::size_t{path[at + 1]};
      TROUPE_CHECK(at + size <= path.size(), "an interned path is malformed");
      visit(path.subspan(at, size));
      at += size;
    }
  }

  void as4_path() {
    if (!needs_as4_path_)
      return;
    std::size_t length = 0;
    // The segments of a confederation have no place in it.
    const auto size_of = [](byte_span segment) {
      return segment[0] < confed_sequence ? segment.size() : 0;
    };
    for_each_segment(path_,
                     [&](byte_span segment) { length += size_of(segment); });
    head(protocol::wire::optional_transitive, attribute_code::as4_path, length);
    for_each_segment(path_, [&](byte_span segment) {
      put(segment.first(size_of(segment)));
    });
  }

  void aggregator(const raw_attribute& a) {
    if (o_.as4)
      return put(a.whole);
    TROUPE_CHECK(a.value.size() == 8, "an interned AGGREGATOR is malformed");
    auto as = as_at(a.value.data());
    if (as > largest_two_octet_as) {
      as4_aggregator_ = a.value;
      as = protocol::as_trans;
    }
    head(a.flags, attribute_code::aggregator, 6);
    put(static_cast<std::uint8_t>(as >> 8));
    put(static_cast<std::uint8_t>(as));
    put(a.value.subspan(4));
  }

  void as4_aggregator() {
    if (as4_aggregator_.empty())
      return;
    head(protocol::wire::optional_transitive, attribute_code::as4_aggregator,
         as4_aggregator_.size());
    put(as4_aggregator_);
  }

  // RFC 4360 §6: those that are not transitive do not leave the AS, that is the
  // confederation.
  void extended_communities(const raw_attribute& a) {
    constexpr std::uint8_t not_transitive = 0x40;
    std::size_t kept = 0;
    for (std::size_t i = 0; i + 8 <= a.value.size(); i += 8)
      kept += (a.value[i] & not_transitive) == 0 ? 8U : 0U;
    if (!o_.external || kept == a.value.size())
      return put(a.whole);
    if (kept == 0)
      return;
    head(a.flags, attribute_code::extended_communities, kept);
    for (std::size_t i = 0; i + 8 <= a.value.size(); i += 8)
      if ((a.value[i] & not_transitive) == 0)
        put(a.value.subspan(i, 8));
  }

  // RFC 4271 §5: passed on with the Partial bit, if they are transitive.
  void unknown(const raw_attribute& a) {
    using namespace protocol::wire;
    if ((a.flags & optional_transitive) != optional_transitive)
      return;
    std::uint8_t* const flags = p_;
    put(a.whole);
    *flags = static_cast<std::uint8_t>(*flags | flag_partial);
  }

  told_options o_;
  std::uint8_t* begin_;
  std::uint8_t* p_;
  std::vector<std::uint8_t>& path_;  // four octets, before it is narrowed
  std::vector<std::uint8_t> edited_; // see `edited`
  unsigned due_ = 2; // code of the next attribute that may have to be inserted
  bool needs_as4_path_ = false;
  byte_span as4_aggregator_;
};

} // namespace

std::size_t write_told(const told_options& options, byte_span canonical,
                       std::uint8_t* out, std::vector<std::uint8_t>& path) {
  return run_state{options, out, path}.run(canonical);
}

} // namespace troupe::rib
