#include "actors/actor_cell.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <thread>

namespace troupe::actors {

namespace {

/// A rate is that of a second at least.
constexpr std::int64_t window_ns = 1'000'000'000;

std::int64_t to_ns(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             time.time_since_epoch())
      .count();
}

std::chrono::nanoseconds span_ns(std::int64_t from, std::int64_t to) {
  return std::chrono::nanoseconds(std::max<std::int64_t>(to - from, 0));
}

// The unreserved characters of RFC 3986 §2.3 without the tilde, which escapes,
// and two that a path segment may hold and that names of peers have.
bool stands_in_url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'
         || c == '@' || c == ':';
}

} // namespace

std::string_view to_string(actor_kind kind) {
  switch (kind) {
  case actor_kind::node:
    return "node";
  case actor_kind::config_keeper:
    return "config_keeper";
  case actor_kind::cluster:
    return "cluster";
  case actor_kind::router:
    return "router";
  case actor_kind::dispatcher:
    return "dispatcher";
  case actor_kind::session:
    return "session";
  case actor_kind::connection:
    return "connection";
  case actor_kind::rib:
    return "rib";
  case actor_kind::rib_shard:
    return "rib_shard";
  case actor_kind::exporter:
    return "exporter";
  case actor_kind::admin:
    return "admin";
  case actor_kind::recorder:
    return "recorder";
  }
  return "unknown";
}

std::string child_id(std::string_view parent, actor_kind kind,
                     std::string_view name) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id(parent);
  if (!id.empty())
    id += '/';
  id += to_string(kind);
  if (!name.empty())
    id += '.';
  for (char c : name) {
    if (stands_in_url(c)) {
      id += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    id += '~';
    id += digits[byte >> 4U];
    id += digits[byte & 15U];
  }
  return id;
}

std::optional<fault::kind_type> parse_fault_kind(std::string_view text) {
  if (text == "throw")
    return fault::kind_type::throw_exception;
  if (text == "stall")
    return fault::kind_type::stall;
  if (text == "drop")
    return fault::kind_type::drop;
  if (text == "poison")
    return fault::kind_type::poison;
  if (text == "jam")
    return fault::kind_type::jam;
  return std::nullopt;
}

// -- mailbox_gauge ------------------------------------------------------------

std::uint64_t mailbox_gauge::depth() const {
  if (closed())
    return 0;
  auto out = handled_.load(std::memory_order_acquire);
  auto in = enqueued_.load(std::memory_order_relaxed);
  return in > out ? in - out : 0;
}

std::int64_t mailbox_gauge::oldest_ns(std::int64_t now_ns) const {
  auto out = handled_.load(std::memory_order_acquire);
  auto in = enqueued_.load(std::memory_order_relaxed);
  if (closed() || in <= out)
    return now_ns;
  auto oldest = out;
  auto newest = in - 1;
  std::size_t level = 0;
  while (newest - oldest >= slots && level + 1 < levels) {
    ++level;
    oldest /= slots;
    newest /= slots;
  }
  if (newest - oldest >= slots) // a longer queue than we have stamps for
    oldest = newest - slots + 1;
  auto stamp = stamps_[level][oldest % slots].load(std::memory_order_relaxed);
  return stamp == 0 ? now_ns : stamp; // 0: counted in, not stamped yet
}

// -- actor_cell ---------------------------------------------------------------

actor_cell::actor_cell(std::string parent, actor_kind kind, std::string name,
                       tracer trace)
    : id_(child_id(parent, kind, name)), parent_(std::move(parent)),
      name_(std::move(name)), kind_(kind), tracer_(std::move(trace)) {
  types_[other_type].name = "other";
}

std::shared_ptr<mailbox_gauge> actor_cell::begin_incarnation() {
  auto gauge = std::make_shared<mailbox_gauge>(steady_ns());
  state_.set("");
  running_since_ns_.store(0, std::memory_order_relaxed);
  gauge_.store(gauge);
  return gauge;
}

