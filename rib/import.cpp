#include "rib/import.hpp"

#include "protocol/check.hpp"
#include "protocol/wire/update.hpp"
#include "rib/import_attributes.hpp"

#include <algorithm>
#include <utility>

namespace troupe::rib {

namespace wire = protocol::wire;
using protocol::decode_error;
using protocol::family;
using protocol::verdict;

namespace {

template <class Key>
Key to_key(const wire::nlri& n);

template <>
ipv4_key to_key<ipv4_key>(const wire::nlri& n) {
  const auto& a = n.address;
  return {static_cast<std::uint32_t>(a[0]) << 24
              | static_cast<std::uint32_t>(a[1]) << 16
              | static_cast<std::uint32_t>(a[2]) << 8 | a[3],
          n.length};
}

template <>
ipv6_key to_key<ipv6_key>(const wire::nlri& n) {
  return {n.address, n.length};
}

/// Semantically incorrect among unicast prefixes (RFC 4271 §6.3).
bool is_multicast(const wire::nlri& n, family f) {
  return f == protocol::ipv4_unicast ? n.length >= 4 && n.address[0] >> 4 == 0xe
                                     : n.length >= 8 && n.address[0] == 0xff;
}

/// Collects the routes of one family, a list for each shard.
template <class Key>
class family_builder {
public:
  family_builder(attribute_pool& pool, unsigned shards)
      : pool_(&pool), shards_(shards) {}
  family_builder(const family_builder&) = delete;
  family_builder& operator=(const family_builder&) = delete;
  ~family_builder() {
    for (const auto& each : shards_)
      for (const auto& run : each.runs)
        if (run.attributes != attribute_ref::none)
          pool_->release(run.attributes);
  }

  /// The caller holds a reference of the set; a run that begins adds its own.
  void add(const wire::nlri& n, attribute_ref set, std::uint8_t flags,
           bool add_path) {
    const auto key = to_key<Key>(n);
    const auto count = static_cast<unsigned>(shards_.size());
    auto& to = shards_[count == 1 ? 0 : shard_of(key, count)];
    if (to.runs.empty() || to.runs.back().attributes != set
        || to.runs.back().flags != flags) {
      if (set != attribute_ref::none)
        pool_->retain(set);
      to.runs.push_back({set, 0, flags});
    }
    ++to.runs.back().count;
    to.keys.push_back(key);
    if (add_path)
      to.path_ids.push_back(n.path_id);
  }
  void mark_begin() {
    for (auto& each : shards_)
      each.begins_round = true;
  }
  void mark_end() {
    for (auto& each : shards_)
      each.ends_round = true;
  }
  bool has(unsigned shard) const {
    return !shards_[shard].runs.empty() || shards_[shard].begins_round
           || shards_[shard].ends_round;
  }
  /// Moves a shard's list out, with its references.
  family_routes<Key> take(unsigned shard) {
    return std::exchange(shards_[shard], {});
  }

private:
  attribute_pool* pool_;
  std::vector<family_routes<Key>> shards_;
};

} // namespace

struct importer::implementation {
  attribute_pool& pool;
  import_settings settings;
  attribute_resolver resolver;
  family_builder<ipv4_key> ipv4;
  family_builder<ipv6_key> ipv6;
  std::vector<std::uint64_t> sequences;
  std::vector<import_note> notes;
  std::vector<family> ends;
  import_counters counters;
  std::size_t pending = 0;
  /// Of the UPDATE at hand: it is too large to be made anew each time.
  wire::mp_sections mp;
  /// Whether the UPDATE at hand has prefixes that are ignored.
  bool has_multicast = false;

  implementation(attribute_pool& p, import_settings s)
      : pool(p), settings(std::move(s)), resolver(p, settings),
        ipv4(p, settings.shards), ipv6(p, settings.shards),
        sequences(settings.shards, 0) {}

  const import_settings::family_settings* find(family f) const {
    const auto found = settings.families.find(f);
    return found == settings.families.end() ? nullptr : &found->second;
  }

  void note(verdict v, std::uint8_t attribute, std::string_view reason) {
    notes.push_back({v, attribute, reason});
  }

