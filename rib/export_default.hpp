#pragma once

#include "protocol/check.hpp"
#include "protocol/wire/attributes.hpp"
#include "rib/export_encoder.hpp"
#include "rib/export_log.hpp"
#include "rib/export_transform.hpp"
#include "rib/import.hpp"

#include <vector>

namespace troupe::rib {

/// The default route that we originate to the members of a group, whatever the
/// table has: it stands in place of the table's own. It has no prefix number
/// and, with ADD-PATH, an id that no path of the table is given.
template <class Key>
class default_route {
public:
  default_route(attribute_pool& pool, const export_settings& settings,
                const export_transform& transform)
      : pool_(&pool), limit_(settings.max_message_size) {
    const auto found = settings.families.find(Key::family);
    if (found == settings.families.end())
      return;
    has_ids_ = found->second.add_path;
    if (found->second.default_originate
        && transform.has_next_hop({}, export_trait::own_med))
      set_ = intern(pool);
  }

  bool is_told() const { return set_.get() != attribute_ref::none; }
  std::uint64_t count() const { return is_told() ? 1 : 0; }
  bool replaces(const Key& key) const { return key.length == 0 && is_told(); }
  /// Tells it to these members, or withdraws it if it is not told.
  void tell(export_log& log, admission who, export_transform& transform,
            export_statistics& statistics) const {
    if (!is_told())
      return write(update_frame{Key::family, limit_}, log, who, statistics);
    const auto told =
        transform.run((*pool_)[set_.get()], export_trait::own_med);
    write(update_frame{Key::family, limit_, told}, log, who, statistics);
  }

private:
  static constexpr std::size_t place = family_place(Key::family);

  // RFC 4271 §5.1.1, §5.1.2: ORIGIN is IGP, the path is empty; the next hop is
  // whatever the transform puts in.
  static attribute_handle intern(attribute_pool& pool) {
    const protocol::wire::path_attributes ours;
    std::vector<std::uint8_t> bytes;
    TROUPE_CHECK(protocol::wire::encode_attributes(ours, {}, bytes),
                 "the attributes of our default route do not fit");
    return {pool, pool.intern(bytes, summarize(ours))};
  }

  void write(const update_frame& frame, export_log& log, admission who,
             export_statistics& statistics) const {
    const std::size_t body = has_ids_ ? 5 : 1;
    if (body > frame.room())
      return;
    auto& chunk = log.prepare(who, place, frame.size(body));
    auto* const begin = log.end();
    auto* const nlri = frame.open(begin, body);
    auto* p = nlri;
    for (unsigned i = 0; has_ids_ && i < 4; ++i)
      *p++ = 0xff;
    auto* const end = frame.close(begin, nlri, put_nlri(p, Key{}));
    const auto size = static_cast<std::size_t>(end - begin);
    log.commit(size);
    chunk.default_route = true;
    ++statistics.updates;
    statistics.bytes += size;
  }

  attribute_pool* pool_;
  std::size_t limit_;
  bool has_ids_ = false;
  attribute_handle set_;
};

} // namespace troupe::rib