void actor_cell::end_incarnation(mailbox_gauge& gauge,
                                 std::string_view reason) {
  gauge.close();
  end_reason_.set(reason);
}

std::uint32_t actor_cell::find_type(std::uint64_t key) const {
  auto home = home_slot(key);
  for (std::uint32_t step = 0; step < other_type; ++step) {
    auto slot = (home + step) % other_type;
    auto held = types_[slot].key.load(std::memory_order_relaxed);
    if (held == key || held == 0)
      return slot;
  }
  return other_type;
}

std::uint32_t actor_cell::enter_type(std::uint64_t key, name_maker make,
                                     const void* hint) {
  auto slot = find_type(key);
  if (slot == other_type
      || types_[slot].key.load(std::memory_order_relaxed) == key)
    return slot;
  // Two threads come here at once only when a stuck incarnation was given up.
  std::lock_guard guard(rare_);
  slot = find_type(key);
  if (slot != other_type
      && types_[slot].key.load(std::memory_order_relaxed) == 0) {
    types_[slot].name = make(key, hint);
    types_[slot].key.store(key, std::memory_order_release);
  }
  return slot;
}

std::int64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void actor_cell::end_handler(std::uint32_t type, std::int64_t began_ns,
                             std::int64_t now_ns, std::int64_t cpu_ns,
                             bool counted) {
  // There is one writer, so no locked instruction is needed.
  const auto add = [](auto& counter, auto more) {
    const auto sum = counter.load(std::memory_order_relaxed) + more;
    counter.store(sum, std::memory_order_relaxed);
    return sum;
  };
  running_since_ns_.store(0, std::memory_order_relaxed);
  if (!counted)
    return;
  const auto took_ns = now_ns - began_ns;
  const auto handled = add(handled_, std::uint64_t{1});
  recent_[handled % recent_kept].store(began_ns << type_bits | type,
                                       std::memory_order_relaxed);
  add(types_[type].count, std::uint64_t{1});
  add(cpu_ns_, cpu_ns);
  auto width = std::bit_width(static_cast<std::uint64_t>(took_ns));
  add(histogram_[std::min<std::size_t>(static_cast<std::size_t>(width),
                                       buckets - 1)],
      std::uint64_t{1});
  if (cpu_ns > longest_cpu_ns_.load(std::memory_order_relaxed))
    longest_cpu_ns_.store(cpu_ns, std::memory_order_relaxed);
  if (took_ns > longest_ns_.load(std::memory_order_relaxed)) {
    longest_type_.store(type, std::memory_order_relaxed);
    longest_ns_.store(took_ns, std::memory_order_relaxed);
  }
  if (now_ns - window_began_ns_.load(std::memory_order_relaxed) >= window_ns)
    measure_rate(now_ns, handled);
  if (now_ns < trace_until_ns_.load(std::memory_order_relaxed))
    trace(type, took_ns, cpu_ns);
}

void actor_cell::measure_rate(std::int64_t now_ns, std::uint64_t handled) {
  const auto seconds =
      static_cast<double>(now_ns
                          - window_began_ns_.load(std::memory_order_relaxed))
      / 1e9;
  const auto cpu = cpu_ns_.load(std::memory_order_relaxed);
  last_rate_.store(
      static_cast<double>(handled
                          - window_handled_.load(std::memory_order_relaxed))
          / seconds,
      std::memory_order_relaxed);
  last_share_.store(
      static_cast<double>(cpu - window_cpu_ns_.load(std::memory_order_relaxed))
          / 1e9 / seconds,
      std::memory_order_relaxed);
  window_handled_.store(handled, std::memory_order_relaxed);
  window_cpu_ns_.store(cpu, std::memory_order_relaxed);
  window_began_ns_.store(now_ns, std::memory_order_relaxed);
}