  /// False for a prefix that is ignored.
  bool add(family f, const wire::nlri& n, const resolved_set& set,
           bool add_path) {
    if (is_multicast(n, f)) {
      has_multicast = true;
      return false;
    }
    if (f == protocol::ipv4_unicast)
      ipv4.add(n, set.attributes, set.flags, add_path);
    else
      ipv6.add(n, set.attributes, set.flags, add_path);
    ++pending;
    return true;
  }

  void add_all(family f, wire::byte_span bytes, const resolved_set& set) {
    const bool add_path = settings.families.at(f).add_path;
    wire::nlri_reader reader{bytes, f, add_path};
    wire::nlri n;
    std::uint64_t count = 0;
    while (reader.next(n))
      count += add(f, n, set, add_path) ? 1U : 0U;
    if (set.attributes == attribute_ref::none)
      counters.withdrawn += count;
    else
      counters.announced += count;
    if ((set.flags & path_flag::rejected) != 0)
      counters.rejected += count;
  }

  void withdraw(family f, wire::byte_span bytes) {
    if (find(f) != nullptr)
      add_all(f, bytes, {});
    else
      skip(bytes);
  }

  /// Routes of a family that is not negotiated are not for us; the session
  /// stays (RFC 4760 §6 leaves the choice).
  void skip(wire::byte_span bytes) {
    if (bytes.empty())
      return;
    ++counters.not_negotiated;
    note(verdict::attribute_discard, 0, "routes of a family that is off");
  }

  bool is_disabled(family f) const { return settings.disabled.contains(f); }

  /// Forgets what the UPDATE says of families that are disabled. Whether it
  /// said anything.
  bool drop_disabled(wire::update_sections& sections) {
    if (settings.disabled.empty())
      return false;
    auto dropped = std::erase_if(mp.flaws, [&](const wire::mp_flaw& each) {
      return each.address_family && is_disabled(*each.address_family);
    });
    if (mp.reach && is_disabled(mp.reach->address_family)) {
      mp.reach.reset();
      ++dropped;
    }
    if (mp.unreach && is_disabled(mp.unreach->address_family)) {
      mp.unreach.reset();
      ++dropped;
    }
    if (is_disabled(protocol::ipv4_unicast)) {
      dropped += sections.nlri.size() + sections.withdrawn.size();
      sections.nlri = {};
      sections.withdrawn = {};
    }
    counters.not_negotiated += dropped != 0 ? 1U : 0U;
    return dropped != 0;
  }

  /// A flaw of a multiprotocol attribute.
  import_error flaw(decode_error error, std::optional<family> f) const {
    if (f && find(*f) == nullptr)
      f.reset();
    return {std::move(error), f};
  }

  std::optional<import_error> check_reach(const wire::mp_reach& reach) const {
    const auto f = reach.address_family;
    const auto* own = find(f);
    if (own == nullptr)
      return std::nullopt;
    if (!wire::has_known_next_hop_length(reach, settings.extended_next_hop))
      return flaw(wire::mp_next_hop_error(reach.attribute), f);
    if (!wire::is_valid_nlri(reach.nlri, f, own->add_path))
      return flaw(wire::mp_nlri_error(reach.attribute), f);
    return std::nullopt;
  }

  /// Everything that must be right before anything is taken (RFC 7606 §5.3).
  std::optional<import_error>
  check(const wire::update_sections& sections) const {
    if (!mp.flaws.empty()) {
      const auto& first = mp.flaws.front();
      return flaw(first.error, first.address_family);
    }
    const auto* v4 = find(protocol::ipv4_unicast);
    const bool ids = v4 != nullptr && v4->add_path;
    if (!wire::is_valid_nlri(sections.withdrawn, protocol::ipv4_unicast, ids)
        || !wire::is_valid_nlri(sections.nlri, protocol::ipv4_unicast, ids))
      return import_error{wire::classic_nlri_error(), {}};
    if (mp.reach)
      if (auto error = check_reach(*mp.reach))
        return error;
    if (!mp.unreach)
      return std::nullopt;
    const auto f = mp.unreach->address_family;
    const auto* own = find(f);
    if (own != nullptr
        && !wire::is_valid_nlri(mp.unreach->withdrawn, f, own->add_path))
      return flaw(wire::mp_nlri_error(mp.unreach->attribute), f);
    return std::nullopt;
  }

