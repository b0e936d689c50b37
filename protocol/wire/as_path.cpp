#include "protocol/wire/as_path.hpp"

#include "protocol/wire/writer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace troupe::protocol::wire {

namespace {

constexpr std::size_t most_in_segment = 255;

bool is_known(segment_type type) {
  return type >= segment_type::as_set && type <= segment_type::confed_set;
}

std::size_t weight(segment_type type, std::size_t size) {
  switch (type) {
  case segment_type::as_set:
    return 1; // RFC 4271 §9.1.2.2 (a)
  case segment_type::as_sequence:
    return size;
  case segment_type::confed_sequence:
  case segment_type::confed_set:
    return 0; // RFC 5065 §5.3
  }
  return 0;
}

void append(segment_type type, std::span<const as_number> numbers, writer& w) {
  while (!numbers.empty()) {
    const auto now = numbers.first(std::min(numbers.size(), most_in_segment));
    w.u8(static_cast<std::uint8_t>(type));
    w.u8(static_cast<std::uint8_t>(now.size()));
    for (const auto as : now)
      w.u32(as);
    numbers = numbers.subspan(now.size());
  }
}

void append(const as_segment_view& segment, writer& w) {
  w.u8(static_cast<std::uint8_t>(segment.type()));
  w.u8(static_cast<std::uint8_t>(segment.size()));
  for (std::size_t i = 0; i < segment.size(); ++i)
    w.u32(segment[i]);
}

} // namespace

as_path_survey as_path_view::survey() const {
  as_path_survey result;
  std::size_t seen = 0;
  for_each([&](const as_segment_view& segment) {
    const auto size = segment.size();
    if (!is_known(segment.type()) || size == 0)
      result.well_formed = false;
    result.confederation |= segment.is_confederation();
    for (std::size_t i = 0; i < size; ++i)
      result.holds_zero |= segment[i] == 0;
    seen += 2 + size * static_cast<std::size_t>(width_);
    result.widened_size += 2 + size * 4;
  });
  if (seen != bytes_.size())
    result.well_formed = false;
  return result;
}

std::size_t as_path_view::length() const {
  std::size_t total = 0;
  for_each([&](const as_segment_view& segment) {
    total += weight(segment.type(), segment.size());
  });
  return total;
}

bool as_path_view::contains(as_number as) const {
  return count(as) > 0;
}

std::size_t as_path_view::count(as_number as) const {
  std::size_t found = 0;
  for_each([&](const as_segment_view& segment) {
    for (std::size_t i = 0; i < segment.size(); ++i)
      found += segment[i] == as ? 1U : 0U;
  });
  return found;
}

std::optional<as_number> as_path_view::first_as() const {
  std::optional<as_segment_view> first;
  for_each([&](const as_segment_view& segment) {
    if (!first && !segment.is_confederation())
      first = segment;
  });
  if (!first || first->type() != segment_type::as_sequence
      || first->size() == 0)
    return std::nullopt;
  return (*first)[0];
}

std::optional<as_number> as_path_view::origin_as() const {
  as_segment_view last;
  for_each([&](const as_segment_view& segment) { last = segment; });
  if (last.type() != segment_type::as_sequence || last.size() == 0)
    return std::nullopt;
  return last[last.size() - 1];
}

std::optional<as_number> as_path_view::first_member() const {
  std::optional<as_segment_view> first;
  for_each([&](const as_segment_view& segment) {
    if (!first)
      first = segment;
  });
  if (!first || first->type() != segment_type::confed_sequence
      || first->size() == 0)
    return std::nullopt;
  return (*first)[0];
}

as_path::as_path(std::span<const as_number> sequence) {
  writer w{bytes_};
  append(segment_type::as_sequence, sequence, w);
}

as_path::as_path(std::span<const as_segment> segments) {
  writer w{bytes_};
  for (const auto& segment : segments)
    append(segment.type, segment.numbers, w);
}

std::optional<as_path> as_path::from_view(const as_path_view& view) {
  if (!view.is_well_formed())
    return std::nullopt;
  as_path result;
  result.assign_well_formed(view);
  return result;
}

void as_path::assign_well_formed(const as_path_view& view) {
  if (view.width() == as_width::four) {
    bytes_.assign(view.bytes().begin(), view.bytes().end());
    return;
  }
  bytes_.clear();
  writer w{bytes_};
  view.for_each([&](const as_segment_view& segment) { append(segment, w); });
}

