#include "actors/log/context.hpp"

#include <array>
#include <cstdio>

namespace troupe::log {

namespace {

std::string seconds_text(std::chrono::nanoseconds span) {
  using namespace std::chrono;
  auto ms = duration_cast<milliseconds>(span).count();
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%03llds",
                static_cast<long long>(ms / 1000),
                static_cast<long long>(ms % 1000));
  return text.data();
}

std::string timer_text(std::string_view name, const timer_view& t) {
  std::string out(name);
  out += ": Timer { interval: ";
  out += seconds_text(t.interval);
  out += t.enabled ? ", enabled: true" : ", enabled: false";
  out += ", remaining: ";
  out += seconds_text(t.remaining);
  out += " }";
  return out;
}

} // namespace

std::string connection_id_text(std::uint32_t id) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08x", static_cast<unsigned>(id));
  return text.data();
}

std::string to_string(const session_clock& c) {
  return "SessionClock { resolution: " + seconds_text(c.resolution) + ", "
         + timer_text("connect_retry", c.connect_retry) + ", "
         + timer_text("idle_hold", c.idle_hold) + " }";
}

std::string to_string(const connection_clock& c, std::uint32_t connection_id) {
  return "ConnectionClock { conn_id: " + connection_id_text(connection_id)
         + ", resolution: " + seconds_text(c.resolution) + ", "
         + timer_text("keepalive", c.keepalive) + ", "
         + timer_text("hold", c.hold) + ", "
         + timer_text("delay_open", c.delay_open) + " }";
}

} // namespace troupe::log
