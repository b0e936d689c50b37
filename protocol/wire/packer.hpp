#pragma once

#include "protocol/types.hpp"
#include "protocol/wire/nlri.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace troupe::protocol::wire {

/// How a session wants its UPDATEs.
struct packing_options {
  family address_family = ipv4_unicast;
  /// Path ids are written (RFC 7911).
  bool add_path = false;
  /// The most bytes of a message: negotiated::max_message_size().
  std::size_t max_message_size = 4096;
};

/// Writes UPDATEs, each packed full, one behind the other into a vector that
/// the caller owns.
///
/// A message holds announcements with one attribute set, or withdrawals, of one
/// family (RFC 7606 §5.1). IPv4 unicast stands in the fields of the UPDATE; it
/// stands in MP_REACH_NLRI where the next hop is IPv6 (RFC 8950), as do all
/// other families, and that attribute comes first. Nothing is written for a set
/// to which nothing is added. Between two calls of `finish` the vector ends in
/// a message that is not complete.
class update_packer {
public:
  /// `out` must outlive the packer.
  update_packer(const packing_options& options, std::vector<std::uint8_t>& out);

  /// Finishes what is open and takes announcements from now on.
  /// `attributes`: from encode_attributes, with the next hop; must stay alive
  /// until `finish` or the next `begin_`. A next hop that the family cannot
  /// have (IPv4 for IPv6 NLRI) is our mistake.
  void begin_announcements(byte_span attributes);
  /// Finishes what is open and takes withdrawals from now on.
  void begin_withdrawals();

  /// Adds a prefix, in a new message where the open one is full. False, and
  /// nothing is written, if it does not fit into a message of its own: the
  /// caller must not announce it, and owes a withdrawal if it was announced
  /// before (RFC 4271 §9.2, RFC 8654 §4).
  bool add(const nlri& n) {
    const auto size = nlri_size(n, options_.add_path);
    if (used_ == 0 || size > capacity_ - used_) {
      if (size > capacity_)
        return false;
      start();
    }
    encode_nlri(n, options_.add_path, *out_);
    used_ += size;
    return true;
  }

  /// Completes the open message, if there is one.
  void finish();

  /// The messages that have been completed.
  std::size_t messages() const { return messages_; }

private:
  // Where the NLRI stand.
  enum class form : std::uint8_t {
    nothing,
    classic,
    reach,
    withdrawn,
    unreach
  };

  void start();
  void close_multiprotocol();
  void set_form(form f);

  packing_options options_;
  std::vector<std::uint8_t>* out_;
  form form_ = form::nothing;
  // The attributes without the stub of MP_REACH_NLRI: what stands before it and
  // what stands behind it.
  byte_span before_;
  byte_span behind_;
  byte_span next_hop_;
  std::size_t start_ = 0;    // of the open message in `out`
  std::size_t used_ = 0;     // NLRI bytes in the open message; 0: none is open
  std::size_t capacity_ = 0; // NLRI bytes that one message can hold
  std::size_t messages_ = 0;
};

/// What a whole list came to.
struct packing_result {
  std::size_t messages = 0;
  /// Indices of the prefixes that do not fit into a message of their own.
  std::vector<std::size_t> too_large;
};

/// Appends UPDATEs that announce these prefixes with these attributes.
packing_result pack_announcements(const packing_options& options,
                                  byte_span attributes,
                                  std::span<const nlri> prefixes,
                                  std::vector<std::uint8_t>& out);
/// Appends UPDATEs that withdraw these prefixes.
packing_result pack_withdrawals(const packing_options& options,
                                std::span<const nlri> prefixes,
                                std::vector<std::uint8_t>& out);

} // namespace troupe::protocol::wire