std::vector<as_segment> as_path::segments() const {
  std::vector<as_segment> result;
  view().for_each([&](const as_segment_view& segment) {
    auto& added = result.emplace_back();
    added.type = segment.type();
    for (std::size_t i = 0; i < segment.size(); ++i)
      added.numbers.push_back(segment[i]);
  });
  return result;
}

void as_path::prepend(as_number as, unsigned times, segment_type type) {
  const auto code = static_cast<std::uint8_t>(type);
  const std::array<std::uint8_t, 4> octets{
      static_cast<std::uint8_t>(as >> 24), static_cast<std::uint8_t>(as >> 16),
      static_cast<std::uint8_t>(as >> 8), static_cast<std::uint8_t>(as)};
  for (; times > 0; --times) {
    const bool room =
        !bytes_.empty() && bytes_[0] == code && bytes_[1] < most_in_segment;
    if (!room)
      bytes_.insert(bytes_.begin(), {code, 0});
    ++bytes_[1];
    bytes_.insert(bytes_.begin() + 2, octets.begin(), octets.end());
  }
}

bool as_path::needs_four_octets() const {
  bool found = false;
  view().for_each([&](const as_segment_view& segment) {
    for (std::size_t i = 0; i < segment.size(); ++i)
      found = found || segment[i] > 0xffff;
  });
  return found;
}

std::vector<std::uint8_t> as_path::two_octet_bytes() const {
  std::vector<std::uint8_t> result;
  writer w{result};
  view().for_each([&](const as_segment_view& segment) {
    w.u8(static_cast<std::uint8_t>(segment.type()));
    w.u8(static_cast<std::uint8_t>(segment.size()));
    for (std::size_t i = 0; i < segment.size(); ++i)
      w.u16(static_cast<std::uint16_t>(segment[i] > 0xffff ? as_trans
                                                           : segment[i]));
  });
  return result;
}

as_path as_path::without_confederation() const {
  as_path result;
  writer w{result.bytes_};
  view().for_each([&](const as_segment_view& segment) {
    if (!segment.is_confederation())
      append(segment, w);
  });
  return result;
}

namespace {

// The leading segments that hold `missing` ASes; a segment of a confederation
// where it leads or touches what is taken (RFC 6793 §4.2.3).
std::vector<as_segment> leading_part(const as_path& path, std::size_t missing) {
  std::vector<as_segment> taken;
  for (auto& segment : path.segments()) {
    const auto heavy = weight(segment.type, segment.numbers.size());
    const bool confederation = segment.type != segment_type::as_set
                               && segment.type != segment_type::as_sequence;
    if (missing == 0 && !confederation)
      break;
    const bool last = heavy > missing;
    if (last)
      segment.numbers.resize(missing);
    missing -= std::min(missing, heavy);
    taken.push_back(std::move(segment));
    if (last)
      break;
  }
  return taken;
}

bool can_join(const as_segment& left, const as_segment& right) {
  return left.type == segment_type::as_sequence
         && right.type == segment_type::as_sequence
         && left.numbers.size() + right.numbers.size() <= most_in_segment;
}

} // namespace

as_path merge_as4_path(const as_path& path, const as_path& as4) {
  const std::size_t total = path.length();
  const std::size_t behind = as4.length();
  if (total < behind)
    return path;
  auto joined = leading_part(path, total - behind);
  bool at_seam = !joined.empty();
  for (auto& segment : as4.segments()) {
    if (at_seam && can_join(joined.back(), segment))
      joined.back().numbers.insert(joined.back().numbers.end(),
                                   segment.numbers.begin(),
                                   segment.numbers.end());
    else
      joined.push_back(std::move(segment));
    at_seam = false;
  }
  return as_path{std::span<const as_segment>{joined}};
}

std::string to_string(const as_path& path) {
  constexpr std::array<std::string_view, 5> brackets{"", "{}", "", "()", "[]"};
  std::string text;
  path.view().for_each([&](const as_segment_view& segment) {
    const auto pair = brackets[static_cast<std::size_t>(segment.type())];
    const bool set = segment.type() == segment_type::as_set
                     || segment.type() == segment_type::confed_set;
    if (!text.empty())
      text += ' ';
    if (!pair.empty())
      text += pair[0];
    for (std::size_t i = 0; i < segment.size(); ++i) {
      if (i > 0)
        text += set ? ',' : ' ';
      text += std::to_string(segment[i]);
    }
    if (!pair.empty())
      text += pair[1];
  });
  return text;
}

} // namespace troupe::protocol::wire
