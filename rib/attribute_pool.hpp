#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace troupe::rib {

/// Names an interned attribute set in four bytes; `none` is no set.
enum class attribute_ref : std::uint32_t { none = 0 };

/// What the decision and the export admission read of an attribute set, so that
/// neither decodes. Absent values hold what RFC 4271 §9.1 compares with.
struct attribute_summary {
  std::uint32_t local_pref = 100;  ///< 100 when absent
  std::uint32_t med = 0;           ///< 0 when absent (RFC 4271 §9.1.2.2 c)
  std::uint32_t neighbor_as = 0;   ///< first AS of the path; 0 for an empty one
  std::uint32_t originator_id = 0; ///< 0 when absent (RFC 4456 §9)
  std::uint16_t as_path_length = 0;
  std::uint8_t origin = 0;
  std::uint8_t cluster_list_length = 0;
  std::uint16_t flags = 0; ///< bits of `attribute_flag`

  friend bool operator==(const attribute_summary&,
                         const attribute_summary&) = default;
};

/// Facts of a set that are worth a bit.
namespace attribute_flag {
inline constexpr std::uint16_t has_local_pref = 1;
inline constexpr std::uint16_t has_med = 2;
inline constexpr std::uint16_t has_originator = 4; ///< or CLUSTER_LIST
inline constexpr std::uint16_t no_export = 8;      ///< RFC 1997
inline constexpr std::uint16_t no_advertise = 16;  ///< RFC 1997
inline constexpr std::uint16_t no_export_subconfed = 32;
inline constexpr std::uint16_t has_unknown = 64; ///< unrecognised transitive
inline constexpr std::uint16_t graceful_shutdown = 128; ///< RFC 8326
inline constexpr std::uint16_t has_as_set = 256;
inline constexpr std::uint16_t has_communities = 512;
inline constexpr std::uint16_t has_next_hop = 1024;
} // namespace attribute_flag

/// An interned set: canonical wire bytes (attributes in ascending type order,
/// four-octet AS numbers, NEXT_HOP as type 3, an IPv6 next hop as type 14
/// without NLRI) and their summary. Immutable.
class attribute_set {
public:
  const attribute_summary& summary() const { return summary_; }
  /// The canonical bytes; valid while a reference to the set is held.
  std::span<const std::uint8_t> bytes() const;
  std::uint32_t hash() const { return hash_; }

private:
  friend class attribute_pool;
  attribute_summary summary_;
  std::uint32_t references_ = 0; // accessed atomically
  std::uint32_t hash_ = 0;
  std::uint16_t size_ = 0;
};

/// Interns attribute sets for the whole process: equal bytes, one set, one
/// reference. The only structure that threads share (DESIGN §4.2); every
/// function may be called from any thread. Reading a set takes no lock.
class attribute_pool {
public:
  attribute_pool();
  ~attribute_pool();
  attribute_pool(const attribute_pool&) = delete;
  attribute_pool& operator=(const attribute_pool&) = delete;

  /// The set of exactly these bytes with one reference added for the caller, or
  /// `none` when there is none. A hit proves that the bytes were decoded
  /// before.
  attribute_ref find(std::span<const std::uint8_t> bytes);
  /// The set of these canonical bytes (at most 65535), made if missing, with
  /// one reference added for the caller. Throws std::bad_alloc when memory or
  /// the 4-byte names run out.
  attribute_ref intern(std::span<const std::uint8_t> bytes,
                       const attribute_summary& summary);
  /// Adds references; the caller must hold one already.
  void retain(attribute_ref set, std::uint32_t count = 1);
  /// Gives references back; the last one frees the set.
  void release(attribute_ref set, std::uint32_t count = 1);
  /// The set itself; valid while the caller, or somebody he trusts to outlive
  /// the use, holds a reference.
  const attribute_set& operator[](attribute_ref set) const;

  struct statistics {
    std::uint64_t sets = 0;
    std::uint64_t bytes = 0; ///< allocated, headers and index included
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };
  statistics stats() const;

private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

/// Holds one reference and gives it back.
class attribute_handle {
public:
  attribute_handle() = default;
  /// Takes over one reference that the caller holds.
  attribute_handle(attribute_pool& pool, attribute_ref set)
      : pool_(&pool), set_(set) {}
  attribute_handle(attribute_handle&& other) noexcept
      : pool_(other.pool_), set_(other.detach()) {}
  attribute_handle& operator=(attribute_handle&& other) noexcept {
    if (this != &other) {
      reset();
      pool_ = other.pool_;
      set_ = other.detach();
    }
    return *this;
  }
  ~attribute_handle() { reset(); }

  attribute_ref get() const { return set_; }
  /// Gives the reference to the caller.
  attribute_ref detach() {
    const auto set = set_;
    set_ = attribute_ref::none;
    return set;
  }
  void reset() {
    if (set_ != attribute_ref::none)
      pool_->release(set_);
    set_ = attribute_ref::none;
  }

private:
  attribute_pool* pool_ = nullptr;
  attribute_ref set_ = attribute_ref::none;
};

} // namespace troupe::rib