  void announce(family f, wire::byte_span bytes, const resolution& found) {
    switch (found.what) {
    case resolution::kind::withdraw:
      add_all(f, bytes, {});
      return;
    case resolution::kind::one_set:
      add_all(f, bytes, found.set);
      return;
    case resolution::kind::per_prefix: {
      const bool add_path = settings.families.at(f).add_path;
      wire::nlri_reader reader{bytes, f, add_path};
      wire::nlri n;
      while (reader.next(n)) {
        const auto judged = resolver.judge(found, f, wire::to_prefix(n, f));
        if (!add(f, n, {judged.attributes.get(), judged.flags}, add_path))
          continue;
        ++counters.announced;
        if ((judged.flags & path_flag::rejected) != 0)
          ++counters.rejected;
      }
      return;
    }
    }
  }

  void count(const resolution& found) {
    for (const auto& error : found.errors)
      note(error.action, error.code, error.reason);
    if (found.what == resolution::kind::withdraw)
      ++counters.treated_as_withdraw;
    counters.loops += found.why == refusal::loop ? 1U : 0U;
    counters.bad_next_hops += found.why == refusal::next_hop ? 1U : 0U;
    counters.leaks += found.why == refusal::leak ? 1U : 0U;
    counters.attributes_discarded += static_cast<std::uint64_t>(
        std::count_if(found.errors.begin(), found.errors.end(), [](auto& e) {
          return e.action == verdict::attribute_discard;
        }));
    if (found.hit)
      ++counters.pool_hits;
    else
      ++counters.pool_misses;
  }

