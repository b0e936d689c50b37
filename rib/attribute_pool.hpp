#pragma once

#include "protocol/address.hpp"
#include "protocol/types.hpp"
#include "rib/prefetch.hpp"

#include <cstddef>
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
inline constexpr std::uint16_t has_aigp = 256;          ///< RFC 7311
inline constexpr std::uint16_t has_communities = 512;
inline constexpr std::uint16_t has_next_hop = 1024;
inline constexpr std::uint16_t has_only_to_customer = 2048; ///< RFC 9234
inline constexpr std::uint16_t has_confederation = 4096;    ///< in AS_PATH
inline constexpr std::uint16_t no_peer = 8192;              ///< RFC 3765
inline constexpr std::uint16_t blackhole = 16384;           ///< RFC 7999
inline constexpr std::uint16_t long_lived_stale = 32768;    ///< RFC 9494
} // namespace attribute_flag

/// An interned set: canonical wire bytes (attributes in ascending type order,
/// four-octet AS numbers, NEXT_HOP as type 3, an IPv6 next hop as type 14
/// without NLRI) and their summary. Immutable. The bytes follow the object.
class attribute_set {
public:
  attribute_set(const attribute_set&) = delete;
  attribute_set& operator=(const attribute_set&) = delete;

  const attribute_summary& summary() const { return summary_; }
  /// The canonical bytes; valid while a reference to the set is held.
  std::span<const std::uint8_t> bytes() const {
    return {reinterpret_cast<const std::uint8_t*>(this + 1), size_};
  }
  /// Of the bytes only: the same in every process and run.
  std::uint64_t hash() const { return hash_; }

private:
  friend class attribute_pool;
  attribute_set(const attribute_summary& summary, std::uint16_t size)
      : summary_(summary), size_(size) {}

  // The size lies in the tail of the summary, which 8 bytes a set pay for.
  [[no_unique_address]] attribute_summary summary_;
  std::uint16_t size_;
  mutable std::uint32_t references_ = 0; // accessed atomically
  std::uint32_t index_hash_ = 0;         // seeded
  std::uint64_t hash_ = 0;
};
static_assert(sizeof(attribute_set) == 40);

/// Interns attribute sets for the whole process: equal bytes, one set, one
/// reference. The only structure that threads share (DESIGN §4.2); every
/// function may be called from any thread. Reading a set takes no lock, nor
/// does giving a reference back unless it is the last one.
class attribute_pool {
public:
  /// `seed` spreads the index differently in each process, so that no peer can
  /// craft sets that collide; it shows in nothing else.
  explicit attribute_pool(std::uint64_t seed = 0);
  ~attribute_pool();
  attribute_pool(const attribute_pool&) = delete;
  attribute_pool& operator=(const attribute_pool&) = delete;

  /// The set of exactly these bytes with one reference added for the caller, or
  /// `none` when there is none. A hit proves that the bytes were decoded
  /// before.
  attribute_ref find(std::span<const std::uint8_t> bytes) {
    return find(bytes, hash_of(bytes));
  }
  /// The same for bytes whose `hash_of` is known; another one finds nothing.
  attribute_ref find(std::span<const std::uint8_t> bytes, std::uint32_t hash);
  std::uint32_t hash_of(std::span<const std::uint8_t> bytes) const;
  /// For one who knows early what he will look up: starts to load its place in
  /// the index and, some 100 ns later, the set that is found there.
  void prefetch_place(std::uint32_t hash) const;
  void prefetch_set(std::uint32_t hash) const;
  /// The set of these canonical bytes (at most 65535), made if missing, with
  /// one reference added for the caller. Sets of one owner, a number of any
  /// kind, share pages, so that their memory comes back when all of them go.
  /// Throws std::bad_alloc when memory or the 4-byte names run out.
  attribute_ref intern(std::span<const std::uint8_t> bytes,
                       const attribute_summary& summary,
                       std::uint32_t owner = 0);
  /// Adds references; the caller must hold one already.
  void retain(attribute_ref set, std::uint32_t count = 1);
  /// Gives references back; the last one frees the set.
  void release(attribute_ref set, std::uint32_t count = 1);
  /// The set itself; valid while the caller, or somebody he trusts to outlive
  /// the use, holds a reference.
  const attribute_set& operator[](attribute_ref set) const {
    return *reinterpret_cast<const attribute_set*>(address_of(set));
  }
  /// Starts to load a set that is read soon.
  void prefetch(attribute_ref set) const { rib::prefetch(address_of(set)); }
  /// The references held now; for checks and tests.
  std::uint32_t references(attribute_ref set) const;

  struct statistics {
    std::uint64_t sets = 0;
    std::uint64_t bytes = 0; ///< taken, headers and index included
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };
  statistics stats() const;

private:
  struct implementation;

  // A reference is an offset in units of 8 bytes into chunks of 1 MiB.
  static constexpr unsigned units_per_chunk_log = 17;

  std::byte* address_of(attribute_ref set) const {
    const auto unit = static_cast<std::uint32_t>(set);
    return chunks_[unit >> units_per_chunk_log]
           + (std::size_t{unit & ((1U << units_per_chunk_log) - 1)} << 3);
  }
  attribute_set& at(attribute_ref set) const {
    return *reinterpret_cast<attribute_set*>(address_of(set));
  }
  void release_last(attribute_ref set, std::uint32_t count);

  std::unique_ptr<implementation> self_;
  std::byte* const* chunks_; // grows in place, owned by the implementation
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
