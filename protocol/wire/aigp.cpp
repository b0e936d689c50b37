#include "protocol/wire/aigp.hpp"

#include "protocol/wire/attributes.hpp"

namespace troupe::protocol::wire {

namespace {

constexpr std::uint8_t metric_type = 1;
constexpr std::uint16_t tlv_header = 3;
constexpr std::uint16_t metric_length = 11;

} // namespace

std::optional<aigp_tlvs> read_aigp(byte_span value) {
  aigp_tlvs found;
  for (reader r{value}; !r.empty();) {
    const auto whole = r.rest();
    const auto type = r.u8();
    const auto length = r.u16();
    if (length < tlv_header)
      return std::nullopt;
    reader content{r.take(length - tlv_header)};
    if (r.failed() || (type == metric_type && length != metric_length))
      return std::nullopt;
    if (type == metric_type && !found.metric) {
      found.metric = content.u64();
      if (*found.metric == highest_aigp)
        return std::nullopt;
      continue;
    }
    const auto tlv = whole.first(length);
    found.others.insert(found.others.end(), tlv.begin(), tlv.end());
  }
  return found;
}

void write_aigp_metric(std::uint64_t metric, writer& to) {
  to.u8(metric_type);
  to.u16(metric_length);
  to.u64(metric);
}

std::optional<std::uint64_t> aigp_metric(byte_span canonical) {
  attribute_walker walker{canonical};
  for (raw_attribute each; walker.next(each);)
    if (each.is(attribute_code::aigp)) {
      const auto found = read_aigp(each.value);
      return found ? found->metric : std::nullopt;
    }
  return std::nullopt;
}

} // namespace troupe::protocol::wire