/// An actor that has become idle measures no more: its open window tells.
void actor_cell::read_rate(std::int64_t now_ns, actor_snapshot& into) const {
  const auto open_ns =
      now_ns - window_began_ns_.load(std::memory_order_relaxed);
  if (open_ns < window_ns) {
    into.messages_per_second = last_rate_.load(std::memory_order_relaxed);
    into.cpu_share = last_share_.load(std::memory_order_relaxed);
    return;
  }
  const auto seconds = static_cast<double>(open_ns) / 1e9;
  const auto handled =
      into.handled
      - std::min(into.handled, window_handled_.load(std::memory_order_relaxed));
  const auto cpu =
      into.cpu.count() - window_cpu_ns_.load(std::memory_order_relaxed);
  into.messages_per_second = static_cast<double>(handled) / seconds;
  into.cpu_share =
      static_cast<double>(std::max<std::int64_t>(cpu, 0)) / 1e9 / seconds;
}

void actor_cell::trace_for(std::chrono::milliseconds time) {
  const auto span =
      std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  trace_until_ns_.store(span == 0 ? 0 : steady_ns() + span,
                        std::memory_order_relaxed);
}

void actor_cell::trace(std::uint32_t type, std::int64_t took_ns,
                       std::int64_t cpu_ns) {
  if (!tracer_)
    return;
  const auto gauge = gauge_.load();
  const auto depth = gauge != nullptr ? gauge->depth() : 0;
  tracer_({id_, type_name(type), std::chrono::nanoseconds(took_ns),
           std::chrono::nanoseconds(cpu_ns),
           depth - std::min<std::uint64_t>(depth, 1)});
}

void actor_cell::count_unexpected() {
  unexpected_.fetch_add(1, std::memory_order_relaxed);
}

void actor_cell::count_restart(std::string_view reason) {
  restart_reason_.set(reason);
  restarted_ns_.store(steady_ns(), std::memory_order_relaxed);
  restarts_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard guard(rare_);
  restart_history_.push_back({steady_ns(), std::string(reason)});
  if (restart_history_.size() > restarts_kept)
    restart_history_.pop_front();
}

// -- faults -------------------------------------------------------------------

void actor_cell::arm(const fault& f) {
  std::lock_guard guard(rare_);
  fault_ = f;
  poison_has_struck_ = false;
  fault_armed_.store(true, std::memory_order_release);
}

void actor_cell::clear_fault() {
  std::lock_guard guard(rare_);
  fault_armed_.store(false, std::memory_order_release);
}

std::optional<fault> actor_cell::next_fault() {
  std::lock_guard guard(rare_);
  if (!fault_armed() || fault_.kind == fault::kind_type::poison
      || fault_.kind == fault::kind_type::jam)
    return std::nullopt;
  if (fault_.after_messages > 1) {
    --fault_.after_messages;
    return std::nullopt;
  }
  // A stall stays armed while it lasts, so that it can be ended.
  if (fault_.kind != fault::kind_type::stall)
    fault_armed_.store(false, std::memory_order_release);
  return fault_;
}

bool actor_cell::poisoned() {
  std::lock_guard guard(rare_);
  if (!fault_armed() || fault_.kind != fault::kind_type::poison)
    return false;
  if (fault_.after_messages > 1) {
    --fault_.after_messages;
    return false;
  }
  if (std::exchange(poison_has_struck_, true))
    fault_armed_.store(false, std::memory_order_release);
  return true;
}

bool actor_cell::jammed() const {
  std::lock_guard guard(rare_);
  return fault_armed() && fault_.kind == fault::kind_type::jam;
}

