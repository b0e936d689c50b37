#pragma once

#include "protocol/wire/path_attributes.hpp"
#include "protocol/wire/writer.hpp"

#include <array>

namespace troupe::protocol::wire {

// What the rows of the rule table work with. For attribute_rules.cpp and
// path_attributes.cpp only.

/// What the attributes of one message have yielded so far, before the pieces
/// are put together.
struct attribute_pieces {
  std::optional<ip_address> classic_next_hop;
  std::optional<ip_address> mp_next_hop;
  std::optional<ip_address> mp_link_local;
  std::optional<as_path> as4_path;
  std::optional<aggregator> as4_aggregator;
  /// MP_REACH_NLRI announces something.
  bool mp_nlri = false;
};

/// Takes one attribute after the other.
class attribute_decoder {
public:
  /// Fills a result that is empty. `trusted`: the bytes are our own; addresses
  /// are not judged.
  attribute_decoder(const decode_context& context, attribute_result& result,
                    bool trusted = false)
      : context_{context}, trusted_{trusted}, result_{result} {}

  /// Takes all attributes of a message and puts the pieces together.
  void decode(byte_span raw);

  // -- for the rows ---------------------------------------------------------

  const decode_context& context() const { return context_; }
  bool trusted() const { return trusted_; }
  attribute_pieces& pieces() { return pieces_; }
  path_attributes& attributes() { return result_.attributes; }
  /// The attribute is malformed: what its row says happens.
  void malformed(std::string_view reason);
  /// The attribute calls for this.
  void report(verdict action, update_subcode subcode, std::string_view reason);

private:
  void take();
  bool is_ignored() const;
  void take_known();
  void take_unknown();
  void repeated();
  void unfit();
  void merge_old_speaker();
  void choose_next_hop();
  void require(attribute_code code, std::string_view reason);
  void check_mandatory();
  void judge();
  bool seen(std::uint8_t code) const {
    return (seen_[code / 64] >> (code % 64) & 1U) != 0;
  }

  decode_context context_;
  bool trusted_;
  attribute_result& result_;
  attribute_pieces pieces_;
  std::array<std::uint64_t, 4> seen_{};
  // The attribute in hand; without a rule while none is.
  const attribute_rule* rule_ = nullptr;
  raw_attribute raw_;
  // The first flaw beyond a discard, as a NOTIFICATION, for RFC 7606 §5.2.
  std::optional<decode_error> strong_;
};

/// Writes one attribute after the other.
class attribute_encoder {
public:
  attribute_encoder(const path_attributes& attributes,
                    const encode_options& options,
                    std::vector<std::uint8_t>& out)
      : attributes_{attributes}, options_{options}, writer_{out} {}

  /// False if a length does not fit.
  bool encode();

  // -- for the rows ---------------------------------------------------------

  const path_attributes& attributes() const { return attributes_; }
  const encode_options& options() const { return options_; }
  /// Writes the attribute of the row in hand; `content(writer&)` its value.
  template <class Content>
  void write(Content content) {
    const auto start = begin(flags());
    content(writer_);
    end(start);
  }
  void write_bytes(byte_span value) {
    write([&](writer& w) { w.bytes(value); });
  }

private:
  std::uint8_t flags() const;
  std::size_t begin(std::uint8_t flags);
  void end(std::size_t start);
  void write_unknown(const unknown_attribute& unknown);

  const path_attributes& attributes_;
  encode_options options_;
  writer writer_;
  std::uint8_t code_ = 0;
  const attribute_rule* rule_ = nullptr;
  bool fits_ = true;
};

} // namespace troupe::protocol::wire