  std::optional<import_error> update(wire::byte_span body);
  std::optional<import_error> withdraw_all(wire::byte_span body);
  std::optional<import_error> resolve(const wire::update_sections& sections,
                                      bool classic,
                                      std::optional<resolution>& out) {
    auto found = resolver.resolve(sections, mp, classic);
    if (found.reset)
      return import_error{*std::move(found.reset), {}};
    out = std::move(found);
    return std::nullopt;
  }
};

std::optional<import_error>
importer::implementation::update(wire::byte_span body) {
  notes.clear();
  ends.clear();
  has_multicast = false;
  auto sections = wire::split_update(body);
  if (!sections)
    return import_error{sections.error(), {}};
  wire::locate_mp(sections->attributes, mp);
  const bool ignored = drop_disabled(*sections);
  if (auto error = check(*sections))
    return error;
  // Both kinds of NLRI are resolved before anything is taken.
  std::optional<resolution> classic, multi;
  const bool with_classic = !sections->nlri.empty();
  const bool with_multi = mp.reach && find(mp.reach->address_family) != nullptr;
  // Attributes without routes of ours may still end the session (RFC 7606
  // §5.2); an MP_UNREACH_NLRI alone has been looked at.
  const auto unreach = mp.unreach ? mp.unreach->attribute.whole.size() : 0;
  const bool without_routes = !with_multi && !ignored;
  if (with_classic
      || (without_routes && sections->attributes.size() > unreach)) {
    if (auto error = resolve(*sections, with_classic, classic))
      return error;
  }
  if (with_multi) {
    if (auto error = resolve(*sections, false, multi))
      return error;
  }
  ++counters.updates;
  withdraw(protocol::ipv4_unicast, sections->withdrawn);
  if (mp.unreach)
    withdraw(mp.unreach->address_family, mp.unreach->withdrawn);
  if (with_classic) {
    count(*classic);
    if (find(protocol::ipv4_unicast) != nullptr)
      announce(protocol::ipv4_unicast, sections->nlri, *classic);
    else
      skip(sections->nlri);
  }
  if (with_multi) {
    count(*multi);
    announce(mp.reach->address_family, mp.reach->nlri, *multi);
  } else if (mp.reach) {
    skip(mp.reach->nlri);
  }
  if (has_multicast)
    note(verdict::accept, 0, "a multicast prefix is ignored");
  if (const auto end = wire::end_of_rib(*sections, mp); end && find(*end)) {
    ends.push_back(*end);
    if (*end == protocol::ipv4_unicast)
      ipv4.mark_end();
    else
      ipv6.mark_end();
  }
  return std::nullopt;
}

std::optional<import_error>
importer::implementation::withdraw_all(wire::byte_span body) {
  notes.clear();
  ends.clear();
  auto sections = wire::split_update(body);
  if (!sections)
    return import_error{sections.error(), {}};
  wire::locate_mp(sections->attributes, mp);
  drop_disabled(*sections);
  if (auto error = check(*sections))
    return error;
  withdraw(protocol::ipv4_unicast, sections->withdrawn);
  withdraw(protocol::ipv4_unicast, sections->nlri);
  if (mp.unreach)
    withdraw(mp.unreach->address_family, mp.unreach->withdrawn);
  if (mp.reach)
    withdraw(mp.reach->address_family, mp.reach->nlri);
  return std::nullopt;
}

importer::importer(attribute_pool& pool, import_settings settings)
    : self_(std::make_unique<implementation>(pool, std::move(settings))) {}
importer::~importer() = default;
importer::importer(importer&&) noexcept = default;

std::optional<import_error>
importer::update(std::span<const std::uint8_t> body) {
  return self_->update(body);
}

std::optional<import_error>
importer::withdraw(std::span<const std::uint8_t> body) {
  return self_->withdraw_all(body);
}

void importer::expect(std::span<const std::uint8_t> input) {
  self_->resolver.expect(wire::attributes_of_update(input));
}

void importer::disable(family f) {
  begin_round(f);
  end_round(f);
  self_->settings.families.erase(f);
  self_->settings.disabled.insert(f);
}

void importer::begin_round(family f) {
  if (self_->find(f) == nullptr)
    return;
  TROUPE_CHECK(self_->pending == 0, "a round begins behind routes");
  if (f == protocol::ipv4_unicast)
    self_->ipv4.mark_begin();
  else
    self_->ipv6.mark_begin();
}

void importer::end_round(family f) {
  if (self_->find(f) == nullptr)
    return;
  if (f == protocol::ipv4_unicast)
    self_->ipv4.mark_end();
  else
    self_->ipv6.mark_end();
}

std::vector<importer::shard_batch> importer::take(std::size_t bytes) {
  std::vector<shard_batch> batches;
  for (unsigned shard = 0; shard < self_->settings.shards; ++shard) {
    if (!self_->ipv4.has(shard) && !self_->ipv6.has(shard))
      continue;
    auto batch = std::make_shared<route_batch>(self_->pool);
    batch->neighbor = self_->settings.neighbor.index;
    batch->incarnation = self_->settings.incarnation;
    batch->sequence = ++self_->sequences[shard];
    batch->ipv4 = self_->ipv4.take(shard);
    batch->ipv6 = self_->ipv6.take(shard);
    batches.push_back({shard, std::move(batch)});
  }
  for (std::size_t i = 0; i < batches.size(); ++i)
    batches[i].batch->bytes =
        bytes / batches.size() + (i == 0 ? bytes % batches.size() : 0);
  self_->pending = 0;
  return batches;
}

std::size_t importer::pending() const {
  return self_->pending;
}
const std::vector<import_note>& importer::notes() const {
  return self_->notes;
}
const std::vector<family>& importer::ends_of_rib() const {
  return self_->ends;
}
const import_counters& importer::counters() const {
  return self_->counters;
}
const import_settings& importer::settings() const {
  return self_->settings;
}

void importer::change(import_settings settings) {
  settings.shards = self_->settings.shards;
  settings.neighbor = self_->settings.neighbor;
  settings.incarnation = self_->settings.incarnation;
  settings.disabled = std::move(self_->settings.disabled);
  for (const auto f : settings.disabled)
    settings.families.erase(f);
  self_->settings = std::move(settings);
  self_->resolver.change(self_->settings);
}

} // namespace troupe::rib