void actor_cell::stall(std::chrono::milliseconds longest) {
  auto end = std::chrono::steady_clock::now() + longest;
  while (fault_armed() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  clear_fault();
}

// -- readers ------------------------------------------------------------------

std::string actor_cell::type_name(std::uint32_t index) const {
  auto& entry = types_[index];
  if (index != other_type && entry.key.load(std::memory_order_acquire) == 0)
    return {};
  return entry.name;
}

std::optional<std::pair<std::string, std::int64_t>>
actor_cell::running() const {
  auto since = running_since_ns_.load(std::memory_order_acquire);
  if (since == 0)
    return std::nullopt;
  auto type = running_type_.load(std::memory_order_relaxed);
  return std::pair{type_name(type), since};
}

double actor_cell::percentile_us(double share) const {
  std::array<std::uint64_t, buckets> counts{};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < buckets; ++i)
    total += counts[i] = histogram_[i].load(std::memory_order_relaxed);
  auto rank = share * static_cast<double>(total);
  double below = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    auto count = static_cast<double>(counts[i]);
    if (count > 0 && below + count >= rank) {
      // Bucket i holds the times of [2^(i-1), 2^i) ns, bucket 0 the zeros.
      auto high = i == 0 ? 0.0 : std::ldexp(1.0, static_cast<int>(i));
      auto low = high / 2;
      return (low + (high - low) * (rank - below) / count) / 1000.0;
    }
    below += count;
  }
  return 0;
}

std::vector<dated_text> actor_cell::recent_messages() const {
  std::vector<dated_text> result;
  const auto handled = handled_.load(std::memory_order_relaxed);
  const auto first = handled < recent_kept ? 1 : handled - recent_kept + 1;
  for (auto i = first; i <= handled; ++i) {
    const auto entry = recent_[i % recent_kept].load(std::memory_order_relaxed);
    const auto type =
        static_cast<std::uint32_t>(entry & ((1 << type_bits) - 1));
    result.push_back({entry >> type_bits, type_name(type)});
  }
  // The actor goes on meanwhile: the first ones may be new ones by now.
  std::ranges::stable_sort(result, {}, &dated_text::at_ns);
  return result;
}

std::vector<dated_text> actor_cell::restart_history() const {
  const std::lock_guard guard(rare_);
  return {restart_history_.begin(), restart_history_.end()};
}

actor_snapshot
actor_cell::snapshot(std::chrono::steady_clock::time_point now) const {
  auto now_ns = to_ns(now);
  actor_snapshot s;
  s.id = id_;
  s.parent = parent_;
  s.kind = kind_;
  s.name = name_;
  if (auto gauge = gauge_.load(); gauge != nullptr && !gauge->closed()) {
    s.alive = true;
    s.mailbox_depth = gauge->depth();
    s.oldest_message = span_ns(gauge->oldest_ns(now_ns), now_ns);
    s.uptime = span_ns(gauge->started_ns(), now_ns);
  }
  s.state = s.alive ? state_.get() : "ended";
  if (s.state.empty())
    s.state = "running";
  s.handled = handled_.load(std::memory_order_relaxed);
  s.cpu = std::chrono::nanoseconds(cpu_ns_.load(std::memory_order_relaxed));
  if (s.alive)
    read_rate(now_ns, s);
  for (std::uint32_t i = 0; i < type_slots; ++i)
    if (auto n = types_[i].count.load(std::memory_order_relaxed); n > 0)
      s.by_type.push_back({type_name(i), n});
  s.handling_p50_us = percentile_us(0.5);
  s.handling_p99_us = percentile_us(0.99);
  s.longest_handler_cpu =
      std::chrono::nanoseconds(longest_cpu_ns_.load(std::memory_order_relaxed));
  s.longest_handler =
      std::chrono::nanoseconds(longest_ns_.load(std::memory_order_relaxed));
  if (s.longest_handler.count() > 0)
    s.longest_handler_type =
        type_name(longest_type_.load(std::memory_order_relaxed));
  if (auto current = running()) {
    s.running_type = current->first;
    s.running_for = span_ns(current->second, now_ns);
  }
  s.restarts = restarts_.load(std::memory_order_relaxed);
  s.last_restart_reason = restart_reason_.get();
  if (s.restarts > 0)
    s.since_last_restart =
        span_ns(restarted_ns_.load(std::memory_order_relaxed), now_ns);
  s.last_end_reason = end_reason_.get();
  s.unexpected = unexpected_.load(std::memory_order_relaxed);
  s.fault_armed = fault_armed();
  s.traced = now_ns < trace_until_ns_.load(std::memory_order_relaxed);
  return s;
}

} // namespace troupe::actors
