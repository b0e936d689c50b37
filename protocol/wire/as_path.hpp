#pragma once

#include "protocol/types.hpp"
#include "protocol/wire/reader.hpp"

#include <compare>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::protocol::wire {

/// RFC 4271 §4.3, RFC 5065 §3.
enum class segment_type : std::uint8_t {
  as_set = 1,
  as_sequence = 2,
  confed_sequence = 3,
  confed_set = 4,
};

/// Octets of an AS number on the wire.
enum class as_width : std::uint8_t { two = 2, four = 4 };

/// One segment of a path; refers to the bytes of the path.
class as_segment_view {
public:
  as_segment_view() = default;
  as_segment_view(segment_type type, byte_span numbers, as_width width)
      : numbers_{numbers}, type_{type}, width_{width} {}

  segment_type type() const { return type_; }
  std::size_t size() const {
    return numbers_.size() / static_cast<std::size_t>(width_);
  }
  /// The i-th AS number; `i` must be below `size`.
  as_number operator[](std::size_t i) const {
    return width_ == as_width::four
               ? load<std::uint32_t>(numbers_.data() + 4 * i)
               : load<std::uint16_t>(numbers_.data() + 2 * i);
  }
  bool is_confederation() const {
    return type_ == segment_type::confed_sequence
           || type_ == segment_type::confed_set;
  }

private:
  byte_span numbers_;
  segment_type type_ = segment_type::as_sequence;
  as_width width_ = as_width::four;
};

/// What one walk over a path tells.
struct as_path_survey {
  /// Every segment is whole, not empty and of a known type (RFC 7606 §7.2). The
  /// rest counts only then.
  bool well_formed = true;
  /// AS 0 stands in it (RFC 7607 §2).
  bool holds_zero = false;
  /// A segment is one of a confederation (RFC 5065 §3).
  bool confederation = false;
  /// Octets with four-octet numbers.
  std::size_t widened_size = 0;
};

/// The value of an AS_PATH as it stands in a message; owns nothing.
class as_path_view {
public:
  as_path_view(byte_span bytes, as_width width)
      : bytes_{bytes}, width_{width} {}

  byte_span bytes() const { return bytes_; }
  as_width width() const { return width_; }
  bool empty() const { return bytes_.empty(); }

  /// What a decoder has to know. All else is asked of a well-formed path only;
  /// of another one it is answered from the part before the flaw.
  as_path_survey survey() const;
  bool is_well_formed() const { return survey().well_formed; }
  /// The number of ASes that the decision compares: a set counts as one, the
  /// segments of a confederation as none (RFC 4271 §9.1.2.2, RFC 5065 §5.3).
  std::size_t length() const;
  /// Whether the AS stands anywhere in the path, also in sets.
  bool contains(as_number as) const;
  /// How often the AS stands in the path.
  std::size_t count(as_number as) const;
  /// The neighbouring AS: the leftmost number of the first segment that is no
  /// confederation's, if that is a sequence (RFC 4271 §9.1.2.2 (c)).
  std::optional<as_number> first_as() const;
  /// The AS that originated the route: the rightmost one, if the last segment
  /// is a sequence.
  std::optional<as_number> origin_as() const;
  bool has_confederation() const { return survey().confederation; }
  /// The member AS of our confederation that told the route: the leftmost
  /// number, if the first segment is an AS_CONFED_SEQUENCE (RFC 5065 §4.1).
  std::optional<as_number> first_member() const;

  /// Calls `visit(as_segment_view)` for each segment, from the left.
  template <class Visitor>
  void for_each(Visitor visit) const;

private:
  byte_span bytes_;
  as_width width_;
};

template <class Visitor>
void as_path_view::for_each(Visitor visit) const {
  reader r{bytes_};
  while (!r.empty()) {
    const auto type = static_cast<segment_type>(r.u8());
    const auto numbers =
        r.take(std::size_t{r.u8()} * static_cast<std::size_t>(width_));
    if (r.failed())
      return;
    visit(as_segment_view{type, numbers, width_});
  }
}

/// A segment as a value.
struct as_segment {
  segment_type type = segment_type::as_sequence;
  std::vector<as_number> numbers;
  friend bool operator==(const as_segment&, const as_segment&) = default;
};

/// An AS path as a value. It holds the wire form with four-octet numbers, so
/// that equal paths have equal bytes.
class as_path {
public:
  /// The empty path: a route of our own AS.
  as_path() = default;
  /// A sequence from left to right.
  explicit as_path(std::span<const as_number> sequence);
  /// From segments; one of more than 255 numbers is split, an empty one left
  /// out.
  explicit as_path(std::span<const as_segment> segments);
  /// Widens a path; nothing if it is not well-formed.
  static std::optional<as_path> from_view(const as_path_view& view);
  /// Becomes a path that is known to be well-formed, widened.
  void assign_well_formed(const as_path_view& view);
  /// Becomes the empty path. Keeps its memory.
  void clear() { bytes_.clear(); }

  as_path_view view() const { return {bytes_, as_width::four}; }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  std::size_t length() const { return view().length(); }
  bool contains(as_number as) const { return view().contains(as); }
  std::optional<as_number> first_as() const { return view().first_as(); }
  std::vector<as_segment> segments() const;

  /// Puts the AS in front `times` times: into the first segment if that is a
  /// sequence of this type with room, else into a new one (RFC 4271 §5.1.2, RFC
  /// 5065 §4.1).
  void prepend(as_number as, unsigned times = 1,
               segment_type type = segment_type::as_sequence);
  /// Whether any number needs four octets.
  bool needs_four_octets() const;
  /// The two-octet form, with AS_TRANS for what does not fit (RFC 6793 §4.2.2).
  std::vector<std::uint8_t> two_octet_bytes() const;
  /// The path as it is told outside of a confederation (RFC 5065 §4.1 c) and in
  /// AS4_PATH (RFC 6793 §4.2.2): without the segments of a confederation.
  as_path without_confederation() const;

  friend bool operator==(const as_path&, const as_path&) = default;
  friend auto operator<=>(const as_path&, const as_path&) = default;

private:
  std::vector<std::uint8_t> bytes_;
};

/// Joins what an old speaker passed on (RFC 6793 §4.2.3): as many leading
/// numbers of `path` as `as4` lacks, then `as4`; `path` alone if it is the
/// shorter one. Both must be well-formed and widened.
as_path merge_as4_path(const as_path& path, const as_path& as4);

/// "65001 65002 {1,2} (65010 65011) [65012,65013]": a set in braces, a
/// confederation's sequence in parentheses and its set in brackets.
std::string to_string(const as_path& path);

} // namespace troupe::protocol::wire
